//! Posts a form with the authentication of the client and the DPoP proof.
//!
//! Owns the choice of the authentication method, and when a form is posted again: with the other method, with a proof, or with another
//! nonce. What the form has and what the response means is the caller's. `http::response` distinguishes the errors.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::oidc::ProviderClient;
use crate::oidc::client_auth::{self, EndpointKind, Form, Method, MethodChoice, MethodOrder, MethodResult};
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::ProviderCache;
use crate::oidc::dpop::{self, Reaction, Refused};
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::LogEvent;
use crate::oidc::http::ResponseContent;
use crate::secret::Secret;

/// Parameters that must not be shown if a response quotes them.
const SECRET_PARAMETERS: [&str; 8] = [
    "code",
    "code_verifier",
    "device_code",
    "nonce",
    "password",
    "refresh_token",
    "state",
    "token",
];

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) kind: EndpointKind,
    pub(super) url: &'a Url,
    pub(super) content: ResponseContent,
}

/// Posts forms to the endpoints of one provider.
pub(super) struct FormPoster<'a> {
    pub(super) client: &'a ProviderClient<'a>,
    pub(super) cache: &'a ProviderCache<'a>,
    pub(super) metadata: &'a Metadata,
    /// The timeout of a request, if it differs from the general one.
    pub(super) timeout: Option<Duration>,
}

impl FormPoster<'_> {
    /// Posts a form. If the provider refuses the client authentication, posts it again with the other authentication method.
    pub(super) async fn post_authenticated(
        &self,
        target: Target<'_>,
        parameters: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Error> {
        let kind = target.kind;
        let secret = match self.client.credentials.method() {
            MethodChoice::Fixed(method) => return self.post(target, parameters, method).await,
            MethodChoice::BasicOrPost(secret) => secret,
        };
        let post = |placement| self.post(target, parameters, Method::of_secret(secret, placement));
        let result = |accepted| MethodResult::new(kind, &self.client.provider.client_id, secret, accepted);
        let history = self.cache.auth_history(&result(None));
        let order = MethodOrder::new(kind, self.metadata.token_auth_methods.as_deref(), history);
        let first = post(order.first).await;
        let (Err(refusal), Some(second_method)) = (&first, order.second) else {
            return first;
        };
        let was_accepted = history.is_some_and(|history| history.accepted == Some(order.first));
        // Some providers refuse a password with a bare 401. Each password that is sent may count towards the lockout of the account.
        let has_password = parameters.iter().any(|(name, _)| *name == "password");
        let may_be_due_to_method = |error: &Error, was_accepted| {
            may_be_due_to_method(error, was_accepted) && (!has_password || is_explicit(error))
        };
        if !may_be_due_to_method(refusal, was_accepted) {
            return first;
        }
        let second = post(second_method).await;
        match &second {
            Err(error) if may_be_due_to_method(error, false) => {
                // A gateway may have responded instead of the provider, so it is not known whether the provider accepts the secret.
                let (is_first_explicit, is_second_explicit) = (is_explicit(refusal), is_explicit(error));
                if is_first_explicit && !is_second_explicit {
                    return second;
                }
                if is_first_explicit {
                    self.cache.record_auth_result(result(None));
                }
                first
            }
            // Unlike `invalid_grant`, `invalid_request` does not show that the client was accepted.
            Err(Error::Token(TokenError::Refused(error)))
                if is_unauthorized_client(refusal) && error.code() == "invalid_request" =>
            {
                self.cache.record_auth_result(result(None));
                first
            }
            Ok(_) => {
                self.cache.record_auth_result(result(Some(second_method)));
                second
            }
            Err(Error::Token(TokenError::Refused(error))) if proves_authentication(error) => {
                self.cache.record_auth_result(result(Some(second_method)));
                second
            }
            // Some providers refuse a method that the client is not registered for with other codes, such as `access_denied`. The first
            // error says that it is about the client, and does not end a session.
            Err(Error::Token(TokenError::Refused(error))) if !is_retried(error) => first,
            Err(_) => second,
        }
    }

    /// Posts a form. If the provider wants a DPoP proof or another nonce in it, posts it again (RFC 9449 8).
    async fn post(
        &self,
        target: Target<'_>,
        parameters: &[(&str, &str)],
        method: Method<'_>,
    ) -> Result<Map<String, Value>, Error> {
        let url = target.url;
        let mut was_challenged = false;
        loop {
            let key = self.client.dpop.key();
            let nonce = self.client.http.dpop_nonces.of(url);
            let proof = key
                .as_ref()
                .map(|key| key.proof(url, nonce.as_deref(), (self.client.clock)()));
            let had_proof = proof.is_some();
            let result = self
                .post_once(target, parameters, method, proof.transpose()?)
                .await;
            let Err(Error::Token(TokenError::Refused(refusal))) = &result else {
                return result;
            };
            let refused = Refused {
                refusal: refusal.dpop_refusal(),
                had_proof,
                has_new_nonce: self.client.http.dpop_nonces.of(url) != nonce,
                was_challenged,
            };
            match dpop::react(self.client.provider.dpop, refused) {
                Reaction::Fail => return result,
                Reaction::RepeatWithNonce => was_challenged = true,
                Reaction::RepeatWithProof => self.client.dpop.comply()?,
            }
            self.client.interaction.log(LogEvent::DpopWanted);
        }
    }

    async fn post_once(
        &self,
        target: Target<'_>,
        parameters: &[(&str, &str)],
        method: Method<'_>,
        proof: Option<String>,
    ) -> Result<Map<String, Value>, Error> {
        let mut form = Form::new(parameters);
        let provider = self.client.provider;
        let assertion_context = self.client.assertion_context(target.url);
        let mut auth = client_auth::authenticate(&mut form, &provider.client_id, method, &assertion_context)?;
        auth.dpop_proof = proof.map(Secret::new);
        let values = parameters
            .iter()
            .filter(|(name, _)| SECRET_PARAMETERS.contains(name));
        let mut secrets: Vec<&str> = values.map(|(_, value)| *value).collect();
        // A proof that was not used is good for its receiver for a while (RFC 9449 11.1).
        let mut sent = auth.secrets.clone();
        sent.extend(auth.dpop_proof.clone());
        secrets.extend(sent.iter().map(Secret::expose));
        self.client
            .http
            .post(target.url, form, &secrets, auth, self.timeout, target.content)
            .await
    }
}

