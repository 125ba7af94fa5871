//! The refresh (RFC 6749 6, OpenID Connect Core 12.2), and what a failure of it means for the session.
//!
//! Owns the decision between a failure that passes and the end of a session; it is a pure function over the failure.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use crate::oidc::discovery::documents::Documents;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::event::Event;
use crate::oidc::token::endpoint::{ANSWER_WAIT, TokenEndpoint};
use crate::oidc::token::id_token::VerificationContext;
use crate::oidc::token::response::TokenResponse;
use crate::oidc::token::verification_error;
use crate::oidc::{ProviderClient, Refresh, RefreshOutcome, Tokens};
use crate::settings::Scopes;

/// Okta, which rotates refresh tokens, lets the old one live for a moment (30 s unless it is set otherwise), so that who lost the answer
/// may ask again. Later than that the same question would be taken for a theft, and end the session. So this is how long the
/// first answer is waited for there. Of other providers such a leeway is not known, and a slow answer is waited for to the end.
const FIRST_ANSWER_WAIT: Duration = Duration::from_secs(12);

/// What a failed refresh means for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The session is kept, and the same request may succeed another time.
    Passes,
    /// The session is kept, and a setting has to be corrected.
    OfTheSettings,
    /// Only a sign-in helps.
    Final,
}

impl ProviderClient<'_> {
    /// Refreshes the session: one request when the provider's documents are at hand.
    pub(crate) async fn refresh(&self, refresh: &Refresh<'_>) -> RefreshOutcome {
        let documents = self.documents();
        let metadata = match documents.metadata(false).await {
            Ok(metadata) => metadata,
            Err(error) => return RefreshOutcome::Failed(error),
        };
        let endpoint = TokenEndpoint::new(self, &documents, &metadata).with_limit(ANSWER_WAIT);
        refresh.is_sent.store(true, Ordering::Relaxed);
        let (response, granted_scope) = match self.ask_to_refresh(&endpoint, refresh).await {
            Ok(answer) => answer,
            Err(error) => return refused(error, &documents),
        };
        let on_rotated = || {
            if let Some(rotated) = &response.refresh_token {
                (refresh.on_rotated)(rotated);
            }
        };
        let verified = self.verified(&response, &documents, &metadata, refresh, &on_rotated);
        match verified.await {
            Ok(tokens) => RefreshOutcome::Refreshed(Box::new(Tokens {
                // Okta's static mode may leave it out; the old one goes on then.
                refresh_token: response.refresh_token.or_else(|| Some(refresh.token.clone())),
                granted_scope,
                ..tokens
            })),
            Err(error) => {
                on_rotated();
                refused(error, &documents)
            }
        }
    }

    /// Verifies the new tokens; what was kept of the provider's metadata is not held against them.
    async fn verified(
        &self,
        response: &TokenResponse,
        documents: &Documents<'_>,
        metadata: &Metadata,
        refresh: &Refresh<'_>,
        on_rotated: &(dyn Fn() + Sync),
    ) -> Result<Tokens, Error> {
        let context = || VerificationContext::Refresh {
            initial_id_token: refresh.initial_id_token,
            replaced: refresh.replaced,
        };
        let result = self.verify_response(response, documents, metadata, context(), on_rotated);
        match result.await {
            Err(Error::IdToken { source, .. }) if source.may_be_cured_by_new_metadata() => {
                on_rotated();
                let fresh = documents.metadata(true).await?;
                if fresh.verifies_as(metadata) {
                    return Err(self.not_accepted(source));
                }
                self.verify_response(response, documents, &fresh, context(), on_rotated)
                    .await
            }
            result => result,
        }
    }

    /// Sends the request, once more if the response is lost, and once without scopes if those are refused.
    ///
    /// A connection that has ended brings no response any more, and the provider may have rotated the refresh token or never have seen
    /// the request. It is asked once more at once, also where no leeway is known: the next call would send the same refresh token,
    /// only later, when any leeway is over. While a connection stands its answer may still come, and is waited for.
    async fn ask_to_refresh(
        &self,
        endpoint: &TokenEndpoint<'_>,
        refresh: &Refresh<'_>,
    ) -> Result<(TokenResponse, String), Error> {
        let scope = scope_to_ask_for(refresh.granted_scope, &self.provider.scopes);
        let ask = || endpoint.refresh(refresh.token, scope);
        let first = if self.provider.issuer.is_okta() {
            timeout(FIRST_ANSWER_WAIT, ask()).await.ok()
        } else {
            Some(ask().await)
        };
        let response = match first {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) if !error.lost_its_connection() => Err(error),
            _ => {
                self.person.tell(Event::ResponseLost);
                ask().await
            }
        };
        match response {
            // What was granted to a session that came from elsewhere is not known; nothing said means just that (RFC 6749 6).
            Err(Error::OAuth(refusal)) if refusal.refuses_a_scope() && !scope.is_empty() => {
                let response = endpoint.refresh(refresh.token, "").await?;
                Ok((response, String::new()))
            }
            response => Ok((response?, scope.to_owned())),
        }
    }
}

