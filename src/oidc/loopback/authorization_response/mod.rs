//! Which request is the provider's answer (rules A and L4 to L8). Pure.
//!
//! The order is the point: method, `Host`, path, fetch metadata, repeated parameters, `state`, and only then `iss`,
//! `error` and `code`. Any page or program of this machine can send a request, so one that fails a check has no effect.

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode, header};
use url::Url;

use crate::diagnose::GrantType;
use crate::oidc::errors::Error;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::loopback::mix_up::Defence;
use crate::secret::Secret;
use crate::settings::is_okta;
use crate::untrusted_text::UntrustedText;

/// What the answer has to show.
#[derive(Debug, Clone)]
pub(in crate::oidc) struct CallbackExpectation {
    /// `Host`, with the port.
    pub(in crate::oidc) authority: String,
    pub(in crate::oidc) path: String,
    pub(in crate::oidc) state: Secret,
    pub(in crate::oidc) issuer: String,
    /// The provider promises to name itself (RFC 9207).
    pub(in crate::oidc) iss_required: bool,
    /// What keeps the answers of others away.
    pub(in crate::oidc) defence: Defence,
}

/// The provider's answer: a code, or why there is none.
pub(in crate::oidc) type Answer = Result<Secret, Error>;

/// What a request is.
#[derive(Debug)]
pub(in crate::oidc) enum Verdict {
    /// Not the provider's answer; no effect.
    Stranger(StatusCode),
    /// It looks like an answer, of another login or of an attacker; no effect, but told at the end.
    WrongState,
    /// It has our state, and came to a redirect URI that is not this issuer's: another provider has sent it, or one that uses what it
    /// has registered. No effect, but told at the end.
    OtherRedirect,
    /// It has our state, and the browser does not ask as for a page (a service worker does so); no effect, but told.
    NotAPage,
    Answer(Answer),
}

/// Looks at a request in the order of rule L4.
pub(in crate::oidc) fn examine(parts: &Parts, expected: &CallbackExpectation) -> Verdict {
    let is_elsewhere = expected.defence == Defence::OwnRedirect && parts.uri.path() != expected.path;
    let path = if is_elsewhere {
        parts.uri.path()
    } else {
        &expected.path
    };
    let query = parts.uri.query().unwrap_or_default();
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let parameters = Parameters::read(&parameters);
    if let Some(status) = refusal(parts, &[&expected.authority], path) {
        let state = parameters.ok().and_then(|parameters| parameters.state);
        let is_ours = state.is_some_and(|state| same(state, expected.state.expose()));
        return if is_ours && status == StatusCode::FORBIDDEN && !is_web_socket(parts) {
            Verdict::NotAPage
        } else {
            Verdict::Stranger(status)
        };
    }
    let Ok(parameters) = parameters else {
        return Verdict::Stranger(StatusCode::BAD_REQUEST);
    };
    if is_elsewhere {
        let is_ours = |state| same(state, expected.state.expose());
        return if parameters.state.is_some_and(is_ours) {
            Verdict::OtherRedirect
        } else {
            Verdict::Stranger(StatusCode::NOT_FOUND)
        };
    }
    let Some(state) = parameters.state else {
        // A bare visit of the address is no answer; one with a code but no state is.
        let looks_like_answer = parameters.code.is_some() || parameters.error.is_some();
        return if looks_like_answer {
            Verdict::WrongState
        } else {
            Verdict::Stranger(StatusCode::BAD_REQUEST)
        };
    };
    if !same(state, expected.state.expose()) {
        return Verdict::WrongState;
    }
    Verdict::Answer(parameters.answer(expected))
}

