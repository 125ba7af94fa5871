//! The difference of two policies, as a person reads it.

use std::collections::BTreeMap;

use super::rbac_diff::Side;
use super::rbac_text::{self, push_line};
use crate::rbac::diff::{Line, Right, SubjectDiff, Who};
use crate::rbac::policy::evaluate::role_kind_text;
use crate::rbac::policy::model::Scope;

/// How many namespaces with the same changes are named.
const SHOWN_NAMESPACES: usize = 5;

pub(super) fn text(subjects: &[SubjectDiff], old: &Side, new: &Side) -> String {
    if subjects.is_empty() {
        return "no difference in rights\n".to_owned();
    }
    let mut text = String::new();
    for subject in subjects {
        push_line(&mut text, &who(&subject.who), 0, 2);
        for (places, changes) in places(subject) {
            push_line(&mut text, &place_text(&places), 2, 4);
            for change in &changes {
                push_change(
                    &mut text,
                    change,
                    places.len(),
                    if change.is_gained { new } else { old },
                );
            }
        }
        text.push('\n');
    }
    push_line(&mut text, &summary(subjects), 0, 0);
    text
}

fn who(who: &Who) -> String {
    match who {
        Who::User(name) => format!("User \"{}\"", rbac_text::shown(name)),
        Who::Group(name) => format!("Group \"{}\"", rbac_text::shown(name)),
        Who::ServiceAccount { namespace, name } => {
            let name = rbac_text::shown(name);
            format!("ServiceAccount \"{name}/{}\"", rbac_text::shown(namespace))
        }
    }
}

/// A line, gained or lost.
struct Change<'d> {
    line: &'d Line,
    is_gained: bool,
}

/// Returns the changes of a subject, of namespaces with the same changes once, in the order of their worst.
fn places(subject: &SubjectDiff) -> Vec<(Vec<Option<&str>>, Vec<Change<'_>>)> {
    let lines = |lines| -> Vec<(&Line, bool)> {
        let (lines, is_gained): (&Vec<Line>, bool) = lines;
        lines.iter().map(|line| (line, is_gained)).collect()
    };
    let all = [lines((&subject.gained, true)), lines((&subject.lost, false))].concat();
    let mut order: Vec<Option<&str>> = Vec::new();
    let mut by_place: BTreeMap<Option<&str>, Vec<Change<'_>>> = BTreeMap::new();
    for (line, is_gained) in all {
        let place = line.namespace.as_deref();
        let changes = by_place.entry(place).or_insert_with(|| {
            order.push(place);
            Vec::new()
        });
        changes.push(Change { line, is_gained });
    }
    let content = |changes: &[Change<'_>]| -> Vec<(bool, String)> {
        let content = |change: &Change<'_>| (change.is_gained, format!("{:?}", change.line.right));
        changes.iter().map(content).collect()
    };
    let mut at: BTreeMap<(bool, Vec<(bool, String)>), usize> = BTreeMap::new();
    let mut places: Vec<(Vec<Option<&str>>, Vec<Change<'_>>)> = Vec::new();
    for place in order {
        let changes = by_place.remove(&place).unwrap_or_default();
        // The cluster scope stands alone.
        let key = (place.is_none(), content(&changes));
        if let Some(at) = at.get(&key) {
            places[*at].0.push(place);
        } else {
            at.insert(key, places.len());
            places.push((vec![place], changes));
        }
    }
    places
}

fn place_text(places: &[Option<&str>]) -> String {
    let namespaces: Vec<String> = places
        .iter()
        .flatten()
        .map(|name| rbac_text::shown(name))
        .collect();
    let shown = namespaces[..namespaces.len().min(SHOWN_NAMESPACES)].join(", ");
    match namespaces.len() {
        0 => "in the whole cluster".to_owned(),
        count if count > SHOWN_NAMESPACES => {
            format!("in {shown} and {} other namespaces", count - SHOWN_NAMESPACES)
        }
        _ => format!("in {shown}"),
    }
}

fn push_change(text: &mut String, change: &Change<'_>, place_count: usize, side: &Side) {
    let sign = if change.is_gained { '+' } else { '-' };
    let right = match &change.line.right {
        Right::Rule(rule) => rbac_text::rule(rule),
        Right::UnknownRole { kind, name } => format!(
            "whatever {} \"{}\" allows, which is in no file",
            rbac_text::shown(kind),
            rbac_text::shown(name)
        ),
    };
    push_line(text, &format!("{sign} {right}"), 4, 6);
    if change.is_gained && !change.line.dangers.is_empty() {
        let risks: Vec<&str> = change.line.dangers.iter().map(|danger| danger.what).collect();
        push_line(text, &format!("risk: {}", risks.join("; ")), 6, 8);
    }
    push_line(text, &source(change.line, place_count, side), 6, 8);
}

/// Returns `by RoleBinding "b/shop" of Role "r" (file:7)`.
fn source(line: &Line, place_count: usize, side: &Side) -> String {
    let binding = &side.policy.bindings[line.binding];
    let name = rbac_text::shown(side.policy.text(binding.name));
    let name = match binding.scope {
        Scope::Cluster => name,
        Scope::Namespace(namespace) => {
            format!("{name}/{}", rbac_text::shown(side.policy.text(namespace)))
        }
    };
    let more = if place_count > 1 { ", and so on" } else { "" };
    format!(
        "by {} \"{name}\" of {} \"{}\" ({}){more}",
        binding.kind(),
        rbac_text::shown(role_kind_text(&side.policy, binding.role_kind)),
        rbac_text::shown(side.policy.text(binding.role_name)),
        side.files.place(binding.place)
    )
}

fn summary(subjects: &[SubjectDiff]) -> String {
    let count =
        |matches: fn(&SubjectDiff) -> bool| subjects.iter().filter(|subject| matches(subject)).count();
    let gaining = count(|subject| !subject.gained.is_empty());
    let losing = count(|subject| !subject.lost.is_empty());
    let risky = count(|subject| subject.gained.iter().any(|line| !line.dangers.is_empty()));
    let unknown = count(|subject| {
        let mut lines = subject.gained.iter().chain(&subject.lost);
        lines.any(|line| matches!(line.right, Right::UnknownRole { .. }))
    });
    let mut text =
        format!("subjects that gain rights: {gaining}, with risks: {risky}; that lose some: {losing}");
    if unknown > 0 {
        text += "; some roles are in no file, so what they allow is not known";
    }
    text
}
