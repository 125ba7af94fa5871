//! What refers to nothing, what nothing refers to, and what is there twice.

use std::collections::HashSet;

use super::context::Context;
use super::rule::{At, Check, LintRule, Object, Problem, Severity};
use crate::rbac::policy::model::{RoleKind, Scope, Seeded, SubjectKind, Symbol};

/// The roles for people that each cluster has.
const DEFAULT_ROLES: [&str; 4] = ["cluster-admin", "admin", "edit", "view"];
const AGGREGATE_LABEL: &str = "rbac.authorization.k8s.io/aggregate-to-";
/// A shorter name is near to too many others.
const MIN_NAME_CHARS: usize = 4;

pub(super) const RULES: &[LintRule] = &[
    LintRule {
        id: "missing-role",
        severity: Severity::Warning,
        about: "A binding refers to a role that is in no file, so it gives nothing. Whoever may create that role later decides what it gives. The roles that each cluster has (`cluster-admin`, `admin`, \
                `edit`, `view`, `system:…`) are known.",
        fix: "Correct the name or the kind, add the role to the files, or remove the binding.",
        check: Check::Binding(missing_role),
    },
    LintRule {
        id: "unused-role",
        severity: Severity::Note,
        about: "No binding of the files refers to a role, and no aggregated role selects it.",
        fix: "Remove it, or bind it.",
        check: Check::Role(|context, role| {
            let used = context.uses[role];
            let is_unused = used.of_cluster + used.in_namespaces == 0 && !context.policy.bindings.is_empty();
            let problem = || Problem::new(At::Whole, "is bound to nobody");
            (is_unused && !is_selected(context, role))
                .then(problem)
                .into_iter()
                .collect()
        }),
    },
    LintRule {
        id: "no-subjects",
        severity: Severity::Warning,
        about: "A binding has no subject, so it gives nothing to anybody.",
        fix: "Name who is to have the role, or remove the binding.",
        check: Check::Binding(|context, binding| {
            let problem = || Problem::new(At::Whole, "has no subject");
            context
                .binding(binding)
                .subjects
                .is_empty()
                .then(problem)
                .into_iter()
                .collect()
        }),
    },
    LintRule {
        id: "account-namespace",
        severity: Severity::Warning,
        about: "The namespace of a service account is named nowhere else in the files, and is nearly that of others: a typing error. Then the role is that of an account that somebody may make later.",
        fix: "Correct the namespace.",
        check: Check::Binding(account_namespace),
    },
    LintRule {
        id: "duplicate-object",
        severity: Severity::Warning,
        about: "An object is in the files twice, with different content. Which one counts depends on the order in which they are applied.",
        fix: "Keep one of them.",
        check: Check::Policy(duplicate_objects),
    },
    LintRule {
        id: "duplicate-binding",
        severity: Severity::Note,
        about: "A subject is bound to the same role twice, in the same place. If one of the two is removed, the right stays.",
        fix: "Keep one of them.",
        check: Check::Policy(duplicate_bindings),
    },
    LintRule {
        id: "duplicate-rule",
        severity: Severity::Note,
        about: "A rule is in a role twice.",
        fix: "Remove one of them.",
        check: Check::Role(|context, role| {
            let mut seen: HashSet<_, Seeded> = HashSet::default();
            let rules = context.role(role).rules.iter().enumerate();
            let again = rules.filter(|(_, rule)| !seen.insert(**rule)).map(|(at, _)| at);
            Problem::each(again, At::Rule, "is there twice")
        }),
    },
    LintRule {
        id: "unknown-check",
        severity: Severity::Warning,
        about: "An annotation accepts the findings of a check that does not exist, so it accepts nothing.",
        fix: "Write `ignore-check.kubesesame/CHECK: reason`, with the id of a check of this page.",
        check: Check::Object(|context, object| {
            let ignored = context.facts(object).ignored.iter();
            let names = ignored.map(|(check, _)| context.text(*check));
            let unknown = names.filter(|name| !super::rules().any(|rule| rule.id == *name));
            let problem =
                |name: &str| Problem::new(At::Whole, format!("accepts `{name}`, which is no check"));
            unknown.map(problem).collect()
        }),
    },
];

