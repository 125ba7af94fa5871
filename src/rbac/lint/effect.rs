//! Rules that do not do what they seem to.

use super::context::Context;
use super::invalid::rules_with;
use super::rule::{At, Check, LintRule, Problem, Severity};
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::question::resources::Known;

/// The connections into pods.
const CONNECTIONS: [&str; 3] = ["pods/exec", "pods/attach", "pods/portforward"];
/// Requests with these verbs have no name, but for subresources.
const NAMELESS: [&str; 2] = ["create", "deletecollection"];

pub(super) const RULES: &[LintRule] = &[
    LintRule {
        id: "cluster-resource-in-namespace",
        severity: Severity::Warning,
        about: "A Role, or a ClusterRole that RoleBindings alone refer to, has resources that belong to the cluster, such as nodes, or URLs. A RoleBinding gives nothing of them. \
                `kubectl auth can-i -n` says yes all the same. Namespaces are an exception: the own one can be reached.",
        fix: "Bind a ClusterRole with these rules by a ClusterRoleBinding, or remove them.",
        check: Check::Role(cluster_resources),
    },
    LintRule {
        id: "connect-one-verb",
        severity: Severity::Warning,
        about: "A role has `get` or `create` alone on `pods/exec`, `pods/attach` or `pods/portforward`. A connection by SPDY needs `create`; one by WebSocket, which kubectl prefers, needs `get`, and since \
                Kubernetes 1.35 both. Before that, `get` alone was enough to run commands.",
        fix: "Allow `get` and `create`, or neither.",
        check: Check::Role(connect_one_verb),
    },
    LintRule {
        id: "names-without-effect",
        severity: Severity::Warning,
        about: "A rule has `resourceNames` and only the verbs `create` or `deletecollection`. Such requests name no object, so the rule allows none of them.",
        fix: "Remove `resourceNames`, or these verbs. To restrict names of new objects, a ValidatingAdmissionPolicy is needed.",
        check: Check::Role(|context, role| {
            rules_with(
                context,
                role,
                "allows nothing: its verbs are of requests without a name",
                |rule| {
                    !rule.resource_names.is_empty()
                        && !rule.verbs.is_empty()
                        && rule.verbs.iter().all(|verb| NAMELESS.contains(&verb.as_str()))
                        && rule
                            .resources
                            .iter()
                            .all(|resource| !resource.contains('/') && resource != "*")
                        && !rule.resource_names.iter().any(String::is_empty)
                },
            )
        }),
    },
    LintRule {
        id: "subresource-pattern",
        severity: Severity::Warning,
        about: "A resource is written as `pods/*`. That is no pattern, so the rule allows nothing of it. `*/scale` is one, and `*` is all resources with their subresources.",
        fix: "Name the subresources.",
        check: Check::Role(|context, role| {
            rules_with(
                context,
                role,
                "has a resource that ends with `/*`, which is no pattern",
                |rule| rule.resources.iter().any(|resource| resource.ends_with("/*")),
            )
        }),
    },
];

fn cluster_resources(context: &Context<'_>, role: usize) -> Vec<Problem> {
    if !context.is_in_namespaces(role) || context.is_computed(role) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (at, rule) in context.rules[role].iter().enumerate() {
        let found = rule
            .resources
            .iter()
            .find(|resource| is_of_cluster(rule, resource));
        if let Some(resource) = found {
            let text =
                format!("has `{resource}`, which belongs to the cluster: a RoleBinding gives nothing of it");
            problems.push(Problem::new(At::Rule(at), text));
        } else if !rule.urls.is_empty() && rule.resources.is_empty() {
            problems.push(Problem::new(
                At::Rule(at),
                "has URLs: a RoleBinding gives nothing of them",
            ));
        }
    }
    problems
}

/// Whether a resource of Kubernetes belongs to the cluster, in each API group of the rule.
fn is_of_cluster(rule: &PlainRule, resource: &str) -> bool {
    let plural = resource.split('/').next().unwrap_or(resource);
    let mut groups = rule.api_groups.iter();
    plural != "namespaces"
        && !rule.api_groups.is_empty()
        && groups.all(|group| {
            Known::find(plural, Some(group))
                .is_some_and(|known| known.plural == plural && !known.is_namespaced)
        })
}

fn connect_one_verb(context: &Context<'_>, role: usize) -> Vec<Problem> {
    let rules = &context.rules[role];
    let has = |list: &[String], text: &str| list.iter().any(|item| item == text || item == "*");
    let names = |rule: &PlainRule, connection: &str| {
        has(&rule.api_groups, "") && rule.resources.iter().any(|item| item == connection)
    };
    let allows = |connection: &str, verb: &str| {
        let any = connection
            .split_once('/')
            .map(|(_, name)| format!("*/{name}"))
            .unwrap_or_default();
        rules.iter().any(|rule| {
            has(&rule.api_groups, "")
                && (has(&rule.resources, connection) || has(&rule.resources, &any))
                && has(&rule.verbs, verb)
        })
    };
    let mut problems = Vec::new();
    for connection in CONNECTIONS {
        let (other, verb) = match (allows(connection, "get"), allows(connection, "create")) {
            (true, false) => ("create", "get"),
            (false, true) => ("get", "create"),
            (true, true) | (false, false) => continue,
        };
        let at = rules
            .iter()
            .position(|rule| names(rule, connection) && has(&rule.verbs, verb));
        if let Some(at) = at {
            problems.push(Problem::new(
                At::Rule(at),
                format!("has `{connection}` with `{verb}` and without `{other}`"),
            ));
        }
    }
    problems
}
