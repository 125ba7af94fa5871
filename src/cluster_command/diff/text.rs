//! The comparison as text, in lines of 80 columns. Pure. Names come from files and tokens, so the whole is made harmless by the caller.

use std::fmt::Write as _;

use super::Comparison;
use crate::cluster::check::Login;
use crate::cluster::diff::{BindingChange, Change, Granted, Person, Reach};
use crate::wrapped_text::wrapped;

/// Where the text of a change begins.
const INDENT: usize = 13;

pub(super) fn document(comparison: &Comparison) -> String {
    let mut text = String::new();
    for (side, word) in [(&comparison.old, "old: "), (&comparison.new, "new: ")] {
        push_labelled(
            &mut text,
            word,
            &format!("{} ({})", side.file, side.settings.kind),
        );
    }
    push_changes(&mut text, &comparison.difference.changes);
    push_locked_out(&mut text, &comparison.difference.changes);
    for (token, person) in &comparison.people {
        push_person(&mut text, comparison, token, person);
    }
    if let Some(bindings) = &comparison.bindings {
        push_bindings(&mut text, comparison, bindings);
    }
    let notes = &comparison.difference.notes;
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        push_labelled(&mut text, "note: ", note);
    }
    if !comparison.differs() {
        text.push_str("\nno difference for people\n");
    }
    text
}

/// Adds a paragraph after a label. Its further lines begin where it does.
fn push_labelled(text: &mut String, label: &str, paragraph: &str) {
    let indent = label.chars().count();
    text.push_str(label);
    text.push_str(&wrapped(paragraph, indent, indent));
    text.push('\n');
}

fn push_changes(text: &mut String, changes: &[Change]) {
    let mut earlier = None;
    for change in changes {
        if earlier != Some(&change.issuer) {
            text.push('\n');
            if change.issuer.is_empty() {
                text.push_str("all requests\n");
            } else {
                push_labelled(text, "issuer ", &change.issuer);
            }
            earlier = Some(&change.issuer);
        }
        push_labelled(text, &format!("  {:<11}", change.subject.name()), &change.text);
        if let (Some(before), Some(after)) = (&change.before, &change.after) {
            push_labelled(text, &format!("{:INDENT$}before: ", ""), before);
            push_labelled(text, &format!("{:INDENT$}after:  ", ""), after);
        }
        for effect in &change.effects {
            push_labelled(text, &format!("{:INDENT$}- ", ""), effect);
        }
    }
}

fn push_locked_out(text: &mut String, changes: &[Change]) {
    if changes.iter().all(|change| change.locked_out.is_empty()) {
        return;
    }
    text.push_str("\nlocked out\n");
    let mut earlier = None;
    for change in changes.iter().filter(|change| !change.locked_out.is_empty()) {
        if earlier != Some(&change.issuer) {
            push_labelled(text, "  of ", &change.issuer);
            earlier = Some(&change.issuer);
        }
        for people in &change.locked_out {
            push_labelled(text, "  - ", people);
        }
    }
}

fn push_person(text: &mut String, comparison: &Comparison, token: &str, person: &Person) {
    let verdict = match (&person.before, &person.after) {
        (Login::Accepted { .. }, _) if !person.changes() => "keeps name and groups",
        (Login::Refused { .. }, Login::Refused { .. }) => "is refused as before",
        (Login::Accepted { .. }, Login::Accepted { .. }) => "changes",
        (Login::Accepted { .. }, Login::Refused { .. }) => "is locked out",
        (Login::Refused { .. }, Login::Accepted { .. }) => "can sign in from now on",
        (_, _) => "cannot be told",
    };
    text.push('\n');
    push_labelled(
        text,
        &format!("{token}: "),
        &format!("the owner of this token {verdict}"),
    );
    push_labelled(text, "  before: ", &login(&person.before));
    push_labelled(text, "  after:  ", &login(&person.after));
    for (label, all) in [("  loses:  ", &person.lost), ("  gains:  ", &person.gained)] {
        for it in all {
            push_labelled(text, label, &granted(comparison, it));
        }
    }
}

fn login(login: &Login) -> String {
    match login {
        Login::Accepted { user, .. } => {
            let groups = if user.groups.is_empty() {
                "no groups".to_owned()
            } else {
                format!("groups {}", user.groups.join(", "))
            };
            let uid = match user.uid.as_str() {
                "" => String::new(),
                uid => format!(", UID {uid}"),
            };
            format!("{}{uid}, {groups}", user.name)
        }
        Login::Refused { reason, .. } => format!("refused: {reason}"),
        Login::Unknown { reason, .. } => format!("undecided: {reason}"),
    }
}

fn granted(comparison: &Comparison, granted: &Granted) -> String {
    let name = named(granted.kind, &granted.name, granted.namespace.as_deref());
    format!("{name} ({})", comparison.place(granted.place))
}

/// Returns `RoleBinding shop/developers`.
fn named(kind: &str, name: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

fn push_bindings(text: &mut String, comparison: &Comparison, bindings: &[BindingChange]) {
    for (reach, heading) in [
        (Reach::Nobody, "bindings that reach nobody by this change"),
        (
            Reach::Doubtful,
            "bindings whose names are made of something else now",
        ),
        (Reach::Somebody, "bindings that can reach somebody from now on"),
    ] {
        let mut of_reach = bindings.iter().filter(|change| change.reach == reach).peekable();
        if of_reach.peek().is_none() {
            continue;
        }
        let _ = write!(text, "\n{heading}\n");
        for change in of_reach {
            let name = named(change.kind, &change.name, change.namespace.as_deref());
            let place = comparison.place(change.place);
            let subject = format!("{} {}", change.subject_kind, change.subject);
            push_labelled(text, "  ", &format!("{place}: {name}, {subject}"));
        }
    }
}
