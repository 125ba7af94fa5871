//! What each role allows.

use serde_json::{Value, json};

use super::{accept, metadata};
use crate::cluster::description::Role;

const READ: &[&str] = &["get", "list", "watch"];
/// Everything but deleting.
const CHANGE: &[&str] = &["get", "list", "watch", "create", "update", "patch"];
const MANAGE: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];
/// `kubectl scale` reads the scale first.
const SCALE: &[&str] = &["get", "update", "patch"];
/// Since Kubernetes 1.35 a connection by WebSocket needs both; before, one by POST needs `create`.
const CONNECT: &[&str] = &["get", "create"];

struct Rule {
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

const fn rule(
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Rule {
    Rule {
        group,
        resources,
        verbs,
    }
}

/// Works in a namespace: deploys, looks into pods, restarts them.
const DEVELOPER: &[Rule] = &[
    rule("", &["pods"], &["get", "list", "watch", "delete"]),
    rule("", &["pods/log"], &["get"]),
    rule("", &["pods/exec", "pods/portforward"], CONNECT),
    rule("", &["configmaps", "events", "persistentvolumeclaims"], READ),
    rule("", &["services"], CHANGE),
    rule("apps", &["deployments"], CHANGE),
    rule("apps", &["deployments/scale"], SCALE),
    rule("apps", &["daemonsets", "replicasets", "statefulsets"], READ),
    rule("batch", &["cronjobs", "jobs"], READ),
    rule("events.k8s.io", &["events"], READ),
    rule("networking.k8s.io", &["ingresses"], CHANGE),
    rule("networking.k8s.io", &["networkpolicies"], READ),
];

/// Looks after the cluster: nodes, namespaces, quotas, storage and network. Reads no Secrets, enters no pods, and changes neither workloads
/// nor rights: each of them would be a way to become administrator.
const PLATFORM_ENGINEER: &[Rule] = &[
    rule(
        "",
        &[
            "namespaces",
            "limitranges",
            "persistentvolumeclaims",
            "persistentvolumes",
            "resourcequotas",
        ],
        MANAGE,
    ),
    rule("", &["nodes"], &["get", "list", "watch", "update", "patch"]),
    rule("", &["pods"], &["get", "list", "watch", "delete"]),
    rule("", &["pods/log"], &["get"]),
    rule("", &["pods/eviction"], &["create"]),
    rule(
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "replicationcontrollers",
            "serviceaccounts",
            "services",
        ],
        READ,
    ),
    rule(
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
        READ,
    ),
    rule("apps", &["deployments/scale", "statefulsets/scale"], SCALE),
    rule("autoscaling", &["horizontalpodautoscalers"], MANAGE),
    rule("batch", &["cronjobs", "jobs"], READ),
    rule("discovery.k8s.io", &["endpointslices"], READ),
    rule("events.k8s.io", &["events"], READ),
    rule("metrics.k8s.io", &["nodes", "pods"], &["get", "list"]),
    rule(
        "networking.k8s.io",
        &["ingressclasses", "ingresses", "networkpolicies"],
        MANAGE,
    ),
    rule("policy", &["poddisruptionbudgets"], MANAGE),
    rule("scheduling.k8s.io", &["priorityclasses"], READ),
    rule(
        "storage.k8s.io",
        &["csidrivers", "csinodes", "volumeattachments"],
        READ,
    ),
    rule("storage.k8s.io", &["storageclasses"], MANAGE),
    rule(
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ],
        READ,
    ),
    rule("apiextensions.k8s.io", &["customresourcedefinitions"], READ),
    rule(
        "rbac.authorization.k8s.io",
        &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
        READ,
    ),
];

/// What a platform engineer needs, and `rbac lint` would warn of.
const ACCEPTED: &[(&str, &str)] = &[
    ("labels-namespaces", "namespaces are looked after by this role"),
    (
        "mounts-hosts",
        "storage is looked after by this role; it creates no pods",
    ),
];

/// Returns the name of the `ClusterRole` that is bound.
pub(super) fn name(role: Role) -> &'static str {
    match role {
        Role::Developer => "kubesesame-developer",
        Role::PlatformEngineer => "kubesesame-platform-engineer",
        // Kubernetes' own: it has neither writing of quotas, nor the namespace, and its escalation check holds.
        Role::NamespaceAdmin => "admin",
        Role::BreakGlass => "cluster-admin",
    }
}

/// Returns the `ClusterRole`, if it is not one that every cluster has.
pub(super) fn cluster_role(role: Role) -> Option<Value> {
    let rules = match role {
        Role::Developer => DEVELOPER,
        Role::PlatformEngineer => PLATFORM_ENGINEER,
        Role::NamespaceAdmin | Role::BreakGlass => return None,
    };
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| json!({ "apiGroups": [rule.group], "resources": rule.resources, "verbs": rule.verbs }))
        .collect();
    let mut object = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": metadata(name(role), None),
        "rules": rules,
    });
    if role == Role::PlatformEngineer {
        accept(&mut object, ACCEPTED);
    }
    Some(object)
}
