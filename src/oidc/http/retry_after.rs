//! Reads when the provider allows the next request. Pure.

use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};

use crate::clock::Timestamp;
use crate::oidc::http::response::header;

/// A later time is reduced to this.
const MAX_WAIT_SECS: i64 = 24 * 60 * 60;

/// A longer rate limit is reduced to this: the provider gets a new request after this time, so no person is told to wait longer.
const MAX_RATE_LIMIT_SECS: i64 = 300;

/// Returns the end of a rate limit (HTTP 429): the time in `Retry-After`, or else in Okta's own header, which Okta sends with every
/// response.
pub(in crate::oidc) fn end_of_rate_limit(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let reset = || {
        header(headers, &HeaderName::from_static("x-rate-limit-reset"))?
            .parse()
            .ok()
            .map(Timestamp::from_secs)
    };
    let until = retry_after(headers, now).or_else(|| plausible_time(reset()?, now))?;
    Some(until.min(now.saturating_add(MAX_RATE_LIMIT_SECS)))
}

/// Returns when to send the next request after a fault of the provider. It is no later than the end of a rate limit could be.
pub(in crate::oidc) fn end_of_outage(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let until = retry_after(headers, now)?;
    Some(until.min(now.saturating_add(MAX_RATE_LIMIT_SECS)))
}

/// Returns the time in `Retry-After`, which is a number of seconds or a date (RFC 9110 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = header(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = text.parse::<u32>() {
        return plausible_time(now.saturating_add(i64::from(seconds)), now);
    }
    plausible_time(httpdate::parse_http_date(text).ok()?.into(), now)
}

/// Limits a time to one day from now. A time in the past is ignored.
fn plausible_time(until: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (until > now).then(|| until.min(now.saturating_add(MAX_WAIT_SECS)))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::clock::at;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_end_of_a_rate_limit_is_read_from_three_forms() {
        let until = |name: HeaderName, value| end_of_rate_limit(&headers(name, value), at(1000));
        assert_eq!(until(RETRY_AFTER, "20"), Some(at(1020)));
        assert_eq!(
            until(RETRY_AFTER, "Thu, 01 Jan 1970 00:20:00 GMT"),
            Some(at(1200))
        );
        assert_eq!(
            until(HeaderName::from_static("x-rate-limit-reset"), "1050"),
            Some(at(1050))
        );
        assert_eq!(until(RETRY_AFTER, "soon"), None);
    }

    #[test]
    fn the_time_of_a_retry_is_in_the_future_and_within_a_day() {
        let until = |value| retry_after(&headers(RETRY_AFTER, value), at(1000));
        for (value, expected) in [
            ("0", None),
            ("-5", None),
            ("Thu, 01 Jan 1970 00:00:20 GMT", None),
            ("86400", Some(87_400)),
            ("86401", Some(87_400)),
            ("4294967295", Some(87_400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(87_400)),
        ] {
            assert_eq!(until(value), expected.map(at), "{value}");
        }
    }

    /// The reported time is the time of the next request.
    #[test]
    fn a_rate_limit_is_reported_as_no_longer_than_it_is_stored() {
        for (name, value, expected) in [
            (RETRY_AFTER, "300", 1300),
            (RETRY_AFTER, "301", 1300),
            (RETRY_AFTER, "4294967295", 1300),
            (HeaderName::from_static("x-rate-limit-reset"), "90000", 1300),
        ] {
            let until = end_of_rate_limit(&headers(name, value), at(1000));
            assert_eq!(until, Some(at(expected)), "{value}");
        }
    }
}
