//! Decides which request is the authorization response (rules A and L4 to L8). Pure.
//!
//! The order of the checks matters: method, `Host`, path, fetch metadata, repeated parameters, `state`, and only then `iss`, `error` and
//! `code`. Any web page and any program on this machine can send a request, so a request that fails a check has no effect.

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode, header};
use url::Url;

use crate::grant_type::GrantType;
use crate::oidc::errors::Error;
use crate::oidc::errors::authorization::AuthorizationError;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::loopback::mix_up::MixUpDefence;
use crate::secret::Secret;
use crate::settings::is_okta;
use crate::step_up::StepUp;
use crate::untrusted_text::UntrustedText;

/// What an authorization response must match.
#[derive(Debug, Clone)]
pub(in crate::oidc) struct CallbackExpectation {
    /// The `Host` header, with the port.
    pub(in crate::oidc) authority: String,
    pub(in crate::oidc) path: String,
    pub(in crate::oidc) state: Secret,
    pub(in crate::oidc) issuer: String,
    /// The provider's metadata promises the parameter `iss` (RFC 9207).
    pub(in crate::oidc) iss_required: bool,
    pub(in crate::oidc) defence: MixUpDefence,
}

/// The authorization response: the code, or why there is none.
pub(in crate::oidc) type AuthorizationResult = Result<Secret, Error>;

/// What a request is.
#[derive(Debug)]
pub(in crate::oidc) enum RequestKind {
    /// It is no authorization response. It has no effect.
    Unexpected(StatusCode),
    /// It looks like an authorization response, of another login or of an attacker. It has no effect, but is counted for the error message.
    WrongState,
    /// It has our `state`, but came to a redirect URI that does not belong to this issuer: another provider sent it, or this provider uses
    /// another registered redirect URI. It has no effect, but is counted for the error message.
    OtherRedirect,
    /// It has our `state`, but the browser sent it not as a navigation (a service worker does that). It has no effect, but is reported.
    NotNavigation,
    Response(AuthorizationResult),
}

/// Classifies a request, with the checks in the order of rule L4.
pub(in crate::oidc) fn classify_request(parts: &Parts, expected: &CallbackExpectation) -> RequestKind {
    let is_other_path =
        expected.defence == MixUpDefence::DistinctRedirectUri && parts.uri.path() != expected.path;
    let path = if is_other_path {
        parts.uri.path()
    } else {
        &expected.path
    };
    let query = parts.uri.query().unwrap_or_default();
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let parameters = Parameters::read(&parameters);
    if let Some(status) = refusal_status(parts, &[&expected.authority], path) {
        let state = parameters.ok().and_then(|parameters| parameters.state);
        let has_our_state = state.is_some_and(|state| constant_time_eq(state, expected.state.expose()));
        return if has_our_state && status == StatusCode::FORBIDDEN && !is_web_socket(parts) {
            RequestKind::NotNavigation
        } else {
            RequestKind::Unexpected(status)
        };
    }
    let Ok(parameters) = parameters else {
        return RequestKind::Unexpected(StatusCode::BAD_REQUEST);
    };
    if is_other_path {
        let is_our_state = |state| constant_time_eq(state, expected.state.expose());
        return if parameters.state.is_some_and(is_our_state) {
            RequestKind::OtherRedirect
        } else {
            RequestKind::Unexpected(StatusCode::NOT_FOUND)
        };
    }
    let Some(state) = parameters.state else {
        // A request with a code and no `state` counts as a wrong `state`. A request without parameters does not.
        let looks_like_response = parameters.code.is_some() || parameters.error.is_some();
        return if looks_like_response {
            RequestKind::WrongState
        } else {
            RequestKind::Unexpected(StatusCode::BAD_REQUEST)
        };
    };
    if !constant_time_eq(state, expected.state.expose()) {
        return RequestKind::WrongState;
    }
    RequestKind::Response(parameters.response(expected).map_err(Error::from))
}

