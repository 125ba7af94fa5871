//! Reading an HTTP answer: what its status, headers and body say, and which error of ours that is.
//!
//! Pure. Knows the two formats of errors, that of OAuth and Okta's own, and quotes nothing that may hold a secret.

use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use url::Url;

use crate::diagnose::GrantType;
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::{NO_CODE, OAuthError};
use crate::oidc::http::redirects::shown_target;
use crate::oidc::http::retry_after::{end_of_rate_limit, retry_after};
use crate::oidc::json;
use crate::untrusted_text::UntrustedText;

pub(in crate::oidc) const BROKEN_JSON: &str = "it is broken JSON";
pub(in crate::oidc) const NO_OBJECT: &str = "it is no JSON object";

/// Refuses redirects, rate limits and the provider's own failures, whatever the body says.
pub(in crate::oidc) fn check_status(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: i64,
) -> Result<(), Error> {
    if status.is_redirection() {
        return Err(Error::Redirected {
            url: shown(url),
            to: shown_target(url, headers),
        });
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Error::RateLimited {
            url: shown(url),
            reason: reason(status, headers, body),
            until: end_of_rate_limit(headers, now),
            request_id: request_id(headers),
        });
    }
    if status.is_server_error() {
        // RFC 9110 10.2.3: of a 503, how long the service is expected to be unavailable.
        let mut error = refused(url, status, headers, body);
        if let Error::Refused { until, .. } = &mut error {
            *until = retry_after(headers, now);
        }
        return Err(error);
    }
    if !status.is_success() && okta(body).is_some() {
        return Err(refused(url, status, headers, body));
    }
    Ok(())
}

pub(in crate::oidc) fn refused(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    Error::Refused {
        url: shown(url),
        status: status.as_u16(),
        reason: reason(status, headers, body),
        until: None,
        request_id: request_id(headers),
    }
}

/// What an answer says of itself, in either of the two error formats.
fn reason(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<UntrustedText> {
    oauth_error(status, headers, body)
        .map(|error| error.shown())
        .or_else(|| okta(body))
}

/// Reads an error answer of RFC 6749 section 5.2, and those that are nearly one: the error as a number, as an object that names
/// a code, in a form, or as the name of an exception.
pub(in crate::oidc) fn oauth_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<OAuthError> {
    let Some(body) = json::object(body) else {
        return form_error(status, headers, body);
    };
    let Some(error) = json::member(&body, "error") else {
        return aws_error(status, headers, &body);
    };
    let (code, inner) = match error {
        Value::String(code) => (code.clone(), None),
        Value::Number(code) => (code.to_string(), None),
        Value::Object(object) => {
            let code = ["error", "code", "type", "status"]
                .iter()
                .find_map(|name| json::member(object, name));
            let code = code.and_then(|code| {
                code.as_str().map_or_else(
                    || code.as_i64().map(|n| n.to_string()),
                    |text| Some(text.to_owned()),
                )
            });
            let message = ["error_description", "message", "description"]
                .iter()
                .find_map(|name| json::text(object, name));
            (code.unwrap_or_else(|| NO_CODE.to_owned()), message)
        }
        Value::Bool(true) => (NO_CODE.to_owned(), None),
        _ => return None,
    };
    if status.is_success() && is_no_error(error, &code) && has_what_was_asked_for(&body) {
        return None;
    }
    let description = ["error_description", "message"]
        .iter()
        .find_map(|name| json::text(&body, name));
    Some(with_code(status, headers, &code, inner.or(description)))
}

/// Whether a member `error` says that there is none, as of a provider that fills it in each time.
fn is_no_error(error: &Value, code: &str) -> bool {
    let says_none = |word: &&str| code.eq_ignore_ascii_case(word);
    error.as_object().is_some_and(Map::is_empty)
        || ["0", "none", "no_error", "null", "ok", "success", "false"]
            .iter()
            .any(says_none)
}

fn has_what_was_asked_for(body: &Map<String, Value>) -> bool {
    let members = ["id_token", "access_token", "device_code"];
    members.iter().any(|name| json::text(body, name).is_some())
}

fn with_code(status: StatusCode, headers: &HeaderMap, code: &str, description: Option<&str>) -> OAuthError {
    OAuthError {
        status: status.as_u16(),
        error: UntrustedText::with_limit(code, 60),
        description: description.map(UntrustedText::new),
        request_id: request_id(headers),
        is_okta: false,
        grant: GrantType::AuthorizationCode,
    }
}

/// An error in the format of Amazon Cognito: the exception's name, after its name space if it has one.
fn aws_error(status: StatusCode, headers: &HeaderMap, body: &Map<String, Value>) -> Option<OAuthError> {
    let code = json::text(body, "__type").filter(|_| status.is_client_error())?;
    let code = code.rsplit('#').next().unwrap_or_default();
    let message = ["message", "Message"]
        .iter()
        .find_map(|name| json::text(body, name));
    Some(with_code(status, headers, code, message))
}

/// The pairs of an error in the form that requests have. Any other text has white space or brackets, which that form encodes.
pub(in crate::oidc) fn form_with_error(body: &[u8]) -> Option<form_urlencoded::Parse<'_>> {
    let body = body.trim_ascii();
    let is_of_a_form = |byte: &u8| byte.is_ascii_graphic() && !b"<>{}\"".contains(byte);
    let mut pairs = form_urlencoded::parse(body);
    let is_error =
        body.iter().all(is_of_a_form) && pairs.any(|(name, value)| name == "error" && !value.is_empty());
    is_error.then(|| form_urlencoded::parse(body))
}

