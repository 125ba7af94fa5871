//! The device codes and their states. A code is valid once. A poll before the interval has passed gets `slow_down`.
//!
//! Pure: the caller passes the time, in milliseconds of the provider's clock.

use std::collections::HashMap;

use super::{
    behaviour::Behaviour, bodies, choices::DeviceVerification, client_auth::App,
    exchange::AuthorizationServer,
};

/// How early a poll may be: the timer and the network of a client are not exact.
const TOLERANCE: i64 = 100;
/// What every `slow_down` adds to the interval (RFC 8628 3.5).
const SLOW_DOWN: i64 = 5_000;
/// The interval when the response names none, in seconds (RFC 8628 3.2).
const DEFAULT_INTERVAL_SECS: u32 = 5;

/// The request of a device.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRequest {
    pub(crate) app: App,
    pub(crate) server: AuthorizationServer,
    pub(crate) scope: Vec<String>,
    pub(crate) challenge: Option<String>,
    /// The level that the sign-in reaches.
    pub(crate) acr: Option<String>,
}

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Signed in at this time, in seconds.
    Approved {
        auth_time: i64,
    },
    Denied,
}

/// The result of a poll.
#[derive(Debug)]
pub(crate) enum Poll {
    /// The code is unknown, belongs to another app or server, or was used.
    Unknown,
    Expired,
    TooFast,
    Pending,
    Denied,
    /// The code is used up now.
    Approved {
        request: DeviceRequest,
        auth_time: i64,
    },
}

#[derive(Debug)]
struct DeviceCode {
    request: DeviceRequest,
    user_code: String,
    expires: i64,
    interval: i64,
    last_poll: Option<i64>,
    slow_downs: u32,
    pending: u32,
    decision: Option<Decision>,
    used: bool,
}

/// All device codes of a provider.
#[derive(Debug, Default)]
pub(crate) struct DeviceCodes {
    codes: HashMap<String, DeviceCode>,
}

impl DeviceCodes {
    /// Returns a new device code and its user code.
    pub(crate) fn mint(&mut self, rules: &Behaviour, request: DeviceRequest) -> (String, String) {
        let (device_code, user_code) = (bodies::uuid(), bodies::user_code());
        let interval = rules.device_interval_secs.unwrap_or(DEFAULT_INTERVAL_SECS);
        let life = rules.device_expires_in_secs.saturating_mul(1000);
        self.codes.insert(
            device_code.clone(),
            DeviceCode {
                request,
                user_code: user_code.clone(),
                expires: rules.now_millis().saturating_add(life),
                interval: i64::from(interval) * 1000,
                last_poll: None,
                slow_downs: 0,
                pending: 0,
                decision: None,
                used: false,
            },
        );
        (device_code, user_code)
    }

    /// Handles a poll, and counts it.
    pub(crate) fn poll(
        &mut self,
        rules: &Behaviour,
        device_code: &str,
        app: App,
        server: AuthorizationServer,
    ) -> Poll {
        let now = rules.now_millis();
        let Some(code) = self.codes.get_mut(device_code) else {
            return Poll::Unknown;
        };
        if code.used || code.request.app != app || code.request.server != server {
            return Poll::Unknown;
        }
        if now >= code.expires {
            return Poll::Expired;
        }
        if code.is_too_fast(rules, now) {
            return Poll::TooFast;
        }
        match code.decided(rules) {
            None => Poll::Pending,
            Some(Decision::Denied) => Poll::Denied,
            Some(Decision::Approved { auth_time }) => {
                code.used = true;
                Poll::Approved {
                    request: code.request.clone(),
                    auth_time,
                }
            }
        }
    }

    /// Records the decision of the person. Returns `false` if no code waits for one. Case and dashes do not matter (RFC 8628 6.1).
    pub(crate) fn decide(&mut self, user_code: &str, now: i64, decision: Decision) -> bool {
        let typed: String = user_code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let waiting = self.codes.values_mut().find(|code| {
            code.user_code == typed && !code.used && code.decision.is_none() && now < code.expires
        });
        match waiting {
            Some(code) => {
                code.decision = Some(decision);
                true
            }
            None => false,
        }
    }
}

impl DeviceCode {
    fn is_too_fast(&mut self, rules: &Behaviour, now: i64) -> bool {
        let forced = self.slow_downs < rules.device_slow_down_polls;
        let early = self
            .last_poll
            .is_some_and(|last| now.saturating_sub(last) < self.interval - TOLERANCE);
        self.last_poll = Some(now);
        if forced || early {
            self.slow_downs += 1;
            self.interval += SLOW_DOWN;
        }
        forced || early
    }

    fn decided(&mut self, rules: &Behaviour) -> Option<Decision> {
        let auth_time = rules.now();
        let by_itself = match rules.device_verification {
            DeviceVerification::ApproveAfterPolls(polls) if self.pending >= polls => {
                Some(Decision::Approved { auth_time })
            }
            DeviceVerification::Deny => Some(Decision::Denied),
            DeviceVerification::ApproveAfterPolls(_)
            | DeviceVerification::NeverAnswer
            | DeviceVerification::ByPage => None,
        };
        self.decision = self.decision.or(by_itself);
        if self.decision.is_none() {
            self.pending += 1;
        }
        self.decision
    }
}
