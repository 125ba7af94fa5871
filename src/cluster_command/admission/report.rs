//! What was judged, for people and for programs. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::admission::{Judgement, Person, Request};
use crate::cli::OutputFormat;
use crate::structured;
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::wrapped;

pub(super) struct Row<'r> {
    pub(super) request: &'r Request,
    pub(super) person: &'r Person,
    pub(super) judgement: Judgement,
}

pub(super) fn text(rows: &[Row<'_>], output: Option<OutputFormat>) -> String {
    match output {
        Some(format) => structured::document(&document(rows), format),
        None => lines(rows),
    }
}

fn document(rows: &[Row<'_>]) -> Value {
    let judgements: Vec<Value> = rows
        .iter()
        .map(|row| {
            let (request, judgement) = (row.request, &row.judgement);
            let denials: Vec<Value> = judgement
                .denials
                .iter()
                .map(|denial| json!({ "policy": denial.policy, "message": denial.message }))
                .collect();
            json!({
                "user": row.person.user,
                "groups": row.person.groups,
                "operation": request.operation.name(),
                "group": request.group,
                "kind": request.kind,
                "subresource": request.subresource,
                "namespace": request.namespace,
                "name": request.name,
                "allowed": denials.is_empty(),
                "exemption": judgement.exemption,
                "denials": denials,
            })
        })
        .collect();
    json!({ "denied": denied(rows), "judged": rows.len(), "judgements": judgements })
}

fn denied(rows: &[Row<'_>]) -> usize {
    rows.iter()
        .filter(|row| !row.judgement.denials.is_empty())
        .count()
}

/// A message has all groups that may, and an API server allows this much.
const MAX_MESSAGE_CHARS: usize = 5 * 1024;
/// Where the text of a verdict begins.
const INDENT: usize = 11;

fn lines(rows: &[Row<'_>]) -> String {
    let mut parts = Vec::new();
    let mut earlier: Option<&Person> = None;
    for row in rows {
        if earlier != Some(row.person) {
            parts.push(heading(row.person, &row.judgement));
            earlier = Some(row.person);
        }
        if row.judgement.exemption.is_some() {
            continue;
        }
        let verdict = if row.judgement.denials.is_empty() {
            "allowed"
        } else {
            "denied"
        };
        let request = UntrustedText::new(&row.request.to_string()).to_string();
        parts.push(format!("  {verdict:<8} {}\n", wrapped(&request, INDENT, INDENT)));
        for denial in &row.judgement.denials {
            let message = format!(
                "{} ({})",
                UntrustedText::with_limit(&denial.message, MAX_MESSAGE_CHARS),
                denial.policy
            );
            parts.push(format!("{:INDENT$}{}\n", "", wrapped(&message, INDENT, INDENT)));
        }
    }
    let summary = summary(rows);
    parts.concat() + &wrapped(&summary, 0, 0) + "\n"
}

fn heading(person: &Person, judgement: &Judgement) -> String {
    let user = UntrustedText::new(&person.user);
    let heading = match &judgement.exemption {
        Some(exemption) => format!("{user}: no rule applies, {}", UntrustedText::new(exemption)),
        None => user.to_string(),
    };
    wrapped(&heading, 0, 2) + "\n"
}

fn summary(rows: &[Row<'_>]) -> String {
    let requests = |count: usize| match count {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    };
    // The same user may be in several rows.
    let mut users: BTreeMap<&str, bool> = BTreeMap::new();
    for row in rows {
        *users.entry(&row.person.user).or_default() |= !row.judgement.denials.is_empty();
    }
    let stopped = users.values().filter(|is_stopped| **is_stopped).count();
    let all = format!("{} of {} denied", denied(rows), requests(rows.len()));
    match users.len() {
        1 => all,
        count => format!("{all}; {stopped} of {count} users affected"),
    }
}
