//! The findings as text for people and as a document for programs.

use serde_json::{Value, json};

use super::check::{Finding, Status};
use crate::wrapped_text::wrapped;

/// Where the sections of the checks are.
const PAGE: &str = "docs/doctor.md";

/// What nobody knows before the first sign-in: providers and clusters tell it of a token alone.
const NOT_PROVEN: &str = "You are not signed in, so client id, token and access to the cluster are not proven. Sign in, then run doctor again:";

/// Where the summary of a finding begins.
const SUMMARY_COLUMN: usize = 29;
/// Where cause and fix begin.
const DETAIL_COLUMN: usize = 9;

/// Returns how many checks failed.
pub(crate) fn failures(findings: &[Finding]) -> usize {
    count(findings, Status::Failure)
}

fn count(findings: &[Finding], status: Status) -> usize {
    findings.iter().filter(|finding| finding.status == status).count()
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// Returns a line for each check that has something to say, or for each check if `all` is set, with cause and fix below those that found a
/// fault; then the names of the others, and the counts. `login_command` is that of a person without a session.
pub(crate) fn as_text(findings: &[Finding], all: bool, login_command: Option<&str>) -> String {
    let mut text = String::new();
    let is_shown = |finding: &&Finding| finding.is_notable || all && finding.status != Status::Skipped;
    for finding in findings.iter().filter(is_shown) {
        let start = format!("{:<8} {:<19} ", finding.status.word(), finding.check);
        push_wrapped(&mut text, &start, &finding.summary, SUMMARY_COLUMN);
        for (name, detail) in [("cause: ", &finding.cause), ("fix:   ", &finding.fix)] {
            if let Some(detail) = detail {
                let start = format!("{}{name}", " ".repeat(DETAIL_COLUMN));
                push_wrapped(&mut text, &start, detail, DETAIL_COLUMN + name.len());
            }
        }
    }
    let fine = findings
        .iter()
        .filter(|finding| finding.status == Status::Ok && !is_shown(finding));
    let fine: Vec<_> = fine.map(|finding| finding.check).collect();
    if !fine.is_empty() {
        push_wrapped(
            &mut text,
            "ok       ",
            &format!("also {}", fine.join(", ")),
            DETAIL_COLUMN,
        );
    }
    for (reason, checks) in skipped(findings) {
        let listed = format!("{} ({reason})", checks.join(", "));
        push_wrapped(&mut text, "skipped  ", &listed, DETAIL_COLUMN);
    }
    text.push('\n');
    text.push_str(&counts(findings));
    if let Some(command) = login_command {
        text.push('\n');
        push_wrapped(&mut text, "", NOT_PROVEN, 0);
        text.extend(["  ", command, "\n"]);
    }
    text
}

/// The checks that were skipped, by their reasons.
fn skipped(findings: &[Finding]) -> Vec<(&str, Vec<&'static str>)> {
    let mut reasons: Vec<(&str, Vec<&'static str>)> = Vec::new();
    for finding in findings
        .iter()
        .filter(|finding| finding.status == Status::Skipped)
    {
        match reasons.iter_mut().find(|(reason, _)| *reason == finding.summary) {
            Some((_, checks)) => checks.push(finding.check),
            None => reasons.push((&finding.summary, vec![finding.check])),
        }
    }
    reasons
}

fn counts(findings: &[Finding]) -> String {
    let of = |status, one: &str, many: &str| match count(findings, status) {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let parts = [
        of(Status::Failure, "failure", "failures"),
        of(Status::Warning, "warning", "warnings"),
        of(Status::Ok, "ok", "ok"),
        of(Status::Skipped, "skipped", "skipped"),
    ];
    let has_faults = count(findings, Status::Failure) + count(findings, Status::Warning) > 0;
    let more = if has_faults {
        "; more about one: kubesesame explain NAME".to_owned()
    } else {
        String::new()
    };
    format!("{}{more}\n", parts.join(", "))
}

/// Adds words in lines of a terminal. The first line begins with `start`, the others are indented.
fn push_wrapped(text: &mut String, start: &str, words: &str, indent: usize) {
    let lines = format!("{start}{}", wrapped(words, start.chars().count(), indent));
    text.push_str(lines.trim_end());
    text.push('\n');
}

/// Returns the findings for programs. Members are only added in later versions.
pub(crate) fn as_value(findings: &[Finding]) -> Value {
    let check = |finding: &Finding| {
        json!({
            "name": finding.check,
            "status": finding.status,
            "summary": finding.summary,
            "cause": finding.cause,
            "fix": finding.fix,
            "docs": format!("{PAGE}#{}", finding.check),
        })
    };
    json!({
        "failures": count(findings, Status::Failure),
        "warnings": count(findings, Status::Warning),
        "checks": findings.iter().map(check).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wrapped_text::WIDTH;

    fn finding(check: &'static str, status: Status, summary: &str) -> Finding {
        Finding {
            check,
            status,
            is_notable: matches!(status, Status::Warning | Status::Failure),
            summary: summary.to_owned(),
            cause: None,
            fix: None,
        }
    }

    #[test]
    fn a_report_fits_eighty_columns_and_ends_with_the_counts() {
        let long = "a summary that is so long that it does not fit into one line of a terminal";
        let findings = [
            finding("clock", Status::Ok, "the same"),
            Finding {
                cause: Some(format!("{long} and {long}")),
                fix: Some("turn it off".to_owned()),
                ..finding("issuer-spelling", Status::Failure, long)
            },
            finding("proxy", Status::Skipped, "offline"),
            finding("tls", Status::Skipped, "offline"),
        ];
        let text = as_text(&findings, false, None);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        insta::assert_snapshot!(text, @"
        failure  issuer-spelling     a summary that is so long that it does not fit into
                                     one line of a terminal
                 cause: a summary that is so long that it does not fit into one line of
                        a terminal and a summary that is so long that it does not fit
                        into one line of a terminal
                 fix:   turn it off
        ok       also clock
        skipped  proxy, tls (offline)

        1 failure, 0 warnings, 1 ok, 2 skipped; more about one: kubesesame explain NAME
        ");
        assert_eq!(as_value(&findings)["checks"][0]["docs"], "docs/doctor.md#clock");
    }
}
