//! Failures of the wire, by endpoint: what an answer looks like when it is not the provider's own.
//!
//! Some apply before the request is worked on, others after it, which matters: a refresh token that was rotated by a
//! request whose answer got lost is the case that costs people their session. Owns no socket; `server` does the closing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    errors,
    exchange::{Answer, Endpoint},
};

/// One failure and where it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests it hits.
    pub endpoint: Endpoint,
    /// How often; `None` means for ever.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Another answer; the work is not done.
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
    /// Waits, then does the work and answers.
    Slow {
        /// How long.
        millis: u64,
    },
    /// Does the work, waits, then answers.
    SlowAfterCommit {
        /// How long.
        millis: u64,
    },
    /// Does the work, and keeps the answer back until no such fault is left for the endpoint.
    Held,
    /// Never answers; the work is not done.
    Hang,
    /// Closes without an answer; the work is not done.
    Reset,
    /// Does the work, for example rotates the refresh token, then closes without an answer.
    ResetAfterCommit,
    /// Does the work; the body stops half way and the connection closes.
    Truncated,
    /// Does the work; the body is half of the JSON, with a length that fits.
    BrokenJson,
    /// Does the work; the body is padded to 8 MiB.
    Huge,
    /// Does the work; the answer says `text/html`.
    WrongContentType,
    /// A 307 to another place; the work is not done.
    Redirect {
        /// `Location`.
        to: String,
    },
    /// A member is taken out of the JSON answer.
    Missing(String),
    /// A member of the JSON answer gets another value.
    Replace {
        /// Which.
        field: String,
        /// Its value.
        value: Value,
    },
    /// A 200 with this very text as JSON: byte order marks, members twice, deep nesting.
    Raw(String),
    /// An answer with this status, content type and text; the work is not done.
    Answer {
        /// HTTP status.
        code: u16,
        /// `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// The body of a failed answer.
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
    /// Returns a fault that lasts.
    #[must_use]
    pub fn always(endpoint: Endpoint, kind: FaultKind) -> Self {
        Self {
            endpoint,
            times: None,
            kind,
        }
    }

    /// Returns a fault that hits one request.
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

    /// Returns the answer of a fault that keeps the work from being done.
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

    /// Changes the provider's own answer, for faults that come after the work.
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

/// Takes the fault that applies to a request out of the list, or one use of it.
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

/// Edits the members of a JSON object; an answer that is none is left as it is.
fn edit(answer: &mut Answer, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    if let Ok(Value::Object(mut members)) = serde_json::from_slice(&answer.body) {
        change(&mut members);
        answer.body = Value::Object(members).to_string().into_bytes();
    }
}
