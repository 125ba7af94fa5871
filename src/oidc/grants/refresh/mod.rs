//! The refresh (RFC 6749 6, OpenID Connect Core 12.2), and what its failure means for the session.
//!
//! Owns the decision whether a failure is temporary or ends the session. It is a pure function of the error.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::{CacheUse, ProviderCache};
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::Event;
use crate::oidc::token::endpoint::{RESPONSE_TIMEOUT, TokenEndpoint};
use crate::oidc::token::id_token::VerificationContext;
use crate::oidc::token::response::TokenResponse;
use crate::oidc::token::verification_error;
use crate::oidc::{DpopSession, ProviderClient, Refresh, RefreshOutcome, Tokens};
use crate::settings::Scopes;

/// How long to wait for Okta's first response to a refresh.
///
/// Okta rotates refresh tokens, and accepts the previous token during a grace period (30 s by default), so that a client that lost the
/// response can repeat the request. After the grace period, Okta takes the same request for the use of a stolen token, and ends the
/// session. So the request must be repeated early. No grace period of other providers is known, so their response is awaited in full.
const OKTA_FIRST_RESPONSE_TIMEOUT: Duration = Duration::from_secs(12);

/// Why a session of bearer tokens does not go on.
const UNBOUND_SESSION: &str = "its refresh token is not bound to a key, and --oidc-dpop=always demands that";

/// What a failed refresh means for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    /// The session is kept. The same request may succeed later.
    Temporary,
    /// The session is kept. A setting must be corrected.
    Configuration,
    /// The session has ended. A new login is needed.
    SessionEnded,
}

