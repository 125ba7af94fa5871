//! The person's own kubectl: asks the API server with the person's credentials, proxies and plugins.
//!
//! Owns the command lines and the reading of what kubectl says. Waits ten seconds at most unless the caller says more. Nothing but
//! [`Kubectl::apply`] changes anything in a cluster.

mod error;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use serde::Deserialize;

pub(crate) use self::error::{Error, ListError};
use crate::process;
use crate::untrusted_text::UntrustedText;

/// How long kubectl may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many objects a list has at most. Each page is a start of kubectl: with 500, as kubectl itself has it, 12,000 objects take three times as long.
const PAGE_SIZE: usize = 5000;

/// The object that asks an API server who the caller is.
const REVIEW: &[u8] = br#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;

/// Which cluster and user kubectl is to use.
#[derive(Debug, Default)]
pub(crate) struct Kubectl {
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) context: Option<String>,
    pub(crate) user: Option<String>,
}

/// Who the API server says that the caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) username: String,
    pub(crate) groups: Vec<String>,
}

/// The cluster that kubectl would ask.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) context: String,
    pub(crate) server: String,
}

/// What kubectl printed, and its exit code, `None` if a signal ended it.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The owner of the fields that are applied here (`managedFields`).
const FIELD_MANAGER: &str = "--field-manager=kubesesame";

impl Kubectl {
    /// Asks by `kubectl auth whoami`; an older kubectl creates the same review (`SelfSubjectReview`), which stores nothing.
    ///
    /// # Errors
    /// If there is no answer.
    pub(crate) fn who_am_i(&self) -> Result<Identity, Error> {
        self.who_am_i_within(TIMEOUT)
    }

