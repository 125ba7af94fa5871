//! The decision of the RBAC authorizer and its reason, byte for byte as upstream's (`plugin/pkg/auth/authorizer/rbac`).
//!
//! RBAC only allows. `system:masters`, and what Node, webhook and cloud authorizers decide, is not asked here.

use super::go_text::{aggregate, push_quoted, quoted};
use super::matching;
use super::model::{Applying, Binding, Policy, Reach, Role, RoleKind, Scope, Subject, SubjectKind, Symbol};
use super::request::{Request, RequestSymbols, User, UserSymbols};

/// Most reasons are shorter, so that one allocation is enough.
const ALLOWED_BYTES: usize = 192;

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
    let wanted = matching::Wanted::new(request);
    let is_allowing = |reach: &Reach, role: &Role| {
        wanted.is_within(reach)
            && role
                .rules
                .iter()
                .any(|rule| matching::allows(&policy.names, rule, request))
    };
    let allowing = scopes(request.namespace)
        .find_map(|scope| policy.first_applying(scope, user.name, &user.groups, is_allowing));
    if let Some(applying) = allowing {
        return Decision {
            is_allowed: true,
            reason: allowed_by(policy, applying),
        };
    }
    // Upstream meets them on its way, and says them only if nothing allows.
    let errors = if policy.has_missing_roles() {
        role_errors(policy, user, request.namespace)
    } else {
        Vec::new()
    };
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
    visit_bindings(policy, user, namespace, |binding, subject, role| {
        let Some(role) = role else { return };
        for rule in 0..role.rules.len() {
            visit(Visit {
                binding,
                subject,
                role,
                rule,
            });
        }
    });
}

/// Calls `visit` for each binding that applies to a user, with the first subject that does, and the role if there is one.
pub(crate) fn visit_bindings<'a>(
    policy: &'a Policy,
    user: &UserSymbols,
    namespace: Option<Symbol>,
    mut visit: impl FnMut(&'a Binding, Subject, Option<&'a Role>),
) {
    for applying in scopes(namespace).flat_map(|scope| policy.applying(scope, user.name, &user.groups)) {
        let binding = &policy.bindings[applying.binding];
        let role = policy.role_of(applying.binding);
        visit(binding, binding.subjects[applying.subject], role);
    }
}

/// Returns the errors that upstream meets where roles of a user's bindings are missing.
pub(crate) fn role_errors(policy: &Policy, user: &UserSymbols, namespace: Option<Symbol>) -> Vec<String> {
    scopes(namespace)
        .flat_map(|scope| policy.applying(scope, user.name, &user.groups))
        .filter(|applying| policy.role_of(applying.binding).is_none())
        .map(|applying| role_error(policy, &policy.bindings[applying.binding]))
        .collect()
}

fn scopes(namespace: Option<Symbol>) -> impl Iterator<Item = Scope> {
    [Scope::Cluster]
        .into_iter()
        .chain(namespace.map(Scope::Namespace))
}

fn allowed_by(policy: &Policy, applying: Applying) -> String {
    let binding = &policy.bindings[applying.binding];
    let mut text = String::with_capacity(ALLOWED_BYTES);
    text.push_str("RBAC: allowed by ");
    push_binding(&mut text, policy, binding);
    text.push_str(" to ");
    push_subject(&mut text, policy, binding, binding.subjects[applying.subject]);
    text
}

/// Appends `ClusterRoleBinding "b" of ClusterRole "r"`.
pub(crate) fn push_binding(text: &mut String, policy: &Policy, binding: &Binding) {
    text.push_str(binding.kind());
    text.push(' ');
    let name = policy.text(binding.name);
    match binding.scope {
        Scope::Cluster => push_quoted(text, &[name]),
        Scope::Namespace(namespace) => push_quoted(text, &[name, "/", policy.text(namespace)]),
    }
    text.push_str(" of ");
    text.push_str(role_kind_text(policy, binding.role_kind));
    text.push(' ');
    push_quoted(text, &[policy.text(binding.role_name)]);
}

/// Returns `User "u"`, and of a service account its name before its namespace.
pub(crate) fn subject_text(policy: &Policy, binding: &Binding, subject: Subject) -> String {
    let mut text = String::new();
    push_subject(&mut text, policy, binding, subject);
    text
}

fn push_subject(text: &mut String, policy: &Policy, binding: &Binding, subject: Subject) {
    let name = policy.text(subject.name);
    let kind = match subject.kind {
        SubjectKind::User => "User",
        SubjectKind::Group => "Group",
        SubjectKind::ServiceAccount => "ServiceAccount",
        SubjectKind::Other(kind) => policy.text(kind),
    };
    text.push_str(kind);
    text.push(' ');
    match subject.kind {
        SubjectKind::User | SubjectKind::Group | SubjectKind::Other(_) => push_quoted(text, &[name]),
        SubjectKind::ServiceAccount => {
            let namespace = subject.account_namespace(binding.scope);
            push_quoted(text, &[name, "/", policy.text(namespace)]);
        }
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
