//! Cases of rights that reach further than they say, and of rules without effect.

use super::{CORE, Case, RBAC, TO_R, binding, cluster_role, object, role};

pub(super) fn of_dangers() -> Vec<Case> {
    let of = |group: &str, resources: &str, verbs: &str| {
        cluster_role(&format!("{group}resources: [{resources}], verbs: [{verbs}]"))
    };
    vec![
        (
            "everything",
            of("apiGroups: ['*'], ", "'*'", "'*'"),
            of("apiGroups: [''], ", "'*'", "'*'"),
        ),
        (
            "escalate",
            of(RBAC, "roles", "escalate"),
            of(RBAC, "roles", "update"),
        ),
        (
            "bind",
            of(RBAC, "clusterroles", "bind"),
            of(RBAC, "clusterroles", "get"),
        ),
        (
            "impersonate",
            of(CORE, "groups", "impersonate"),
            of(CORE, "pods", "impersonate"),
        ),
        (
            "reads-secrets",
            of(CORE, "secrets", "list"),
            of(CORE, "secrets", "create, delete"),
        ),
        (
            "account-tokens",
            of(CORE, "serviceaccounts/token", "create"),
            of(CORE, "serviceaccounts", "create"),
        ),
    ]
}

pub(super) fn of_other_dangers() -> Vec<Case> {
    let of = |group: &str, resources: &str, verbs: &str| {
        cluster_role(&format!("{group}resources: [{resources}], verbs: [{verbs}]"))
    };
    let admission = "apiGroups: [admissionregistration.k8s.io], ";
    let certificates = "apiGroups: [certificates.k8s.io], ";
    vec![
        (
            "node-proxy",
            of(CORE, "nodes/proxy", "get"),
            role("apiGroups: [''], resources: [nodes/proxy], verbs: [get]"),
        ),
        (
            "approves-certificates",
            of(certificates, "certificatesigningrequests/approval", "update"),
            of(certificates, "certificatesigningrequests", "create"),
        ),
        (
            "changes-admission",
            of(admission, "validatingwebhookconfigurations", "patch"),
            of(admission, "validatingwebhookconfigurations", "get"),
        ),
        (
            "mounts-hosts",
            of(CORE, "persistentvolumes", "create"),
            of(CORE, "persistentvolumeclaims", "create"),
        ),
        (
            "labels-namespaces",
            of(CORE, "namespaces", "patch"),
            of(CORE, "namespaces", "create, delete"),
        ),
        ("wildcard", of(CORE, "'*'", "get"), of(CORE, "'*/scale'", "get")),
        (
            "runs-pods",
            of("apiGroups: [apps], ", "deployments", "create"),
            of("apiGroups: [apps], ", "deployments", "get"),
        ),
        (
            "enters-pods",
            of(CORE, "pods/exec", "create"),
            of(CORE, "pods/log", "get"),
        ),
        (
            "debugs-pods",
            of(CORE, "pods/ephemeralcontainers", "patch"),
            of(CORE, "pods/ephemeralcontainers", "get"),
        ),
        (
            "grants-rights",
            of(RBAC, "rolebindings", "create"),
            of(RBAC, "rolebindings", "get"),
        ),
    ]
}

pub(super) fn of_effect() -> Vec<Case> {
    let nodes = "apiGroups: [''], resources: [nodes], verbs: [get]";
    let in_shop = object("RoleBinding", "shop/b", TO_R);
    vec![
        ("cluster-resource-in-namespace", role(nodes), cluster_role(nodes)),
        (
            "cluster-resource-in-namespace",
            cluster_role(nodes) + &in_shop,
            cluster_role(nodes) + &in_shop + &binding(TO_R),
        ),
        (
            "cluster-resource-in-namespace",
            cluster_role("nonResourceURLs: [/x], verbs: [get]") + &in_shop,
            role("apiGroups: [''], resources: [namespaces, pods], verbs: [get]"),
        ),
        (
            "connect-one-verb",
            role("apiGroups: [''], resources: [pods/exec], verbs: [create]"),
            role("apiGroups: [''], resources: [pods/exec], verbs: [get, create]"),
        ),
        (
            "connect-one-verb",
            role("apiGroups: [''], resources: [pods/attach], verbs: [get]"),
            object(
                "Role",
                "shop/r",
                "rules: [{apiGroups: [''], resources: [pods/attach], verbs: [get]}, {apiGroups: [''], resources: ['*/attach'], verbs: [create]}]",
            ),
        ),
        (
            "names-without-effect",
            role("apiGroups: [''], resources: [pods], verbs: [create], resourceNames: [a]"),
            role("apiGroups: [''], resources: [pods/exec], verbs: [create], resourceNames: [a]"),
        ),
        (
            "subresource-pattern",
            role("apiGroups: [''], resources: ['pods/*'], verbs: [get]"),
            role("apiGroups: [''], resources: ['*/scale'], verbs: [get]"),
        ),
    ]
}