fn form_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<OAuthError> {
    let pairs = form_with_error(body)?;
    let value = |wanted: &str| {
        let found = pairs
            .clone()
            .find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| value)
    };
    let description = value("error_description");
    Some(with_code(
        status,
        headers,
        &value("error")?,
        description.as_deref(),
    ))
}

/// Reads the answer to a form: the members of a success, or the error that it is. A success is known by its body, and not by its
/// content type. No body is quoted, since it may repeat what we sent, or hold tokens.
pub(in crate::oidc) fn form_response(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: i64,
) -> Result<Map<String, Value>, Error> {
    check_status(url, status, headers, body, now)?;
    if let Some(error) = oauth_error(status, headers, body).filter(|error| !error.is_of_a_gateway()) {
        return Err(Error::OAuth(error));
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(Error::ClientRefused { url: shown(url) });
    }
    if is_without_reason(status, body) {
        return Err(Error::NoReason {
            url: shown(url),
            status: status.as_u16(),
            request_id: request_id(headers),
        });
    }
    if !status.is_success() {
        return Err(if is_json(headers) {
            refused(url, status, headers, body)
        } else {
            not_json(url, status, headers, None)
        });
    }
    let broken = |why| Error::TokenAnswer {
        url: shown(url),
        why: UntrustedText::new(why),
    };
    json::object(body)
        .or_else(|| form_object(headers, body))
        .ok_or_else(|| {
            let is_other_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            match (is_other_json, is_json(headers)) {
                (true, _) => broken(NO_OBJECT),
                (false, true) => broken(BROKEN_JSON),
                (false, false) => not_json(url, status, headers, None),
            }
        })
}

/// The members of a success in the form that requests have, which Go's `x/oauth2` reads in these content types.
fn form_object(headers: &HeaderMap, body: &[u8]) -> Option<Map<String, Value>> {
    let kind = header(headers, &CONTENT_TYPE)?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_form = |known: &&str| kind.eq_ignore_ascii_case(known);
    if !["application/x-www-form-urlencoded", "text/plain"]
        .iter()
        .any(is_form)
    {
        return None;
    }
    // The first of several values counts, as in Go.
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(body.trim_ascii()) {
        members.entry(name).or_insert_with(|| value.into_owned().into());
    }
    has_what_was_asked_for(&members).then_some(members)
}

/// Whether a status that token endpoints refuse with comes with nothing, or with an object that names no error. Other statuses
/// say something themselves: the address is wrong (404, 405, 410), or the request is too large (413, 431).
fn is_without_reason(status: StatusCode, body: &[u8]) -> bool {
    let names_no_error = || json::object(body).is_some_and(|body| json::member(&body, "error").is_none());
    matches!(status.as_u16(), 400 | 403 | 406 | 415 | 422)
        && (json::trimmed(body).is_empty() || names_no_error())
}

/// Reads an error answer in Okta's own format.
fn okta(body: &[u8]) -> Option<UntrustedText> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        error_code: String,
        #[serde(default)]
        error_summary: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    Some(UntrustedText::new(&format!(
        "{}: {}",
        body.error_code, body.error_summary
    )))
}

pub(in crate::oidc) fn not_json(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    start: Option<UntrustedText>,
) -> Error {
    let content_type = header(headers, &CONTENT_TYPE).unwrap_or("no content type");
    Error::NotJson {
        url: shown(url),
        status: status.as_u16(),
        content_type: UntrustedText::with_limit(content_type, 60),
        start,
    }
}

pub(in crate::oidc) fn is_json(headers: &HeaderMap) -> bool {
    header(headers, &CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    })
}

pub(in crate::oidc) fn max_age(headers: &HeaderMap) -> Option<i64> {
    let directives = header(headers, &CACHE_CONTROL)?;
    directives.split(',').find_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        if directive == "no-store" || directive == "no-cache" {
            return Some(0);
        }
        directive.strip_prefix("max-age=")?.parse().ok()
    })
}

pub(in crate::oidc) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

pub(in crate::oidc) fn request_id(headers: &HeaderMap) -> Option<UntrustedText> {
    let id = header(headers, &HeaderName::from_static("x-okta-request-id"))?;
    Some(UntrustedText::with_limit(id, 60))
}

/// A URL as it may be shown: the query can hold a code or a state.
pub(in crate::oidc) fn shown(url: &Url) -> UntrustedText {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    UntrustedText::new(url.as_str())
}

#[cfg(test)]
mod tests;
