//! The login: authorization code flow with PKCE and a loopback redirect (RFC 8252, RFC 7636).
//!
//! Owns the order of its steps: bind before the browser opens, exchange at once, verify, and only then tell the
//! browser how it ended.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use openidconnect::Nonce;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::oidc::discovery::documents::Documents;
use crate::oidc::discovery::metadata::Metadata;
use crate::oidc::errors::Error;
use crate::oidc::event::Event;
use crate::oidc::grants::browser;
use crate::oidc::grants::waiting::Wait;
use crate::oidc::loopback::authorization_response::CallbackExpectation;
use crate::oidc::loopback::callback::Callback;
use crate::oidc::loopback::callback_tls;
use crate::oidc::loopback::listener::{self, BoundListener};
use crate::oidc::loopback::mix_up::Defence;
use crate::oidc::loopback::page::{self, Outcome};
use crate::oidc::token::endpoint::{ANSWER_WAIT, TokenEndpoint};
use crate::oidc::token::id_token::VerificationContext;
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::{Browser, Grant, Login, Pkce, Provider};

/// A login that brought no tokens.
#[derive(Debug)]
pub(crate) struct LoginFailure {
    pub(crate) error: Error,
    /// The person was asked, by a tab or a printed URL: not to be asked again for every retry of the same command.
    pub(crate) asked: bool,
}

/// What belongs to one authorization request, each value fresh and unrelated to the others.
pub(in crate::oidc) struct Attempt {
    pub(in crate::oidc) url: Url,
    pub(in crate::oidc) state: Secret,
    pub(in crate::oidc) nonce: Nonce,
    pub(in crate::oidc) verifier: Option<PkceCodeVerifier>,
}

/// A failure before the person was asked for anything.
pub(in crate::oidc) fn not_asked(error: Error) -> LoginFailure {
    LoginFailure { error, asked: false }
}

/// A failure of a sign-in that a person knows of.
pub(in crate::oidc) fn asked(error: Error) -> LoginFailure {
    LoginFailure { error, asked: true }
}

impl ProviderClient<'_> {
    /// Signs a person in, by the grant of the settings.
    pub(crate) async fn login(&self, login: &Login) -> Result<Tokens, LoginFailure> {
        if self.person.reports_are_discarded && needs_reports(&login.grant, &login.browser) {
            return Err(not_asked(Error::LoginUnseen));
        }
        for note in &login.deprecation_notes {
            self.person.tell(Event::OldSpelling(note));
        }
        if self.trust.wants_renegotiation {
            self.person.tell(Event::RenegotiationIgnored);
        }
        if self.provider.pkce == Pkce::Off && matches!(login.grant, Grant::Browser | Grant::Keyboard) {
            self.person.tell(Event::PkceOff);
        }
        match &login.grant {
            Grant::Browser => self.login_by_browser(login).await,
            Grant::Keyboard => self.login_by_keyboard(login).await,
            Grant::Device => self.login_by_device(login).await,
            Grant::ClientCredentials => self.login_by_client_credentials().await,
            Grant::Password { username, password } => {
                self.login_by_password(login, username.as_deref(), password.as_ref())
                    .await
            }
        }
    }

    async fn login_by_browser(&self, login: &Login) -> Result<Tokens, LoginFailure> {
        if login.browser == Browser::Unavailable {
            let forbidden = login.client_keeps_stdin;
            return Err(not_asked(Error::LoginImpossible { forbidden }));
        }
        let documents = self.documents();
        // A login is rare: it takes fresh metadata, so that a moved endpoint heals itself.
        let metadata = documents.metadata(true).await.map_err(not_asked)?;
        let tls = login.callback_tls.as_ref().map(callback_tls::acceptor);
        let tls = tls.transpose().map_err(not_asked)?;
        let issuer = self.provider.issuer.as_str();
        let defence = Defence::new(self.provider.named_by_cluster, &login.redirect);
        let redirect = defence.redirect(&login.redirect, issuer);
        let mut listening = listener::listen(&login.listen_addresses, &redirect)
            .map_err(|taken| not_asked(Error::NoAddress(taken)))?;
        if listening.open_to_others {
            self.person.tell(Event::ListenerOpenToOthers);
        }
        if let Some(why) = &listening.instead_of {
            self.person.tell(Event::OtherAddress {
                why,
                redirect_uri: &listening.redirect_uri,
            });
        }
        let attempt =
            Attempt::new(self.provider, &metadata, Some(&listening.redirect_uri)).map_err(not_asked)?;
        let expected = CallbackExpectation {
            authority: listening.authority.clone(),
            path: listening.path.clone(),
            state: attempt.state.clone(),
            issuer: issuer.to_owned(),
            iss_required: metadata.iss_required,
            defence,
        };
        let callback = Callback::serve(
            std::mem::take(&mut listening.sockets),
            tls.as_ref(),
            expected,
            page::AfterSignIn {
                url: login.post_login_url.clone(),
                continuation: self.person.continuation,
            },
            &attempt.url,
        )
        .map_err(not_asked)?;
        let result = self
            .attend(login, &listening, &documents, &metadata, attempt, callback)
            .await;
        result.map_err(asked)
    }

    /// Opens the browser, waits for the answer, and finishes the sign-in within the login's time.
    async fn attend(
        &self,
        login: &Login,
        listening: &BoundListener,
        documents: &Documents<'_>,
        metadata: &Metadata,
        attempt: Attempt,
        mut callback: Callback,
    ) -> Result<Tokens, Error> {
        let start_url = callback.start_url().cloned();
        let wait = Wait {
            person: self.person,
            login,
            url: &attempt.url,
            opened_url: browser::opened_url(&login.browser, start_url.as_ref(), &attempt.url),
            issuer: self.provider.issuer.as_str(),
            deadline: Instant::now() + login.timeout,
            pasted: Mutex::default(),
            reopens: AtomicBool::default(),
        };
        let redirect_uri = Some(&*listening.redirect_uri);
        let mut begins = true;
        let result = loop {
            let waited = timeout_at(wait.deadline, wait.answer(&mut callback, begins)).await;
            self.person.tell(Event::WaitEnded);
            let result = match waited {
                Err(_) => Err(Error::Unattended {
                    seconds: login.timeout.as_secs(),
                    ignored: callback.ignored(),
                    redirect_uri: listening.redirect_uri.clone(),
                    is_of_one_issuer: callback.expected().defence == Defence::OwnRedirect,
                }),
                Ok(Err(error)) => Err(error),
                // The person has done their part; from here each step has the network's own limits.
                Ok(Ok(code)) => self
                    .finish(&code, redirect_uri, documents, metadata, &attempt)
                    .await
                    .map_err(|error| wait.explained(error)),
            };
            // The browser may still come back with the right one.
            match result {
                Err(error @ Error::PastedCodeRefused(_)) => self.person.tell(Event::InputRefused(&error)),
                result => break result,
            }
            begins = false;
        };
        // What was typed during the exchange was not read either.
        self.person.tell(Event::WaitEnded);
        callback.finish(outcome(&result)).await;
        result
    }

    /// Exchanges the code and verifies what comes.
    pub(in crate::oidc) async fn finish(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        documents: &Documents<'_>,
        metadata: &Metadata,
        attempt: &Attempt,
    ) -> Result<Tokens, Error> {
        let endpoint = TokenEndpoint::new(self, documents, metadata).with_limit(ANSWER_WAIT);
        let verifier = attempt.verifier.as_ref();
        let answer = endpoint.exchange(code, redirect_uri, verifier).await?;
        let context = VerificationContext::Login {
            nonce: &attempt.nonce,
        };
        self.verify_response(&answer, documents, metadata, context, &|| ())
            .await
    }
}

