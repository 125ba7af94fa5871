//! The password grant (RFC 6749 4.3), for providers that know nothing else.

use std::io;
use std::time::{Duration, Instant};

use crate::oidc::errors::Error;
use crate::oidc::event::{Event, Question};
use crate::oidc::grants::login::{LoginFailure, asked, not_asked};
use crate::oidc::read;
use crate::oidc::token::endpoint::{ANSWER_WAIT, TokenEndpoint};
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::{Login, SecretSource};

/// How long an answer is waited for at most: some providers keep it back until the person has agreed on a phone.
const MAX_ANSWER_WAIT: Duration = Duration::from_mins(2);

/// How often a person may try.
const MAX_TRIES: usize = 3;

impl ProviderClient<'_> {
    pub(in crate::oidc) async fn login_by_password(
        &self,
        login: &Login,
        username: Option<&str>,
        password: Option<&SecretSource>,
    ) -> Result<Tokens, LoginFailure> {
        let username = username.or(self.provider.account.as_deref());
        let missing = if username.is_none() {
            "user name"
        } else {
            "password"
        };
        if !login.may_prompt && (username.is_none() || password.is_none()) {
            return Err(not_asked(Error::PromptImpossible(missing)));
        }
        let password = password.map(read).transpose().map_err(not_asked)?;
        let documents = self.documents();
        let metadata = documents.metadata(true).await.map_err(not_asked)?;
        metadata.check_keys(self.provider.token).map_err(not_asked)?;
        let limit = login.timeout.clamp(ANSWER_WAIT, MAX_ANSWER_WAIT);
        let endpoint = TokenEndpoint::new(self, &documents, &metadata).with_limit(limit);
        let deadline = Instant::now() + login.timeout;
        let mut name = match username {
            Some(username) => username.to_owned(),
            None => self.ask_username(None, login, deadline)?,
        };
        let is_prompted = username.is_none() || password.is_none();
        let failed = |error: Error| LoginFailure {
            asked: is_prompted || refuses_the_password(&error),
            error,
        };
        let mut tries = 1;
        let answer = loop {
            let typed = match &password {
                Some(password) => password.clone(),
                None => self.ask_password(login, deadline)?,
            };
            match endpoint.password(&name, &typed, &self.provider.scopes).await {
                Err(Error::OAuth(error))
                    if error.refuses_the_grant() && password.is_none() && tries < MAX_TRIES =>
                {
                    self.person.tell(Event::InputRefused(&Error::OAuth(error)));
                    tries += 1;
                    // Which of the two was wrong is not told. A name of the settings is corrected there.
                    if username.is_none() {
                        name = self.ask_username(Some(&name), login, deadline)?;
                    }
                }
                result => break result.map_err(failed)?,
            }
        };
        self.verify_direct(&answer, &documents, &metadata)
            .await
            .map_err(failed)
    }

    /// An Enter alone is a slip: as an attempt it would count towards the lockout of the account.
    fn ask_password(&self, login: &Login, deadline: Instant) -> Result<Secret, LoginFailure> {
        loop {
            let typed = (self.person.ask)(Question::Password, Some(deadline));
            let typed = typed.map_err(|error| prompt_failed(error, "password", login))?;
            if !typed.expose().is_empty() {
                return Ok(typed);
            }
            if Instant::now() >= deadline {
                return Err(prompt_failed(io::ErrorKind::TimedOut.into(), "password", login));
            }
            self.person.tell(Event::NoPassword);
        }
    }

    /// An Enter alone keeps the earlier name, if there is one.
    fn ask_username(
        &self,
        earlier: Option<&str>,
        login: &Login,
        deadline: Instant,
    ) -> Result<String, LoginFailure> {
        for _ in 0..MAX_TRIES {
            let typed = (self.person.ask)(Question::Username { earlier }, Some(deadline));
            let typed = typed.map_err(|error| prompt_failed(error, "user name", login))?;
            match (typed.expose(), earlier) {
                ("", None) => {}
                ("", Some(earlier)) => return Ok(earlier.to_owned()),
                (name, _) => return Ok(name.to_owned()),
            }
            self.person.tell(Event::NoUsername);
        }
        Err(asked(Error::NotTyped("user name")))
    }
}

/// Whether the provider may have counted a try against the account, which some lock after a few.
fn refuses_the_password(error: &Error) -> bool {
    matches!(error, Error::OAuth(_)) && !error.passes() && !error.is_of_the_client()
}

fn prompt_failed(error: io::Error, what: &'static str, login: &Login) -> LoginFailure {
    asked(match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::NotTyped(what),
        io::ErrorKind::TimedOut => Error::NotTypedInTime {
            what,
            seconds: login.timeout.as_secs(),
        },
        _ => Error::Prompt(error),
    })
}
