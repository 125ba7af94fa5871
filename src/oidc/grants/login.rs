//! The login: authorization code flow with PKCE and a loopback redirect (RFC 8252, RFC 7636).
//!
//! Owns the order of the steps: bind the listener before the browser opens, exchange the code immediately, verify the tokens, and only
//! then show the outcome in the browser.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tokio::time::{Instant, timeout_at};

use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::discovery::provider_cache::ProviderCache;
use crate::oidc::errors::Error;
use crate::oidc::errors::authorization::AuthorizationError;
use crate::oidc::errors::login::LoginError;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::{Event, Warning};
use crate::oidc::grants::authorization_request::{AuthorizationRequest, RequestDemands};
use crate::oidc::grants::browser;
use crate::oidc::grants::waiting::PendingLogin;
use crate::oidc::loopback::authorization_response::CallbackExpectation;
use crate::oidc::loopback::callback::Callback;
use crate::oidc::loopback::callback_tls;
use crate::oidc::loopback::listener::{self, BoundListener};
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::oidc::loopback::page::{self, Outcome, SignedIn};
use crate::oidc::token::claims;
use crate::oidc::token::endpoint::{RESPONSE_TIMEOUT, TokenEndpoint};
use crate::oidc::token::id_token::VerificationContext;
use crate::oidc::token::sign_in_demands::SignInDemands;
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::{Browser, Grant, Login, Pkce};
use crate::step_up::StepUp;
use crate::untrusted_text::UntrustedText;

/// A login that failed.
#[derive(Debug)]
pub(crate) struct LoginFailure {
    pub(crate) error: Error,
    /// A browser tab was opened, a URL was printed, or a person was prompted. The retries of the same command must not do that again.
    pub(crate) was_prompted: bool,
}

impl LoginFailure {
    /// A failure before a person saw anything of the sign-in.
    pub(in crate::oidc) fn before_prompt(error: impl Into<Error>) -> Self {
        Self {
            error: error.into(),
            was_prompted: false,
        }
    }

    /// A failure after a browser was opened, a URL was printed, or a person was prompted.
    pub(in crate::oidc) fn after_prompt(error: impl Into<Error>) -> Self {
        Self {
            error: error.into(),
            was_prompted: true,
        }
    }

    /// Adds what the provider demands of a sign-in that is not possible here: without it the person would not know why one is needed.
    fn with_demand(self, step_up: Option<&StepUp>) -> Self {
        match (self.error, step_up) {
            (Error::Login(source), Some(step_up)) if source.is_login_impossible() => Self {
                error: LoginError::StepUpImpossible {
                    demanded: step_up.shown(),
                    source: Box::new(source),
                }
                .into(),
                ..self
            },
            (error, _) => Self { error, ..self },
        }
    }
}

