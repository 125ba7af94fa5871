//! A device code and the wait for the person who signs in with it (RFC 8628 3.2 to 3.5).
//!
//! Owns the pace: that of the provider, slower when it says so, through rate limits and networks that fail for a while, until the
//! code's own end. How long to wait after each answer is decided by a pure function.

use std::time::Duration;

use oauth2::PkceCodeVerifier;
use serde_json::{Map, Value};
use url::Url;

use crate::clock::Clock;
use crate::oidc::errors::Error;
use crate::oidc::http::response::{BROKEN_JSON, NO_OBJECT, shown};
use crate::oidc::json;
use crate::oidc::token::endpoint::TokenEndpoint;
use crate::oidc::token::response::{NOTHING, TokenResponse};
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// Seconds between two polls where the provider does not say (RFC 8628 3.2).
const DEFAULT_INTERVAL: u64 = 5;
/// Seconds more between two polls from each `slow_down` on (RFC 8628 3.5).
const SLOW_DOWN: u64 = 5;
/// Shortest and longest interval between two polls, in seconds, whatever the provider says.
const MIN_INTERVAL: u64 = 1;
const MAX_INTERVAL: u64 = 60;
/// Life of a device code where the provider does not say, in seconds.
const DEFAULT_LIFE: i64 = 600;

/// The response of the device authorization endpoint.
#[derive(Debug)]
pub(in crate::oidc) struct DeviceCode {
    /// Never shown.
    secret: Secret,
    pub(in crate::oidc) user_code: String,
    pub(in crate::oidc) verification_uri: Url,
    /// The same with the user code in it.
    pub(in crate::oidc) verification_uri_complete: Option<Url>,
    expires_in: i64,
    interval: u64,
}

impl DeviceCode {
    pub(in crate::oidc) fn read(mut object: Map<String, Value>, endpoint: &Url) -> Result<Self, Error> {
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
        let missing = |name: &str| Error::TokenAnswer {
            url: shown(endpoint),
            why: UntrustedText::new(&format!("it has no usable `{name}`")),
        };
        let url = |name: &str| json::text(&object, name).and_then(|text| Url::parse(text).ok());
        Ok(Self {
            secret: device_code.ok_or_else(|| missing("device_code"))?,
            user_code: user_code.ok_or_else(|| missing("user_code"))?,
            // Google has the name of a draft.
            verification_uri: url("verification_uri")
                .or_else(|| url("verification_url"))
                .ok_or_else(|| missing("verification_uri"))?,
            verification_uri_complete: url("verification_uri_complete"),
            expires_in: json::seconds(&object, "expires_in")
                .filter(|seconds| *seconds > 0)
                .unwrap_or(DEFAULT_LIFE),
            interval: json::seconds(&object, "interval")
                .and_then(|seconds| u64::try_from(seconds).ok())
                .unwrap_or(DEFAULT_INTERVAL),
        })
    }

    /// How long to wait for the person, in seconds: for the code's life, and not longer than for any other sign-in, since others wait
    /// for this one.
    pub(in crate::oidc) fn life(&self, timeout: u64) -> u64 {
        self.expires_in.unsigned_abs().min(timeout)
    }

    /// Polls until the person has decided, or `life` seconds have passed.
    pub(in crate::oidc) async fn wait(
        &self,
        endpoint: &TokenEndpoint<'_>,
        verifier: Option<&PkceCodeVerifier>,
        life: u64,
        clock: Clock,
    ) -> Result<TokenResponse, Error> {
        let end = clock().saturating_add_unsigned(life);
        let mut pace = Pace {
            interval: self.interval.clamp(MIN_INTERVAL, MAX_INTERVAL),
        };
        loop {
            let error = match endpoint.poll(&self.secret, verifier).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let now = clock();
            let left = u64::try_from(end.saturating_sub(now)).unwrap_or_default();
            let Some(wait) = pace.after(&error, now) else {
                return Err(ended(error));
            };
            if left == 0 {
                return Err(match is_pending(&error) {
                    true if life < self.expires_in.unsigned_abs() => {
                        Error::DeviceUnattended { seconds: life }
                    }
                    true => Error::DeviceExpired,
                    false => error,
                });
            }
            // A last look at the code's end, for whoever agreed in its last seconds.
            tokio::time::sleep(Duration::from_secs(wait.min(left))).await;
        }
    }
}

