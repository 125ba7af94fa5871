//! Parses the discovery document: the provider's metadata.
//!
//! Owns the rules for it (OpenID Connect Discovery 4.3, rules D of docs/protocol.md). An invalid member is an error only for a grant that
//! needs it. Pure: `provider_cache` fetches and caches the document.

use serde_json::Value;
use url::Url;

use crate::oidc::errors::Error;
use crate::oidc::errors::documents::DocumentError;
use crate::oidc::http::response::shown;
use crate::oidc::json;
use crate::settings::{Issuer, RESERVED_PARAMETERS, TokenKind, is_loopback};
use crate::untrusted_text::UntrustedText;

/// The parts of the discovery document that we use.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    /// The URL of the document, for messages.
    document_url: UntrustedText,
    pub(crate) token_endpoint: Url,
    authorization_endpoint: Endpoint,
    device_authorization_endpoint: Endpoint,
    revocation_endpoint: Endpoint,
    jwks_uri: Endpoint,
    /// Empty if the metadata does not list them.
    pub(crate) signing_algorithms: Vec<String>,
    /// `None` if the metadata does not list them. The default of OpenID Connect Discovery is `client_secret_basic`.
    pub(crate) token_auth_methods: Option<Vec<String>>,
    /// Whether the provider announces DPoP with the algorithm of our keys (RFC 9449 5.1).
    pub(crate) announces_dpop: bool,
    /// Whether an authorization response without `iss` must be refused (RFC 9207).
    pub(crate) iss_required: bool,
}

