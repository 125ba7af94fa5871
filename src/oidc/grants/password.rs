//! The password grant (RFC 6749 4.3), for providers that offer no other grant.

use std::io;
use std::time::{Duration, Instant};

use crate::oidc::errors::Error;
use crate::oidc::event::{Event, Question};
use crate::oidc::grants::login::LoginFailure;
use crate::oidc::read_secret;
use crate::oidc::token::endpoint::{RESPONSE_TIMEOUT, TokenEndpoint};
use crate::oidc::{ProviderClient, Tokens};
use crate::secret::Secret;
use crate::settings::{Login, SecretSource};

/// The longest time to wait for a response. Some providers respond only after the person has approved the sign-in on a phone.
const MAX_RESPONSE_TIMEOUT: Duration = Duration::from_mins(2);

/// How many passwords a person may try.
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
            return Err(LoginFailure::unseen(Error::PromptImpossible(missing)));
        }
        let password = password
            .map(read_secret)
            .transpose()
            .map_err(LoginFailure::unseen)?;
        let documents = self.documents();
        let metadata = documents.metadata(true).await.map_err(LoginFailure::unseen)?;
        metadata
            .check_keys(self.provider.token)
            .map_err(LoginFailure::unseen)?;
        let timeout = login.timeout.clamp(RESPONSE_TIMEOUT, MAX_RESPONSE_TIMEOUT);
        let endpoint = TokenEndpoint::new(self, &documents, &metadata).with_timeout(timeout);
        let deadline = Instant::now() + login.timeout;
        let mut name = match username {
            Some(username) => username.to_owned(),
            None => self.ask_username(None, login, deadline)?,
        };
        let is_prompted = username.is_none() || password.is_none();
        let login_failure = |error: Error| LoginFailure {
            was_visible: is_prompted || may_count_as_failed_attempt(&error),
            error,
        };
        let mut tries = 1;
        let response = loop {
            let typed = match &password {
                Some(password) => password.clone(),
                None => self.ask_password(login, deadline)?,
            };
            match endpoint.password(&name, &typed, &self.provider.scopes).await {
                Err(Error::OAuth(error))
                    if error.refuses_the_grant() && password.is_none() && tries < MAX_TRIES =>
                {
                    self.person.report(Event::InputRefused(&Error::OAuth(error)));
                    tries += 1;
                    // The provider does not say whether the name or the password was wrong. A configured name is not prompted for.
                    if username.is_none() {
                        name = self.ask_username(Some(&name), login, deadline)?;
                    }
                }
                result => break result.map_err(login_failure)?,
            }
        };
        self.verify_direct(&response, &documents, &metadata)
            .await
            .map_err(login_failure)
    }

    /// Prompts for the password until it is not empty. An empty password is a typing error, and sending it would count towards the
    /// lockout of the account.
    fn ask_password(&self, login: &Login, deadline: Instant) -> Result<Secret, LoginFailure> {
        loop {
            let typed = (self.person.ask)(Question::Password, Some(deadline));
            let typed = typed.map_err(|error| prompt_failure(error, "password", login))?;
            if !typed.expose().is_empty() {
                return Ok(typed);
            }
            if Instant::now() >= deadline {
                return Err(prompt_failure(io::ErrorKind::TimedOut.into(), "password", login));
            }
            self.person.report(Event::NoPassword);
        }
    }

    /// Prompts for the user name. An empty line means the `earlier` name, if there is one.
    fn ask_username(
        &self,
        earlier: Option<&str>,
        login: &Login,
        deadline: Instant,
    ) -> Result<String, LoginFailure> {
        for _ in 0..MAX_TRIES {
            let typed = (self.person.ask)(Question::Username { earlier }, Some(deadline));
            let typed = typed.map_err(|error| prompt_failure(error, "user name", login))?;
            match (typed.expose(), earlier) {
                ("", None) => {}
                ("", Some(earlier)) => return Ok(earlier.to_owned()),
                (name, _) => return Ok(name.to_owned()),
            }
            self.person.report(Event::NoUsername);
        }
        Err(LoginFailure::visible(Error::NotTyped("user name")))
    }
}

/// Whether the provider may have counted a failed attempt. Some providers lock an account after a few.
fn may_count_as_failed_attempt(error: &Error) -> bool {
    matches!(error, Error::OAuth(_)) && !error.passes() && !error.is_of_the_client()
}

fn prompt_failure(error: io::Error, what: &'static str, login: &Login) -> LoginFailure {
    LoginFailure::visible(match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::NotTyped(what),
        io::ErrorKind::TimedOut => Error::NotTypedInTime {
            what,
            seconds: login.timeout.as_secs(),
        },
        _ => Error::Prompt(error),
    })
}
