//! What the provider says of itself: the discovery document.
//!
//! Owns the rules for it (OpenID Connect Discovery 4.3, rules D of docs/protocol.md). The document is read member by member:
//! what a grant does not use cannot fail it. Pure: fetching and keeping are `documents`' part.

use serde_json::Value;
use url::Url;

use crate::oidc::errors::Error;
use crate::oidc::http::response::shown;
use crate::oidc::json;
use crate::settings::{Issuer, RESERVED_PARAMETERS, TokenKind, is_loopback};
use crate::untrusted_text::UntrustedText;

/// The parts of the discovery document that we use.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    /// Where the document is, as it may be shown.
    at: UntrustedText,
    pub(crate) token_endpoint: Url,
    authorization_endpoint: Endpoint,
    device_authorization_endpoint: Endpoint,
    jwks_uri: Endpoint,
    /// Empty when the provider does not say.
    pub(crate) signing_algorithms: Vec<String>,
    /// `None` when the provider does not say; OpenID Connect then means `client_secret_basic`.
    pub(crate) token_auth_methods: Option<Vec<String>>,
    /// RFC 9207: an answer without `iss` is to be refused.
    pub(crate) iss_required: bool,
}

/// An address that only some grants need: usable, or why not.
type Endpoint = Result<Url, Unusable>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unusable {
    Absent,
    Because(&'static str),
}

/// Where the document is: one slash at the issuer's end is dropped for this, and only for this (rule D4).
pub(crate) fn discovery_url(issuer: &Issuer) -> Result<Url, Error> {
    let base = issuer.as_str().strip_suffix('/').unwrap_or(issuer.as_str());
    Url::parse(&format!("{base}/.well-known/openid-configuration"))
        .map_err(|_| Error::Internal("discovery URL"))
}

impl Metadata {
    pub(crate) fn parse(body: &[u8], issuer: &Issuer) -> Result<Self, Error> {
        let at = shown(&discovery_url(issuer)?);
        let refused = |why: &str| Error::Discovery {
            url: at.clone(),
            why: UntrustedText::new(why),
        };
        let document = match json::value(body) {
            Some(Value::Object(document)) => document,
            Some(Value::Array(_)) => {
                return Err(Error::NoDocument {
                    url: at,
                    what: "a JSON list",
                });
            }
            _ => return Err(refused("it is no JSON object")),
        };
        let returned = json::text(&document, "issuer").ok_or_else(|| refused("it has no `issuer`"))?;
        if returned != issuer.as_str() {
            return Err(Error::IssuerMismatch {
                configured: UntrustedText::new(issuer.as_str()),
                returned: UntrustedText::new(returned),
            });
        }
        let endpoint = |name: &str| match json::member(&document, name) {
            None => Err(Unusable::Absent),
            Some(value) => value
                .as_str()
                .ok_or("is no text")
                .and_then(|text| endpoint(text, issuer))
                .map_err(Unusable::Because),
        };
        let needed = |name: &str| endpoint(name).map_err(|why| refused(&why.said_of(name)));
        Ok(Self {
            token_endpoint: needed("token_endpoint")?,
            authorization_endpoint: endpoint("authorization_endpoint").and_then(without_ours),
            device_authorization_endpoint: endpoint("device_authorization_endpoint"),
            jwks_uri: endpoint("jwks_uri"),
            signing_algorithms: json::texts(&document, "id_token_signing_alg_values_supported")
                .unwrap_or_default(),
            token_auth_methods: json::texts(&document, "token_endpoint_auth_methods_supported"),
            iss_required: json::boolean(&document, "authorization_response_iss_parameter_supported")
                .unwrap_or_default(),
            at,
        })
    }

    /// Where the browser is sent. It may have a query, which is kept.
    pub(crate) fn authorization_endpoint(&self) -> Result<&Url, Error> {
        self.usable(&self.authorization_endpoint, "authorization_endpoint")
    }

    /// Where the key set is.
    pub(crate) fn jwks_uri(&self) -> Result<&Url, Error> {
        self.usable(&self.jwks_uri, "jwks_uri")
    }

    /// Fails where an ID token is wanted and there are no keys to verify it with: known before a person is asked for anything.
    pub(crate) fn check_keys(&self, wanted: TokenKind) -> Result<(), Error> {
        match wanted {
            TokenKind::Id => self.jwks_uri().map(drop),
            TokenKind::Access => Ok(()),
        }
    }

    /// Where device codes come from.
    pub(crate) fn device_authorization_endpoint(&self) -> Result<&Url, Error> {
        if self.device_authorization_endpoint == Err(Unusable::Absent) {
            return Err(Error::NoDeviceEndpoint);
        }
        self.usable(
            &self.device_authorization_endpoint,
            "device_authorization_endpoint",
        )
    }

    /// Whether both have the same keys and algorithms for tokens.
    pub(crate) fn verifies_as(&self, other: &Self) -> bool {
        (&self.jwks_uri, &self.signing_algorithms) == (&other.jwks_uri, &other.signing_algorithms)
    }

    fn usable<'e>(&self, endpoint: &'e Endpoint, name: &str) -> Result<&'e Url, Error> {
        endpoint.as_ref().map_err(|why| Error::Discovery {
            url: self.at.clone(),
            why: UntrustedText::new(&why.said_of(name)),
        })
    }
}

