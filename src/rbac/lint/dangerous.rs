//! Rights that reach further than they say: the table of `dangers`, with what to do about each.

use super::context::Context;
use super::rule::{At, Check, LintRule, Problem, Severity};

const fn danger(id: &'static str, severity: Severity, about: &'static str, fix: &'static str) -> LintRule {
    LintRule {
        id,
        severity,
        about,
        fix,
        check: Check::Danger,
    }
}

pub(super) const RULES: &[LintRule] = &[
    danger(
        "everything",
        Severity::Error,
        "A role allows every verb on every resource of every API group, as cluster-admin does. In a namespace that includes `escalate`, quotas, and deleting the namespace itself.",
        "List the resources and verbs that are needed. For the owner of a namespace, bind the ClusterRole `admin` with a RoleBinding.",
    ),
    danger(
        "escalate",
        Severity::Error,
        "The verb `escalate` on roles: whoever has it writes roles with any rights, and so becomes administrator if a role is bound to them.",
        "Leave it out. Without it, roles can be written with the rights that the writer has.",
    ),
    danger(
        "bind",
        Severity::Error,
        "The verb `bind` on roles: whoever has it and may create bindings gives any of these roles to themselves.",
        "Leave it out, or name the roles by `resourceNames`. Without it, roles can be bound whose rights the binder has.",
    ),
    danger(
        "impersonate",
        Severity::Error,
        "The verb `impersonate`: whoever has it acts as another user, group or service account, up to the group `system:masters`.",
        "Leave it out, or name who may be impersonated by `resourceNames`.",
    ),
    danger(
        "reads-secrets",
        Severity::Warning,
        "Reading Secrets, among them tokens of service accounts. `list` and `watch` return their content, and not only names.",
        "Leave Secrets out, or allow `get` alone and name the Secrets by `resourceNames`.",
    ),
    danger(
        "account-tokens",
        Severity::Warning,
        "Creating tokens of service accounts (`serviceaccounts/token`): whoever has it acts as each service account of the namespace, and of the cluster by a ClusterRoleBinding.",
        "Name the service accounts by `resourceNames`.",
    ),
    danger(
        "node-proxy",
        Severity::Warning,
        "`nodes/proxy` reaches the API of kubelets, which runs commands in each pod of the node, past admission and the audit log. `get` is enough for that, by WebSocket.",
        "Use `nodes/metrics`, `nodes/stats` or `nodes/log`, which are parts of it.",
    ),
    danger(
        "approves-certificates",
        Severity::Warning,
        "Approving certificate requests: with the verb `approve` on a signer, certificates of any user, also of nodes, can be made.",
        "Leave it to a controller of its own, for one signer.",
    ),
    danger(
        "changes-admission",
        Severity::Warning,
        "Writing webhooks or policies of admission. A webhook sees each object, Secrets too, and a mutating one changes them; policies that protect the cluster can be ended.",
        "Leave it to those who are cluster administrators anyway.",
    ),
    danger(
        "mounts-hosts",
        Severity::Warning,
        "Writing PersistentVolumes: one with `hostPath` gives a pod the files of its node.",
        "Let a storage class make volumes, and allow PersistentVolumeClaims only.",
    ),
    danger(
        "labels-namespaces",
        Severity::Warning,
        "Changing namespaces, and so their labels: the levels of Pod Security and selectors of network policies depend on them.",
        "Leave it to those who look after the cluster.",
    ),
    danger(
        "wildcard",
        Severity::Warning,
        "`*` as verb, resource, API group or URL. It allows also what a later version or another operator adds, `escalate` and `deletecollection` too.",
        "List what is needed.",
    ),
    danger(
        "runs-pods",
        Severity::Note,
        "Creating or changing pods, or what makes pods. A pod runs with any service account of its namespace and mounts any Secret of it, so whoever has it has their rights too.",
        "Keep service accounts with many rights in namespaces of their own.",
    ),
    danger(
        "enters-pods",
        Severity::Note,
        "`pods/exec` or `pods/attach`: commands run with the rights of the pod's service account and see its Secrets.",
        "Leave it out where it is not needed day by day.",
    ),
    danger(
        "debugs-pods",
        Severity::Note,
        "`pods/ephemeralcontainers`: a container of any image is added to a running pod, with its service account.",
        "Leave it out where it is not needed day by day.",
    ),
    danger(
        "grants-rights",
        Severity::Note,
        "Creating or changing bindings. Nobody gives rights that they do not have, but they give those to others.",
        "Leave it to those who are to decide who has access.",
    ),
];

/// Returns the rules of a role that are dangerous in this way. One that is for named objects alone is a note.
pub(super) fn problems(context: &Context<'_>, role: usize, id: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, dangers) in context.dangers[role].iter().enumerate() {
        let Some(danger) = dangers.iter().find(|danger| danger.id == id) else {
            continue;
        };
        let mut problem = Problem::new(At::Rule(at), danger.what);
        let is_for_names = !context.rules[role][at].resource_names.is_empty();
        problem.severity = is_for_names.then_some(Severity::Note);
        problems.push(problem);
    }
    problems
}
