//! The device authorization response, and the polling of the token endpoint (RFC 8628 3.2 to 3.5).
//!
//! Owns the polling interval. It starts with the provider's interval and grows when the provider or the network requires it. Rate limits
//! and network failures do not end the polling. A pure function decides how long to wait after each response.

use std::time::Duration;

use oauth2::PkceCodeVerifier;
use serde_json::{Map, Value};
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::oidc::errors::Error;
use crate::oidc::errors::authorization::AuthorizationError;
use crate::oidc::errors::login::LoginError;
use crate::oidc::errors::network::NetworkError;
use crate::oidc::errors::token::{ResponseFault, TokenError};
use crate::oidc::http::response::shown;
use crate::oidc::json;
use crate::oidc::token::endpoint::TokenEndpoint;
use crate::oidc::token::response::TokenResponse;
use crate::secret::Secret;

/// The polling interval if the response names none (RFC 8628 3.2).
const DEFAULT_INTERVAL_SECS: u64 = 5;
/// How much each `slow_down` adds to the interval (RFC 8628 3.5).
const SLOW_DOWN_SECS: u64 = 5;
/// The limits of the interval, whatever the provider requests.
const MIN_INTERVAL_SECS: u64 = 1;
const MAX_INTERVAL_SECS: u64 = 60;
/// The lifetime of a device code if the response names none.
const DEFAULT_LIFETIME_SECS: i64 = 600;

/// The response of the device authorization endpoint.
#[derive(Debug)]
pub(in crate::oidc) struct DeviceAuthorization {
    /// Never shown.
    pub(in crate::oidc) device_code: Secret,
    pub(in crate::oidc) user_code: String,
    pub(in crate::oidc) verification_uri: Url,
    /// The verification URI with the user code in it.
    pub(in crate::oidc) verification_uri_complete: Option<Url>,
    expires_in_secs: i64,
    interval_secs: u64,
}

impl DeviceAuthorization {
    pub(in crate::oidc) fn read(mut object: Map<String, Value>, endpoint: &Url) -> Result<Self, TokenError> {
        let device_code = match object.remove("device_code") {
            Some(Value::String(code)) if !code.is_empty() => Some(Secret::new(code)),
            Some(Value::Number(code)) => Some(Secret::new(code.to_string())),
            _ => None,
        };
        let user_code = match json::member(&object, "user_code") {
            Some(Value::String(code)) => Some(code.clone()),
            Some(Value::Number(code)) => Some(code.to_string()),
            _ => None,
        };
        let missing = |name: &'static str| TokenError::Malformed {
            url: shown(endpoint),
            fault: ResponseFault::Unusable(name),
        };
        let url = |name: &str| json::text(&object, name).and_then(|text| Url::parse(text).ok());
        Ok(Self {
            device_code: device_code.ok_or_else(|| missing("device_code"))?,
            user_code: user_code.ok_or_else(|| missing("user_code"))?,
            // Google uses the name `verification_url` of a draft of RFC 8628.
            verification_uri: url("verification_uri")
                .or_else(|| url("verification_url"))
                .ok_or_else(|| missing("verification_uri"))?,
            verification_uri_complete: url("verification_uri_complete"),
            expires_in_secs: json::seconds(&object, "expires_in")
                .filter(|seconds| *seconds > 0)
                .unwrap_or(DEFAULT_LIFETIME_SECS),
            interval_secs: json::seconds(&object, "interval")
                .and_then(|seconds| u64::try_from(seconds).ok())
                .unwrap_or(DEFAULT_INTERVAL_SECS),
        })
    }

    /// Returns how long to wait for the person, in seconds: the lifetime of the code, but at most the login's timeout, because other
    /// processes may wait for this login.
    pub(in crate::oidc) fn wait_secs(&self, login_timeout_secs: u64) -> u64 {
        self.expires_in_secs.unsigned_abs().min(login_timeout_secs)
    }

    /// Polls until the person has approved or denied the login, or `wait_secs` have passed.
    pub(in crate::oidc) async fn wait(
        &self,
        endpoint: &TokenEndpoint<'_>,
        verifier: Option<&PkceCodeVerifier>,
        wait_secs: u64,
        clock: Clock,
    ) -> Result<TokenResponse, Error> {
        let end = clock().saturating_add(i64::try_from(wait_secs).unwrap_or(i64::MAX));
        let mut interval = PollInterval {
            secs: self.interval_secs.clamp(MIN_INTERVAL_SECS, MAX_INTERVAL_SECS),
        };
        loop {
            let error = match endpoint.poll(&self.device_code, verifier).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let now = clock();
            let left_secs = u64::try_from(end.secs_since(now)).unwrap_or_default();
            let Some(delay_secs) = interval.next_delay_secs(&error, now) else {
                return Err(login_error(error));
            };
            if left_secs == 0 {
                return Err(match is_pending(&error) {
                    true if wait_secs < self.expires_in_secs.unsigned_abs() => {
                        Error::Login(LoginError::DeviceTimeout { seconds: wait_secs })
                    }
                    true => LoginError::DeviceCodeExpired.into(),
                    false => error,
                });
            }
            // The last poll is at the end of the time, so that an approval in the last seconds still counts.
            tokio::time::sleep(Duration::from_secs(delay_secs.min(left_secs))).await;
        }
    }
}

