//! Lengths of time in words.

use crate::clock::Timestamp;

/// Returns a length of time in one unit, rounded down: `42 minutes`, `3 hours`, `1 day`.
pub(crate) fn in_words(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Returns where a time is relative to now: `in 42 minutes`, `3 hours ago`, `now`.
pub(crate) fn relative(time: Timestamp, now: Timestamp) -> String {
    match time.secs_since(now) {
        0 => "now".to_owned(),
        ahead @ 1.. => format!("in {}", in_words(ahead)),
        behind => format!("{} ago", in_words(behind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;

    #[test]
    fn a_length_of_time_has_one_unit_and_is_rounded_down() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (2579, "42 minutes"),
            (7199, "119 minutes"),
            (7200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
            (-2520, "42 minutes"),
            (i64::MIN, "106751991167300 days"),
        ] {
            assert_eq!(in_words(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn a_time_is_relative_to_now() {
        assert_eq!(relative(at(100), at(100)), "now");
        assert_eq!(relative(at(2620), at(100)), "in 42 minutes");
        assert_eq!(relative(at(0), at(10_800)), "3 hours ago");
    }
}
