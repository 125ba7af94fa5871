//! The password grant (RFC 6749 4.3), for providers that offer no other grant.

use std::io;
use std::time::{Duration, Instant};

use crate::oidc::client_auth::load_secret;
use crate::oidc::errors::Error;
use crate::oidc::errors::login::{LoginError, Prompted};
use crate::oidc::errors::network::NetworkError;
use crate::oidc::errors::oauth_error::is_known_code;
use crate::oidc::errors::token::TokenError;
use crate::oidc::event::{Event, Question};
use crate::oidc::grants::login::LoginFailure;
use crate::oidc::token::endpoint::{RESPONSE_TIMEOUT, TokenEndpoint};
use crate::oidc::token::sign_in_demands::SignInDemands;
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
        let missing = match (username, self.provider.named_by_cluster) {
            (None, _) => Prompted::Username,
            (Some(_), true) => Prompted::PasswordForClusterIssuer,
            (Some(_), false) => Prompted::Password,
        };
        if !login.may_prompt && (username.is_none() || password.is_none()) {
            return Err(LoginFailure::before_prompt(LoginError::PromptImpossible(missing)));
        }
        let password = password
            .map(|source| load_secret(source, self.interaction))
            .transpose()
            .map_err(LoginFailure::before_prompt)?;
        let cache = self.open_cache();
        let metadata = self.discover(&cache).await.map_err(LoginFailure::before_prompt)?;
        metadata
            .check_keys(self.provider.token)
            .map_err(LoginFailure::before_prompt)?;
        let timeout = login.timeout.clamp(RESPONSE_TIMEOUT, MAX_RESPONSE_TIMEOUT);
        let endpoint = TokenEndpoint::new(self, &cache, &metadata).with_timeout(timeout);
        let deadline = Instant::now() + login.timeout;
        let mut name = match username {
            Some(username) => username.to_owned(),
            None => self.ask_username(None, login, deadline)?,
        };
        let is_prompted = username.is_none() || password.is_none();
        let mut tries = 1;
        let response = loop {
            let typed = match &password {
                Some(password) => password.clone(),
                None => self.ask_password(login, deadline)?,
            };
            let response = endpoint.password(&name, &typed, &self.provider.scopes).await;
            match response.map_err(mark_refusal) {
                Err(error) if may_be_mistyped(&error) && password.is_none() && tries < MAX_TRIES => {
                    self.interaction.report(Event::InputRefused(&error));
                    tries += 1;
                    // The provider does not say whether the name or the password was wrong. A configured name is not prompted for.
                    if username.is_none() {
                        name = self.ask_username(Some(&name), login, deadline)?;
                    }
                }
                Err(error) => {
                    return Err(LoginFailure {
                        was_prompted: is_prompted || may_count_as_failed_attempt(&error),
                        error,
                    });
                }
                Ok(response) => break response,
            }
        };
        let verified = self
            .verify_without_nonce(&response, &cache, &metadata, &SignInDemands::default())
            .await;
        verified.map_err(|error| LoginFailure {
            error,
            was_prompted: is_prompted,
        })
    }

    /// Prompts for the password until it is not empty. An empty password is a typing error, and sending it would count towards the
    /// lockout of the account.
    fn ask_password(&self, login: &Login, deadline: Instant) -> Result<Secret, LoginFailure> {
        loop {
            let typed = (self.interaction.ask)(Question::Password, Some(deadline));
            let typed = typed.map_err(|error| prompt_failure(error, Prompted::Password, login))?;
            if !typed.expose().is_empty() {
                return Ok(typed);
            }
            if Instant::now() >= deadline {
                return Err(prompt_failure(
                    io::ErrorKind::TimedOut.into(),
                    Prompted::Password,
                    login,
                ));
            }
            self.interaction.report(Event::NoPassword);
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
            let typed = (self.interaction.ask)(Question::Username { earlier }, Some(deadline));
            let typed = typed.map_err(|error| prompt_failure(error, Prompted::Username, login))?;
            match (typed.expose(), earlier) {
                ("", None) => {}
                ("", Some(earlier)) => return Ok(earlier.to_owned()),
                (name, _) => return Ok(name.to_owned()),
            }
            self.interaction.report(Event::NoUsername);
        }
        Err(LoginFailure::after_prompt(LoginError::NotTyped(
            Prompted::Username,
        )))
    }
}

/// Marks a response that may refuse the password without an OAuth error, as the responses of many providers do.
fn mark_refusal(error: Error) -> Error {
    let is_vague = match &error {
        Error::Token(TokenError::Refused(refusal)) => {
            !is_known_code(refusal.error.as_str()) && !refusal.is_server_fault()
        }
        _ => refusing_status(&error).is_some(),
    };
    let error = match error {
        Error::Token(TokenError::ClientRefused { url }) => Error::Token(TokenError::NoReason {
            url,
            status: 401,
            request_id: None,
        }),
        error => error,
    };
    if is_vague {
        Error::PasswordRefused(Box::new(error))
    } else {
        error
    }
}

