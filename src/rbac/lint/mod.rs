//! Checks of roles and bindings: what the API server would refuse, what leads further than it says, what has no effect, and what refers to
//! nothing.
//!
//! Pure: a policy in, findings out. A check is one entry in the table of its group, and the groups are listed here; `docs/rbac-lint.md` is made of
//! these tables. Objects of Kubernetes itself are passed over unless all are asked for. A finding can be accepted by an annotation of its object; it is
//! returned as such.

mod context;
mod dangerous;
mod effect;
mod invalid;
#[cfg(test)]
mod page;
mod references;
mod rule;
mod subjects;
#[cfg(test)]
mod tests;

use super::policy::model::{Facts, Place, Policy};
use context::Context;
pub(crate) use context::Settings;
pub(crate) use rule::{At, LintRule, Object, Severity};
use rule::{Check, Group, Problem};

/// All groups of checks, in the order in which they are shown.
const GROUPS: [Group; 5] = [
    Group {
        title: "What the API server refuses",
        rules: invalid::RULES,
    },
    Group {
        title: "Rights that reach further than they say",
        rules: dangerous::RULES,
    },
    Group {
        title: "Who",
        rules: subjects::RULES,
    },
    Group {
        title: "References",
        rules: references::RULES,
    },
    Group {
        title: "What has no effect",
        rules: effect::RULES,
    },
];

/// Returns all checks, in their order.
pub(crate) fn rules() -> impl Iterator<Item = &'static LintRule> {
    GROUPS.iter().flat_map(|group| group.rules)
}

/// What a check found.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) rule: &'static LintRule,
    pub(crate) severity: Severity,
    pub(crate) object: Object,
    pub(crate) at: At,
    pub(crate) text: String,
    pub(crate) place: Place,
    /// Why it is accepted, by the annotation.
    pub(crate) accepted: Option<String>,
}

/// Runs the checks that are selected. The worst findings are first, then in the order of files.
pub(crate) fn lint(
    policy: &Policy,
    settings: &Settings,
    is_selected: impl Fn(&LintRule) -> bool,
) -> Vec<Finding> {
    let context = Context::new(policy, settings);
    let mut findings: Vec<Finding> = rules()
        .filter(|rule| is_selected(rule))
        .flat_map(|rule| {
            let context = &context;
            let problems = problems(context, rule).into_iter();
            problems.map(move |(object, problem)| finding(context, rule, object, problem))
        })
        .collect();
    findings.sort_by_key(|finding| {
        let Place { file, line } = finding.place;
        (std::cmp::Reverse(finding.severity), file, line)
    });
    findings
}

/// Returns how many objects are taken for those of Kubernetes itself, and are not looked at.
pub(crate) fn passed_over(policy: &Policy, settings: &Settings) -> usize {
    Context::new(policy, settings).passed_over()
}

fn problems(context: &Context<'_>, rule: &LintRule) -> Vec<(Object, Problem)> {
    let of_object =
        |object: Object, problems: Vec<Problem>| problems.into_iter().map(move |problem| (object, problem));
    let roles = || context.roles().map(Object::Role);
    let bindings = || context.bindings().map(Object::Binding);
    match rule.check {
        Check::Role(run) => context
            .roles()
            .flat_map(|role| of_object(Object::Role(role), run(context, role)))
            .collect(),
        Check::Binding(run) => context
            .bindings()
            .flat_map(|binding| of_object(Object::Binding(binding), run(context, binding)))
            .collect(),
        Check::Object(run) => roles()
            .chain(bindings())
            .flat_map(|object| of_object(object, run(context, object)))
            .collect(),
        Check::Danger => context
            .roles()
            .flat_map(|role| of_object(Object::Role(role), dangerous::problems(context, role, rule.id)))
            .collect(),
        Check::Policy(run) => run(context),
    }
}

fn finding(context: &Context<'_>, rule: &'static LintRule, object: Object, problem: Problem) -> Finding {
    let facts: &Facts = context.facts(object);
    let accepted = facts
        .ignored
        .iter()
        .find(|(check, _)| context.policy.text(*check) == rule.id)
        .map(|(_, reason)| context.policy.text(*reason).to_owned());
    Finding {
        rule,
        severity: problem.severity.unwrap_or(rule.severity),
        object,
        at: problem.at,
        text: problem.text,
        place: problem.place.unwrap_or_else(|| context.place(object)),
        accepted,
    }
}
