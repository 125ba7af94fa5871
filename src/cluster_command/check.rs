//! `cluster check`: reads files, checks each, and prints what was found.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::check_args::{CheckArgs, CheckOutput};
use super::error::Error;
use super::{check_text, init};
use crate::cli::OutputFormat;
use crate::cluster::check::{self, FileReport, Finding, Login, User, Validity};
use crate::cluster::description::KubernetesVersion;
use crate::command::token_owner;
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::invocation::Invocation;
use crate::structured;
use crate::ui::{StdinText, Ui};

/// The largest file: what `kubectl get` writes of a cluster's network policies is smaller.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// What was found in a file, and what it makes of the token if there is one.
pub(super) struct Checked {
    pub(super) file: String,
    pub(super) report: FileReport,
    pub(super) login: Option<Login>,
}

/// Returns the exit code: whether an error was found, or the token is refused.
///
/// # Errors
/// If a file cannot be read, or the result cannot be printed.
pub(super) fn run(args: &CheckArgs, invocation: &Invocation<'_>, ui: Ui) -> Result<u8, Error> {
    let minor = args.kubernetes_version.as_deref().map(minor).transpose()?;
    let disallowed: BTreeSet<String> = args.service_account_issuer.iter().cloned().collect();
    let claims = claims(args, invocation, ui)?;
    let mut checked = Vec::new();
    for path in &args.files {
        let text = read(path, ui)?;
        checked.push(Checked {
            file: files::shown(path).to_string(),
            report: check::check_file(&text, minor, &disallowed),
            login: claims
                .as_ref()
                .and_then(|claims| check::log_in(&text, claims, invocation.started_at.secs())),
        });
    }
    if let Some(minor) = minor.filter(|minor| *minor > check::RULES_MINOR) {
        let rules = check::RULES_MINOR;
        ui.note(&format!(
            "note: the rules are those of Kubernetes 1.{rules}; what 1.{minor} changed is not known"
        ));
    }
    let text = match args.output {
        CheckOutput::Text => check_text::document(&checked),
        CheckOutput::Json => structured::document(&as_json(&checked), OutputFormat::Json),
    };
    Ui::information(&text).map_err(Error::Output)?;
    let refuses = |login: &Login| !matches!(login, Login::Accepted { .. });
    let failed = checked
        .iter()
        .any(|it| it.report.has_errors() || it.login.as_ref().is_some_and(refuses));
    Ok(if failed { EXIT_FAILED } else { EXIT_SUCCESS })
}

/// Returns the claims of the token, if one is named.
fn claims(
    args: &CheckArgs,
    invocation: &Invocation<'_>,
    ui: Ui,
) -> Result<Option<Map<String, Value>>, Error> {
    if args.token.is_none() && args.context.is_none() {
        return Ok(None);
    }
    let inspect = init::inspect_args(args.context.as_deref(), None, args.token.as_deref())?;
    let owner = token_owner(inspect, invocation, ui).map_err(|error| Error::Token(Box::new(error)))?;
    Ok(Some(owner.claims))
}

fn minor(text: &str) -> Result<u16, Error> {
    KubernetesVersion::parse(text)
        .map(|version| version.minor)
        .ok_or_else(|| Error::Flag {
            flag: "kubernetes-version",
            value: text.to_owned(),
            form: "a version such as 1.34",
        })
}

/// Reads a file that is to be checked.
///
/// # Errors
/// If it cannot be read, or is no text.
pub(super) fn read(path: &Path, ui: Ui) -> Result<String, Error> {
    let bytes = if path == Path::new("-") {
        match ui.stdin_text("File: ", MAX_BYTES).map_err(Error::Stdin)? {
            StdinText::Whole(bytes) => bytes.to_vec(),
            StdinText::TooLong => return Err(Error::CheckTooLong),
        }
    } else {
        files::read_large(path, MAX_BYTES as u64).map_err(Error::CheckRead)?
    };
    String::from_utf8(bytes).map_err(|_| Error::CheckNotText(path.to_owned()))
}

fn as_json(checked: &[Checked]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "severity": finding.severity.name(),
            "line": finding.line,
            "field": finding.field,
            "message": finding.text,
        })
    };
    let file = |it: &Checked| {
        let findings: Vec<_> = it.report.findings.iter().map(finding).collect();
        let accepted = !it.report.has_errors();
        let mut file =
            json!({"file": it.file, "kind": it.report.kind, "accepted": accepted, "findings": findings});
        if let Some(login) = &it.login {
            file["token"] = login_json(login);
        }
        file
    };
    json!({"files": checked.iter().map(file).collect::<Vec<_>>()})
}

fn login_json(login: &Login) -> Value {
    match login {
        Login::Accepted {
            entry,
            user,
            validity,
        } => {
            let User {
                name,
                uid,
                groups,
                extra,
                ..
            } = user;
            let extra: Map<String, Value> = extra
                .iter()
                .map(|(key, values)| (key.clone(), json!(values)))
                .collect();
            let validity = match validity {
                Validity::Valid => "valid",
                Validity::Expired(_) => "expired",
                Validity::Early(_) => "early",
            };
            json!({"verdict": "accepted", "validity": validity, "entry": entry, "username": name, "uid": uid, "groups": groups, "extra": extra})
        }
        Login::Refused { entry, reason } => json!({"verdict": "refused", "entry": entry, "reason": reason}),
        Login::Unknown { entry, reason } => json!({"verdict": "unknown", "entry": entry, "reason": reason}),
    }
}
