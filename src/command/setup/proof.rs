//! Proves a new kubeconfig entry: asks the cluster, by the user's own `kubectl`, who the person is.

use std::time::Duration;

use serde_json::Value;

use super::findings::Findings;
use super::target::Target;
use crate::error::Error;
use crate::process::{Finished, run_attended};
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// What kubectl may take besides the sign-in.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Asks the cluster. A cluster that does not answer proves nothing, which is said.
///
/// Returns the error if the API server refuses the token.
pub(super) fn prove(
    findings: &Findings<'_>,
    target: &Target,
    sign_in_time: Duration,
    ui: Ui,
) -> Option<Error> {
    let context = findings.context.as_ref()?;
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
    let unproven = |why: &str| {
        ui.note(&format!("not proven: {why}"));
        None
    };
    let finished = match run_attended("kubectl", &arguments, sign_in_time + REQUEST_TIME, &|text| {
        ui.pass_on(text);
    }) {
        Ok(finished) => finished,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return unproven("kubectl is not on the PATH");
        }
        Err(error) => return unproven(&format!("kubectl cannot be run: {error}")),
    };
    match verdict(&finished) {
        Answer::User { username, groups } => {
            let expected = findings.judgement.username.as_deref().unwrap_or_default();
            let shown = UntrustedText::new(&username);
            if username == expected {
                ui.note(&format!(
                    "the API server says that you are {shown}, in {groups} groups"
                ));
            } else {
                ui.warn(&format!(
                    "the API server says that you are {shown}, and not {}: its claims or prefixes are other ones than here",
                    UntrustedText::new(expected)
                ));
            }
            None
        }
        Answer::Unauthorized => Some(Error::TokenRefused),
        Answer::None(why) => unproven(why),
    }
}

/// What came of the question.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    User {
        username: String,
        groups: usize,
    },
    Unauthorized,
    /// Nothing, for this reason.
    None(&'static str),
}

fn verdict(finished: &Finished) -> Answer {
    if finished.timed_out {
        return Answer::None("nothing came in time");
    }
    if finished.success {
        let review: Value = serde_json::from_slice(&finished.stdout).unwrap_or_default();
        let user = &review["status"]["userInfo"];
        return match user["username"].as_str() {
            Some(name) => Answer::User {
                username: name.to_owned(),
                groups: user["groups"].as_array().map_or(0, Vec::len),
            },
            None => Answer::None("kubectl printed something unexpected"),
        };
    }
    // The texts of kubectl, which has no other way to tell.
    let says = |words: &str| finished.stderr.contains(words);
    if says("Unauthorized") || says("must be logged in") {
        Answer::Unauthorized
    } else if says("getting credentials") {
        Answer::None("the sign-in for kubectl did not succeed, see above")
    } else if says("unknown command") {
        Answer::None("this kubectl is older than 1.28 and has no `auth whoami`")
    } else {
        Answer::None("no cluster answered, see above")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_kubectl_is_understood() {
        let finished = |success, stdout: &str, stderr: &str| Finished {
            success,
            timed_out: false,
            stdout: stdout.as_bytes().to_vec(),
            stderr: stderr.to_owned(),
        };
        let review = r#"{"status":{"userInfo":{"username":"okta:a","groups":["x","y"]}}}"#;
        let user = Answer::User {
            username: "okta:a".to_owned(),
            groups: 2,
        };
        for (answer, expected) in [
            (finished(true, review, ""), user),
            (
                finished(
                    false,
                    "",
                    "error: You must be logged in to the server (Unauthorized)",
                ),
                Answer::Unauthorized,
            ),
            (
                finished(
                    false,
                    "",
                    "getting credentials: exec: executable kubesesame failed with exit code 1",
                ),
                Answer::None("the sign-in for kubectl did not succeed, see above"),
            ),
            (
                finished(false, "", "The connection to the server 127.0.0.1:9 was refused"),
                Answer::None("no cluster answered, see above"),
            ),
            (
                finished(true, "?", ""),
                Answer::None("kubectl printed something unexpected"),
            ),
        ] {
            assert_eq!(verdict(&answer), expected, "{answer:?}");
        }
    }
}
