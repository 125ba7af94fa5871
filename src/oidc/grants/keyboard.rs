//! The authorization code flow without a listener: for a machine that no browser can redirect to.
//!
//! The person pastes the code, or the address at which the browser ended. If it is an address, its `state` is verified.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tokio::time::{Instant, timeout_at};

use crate::oidc::errors::Error;
use crate::oidc::errors::login::{LoginError, Prompted};
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::Event;
use crate::oidc::grants::authorization_request::RequestDemands;
use crate::oidc::grants::login::LoginFailure;
use crate::oidc::grants::waiting::PendingLogin;
use crate::oidc::loopback::authorization_response::CallbackExpectation;
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::Login;

/// How many codes one login sends. Each is a request to the provider, and standard input may be a pipe with any number of lines.
const MAX_CODES: usize = 5;

impl ProviderClient<'_> {
    pub(in crate::oidc) async fn login_by_keyboard(
        &self,
        login: &Login,
        demands: &RequestDemands,
    ) -> Result<Tokens, LoginFailure> {
        if !login.may_prompt {
            let error = LoginError::PromptImpossible(Prompted::Code);
            return Err(LoginFailure::before_prompt(error));
        }
        // Without a listener, no redirect URI shows which provider sent a code. The `iss` parameter does not help: the untrusted issuer
        // decides whether it is required.
        if self.provider.named_by_cluster {
            let error = LoginError::PastedCodeForClusterIssuer;
            return Err(LoginFailure::before_prompt(error));
        }
        let cache = self.open_cache();
        let metadata = self.discover(&cache).await.map_err(LoginFailure::before_prompt)?;
        let redirect_uri = login.keyboard_redirect.as_deref();
        let request = self
            .authorization_request(&cache, &metadata, redirect_uri, demands)
            .await
            .map_err(LoginFailure::before_prompt)?;
        // OpenID Connect Core 3.1.2.1 requires a redirect URI. OAuth (RFC 6749 3.1.2.3) does not if only one is registered.
        if redirect_uri.is_none() {
            self.interaction.report(Event::NoRedirectUri);
        }
        let expected = expectation(
            self.provider.issuer.as_str(),
            &request.state,
            metadata.iss_required,
        );
        let pending = PendingLogin {
            interaction: self.interaction,
            login,
            url: &request.url,
            opened_url: &request.url,
            lifetime_secs: request.lifetime_secs,
            issuer: self.provider.issuer.as_str(),
            deadline: Instant::now() + login.timeout,
            pasted_kind: Mutex::default(),
            can_reopen_browser: AtomicBool::default(),
        };
        pending.report_url();
        let mut last_refusal = None;
        for _ in 0..MAX_CODES {
            let response = timeout_at(pending.deadline, pending.prompt_for_response(&expected)).await;
            self.interaction.report(Event::WaitEnded);
            let code = match response {
                Ok(Ok(code)) => code,
                Ok(Err(error)) => return Err(LoginFailure::after_prompt(last_refusal.unwrap_or(error))),
                Err(_) => {
                    let error = last_refusal.unwrap_or_else(|| nothing_pasted(login));
                    return Err(LoginFailure::after_prompt(error));
                }
            };
            let tokens = self.exchange_and_verify(&code, redirect_uri, &cache, &metadata, &request);
            match tokens.await.map_err(|error| pending.explain_error(error)) {
                Err(error @ Error::Token(TokenError::PastedCodeRefused(_))) => {
                    self.interaction.report(Event::InputRefused(&error));
                    last_refusal = Some(error);
                }
                result => return result.map_err(LoginFailure::after_prompt),
            }
        }
        let error = last_refusal.unwrap_or(Error::Internal("no code"));
        Err(LoginFailure::after_prompt(error))
    }
}

/// Returns what a pasted address must match.
fn expectation(issuer: &str, state: &Secret, iss_required: bool) -> CallbackExpectation {
    CallbackExpectation {
        authority: String::new(),
        path: String::new(),
        state: state.clone(),
        issuer: issuer.to_owned(),
        // Of an address (RFC 9207 2.4). A code alone has no `iss`, and is taken all the same.
        iss_required,
        defence: MixUpDefence::NotNeeded,
    }
}

fn nothing_pasted(login: &Login) -> Error {
    LoginError::PasteTimeout {
        seconds: login.timeout.as_secs(),
        has_redirect_uri: login.keyboard_redirect.is_some(),
    }
    .into()
}