/// The time between two polls.
#[derive(Debug)]
struct PollInterval {
    secs: u64,
}

impl PollInterval {
    /// Returns how long to wait before the next poll, or `None` if the error ends the polling.
    fn next_delay_secs(&mut self, error: &Error, now: Timestamp) -> Option<u64> {
        match error {
            Error::Network(error) => self.after_network_error(error, now),
            Error::Token(error) => self.after_token_error(error),
            Error::Setup(_)
            | Error::Document(_)
            | Error::Login(_)
            | Error::Authorization(_)
            | Error::PasswordRefused(_)
            | Error::Internal(_) => None,
        }
    }

    fn after_network_error(&mut self, error: &NetworkError, now: Timestamp) -> Option<u64> {
        match error {
            NetworkError::RateLimited { until, .. } => {
                let requested = until.and_then(|until| u64::try_from(until.secs_since(now)).ok());
                Some(
                    requested
                        .unwrap_or(SLOW_DOWN_SECS)
                        .clamp(self.secs, MAX_INTERVAL_SECS),
                )
            }
            // RFC 8628 3.5: after a connection timeout, the interval grows exponentially.
            NetworkError::Timeout { .. } => {
                self.secs = self.secs.saturating_mul(2).min(MAX_INTERVAL_SECS);
                Some(self.secs)
            }
            NetworkError::Unreachable { .. }
            | NetworkError::UnknownHost { .. }
            | NetworkError::Status { .. }
            | NetworkError::NotHttp { .. }
            | NetworkError::NotJson { .. }
            | NetworkError::Redirected { .. }
            | NetworkError::ContentEncoding { .. }
            | NetworkError::ResponseTooLarge { .. } => Some(self.secs),
            NetworkError::UnknownProxy { .. }
            | NetworkError::Tls { .. }
            | NetworkError::RedirectLoop { .. } => None,
        }
    }

    fn after_token_error(&mut self, error: &TokenError) -> Option<u64> {
        match error {
            TokenError::Refused(refusal) => match refusal.code().as_str() {
                "authorization_pending" => Some(self.secs),
                "slow_down" => {
                    self.secs = self.secs.saturating_add(SLOW_DOWN_SECS).min(MAX_INTERVAL_SECS);
                    Some(self.secs)
                }
                _ => (refusal.is_transient() || refusal.is_from_gateway()).then_some(self.secs),
            },
            // An HTTP 401 without an OAuth error may come from a proxy: the device authorization endpoint has accepted the client.
            TokenError::ClientRefused { .. } | TokenError::NoReason { .. } => Some(self.secs),
            // Such a response comes from a gateway, or was cut off. Any other unusable token response would stay unusable.
            TokenError::Malformed { fault, .. } => fault.may_come_from_gateway().then_some(self.secs),
            TokenError::PastedCodeRefused(_)
            | TokenError::PastedAddressRefused(_)
            | TokenError::BoundToken(_)
            | TokenError::BearerToken
            | TokenError::TokenCharacters
            | TokenError::NoIdToken
            | TokenError::NoLifetime
            | TokenError::Unverified { .. }
            | TokenError::OtherAccount { .. } => None,
        }
    }
}

fn is_pending(error: &Error) -> bool {
    error
        .oauth_error()
        .is_some_and(|refusal| ["authorization_pending", "slow_down"].contains(&refusal.code().as_str()))
}