impl ProviderClient<'_> {
    /// Logs in with the configured grant. `step_up` is what the provider demands of the sign-in (RFC 9470); only a grant with a person at the
    /// provider's pages can meet it.
    pub(crate) async fn login(
        &self,
        login: &Login,
        step_up: Option<&StepUp>,
    ) -> Result<Tokens, LoginFailure> {
        let step_up = step_up.filter(|_| login.grant.can_step_up());
        self.login_by_grant(login, step_up)
            .await
            .map_err(|failure| failure.with_demand(step_up))
    }

    async fn login_by_grant(&self, login: &Login, step_up: Option<&StepUp>) -> Result<Tokens, LoginFailure> {
        if self.interaction.reports_are_discarded && needs_reports(&login.grant, &login.browser) {
            return Err(LoginFailure::before_prompt(LoginError::OutputDiscarded));
        }
        for note in &login.flag_notes {
            self.interaction.report(Event::FlagNote(note));
        }
        if self.trust.wants_renegotiation {
            self.interaction.warn(Warning::RenegotiationIgnored);
        }
        if self.provider.pkce == Pkce::Off && matches!(login.grant, Grant::Browser | Grant::Keyboard) {
            self.interaction.warn(Warning::PkceOff);
        }
        match &login.grant {
            Grant::Browser | Grant::Keyboard | Grant::Device => self.login_by_person(login, step_up).await,
            Grant::ClientCredentials => self.login_by_client_credentials().await,
            Grant::Password { username, password } => {
                self.login_by_password(login, username.as_deref(), password.as_ref())
                    .await
            }
        }
    }

    /// Logs in with a grant that has a person at the provider's pages. Where the provider's refusal says what it demands of the request, makes another request that
    /// has it. Each demand is met once.
    async fn login_by_person(&self, login: &Login, step_up: Option<&StepUp>) -> Result<Tokens, LoginFailure> {
        let mut demands = RequestDemands::of_sign_in(step_up);
        let mut was_prompted = false;
        loop {
            let result = if login.grant == Grant::Keyboard {
                self.login_by_keyboard(login, &demands).await
            } else if login.grant == Grant::Device {
                self.login_by_device(login, demands.step_up.as_ref()).await
            } else {
                self.login_by_browser(login, &demands).await
            };
            let failure = match result {
                Ok(tokens) => return Ok(tokens),
                Err(failure) => failure,
            };
            was_prompted |= failure.was_prompted;
            let next = demands.after(&failure.error, self.provider);
            // The request for a device code cannot be pushed.
            let can_be_met = |next: &RequestDemands| login.grant != Grant::Device || !next.push;
            let Some(next) = next.filter(can_be_met) else {
                return Err(LoginFailure {
                    was_prompted,
                    ..failure
                });
            };
            let stepped_up = next.step_up.as_ref().filter(|_| next.step_up != demands.step_up);
            self.interaction.report(match stepped_up {
                Some(step_up) => Event::StepUpDemanded(step_up),
                None => Event::PushDemanded,
            });
            demands = next;
        }
    }

    async fn login_by_browser(
        &self,
        login: &Login,
        demands: &RequestDemands,
    ) -> Result<Tokens, LoginFailure> {
        if login.browser == Browser::Unavailable {
            let forbidden = login.client_keeps_stdin;
            return Err(LoginFailure::before_prompt(LoginError::NoBrowserOrTerminal {
                forbidden,
            }));
        }
        let cache = self.open_cache();
        let metadata = self.discover(&cache).await.map_err(LoginFailure::before_prompt)?;
        let tls = login.callback_tls.as_ref().map(callback_tls::acceptor);
        let tls = tls.transpose().map_err(LoginFailure::before_prompt)?;
        let issuer = self.provider.issuer.as_str();
        let defence = MixUpDefence::new(self.provider.named_by_cluster, &login.redirect);
        let redirect = defence.redirect(&login.redirect, issuer);
        let mut listener = listener::listen(&login.listen_addresses, &redirect)
            .map_err(|failure| LoginFailure::before_prompt(LoginError::NoAddress(failure)))?;
        if listener.is_reachable_by_others {
            self.interaction.warn(Warning::ListenerReachableByOthers);
        }
        if let Some(why) = &listener.failed_addresses {
            self.interaction.warn(Warning::OtherAddress {
                why,
                redirect_uri: &listener.redirect_uri,
            });
        }
        self.interaction.report(Event::ListenerReady {
            redirect_uri: &listener.redirect_uri,
        });
        let request = self
            .authorization_request(&cache, &metadata, Some(&listener.redirect_uri), demands)
            .await
            .map_err(LoginFailure::before_prompt)?;
        let expected = CallbackExpectation {
            authority: listener.authority.clone(),
            path: listener.path.clone(),
            state: request.state.clone(),
            issuer: issuer.to_owned(),
            iss_required: metadata.iss_required,
            defence,
        };
        let callback = Callback::serve(
            std::mem::take(&mut listener.sockets),
            tls.as_ref(),
            expected,
            page::AfterSignIn {
                url: login.post_login_url.clone(),
                return_to: self.interaction.return_to,
            },
            &request.url,
        )
        .map_err(LoginFailure::before_prompt)?;
        let result = self
            .complete_login(login, &listener, &cache, &metadata, request, callback)
            .await;
        result.map_err(LoginFailure::after_prompt)
    }

    /// Opens the browser, waits for the authorization response until the login's timeout, and exchanges the code.
    async fn complete_login(
        &self,
        login: &Login,
        listener: &BoundListener,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        request: AuthorizationRequest,
        mut callback: Callback,
    ) -> Result<Tokens, Error> {
        let start_url = callback.start_url().cloned();
        let pending = PendingLogin {
            interaction: self.interaction,
            login,
            url: &request.url,
            opened_url: browser::opened_url(&login.browser, start_url.as_ref(), &request.url),
            lifetime_secs: request.lifetime_secs,
            issuer: self.provider.issuer.as_str(),
            deadline: Instant::now() + login.timeout,
            pasted_kind: Mutex::default(),
            can_reopen_browser: AtomicBool::default(),
        };
        let redirect_uri = Some(&*listener.redirect_uri);
        let mut is_first_wait = true;
        let result = loop {
            let response = pending.wait_for_response(&mut callback, is_first_wait);
            let response = timeout_at(pending.deadline, response).await;
            self.interaction.report(Event::WaitEnded);
            let result = match response {
                Err(_) => Err(LoginError::BrowserTimeout {
                    seconds: login.timeout.as_secs(),
                    ignored: callback.ignored(),
                    redirect_uri: listener.redirect_uri.clone(),
                    is_cluster_issuer: callback.expected().defence == MixUpDefence::DistinctRedirectUri,
                }
                .into()),
                Ok(Err(error)) => Err(error),
                // The login's timeout is for the person. The following requests have the timeouts of the network.
                Ok(Ok(code)) => self
                    .exchange_and_verify(&code, redirect_uri, cache, metadata, &request)
                    .await
                    .map_err(|error| pending.explain_error(error)),
            };
            // After a wrong pasted code, the browser may still bring the right one.
            match result {
                Err(error @ Error::Token(TokenError::PastedCodeRefused(_))) => {
                    self.interaction.report(Event::InputRefused(&error));
                }
                result => break result,
            }
            is_first_wait = false;
        };
        // Discards what was typed during the exchange.
        self.interaction.report(Event::WaitEnded);
        let is_repeated = result
            .as_ref()
            .is_err_and(|error| request.demands.after(error, self.provider).is_some());
        let outcome = if is_repeated {
            Outcome::Repeated
        } else {
            outcome(&result)
        };
        callback.finish(outcome).await;
        result
    }

    /// Exchanges the code for tokens, and verifies them.
    pub(in crate::oidc) async fn exchange_and_verify(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        cache: &ProviderCache<'_>,
        metadata: &Metadata,
        request: &AuthorizationRequest,
    ) -> Result<Tokens, Error> {
        let endpoint = TokenEndpoint::new(self, cache, metadata).with_timeout(RESPONSE_TIMEOUT);
        let verifier = request.verifier.as_ref();
        let response = endpoint.exchange(code, redirect_uri, verifier).await?;
        let demands = SignInDemands::of_request(self.provider, request.demands.step_up.as_ref());
        let context = VerificationContext::Login {
            nonce: &request.nonce,
            demands: &demands,
        };
        self.verify_response(&response, cache, metadata, context, &|| ())
            .await
    }
}