    /// As [`Self::who_am_i`], with another limit for each call of kubectl.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn who_am_i_within(&self, limit: Duration) -> Result<Identity, Error> {
        let output = self.run(&["auth", "whoami", "--output=json"], b"", limit)?;
        if output.status.success() {
            return identity(&output.stdout);
        }
        if !is_unknown_command(&String::from_utf8_lossy(&output.stderr)) {
            return Err(failure(&output));
        }
        let create = ["create", "--filename=-", "--output=json", "--validate=false"];
        let output = self.run(&create, REVIEW, limit)?;
        if output.status.success() {
            identity(&output.stdout)
        } else {
            Err(failure(&output))
        }
    }

    /// Returns the metrics of the API server, in the text format of Prometheus.
    ///
    /// # Errors
    /// If there is no answer, or the user may not read them.
    pub(crate) fn metrics_within(&self, limit: Duration) -> Result<String, Error> {
        let output = self.run(&["get", "--raw=/metrics"], b"", limit)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(failure(&output))
        }
    }

    /// Returns the namespace of the context, if it names one. Asks no API server.
    ///
    /// # Errors
    /// If kubectl cannot be started, or knows no such context.
    pub(crate) fn namespace(&self) -> Result<Option<String>, Error> {
        let template = "--output=jsonpath={.contexts[0].context.namespace}";
        let output = self.run(&["config", "view", "--minify", template], b"", TIMEOUT)?;
        if !output.status.success() {
            return Err(failure(&output));
        }
        let namespace = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Some(namespace).filter(|namespace| !namespace.is_empty()))
    }

    /// Returns all objects below a path of the API, as the lists that the API server gives one after the other.
    ///
    /// # Errors
    /// If there is no answer, or the user may not list them.
    pub(crate) fn list_within(&self, path: &str, limit: Duration) -> Result<Vec<String>, ListError> {
        let mut pages = Vec::new();
        let mut next = String::new();
        loop {
            let raw = format!("--raw={path}?limit={PAGE_SIZE}{next}");
            let output = self.run(&["get", &raw], b"", limit).map_err(ListError::Failed)?;
            if !output.status.success() {
                let is_denied = String::from_utf8_lossy(&output.stderr).contains("(Forbidden)");
                return Err(if is_denied {
                    ListError::Denied
                } else {
                    ListError::Failed(failure(&output))
                });
            }
            let page = String::from_utf8_lossy(&output.stdout).into_owned();
            let token = continue_token(&page).ok_or(ListError::Failed(Error::NoList))?;
            pages.push(page);
            if token.is_empty() {
                return Ok(pages);
            }
            let following = format!("&continue={token}");
            // The same place again would have no end.
            if following == next {
                return Err(ListError::Failed(Error::NoList));
            }
            next = following;
        }
    }

    /// Returns the cluster of the context, `None` if kubectl names none. Nobody is asked over the network.
    pub(crate) fn target(&self) -> Option<Target> {
        let view = ["config", "view", "--minify", "--output=json"];
        let output = self.run(&view, b"", TIMEOUT).ok()?;
        let view: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(Target {
            context: view.get("current-context")?.as_str()?.to_owned(),
            server: view.pointer("/clusters/0/cluster/server")?.as_str()?.to_owned(),
        })
    }

    /// Compares a manifest with the cluster, as a server-side apply would change it: the exit code is 0 without a difference, 1 with one.
    ///
    /// # Errors
    /// If kubectl cannot be run, or does not end in time.
    pub(crate) fn diff(&self, manifest: &str, limit: Duration) -> Result<Said, Error> {
        let args = ["diff", "--server-side", FIELD_MANAGER, "--filename=-"];
        self.run_forwarding(&args, manifest, limit)
    }

    /// Applies a manifest. A signal that ends this process ends kubectl too.
    ///
    /// # Errors
    /// As for [`Self::diff`].
    pub(crate) fn apply(&self, manifest: &str, limit: Duration) -> Result<Said, Error> {
        let args = ["apply", "--server-side", FIELD_MANAGER, "--filename=-"];
        self.run_forwarding(&args, manifest, limit)
    }

    fn run_forwarding(&self, args: &[&str], stdin: &str, limit: Duration) -> Result<Said, Error> {
        let all = self.arguments(args, limit);
        let output = process::run_forwarding("kubectl", &all, stdin.as_bytes().to_vec(), limit);
        let output = output.map_err(Error::from)?;
        Ok(Said {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn run(&self, args: &[&str], stdin: &[u8], limit: Duration) -> Result<Output, Error> {
        let all = self.arguments(args, limit);
        process::run_within("kubectl", &all, stdin, limit).map_err(Error::from)
    }

    fn arguments(&self, args: &[&str], limit: Duration) -> Vec<OsString> {
        let mut all: Vec<OsString> = args.iter().map(OsString::from).collect();
        // kubectl's own limit is for one request, and the program that brings its credential has none.
        all.push(format!("--request-timeout={}s", limit.as_secs()).into());
        let flag = |name: &str, value: &OsString| {
            let mut flag = OsString::from(format!("--{name}="));
            flag.push(value);
            flag
        };
        let kubeconfig = self.kubeconfig.as_ref().map(|path| path.as_os_str().to_owned());
        let given = [
            ("kubeconfig", kubeconfig),
            ("context", self.context.as_ref().map(OsString::from)),
            ("user", self.user.as_ref().map(OsString::from)),
        ];
        all.extend(
            given
                .iter()
                .filter_map(|(name, value)| Some(flag(name, value.as_ref()?))),
        );
        all
    }
}

/// Returns the token by which the next page is asked for, empty after the last one. `None` if this is no page.
fn continue_token(page: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct List {
        metadata: ListMetadata,
    }
    #[derive(Deserialize)]
    struct ListMetadata {
        #[serde(default, rename = "continue")]
        token: String,
    }
    let token = serde_json::from_str::<List>(page).ok()?.metadata.token;
    // It is in the alphabet of base64 for URLs.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    token.bytes().all(is_plain).then_some(token)
}

/// Whether kubectl does not know `auth whoami` (before 1.27), or not with this flag.
fn is_unknown_command(stderr: &str) -> bool {
    ["unknown command", "unknown flag", "Usage:"]
        .iter()
        .any(|text| stderr.contains(text))
}

fn failure(output: &Output) -> Error {
    failure_of(&String::from_utf8_lossy(&output.stderr))
}

fn failure_of(stderr: &str) -> Error {
    let says = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
    if says(&["Unauthorized", "You must be logged in to the server"]) {
        return Error::Unauthorized;
    }
    if says(&[
        "could not find the requested resource",
        "no matches for kind",
        "doesn't have a resource type",
        "selfsubjectreviews API is not enabled",
    ]) {
        return Error::NoReview;
    }
    if says(&[
        "Client.Timeout exceeded",
        "i/o timeout",
        "context deadline exceeded",
    ]) {
        return Error::Timeout;
    }
    let mut lines = stderr.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines.find(|line| !is_log_line(line)).unwrap_or("it says nothing");
    Error::Failed(UntrustedText::new(last.trim_start_matches("error: ")))
}

/// Whether a line is one of klog's: `E1127 21:40:38.123 …`.
fn is_log_line(line: &str) -> bool {
    let mut chars = line.chars();
    chars.next().is_some_and(|c| "IWEF".contains(c)) && chars.take(4).all(|c| c.is_ascii_digit())
}

fn identity(stdout: &[u8]) -> Result<Identity, Error> {
    #[derive(Deserialize)]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize)]
    struct Status {
        #[serde(rename = "userInfo")]
        user_info: UserInfo,
    }
    #[derive(Deserialize)]
    struct UserInfo {
        #[serde(default)]
        username: String,
        #[serde(default)]
        groups: Vec<String>,
    }
    let review: Review = serde_json::from_slice(stdout).map_err(|_| Error::Unreadable)?;
    Ok(Identity {
        username: review.status.user_info.username,
        groups: review.status.user_info.groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_kubectl_has_a_cause() {
        for (stderr, expected) in [
            (
                "error: You must be logged in to the server (Unauthorized)\n",
                "Unauthorized",
            ),
            (
                "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
                "Unauthorized",
            ),
            (
                "Error from server (NotFound): the server could not find the requested resource",
                "NoReview",
            ),
            (
                "error: the selfsubjectreviews API is not enabled in the cluster",
                "NoReview",
            ),
            (
                "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
                "Timeout",
            ),
            (
                "E1127 21:40:38.123456 1 memcache.go:1] x\nerror: dial tcp 127.0.0.1:1: connect: connection refused\n",
                "Failed(UntrustedText(\"dial tcp 127.0.0.1:1: connect: connection refused\"))",
            ),
            ("", "Failed(UntrustedText(\"it says nothing\"))"),
        ] {
            assert_eq!(format!("{:?}", failure_of(stderr)), expected, "{stderr}");
        }
    }

    #[test]
    fn a_page_names_the_next_one() {
        for (page, expected) in [
            (
                r#"{"kind":"RoleList","metadata":{"resourceVersion":"1"},"items":[]}"#,
                Some(""),
            ),
            (
                r#"{"metadata":{"continue":"eyJ2_-"},"items":[{}]}"#,
                Some("eyJ2_-"),
            ),
            (r#"{"metadata":{"continue":"a&b"}}"#, None),
            ("[]", None),
            ("no JSON", None),
        ] {
            assert_eq!(continue_token(page).as_deref(), expected, "{page}");
        }
    }

    #[test]
    fn a_review_names_the_user_and_the_groups() {
        let review = br#"{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"u","groups":["a"],"extra":{}}}}"#;
        let identity = identity(review).unwrap();
        assert_eq!(
            (identity.username.as_str(), identity.groups),
            ("u", vec!["a".to_owned()])
        );
        assert!(super::identity(b"{}").is_err());
    }
}
