//! The authorization code by hand: for a machine that no browser can come back to.
//!
//! The person pastes the code, or the address that the browser ended on; of the latter the state is checked.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tokio::time::{Instant, timeout_at};

use crate::oidc::errors::Error;
use crate::oidc::event::Event;
use crate::oidc::grants::login::{Attempt, LoginFailure, asked, not_asked};
use crate::oidc::grants::waiting::Wait;
use crate::oidc::loopback::authorization_response::CallbackExpectation;
use crate::oidc::loopback::mix_up::Defence;
use crate::oidc::{ProviderClient, Tokens};
use crate::settings::Login;

/// How many codes are tried: a pipe may hold any number of lines, and each costs the provider a request.
const MAX_CODES: usize = 5;

impl ProviderClient<'_> {
    pub(in crate::oidc) async fn login_by_keyboard(&self, login: &Login) -> Result<Tokens, LoginFailure> {
        if !login.may_prompt {
            return Err(not_asked(Error::PromptImpossible("code")));
        }
        // Nobody listens, so that no path shows whose code it is, and what an issuer promises of itself shows nothing.
        if self.provider.named_by_cluster {
            return Err(not_asked(Error::CodeOfAnybody));
        }
        let documents = self.documents();
        let metadata = documents.metadata(true).await.map_err(not_asked)?;
        let redirect_uri = login.keyboard_redirect.as_deref();
        let attempt = Attempt::new(self.provider, &metadata, redirect_uri).map_err(not_asked)?;
        // OpenID Connect Core 3.1.2.1 requires one; OAuth (RFC 6749 3.1.2.3) does not where a single one is registered.
        if redirect_uri.is_none() {
            self.person.tell(Event::NoRedirectUri);
        }
        self.person.tell(Event::OpenUrl(&attempt.url));
        let expected = CallbackExpectation {
            authority: String::new(),
            path: String::new(),
            state: attempt.state.clone(),
            issuer: self.provider.issuer.as_str().to_owned(),
            // Of the pasted text only what is there is checked: a code alone names nobody.
            iss_required: false,
            defence: Defence::Unneeded,
        };
        let wait = Wait {
            person: self.person,
            login,
            url: &attempt.url,
            opened_url: &attempt.url,
            issuer: self.provider.issuer.as_str(),
            deadline: Instant::now() + login.timeout,
            pasted: Mutex::default(),
            reopens: AtomicBool::default(),
        };
        let mut refused = None;
        for _ in 0..MAX_CODES {
            let answer = timeout_at(wait.deadline, wait.typed_answer(&expected)).await;
            self.person.tell(Event::WaitEnded);
            let code = match answer {
                Ok(Ok(code)) => code,
                Ok(Err(error)) => return Err(asked(refused.unwrap_or(error))),
                Err(_) => return Err(asked(refused.unwrap_or_else(|| nothing_pasted(login)))),
            };
            let tokens = self.finish(&code, redirect_uri, &documents, &metadata, &attempt);
            match tokens.await.map_err(|error| wait.explained(error)) {
                Err(error @ Error::PastedCodeRefused(_)) => {
                    self.person.tell(Event::InputRefused(&error));
                    refused = Some(error);
                }
                result => return result.map_err(asked),
            }
        }
        Err(asked(refused.unwrap_or(Error::Internal("no code"))))
    }
}

fn nothing_pasted(login: &Login) -> Error {
    Error::NothingPasted {
        seconds: login.timeout.as_secs(),
        has_redirect_uri: login.keyboard_redirect.is_some(),
    }
}