/// Whether a person finds the way to the provider by what is reported alone. A browser shows it by itself; passwords are asked for on the
/// terminal, whatever standard error is.
fn needs_reports(grant: &Grant, browser: &Browser) -> bool {
    match grant {
        Grant::Browser => browser.not_opened_reason().is_some(),
        // No program gets the code of a device, so that it is only in the text.
        Grant::Keyboard | Grant::Device => true,
        Grant::Password { .. } | Grant::ClientCredentials => false,
    }
}

fn outcome(result: &Result<Tokens, Error>) -> Outcome {
    match result {
        Ok(_) => Outcome::SignedIn,
        Err(Error::SignInRefused(_)) => Outcome::Refused,
        Err(_) => Outcome::Failed,
    }
}

impl Attempt {
    /// Without a redirect URI the provider takes the one that it knows.
    pub(in crate::oidc) fn new(
        provider: &Provider,
        metadata: &Metadata,
        redirect_uri: Option<&str>,
    ) -> Result<Self, Error> {
        metadata.check_keys(provider.token)?;
        let mut client = oauth2::basic::BasicClient::new(ClientId::new(provider.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint()?.clone()));
        if let Some(redirect_uri) = redirect_uri {
            let redirect = RedirectUrl::new(redirect_uri.to_owned());
            client = client.set_redirect_uri(redirect.map_err(|_| Error::Internal("redirect URI"))?);
        }
        let nonce = Nonce::new_random();
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(provider.scopes.iter().map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("nonce", nonce.secret().clone());
        for (name, value) in provider.authorization_parameters() {
            request = request.add_extra_param(name.to_owned(), value.to_owned());
        }
        // Whatever the metadata says or leaves out: never plain, never none unasked (RFC 7636 7.2).
        let verifier = match provider.pkce {
            Pkce::S256 => {
                let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
                request = request.set_pkce_challenge(challenge);
                Some(verifier)
            }
            Pkce::Off => None,
        };
        let (url, state) = request.url();
        Ok(Self {
            url,
            state: Secret::new(state.secret().clone()),
            nonce,
            verifier,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::NoBrowser;

    #[test]
    fn a_person_needs_what_is_reported_where_no_browser_shows_it() {
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
