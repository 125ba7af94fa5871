//! The single access point to the clock.
//!
//! Commands read it and pass the time down as `now`, in seconds since the epoch. A login takes minutes, so it gets the clock itself.

use std::time::{SystemTime, UNIX_EPOCH};

/// A function that returns the time in seconds since the epoch.
pub(crate) type Clock = fn() -> i64;

/// Returns the time in seconds since the epoch; a clock before 1970 counts as 1970.
#[expect(clippy::disallowed_methods, reason = "the single access point to the clock")]
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs().cast_signed())
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
    now().unsigned_abs()
}

/// Formats seconds since the epoch as RFC 3339 in UTC. A time outside of the calendar's range becomes the last time in it.
pub(crate) fn rfc3339(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
