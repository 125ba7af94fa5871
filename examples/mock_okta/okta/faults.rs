//! Network failures by endpoint, and responses that do not come from the provider.
//!
//! Some apply before the request is handled, others after it. That matters: if the response to a request that rotated
//! the refresh token is lost, the session may be lost. Owns no socket; `server` closes connections.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    errors,
    exchange::{Answer, Endpoint},
};

/// A failure, and the requests that it applies to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The endpoint whose requests fail.
    pub endpoint: Endpoint,
    /// How many requests fail; `None` means all.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Sends another response, without handling the request.
    Status {
        /// HTTP status.
        code: u16,
        /// Which kind of body.
        body: FaultBody,
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// `X-Rate-Limit-Reset`: this many seconds from now. Also sets the remaining calls to 0.
        #[serde(default)]
        rate_limit_reset: Option<u64>,
    },
    /// Waits, then handles the request and responds.
    Slow {
        /// How long.
        millis: u64,
    },
    /// Handles the request, waits, then responds.
    SlowAfterCommit {
        /// How long.
        millis: u64,
    },
    /// Handles the request, and delays the response until the endpoint has no such fault any more.
    Held,
    /// Never responds, and does not handle the request.
    Hang,
    /// Closes the connection without a response, and does not handle the request.
    Reset,
    /// Handles the request (it may rotate the refresh token), then closes the connection without a response.
    ResetAfterCommit,
    /// Handles the request. The body stops in the middle, and the connection is closed.
    Truncated,
    /// Handles the request. The body is half of the JSON, with a matching length.
    BrokenJson,
    /// Handles the request. The body is padded to 8 MiB.
    Huge,
    /// Handles the request. The content type of the response is `text/html`.
    WrongContentType,
    /// Redirects (307) without handling the request.
    Redirect {
        /// `Location`.
        to: String,
    },
    /// Removes a member of the JSON response.
    Missing(String),
    /// Changes the value of a member of the JSON response.
    Replace {
        /// Which.
        field: String,
        /// Its value.
        value: Value,
    },
    /// Responds with HTTP 200 and this text as JSON: byte order marks, repeated members, deep nesting.
    Raw(String),
    /// Responds with this status, content type and text, without handling the request.
    Answer {
        /// HTTP status.
        code: u16,
        /// `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// The body of a failed response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultBody {
    /// Okta's own format with the `errorCode` of the status.
    Okta,
    /// RFC 6749 5.2.
    #[serde(rename = "oauth")]
    OAuth {
        /// `error`.
        error: String,
        /// `error_description`.
        description: String,
    },
    /// A proxy's page.
    Html,
    /// Nothing.
    Empty,
}

impl Fault {
    /// Returns a fault that applies to all requests of an endpoint.
    #[must_use]
    pub fn always(endpoint: Endpoint, kind: FaultKind) -> Self {
        Self {
            endpoint,
            times: None,
            kind,
        }
    }

    /// Returns a fault that applies to one request.
    #[must_use]
    pub fn once(endpoint: Endpoint, kind: FaultKind) -> Self {
        Self {
            endpoint,
            times: Some(1),
            kind,
        }
    }
}

impl FaultKind {
    /// Returns a status with a body and no further headers.
    #[must_use]
    pub fn status(code: u16, body: FaultBody) -> Self {
        Self::Status {
            code,
            body,
            retry_after: None,
            rate_limit_reset: None,
        }
    }

    /// Returns the response of a fault that prevents the handling of the request.
    pub(crate) fn instead_of_work(&self, now: i64) -> Option<Answer> {
        match self {
            Self::Status {
                code,
                body,
                retry_after,
                rate_limit_reset,
            } => {
                let mut answer = failed(*code, body);
                if let Some(seconds) = retry_after {
                    answer = answer.header("Retry-After", &seconds.to_string());
                }
                if let Some(seconds) = rate_limit_reset {
                    let reset = now.saturating_add_unsigned(*seconds).to_string();
                    answer = answer
                        .header("X-Rate-Limit-Remaining", "0")
                        .header("X-Rate-Limit-Reset", &reset);
                }
                Some(answer)
            }
            Self::Redirect { to } => Some(Answer::redirect(307, to)),
            Self::Raw(text) => Some(Answer::new(200, "application/json", text.clone())),
            Self::Answer {
                code,
                content_type,
                body,
            } => Some(Answer::new(*code, content_type, body.clone())),
            Self::Slow { .. }
            | Self::SlowAfterCommit { .. }
            | Self::Held
            | Self::Hang
            | Self::Reset
            | Self::ResetAfterCommit
            | Self::Truncated
            | Self::BrokenJson
            | Self::Huge
            | Self::WrongContentType
            | Self::Missing(_)
            | Self::Replace { .. } => None,
        }
    }

    /// Changes the provider's own response, for faults that apply after the request was handled.
    pub(crate) fn spoil(&self, mut answer: Answer) -> Answer {
        match self {
            Self::Truncated => answer.cut_short = true,
            Self::BrokenJson => answer.body.truncate(answer.body.len() / 2),
            Self::Huge => answer.body.resize(8 << 20, b' '),
            Self::WrongContentType => answer = answer.header("Content-Type", "text/html; charset=utf-8"),
            Self::Missing(field) => edit(&mut answer, |members| drop(members.remove(field))),
            Self::Replace { field, value } => {
                edit(&mut answer, |members| {
                    drop(members.insert(field.clone(), value.clone()));
                });
            }
            Self::Status { .. }
            | Self::Slow { .. }
            | Self::SlowAfterCommit { .. }
            | Self::Held
            | Self::Hang
            | Self::Reset
            | Self::ResetAfterCommit
            | Self::Redirect { .. }
            | Self::Raw(_)
            | Self::Answer { .. } => {}
        }
        answer
    }
}

/// Returns the fault that applies to a request, and counts its use.
pub(crate) fn take(faults: &mut Vec<Fault>, endpoint: Endpoint) -> Option<FaultKind> {
    let place = faults
        .iter()
        .position(|fault| fault.endpoint == endpoint && fault.times != Some(0))?;
    let fault = &mut faults[place];
    let kind = fault.kind.clone();
    if let Some(times) = &mut fault.times {
        *times -= 1;
        if *times == 0 {
            faults.remove(place);
        }
    }
    Some(kind)
}

fn failed(code: u16, body: &FaultBody) -> Answer {
    match body {
        FaultBody::Okta => errors::okta_by_status(code),
        FaultBody::OAuth { error, description } => errors::oauth(code, error, description),
        FaultBody::Html => {
            let page =
                format!("<html><body><h1>{code} Service Unavailable</h1><p>proxy.example</p></body></html>");
            Answer::new(code, "text/html; charset=utf-8", page)
        }
        FaultBody::Empty => Answer::empty(code),
    }
}

/// Edits the members of a JSON object. Does not change any other response.
fn edit(answer: &mut Answer, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    if let Ok(Value::Object(mut members)) = serde_json::from_slice(&answer.body) {
        change(&mut members);
        answer.body = Value::Object(members).to_string().into_bytes();
    }
}
