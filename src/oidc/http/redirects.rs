//! Decides which redirects of a GET are followed, and how the others are shown. Pure.
//!
//! The metadata and the key set are public, so following a redirect discloses nothing. But a document is trusted because it comes from the
//! issuer's origin (OpenID Connect Discovery 4), so a redirect to another origin is never followed.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use crate::oidc::http::response::{header, shown};
use crate::untrusted_text::UntrustedText;

/// Similar to the limits of Go and of browsers.
pub(in crate::oidc) const MAX_REDIRECTS: usize = 10;

/// Returns the target of a redirect if it has the same scheme, host and port as the request.
pub(in crate::oidc) fn same_origin_target(
    base: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<Url> {
    // RFC 9110 15.4. The statuses 300 and 304 have no target.
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut target = base.join(header(headers, &LOCATION)?).ok()?;
    target.set_fragment(None);
    let same_origin = target.origin() == base.origin();
    let has_user = !target.username().is_empty() || target.password().is_some();
    (same_origin && !has_user).then_some(target)
}

/// Returns the target of a redirect for a message, without query, fragment, user name and password.
pub(in crate::oidc) fn shown_target(base: &Url, headers: &HeaderMap) -> UntrustedText {
    let unreadable = || UntrustedText::new("an address that cannot be read");
    let Some(location) = header(headers, &LOCATION) else {
        return UntrustedText::new("nowhere");
    };
    let Ok(mut target) = base.join(location) else {
        return unreadable();
    };
    if target.username().is_empty() && target.password().is_none() {
        return UntrustedText::new(location.split(['?', '#']).next().unwrap_or_default());
    }
    match (target.set_username(""), target.set_password(None)) {
        (Ok(()), Ok(())) => shown(&target),
        _ => unreadable(),
    }
}

#[cfg(test)]
mod tests {
    use oauth2::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_same_scheme_host_and_port_are_followed() {
        let base = Url::parse("https://idp.example/a/.well-known/openid-configuration").unwrap();
        let followed = |status: u16, location: &str| {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(location).unwrap())]);
            let target = same_origin_target(&base, StatusCode::from_u16(status).unwrap(), &headers);
            target.map(String::from)
        };
        for (location, target) in [
            ("https://idp.example/b", "https://idp.example/b"),
            ("https://idp.example:443/b#x", "https://idp.example/b"),
            ("//IDP.example/b?c", "https://idp.example/b?c"),
            ("/b", "https://idp.example/b"),
            (
                "openid-configuration/",
                "https://idp.example/a/.well-known/openid-configuration/",
            ),
        ] {
            for status in [301, 302, 303, 307, 308] {
                assert_eq!(followed(status, location).as_deref(), Some(target), "{location}");
            }
        }
        for elsewhere in [
            "http://idp.example/b",
            "https://idp.example:444/b",
            "https://login.idp.example/b",
            "https://idp.example.evil/b",
            "https://user@idp.example/b",
            "//evil.example/b",
            "file:///etc/passwd",
        ] {
            assert_eq!(followed(302, elsewhere), None, "{elsewhere}");
        }
        assert_eq!(followed(200, "/b"), None);
        assert_eq!(followed(304, "/b"), None);
        let none = HeaderMap::new();
        assert_eq!(same_origin_target(&base, StatusCode::FOUND, &none), None);
    }

    #[test]
    fn the_target_of_a_redirect_is_shown_without_query_and_user() {
        let base = Url::parse("https://i/x").unwrap();
        for (location, text) in [
            (
                "https://u:s3cret@other.example/a?code=c#f",
                "https://other.example/a",
            ),
            ("//u:s3cret@other.example/a?code=c", "https://other.example/a"),
            ("https://s3cret@other.example", "https://other.example/"),
            (
                "https://u:s3#cret@other.example/",
                "an address that cannot be read",
            ),
            ("https://u:s3cret@[other/", "an address that cannot be read"),
            ("https://other.example/a?b", "https://other.example/a"),
            ("/login?x", "/login"),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(location).unwrap())]);
            assert_eq!(shown_target(&base, &headers).as_str(), text, "{location}");
        }
        assert_eq!(shown_target(&base, &HeaderMap::new()).as_str(), "nowhere");
    }
}