impl Unusable {
    fn said_of(self, name: &str) -> String {
        match self {
            Self::Absent => format!("it has no `{name}`"),
            Self::Because(why) => format!("`{name}` {why}"),
        }
    }
}

/// Rule D7. Another host than the issuer's is fine (Google has several), plain http off this machine is not. A user name would
/// be sent as one, in place of the client's authentication.
fn endpoint(text: &str, issuer: &Issuer) -> Result<Url, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "is not an absolute URL")?;
    let allowed = match url.scheme() {
        "https" => true,
        "http" => issuer.url().scheme() == "http" && is_loopback(&url),
        _ => false,
    };
    if !allowed {
        return Err("is not https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name");
    }
    // RFC 6749 3.1 and 3.2 forbid it, and no server would see it.
    url.set_fragment(None);
    Ok(url)
}

/// A parameter that occurs twice is read once, and nobody knows which (RFC 6749 3.1).
fn without_ours(url: Url) -> Endpoint {
    if url
        .query_pairs()
        .any(|(name, _)| RESERVED_PARAMETERS.contains(&&*name))
    {
        return Err(Unusable::Because("has a parameter that only a request may set"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "the discovery document at https://i/.well-known/openid-configuration";

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text.to_owned()).unwrap()
    }

    fn parse(issuer_text: &str, change: impl FnOnce(&mut Value)) -> Result<Metadata, Error> {
        let mut document = serde_json::json!({
            "issuer": issuer_text,
            "authorization_endpoint": "https://i/authorize?tenant=x",
            "token_endpoint": "https://other/token",
            "jwks_uri": "https://i/keys",
        });
        change(&mut document);
        Metadata::parse(document.to_string().as_bytes(), &issuer(issuer_text))
    }

    #[test]
    fn a_good_document_keeps_the_query_of_the_authorization_endpoint() {
        let metadata = parse("https://i", |_| ()).unwrap();
        assert_eq!(
            metadata.authorization_endpoint().unwrap().query(),
            Some("tenant=x")
        );
        assert!(!metadata.iss_required && metadata.token_auth_methods.is_none());
    }

    #[test]
    fn an_authorization_endpoint_sets_none_of_the_parameters_of_a_request() {
        for name in ["state", "redirect_uri", "request", "request_uri", "response_mode"] {
            let metadata = parse("https://i", |document| {
                document["authorization_endpoint"] = format!("https://i/authorize?{name}=x").into();
            });
            let error = metadata
                .unwrap()
                .authorization_endpoint()
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("has a parameter that only a request may set"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_issuer_is_compared_to_the_letter() {
        for returned in ["https://i/", "https://I", "https://i:443"] {
            let result = parse("https://i", |document| document["issuer"] = returned.into());
            assert!(matches!(result, Err(Error::IssuerMismatch { .. })), "{returned}");
        }
    }

    #[test]
    fn endpoints_are_https_absolute_and_plain() {
        for bad in [
            "http://i/token",
            "/token",
            "https://me@i/token",
            "https://:secret@i/token",
            "file:///etc/passwd",
        ] {
            let result = parse("https://i", |document| document["token_endpoint"] = bad.into());
            let said = result.unwrap_err().to_string();
            assert!(
                said.starts_with(&format!("{AT} cannot be used: `token_endpoint` ")),
                "{said}"
            );
        }
        let metadata = parse("http://127.0.0.1:1", |document| {
            document["jwks_uri"] = "http://10.0.0.1/k".into();
        });
        assert!(matches!(
            metadata.unwrap().jwks_uri(),
            Err(Error::Discovery { .. })
        ));
    }

    #[test]
    fn an_endpoint_that_is_absent_or_unusable_fails_only_who_needs_it() {
        let why = |result: Result<&Url, Error>| result.err().map(|error| error.to_string());
        for absent in [Value::Null, "".into()] {
            let metadata = parse("https://i", |document| {
                document["authorization_endpoint"] = absent.clone();
                document["device_authorization_endpoint"] = absent.clone();
            });
            let metadata = metadata.unwrap();
            assert!(metadata.jwks_uri().is_ok());
            let said = why(metadata.authorization_endpoint()).unwrap();
            assert_eq!(
                said,
                format!("{AT} cannot be used: it has no `authorization_endpoint`")
            );
            assert!(matches!(
                metadata.device_authorization_endpoint(),
                Err(Error::NoDeviceEndpoint)
            ));
        }
        let metadata = parse("https://i", |document| {
            document["authorization_endpoint"] = "/authorize".into();
            document["device_authorization_endpoint"] = 5.into();
        });
        let metadata = metadata.unwrap();
        let said = why(metadata.authorization_endpoint()).unwrap();
        assert!(
            said.ends_with("`authorization_endpoint` is not an absolute URL"),
            "{said}"
        );
        let said = why(metadata.device_authorization_endpoint()).unwrap();
        assert!(
            said.ends_with("`device_authorization_endpoint` is no text"),
            "{said}"
        );
    }

    #[test]
    fn members_of_other_types_are_read_where_their_meaning_is_plain() {
        let metadata = parse("https://i", |document| {
            document["token_endpoint_auth_methods_supported"] = "client_secret_post".into();
            document["id_token_signing_alg_values_supported"] = Value::Null;
            document["authorization_response_iss_parameter_supported"] = "true".into();
            document["scopes_supported"] = 5.into();
            document["userinfo_endpoint"] = "/relative".into();
        });
        let metadata = metadata.unwrap();
        assert_eq!(
            metadata.token_auth_methods,
            Some(vec!["client_secret_post".to_owned()])
        );
        assert!(metadata.signing_algorithms.is_empty() && metadata.iss_required);
    }

    /// RFC 6749 3.1 and 3.2 forbid it, and no request has it.
    #[test]
    fn a_fragment_is_no_part_of_an_endpoint() {
        let metadata = parse("https://i", |document| {
            for name in ["token_endpoint", "authorization_endpoint", "jwks_uri"] {
                document[name] = "https://i/x?tenant=y#z".into();
            }
        });
        let metadata = metadata.unwrap();
        let endpoints = [
            &metadata.token_endpoint,
            metadata.authorization_endpoint().unwrap(),
            metadata.jwks_uri().unwrap(),
        ];
        assert!(endpoints.iter().all(|url| url.as_str() == "https://i/x?tenant=y"));
    }

    /// RFC 9207 3: false where it is omitted.
    #[test]
    fn only_a_plain_promise_of_the_issuer_in_responses_counts() {
        for (value, promised) in [
            (true.into(), true),
            ("True".into(), true),
            (false.into(), false),
            ("false".into(), false),
            ("yes".into(), false),
            ("".into(), false),
            (Value::Null, false),
            (1.into(), false),
            (serde_json::json!({"supported": true}), false),
            (serde_json::json!([true]), false),
        ] {
            let metadata = parse("https://i", |document| {
                document["authorization_response_iss_parameter_supported"] = value.clone();
            });
            assert_eq!(metadata.unwrap().iss_required, promised, "{value}");
        }
    }

    #[test]
    fn a_document_that_is_a_list_is_refused_by_that_name() {
        let said = Metadata::parse(b"[{}]", &issuer("https://i"))
            .unwrap_err()
            .to_string();
        assert!(
            said.ends_with("with a JSON list, not with a JSON object"),
            "{said}"
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_document() {
        let body = "\u{feff}{\"issuer\":\"https://i\",\"token_endpoint\":\"https://i/t\"}";
        assert!(Metadata::parse(body.as_bytes(), &issuer("https://i")).is_ok());
    }

    #[test]
    fn one_slash_is_dropped_to_build_the_address() {
        let url = |text| discovery_url(&issuer(text)).unwrap().to_string();
        assert_eq!(url("https://i/"), "https://i/.well-known/openid-configuration");
        assert_eq!(
            url("https://i/oauth2/default"),
            "https://i/oauth2/default/.well-known/openid-configuration"
        );
    }
}
