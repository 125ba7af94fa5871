//! Interprets an HTTP response: converts its status, headers and body to a result or an error.
//!
//! Pure. Reads the error format of OAuth and that of Okta, and quotes nothing that may contain a secret.

mod confirmation;
mod step_up;

pub(in crate::oidc) use self::confirmation::check_confirmation;

use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use url::Url;

use crate::clock::Timestamp;
use crate::grant_type::GrantType;
use crate::oidc::errors::Error;
use crate::oidc::errors::network::NetworkError;
use crate::oidc::errors::oauth_error::{NO_CODE, OAuthError};
use crate::oidc::errors::token::{ResponseFault, TokenError};
use crate::oidc::http::redirects::shown_target;
use crate::oidc::http::retry_after::{end_of_outage, end_of_rate_limit};
use crate::oidc::json;
use crate::untrusted_text::UntrustedText;

/// Returns an error for a redirect, a rate limit, a failure of the server, or an error in Okta's format.
pub(in crate::oidc) fn check_status(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), NetworkError> {
    if status.is_redirection() {
        return Err(NetworkError::Redirected {
            url: shown(url),
            to: shown_target(url, headers),
        });
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(NetworkError::RateLimited {
            url: shown(url),
            reason: error_text(status, headers, body),
            until: end_of_rate_limit(headers, now),
            request_id: request_id(headers),
        });
    }
    if status.is_server_error() {
        // RFC 9110 10.2.3: with HTTP 503, `Retry-After` says how long the service will be unavailable.
        let mut error = refused_error(url, status, headers, body);
        if let NetworkError::Status { until, .. } = &mut error {
            *until = end_of_outage(headers, now);
        }
        return Err(error);
    }
    if !status.is_success() && okta_error(body).is_some() {
        return Err(refused_error(url, status, headers, body));
    }
    Ok(())
}