/// How often is asked.
#[derive(Debug)]
struct Pace {
    /// In seconds.
    interval: u64,
}

impl Pace {
    /// Returns how long to wait after an answer, in seconds; `None` when there is nothing to wait for.
    fn after(&mut self, error: &Error, now: i64) -> Option<u64> {
        match error {
            Error::OAuth(refusal) => match refusal.code().as_str() {
                "authorization_pending" => Some(self.interval),
                "slow_down" => {
                    self.interval = self.interval.saturating_add(SLOW_DOWN).min(MAX_INTERVAL);
                    Some(self.interval)
                }
                _ => (refusal.is_of_the_server() || refusal.is_no_code()).then_some(self.interval),
            },
            Error::RateLimited { until, .. } => {
                let asked = until.and_then(|until| u64::try_from(until.saturating_sub(now)).ok());
                Some(asked.unwrap_or(SLOW_DOWN).clamp(self.interval, MAX_INTERVAL))
            }
            // RFC 8628 3.5: ever more slowly while the network fails.
            Error::Timeout { .. } => {
                self.interval = self.interval.saturating_mul(2).min(MAX_INTERVAL);
                Some(self.interval)
            }
            Error::Unreachable { .. }
            | Error::UnknownHost { .. }
            | Error::Refused { .. }
            | Error::NotHttp { .. }
            | Error::NoReason { .. }
            | Error::Redirected { .. }
            | Error::ContentEncoding { .. }
            | Error::AnswerTooLarge { .. }
            // Without an OAuth error it may be a proxy's; the device endpoint has accepted the client.
            | Error::ClientRefused { .. }
            | Error::NotJson { .. } => Some(self.interval),
            // Of a gateway, or cut off; tokens that cannot be used stay so.
            Error::TokenAnswer { why, .. } if [BROKEN_JSON, NO_OBJECT, NOTHING].contains(&why.as_str()) => {
                Some(self.interval)
            }
            _ => None,
        }
    }
}

fn is_pending(error: &Error) -> bool {
    matches!(error, Error::OAuth(refusal) if ["authorization_pending", "slow_down"].contains(&refusal.code().as_str()))
}

