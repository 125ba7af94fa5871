//! Reads what an error response demands of the next sign-in (RFC 9470 3). Pure.
//!
//! The RFC defines the parameters for the challenge of a resource server. A token endpoint has them in the same header or as members of its
//! error response; the members count where both are there.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

use super::new_oauth_error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::http::response::{form_with_error, header};
use crate::oidc::json;
use crate::step_up::StepUp;

/// Headers beyond this are not read.
const MAX_CHALLENGE_BYTES: usize = 4096;

/// Returns the error of a challenge that demands another sign-in. Other challenges are no errors of the token endpoint.
///
/// A challenge counts only in a refusal. The tokens of a successful response are used whatever its headers say, and a page was made by a
/// gateway or a captive portal: neither ends a session.
pub(super) fn challenge_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<OAuthError> {
    let is_refusal = matches!(status.as_u16(), 400 | 401 | 403) && !is_page(headers, body);
    if !is_refusal {
        return None;
    }
    let code = challenge_parameter(headers, "error")?;
    let error = new_oauth_error(
        status,
        headers,
        &code,
        challenge_parameter(headers, "error_description").as_deref(),
    );
    StepUp::is_code(&error.code()).then_some(error)
}

/// Whether a body is made for a person.
fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = header(headers, &CONTENT_TYPE)
        .unwrap_or_default()
        .to_ascii_lowercase();
    kind.contains("html") || json::trimmed(body).starts_with(b"<")
}

/// Returns the error with what it demands of the next sign-in.
pub(super) fn with_demand(error: OAuthError, headers: &HeaderMap, body: &[u8]) -> OAuthError {
    if !StepUp::is_code(&error.code()) {
        return error;
    }
    let value = |name| member(body, name).or_else(|| challenge_parameter(headers, name));
    let demand = StepUp::read(value("acr_values").as_deref(), value("max_age").as_deref());
    OAuthError {
        step_up: demand.map(Box::new),
        ..error
    }
}

/// Returns a member of a body, which is JSON or a form. Levels may also be a list.
fn member(body: &[u8], name: &str) -> Option<String> {
    let Some(body) = json::object(body) else {
        let mut pairs = form_with_error(body)?;
        return pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned());
    };
    match json::member(&body, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => {
            let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            Some(values.join(" "))
        }
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// Returns a parameter of the challenges of a response (RFC 9110 11.6.1), whatever their schemes are.
fn challenge_parameter(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    let texts = challenges.filter_map(|value| value.to_str().ok());
    texts
        .filter(|text| text.len() <= MAX_CHALLENGE_BYTES)
        .flat_map(parameters)
        .find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then_some(value))
}

/// Returns the parameters in a header: `name=token` or `name="quoted"`. What is neither is skipped.
fn parameters(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit([' ', ',', '\t']).next().unwrap_or_default();
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            quoted_string(quoted)
        } else {
            let end = after.find([',', ' ', '\t']).unwrap_or(after.len());
            let (value, after) = after.split_at(end);
            (value.to_owned(), after)
        };
        found.push((name, value));
        rest = after;
    }
    found
}

/// Reads a quoted string up to its closing quote (RFC 9110 5.6.4). Returns it and what follows.
fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::properties;

    fn demand(challenge: &str, body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        if !challenge.is_empty() {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap());
        }
        let error = new_oauth_error(
            StatusCode::UNAUTHORIZED,
            &headers,
            "insufficient_user_authentication",
            None,
        );
        let error = with_demand(error, &headers, body.as_bytes());
        error.step_up.map(|demand| demand.to_string())
    }

    #[test]
    fn the_demand_is_in_the_body_or_in_the_challenge() {
        let challenge = r#"Bearer realm="a, b=c", error="insufficient_user_authentication", error_description="say \"please\"", acr_values="phr phrh", max_age=60"#;
        let both = Some("acr_values=phr phrh, max_age=60");
        for (challenge, body, expected) in [
            (challenge, "", both),
            (challenge, "{}", both),
            (
                "",
                r#"{"acr_values":"phr","max_age":60}"#,
                Some("acr_values=phr, max_age=60"),
            ),
            ("", r#"{"acr_values":["phr","phrh"],"max_age":"60"}"#, both),
            (
                challenge,
                r#"{"acr_values":"urn:b"}"#,
                Some("acr_values=urn:b, max_age=60"),
            ),
            (
                "",
                "error=insufficient_user_authentication&acr_values=phr+phrh&max_age=60",
                both,
            ),
            (r#"Bearer acr_values="phr"#, "", Some("acr_values=phr")),
            (
                r#"DPoP a=b, Bearer ACR_VALUES="phr",max_age = 60"#,
                "",
                Some("acr_values=phr"),
            ),
            ("Bearer", r#"{"max_age":true,"acr_values":null}"#, None),
            ("", "", None),
        ] {
            assert_eq!(demand(challenge, body).as_deref(), expected, "{challenge} {body}");
        }
    }

    #[test]
    fn only_a_challenge_that_demands_a_sign_in_is_an_error() {
        for (challenge, code) in [
            (
                r#"Bearer error="insufficient_user_authentication""#,
                Some("insufficient_user_authentication"),
            ),
            (
                "Bearer error=insufficient_authentication_context, max_age=900",
                Some("insufficient_authentication_context"),
            ),
            (r#"Bearer error="invalid_token""#, None),
            (r#"Basic realm="error""#, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap());
            let error = challenge_error(StatusCode::UNAUTHORIZED, &headers, b"");
            assert_eq!(error.map(|error| error.code()).as_deref(), code, "{challenge}");
        }
    }

    #[test]
    fn a_challenge_counts_only_in_a_refusal_that_is_no_page() {
        let challenge = HeaderValue::from_static(r#"Bearer error="insufficient_user_authentication""#);
        for (status, content_type, body, is_error) in [
            (401, "application/json", "{}", true),
            (400, "", "", true),
            (403, "text/plain", "Forbidden", true),
            (
                200,
                "application/json",
                r#"{"id_token":"a.b.c","refresh_token":"r"}"#,
                false,
            ),
            (200, "text/html", "<html>", false),
            (404, "text/html", "<html>", false),
            (404, "application/json", "{}", false),
            (401, "text/html; charset=utf-8", "", false),
            (401, "", "\n<!DOCTYPE html>", false),
        ] {
            let mut headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge.clone())]);
            headers.append(CONTENT_TYPE, HeaderValue::from_static(content_type));
            let status = StatusCode::from_u16(status).unwrap();
            let error = challenge_error(status, &headers, body.as_bytes());
            assert_eq!(error.is_some(), is_error, "{status} {content_type} {body}");
        }
    }

    proptest! {
        #![proptest_config(properties::config())]

        #[test]
        fn any_challenge_is_read_in_whole_characters(text in properties::text()) {
            for (name, value) in parameters(&text) {
                prop_assert!(text.contains(name) && value.len() <= text.len());
            }
        }
    }
}