/// Returns the status of a response without an OAuth error, if it may be a refusal. HTTP 408 and 425 request a repetition (RFC 9110 15.5.9, RFC
/// 8470 5.2); 429 is a different error.
fn refusing_status(error: &Error) -> Option<u16> {
    let status = match error {
        Error::Token(TokenError::ClientRefused { .. }) => 401,
        Error::Token(TokenError::NoReason { status, .. })
        | Error::Network(
            NetworkError::Status { status, .. }
            | NetworkError::NotJson { status, .. }
            | NetworkError::ContentEncoding { status, .. },
        ) => *status,
        _ => return None,
    };
    (matches!(status, 400..500) && !matches!(status, 408 | 425)).then_some(status)
}

/// Whether the provider may have counted a failed attempt. Some providers lock an account after a few.
fn may_count_as_failed_attempt(error: &Error) -> bool {
    match error {
        Error::PasswordRefused(_) => true,
        Error::Token(TokenError::Refused(refusal)) => {
            !refusal.is_server_fault() && refusal.code() != "invalid_client"
        }
        _ => false,
    }
}

/// Whether a person may have mistyped the password or the name.
fn may_be_mistyped(error: &Error) -> bool {
    match error {
        Error::Token(TokenError::Refused(refusal)) => refusal.is_invalid_grant(),
        Error::PasswordRefused(refusal) => match &**refusal {
            Error::Token(TokenError::Refused(refusal)) => matches!(refusal.status, Some(400 | 401 | 403)),
            error => refusing_status(error).is_some_and(|status| matches!(status, 400 | 401 | 403)),
        },
        _ => false,
    }
}

fn prompt_failure(error: io::Error, what: Prompted, login: &Login) -> LoginFailure {
    LoginFailure::after_prompt(match error.kind() {
        io::ErrorKind::UnexpectedEof => LoginError::NotTyped(what),
        io::ErrorKind::TimedOut => LoginError::NotTypedInTime {
            what,
            seconds: login.timeout.as_secs(),
        },
        _ => LoginError::Prompt(error),
    })
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use url::Url;

    use super::*;
    use crate::oidc::http::response::read_form_response;

    #[test]
    fn an_answer_counts_as_a_try_unless_it_is_about_the_client_or_passes() {
        let html = "<title>Unauthorized</title>";
        let uaa = r#"{"error":"unauthorized","error_description":"Bad credentials"}"#;
        let spring = r#"{"status":401,"error":"Unauthorized","message":"Bad credentials"}"#;
        let okta = r#"{"errorCode":"E0000004","errorSummary":"Authentication failed"}"#;
        for (status, body, is_counted, is_asked_again) in [
            (400, r#"{"error":"invalid_grant"}"#, true, true),
            (401, r#"{"error":"invalid_grant"}"#, true, true),
            (200, r#"{"error":"invalid_grant"}"#, true, true),
            (401, uaa, true, true),
            (401, spring, true, true),
            (401, okta, true, true),
            (401, html, true, true),
            (401, "", true, true),
            (401, r#"{"message":"Bad credentials"}"#, true, true),
            (400, r#"{"error":"Invalid credentials"}"#, true, true),
            (400, r#"{"error":"bad_password"}"#, true, true),
            (403, r#"{"message":"Wrong user name or password"}"#, true, true),
            (403, html, true, true),
            (404, html, true, false),
            (
                404,
                r#"{"error":"not_found","error_description":"x"}"#,
                true,
                false,
            ),
            (423, "", true, false),
            // Another password would not be accepted either.
            (400, r#"{"error":"unsupported_grant_type"}"#, true, false),
            (400, r#"{"error":"invalid_scope"}"#, true, false),
            (400, r#"{"error":"access_denied"}"#, true, false),
            (401, r#"{"error":"invalid_client"}"#, false, false),
            (408, html, false, false),
            (425, html, false, false),
            (429, html, false, false),
            (503, html, false, false),
            (302, "", false, false),
            (400, r#"{"error":"temporarily_unavailable"}"#, false, false),
            (200, "{", false, false),
        ] {
            let url = Url::parse("https://i/token").unwrap();
            let kind = if body == html {
                "text/html"
            } else {
                "application/json"
            };
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            let code = StatusCode::from_u16(status).unwrap();
            let error =
                read_form_response(&url, code, &headers, body.as_bytes(), crate::clock::at(0)).unwrap_err();
            let error = mark_refusal(error);
            let judged = (may_count_as_failed_attempt(&error), may_be_mistyped(&error));
            assert_eq!(judged, (is_counted, is_asked_again), "{status} {body}: {error}");
        }
    }
}