/// Rules L14, L7 and L8: the method, the name we are called by (DNS rebinding), the path, and whether a person's browser came here
/// as to a page.
pub(in crate::oidc) fn refusal(parts: &Parts, authorities: &[&str], path: &str) -> Option<StatusCode> {
    if parts.method != Method::GET {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    // Each of several values counts: none that forbids the request is hidden by another one.
    let values = |name: &'static str| {
        let values = parts.headers.get_all(HeaderName::from_static(name)).iter();
        values.map(|value| value.to_str().unwrap_or("?"))
    };
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let is_ours = |host: &str| authorities.iter().any(|ours| host.eq_ignore_ascii_case(ours));
    let named_so = host.is_some_and(is_ours) && hosts.next().is_none();
    if !named_so || parts.uri.authority().is_some() {
        return Some(StatusCode::MISDIRECTED_REQUEST);
    }
    if parts.uri.path() != path {
        return Some(StatusCode::NOT_FOUND);
    }
    let is_prefetch = |name| values(name).any(|value| value.contains("prefetch"));
    if is_prefetch("sec-purpose") || is_prefetch("purpose") {
        return Some(StatusCode::SERVICE_UNAVAILABLE);
    }
    let is = |name, wanted: &str| values(name).all(|value| value == wanted);
    // A service worker that passes on the visit of a page loses its destination and not its mode, which no script can choose
    // (Fetch 5.4: a request's constructor refuses `navigate`).
    let is_passed_on = is("sec-fetch-dest", "empty") && values("sec-fetch-mode").next().is_some();
    let is_for_a_page = is("sec-fetch-dest", "document") || is_passed_on;
    let is_refused = !is("sec-fetch-mode", "navigate") || !is_for_a_page || is_web_socket(parts);
    is_refused.then_some(StatusCode::FORBIDDEN)
}

/// A page may open a WebSocket to any address, and not every browser sends fetch metadata with that (RFC 6455 4.1).
fn is_web_socket(parts: &Parts) -> bool {
    let is_of_one = |name: &HeaderName| name.as_str().starts_with("sec-websocket-");
    parts.headers.contains_key(header::UPGRADE) || parts.headers.keys().any(is_of_one)
}

/// The parameters of an answer, each at most once; others are ignored (RFC 6749 4.1.2).
#[derive(Debug, Default)]
pub(in crate::oidc) struct Parameters<'a> {
    pub(in crate::oidc) state: Option<&'a str>,
    iss: Option<&'a str>,
    pub(in crate::oidc) code: Option<&'a str>,
    pub(in crate::oidc) error: Option<&'a str>,
    error_description: Option<&'a str>,
}

/// A parameter came twice (RFC 6749 3.1).
#[derive(Debug)]
pub(in crate::oidc) struct Repeated;

impl<'a> Parameters<'a> {
    pub(in crate::oidc) fn read(pairs: &'a [(String, String)]) -> Result<Self, Repeated> {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            let place = match name.as_str() {
                "state" => &mut parameters.state,
                "iss" => &mut parameters.iss,
                "code" => &mut parameters.code,
                "error" => &mut parameters.error,
                "error_description" => &mut parameters.error_description,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(Repeated);
            }
        }
        Ok(parameters)
    }

    /// Reads an answer whose state is ours: first who sent it, then what it says.
    pub(in crate::oidc) fn answer(&self, expected: &CallbackExpectation) -> Answer {
        match self.iss {
            Some(iss) if iss != expected.issuer => {
                return Err(Error::AnswerIssuer {
                    expected: UntrustedText::new(&expected.issuer),
                    got: UntrustedText::new(iss),
                });
            }
            None if expected.iss_required => return Err(Error::AnswerIssuerMissing),
            _ => {}
        }
        match (self.code, self.error) {
            (Some(code), None) if !code.is_empty() => Ok(Secret::new(code)),
            (None, Some(error)) => Err(Error::SignInRefused(OAuthError {
                status: 0,
                error: UntrustedText::with_limit(error, 60),
                description: self.error_description.map(UntrustedText::new),
                request_id: None,
                is_okta: Url::parse(&expected.issuer).is_ok_and(|issuer| is_okta(&issuer)),
                grant: GrantType::AuthorizationCode,
            })),
            (Some(_), Some(_)) => Err(Error::AnswerMalformed("it has a code and an error")),
            _ => Err(Error::AnswerMalformed("it has neither a code nor an error")),
        }
    }
}

/// Compares without telling by its time where the difference is.
pub(in crate::oidc) fn same(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests;
