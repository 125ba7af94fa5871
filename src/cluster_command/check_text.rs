//! What `cluster check` found, as text: a line for each finding, one for the file, and what comes of a token.

use std::fmt::Write as _;

use super::check::Checked;
use crate::cluster::check::{FileReport, Finding, Login, Severity, User, Validity};
use crate::duration_words::in_words;
use crate::untrusted_text::harmless_lines;

pub(super) fn document(checked: &[Checked]) -> String {
    let mut text = String::new();
    for it in checked {
        for finding in &it.report.findings {
            let _ = writeln!(text, "{}", one(&it.file, finding));
        }
        let _ = writeln!(text, "{}: {}", it.file, summary(&it.report));
        if let Some(login) = &it.login {
            text.push_str(&token(login));
        }
    }
    harmless_lines(&text).into_owned()
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

fn token(login: &Login) -> String {
    let (entry, user, validity) = match login {
        Login::Accepted {
            entry,
            user,
            validity,
        } => (entry, user, *validity),
        Login::Refused {
            entry: Some(entry),
            reason,
        } => return format!("token: refused by jwt[{entry}]: {reason}\n"),
        Login::Refused { entry: None, reason } => return format!("token: refused: {reason}\n"),
        Login::Unknown { entry, reason } => return format!("token: undecided by jwt[{entry}]: {reason}\n"),
    };
    let User {
        name,
        name_source,
        uid,
        groups,
        groups_source,
        extra,
    } = user;
    let mut text = match times(validity) {
        None => format!("token: accepted by jwt[{entry}], if its signature is right\n"),
        Some(times) => {
            format!("token: {times}; but for that jwt[{entry}] accepts it, if its signature is right\n")
        }
    };
    let _ = writeln!(text, "  user    {name} ({name_source})");
    if !uid.is_empty() {
        let _ = writeln!(text, "  uid     {uid}");
    }
    let list = if groups.is_empty() {
        "none".to_owned()
    } else {
        groups.join(", ")
    };
    let _ = writeln!(text, "  groups  {list} ({groups_source})");
    for (key, values) in extra {
        let _ = writeln!(text, "  extra   {key}: {}", values.join(", "));
    }
    text
}

/// Says what is wrong with the times of a token.
fn times(validity: Validity) -> Option<String> {
    match validity {
        Validity::Valid => None,
        Validity::Expired(None) => Some("it has no `exp` claim, so it counts as expired".to_owned()),
        Validity::Expired(Some(seconds)) => Some(format!("it expired {} ago", in_words(seconds))),
        Validity::Early(seconds) => Some(format!(
            "it is not valid for another {} (`nbf`)",
            in_words(seconds)
        )),
    }
}
