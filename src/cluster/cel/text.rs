//! Whether a text is a duration, a timestamp, or a pattern of Go.

/// Units of a duration, the longer ones first where one begins with another.
const UNITS: [&str; 8] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];

/// Whether Go reads the text as a duration, such as `1h30m` or `-1.5s`.
pub(super) fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let number = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        if !digits.contains(|c: char| c.is_ascii_digit()) || digits.matches('.').count() > 1 {
            return false;
        }
        let Some(unit) = UNITS.iter().find(|unit| after.starts_with(**unit)) else {
            return false;
        };
        rest = &after[unit.len()..];
        parts += 1;
    }
    parts > 0
}

/// Whether the text is a timestamp of RFC 3339.
pub(super) fn is_timestamp(text: &str) -> bool {
    let upper = text.chars().all(|c| !matches!(c, 't' | 'z' | ' '));
    upper && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

/// Returns why a pattern cannot be used, in the words of Go for the common reasons.
pub(super) fn pattern_fault(pattern: &str) -> Option<String> {
    let fault = regex_syntax_fault(pattern)?;
    Some(format!("error parsing regexp: {fault}"))
}

fn regex_syntax_fault(pattern: &str) -> Option<String> {
    for (look, name) in [("(?=", "(?="), ("(?!", "(?!"), ("(?<=", "(?<"), ("(?<!", "(?<")] {
        if pattern.contains(look) {
            return Some(format!("invalid or unsupported Perl syntax: `{name}`"));
        }
    }
    regex::Regex::new(pattern)
        .err()
        .map(|_| format!("missing closing ): `{pattern}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_timestamps_are_those_of_go() {
        for text in ["1h", "1h30m", "-1.5s", "+0.5h", "0", "100ms", "1µs", ".5s", "1.s"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["", "x", "1", "1d", "h", "1h ", "1.2.3s", "-", "."] {
            assert!(!is_duration(text), "{text}");
        }
        for (text, valid) in [
            ("2020-01-01T00:00:00Z", true),
            ("2020-01-01T00:00:00.5+01:00", true),
            ("2020-01-01", false),
            ("2020-13-01T00:00:00Z", false),
            ("2020-01-01 00:00:00Z", false),
        ] {
            assert_eq!(is_timestamp(text), valid, "{text}");
        }
    }
}
