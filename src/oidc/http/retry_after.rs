//! When a provider wants to be asked again. Pure.

use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};

use crate::oidc::http::response::header;

/// A provider that names a later time than this means no time that anybody waits for.
const MAX_WAIT_SECS: i64 = 24 * 60 * 60;

/// A rate limit that lasts longer than this is asked about all the same, so that nobody is told to wait longer.
const MAX_RATE_LIMIT_SECS: i64 = 300;

/// When to ask again after a 429: as the answer says, else by Okta's own header, which it sends with each answer.
pub(in crate::oidc) fn end_of_rate_limit(headers: &HeaderMap, now: i64) -> Option<i64> {
    let reset = || {
        header(headers, &HeaderName::from_static("x-rate-limit-reset"))?
            .parse()
            .ok()
    };
    let until = retry_after(headers, now).or_else(|| believable(reset()?, now))?;
    Some(until.min(now.saturating_add(MAX_RATE_LIMIT_SECS)))
}

/// `Retry-After` in seconds or as a date (RFC 9110 10.2.3).
pub(in crate::oidc) fn retry_after(headers: &HeaderMap, now: i64) -> Option<i64> {
    let text = header(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = text.parse::<u32>() {
        return believable(now.saturating_add(i64::from(seconds)), now);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    believable(i64::try_from(since.as_secs()).ok()?, now)
}

/// Within a day; a time that is over says nothing.
fn believable(until: i64, now: i64) -> Option<i64> {
    (until > now).then(|| until.min(now.saturating_add(MAX_WAIT_SECS)))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_rate_limit_says_when_to_ask_again_in_three_ways() {
        let until = |name: HeaderName, value| end_of_rate_limit(&headers(name, value), 1000);
        assert_eq!(until(RETRY_AFTER, "20"), Some(1020));
        assert_eq!(until(RETRY_AFTER, "Thu, 01 Jan 1970 00:20:00 GMT"), Some(1200));
        assert_eq!(
            until(HeaderName::from_static("x-rate-limit-reset"), "1050"),
            Some(1050)
        );
        assert_eq!(until(RETRY_AFTER, "soon"), None);
    }

    #[test]
    fn a_time_to_ask_again_is_later_and_within_a_day() {
        let until = |value| retry_after(&headers(RETRY_AFTER, value), 1000);
        for (value, expected) in [
            ("0", None),
            ("-5", None),
            ("Thu, 01 Jan 1970 00:00:20 GMT", None),
            ("86400", Some(87_400)),
            ("86401", Some(87_400)),
            ("4294967295", Some(87_400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(87_400)),
        ] {
            assert_eq!(until(value), expected, "{value}");
        }
    }

    /// What a person is told is when we ask again.
    #[test]
    fn a_rate_limit_is_told_as_no_longer_than_it_is_kept() {
        for (name, value, expected) in [
            (RETRY_AFTER, "300", 1300),
            (RETRY_AFTER, "301", 1300),
            (RETRY_AFTER, "4294967295", 1300),
            (HeaderName::from_static("x-rate-limit-reset"), "90000", 1300),
        ] {
            let until = end_of_rate_limit(&headers(name, value), 1000);
            assert_eq!(until, Some(expected), "{value}");
        }
    }
}
