//! The comparison for programs. Pure.

use serde_json::{Map, Value, json};

use super::{Comparison, Side};
use crate::cluster::check::{Login, User};
use crate::cluster::diff::{BindingChange, Change, Granted, Person};

pub(super) fn value(comparison: &Comparison) -> Value {
    let side = |side: &Side| json!({ "file": side.file, "kind": side.settings.kind });
    let changes = &comparison.difference.changes;
    let locked_out: Vec<Value> = changes
        .iter()
        .flat_map(|change| {
            let issuer = &change.issuer;
            change
                .locked_out
                .iter()
                .map(move |people| json!({ "issuer": issuer, "people": people }))
        })
        .collect();
    let mut value = json!({
        "old": side(&comparison.old),
        "new": side(&comparison.new),
        "differs": comparison.differs(),
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
        "lockedOut": locked_out,
        "notes": comparison.difference.notes,
    });
    if let Some(bindings) = &comparison.bindings {
        let bindings = bindings.iter().map(|change| binding(comparison, change));
        value["bindings"] = bindings.collect();
    }
    if !comparison.people.is_empty() {
        let people = comparison.people.iter();
        value["people"] = people.map(|(token, it)| person(comparison, token, it)).collect();
    }
    value
}

fn change(change: &Change) -> Value {
    json!({
        "issuer": change.issuer,
        "subject": change.subject.name(),
        "text": change.text,
        "before": change.before,
        "after": change.after,
        "effects": change.effects,
        "lockedOut": change.locked_out,
    })
}

fn binding(comparison: &Comparison, change: &BindingChange) -> Value {
    json!({
        "place": comparison.place(change.place),
        "kind": change.kind,
        "name": change.name,
        "namespace": change.namespace,
        "subjectKind": change.subject_kind,
        "subject": change.subject,
        "reaches": change.reach.name(),
    })
}

fn person(comparison: &Comparison, token: &str, person: &Person) -> Value {
    let granted = |all: &[Granted]| -> Vec<Value> {
        all.iter()
            .map(|it| {
                json!({
                    "place": comparison.place(it.place),
                    "kind": it.kind,
                    "name": it.name,
                    "namespace": it.namespace,
                })
            })
            .collect()
    };
    let mut value = json!({
        "token": token,
        "changes": person.changes(),
        "before": login(&person.before),
        "after": login(&person.after),
    });
    if comparison.bindings.is_some() {
        value["lost"] = granted(&person.lost).into();
        value["gained"] = granted(&person.gained).into();
    }
    value
}

fn login(login: &Login) -> Value {
    match login {
        Login::Accepted { user, .. } => {
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
            json!({ "verdict": "accepted", "username": name, "uid": uid, "groups": groups, "extra": extra })
        }
        Login::Refused { reason, .. } => json!({ "verdict": "refused", "reason": reason }),
        Login::Unknown { reason, .. } => json!({ "verdict": "unknown", "reason": reason }),
    }
}
