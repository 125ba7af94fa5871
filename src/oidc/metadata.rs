//! What the provider says of itself: the discovery document and its key set.
//!
//! Owns the rules for both (OpenID Connect Discovery 4.3, rules D of docs/protocol.md)
//! and which signing keys may be used at all. Pure: fetching and keeping are `documents`' part.

use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::answer::shown;
use super::error::Error;
use crate::foreign_text::ForeignText;
use crate::settings::{Issuer, is_loopback};

/// The parts of the discovery document that we use, checked.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    /// May have a query, which is kept.
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) device_authorization_endpoint: Option<Url>,
    pub(crate) jwks_uri: Url,
    /// Empty when the provider does not say.
    pub(crate) signing_algorithms: Vec<String>,
    /// `None` when the provider does not say; OpenID Connect then means `client_secret_basic`.
    pub(crate) token_auth_methods: Option<Vec<String>>,
    /// RFC 9207: an answer without `iss` is to be refused.
    pub(crate) promises_iss: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    device_authorization_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
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
            why: ForeignText::new(why),
        };
        let document: Document = serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))?;
        if document.issuer != issuer.as_str() {
            return Err(Error::IssuerMismatch {
                configured: ForeignText::new(issuer.as_str()),
                returned: ForeignText::new(&document.issuer),
            });
        }
        let endpoint = |name: &str, text: &str| {
            endpoint(text, issuer).map_err(|why| refused(&format!("`{name}` {why}")))
        };
        let device = document.device_authorization_endpoint.as_deref();
        Ok(Self {
            device_authorization_endpoint: device
                .map(|text| endpoint("device_authorization_endpoint", text))
                .transpose()?,
            authorization_endpoint: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
            token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
            jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
            signing_algorithms: document.id_token_signing_alg_values_supported,
            token_auth_methods: document.token_endpoint_auth_methods_supported,
            promises_iss: document.authorization_response_iss_parameter_supported,
        })
    }
}

/// Rule D7. Another host than the issuer's is fine (Google has several), plain http off this machine is not.
fn endpoint(text: &str, issuer: &Issuer) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an absolute URL")?;
    let allowed = match url.scheme() {
        "https" => true,
        "http" => issuer.url().scheme() == "http" && is_loopback(&url),
        _ => false,
    };
    if !allowed {
        return Err("is not https");
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("has a fragment or a user name");
    }
    Ok(url)
}

/// Reads a key set and keeps the keys that may verify an ID token (rule T10).
pub(crate) fn parse_keys(body: &[u8], jwks_uri: &Url) -> Result<CoreJsonWebKeySet, Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let refused = |why: &str| Error::Keys {
        url: shown(jwks_uri),
        why: ForeignText::new(why),
    };
    let set: Set = serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))?;
    let keys: Vec<_> = set
        .keys
        .into_iter()
        .filter(is_signing_key)
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect();
    if keys.is_empty() {
        return Err(refused("it has no key that can verify a signature"));
    }
    Ok(CoreJsonWebKeySet::new(keys))
}

/// `use`, `key_ops` and the size of an RSA modulus: `openidconnect` looks at none but the first.
fn is_signing_key(key: &Value) -> bool {
    let for_signatures = key.get("use").is_none_or(|purpose| purpose == "sig");
    let may_verify = key
        .get("key_ops")
        .and_then(Value::as_array)
        .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    let strong = key["kty"] != "RSA" || key["n"].as_str().is_some_and(|n| modulus_bits(n) >= 2048);
    for_signatures && may_verify && strong
}

fn modulus_bits(n: &str) -> usize {
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(n.as_bytes())
        .unwrap_or_default();
    let significant = bytes.iter().skip_while(|byte| **byte == 0);
    let leading = significant
        .clone()
        .next()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    (significant.count() * 8).saturating_sub(leading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ProviderArgs;
    use crate::settings::Provider;

    fn issuer(text: &str) -> Issuer {
        let args = ProviderArgs {
            account: None,
            oidc_issuer_url: Some(text.into()),
            oidc_client_id: Some("c".into()),
            oidc_client_secret: None,
            oidc_client_secret_file: None,
            oidc_extra_scope: vec![],
            oidc_redirect_url: None,
            oidc_pkce_method: "auto".into(),
            oidc_request_header: vec![],
            oidc_auth_request_extra_params: vec![],
            oidc_use_pkce: None,
            oidc_use_access_token: None,
        };
        Provider::new(args).unwrap().issuer
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
        assert_eq!(metadata.authorization_endpoint.query(), Some("tenant=x"));
        assert!(!metadata.promises_iss && metadata.token_auth_methods.is_none());
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
            "https://i/token#x",
            "file:///etc/passwd",
        ] {
            let result = parse("https://i", |document| document["token_endpoint"] = bad.into());
            assert!(matches!(result, Err(Error::Discovery { .. })), "{bad}");
        }
        let result = parse("http://127.0.0.1:1", |document| {
            document["jwks_uri"] = "http://10.0.0.1/k".into();
        });
        assert!(matches!(result, Err(Error::Discovery { .. })));
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

    #[test]
    fn weak_and_foreign_keys_are_left_out() {
        let strong = data_encoding::BASE64URL_NOPAD.encode(&[0xff; 256]);
        let weak = data_encoding::BASE64URL_NOPAD.encode(&[0xff; 128]);
        let key = |n: &str| serde_json::json!({"kty": "RSA", "use": "sig", "kid": "a", "n": n, "e": "AQAB"});
        let keys = |keys: Value| {
            parse_keys(
                serde_json::json!({"keys": keys}).to_string().as_bytes(),
                &Url::parse("https://i").unwrap(),
            )
            .map(|set| set.keys().len())
        };
        assert_eq!(
            keys(serde_json::json!([key(&strong), key(&weak), {"kty": "new"}])).unwrap(),
            1
        );
        let mut encryption = key(&strong);
        encryption["use"] = "enc".into();
        assert!(keys(serde_json::json!([encryption])).is_err());
        assert!(keys(serde_json::json!([])).is_err());
    }
}
