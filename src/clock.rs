//! The one place that reads the clock.
//!
//! Commands read it and pass the time down as `now`, in seconds since the epoch. Only a login, which takes
//! minutes, is given the clock itself.

use std::time::{SystemTime, UNIX_EPOCH};

/// A way to ask for the time, in seconds since the epoch.
pub(crate) type Clock = fn() -> i64;

/// Returns the time in seconds since the epoch; a clock before 1970 counts as 1970.
#[expect(clippy::disallowed_methods, reason = "the door to the clock")]
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs().cast_signed())
}

/// Seconds since the epoch as RFC 3339 in UTC; times that no calendar holds become its end.
pub(crate) fn rfc3339(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC)
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}
