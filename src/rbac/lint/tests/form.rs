//! Cases of what the API server refuses, and of who is bound.

use super::{Case, binding, bound, cluster_role, object, role};

pub(super) fn of_form() -> Vec<Case> {
    let pods = "apiGroups: [''], resources: [pods], verbs: [get]";
    vec![
        (
            "no-verbs",
            cluster_role("apiGroups: [''], resources: [pods]"),
            cluster_role(pods),
        ),
        (
            "no-resources",
            cluster_role("resources: [pods], verbs: [get]"),
            cluster_role("nonResourceURLs: [/x], verbs: [get]"),
        ),
        (
            "urls-beside-resources",
            cluster_role("apiGroups: [''], resources: [pods], nonResourceURLs: [/x], verbs: [get]"),
            cluster_role("nonResourceURLs: [/x], verbs: [get]"),
        ),
        (
            "urls-in-role",
            role("nonResourceURLs: [/x], verbs: [get]"),
            cluster_role("nonResourceURLs: [/x], verbs: [get]"),
        ),
    ]
}

pub(super) fn of_references_and_subjects() -> Vec<Case> {
    let role_ref = |reference: &str| {
        binding(&format!(
            "roleRef: {{{reference}}}, subjects: [{{kind: User, name: 'okta:u'}}]"
        ))
    };
    vec![
        (
            "role-ref",
            role_ref("apiGroup: rbac, kind: ClusterRole, name: view"),
            role_ref("kind: ClusterRole, name: view"),
        ),
        (
            "role-ref",
            role_ref("kind: Role, name: view"),
            object("RoleBinding", "shop/b", "roleRef: {kind: Role, name: x}"),
        ),
        (
            "role-ref",
            role_ref("kind: Robot, name: view"),
            role_ref("apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view"),
        ),
        (
            "subject-form",
            bound("kind: user, name: 'okta:u'"),
            bound("kind: User, name: 'okta:u'"),
        ),
        (
            "subject-form",
            bound("kind: User, name: ''"),
            bound("apiGroup: rbac.authorization.k8s.io, kind: User, name: 'okta:u'"),
        ),
        (
            "subject-form",
            bound("apiGroup: rbac.authorization.k8s.io, kind: ServiceAccount, name: a, namespace: shop"),
            bound("apiGroup: '', kind: ServiceAccount, name: a, namespace: shop"),
        ),
        (
            "account-without-namespace",
            bound("kind: ServiceAccount, name: a"),
            object(
                "RoleBinding",
                "shop/b",
                "roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: a}]",
            ),
        ),
        (
            "object-name",
            object("ClusterRole", "%", "rules: []"),
            object("ClusterRole", "a:b.c", "rules: []"),
        ),
    ]
}

pub(super) fn of_subjects() -> Vec<Case> {
    let to = |role: &str, kind: &str, name: &str| {
        object(
            kind,
            name,
            &format!(
                "roleRef: {{kind: ClusterRole, name: {role}}}, subjects: [{{kind: Group, name: 'okta:dev'}}]"
            ),
        )
    };
    let group = |name: &str| bound(&format!("kind: Group, name: '{name}'"));
    vec![
        ("anonymous", group("system:unauthenticated"), group("okta:dev")),
        (
            "anonymous",
            bound("kind: User, name: 'system:anonymous'"),
            bound("kind: Group, name: 'system:anonymous'"),
        ),
        ("every-user", group("system:authenticated"), group("system:nodes")),
        (
            "every-account",
            group("system:serviceaccounts"),
            group("system:serviceaccounts:shop"),
        ),
        (
            "default-account",
            bound("kind: ServiceAccount, name: default, namespace: shop"),
            bound("kind: ServiceAccount, name: bot, namespace: default"),
        ),
        ("masters", group("system:masters"), group("okta:masters")),
        (
            "cluster-admin",
            to("cluster-admin", "ClusterRoleBinding", "b"),
            to("cluster-admin", "RoleBinding", "shop/b"),
        ),
        (
            "cluster-admin-in-namespace",
            to("cluster-admin", "RoleBinding", "shop/b"),
            to("admin", "RoleBinding", "shop/b"),
        ),
        ("unprefixed-subject", group("dev"), group("okta:dev")),
        (
            "unprefixed-subject",
            bound("kind: User, name: ann"),
            bound("kind: User, name: 'system:kube-proxy'"),
        ),
        ("unknown-group", group("okta:devs"), group("okta:dev")),
    ]
}
