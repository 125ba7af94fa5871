//! The single access point to the clock, and the type of a point in time.
//!
//! Commands read the clock and pass the time down as `now`. A login takes minutes, so it gets the clock itself.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time, in whole seconds since the epoch. The difference of two is a number of seconds, so the two are not mixed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970.
    pub(crate) const EPOCH: Self = Self(0);

    pub(crate) const fn from_secs(secs: i64) -> Self {
        Self(secs)
    }

    /// The seconds since the epoch.
    pub(crate) const fn secs(self) -> i64 {
        self.0
    }

    #[must_use]
    pub(crate) const fn saturating_add(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs))
    }

    #[must_use]
    pub(crate) const fn saturating_sub(self, secs: i64) -> Self {
        Self(self.0.saturating_sub(secs))
    }

    /// How many seconds have passed since another point in time. Negative if that one is later.
    pub(crate) const fn secs_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Formats it as RFC 3339 in UTC. A time outside of the calendar's range becomes the last time in it.
    pub(crate) fn rfc3339(self) -> String {
        chrono::DateTime::from_timestamp(self.0, 0)
            .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC)
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }
}

/// A time before 1970 counts as 1970.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH);
        Self(since.map_or(0, |since| since.as_secs().cast_signed()))
    }
}

/// A function that returns the time.
pub(crate) type Clock = fn() -> Timestamp;

/// Returns the time; a clock before 1970 counts as 1970.
#[expect(clippy::disallowed_methods, reason = "the single access point to the clock")]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Returns the time in the unit and since the origin of the start times of processes ([`crate::process::ParentProcess`]).
#[cfg(target_os = "linux")]
pub(crate) fn boot_ticks() -> u64 {
    use nix::time::{ClockId, clock_gettime};

    // Ticks since boot, sleep included; a tick is a hundredth of a second wherever Rust's standard library runs (USER_HZ).
    let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(std::time::Duration::from);
    since_boot.map_or(0, |since| {
        u64::try_from(since.as_millis() / 10).unwrap_or(u64::MAX)
    })
}

/// Returns the time in the unit and since the origin of the start times of processes ([`crate::process::ParentProcess`]).
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_ticks() -> u64 {
    now().secs().unsigned_abs()
}

/// A point in time for a test.
#[cfg(test)]
pub(crate) const fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}