pub(in crate::oidc) fn refused_error(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> NetworkError {
    // The error's own text has the request id, too.
    let reason = oauth_error(status, headers, body).map(|error| {
        let error = OAuthError {
            request_id: None,
            ..error
        };
        error.shown()
    });
    NetworkError::Status {
        url: shown(url),
        status: status.as_u16(),
        reason: reason.or_else(|| okta_error(body)),
        until: None,
        request_id: request_id(headers),
    }
}

/// Returns the error in a body, in either of the two formats, as a text.
fn error_text(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<UntrustedText> {
    oauth_error(status, headers, body)
        .map(|error| error.shown())
        .or_else(|| okta_error(body))
}

/// Reads an error response (RFC 6749 section 5.2). Also reads similar ones: `error` may be a number or an object with a code, the body may
/// be a form, or it may name an exception of Amazon Cognito.
pub(in crate::oidc) fn oauth_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<OAuthError> {
    let Some(body) = json::object(body) else {
        return form_error(status, headers, body);
    };
    let Some(error) = json::member(&body, "error") else {
        return cognito_error(status, headers, &body);
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
    if status.is_success() && means_no_error(error, &code) && is_success_body(&body) {
        return None;
    }
    let description = ["error_description", "message"]
        .iter()
        .find_map(|name| json::text(&body, name));
    Some(new_oauth_error(status, headers, &code, inner.or(description)))
}

/// Whether the value of `error` means that there is no error. Some providers always send the member.
fn means_no_error(error: &Value, code: &str) -> bool {
    let is_word = |word: &&str| code.eq_ignore_ascii_case(word);
    error.as_object().is_some_and(Map::is_empty)
        || ["0", "none", "no_error", "null", "ok", "success", "false"]
            .iter()
            .any(is_word)
}

/// Whether a body has a token or a device code.
fn is_success_body(body: &Map<String, Value>) -> bool {
    let members = ["id_token", "access_token", "device_code"];
    members.iter().any(|name| json::text(body, name).is_some())
}

fn new_oauth_error(
    status: StatusCode,
    headers: &HeaderMap,
    code: &str,
    description: Option<&str>,
) -> OAuthError {
    OAuthError {
        status: Some(status.as_u16()),
        error: UntrustedText::with_limit(code, 60),
        description: description.map(UntrustedText::new),
        request_id: request_id(headers).map(Box::new),
        is_okta: false,
        grant: GrantType::AuthorizationCode,
        clock_ahead_mins: 0,
        step_up: None,
    }
}

/// Reads an error in the format of Amazon Cognito. The code is the name of the exception, without its name space.
fn cognito_error(status: StatusCode, headers: &HeaderMap, body: &Map<String, Value>) -> Option<OAuthError> {
    let code = json::text(body, "__type").filter(|_| status.is_client_error())?;
    let code = code.rsplit('#').next().unwrap_or_default();
    let message = ["message", "Message"]
        .iter()
        .find_map(|name| json::text(body, name));
    Some(new_oauth_error(status, headers, code, message))
}

/// Returns the pairs of a body that is a form (`application/x-www-form-urlencoded`) with an `error`. Other texts are recognized by white
/// space or brackets, which a form encodes.
pub(in crate::oidc) fn form_with_error(body: &[u8]) -> Option<form_urlencoded::Parse<'_>> {
    let body = body.trim_ascii();
    let is_form_byte = |byte: &u8| byte.is_ascii_graphic() && !b"<>{}\"".contains(byte);
    let mut pairs = form_urlencoded::parse(body);
    let is_error =
        body.iter().all(is_form_byte) && pairs.any(|(name, value)| name == "error" && !value.is_empty());
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
    Some(new_oauth_error(
        status,
        headers,
        &value("error")?,
        description.as_deref(),
    ))
}

/// Reads the response to a form: the members of a successful response, or an error. The body decides whether it is successful, not the
/// content type. The body is never quoted, because it may repeat what was sent or contain tokens.
pub(in crate::oidc) fn read_form_response(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Map<String, Value>, Error> {
    check_form_response(url, status, headers, body, now)?;
    let unusable = |fault| {
        let url = shown(url);
        TokenError::Malformed { url, fault }.into()
    };
    json::object(body)
        .or_else(|| form_object(headers, body))
        .ok_or_else(|| {
            if json::has_too_many_values(body) {
                return unusable(ResponseFault::TooManyValues);
            }
            let is_other_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            match (is_other_json, is_json(headers)) {
                (true, _) => unusable(ResponseFault::NotObject),
                (false, true) => unusable(ResponseFault::BrokenJson),
                (false, false) => not_json_error(url, status, headers, None).into(),
            }
        })
}

/// Returns the error of a response to a form that is not successful. The body of a successful response is not looked at.
fn check_form_response(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    check_status(url, status, headers, body, now)?;
    let is_oauth = |error: &OAuthError| !error.is_from_gateway() || has_description(body);
    let error = oauth_error(status, headers, body).filter(is_oauth);
    if let Some(error) = error.or_else(|| step_up::challenge_error(status, headers, body)) {
        return Err(TokenError::Refused(step_up::with_demand(error, headers, body)).into());
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(TokenError::ClientRefused { url: shown(url) }.into());
    }
    if has_no_reason(status, body) {
        return Err(TokenError::NoReason {
            url: shown(url),
            status: status.as_u16(),
            request_id: request_id(headers),
        }
        .into());
    }
    if !status.is_success() {
        return Err(if is_json(headers) {
            refused_error(url, status, headers, body).into()
        } else {
            not_json_error(url, status, headers, None).into()
        });
    }
    Ok(())
}

/// Whether an error response has a description (RFC 6749 5.2). The errors of frameworks and gateways have a `message` instead.
fn has_description(body: &[u8]) -> bool {
    json::object(body).is_some_and(|body| json::text(&body, "error_description").is_some())
}

/// Reads a successful response whose body is a form. Like Go's `x/oauth2`, accepts it only with these content types.
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
    // The first of several values is used, as in Go.
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(body.trim_ascii()) {
        members.entry(name).or_insert_with(|| value.into_owned().into());
    }
    is_success_body(&members).then_some(members)
}

/// Whether a response has a status that token endpoints use for refusals, and an empty body or an object without `error`. Other statuses
/// are a reason by themselves: the address is wrong (404, 405, 410), or the request is too large (413, 431).
fn has_no_reason(status: StatusCode, body: &[u8]) -> bool {
    let names_no_error = || json::object(body).is_some_and(|body| json::member(&body, "error").is_none());
    matches!(status.as_u16(), 400 | 403 | 406 | 415 | 422)
        && (json::trimmed(body).is_empty() || names_no_error())
}

/// Reads an error in Okta's own format.
fn okta_error(body: &[u8]) -> Option<UntrustedText> {
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

pub(in crate::oidc) fn not_json_error(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    start: Option<UntrustedText>,
) -> NetworkError {
    let content_type = header(headers, &CONTENT_TYPE).unwrap_or("no content type");
    NetworkError::NotJson {
        url: shown(url),
        status: status.as_u16(),
        content_type: UntrustedText::with_limit(content_type, 60),
        start,
    }
}

/// Whether the content type is JSON.
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

/// Returns the `max-age` of `Cache-Control`, in seconds, or 0 if the response must not be cached.
pub(in crate::oidc) fn max_age_secs(headers: &HeaderMap) -> Option<i64> {
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

/// The parameters in endpoints of providers, such as `p`, the policy of Azure AD B2C. A name that is not known may be a secret as well.
const LOGGED_PARAMETERS: [&str; 6] = ["api-version", "appid", "client_id", "p", "tenant", "version"];

/// Returns a URL for the log: with the known names of its query's parameters, and without their values, which may be secrets.
pub(in crate::oidc) fn shown_with_query_names(url: &Url) -> UntrustedText {
    let known = |name: &str| LOGGED_PARAMETERS.into_iter().find(|known| *known == name);
    let names: Vec<_> = url
        .query_pairs()
        .map(|(name, _)| format!("{}=…", known(&name).unwrap_or("…")))
        .collect();
    let shown = shown(url);
    if names.is_empty() {
        return shown;
    }
    UntrustedText::new(&format!("{shown}?{}", names.join("&")))
}

/// Returns a URL for a message, without its query and fragment. The query may contain a code or a `state`.
pub(in crate::oidc) fn shown(url: &Url) -> UntrustedText {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    UntrustedText::new(url.as_str())
}

/// Returns the scheme, host and port of a URL for a message.
pub(in crate::oidc) fn shown_origin(url: &Url) -> UntrustedText {
    UntrustedText::new(&url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests;
