use reqwest::header::{HeaderValue, RETRY_AFTER};

use super::*;
use crate::clock::at;

fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}

#[test]
fn a_provider_that_is_unavailable_says_until_when() {
    let url = Url::parse("https://i/x").unwrap();
    for (status, value, words) in [
        (503, "120", "try again after 1970-01-01T00:18:40Z"),
        // Nobody is told to wait longer than a provider is left alone.
        (503, "3600", "try again after 1970-01-01T00:21:40Z"),
        (503, "86400", "try again after 1970-01-01T00:21:40Z"),
        (
            503,
            "Thu, 01 Jan 1970 01:00:00 GMT",
            "try again after 1970-01-01T00:21:40Z",
        ),
        (500, "3600", "try again after 1970-01-01T00:21:40Z"),
        (429, "3600", "try again after 1970-01-01T00:21:40Z"),
        (503, "soon", "try again later"),
        (503, "0", "try again later"),
        (429, "0", "try again in a minute"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = check_status(&url, status, &headers(RETRY_AFTER, value), b"", at(1000)).unwrap_err();
        assert_eq!(error.hint(), words, "{status} {value}");
    }
    // Okta sends this header with each response.
    let limit = headers(HeaderName::from_static("x-rate-limit-reset"), "1050");
    let error = check_status(&url, StatusCode::SERVICE_UNAVAILABLE, &limit, b"", at(1000)).unwrap_err();
    assert_eq!(error.hint(), "try again later");
}

#[test]
fn tokens_in_a_form_are_read_in_the_content_types_that_go_reads() {
    let url = Url::parse("https://i/token").unwrap();
    let read = |kind, body: &str| {
        read_form_response(
            &url,
            StatusCode::OK,
            &headers(CONTENT_TYPE, kind),
            body.as_bytes(),
            at(0),
        )
    };
    let form = "access_token=a%2Bb&id_token=x.y.z&expires_in=3600&access_token=second\n";
    for kind in [
        "application/x-www-form-urlencoded; charset=utf-8",
        "text/plain",
        "TEXT/PLAIN",
    ] {
        let members = read(kind, form).expect(kind);
        assert_eq!(members["access_token"], "a+b");
        assert_eq!(
            (&members["id_token"], &members["expires_in"]),
            (&"x.y.z".into(), &"3600".into())
        );
    }
    for (kind, body) in [
        ("text/html", form),
        ("application/json", form),
        ("text/plain", "signed in"),
        ("text/plain", "scope=openid"),
        ("text/plain", "access_token="),
    ] {
        assert!(read(kind, body).is_err(), "{kind} {body}");
    }
    let refused_error = read("text/plain", "error=invalid_grant&access_token=a").unwrap_err();
    assert!(
        matches!(refused_error, Error::Token(TokenError::Refused(_))),
        "{refused_error}"
    );
}

#[test]
fn max_age_is_read_among_other_directives() {
    let age = |value| max_age_secs(&headers(CACHE_CONTROL, value));
    assert_eq!(age("max-age=3832304, must-revalidate"), Some(3_832_304));
    assert_eq!(age("public, Max-Age=5"), Some(5));
    assert_eq!(age("no-store"), Some(0));
    assert_eq!(age("public"), None);
}

#[test]
fn a_429_is_a_rate_limit_even_when_it_says_invalid_grant() {
    let url = Url::parse("https://i/v1/token").unwrap();
    let body = br#"{"error":"invalid_grant","error_description":"API call exceeded rate limit"}"#;
    let result = check_status(
        &url,
        StatusCode::TOO_MANY_REQUESTS,
        &HeaderMap::new(),
        body,
        at(0),
    );
    assert!(matches!(result, Err(NetworkError::RateLimited { .. })));
}

#[test]
fn an_error_in_okta_s_own_format_is_reported() {
    let url = Url::parse("https://i/x").unwrap();
    let body = br#"{"errorCode":"E0000007","errorSummary":"Not found","errorId":"1"}"#;
    let check = |status| check_status(&url, status, &HeaderMap::new(), body, at(0));
    let refused_error = check(StatusCode::NOT_FOUND).unwrap_err().to_string();
    assert_eq!(
        refused_error,
        "https://i/x answered with HTTP 404: E0000007: Not found"
    );
    assert!(check(StatusCode::OK).is_ok());
}

#[test]
fn a_shown_url_has_no_query() {
    let url = Url::parse("https://i/cb?code=secret#x").unwrap();
    assert_eq!(shown(&url).as_str(), "https://i/cb");
}

#[test]
fn json_by_content_type() {
    for kind in [
        "application/json",
        "application/JSON; charset=utf-8",
        "application/x+json",
    ] {
        assert!(is_json(&headers(CONTENT_TYPE, kind)), "{kind}");
    }
    assert!(!is_json(&headers(CONTENT_TYPE, "text/html")));
}
