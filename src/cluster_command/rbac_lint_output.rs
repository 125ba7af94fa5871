//! The findings of `rbac lint` for a person, and for programs.

use serde_json::{Value, json};

use super::rbac_lint::Linted;
use super::rbac_text::{self, push_line};
use crate::rbac::lint::{At, Finding, Object, Severity};
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{Scope, SubjectKind};
use crate::untrusted_text::UntrustedText;

const PAGE: &str = "docs/rbac-lint.md";

pub(super) fn text(found: &Linted<'_>) -> String {
    let mut text = String::new();
    for finding in &found.open {
        let line = format!(
            "{}: {}: {} {}",
            found.files.place(finding.place).unwrap_or_default(),
            finding.severity.name(),
            object_text(found, finding.object),
            message(found, finding)
        );
        push_line(&mut text, &format!("{line} [{}]", finding.rule.id), 0, 2);
    }
    push_fixes(&mut text, found);
    push_line(&mut text, &summary(found), 0, 0);
    text
}

/// Adds what to do about each check that found something.
fn push_fixes(text: &mut String, found: &Linted<'_>) {
    let mut ids: Vec<&str> = Vec::new();
    for finding in &found.open {
        if ids.contains(&finding.rule.id) {
            continue;
        }
        if ids.is_empty() {
            text.push('\n');
        }
        ids.push(finding.rule.id);
        push_line(text, &format!("{}: {}", finding.rule.id, finding.rule.fix), 0, 2);
    }
    if !ids.is_empty() {
        text.push('\n');
    }
}

fn summary(found: &Linted<'_>) -> String {
    let count = |severity: Severity| {
        found
            .open
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let accepted = match found.accepted.len() {
        0 => String::new(),
        accepted => format!("; accepted: {accepted}"),
    };
    // Whoever writes a policy can give it these names too.
    let passed_over = match found.passed_over {
        0 => String::new(),
        count => format!("; passed over as Kubernetes' own (--all): {count}"),
    };
    if found.open.is_empty() {
        return format!("nothing found{accepted}{passed_over}");
    }
    format!(
        "errors: {}, warnings: {}, notes: {}{accepted}{passed_over}; all checks: {PAGE}",
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note)
    )
}

/// Returns `ClusterRole "a"`, or `RoleBinding "b/shop"`.
pub(super) fn object_text(found: &Linted<'_>, object: Object) -> String {
    let (kind, scope, name) = parts(found, object);
    let name = rbac_text::shown(name);
    match scope {
        None => format!("{kind} \"{name}\""),
        Some(namespace) => format!("{kind} \"{name}/{}\"", rbac_text::shown(namespace)),
    }
}

/// Returns the kind, the namespace and the name of an object.
fn parts<'a>(found: &Linted<'a>, object: Object) -> (&'static str, Option<&'a str>, &'a str) {
    let policy = found.policy;
    let namespace = |scope| match scope {
        Scope::Cluster => None,
        Scope::Namespace(namespace) => Some(policy.text(namespace)),
    };
    match object {
        Object::Role(at) => {
            let role = &policy.roles[at];
            (role.kind(), namespace(role.scope), policy.text(role.name))
        }
        Object::Binding(at) => {
            let binding = &policy.bindings[at];
            (
                binding.kind(),
                namespace(binding.scope),
                policy.text(binding.name),
            )
        }
    }
}

/// Returns what was found, as the rest of a sentence about the object.
pub(super) fn message(found: &Linted<'_>, finding: &Finding) -> String {
    let text = UntrustedText::new(&finding.text);
    match (finding.at, finding.object) {
        (At::Rule(index), Object::Role(role)) => {
            let content = PlainRule::new(&found.policy.names, &found.policy.roles[role].rules[index]);
            format!("rule {} ({}) {text}", index + 1, rbac_text::rule(&content))
        }
        (At::Subject(subject), Object::Binding(binding)) => {
            let subject = found.policy.bindings[binding].subjects[subject];
            let kind = match subject.kind {
                SubjectKind::User => "User",
                SubjectKind::Group => "Group",
                SubjectKind::ServiceAccount => "ServiceAccount",
                SubjectKind::Other(kind) => found.policy.text(kind),
            };
            let name = rbac_text::shown(found.policy.text(subject.name));
            format!("subject {} \"{name}\" {text}", rbac_text::shown(kind))
        }
        (At::Whole | At::Rule(_) | At::Subject(_), _) => text.to_string(),
    }
}

pub(super) fn value(found: &Linted<'_>) -> Value {
    let findings = found.open.iter().chain(&found.accepted);
    let findings: Vec<Value> = findings
        .map(|finding| {
            let (kind, namespace, name) = parts(found, finding.object);
            json!({
                "check": finding.rule.id,
                "severity": finding.severity.name(),
                "object": {"kind": kind, "namespace": namespace, "name": name},
                "message": message(found, finding),
                "fix": finding.rule.fix,
                "file": file(found, finding),
                "line": finding.place.line,
                "docs": docs(finding.rule.id),
                "accepted": finding.accepted,
            })
        })
        .collect();
    json!({ "findings": findings })
}

/// Returns the name of the file of a finding.
pub(super) fn file<'a>(found: &'a Linted<'_>, finding: &Finding) -> &'a str {
    found.files.name(finding.place).unwrap_or_default()
}

pub(super) fn docs(id: &str) -> String {
    format!("{PAGE}#{id}")
}
