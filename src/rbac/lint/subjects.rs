//! Who is bound: everybody, nobody known, or somebody under another name than was meant.

use super::context::Context;
use super::rule::{At, Check, LintRule, Problem, Severity};
use crate::rbac::policy::model::{Scope, SubjectKind};
use crate::rbac::policy::request::MASTERS;

const CLUSTER_ADMIN: &str = "cluster-admin";

pub(super) const RULES: &[LintRule] = &[
    LintRule {
        id: "anonymous",
        severity: Severity::Error,
        about: "A binding is for `system:anonymous` or `system:unauthenticated`: whoever reaches the API server has the role, without signing in.",
        fix: "Bind a group of people, or a service account.",
        check: Check::Binding(|context, binding| {
            subjects_with(
                context,
                binding,
                "is whoever reaches the API server",
                |kind, name| {
                    (kind == SubjectKind::User && name == "system:anonymous")
                        || (kind == SubjectKind::Group && name == "system:unauthenticated")
                },
            )
        }),
    },
    LintRule {
        id: "every-user",
        severity: Severity::Warning,
        about: "A binding is for `system:authenticated`: everybody whom the API server knows has the role, all service accounts of all namespaces too.",
        fix: "Bind a group of people.",
        check: Check::Binding(|context, binding| {
            subjects_with(
                context,
                binding,
                "is everybody, service accounts too",
                |kind, name| kind == SubjectKind::Group && name == "system:authenticated",
            )
        }),
    },
    LintRule {
        id: "every-account",
        severity: Severity::Warning,
        about: "A binding is for `system:serviceaccounts`: each pod of the cluster that has a token has the role.",
        fix: "Bind the service accounts that need it. A pod needs an account of its own for that.",
        check: Check::Binding(|context, binding| {
            subjects_with(
                context,
                binding,
                "is each service account of the cluster",
                |kind, name| kind == SubjectKind::Group && name == "system:serviceaccounts",
            )
        }),
    },
    LintRule {
        id: "default-account",
        severity: Severity::Warning,
        about: "A binding is for the service account `default`: each pod that names no other has the role.",
        fix: "Make a service account for the program that needs the role.",
        check: Check::Binding(|context, binding| {
            subjects_with(
                context,
                binding,
                "is the account of all pods that name no other",
                |kind, name| kind == SubjectKind::ServiceAccount && name == "default",
            )
        }),
    },
    LintRule {
        id: "masters",
        severity: Severity::Warning,
        about: "A binding is for `system:masters`. Its members may do everything, and RBAC is not asked, so the binding changes nothing. No binding takes a right from them.",
        fix: "Remove the binding. Nobody should be in that group: it comes with client certificates, which cannot be revoked.",
        check: Check::Binding(|context, binding| {
            subjects_with(context, binding, "may do everything already", |kind, name| {
                kind == SubjectKind::Group && name == MASTERS
            })
        }),
    },
    LintRule {
        id: "cluster-admin",
        severity: Severity::Warning,
        about: "A ClusterRoleBinding gives cluster-admin: everything, in the whole cluster.",
        fix: "Bind a role with what is needed, or accept it for the group of emergencies.",
        check: Check::Binding(|context, binding| {
            let is_so =
                context.refers_to(binding, CLUSTER_ADMIN) && context.binding(binding).scope == Scope::Cluster;
            let problem = || Problem::new(At::Whole, "gives everything in the whole cluster");
            is_so.then(problem).into_iter().collect()
        }),
    },
    LintRule {
        id: "cluster-admin-in-namespace",
        severity: Severity::Warning,
        about: "A RoleBinding gives cluster-admin in a namespace: with it quotas and limits can be changed, any role bound there, and the namespace deleted.",
        fix: "Bind the ClusterRole `admin`, which is made for owners of namespaces.",
        check: Check::Binding(|context, binding| {
            let is_so =
                context.refers_to(binding, CLUSTER_ADMIN) && context.binding(binding).scope != Scope::Cluster;
            let problem = || {
                Problem::new(
                    At::Whole,
                    "gives everything in the namespace, its quotas and itself included",
                )
            };
            is_so.then(problem).into_iter().collect()
        }),
    },
    LintRule {
        id: "unprefixed-subject",
        severity: Severity::Warning,
        about: "A user or group has none of the prefixes that the API server puts before names of the provider (the description, or `--prefix`). Then nobody who signs in there has the role. \
                Names that begin with `system:` or `kubeadm:` are not looked at.",
        fix: "Write the name as `kubectl auth whoami` shows it.",
        check: Check::Binding(|context, binding| {
            let settings = context.settings;
            subjects_with(
                context,
                binding,
                "has no prefix of the provider, so nobody who signs in there is meant",
                |kind, name| {
                    let prefixes = match kind {
                        SubjectKind::User => &settings.user_prefixes,
                        SubjectKind::Group => &settings.group_prefixes,
                        SubjectKind::ServiceAccount | SubjectKind::Other(_) => return false,
                    };
                    !prefixes.is_empty()
                        && !["system:", "kubeadm:"]
                            .into_iter()
                            .chain(prefixes.iter().map(String::as_str))
                            .any(|prefix| name.starts_with(prefix))
                },
            )
        }),
    },
    LintRule {
        id: "unknown-group",
        severity: Severity::Warning,
        about: "A group has a prefix of the provider and is not in the description: a typing error, or a group that is forgotten there.",
        fix: "Correct the name, or add the group to `kubesesame.yaml`.",
        check: Check::Binding(|context, binding| {
            let settings = context.settings;
            subjects_with(context, binding, "is not in the description", |kind, name| {
                kind == SubjectKind::Group
                    && !settings.groups.is_empty()
                    && !name.starts_with("system:")
                    && settings
                        .group_prefixes
                        .iter()
                        .any(|prefix| name.starts_with(prefix.as_str()))
                    && !settings.groups.contains(name)
            })
        }),
    },
];

/// Returns a problem for each subject that is so.
fn subjects_with(
    context: &Context<'_>,
    binding: usize,
    text: &str,
    is_so: impl Fn(SubjectKind, &str) -> bool,
) -> Vec<Problem> {
    let subjects = context.binding(binding).subjects.iter().enumerate();
    let found = subjects.filter(|(_, subject)| is_so(subject.kind, context.text(subject.name)));
    Problem::each(found.map(|(at, _)| at), At::Subject, text)
}