/// What ended the wait, in the terms of a sign-in.
fn ended(error: Error) -> Error {
    match error {
        Error::OAuth(refusal) if refusal.code() == "expired_token" => Error::DeviceExpired,
        Error::OAuth(refusal) => Error::SignInRefused(refusal),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnose::GrantType;
    use crate::oidc::errors::oauth_error::OAuthError;

    fn read(change: impl FnOnce(&mut Map<String, Value>)) -> Result<DeviceCode, Error> {
        let mut object = json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://i/activate",
        });
        change(object.as_object_mut().unwrap());
        let Value::Object(object) = object else {
            unreachable!()
        };
        DeviceCode::read(object, &Url::parse("https://i/device").unwrap())
    }

    #[test]
    fn numbers_may_be_text_or_absent_and_the_address_may_have_its_older_name() {
        let code = read(|_| ()).unwrap();
        assert_eq!((code.expires_in, code.interval), (600, 5));
        let code = read(|object| {
            object.insert("expires_in".into(), "120".into());
            object.insert("interval".into(), 2.0.into());
            object.insert("user_code".into(), 123_456.into());
            object.insert("verification_uri_complete".into(), Value::Null);
            let uri = object.remove("verification_uri").unwrap();
            object.insert("verification_url".into(), uri);
        });
        let code = code.unwrap();
        assert_eq!((code.expires_in, code.interval), (120, 2));
        assert_eq!(code.user_code, "123456");
        assert_eq!(code.verification_uri.as_str(), "https://i/activate");
    }

    #[test]
    fn a_life_of_zero_says_nothing() {
        for zero in [json!(0), json!("0")] {
            let code = read(|object| drop(object.insert("expires_in".into(), zero)));
            assert_eq!(code.unwrap().expires_in, 600);
        }
    }

    #[test]
    fn nothing_that_a_provider_says_makes_the_wait_endless() {
        let life = |seconds: i64| {
            let code = read(|object| drop(object.insert("expires_in".into(), seconds.into())));
            code.unwrap().life(180)
        };
        assert_eq!(
            (life(600), life(60), life(i64::MAX), life(-5)),
            (180, 60, 180, 180)
        );
        let mut pace = Pace { interval: 60 };
        let slow_down = Error::OAuth(OAuthError {
            status: 400,
            error: UntrustedText::new("slow_down"),
            description: None,
            request_id: None,
            is_okta: false,
            grant: GrantType::DeviceCode,
        });
        assert_eq!(pace.after(&slow_down, 0), Some(60));
    }

    #[test]
    fn what_is_missing_is_named_with_the_endpoint_that_was_asked() {
        for name in ["device_code", "user_code", "verification_uri"] {
            let error = read(|object| drop(object.remove(name))).unwrap_err().to_string();
            assert!(
                error.contains("https://i/device") && error.contains(name),
                "{error}"
            );
        }
    }

    #[test]
    fn the_pace_follows_the_answers() {
        let url = || UntrustedText::new("https://i/token");
        let limited = |until| Error::RateLimited {
            url: url(),
            reason: None,
            until,
            request_id: None,
        };
        let mut pace = Pace { interval: 5 };
        let timeout = Error::Timeout {
            url: url(),
            seconds: 30,
            connected: true,
        };
        let table = [
            (oauth("authorization_pending"), Some(5)),
            (oauth("slow_down"), Some(10)),
            (oauth("authorization_pending"), Some(10)),
            (limited(Some(1020)), Some(20)),
            (limited(Some(1001)), Some(10)),
            (limited(None), Some(10)),
            (oauth("server_error"), Some(10)),
            (oauth("Service Unavailable"), Some(10)),
            (timeout, Some(20)),
            (oauth("authorization_pending"), Some(20)),
            (limited(Some(i64::MAX)), Some(60)),
            (oauth("slow_down"), Some(25)),
            (oauth("access_denied"), None),
            (oauth("expired_token"), None),
            (oauth("invalid_client"), None),
        ];
        for (error, wait) in table {
            assert_eq!(pace.after(&error, 1000), wait, "{error}");
        }
    }
    fn oauth(code: &str) -> Error {
        Error::OAuth(OAuthError {
            status: 400,
            error: UntrustedText::new(code),
            description: None,
            request_id: None,
            is_okta: false,
            grant: GrantType::AuthorizationCode,
        })
    }

    /// One answer of whatever stands in between.
    #[test]
    fn an_answer_that_is_none_of_the_provider_s_changes_nothing() {
        let url = || UntrustedText::new("https://i/token");
        let unusable = |why| Error::TokenAnswer {
            url: url(),
            why: UntrustedText::new(why),
        };
        let table = [
            (oauth("error"), Some(5)),
            (oauth("blocked by policy"), Some(5)),
            (
                Error::NoReason {
                    url: url(),
                    status: 403,
                    request_id: None,
                },
                Some(5),
            ),
            (
                Error::Redirected {
                    url: url(),
                    to: url(),
                },
                Some(5),
            ),
            (unusable(BROKEN_JSON), Some(5)),
            (unusable(NOTHING), Some(5)),
            (unusable(NO_OBJECT), Some(5)),
            (Error::ClientRefused { url: url() }, Some(5)),
            (Error::AnswerTooLarge { url: url(), limit: 5 }, Some(5)),
            (unusable("`id_token` is no text"), None),
        ];
        for (error, wait) in table {
            assert_eq!(Pace { interval: 5 }.after(&error, 1000), wait, "{error}");
        }
    }
}
