//! Client authentication (RFC 6749 2.3, RFC 7523, OpenID Connect Core 9), one file per method.
//!
//! `client_id` is always in the form, because some device authorization endpoints do not read the header. With no method chosen, the
//! secret is either in the header or in the form. Which one is decided by the methods that the metadata announces, and by which method the
//! provider accepted before. Nothing here sends a request; of effects there is the reading of the secret or the key, and the random `jti`.

mod assertion;
mod client_secret_basic;
mod client_secret_jwt;
mod client_secret_post;
mod credentials;
mod form;
mod methods;
mod none;
mod private_key;
mod private_key_jwt;
mod secret_loader;

pub(super) use assertion::AssertionContext;
pub(super) use credentials::{Credentials, MethodChoice};
pub(super) use form::Form;
pub(crate) use methods::{EndpointKind, History, MethodOrder, MethodResult, SecretPlacement};
pub(super) use secret_loader::load_secret;

use crate::oidc::errors::Error;
use crate::secret::Secret;
use private_key::PrivateKey;

/// How one request authenticates the client.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method<'a> {
    None,
    SecretBasic(&'a Secret),
    SecretPost(&'a Secret),
    SecretJwt(&'a Secret),
    PrivateKeyJwt(&'a PrivateKey),
}

/// What authenticates the client in one request, beside what was added to the form.
#[derive(Debug, Default)]
pub(super) struct RequestAuth {
    /// The value of the `Authorization` header.
    pub(super) header: Option<Secret>,
    /// The value of the `DPoP` header.
    pub(super) dpop_proof: Option<Secret>,
    /// The texts that must not be shown if a response quotes them.
    pub(super) secrets: Vec<Secret>,
}

impl<'a> Method<'a> {
    /// A secret in one of its two placements.
    pub(super) fn of_secret(secret: &'a Secret, placement: SecretPlacement) -> Self {
        match placement {
            SecretPlacement::Basic => Self::SecretBasic(secret),
            SecretPlacement::Post => Self::SecretPost(secret),
        }
    }
}

/// Adds the client to the form of one request. Each call makes a new assertion, since a provider takes one only once.
pub(super) fn authenticate(
    form: &mut Form,
    client_id: &str,
    method: Method<'_>,
    context: &AssertionContext<'_>,
) -> Result<RequestAuth, Error> {
    none::add_client_id(form, client_id);
    match method {
        Method::None => Ok(RequestAuth::default()),
        Method::SecretBasic(secret) => Ok(client_secret_basic::authenticate(client_id, secret)),
        Method::SecretPost(secret) => Ok(client_secret_post::authenticate(form, secret)),
        Method::SecretJwt(secret) => client_secret_jwt::authenticate(form, client_id, secret, context),
        Method::PrivateKeyJwt(key) => private_key_jwt::authenticate(form, client_id, key, context),
    }
}

#[cfg(test)]
mod tests;
