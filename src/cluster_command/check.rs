//! `cluster check`: reads files, checks each, and prints what was found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::check_args::{CheckArgs, CheckOutput};
use super::error::Error;
use crate::cli::OutputFormat;
use crate::cluster::check::{self, FileReport, Finding, Severity};
use crate::cluster::description::KubernetesVersion;
use crate::error::{EXIT_FAILED, EXIT_SUCCESS};
use crate::files;
use crate::structured;
use crate::ui::{StdinText, Ui};
use crate::untrusted_text::harmless_lines;

/// The largest file that is read from standard input; other files have the limit of [`files::read_named`].
const MAX_STDIN_BYTES: usize = 4 * 1024 * 1024;

/// Returns the exit code: whether an error was found.
///
/// # Errors
/// If a file cannot be read, or the result cannot be printed.
pub(super) fn run(args: &CheckArgs, ui: Ui) -> Result<u8, Error> {
    let minor = args.kubernetes_version.as_deref().map(minor).transpose()?;
    let disallowed: BTreeSet<String> = args.service_account_issuer.iter().cloned().collect();
    let mut reports = Vec::new();
    for path in &args.files {
        let text = read(path, ui)?;
        reports.push((
            files::shown(path).to_string(),
            check::check_file(&text, minor, &disallowed),
        ));
    }
    if let Some(minor) = minor.filter(|minor| *minor > check::RULES_MINOR) {
        let rules = check::RULES_MINOR;
        ui.note(&format!(
            "note: the rules are those of Kubernetes 1.{rules}; what 1.{minor} changed is not known"
        ));
    }
    let text = match args.output {
        CheckOutput::Text => as_text(&reports),
        CheckOutput::Json => structured::document(&as_json(&reports), OutputFormat::Json),
    };
    Ui::information(&text).map_err(Error::Output)?;
    let failed = reports.iter().any(|(_, report)| report.has_errors());
    Ok(if failed { EXIT_FAILED } else { EXIT_SUCCESS })
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

fn read(path: &Path, ui: Ui) -> Result<String, Error> {
    let bytes = if path == Path::new("-") {
        match ui.stdin_text("File: ", MAX_STDIN_BYTES).map_err(Error::Stdin)? {
            StdinText::Whole(bytes) => bytes.to_vec(),
            StdinText::TooLong => return Err(Error::CheckTooLong),
        }
    } else {
        files::read_named(path).map_err(Error::CheckRead)?
    };
    String::from_utf8(bytes).map_err(|_| Error::CheckNotText(path.to_owned()))
}

fn as_text(reports: &[(String, FileReport)]) -> String {
    let mut text = String::new();
    for (file, report) in reports {
        for finding in &report.findings {
            let _ = writeln!(text, "{}", harmless_lines(&one(file, finding)));
        }
        let _ = writeln!(text, "{file}: {}", harmless_lines(&summary(report)));
    }
    text
}

fn one(file: &str, finding: &Finding) -> String {
    let line = finding.line.map(|line| format!("{line}:")).unwrap_or_default();
    let field = if finding.field.is_empty() {
        String::new()
    } else {
        format!("{}: ", finding.field)
    };
    format!(
        "{file}:{line} {}: {field}{}",
        finding.severity.name(),
        finding.text
    )
}

fn summary(report: &FileReport) -> String {
    let count = |severity| {
        report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let words = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        more => Some(format!("{more} {word}s")),
    };
    let parts = [
        words(count(Severity::Error), "error"),
        words(count(Severity::Warning), "warning"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let verdict = if report.has_errors() {
        "refused"
    } else {
        "accepted"
    };
    let rest = if parts.is_empty() {
        String::new()
    } else {
        format!(", {}", parts.join(", "))
    };
    format!("{}: {verdict}{rest}", report.kind)
}

fn as_json(reports: &[(String, FileReport)]) -> serde_json::Value {
    let finding = |finding: &Finding| {
        json!({
            "severity": finding.severity.name(),
            "line": finding.line,
            "field": finding.field,
            "message": finding.text,
        })
    };
    let report = |(file, report): &(String, FileReport)| {
        let findings: Vec<_> = report.findings.iter().map(finding).collect();
        json!({"file": file, "kind": report.kind, "accepted": !report.has_errors(), "findings": findings})
    };
    json!({"files": reports.iter().map(report).collect::<Vec<_>>()})
}
