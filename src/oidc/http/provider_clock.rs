//! How far the provider's clock is ahead of this machine's, by the last response that named its time (header `Date`).

use std::sync::{Mutex, PoisonError};

use reqwest::header::{DATE, HeaderMap};

use crate::clock::{Clock, Timestamp};
use crate::oidc::http::response::header;

pub(super) struct ProviderClock {
    own: Clock,
    ahead_secs: Mutex<Option<i64>>,
}

impl ProviderClock {
    /// `own` is the clock of this machine.
    pub(super) fn new(own: Clock) -> Self {
        Self {
            own,
            ahead_secs: Mutex::default(),
        }
    }

    pub(super) fn record(&self, headers: &HeaderMap) {
        if let Some(date) = header(headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok()) {
            let ahead_secs = Timestamp::from(date).secs_since((self.own)());
            *self.ahead_secs.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead_secs);
        }
    }

    /// `None` if no response has named its time.
    pub(super) fn ahead_secs(&self) -> Option<i64> {
        *self.ahead_secs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same in minutes, as an [`OAuthError`](crate::oidc::OAuthError) stores it: 0 if it is not known.
    pub(super) fn ahead_mins(&self) -> i16 {
        let mins = self.ahead_secs().unwrap_or_default() / 60;
        let most = if mins < 0 { i16::MIN } else { i16::MAX };
        i16::try_from(mins).unwrap_or(most)
    }

    /// Returns the time by the provider's clock, if it is known.
    pub(super) fn now(&self) -> Option<Timestamp> {
        Some((self.own)().saturating_add(self.ahead_secs()?))
    }
}