/// Returns the status to refuse a request with, or `None` if it is allowed (rules L14, L7 and L8).
///
/// Checks the method, the `Host` header (against DNS rebinding), the path, and whether the browser sent the request as a navigation.
pub(in crate::oidc) fn refusal_status(parts: &Parts, authorities: &[&str], path: &str) -> Option<StatusCode> {
    if parts.method != Method::GET {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    // If a header is repeated, every value is checked, so that an allowed value cannot hide a forbidden one.
    let values = |name: &'static str| {
        let values = parts.headers.get_all(HeaderName::from_static(name)).iter();
        values.map(|value| value.to_str().unwrap_or("?"))
    };
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let is_allowed = |host: &str| {
        authorities
            .iter()
            .any(|allowed| host.eq_ignore_ascii_case(allowed))
    };
    let is_host_allowed = host.is_some_and(is_allowed) && hosts.next().is_none();
    if !is_host_allowed || parts.uri.authority().is_some() {
        return Some(StatusCode::MISDIRECTED_REQUEST);
    }
    if parts.uri.path() != path {
        return Some(StatusCode::NOT_FOUND);
    }
    let is_prefetch = |name| values(name).any(|value| value.contains("prefetch"));
    if is_prefetch("sec-purpose") || is_prefetch("purpose") {
        return Some(StatusCode::SERVICE_UNAVAILABLE);
    }
    let all_are = |name, wanted: &str| values(name).all(|value| value == wanted);
    // When a service worker forwards a navigation, its destination becomes `empty` and its mode stays `navigate`. A script cannot choose
    // that mode (Fetch 5.4: the constructor of a request refuses `navigate`).
    let is_forwarded = all_are("sec-fetch-dest", "empty") && values("sec-fetch-mode").next().is_some();
    let is_document = all_are("sec-fetch-dest", "document") || is_forwarded;
    let is_refused = !all_are("sec-fetch-mode", "navigate") || !is_document || is_web_socket(parts);
    is_refused.then_some(StatusCode::FORBIDDEN)
}

/// Whether the request opens a WebSocket (RFC 6455 4.1). A web page may open one to any address, and not every browser sends fetch metadata
/// with it.
fn is_web_socket(parts: &Parts) -> bool {
    let is_web_socket_header = |name: &HeaderName| name.as_str().starts_with("sec-websocket-");
    parts.headers.contains_key(header::UPGRADE) || parts.headers.keys().any(is_web_socket_header)
}

/// The parameters of an authorization response. Each occurs at most once. Others are ignored (RFC 6749 4.1.2).
#[derive(Debug, Default)]
pub(in crate::oidc) struct Parameters<'a> {
    pub(in crate::oidc) state: Option<&'a str>,
    iss: Option<&'a str>,
    pub(in crate::oidc) code: Option<&'a str>,
    pub(in crate::oidc) error: Option<&'a str>,
    error_description: Option<&'a str>,
    acr_values: Option<&'a str>,
    max_age: Option<&'a str>,
}

/// A parameter occurred twice (RFC 6749 3.1).
#[derive(Debug)]
pub(in crate::oidc) struct RepeatedParameter;

impl<'a> Parameters<'a> {
    pub(in crate::oidc) fn read(pairs: &'a [(String, String)]) -> Result<Self, RepeatedParameter> {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            let parameter = match name.as_str() {
                "state" => &mut parameters.state,
                "iss" => &mut parameters.iss,
                "code" => &mut parameters.code,
                "error" => &mut parameters.error,
                "error_description" => &mut parameters.error_description,
                "acr_values" => &mut parameters.acr_values,
                "max_age" => &mut parameters.max_age,
                _ => continue,
            };
            if parameter.replace(value).is_some() {
                return Err(RepeatedParameter);
            }
        }
        Ok(parameters)
    }

    /// Returns the authorization response, after its `state` was verified. The issuer is checked before the code and the error.
    pub(in crate::oidc) fn response(
        &self,
        expected: &CallbackExpectation,
    ) -> Result<Secret, AuthorizationError> {
        match self.iss {
            Some(iss) if iss != expected.issuer => {
                return Err(AuthorizationError::IssuerMismatch {
                    expected: UntrustedText::new(&expected.issuer),
                    got: UntrustedText::new(iss),
                });
            }
            None if expected.iss_required => return Err(AuthorizationError::NoIssuer),
            _ => {}
        }
        match (self.code, self.error) {
            (Some(code), None) if !code.is_empty() => Ok(Secret::new(code)),
            (None, Some(error)) => Err(AuthorizationError::Refused(OAuthError {
                status: None,
                error: UntrustedText::with_limit(error, 60),
                description: self.error_description.map(UntrustedText::new),
                request_id: None,
                is_okta: Url::parse(&expected.issuer).is_ok_and(|issuer| is_okta(&issuer)),
                grant: GrantType::AuthorizationCode,
                clock_ahead_mins: 0,
                step_up: self.step_up(error),
            })),
            (Some(_), Some(_)) => Err(AuthorizationError::Malformed("it has a code and an error")),
            (Some(_) | None, None) => Err(AuthorizationError::Malformed(
                "it has neither a code nor an error",
            )),
        }
    }

    /// Returns what an error demands of the next sign-in (RFC 9470 3).
    fn step_up(&self, error: &str) -> Option<Box<StepUp>> {
        let demand = StepUp::is_code(error).then(|| StepUp::read(self.acr_values, self.max_age));
        demand.flatten().map(Box::new)
    }
}

/// Compares two texts in constant time.
pub(in crate::oidc) fn constant_time_eq(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests;