/// Converts an error that ended the polling to an error of the login.
fn login_error(error: Error) -> Error {
    match error {
        Error::Token(TokenError::Refused(refusal)) if refusal.code() == "expired_token" => {
            LoginError::DeviceCodeExpired.into()
        }
        Error::Token(TokenError::Refused(refusal)) => AuthorizationError::Refused(refusal).into(),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::at;
    use crate::grant_type::GrantType;
    use crate::oidc::errors::oauth_error::OAuthError;
    use crate::untrusted_text::UntrustedText;

    fn read(change: impl FnOnce(&mut Map<String, Value>)) -> Result<DeviceAuthorization, TokenError> {
        let mut object = json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://i/activate",
        });
        change(object.as_object_mut().unwrap());
        let Value::Object(object) = object else {
            unreachable!()
        };
        DeviceAuthorization::read(object, &Url::parse("https://i/device").unwrap())
    }

    #[test]
    fn numbers_may_be_strings_or_absent_and_the_address_may_have_its_older_name() {
        let code = read(|_| ()).unwrap();
        assert_eq!((code.expires_in_secs, code.interval_secs), (600, 5));
        let code = read(|object| {
            object.insert("expires_in".into(), "120".into());
            object.insert("interval".into(), 2.0.into());
            object.insert("user_code".into(), 123_456.into());
            object.insert("verification_uri_complete".into(), Value::Null);
            let uri = object.remove("verification_uri").unwrap();
            object.insert("verification_url".into(), uri);
        });
        let code = code.unwrap();
        assert_eq!((code.expires_in_secs, code.interval_secs), (120, 2));
        assert_eq!(code.user_code, "123456");
        assert_eq!(code.verification_uri.as_str(), "https://i/activate");
    }

    #[test]
    fn a_lifetime_of_zero_is_ignored() {
        for zero in [json!(0), json!("0")] {
            let code = read(|object| drop(object.insert("expires_in".into(), zero)));
            assert_eq!(code.unwrap().expires_in_secs, 600);
        }
    }

    #[test]
    fn no_value_of_the_provider_makes_the_wait_endless() {
        let wait_secs = |seconds: i64| {
            let code = read(|object| drop(object.insert("expires_in".into(), seconds.into())));
            code.unwrap().wait_secs(180)
        };
        assert_eq!([600, 60, i64::MAX, -5].map(wait_secs), [180, 60, 180, 180]);
        let mut interval = PollInterval { secs: 60 };
        let slow_down = Error::Token(TokenError::Refused(OAuthError {
            status: Some(400),
            error: UntrustedText::new("slow_down"),
            description: None,
            request_id: None,
            is_okta: false,
            grant: GrantType::DeviceCode,
            clock_ahead_mins: 0,
            step_up: None,
        }));
        assert_eq!(interval.next_delay_secs(&slow_down, at(0)), Some(60));
    }

    #[test]
    fn a_missing_member_is_named_with_the_endpoint() {
        for name in ["device_code", "user_code", "verification_uri"] {
            let error = read(|object| drop(object.remove(name))).unwrap_err().to_string();
            assert!(
                error.contains("https://i/device") && error.contains(name),
                "{error}"
            );
        }
    }

    #[test]
    fn the_interval_depends_on_the_responses() {
        let url = || UntrustedText::new("https://i/token");
        let limited = |until| {
            Error::from(NetworkError::RateLimited {
                url: url(),
                reason: None,
                until,
                request_id: None,
            })
        };
        let mut interval = PollInterval { secs: 5 };
        let timeout = Error::Network(NetworkError::Timeout {
            url: url(),
            seconds: 30,
            connected: true,
        });
        let table = [
            (oauth("authorization_pending"), Some(5)),
            (oauth("slow_down"), Some(10)),
            (oauth("authorization_pending"), Some(10)),
            (limited(Some(at(1020))), Some(20)),
            (limited(Some(at(1001))), Some(10)),
            (limited(None), Some(10)),
            (oauth("server_error"), Some(10)),
            (oauth("Service Unavailable"), Some(10)),
            (timeout, Some(20)),
            (oauth("authorization_pending"), Some(20)),
            (limited(Some(at(i64::MAX))), Some(60)),
            (oauth("slow_down"), Some(25)),
            (oauth("access_denied"), None),
            (oauth("expired_token"), None),
            (oauth("invalid_client"), None),
        ];
        for (error, delay_secs) in table {
            assert_eq!(interval.next_delay_secs(&error, at(1000)), delay_secs, "{error}");
        }
    }
    fn oauth(code: &str) -> Error {
        TokenError::Refused(OAuthError {
            status: Some(400),
            error: UntrustedText::new(code),
            description: None,
            request_id: None,
            is_okta: false,
            grant: GrantType::AuthorizationCode,
            clock_ahead_mins: 0,
            step_up: None,
        })
        .into()
    }

    /// A gateway or proxy may send one such response.
    #[test]
    fn a_response_that_does_not_come_from_the_provider_does_not_end_the_polling() {
        let url = || UntrustedText::new("https://i/token");
        let unusable = |fault| Error::from(TokenError::Malformed { url: url(), fault });
        let of_gateway = |status: u16, code| match oauth(code) {
            Error::Token(TokenError::Refused(refusal)) => Error::Token(TokenError::Refused(OAuthError {
                status: Some(status),
                ..refusal
            })),
            error => error,
        };
        let table = [
            (oauth("error"), Some(5)),
            (oauth("blocked by policy"), Some(5)),
            (
                TokenError::NoReason {
                    url: url(),
                    status: 403,
                    request_id: None,
                }
                .into(),
                Some(5),
            ),
            (
                NetworkError::Redirected {
                    url: url(),
                    to: url(),
                }
                .into(),
                Some(5),
            ),
            (unusable(ResponseFault::BrokenJson), Some(5)),
            (unusable(ResponseFault::Empty), Some(5)),
            (unusable(ResponseFault::NotObject), Some(5)),
            (unusable(ResponseFault::TooManyValues), Some(5)),
            (Error::Token(TokenError::ClientRefused { url: url() }), Some(5)),
            (of_gateway(401, "unauthorized"), Some(5)),
            (of_gateway(403, "forbidden"), Some(5)),
            (
                Error::Network(NetworkError::ResponseTooLarge { url: url(), limit: 5 }),
                Some(5),
            ),
            (unusable(ResponseFault::NotText("id_token")), None),
        ];
        for (error, delay_secs) in table {
            let mut interval = PollInterval { secs: 5 };
            assert_eq!(interval.next_delay_secs(&error, at(1000)), delay_secs, "{error}");
        }
    }
}
