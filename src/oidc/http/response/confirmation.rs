//! Whether a response confirms a revocation.
//!
//! Pure. A response that comes from something else than the provider must not count: the refresh token would stay valid, and be forgotten.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use url::Url;

use super::{check_form_response, header, not_json_error, okta_error, refused_error};
use crate::clock::Timestamp;
use crate::oidc::errors::Error;
use crate::oidc::json;

/// HTTP 200 says that the token is valid no longer, and the client ignores the body (RFC 7009 2.2). Some providers send 204. Any other status
/// of success, a page, or a document that names an error is the answer of a gateway, or of a provider that has failed.
pub(in crate::oidc) fn check_confirmation(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    if !status.is_success() {
        return check_form_response(url, status, headers, body, now);
    }
    if is_page(headers, body) {
        return Err(not_json_error(url, status, headers, None).into());
    }
    if !matches!(status, StatusCode::OK | StatusCode::NO_CONTENT) || names_error(body) {
        return Err(refused_error(url, status, headers, body).into());
    }
    Ok(())
}

/// Whether a response is a page for people. Frameworks send an empty response as HTML too.
fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = header(headers, &CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_html = ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| kind.eq_ignore_ascii_case(html));
    is_html && !json::trimmed(body).is_empty()
}

/// Whether a body is an error in the format of OAuth or of Okta.
fn names_error(body: &[u8]) -> bool {
    let error = json::object(body).and_then(|body| json::member(&body, "error").cloned());
    let is_error = match error {
        None | Some(Value::Null | Value::Array(_)) => false,
        Some(Value::Bool(is_error)) => is_error,
        Some(Value::Number(code)) => code.as_i64() != Some(0),
        Some(Value::Object(error)) => !error.is_empty(),
        Some(Value::String(code)) => !["", "0", "none", "no_error", "ok", "success", "false"]
            .iter()
            .any(|word| code.eq_ignore_ascii_case(word)),
    };
    is_error || okta_error(body).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_the_provider_may_have_given_confirms() {
        const HTML: &str = "text/html; charset=utf-8";
        const JSON: &str = "application/json";
        for (status, kind, body, is_confirmed) in [
            (200, "", "", true),
            (204, "", "", true),
            (200, HTML, "", true),
            (200, HTML, " \r\n", true),
            (200, JSON, "{}", true),
            (200, JSON, r#"{"error":null}"#, true),
            (200, JSON, r#"{"error":""}"#, true),
            (200, JSON, r#"{"error":"none"}"#, true),
            (200, JSON, r#"{"result":"success"}"#, true),
            (200, JSON, "null", true),
            (200, "text/plain", "revoked", true),
            (200, HTML, "<html>sign in</html>", false),
            (200, "Application/XHTML+xml", "<html/>", false),
            (200, JSON, r#"{"error":"invalid_client"}"#, false),
            (200, JSON, r#"{"error":{"code":401}}"#, false),
            (200, JSON, r#"{"error":true}"#, false),
            (
                200,
                "text/plain",
                r#"{"errorCode":"E0000047","errorSummary":"x"}"#,
                false,
            ),
            (201, JSON, "{}", false),
            (202, "", "", false),
            (206, "", "", false),
            (302, "", "", false),
            (400, JSON, r#"{"error":"invalid_request"}"#, false),
            (404, "", "", false),
            (503, "", "", false),
        ] {
            let url = Url::parse("https://i/revoke").unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            let status = StatusCode::from_u16(status).unwrap();
            let result = check_confirmation(&url, status, &headers, body.as_bytes(), Timestamp::EPOCH);
            assert_eq!(result.is_ok(), is_confirmed, "{status} {kind} {body}: {result:?}");
        }
    }
}