/// The URL of an endpoint that only some grants need, or why it cannot be used.
type Endpoint = Result<Url, EndpointError>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndpointError {
    Absent,
    Invalid(&'static str),
}

/// A longer endpoint would fill the screen when it is shown.
const MAX_ENDPOINT_BYTES: usize = 2048;

/// Returns the URL of the discovery document. Only for this URL, a slash at the end of the issuer is removed (rule D4).
pub(crate) fn discovery_url(issuer: &Issuer) -> Result<Url, Error> {
    let base = issuer.as_str().strip_suffix('/').unwrap_or(issuer.as_str());
    Url::parse(&format!("{base}/.well-known/openid-configuration"))
        .map_err(|_| Error::Internal("discovery URL"))
}

impl Metadata {
    pub(crate) fn parse(body: &[u8], issuer: &Issuer) -> Result<Self, Error> {
        let document_url = shown(&discovery_url(issuer)?);
        let refused = |why: &str| DocumentError::Metadata {
            url: document_url.clone(),
            why: UntrustedText::new(why),
        };
        let document = match json::value(body) {
            Some(Value::Object(document)) => document,
            Some(Value::Array(_)) => {
                return Err(DocumentError::NotObject {
                    url: document_url,
                    what: "a JSON list",
                }
                .into());
            }
            _ => return Err(refused("it is no JSON object").into()),
        };
        let returned = json::text(&document, "issuer").ok_or_else(|| refused("it has no `issuer`"))?;
        if returned != issuer.as_str() {
            return Err(DocumentError::IssuerMismatch {
                configured: UntrustedText::new(issuer.as_str()),
                returned: UntrustedText::new(returned),
            }
            .into());
        }
        let endpoint = |name: &str| match json::member(&document, name) {
            None => Err(EndpointError::Absent),
            Some(value) => value
                .as_str()
                .ok_or("is no text")
                .and_then(|text| parse_endpoint(text, issuer))
                .map_err(EndpointError::Invalid),
        };
        let needed = |name: &str| endpoint(name).map_err(|why| refused(&why.message(name)));
        Ok(Self {
            token_endpoint: needed("token_endpoint")?,
            authorization_endpoint: endpoint("authorization_endpoint").and_then(without_reserved_parameters),
            device_authorization_endpoint: endpoint("device_authorization_endpoint"),
            revocation_endpoint: endpoint("revocation_endpoint"),
            jwks_uri: endpoint("jwks_uri"),
            signing_algorithms: json::texts(&document, "id_token_signing_alg_values_supported")
                .unwrap_or_default(),
            token_auth_methods: json::texts(&document, "token_endpoint_auth_methods_supported"),
            announces_dpop: json::texts(&document, "dpop_signing_alg_values_supported")
                .is_some_and(|algorithms| algorithms.iter().any(|name| name == "ES256")),
            iss_required: json::boolean(&document, "authorization_response_iss_parameter_supported")
                .unwrap_or_default(),
            document_url,
        })
    }

    /// Returns the URL that the browser is opened at. Its query, if any, is kept.
    pub(crate) fn authorization_endpoint(&self) -> Result<&Url, DocumentError> {
        self.require(&self.authorization_endpoint, "authorization_endpoint")
    }

    /// Returns the URL of the key set.
    pub(crate) fn jwks_uri(&self) -> Result<&Url, DocumentError> {
        self.require(&self.jwks_uri, "jwks_uri")
    }

    /// Fails if an ID token is needed and there are no keys to verify it. It is called before a person has to do anything.
    pub(crate) fn check_keys(&self, wanted: TokenKind) -> Result<(), DocumentError> {
        match wanted {
            TokenKind::Id => self.jwks_uri().map(drop),
            TokenKind::Access => Ok(()),
        }
    }

    /// Returns the URL of the device authorization endpoint.
    pub(crate) fn device_authorization_endpoint(&self) -> Result<&Url, DocumentError> {
        if self.device_authorization_endpoint == Err(EndpointError::Absent) {
            return Err(DocumentError::NoDeviceEndpoint);
        }
        self.require(
            &self.device_authorization_endpoint,
            "device_authorization_endpoint",
        )
    }

    /// Returns the URL of the revocation endpoint (RFC 7009); `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be used.
    pub(crate) fn revocation_endpoint(&self) -> Result<Option<&Url>, DocumentError> {
        match &self.revocation_endpoint {
            Err(EndpointError::Absent) => Ok(None),
            endpoint => self.require(endpoint, "revocation_endpoint").map(Some),
        }
    }

    /// Whether both name the same key set and the same signing algorithms.
    pub(crate) fn has_same_keys_as(&self, other: &Self) -> bool {
        (&self.jwks_uri, &self.signing_algorithms) == (&other.jwks_uri, &other.signing_algorithms)
    }

    fn require<'e>(&self, endpoint: &'e Endpoint, name: &str) -> Result<&'e Url, DocumentError> {
        endpoint.as_ref().map_err(|why| DocumentError::Metadata {
            url: self.document_url.clone(),
            why: UntrustedText::new(&why.message(name)),
        })
    }
}

impl EndpointError {
    fn message(self, name: &str) -> String {
        match self {
            Self::Absent => format!("it has no `{name}`"),
            Self::Invalid(why) => format!("`{name}` {why}"),
        }
    }
}

/// Parses the URL of an endpoint (rule D7). Its host may differ from the issuer's (Google uses several). Plain http is allowed only on this
/// machine. A user name is refused, because it would be sent instead of the client authentication.
fn parse_endpoint(text: &str, issuer: &Issuer) -> Result<Url, &'static str> {
    if text.len() > MAX_ENDPOINT_BYTES {
        return Err("is longer than 2048 characters");
    }
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
    // RFC 6749 3.1 and 3.2 forbid a fragment. It is never sent to the server.
    url.set_fragment(None);
    Ok(url)
}