/// Returns the scopes of a refresh: those that were granted, or none at all (which means just those, RFC 6749 6) where the
/// provider's list of them lacks one that decides over the tokens to come: some leave `openid` or `offline_access` out of it.
fn scope_to_ask_for<'s>(granted: &'s str, wanted: &Scopes) -> &'s str {
    let lists = |name: &str| granted.split_whitespace().any(|scope| scope == name);
    let mut deciding = wanted
        .iter()
        .filter(|scope| ["openid", "offline_access"].contains(scope));
    if deciding.all(lists) { granted } else { "" }
}

/// Turns a failure into the refresh's outcome.
fn refused(error: Error, documents: &Documents<'_>) -> RefreshOutcome {
    if matches!(error, Error::NoIdToken) {
        return RefreshOutcome::NoIdToken;
    }
    if error.may_mean_a_move() {
        documents.forget();
    }
    match verdict(&error) {
        Verdict::Final => RefreshOutcome::Over(reason(&error)),
        Verdict::Passes | Verdict::OfTheSettings => RefreshOutcome::Failed(error),
    }
}

/// Decides what a failure means; a table of the cases is in the tests.
fn verdict(error: &Error) -> Verdict {
    match error {
        Error::OAuth(refusal) => verdict_on_refusal(refusal),
        // The clock is this machine's, and a sign-in would meet it again.
        error if error.is_of_a_clock() => Verdict::OfTheSettings,
        // The key set may lag behind the key that the provider signs with; a wrong signature is one for good.
        Error::IdToken {
            source: verification_error::Error::UnknownKey | verification_error::Error::TooManyKeys(_),
            ..
        } => Verdict::Passes,
        Error::IdToken { .. } | Error::OtherAccount { .. } => Verdict::Final,
        Error::ClientRefused { .. } | Error::TokenType(_) | Error::TokenCharacters | Error::NoLifetime => {
            Verdict::OfTheSettings
        }
        _ => Verdict::Passes,
    }
}

/// Statuses of 429 and from 500 on never come here: they pass, whatever the body says.
fn verdict_on_refusal(refusal: &OAuthError) -> Verdict {
    match refusal.code().as_str() {
        "slow_down" | "authorization_pending" => Verdict::Passes,
        _ if refusal.is_of_the_network() => Verdict::Passes,
        "resourcenotfoundexception"
        | "invalid_client"
        | "unauthorized_client"
        | "use_dpop_nonce"
        | "invalid_dpop_proof" => Verdict::OfTheSettings,
        // Cognito's `NotAuthorizedException` means a refresh token that was revoked. Dex calls every dead refresh token `invalid_request`, Hydra `token_inactive`. Where the app has lost the grant
        // (`unsupported_grant_type`) a sign-in without a refresh token still works.
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
        | "unsupported_grant_type"
        | "invalid_scope"
        | "notauthorizedexception" => Verdict::Final,
        _ if refusal.is_of_the_server() || refusal.is_no_code() => Verdict::Passes,
        // A code that nobody knows, where a provider puts its refusals: to ask again for ever would lead nowhere. With any other
        // status (404, 408, 413) it is a gateway's.
        _ if matches!(refusal.status, 200..=299 | 400 | 401 | 403) => Verdict::Final,
        _ => Verdict::Passes,
    }
}

/// One line on why the session is over.
fn reason(error: &Error) -> String {
    match error {
        Error::OAuth(refusal) => refusal.to_string(),
        Error::IdToken { source, .. } => format!("the refreshed token cannot be accepted: {source}"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