impl ProviderClient<'_> {
    /// Refreshes the session. Needs only one request if the provider's documents are cached.
    pub(crate) async fn refresh(&self, refresh: &Refresh<'_>) -> RefreshOutcome {
        if !self.dpop.can_resume(refresh.dpop) {
            return RefreshOutcome::SessionEnded {
                reason: UNBOUND_SESSION.to_owned(),
                step_up: None,
            };
        }
        let cache = self.open_cache();
        let metadata = match self.refresh_metadata(&cache, refresh.token_endpoint).await {
            Ok(metadata) => metadata,
            Err(error) => return RefreshOutcome::Failed(error),
        };
        self.resume_dpop(&metadata, refresh.dpop);
        let endpoint = TokenEndpoint::new(self, &cache, &metadata).with_timeout(RESPONSE_TIMEOUT);
        refresh.is_sent.store(true, Ordering::Relaxed);
        let (response, granted_scope) = match self.request_refresh(&endpoint, refresh).await {
            Ok(response) => response,
            Err(error) => return outcome_of_error(error, &cache),
        };
        let on_rotated = || {
            let dpop = self.rotated_dpop(&response, &metadata, refresh);
            // A token that is not replaced may have been bound to a new key.
            let is_new_key = dpop.as_ref().map(|new| &new.key) != refresh.dpop.map(|old| &old.key);
            let unchanged = is_new_key.then_some(refresh.token);
            if let Some(token) = response.refresh_token.as_ref().or(unchanged) {
                (refresh.on_rotated)(token, dpop);
            }
        };
        let tokens = self.verify_refreshed(&response, &cache, &metadata, refresh, &on_rotated);
        match tokens.await {
            Ok(tokens) => RefreshOutcome::Refreshed(Box::new(Tokens {
                // The response may have no refresh token (Okta with persistent refresh tokens). The previous one stays valid then.
                refresh_token: response.refresh_token.or_else(|| Some(refresh.token.clone())),
                granted_scope,
                ..tokens
            })),
            Err(error) => {
                on_rotated();
                outcome_of_error(error, &cache)
            }
        }
    }

    /// Returns the key that the refresh token of a response is bound to. Bearer tokens where bound ones were agreed are bound to no new key.
    fn rotated_dpop(
        &self,
        response: &TokenResponse,
        metadata: &Metadata,
        refresh: &Refresh<'_>,
    ) -> Option<DpopSession> {
        match self.dpop.check(response) {
            Ok(()) => self
                .dpop
                .session(response, self.http.dpop_nonces.of(&metadata.token_endpoint)),
            Err(_) => refresh.dpop.cloned(),
        }
    }

    /// Returns the metadata: the cached ones if they name the endpoint that is known, else those from the network.
    async fn refresh_metadata(
        &self,
        cache: &ProviderCache<'_>,
        known_endpoint: Option<&str>,
    ) -> Result<Metadata, Error> {
        let metadata = cache.metadata(CacheUse::Allow).await?;
        if known_endpoint.is_none_or(|known| known == metadata.token_endpoint.as_str()) {
            return Ok(metadata);
        }
        cache.metadata(CacheUse::Refetch).await
    }

    /// Verifies the new tokens. If the cached metadata may be why they are invalid, fetches the metadata again and repeats the
    /// verification.
    async fn verify_refreshed(
        &self,
        response: &TokenResponse,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        refresh: &Refresh<'_>,
        on_rotated: &(dyn Fn() + Sync),
    ) -> Result<Tokens, Error> {
        let context = || VerificationContext::Refresh {
            initial_id_token: refresh.initial_id_token,
            replaced: refresh.replaced,
        };
        let result = self.verify_response(response, cache, metadata, context(), on_rotated);
        match result.await {
            Err(Error::Token(TokenError::Unverified { token, source, .. }))
                if source.may_be_outdated_metadata() =>
            {
                on_rotated();
                let fresh = cache.metadata(CacheUse::Refetch).await?;
                if fresh.has_same_keys_as(metadata) {
                    return Err(self.unverified(token, source).into());
                }
                self.verify_response(response, cache, &fresh, context(), on_rotated)
                    .await
            }
            result => result,
        }
    }

    /// Sends the refresh request. Repeats it if the response was lost, and without scopes if the provider refuses the scopes.
    ///
    /// When the connection breaks, the response is lost. The provider may have rotated the refresh token, or may never have received the
    /// request. The request is repeated immediately, even if the provider has no known grace period for the previous token: the next call
    /// would send the same token anyway, and later. While the connection is open, the response can still arrive, and is awaited.
    async fn request_refresh(
        &self,
        endpoint: &TokenEndpoint<'_>,
        refresh: &Refresh<'_>,
    ) -> Result<(TokenResponse, String), Error> {
        let scope = scope_to_request(refresh.granted_scope, &self.provider.scopes);
        let send = || endpoint.refresh(refresh.token, scope);
        let first = if self.provider.issuer.is_okta() {
            timeout(OKTA_FIRST_RESPONSE_TIMEOUT, send()).await.ok()
        } else {
            Some(send().await)
        };
        let response = match first {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) if !error.is_lost_response() => Err(error),
            _ => {
                self.interaction.report(Event::ResponseLost);
                send().await
            }
        };
        match response {
            // The granted scopes of an imported session are not known. A refresh without `scope` requests exactly those (RFC 6749 6).
            Err(Error::Token(TokenError::Refused(refusal)))
                if refusal.is_scope_refusal() && !scope.is_empty() =>
            {
                let response = endpoint.refresh(refresh.token, "").await?;
                Ok((response, String::new()))
            }
            response => Ok((response?, scope.to_owned())),
        }
    }
}

/// Returns the `scope` of a refresh request: the granted scopes, or an empty text, which also means the granted scopes (RFC 6749 6).
///
/// It is empty if the provider's list of granted scopes lacks `openid` or `offline_access` although they were requested. Some providers
/// omit them from the list, and without them a refresh returns no ID token or no refresh token.
fn scope_to_request<'s>(granted: &'s str, wanted: &Scopes) -> &'s str {
    let is_granted = |name: &str| granted.split_whitespace().any(|scope| scope == name);
    let mut essential = wanted
        .iter()
        .filter(|scope| ["openid", "offline_access"].contains(scope));
    if essential.all(is_granted) { granted } else { "" }
}

/// Converts an error to the outcome of the refresh.
fn outcome_of_error(error: Error, cache: &ProviderCache<'_>) -> RefreshOutcome {
    if matches!(error, Error::Token(TokenError::NoIdToken)) {
        return RefreshOutcome::NoIdToken;
    }
    if error.may_mean_stale_metadata() {
        cache.invalidate();
    }
    match classify(&error) {
        FailureKind::SessionEnded => RefreshOutcome::SessionEnded {
            reason: reason(&error),
            step_up: error
                .oauth_error()
                .and_then(|refusal| refusal.step_up.as_deref())
                .cloned(),
        },
        FailureKind::Temporary | FailureKind::Configuration => RefreshOutcome::Failed(error),
    }
}