fn missing_role(context: &Context<'_>, at: usize) -> Vec<Problem> {
    let binding = context.binding(at);
    let name = context.text(binding.role_name);
    let is_default = binding.role_kind == RoleKind::ClusterRole
        && (DEFAULT_ROLES.contains(&name) || name.starts_with("system:"));
    // Another check is about a kind that is no role's, and about a Role in a ClusterRoleBinding.
    let can_be_there = binding.role_scope().is_some_and(|scope| match scope {
        Scope::Cluster => true,
        Scope::Namespace(namespace) => namespace != Symbol::EMPTY,
    });
    if context.policy.role_index_of(at).is_some() || is_default || !can_be_there || name.is_empty() {
        return Vec::new();
    }
    vec![Problem::new(
        At::Whole,
        format!("refers to `{name}`, which is in no file"),
    )]
}

/// Whether an aggregated role, of the files or of Kubernetes, may have the rules of this role.
fn is_selected(context: &Context<'_>, role: usize) -> bool {
    let labels = context.role(role).labels.iter();
    labels
        .map(|(key, value)| (context.text(*key), context.text(*value)))
        .any(|label| label.0.starts_with(AGGREGATE_LABEL) || context.selecting_labels.contains(&label))
}

fn account_namespace(context: &Context<'_>, at: usize) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, subject) in context.binding(at).subjects.iter().enumerate() {
        let count = |namespace: Symbol| context.namespaces.get(&namespace).copied().unwrap_or_default();
        if subject.kind != SubjectKind::ServiceAccount
            || subject.namespace == Symbol::EMPTY
            || count(subject.namespace) > 1
        {
            continue;
        }
        let name = context.text(subject.namespace);
        let is_near = |other: &str| {
            other != name
                && name.chars().count() >= MIN_NAME_CHARS
                && strsim::osa_distance(other, name) == 1
                && !differ_by_number(other, name)
        };
        let others = context.namespaces.iter().filter(|(_, count)| **count > 1);
        let near = others
            .map(|(namespace, _)| context.text(*namespace))
            .filter(|other| is_near(other))
            .min();
        if let Some(near) = near {
            let text = format!("is of the namespace `{name}`, which is nowhere else; `{near}` is near to it");
            problems.push(Problem::new(At::Subject(index), text));
        }
    }
    problems
}

/// Whether names are equal but for their digits: `team-1` and `team-2` are two teams.
fn differ_by_number(one: &str, other: &str) -> bool {
    let without_digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    without_digits(one) == without_digits(other)
}

fn duplicate_objects(context: &Context<'_>) -> Vec<(Object, Problem)> {
    let find = |kind: &str, scope, name| {
        let role = || {
            context
                .policy
                .roles
                .iter()
                .position(|role| (role.kind(), role.scope, role.name) == (kind, scope, name))
        };
        let binding = || {
            context
                .policy
                .bindings
                .iter()
                .position(|binding| (binding.kind(), binding.scope, binding.name) == (kind, scope, name))
        };
        role()
            .map(Object::Role)
            .or_else(|| binding().map(Object::Binding))
    };
    let duplicates = context.policy.duplicates.iter();
    duplicates
        .filter_map(|duplicate| {
            let mut problem = Problem::new(At::Whole, "is there twice, with different content");
            problem.place = Some(duplicate.second);
            Some((find(duplicate.kind, duplicate.scope, duplicate.name)?, problem))
        })
        .collect()
}

fn duplicate_bindings(context: &Context<'_>) -> Vec<(Object, Problem)> {
    let mut seen: HashSet<_, Seeded> = HashSet::default();
    let mut problems = Vec::new();
    for at in context.bindings() {
        let binding = context.binding(at);
        for (index, subject) in binding.subjects.iter().enumerate() {
            let namespace = subject.account_namespace(binding.scope);
            let key = (
                binding.scope,
                binding.role_kind,
                binding.role_name,
                subject.kind,
                subject.name,
                namespace,
            );
            if !seen.insert(key) {
                problems.push((
                    Object::Binding(at),
                    Problem::new(At::Subject(index), "has this role here already"),
                ));
            }
        }
    }
    problems
}
