//! Tries a new kubeconfig entry: asks the cluster, by the person's own `kubectl auth whoami`, who the person is.

use std::time::Duration;

use serde_json::Value;

use super::facts::SetupFacts;
use super::target::Target;
use crate::process::{Finished, run_attended};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// More than this is no answer of kubectl.
const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// What kubectl may take besides the sign-in.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Whether the API server accepts the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acceptance {
    Accepted,
    Refused,
    /// No cluster was asked, or none has decided.
    Unknown,
}

/// Asks the cluster, and reports what it says: its user name, or why there is none. A user name that is not the expected one is a warning.
pub(super) fn ask_cluster(
    facts: &SetupFacts<'_>,
    target: &Target,
    sign_in_time: Duration,
    ui: Ui,
) -> Acceptance {
    let Some(context) = &facts.context else {
        return Acceptance::Unknown;
    };
    let mut arguments = vec![
        format!("--context={}", context.name),
        "--request-timeout=10s".to_owned(),
        "auth".to_owned(),
        "whoami".to_owned(),
        "--output=json".to_owned(),
    ];
    if let [one] = target.files.as_slice() {
        arguments.insert(0, format!("--kubeconfig={}", one.file.path().display()));
    }
    ui.note(&format!(
        "asking the cluster `{}` who you are (kubectl auth whoami; this may sign you in once more)",
        UntrustedText::new(&context.cluster)
    ));
    let unknown = |why: &str| {
        ui.note(&format!("not proven: {why}"));
        Acceptance::Unknown
    };
    let limit = sign_in_time + REQUEST_TIME;
    let pass_on = |text: &str| ui.pass_on(text);
    let finished = match run_attended("kubectl", &arguments, &[], limit, MAX_RESPONSE_BYTES, &pass_on) {
        Ok(finished) => finished,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return unknown("kubectl is not on the PATH");
        }
        Err(error) => return unknown(&format!("kubectl cannot be run: {error}")),
    };
    match parse_response(&finished) {
        Response::User { username, groups } => {
            report_user(&username, groups, facts.judgement.username.as_deref(), ui);
            Acceptance::Accepted
        }
        Response::Unauthorized => Acceptance::Refused,
        Response::None(why) => unknown(why),
    }
}

fn report_user(username: &str, groups: usize, expected: Option<&str>, ui: Ui) {
    let shown = UntrustedText::new(username);
    match expected {
        Some(expected) if expected != username => ui.warn(&format!(
            "the API server says that you are {shown}, and not {}: its claims or prefixes are other ones than here",
            UntrustedText::new(expected)
        )),
        Some(_) | None => ui.note(&format!(
            "the API server says that you are {shown}, in {groups} groups"
        )),
    }
}

/// What kubectl got from the API server.
#[derive(Debug, PartialEq, Eq)]
enum Response {
    User {
        username: String,
        groups: usize,
    },
    Unauthorized,
    /// Nothing, for this reason.
    None(&'static str),
}

fn parse_response(finished: &Finished) -> Response {
    if finished.timed_out {
        return Response::None("nothing came in time");
    }
    if finished.success {
        let review: Value = serde_json::from_slice(&finished.stdout).unwrap_or_default();
        let user = &review["status"]["userInfo"];
        return match user["username"].as_str() {
            Some(name) => Response::User {
                username: name.to_owned(),
                groups: user["groups"].as_array().map_or(0, Vec::len),
            },
            None => Response::None("kubectl printed something unexpected"),
        };
    }
    // The texts of kubectl, which has no other way to tell.
    let says = |words: &str| finished.stderr.contains(words);
    if says("Unauthorized") || says("must be logged in") {
        Response::Unauthorized
    } else if says("getting credentials") {
        Response::None("the sign-in for kubectl did not succeed, see above")
    } else if says("unknown command") {
        Response::None("this kubectl is older than 1.28 and has no `auth whoami`")
    } else {
        Response::None("no cluster answered, see above")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_prints_is_understood() {
        let kubectl = |success, stdout: &str, stderr: &str| Finished {
            success,
            code: None,
            timed_out: false,
            stdout: stdout.as_bytes().to_vec(),
            stderr: stderr.to_owned(),
        };
        let review = r#"{"status":{"userInfo":{"username":"okta:a","groups":["x","y"]}}}"#;
        let user = Response::User {
            username: "okta:a".to_owned(),
            groups: 2,
        };
        for (finished, expected) in [
            (kubectl(true, review, ""), user),
            (
                kubectl(
                    false,
                    "",
                    "error: You must be logged in to the server (Unauthorized)",
                ),
                Response::Unauthorized,
            ),
            (
                kubectl(
                    false,
                    "",
                    "getting credentials: exec: executable kubesesame failed with exit code 1",
                ),
                Response::None("the sign-in for kubectl did not succeed, see above"),
            ),
            (
                kubectl(false, "", "The connection to the server 127.0.0.1:9 was refused"),
                Response::None("no cluster answered, see above"),
            ),
            (
                kubectl(true, "?", ""),
                Response::None("kubectl printed something unexpected"),
            ),
        ] {
            assert_eq!(parse_response(&finished), expected, "{finished:?}");
        }
    }
}