/// Decides what an error means for the session. The tests have a table of the cases.
fn classify(error: &Error) -> FailureKind {
    match error {
        Error::Token(error) => classify_token_error(error),
        Error::Setup(_)
        | Error::Network(_)
        | Error::Document(_)
        | Error::Login(_)
        | Error::Authorization(_)
        | Error::PasswordRefused(_)
        | Error::Internal(_) => FailureKind::Temporary,
    }
}

fn classify_token_error(error: &TokenError) -> FailureKind {
    match error {
        TokenError::Refused(refusal) => classify_oauth_error(refusal),
        TokenError::Unverified { source, .. } => classify_verification_error(source),
        TokenError::OtherAccount { .. } => FailureKind::SessionEnded,
        TokenError::ClientRefused { .. }
        | TokenError::BoundToken(_)
        | TokenError::BearerToken
        | TokenError::TokenCharacters
        | TokenError::NoLifetime => FailureKind::Configuration,
        TokenError::NoReason { .. }
        | TokenError::Malformed { .. }
        | TokenError::NoIdToken
        | TokenError::PastedCodeRefused(_)
        | TokenError::PastedAddressRefused(_) => FailureKind::Temporary,
    }
}

fn classify_verification_error(error: &verification_error::Error) -> FailureKind {
    use verification_error::Error::{TooManyKeys, UnknownKey};
    if error.is_clock_fault() {
        // This machine's clock is wrong, so a token of a new login would be rejected too.
        FailureKind::Configuration
    } else if matches!(error, UnknownKey | TooManyKeys(_)) {
        // The published key set may not have the provider's new signing key yet. A wrong signature, in contrast, stays wrong.
        FailureKind::Temporary
    } else {
        FailureKind::SessionEnded
    }
}

/// Classifies an OAuth error. Its HTTP status is neither 429 nor 500 or above: those are other errors, and temporary.
fn classify_oauth_error(refusal: &OAuthError) -> FailureKind {
    match refusal.code().as_str() {
        "slow_down" | "authorization_pending" => FailureKind::Temporary,
        _ if refusal.is_network_restriction() => FailureKind::Temporary,
        // A gateway sends these codes too, with a status of its own (404, 408, 413).
        "invalid_request" | "access_denied" if !is_refusal_status(refusal) => FailureKind::Temporary,
        "invalid_dpop_proof" if refusal.is_other_dpop_key() => FailureKind::SessionEnded,
        "resourcenotfoundexception"
        | "invalid_client"
        | "unauthorized_client"
        | "use_dpop_nonce"
        | "invalid_dpop_proof" => FailureKind::Configuration,
        // For an invalid refresh token, Cognito returns `NotAuthorizedException`, Dex `invalid_request`, and Hydra `token_inactive`.
        // After `unsupported_grant_type`, a login works, and its session has no refresh token.
        "invalid_grant"
        | "invalid_request"
        | "invalid_token"
        | "token_inactive"
        | "token_expired"
        | "expired_token"
        | "access_denied"
        | "interaction_required"
        | "login_required"
        | "consent_required"
        | "account_selection_required"
        | "insufficient_user_authentication"
        | "insufficient_authentication_context"
        | "unsupported_grant_type"
        | "invalid_scope"
        | "notauthorizedexception" => FailureKind::SessionEnded,
        _ if refusal.is_transient() => FailureKind::Temporary,
        _ if refusal.is_from_gateway() && refusal.status == Some(401) => FailureKind::Configuration,
        _ if refusal.is_from_gateway() => FailureKind::Temporary,
        // An unknown error code, with a status that providers use for a refusal: repeating the request for ever would not help. With any
        // other status (404, 408, 413) the response comes from a gateway.
        _ if is_refusal_status(refusal) => FailureKind::SessionEnded,
        _ => FailureKind::Temporary,
    }
}

/// Whether the HTTP status is one that providers use for a refusal.
fn is_refusal_status(refusal: &OAuthError) -> bool {
    matches!(refusal.status, Some(200..=299 | 400 | 401 | 403))
}

/// Returns, in one line, why the session has ended.
fn reason(error: &Error) -> String {
    match error {
        Error::Token(TokenError::Refused(refusal)) => refusal.to_string(),
        Error::Token(TokenError::Unverified { source, .. }) => {
            format!("the refreshed token cannot be accepted: {source}")
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