/// Whether a person can sign in only if they see the reported events. A browser that is opened shows the provider's page without them, and
/// passwords are prompted for on the terminal even if standard error is redirected.
fn needs_reports(grant: &Grant, browser: &Browser) -> bool {
    match grant {
        Grant::Browser => browser.not_opened_reason().is_some(),
        // A device code is passed to no program, so it is shown only in the reported text.
        Grant::Keyboard | Grant::Device => true,
        Grant::Password { .. } | Grant::ClientCredentials => false,
    }
}

fn outcome(result: &Result<Tokens, Error>) -> Outcome {
    match result {
        Ok(tokens) => Outcome::SignedIn(SignedIn {
            name: claims::person(&tokens.claims).map(|name| UntrustedText::with_limit(name, 100)),
            valid_until: tokens.expires_at,
        }),
        Err(Error::Authorization(AuthorizationError::Refused(_))) => Outcome::Refused,
        Err(_) => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::NoBrowser;

    #[test]
    fn a_person_needs_the_reports_if_no_browser_is_opened() {
        let password = Grant::Password {
            username: None,
            password: None,
        };
        let command = Browser::Command {
            path: "firefox".to_owned(),
            args: vec!["firefox".to_owned()],
        };
        let skipped = Browser::Print(NoBrowser::Skipped);
        let no_display = Browser::Print(NoBrowser::NoDisplay);
        for (grant, browser, expected) in [
            (&Grant::Browser, &Browser::Desktop, false),
            (&Grant::Browser, &command, false),
            (&Grant::Browser, &skipped, true),
            (&Grant::Browser, &no_display, true),
            (&Grant::Device, &Browser::Desktop, true),
            (&Grant::Device, &no_display, true),
            (&Grant::Device, &Browser::Unavailable, true),
            (&Grant::Keyboard, &Browser::Desktop, true),
            (&password, &no_display, false),
            (&Grant::ClientCredentials, &Browser::Unavailable, false),
        ] {
            assert_eq!(needs_reports(grant, browser), expected, "{grant:?} {browser:?}");
        }
    }
}
