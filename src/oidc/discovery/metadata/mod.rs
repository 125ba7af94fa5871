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
    pushed_authorization_request_endpoint: Endpoint,
    end_session_endpoint: Endpoint,
    jwks_uri: Endpoint,
    /// Empty if the metadata does not list them.
    pub(crate) signing_algorithms: Vec<String>,
    /// `None` if the metadata does not list them. The default of OpenID Connect Discovery is `client_secret_basic`.
    pub(crate) token_auth_methods: Option<Vec<String>>,
    /// Whether the provider announces DPoP with the algorithm of our keys (RFC 9449 5.1).
    pub(crate) announces_dpop: bool,
    /// Whether the provider takes an authorization request only if it was pushed (RFC 9126 5).
    pub(crate) requires_pushed_requests: bool,
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
            pushed_authorization_request_endpoint: endpoint("pushed_authorization_request_endpoint"),
            end_session_endpoint: endpoint("end_session_endpoint"),
            jwks_uri: endpoint("jwks_uri"),
            signing_algorithms: json::texts(&document, "id_token_signing_alg_values_supported")
                .unwrap_or_default(),
            token_auth_methods: json::texts(&document, "token_endpoint_auth_methods_supported"),
            announces_dpop: json::texts(&document, "dpop_signing_alg_values_supported")
                .is_some_and(|algorithms| algorithms.iter().any(|name| name == "ES256")),
            requires_pushed_requests: json::boolean(&document, "require_pushed_authorization_requests")
                .unwrap_or_default(),
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

    /// Returns the URL that authorization requests are pushed to (RFC 9126); `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be used.
    pub(crate) fn pushed_authorization_request_endpoint(&self) -> Result<Option<&Url>, DocumentError> {
        match &self.pushed_authorization_request_endpoint {
            Err(EndpointError::Absent) => Ok(None),
            endpoint => self
                .require(endpoint, "pushed_authorization_request_endpoint")
                .map(Some),
        }
    }

    /// Returns the URL of the page where a browser's session ends (RP-Initiated Logout 1.0, 2.1); `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be used.
    pub(crate) fn end_session_endpoint(&self) -> Result<Option<&Url>, DocumentError> {
        match &self.end_session_endpoint {
            Err(EndpointError::Absent) => Ok(None),
            endpoint => self.require(endpoint, "end_session_endpoint").map(Some),
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
mod tests;
