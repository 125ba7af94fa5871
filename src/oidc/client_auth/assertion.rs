//! The signed assertion of a client (RFC 7521 4.2, RFC 7523 2.2 and 3).
//!
//! Owns its claims: who it is from and for, and how long it is good. Does not know what it is signed with.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Form, RequestAuth};
use crate::clock::Timestamp;
use crate::oidc::errors::Error;
use crate::oidc::errors::setup::SetupError;
use crate::oidc::jws;
use crate::secret::Secret;
use crate::settings::{Audience, Issuer};
use crate::untrusted_text::UntrustedText;

/// The only type of an assertion that is a JWT (RFC 7523 2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is good. It is used at once; Okta allows an hour.
const LIFETIME_SECS: i64 = 60;

/// `iat` is so much before the time of this machine, since a provider refuses an assertion from its future (Okta).
const BACKDATE_SECS: i64 = 5;

/// What the assertion of one request depends on: its audience (RFC 7523 3) and the time.
#[derive(Debug)]
pub(in crate::oidc) struct AssertionContext<'a> {
    /// The setting for the audience.
    pub(in crate::oidc) audience: &'a Audience,
    pub(in crate::oidc) endpoint: &'a Url,
    /// The endpoint as it may be shown. A provider may repeat secrets in it.
    pub(in crate::oidc) shown_endpoint: UntrustedText,
    pub(in crate::oidc) issuer: &'a Issuer,
    pub(in crate::oidc) now: Timestamp,
}

impl AssertionContext<'_> {
    /// Returns the claim `aud`: one text, since a list would be good for others too.
    ///
    /// # Errors
    /// If the endpoint is at another address than the issuer. The discovery document of a provider can name the endpoint of another one, and
    /// with an assertion for that it could act as the client there (CVE-2025-27370).
    pub(in crate::oidc) fn aud(&self) -> Result<&str, SetupError> {
        match self.audience {
            Audience::Fixed(text) => Ok(text),
            Audience::Issuer => Ok(self.issuer.as_str()),
            Audience::Endpoint if self.endpoint.origin() == self.issuer.url().origin() => {
                Ok(self.endpoint.as_str())
            }
            Audience::Endpoint => Err(SetupError::ForeignAudience {
                endpoint: self.shown_endpoint.clone(),
                issuer: self.issuer.shown(),
            }),
        }
    }
}

/// Adds a new assertion to the form.
pub(super) fn authenticate(
    form: &mut Form,
    client_id: &str,
    context: &AssertionContext<'_>,
    algorithm: &'static str,
    key_id: Option<&str>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<RequestAuth, Error> {
    let mut header = Map::from_iter([
        ("alg".to_owned(), algorithm.into()),
        ("typ".to_owned(), "JWT".into()),
    ]);
    header.extend(key_id.map(|id| ("kid".to_owned(), Value::from(id))));
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": context.aud()?,
        "iat": context.now.saturating_sub(BACKDATE_SECS),
        "exp": context.now.saturating_add(LIFETIME_SECS),
        "jti": jws::random_id()?,
    });
    let assertion = Secret::new(jws::compact(header, &claims, sign)?);
    let signature = assertion.expose().rsplit('.').next().unwrap_or_default();
    let signature = Secret::new(signature);
    form.add("client_assertion_type", TYPE);
    form.add("client_assertion", assertion.expose());
    Ok(RequestAuth {
        secrets: vec![assertion, signature],
        ..RequestAuth::default()
    })
}
