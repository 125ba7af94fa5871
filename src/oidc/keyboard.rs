//! The authorization code by hand: for a machine that no browser can come back to.
//!
//! The person pastes the code, or the address that the browser ended on; of the latter the state is checked.

use std::thread;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::answer_rules::{Expected, pasted};
use super::error::Error;
use super::event::{Ask, Event, Question};
use super::login::{Attempt, LoginFailure, asked, not_asked};
use super::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::Login;

impl ProviderClient<'_> {
    pub(super) async fn login_by_keyboard(&self, login: &Login) -> Result<Tokens, LoginFailure> {
        if !login.may_prompt {
            return Err(not_asked(Error::PromptImpossible("code")));
        }
        let documents = self.documents();
        let metadata = documents.metadata(true).await.map_err(not_asked)?;
        let redirect_uri = login.keyboard_redirect.as_deref();
        let attempt = Attempt::new(self.provider, &metadata, redirect_uri).map_err(not_asked)?;
        self.person.tell(Event::OpenUrl(&attempt.url));
        let expected = Expected {
            authority: String::new(),
            path: String::new(),
            state: attempt.state,
            issuer: self.provider.issuer.as_str().to_owned(),
            promises_iss: false,
        };
        let line = ask(self.person.ask, Question::CodeOrAddress);
        let line = match timeout(login.timeout, line).await {
            Ok(line) => line.map_err(asked)?,
            Err(_) => {
                return Err(asked(Error::NothingPasted {
                    seconds: login.timeout.as_secs(),
                }));
            }
        };
        let code = pasted(line.expose(), &expected).map_err(asked)?;
        let tokens = self.finish(
            &code,
            redirect_uri,
            &documents,
            &metadata,
            &attempt.nonce,
            attempt.verifier,
        );
        tokens.await.map_err(asked)
    }
}

impl ProviderClient<'_> {
    /// Asks for the address that a browser on another machine ended on, until it is of this sign-in.
    pub(super) async fn pasted_answer(&self, expected: &Expected) -> Result<Secret, Error> {
        loop {
            let line = ask(self.person.ask, Question::AddressBesideListener).await?;
            match pasted(line.expose(), expected) {
                Err(error @ Error::Pasted(_)) => self.person.tell(Event::InputRefused(&error)),
                answer => return answer,
            }
        }
    }
}

/// Asks on a thread, so that the login's time ends a wait for a person who has left.
pub(super) async fn ask(ask: Ask, question: Question) -> Result<Secret, Error> {
    let (answer, receiver) = oneshot::channel();
    thread::spawn(move || drop(answer.send(ask(question))));
    match receiver.await {
        Ok(line) => line.map_err(Error::Prompt),
        Err(_) => Err(Error::Internal("prompt")),
    }
}
