//! Okta's two error formats: RFC 6749's at the OAuth endpoints, its own everywhere else and for rate limits.
//!
//! The texts are Okta's, exactly if they are published. Clients use them only for messages, never for decisions.

use serde_json::json;

use super::exchange::Answer;

/// Returns an error in the OAuth format.
pub(crate) fn oauth(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "error": error, "error_description": description }),
    )
    .not_cached()
}

/// Returns an error in Okta's own format.
pub(crate) fn okta(status: u16, code: &str, summary: &str) -> Answer {
    let body = json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": format!("oae{}", &super::bodies::random()[..20]),
        "errorCauses": [],
    });
    Answer::json(status, &body).not_cached()
}

/// Returns the error that Okta gives with a status.
pub(crate) fn okta_by_status(status: u16) -> Answer {
    let (code, summary) = match status {
        400 => ("E0000001", "Api validation failed"),
        401 => ("E0000011", "Invalid token provided"),
        403 => (
            "E0000006",
            "You don't have permission to perform the requested action.",
        ),
        404 => ("E0000007", "Not found: Resource not found: (AuthorizationServer)"),
        405 => (
            "E0000022",
            "The endpoint does not support the provided HTTP method",
        ),
        429 => (
            "E0000047",
            "You exceeded the maximum number of requests. Try again in a while.",
        ),
        503 => ("E0000010", "Service is in read only mode"),
        _ => ("E0000009", "Internal Server Error"),
    };
    okta(status, code, summary)
}

/// Returns 404 for a server id that does not exist; this one is not in the OAuth format.
pub(crate) fn no_such_server(id: &str) -> Answer {
    okta(
        404,
        "E0000007",
        &format!("Not found: Resource not found: {id} (AuthorizationServer)"),
    )
}

/// Returns 405.
pub(crate) fn wrong_method() -> Answer {
    okta_by_status(405)
}
