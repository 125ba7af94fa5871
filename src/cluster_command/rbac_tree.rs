//! Rights as a tree: who one is, the bindings of that subject, their roles, and the rules of these.

use super::rbac_objects::{binding_text, plain_rule, role_text};
use super::rbac_policy::Source;
use super::rbac_text::{self, push_line};
use crate::rbac::policy::evaluate::{role_kind_text, subject_text};
use crate::rbac::rights::Applied;

pub(super) fn push(text: &mut String, source: &Source, applied: &[Applied<'_>]) {
    if applied.is_empty() {
        text.push_str("  nothing\n");
    }
    let mut subjects: Vec<(String, Vec<&Applied<'_>>)> = Vec::new();
    for applied in applied {
        let subject = subject_text(&source.policy, applied.binding, applied.subject);
        match subjects.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, of_subject)) => of_subject.push(applied),
            None => subjects.push((subject, vec![applied])),
        }
    }
    for (subject, of_subject) in subjects {
        push_line(text, &subject, 2, 4);
        for applied in of_subject {
            push_binding(text, source, applied);
        }
    }
}

fn push_binding(text: &mut String, source: &Source, applied: &Applied<'_>) {
    push_line(text, &binding_text(source, applied.binding), 4, 6);
    let Some(role) = applied.role else {
        let missing = format!(
            "{} \"{}\" is not there",
            rbac_text::shown(role_kind_text(&source.policy, applied.binding.role_kind)),
            rbac_text::shown(source.policy.text(applied.binding.role_name))
        );
        push_line(text, &missing, 6, 8);
        return;
    };
    push_line(text, &role_text(source, role), 6, 8);
    for number in 0..role.rules.len() {
        let line = rbac_text::rule(&plain_rule(source, role, number));
        push_line(text, &line, 8, 10);
    }
}
