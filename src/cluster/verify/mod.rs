//! Whether a running API server does what a description says: the configuration that it has loaded, and what it makes of a person's token.
//!
//! Pure: what was asked comes in as facts, findings come out.

mod metrics;
#[cfg(test)]
mod tests;

pub(crate) use metrics::Metrics;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use super::description::Description;
use crate::kubectl::Identity;

/// What was asked. An answer that is not there has its reason.
pub(crate) struct Facts {
    pub(crate) identity: Result<Identity, String>,
    pub(crate) metrics: Result<Metrics, String>,
    /// The bytes of the `AuthenticationConfiguration` that is to be loaded.
    pub(crate) configuration: Option<Vec<u8>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) subject: &'static str,
    pub(crate) state: State,
    pub(crate) text: String,
    pub(crate) fix: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Passed,
    Failed,
    NotProven,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "failed",
            Self::NotProven => "unknown",
        }
    }
}

/// Returns a finding for each subject. `expected` are groups of the provider that have to arrive; without one, any of the description has to.
pub(crate) fn verify(description: &Description, facts: &Facts, expected: &[String]) -> Vec<Finding> {
    let mut findings = vec![configuration(facts)];
    findings.extend(reloads(facts));
    match &facts.identity {
        Ok(identity) => {
            findings.push(user(description, identity));
            findings.push(groups(description, identity, expected));
        }
        Err(reason) => findings.push(Finding {
            subject: "user",
            state: State::Failed,
            text: reason.clone(),
            fix: Some("look at the way from the kubeconfig to the API server: kubesesame doctor"),
        }),
    }
    findings
}

fn finding(subject: &'static str, state: State, text: impl Into<String>) -> Finding {
    Finding {
        subject,
        state,
        text: text.into(),
        fix: None,
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(digest(&SHA256, bytes).as_ref()))
}

/// The API server tells the hash of the bytes that it has loaded.
fn configuration(facts: &Facts) -> Finding {
    const SUBJECT: &str = "configuration";
    let metrics = match &facts.metrics {
        Ok(metrics) => metrics,
        Err(reason) => {
            return Finding {
                fix: Some(
                    "name a user who may read /metrics: --admin-context, --admin-kubeconfig, or the role system:monitoring",
                ),
                ..finding(
                    SUBJECT,
                    State::NotProven,
                    format!("its metrics cannot be read: {reason}"),
                )
            };
        }
    };
    match (&facts.configuration, metrics.configuration_hash()) {
        (_, None) => finding(
            SUBJECT,
            State::NotProven,
            "the API server tells of no AuthenticationConfiguration: it has flags (--oidc-…), or is older than Kubernetes 1.34",
        ),
        (None, Some(hash)) => finding(
            SUBJECT,
            State::NotProven,
            format!("one is loaded, {hash}; compare it by --configuration=FILE"),
        ),
        (Some(bytes), Some(hash)) if sha256(bytes) == hash => {
            finding(SUBJECT, State::Passed, "the API server has loaded this file")
        }
        (Some(bytes), Some(hash)) => Finding {
            fix: Some(
                "a change is loaded within a minute; if it is not, the API server's log says why. Of several API servers one was asked",
            ),
            ..finding(
                SUBJECT,
                State::Failed,
                format!("another one is loaded, {hash}; the file is {}", sha256(bytes)),
            )
        },
    }
}

fn reloads(facts: &Facts) -> Option<Finding> {
    let metrics = facts.metrics.as_ref().ok()?;
    let has_failed = metrics.last_reload_failed()?;
    Some(if has_failed {
        Finding {
            fix: Some(
                "the earlier configuration counts on; look for `authentication config` in the log of the API server",
            ),
            ..finding("reload", State::Failed, "the last change was refused")
        }
    } else {
        finding("reload", State::Passed, "the last change was taken")
    })
}

fn user(description: &Description, identity: &Identity) -> Finding {
    const SUBJECT: &str = "user";
    let name = &identity.username;
    let issuer = description.issuers.iter().find(|issuer| {
        let prefix = &issuer.mapping.username_prefix;
        !prefix.is_empty() && name.starts_with(prefix)
    });
    let has_no_prefix = |issuer: &super::description::Issuer| issuer.mapping.username_prefix.is_empty();
    match issuer {
        Some(issuer) => finding(
            SUBJECT,
            State::Passed,
            format!("the API server calls you {name}, of `{}`", issuer.name),
        ),
        None if description.issuers.iter().any(has_no_prefix) => finding(
            SUBJECT,
            State::NotProven,
            format!("the API server calls you {name}; an issuer has no prefix, so it cannot be told which"),
        ),
        None => Finding {
            fix: Some(
                "the context may have another credential (a certificate), or the API server other prefixes: kubesesame token inspect",
            ),
            ..finding(
                SUBJECT,
                State::Failed,
                format!("the API server calls you {name}, which has the prefix of no issuer"),
            )
        },
    }
}

fn groups(description: &Description, identity: &Identity, expected: &[String]) -> Finding {
    const SUBJECT: &str = "groups";
    let has = |group: &String| {
        let mut names = description.group_names(group);
        names.any(|name| identity.groups.contains(&name))
    };
    let arrived = format!("the API server sees {}", shown(&identity.groups));
    let state = if expected.is_empty() {
        let known: Vec<&String> = description.groups.iter().map(|group| &group.name).collect();
        match known.iter().any(|group| has(group)) {
            _ if known.is_empty() => State::NotProven,
            true => State::Passed,
            false => State::Failed,
        }
    } else if expected.iter().all(has) {
        State::Passed
    } else {
        State::Failed
    };
    let missing: Vec<String> = expected.iter().filter(|group| !has(group)).cloned().collect();
    let text = match state {
        State::Passed | State::NotProven => arrived,
        State::Failed if missing.is_empty() => format!("no group of the description arrived; {arrived}"),
        State::Failed => format!("{} did not arrive; {arrived}", missing.join(", ")),
    };
    let fix = "compare the claim of the groups with the token (kubesesame token inspect), then prefix and `startingWith`; a new group is in the next token";
    Finding {
        fix: (state == State::Failed).then_some(fix),
        ..finding(SUBJECT, state, text)
    }
}

fn shown(groups: &[String]) -> String {
    let mut names: Vec<&str> = groups.iter().map(String::as_str).collect();
    names.retain(|name| *name != "system:authenticated");
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
