//! The decision of the RBAC authorizer and its reason, byte for byte as upstream's (`plugin/pkg/auth/authorizer/rbac`).
//!
//! RBAC only allows. `system:masters`, and what Node, webhook and cloud authorizers decide, is not asked here.

use super::go_text::{aggregate, quoted};
use super::matching;
use super::model::{Applying, Binding, Policy, Role, RoleKind, Scope, Subject, SubjectKind, Symbol};
use super::request::{Request, RequestSymbols, User, UserSymbols};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) is_allowed: bool,
    /// Of a request that is not allowed, the errors that upstream met, and empty without one.
    pub(crate) reason: String,
}

/// A rule that a user has by a binding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) binding: &'a Binding,
    pub(crate) subject: Subject,
    pub(crate) role: &'a Role,
    /// The index of the rule in its role.
    pub(crate) rule: usize,
}

/// Decides as upstream does.
pub(crate) fn decide(policy: &Policy, user: &User, request: &Request) -> Decision {
    let user = UserSymbols::new(policy, user);
    decide_symbols(policy, &user, &RequestSymbols::new(policy, request))
}

/// As [`decide`], without looking up the texts.
pub(crate) fn decide_symbols(policy: &Policy, user: &UserSymbols, request: &RequestSymbols<'_>) -> Decision {
    let mut errors = Vec::new();
    for scope in scopes(request) {
        for applying in policy.applying(scope, user.name, &user.groups) {
            let Some(role) = policy.role_of(applying.binding) else {
                errors.push(applying.binding);
                continue;
            };
            let is_allowing = |rule| matching::allows(&policy.names, rule, request);
            if role.rules.iter().any(is_allowing) {
                return Decision {
                    is_allowed: true,
                    reason: allowed_by(policy, applying),
                };
            }
        }
    }
    let errors: Vec<String> = errors
        .into_iter()
        .map(|binding| role_error(policy, &policy.bindings[binding]))
        .collect();
    let reason = match errors.as_slice() {
        [] => String::new(),
        errors => format!("RBAC: {}", aggregate(errors)),
    };
    Decision {
        is_allowed: false,
        reason,
    }
}

/// Calls `visit` for each rule that a user has for requests in a namespace, in upstream's order.
pub(crate) fn visit_rules<'a>(
    policy: &'a Policy,
    user: &UserSymbols,
    namespace: Option<Symbol>,
    mut visit: impl FnMut(Visit<'a>),
) {
    let scopes = [Scope::Cluster]
        .into_iter()
        .chain(namespace.map(Scope::Namespace));
    for applying in scopes.flat_map(|scope| policy.applying(scope, user.name, &user.groups)) {
        let binding = &policy.bindings[applying.binding];
        let Some(role) = policy.role_of(applying.binding) else {
            continue;
        };
        for rule in 0..role.rules.len() {
            visit(Visit {
                binding,
                subject: binding.subjects[applying.subject],
                role,
                rule,
            });
        }
    }
}

/// Returns the errors that upstream meets where roles of a user's bindings are missing.
pub(crate) fn role_errors(policy: &Policy, user: &UserSymbols, namespace: Option<Symbol>) -> Vec<String> {
    let scopes = [Scope::Cluster]
        .into_iter()
        .chain(namespace.map(Scope::Namespace));
    scopes
        .flat_map(|scope| policy.applying(scope, user.name, &user.groups))
        .filter(|applying| policy.role_of(applying.binding).is_none())
        .map(|applying| role_error(policy, &policy.bindings[applying.binding]))
        .collect()
}

fn scopes(request: &RequestSymbols<'_>) -> impl Iterator<Item = Scope> {
    [Scope::Cluster]
        .into_iter()
        .chain(request.namespace.map(Scope::Namespace))
}

fn allowed_by(policy: &Policy, applying: Applying) -> String {
    let binding = &policy.bindings[applying.binding];
    format!(
        "RBAC: allowed by {} to {}",
        binding_text(policy, binding),
        subject_text(policy, binding, binding.subjects[applying.subject])
    )
}

/// Returns `ClusterRoleBinding "b" of ClusterRole "r"`.
pub(crate) fn binding_text(policy: &Policy, binding: &Binding) -> String {
    let name = policy.text(binding.name);
    let name = match binding.scope {
        Scope::Cluster => quoted(name),
        Scope::Namespace(namespace) => quoted(&format!("{name}/{}", policy.text(namespace))),
    };
    let role_kind = role_kind_text(policy, binding.role_kind);
    let role_name = quoted(policy.text(binding.role_name));
    format!("{} {name} of {role_kind} {role_name}", binding.kind())
}

/// Returns `User "u"`, and of a service account its name before its namespace.
pub(crate) fn subject_text(policy: &Policy, binding: &Binding, subject: Subject) -> String {
    let name = policy.text(subject.name);
    match subject.kind {
        SubjectKind::User => format!("User {}", quoted(name)),
        SubjectKind::Group => format!("Group {}", quoted(name)),
        SubjectKind::ServiceAccount => {
            let namespace = policy.text(subject.account_namespace(binding.scope));
            format!("ServiceAccount {}", quoted(&format!("{name}/{namespace}")))
        }
        SubjectKind::Other(kind) => format!("{} {}", policy.text(kind), quoted(name)),
    }
}

pub(crate) fn role_kind_text(policy: &Policy, kind: RoleKind) -> &str {
    match kind {
        RoleKind::Role => "Role",
        RoleKind::ClusterRole => "ClusterRole",
        RoleKind::Other(kind) => policy.text(kind),
    }
}

/// Returns what upstream says of a binding whose role it does not find.
fn role_error(policy: &Policy, binding: &Binding) -> String {
    let name = quoted(policy.text(binding.role_name));
    match binding.role_kind {
        RoleKind::ClusterRole => format!("clusterrole.rbac.authorization.k8s.io {name} not found"),
        RoleKind::Role => format!("role.rbac.authorization.k8s.io {name} not found"),
        RoleKind::Other(kind) => {
            format!("unsupported role reference kind: {}", quoted(policy.text(kind)))
        }
    }
}