/// Refuses an endpoint whose query has a parameter of the authorization request. The parameter would occur twice, and servers differ in
/// which occurrence they use (RFC 6749 3.1).
fn without_reserved_parameters(url: Url) -> Endpoint {
    if url
        .query_pairs()
        .any(|(name, _)| RESERVED_PARAMETERS.contains(&&*name))
    {
        return Err(EndpointError::Invalid(
            "has a parameter that only a request may set",
        ));
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
    fn the_issuer_is_compared_exactly() {
        for returned in ["https://i/", "https://I", "https://i:443"] {
            let result = parse("https://i", |document| document["issuer"] = returned.into());
            let is_mismatch = matches!(result, Err(Error::Document(DocumentError::IssuerMismatch { .. })));
            assert!(is_mismatch, "{returned}");
        }
    }

    #[test]
    fn endpoints_must_be_https_absolute_and_without_a_user_name() {
        let long = format!("https://i/{}", "a".repeat(2048));
        for bad in [
            &*long,
            "http://i/token",
            "/token",
            "https://me@i/token",
            "https://:secret@i/token",
            "file:///etc/passwd",
        ] {
            let result = parse("https://i", |document| document["token_endpoint"] = bad.into());
            let text = result.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("{AT} cannot be used: `token_endpoint` ")),
                "{text}"
            );
        }
        let metadata = parse("http://127.0.0.1:1", |document| {
            document["jwks_uri"] = "http://10.0.0.1/k".into();
        });
        assert!(matches!(
            metadata.unwrap().jwks_uri(),
            Err(DocumentError::Metadata { .. })
        ));
    }

    #[test]
    fn an_absent_or_invalid_endpoint_is_an_error_only_if_it_is_needed() {
        let why = |result: Result<&Url, DocumentError>| result.err().map(|error| error.to_string());
        for absent in [Value::Null, "".into()] {
            let metadata = parse("https://i", |document| {
                document["authorization_endpoint"] = absent.clone();
                document["device_authorization_endpoint"] = absent.clone();
            });
            let metadata = metadata.unwrap();
            assert!(metadata.jwks_uri().is_ok());
            let text = why(metadata.authorization_endpoint()).unwrap();
            assert_eq!(
                text,
                format!("{AT} cannot be used: it has no `authorization_endpoint`")
            );
            assert!(matches!(
                metadata.device_authorization_endpoint(),
                Err(DocumentError::NoDeviceEndpoint)
            ));
        }
        let metadata = parse("https://i", |document| {
            document["authorization_endpoint"] = "/authorize".into();
            document["device_authorization_endpoint"] = 5.into();
        });
        let metadata = metadata.unwrap();
        let text = why(metadata.authorization_endpoint()).unwrap();
        assert!(
            text.ends_with("`authorization_endpoint` is not an absolute URL"),
            "{text}"
        );
        let text = why(metadata.device_authorization_endpoint()).unwrap();
        assert!(
            text.ends_with("`device_authorization_endpoint` is no text"),
            "{text}"
        );
    }

    #[test]
    fn members_of_other_types_are_read_if_their_meaning_is_clear() {
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

    /// RFC 6749 3.1 and 3.2 forbid it.
    #[test]
    fn the_fragment_of_an_endpoint_is_removed() {
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

    /// RFC 9207 3: the default is false.
    #[test]
    fn iss_is_required_only_if_the_metadata_clearly_promises_it() {
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
    fn a_document_that_is_a_list_is_named_as_one() {
        let text = Metadata::parse(b"[{}]", &issuer("https://i"))
            .unwrap_err()
            .to_string();
        assert!(
            text.ends_with("with a JSON list, not with a JSON object"),
            "{text}"
        );
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        let body = "\u{feff}{\"issuer\":\"https://i\",\"token_endpoint\":\"https://i/t\"}";
        assert!(Metadata::parse(body.as_bytes(), &issuer("https://i")).is_ok());
    }

    #[test]
    fn one_slash_at_the_end_of_the_issuer_is_removed_for_the_url() {
        let url = |text| discovery_url(&issuer(text)).unwrap().to_string();
        assert_eq!(url("https://i/"), "https://i/.well-known/openid-configuration");
        assert_eq!(
            url("https://i/oauth2/default"),
            "https://i/oauth2/default/.well-known/openid-configuration"
        );
    }
}