/// Whether the provider may accept the client with the other authentication method.
///
/// `unauthorized_client` means that the client may not use the grant (RFC 6749 5.2), but some providers also return it for an
/// authentication method that is not registered for the client. If the method was accepted before, it is not the reason.
fn may_be_due_to_method(error: &Error, was_accepted: bool) -> bool {
    error.is_invalid_client() || (!was_accepted && is_unauthorized_client(error))
}

/// Whether the provider returns this error only to a client that it has authenticated (RFC 6749 5.2, RFC 8628 3.5).
fn proves_authentication(error: &OAuthError) -> bool {
    let codes = [
        "authorization_pending",
        "expired_token",
        "invalid_grant",
        "invalid_scope",
    ];
    codes.contains(&error.code().as_str())
}

/// Whether the same request may succeed later.
fn is_retried(error: &OAuthError) -> bool {
    error.is_transient() || error.is_from_gateway() || error.code() == "slow_down"
}

/// Whether it is an OAuth error that refuses the client, and so the provider's own.
fn is_explicit(error: &Error) -> bool {
    is_unauthorized_client(error)
        || matches!(error, Error::Token(TokenError::Refused(error)) if error.code() == "invalid_client")
}

fn is_unauthorized_client(error: &Error) -> bool {
    matches!(error, Error::Token(TokenError::Refused(error)) if error.code() == "unauthorized_client")
}
