//! Pushed authorization requests (RFC 9126): when a request is pushed, the provider's response, and the address that refers to it. Pure.

use serde_json::{Map, Value};
use url::Url;

use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::errors::authorization::AuthorizationError;
use crate::oidc::errors::documents::DocumentError;
use crate::oidc::errors::network::NetworkError;
use crate::oidc::errors::token::{ResponseFault, TokenError};
use crate::oidc::json;
use crate::settings::Par;
use crate::untrusted_text::UntrustedText;

/// The longest `request_uri`. It is a part of an address that a person may have to copy.
const MAX_REQUEST_URI_BYTES: usize = 1024;
/// The lifetime of a request without a usable `expires_in` (RFC 9126 2.2 suggests 5 to 600 seconds).
const DEFAULT_LIFETIME_SECS: i64 = 60;
/// The longest lifetime that is told to a person.
const MAX_LIFETIME_SECS: i64 = 3600;

/// A request that the provider has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PushedRequest {
    request_uri: String,
    pub(super) lifetime_secs: u64,
}

/// Whether the provider has refused a request because it was not pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PushDemand {
    None,
    /// At an earlier sign-in. It may have changed its mind since.
    Remembered,
    /// At this sign-in.
    Now,
}

/// Returns where to push a request; `None` if it goes through the browser.
///
/// # Errors
/// If it has to be pushed and cannot be.
pub(super) fn endpoint(
    policy: Par,
    demand: PushDemand,
    metadata: &Metadata,
) -> Result<Option<&Url>, DocumentError> {
    let is_pushed = match policy {
        Par::Auto => demand != PushDemand::None || metadata.requires_pushed_requests,
        Par::Always => true,
        Par::Never => false,
    };
    if !is_pushed {
        return Ok(None);
    }
    let endpoint = metadata.pushed_authorization_request_endpoint()?;
    match (endpoint, policy, demand) {
        (Some(endpoint), ..) => Ok(Some(endpoint)),
        (None, Par::Auto, PushDemand::Now) => Err(DocumentError::PushDemandedWithoutEndpoint),
        // The document contradicts the demand, so the provider may take a request that is not pushed.
        (None, Par::Auto, PushDemand::None | PushDemand::Remembered) => Ok(None),
        (None, Par::Always | Par::Never, _) => Err(DocumentError::NoPushedRequestEndpoint),
    }
}

/// Returns the error for a request that could not be pushed: a refusal is no refusal of a request for tokens, and the endpoint of a provider
/// without the feature may be announced all the same (Okta).
pub(super) fn explain_error(error: Error) -> Error {
    match error {
        Error::Token(TokenError::Refused(refusal)) => AuthorizationError::PushRefused(refusal).into(),
        Error::Network(
            error @ NetworkError::Status {
                status: 403..=405 | 501,
                ..
            },
        ) => AuthorizationError::PushUnavailable(Box::new(error)).into(),
        error => error,
    }
}

impl PushedRequest {
    /// Reads a successful response. `url` is the endpoint, for the error.
    pub(super) fn read(members: &Map<String, Value>, url: UntrustedText) -> Result<Self, Error> {
        let malformed = |fault| Err(TokenError::Malformed { url, fault }.into());
        let Some(request_uri) = json::text(members, "request_uri") else {
            return malformed(ResponseFault::Missing("request_uri"));
        };
        let is_usable = request_uri.len() <= MAX_REQUEST_URI_BYTES
            && request_uri.chars().all(|c| c.is_ascii_graphic())
            && Url::parse(request_uri).is_ok();
        if !is_usable {
            return malformed(ResponseFault::Unusable("request_uri"));
        }
        let lifetime_secs = json::seconds(members, "expires_in").unwrap_or(DEFAULT_LIFETIME_SECS);
        Ok(Self {
            request_uri: request_uri.to_owned(),
            lifetime_secs: lifetime_secs.clamp(1, MAX_LIFETIME_SECS).unsigned_abs(),
        })
    }

