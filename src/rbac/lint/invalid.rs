//! What the API server would refuse to store (`pkg/apis/rbac/validation`).

use super::context::Context;
use super::rule::{At, Check, LintRule, Object, Problem, Severity};
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{RoleKind, Scope, SubjectKind, Symbol};

pub(super) const RULES: &[LintRule] = &[
    LintRule {
        id: "no-verbs",
        severity: Severity::Error,
        about: "A rule has no verb. The API server refuses the role.",
        fix: "Name the verbs, or remove the rule.",
        check: Check::Role(|context, role| {
            rules_with(context, role, "has no verb", |rule| rule.verbs.is_empty())
        }),
    },
    LintRule {
        id: "no-resources",
        severity: Severity::Error,
        about: "A rule has no API group or no resource, and no URL. The API server refuses the role. The core group is `\"\"`, and an empty list is no group.",
        fix: "Write `apiGroups: [\"\"]` for pods, services and their like, and name the resources.",
        check: Check::Role(|context, role| {
            rules_with(context, role, "has no API group or no resource", |rule| {
                rule.urls.is_empty() && (rule.api_groups.is_empty() || rule.resources.is_empty())
            })
        }),
    },
    LintRule {
        id: "urls-beside-resources",
        severity: Severity::Error,
        about: "A rule has URLs and resources. The API server refuses the role.",
        fix: "Make two rules of it.",
        check: Check::Role(|context, role| {
            rules_with(context, role, "has URLs beside resources", |rule| {
                let resources = [&rule.api_groups, &rule.resources, &rule.resource_names];
                !rule.urls.is_empty() && resources.into_iter().any(|list| !list.is_empty())
            })
        }),
    },
    LintRule {
        id: "urls-in-role",
        severity: Severity::Error,
        about: "A Role has a rule with URLs. They belong to no namespace, so the API server refuses it.",
        fix: "Put the rule into a ClusterRole, and bind that with a ClusterRoleBinding.",
        check: Check::Role(|context, role| {
            if context.role(role).scope == Scope::Cluster {
                return Vec::new();
            }
            rules_with(context, role, "has URLs, which belong to no namespace", |rule| {
                !rule.urls.is_empty()
            })
        }),
    },
    LintRule {
        id: "role-ref",
        severity: Severity::Error,
        about: "A `roleRef` refers to nothing that can be bound: another API group than `rbac.authorization.k8s.io`, a kind that is neither Role nor ClusterRole, no name, or a Role \
                in a ClusterRoleBinding. The API server refuses the binding.",
        fix: "Refer to a ClusterRole, or in a RoleBinding to a Role of the same namespace. A `roleRef` cannot be changed: delete the binding and make it anew.",
        check: Check::Binding(role_ref),
    },
    LintRule {
        id: "subject-form",
        severity: Severity::Error,
        about: "A subject has no name, a kind that is neither User, Group nor ServiceAccount, or the API group of another kind. The API server refuses the binding.",
        fix: "Users and groups have `apiGroup: rbac.authorization.k8s.io`; service accounts have none.",
        check: Check::Binding(subject_form),
    },
    LintRule {
        id: "account-without-namespace",
        severity: Severity::Error,
        about: "A service account in a ClusterRoleBinding has no namespace. The API server refuses the binding.",
        fix: "Name the namespace of the service account.",
        check: Check::Binding(|context, binding| {
            let binding = context.binding(binding);
            let has_none = |at: &usize| {
                let subject = binding.subjects[*at];
                binding.scope == Scope::Cluster
                    && subject.kind == SubjectKind::ServiceAccount
                    && subject.namespace == Symbol::EMPTY
            };
            let found = (0..binding.subjects.len()).filter(has_none);
            Problem::each(found, At::Subject, "has no namespace")
        }),
    },
    LintRule {
        id: "object-name",
        severity: Severity::Error,
        about: "The name of a role or binding is `.` or `..`, or has `/` or `%`. The API server refuses it, since names are parts of paths.",
        fix: "Choose another name. A colon is allowed.",
        check: Check::Object(|context, object| {
            let name = context.text(match object {
                Object::Role(at) => context.role(at).name,
                Object::Binding(at) => context.binding(at).name,
            });
            let is_refused = matches!(name, "." | "..") || name.contains(['/', '%']);
            let problem = || Problem::new(At::Whole, "has a name that the API server refuses");
            is_refused.then(problem).into_iter().collect()
        }),
    },
];

/// Returns a problem for each rule of a role that is so.
pub(super) fn rules_with(
    context: &Context<'_>,
    role: usize,
    text: &str,
    is_so: impl Fn(&PlainRule) -> bool,
) -> Vec<Problem> {
    let rules = context.rules[role].iter().enumerate();
    let found = rules.filter(|(_, rule)| is_so(rule)).map(|(at, _)| at);
    Problem::each(found, At::Rule, text)
}

fn role_ref(context: &Context<'_>, binding: usize) -> Vec<Problem> {
    let binding = context.binding(binding);
    let text = match (binding.role_kind, binding.scope) {
        _ if binding.facts.has_wrong_role_group => {
            "refers to a role of another API group than rbac.authorization.k8s.io"
        }
        (RoleKind::Other(_), _) => "refers to a kind that is neither Role nor ClusterRole",
        (RoleKind::Role, Scope::Cluster) => {
            "refers to a Role, and only ClusterRoles can be bound in the whole cluster"
        }
        _ if binding.role_name == Symbol::EMPTY => "names no role",
        (RoleKind::Role | RoleKind::ClusterRole, _) => return Vec::new(),
    };
    vec![Problem::new(At::Whole, text)]
}

fn subject_form(context: &Context<'_>, binding: usize) -> Vec<Problem> {
    let binding = context.binding(binding);
    let mut problems = Vec::new();
    for (at, subject) in binding.subjects.iter().enumerate() {
        let text = match subject.kind {
            SubjectKind::Other(_) => "is neither User, Group nor ServiceAccount",
            _ if subject.name == Symbol::EMPTY => "has no name",
            _ if binding.facts.wrong_subject_group == Some(at) => {
                "has an API group that is not that of its kind"
            }
            SubjectKind::User | SubjectKind::Group | SubjectKind::ServiceAccount => continue,
        };
        problems.push(Problem::new(At::Subject(at), text));
    }
    problems
}