    /// Returns the address to open in a browser. It has nothing else of the request (RFC 9126 4).
    pub(super) fn url(&self, authorization_endpoint: &Url, client_id: &str) -> Url {
        let mut url = authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("request_uri", &self.request_uri);
        url
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::Issuer;

    const NO: PushDemand = PushDemand::None;
    const OLD: PushDemand = PushDemand::Remembered;
    const NOW: PushDemand = PushDemand::Now;

    fn metadata(members: &Value) -> Metadata {
        let mut document = json!({
            "issuer": "https://i.example",
            "token_endpoint": "https://i.example/token",
            "authorization_endpoint": "https://i.example/authorize?p=x",
        });
        let members = members.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        let issuer = Issuer::parse("https://i.example".to_owned()).unwrap();
        Metadata::parse(document.to_string().as_bytes(), &issuer).unwrap()
    }

    fn read(members: &Value) -> Result<PushedRequest, Error> {
        PushedRequest::read(
            members.as_object().unwrap(),
            UntrustedText::new("https://i.example/par"),
        )
    }

    #[test]
    fn a_request_is_pushed_where_it_is_demanded_or_wished() {
        const ENDPOINT: &str = "pushed_authorization_request_endpoint";
        const REQUIRED: &str = "require_pushed_authorization_requests";
        let par = "https://i.example/par";
        for (policy, demand, document, expected) in [
            (Par::Auto, NO, json!({ENDPOINT: par}), Ok(false)),
            (Par::Auto, NOW, json!({ENDPOINT: par}), Ok(true)),
            (Par::Auto, NO, json!({ENDPOINT: par, REQUIRED: true}), Ok(true)),
            (Par::Auto, NO, json!({ENDPOINT: par, REQUIRED: false}), Ok(false)),
            (Par::Auto, NO, json!({REQUIRED: true}), Ok(false)),
            (Par::Auto, NOW, json!({}), Err("announces no endpoint")),
            (Par::Auto, OLD, json!({}), Ok(false)),
            (Par::Auto, OLD, json!({ENDPOINT: par}), Ok(true)),
            (Par::Always, NO, json!({ENDPOINT: par}), Ok(true)),
            (Par::Always, NO, json!({}), Err("no endpoint for pushed")),
            (Par::Never, NOW, json!({ENDPOINT: par, REQUIRED: true}), Ok(false)),
            // An endpoint that cannot be used fails only what needs it.
            (
                Par::Auto,
                NO,
                json!({ENDPOINT: "http://i.example/par"}),
                Ok(false),
            ),
            (
                Par::Always,
                NO,
                json!({ENDPOINT: "http://i.example/par"}),
                Err("is not https"),
            ),
            (
                Par::Auto,
                NOW,
                json!({ENDPOINT: "http://127.0.0.1/par"}),
                Err("is not https"),
            ),
            (Par::Auto, NOW, json!({ENDPOINT: 1}), Err("is no text")),
            (
                Par::Always,
                NO,
                json!({ENDPOINT: "https://u:p@i.example/par"}),
                Err("has a user name"),
            ),
        ] {
            let metadata = metadata(&document);
            let found = endpoint(policy, demand, &metadata).map(|endpoint| endpoint.is_some());
            match (&found, expected) {
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (found, expected) => assert_eq!(
                    found.as_ref().ok(),
                    expected.ok().as_ref(),
                    "{policy:?} {document}"
                ),
            }
        }
    }

    #[test]
    fn the_lifetime_is_told_within_limits() {
        let lifetime = |value: Value| {
            read(&json!({"request_uri": "urn:x:1", "expires_in": value})).map(|pushed| pushed.lifetime_secs)
        };
        for (value, expected) in [
            (json!(90), 90),
            (json!("90"), 90),
            (json!(0), 1),
            (json!(-5), 60),
            (json!(86_400), 3600),
            (Value::Null, 60),
            (json!("soon"), 60),
        ] {
            assert_eq!(lifetime(value.clone()).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn a_response_needs_a_uri_that_can_be_used() {
        for (members, words) in [
            (json!({"expires_in": 60}), "it has no `request_uri`"),
            (json!({"request_uri": ""}), "it has no `request_uri`"),
            (json!({"request_uri": 7}), "it has no `request_uri`"),
            (json!({"request_uri": "relative"}), "no usable `request_uri`"),
            (json!({"request_uri": "urn:x:a b"}), "no usable `request_uri`"),
            (
                json!({"request_uri": "urn:x:\u{1b}[2J"}),
                "no usable `request_uri`",
            ),
            (
                json!({"request_uri": format!("urn:x:{}", "a".repeat(1024))}),
                "no usable `request_uri`",
            ),
        ] {
            let error = read(&members).unwrap_err();
            assert!(error.to_string().contains(words), "{members}: {error}");
        }
    }

    #[test]
    fn the_address_has_the_client_and_the_reference_and_nothing_else() {
        let pushed =
            read(&json!({"request_uri": "urn:ietf:params:oauth:request_uri:a&b", "expires_in": 60})).unwrap();
        let metadata = metadata(&json!({}));
        let url = pushed.url(metadata.authorization_endpoint().unwrap(), "id 1");
        assert_eq!(
            url.as_str(),
            "https://i.example/authorize?p=x&client_id=id+1&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aa%26b"
        );
    }
}
