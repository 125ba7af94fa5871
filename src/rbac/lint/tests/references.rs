//! Cases of references, and of what is there twice.

use super::{Case, TO_R, binding, bound, cluster_role, object};

pub(super) fn of_references() -> Vec<Case> {
    let pods = cluster_role("apiGroups: [''], resources: [pods], verbs: [get]");
    let to_r = binding(TO_R);
    vec![
        ("missing-role", to_r.clone(), pods.clone() + &to_r),
        (
            "missing-role",
            object("RoleBinding", "shop/b", &TO_R.replace("ClusterRole", "Role")),
            bound("kind: User, name: 'okta:u'"),
        ),
        (
            "unused-role",
            pods.clone() + &bound("kind: User, name: 'okta:u'"),
            pods.clone(),
        ),
        (
            "unused-role",
            pods.clone() + &bound("kind: User, name: 'okta:u'"),
            pods.replace(
                "name: 'r'",
                "name: r, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}",
            ) + &bound("kind: User, name: 'okta:u'"),
        ),
        (
            "no-subjects",
            binding("roleRef: {kind: ClusterRole, name: view}"),
            to_r.clone(),
        ),
    ]
}

pub(super) fn of_duplicates() -> Vec<Case> {
    let pods = cluster_role("apiGroups: [''], resources: [pods], verbs: [get]");
    let account = |namespace: &str| {
        object(
            "RoleBinding",
            "payments/b",
            &format!(
                "roleRef: {{kind: ClusterRole, name: view}}, subjects: [{{kind: ServiceAccount, name: a, namespace: {namespace}}}]"
            ),
        )
    };
    let others = object("Role", "payments/x", "rules: []")
        + &object("Role", "team-1/x", "rules: []")
        + &object("Role", "team-1/y", "rules: []");
    let another = pods.replace("[get]", "[list]");
    let again =
        |name: &str, subject: &str| object("ClusterRoleBinding", name, &TO_R.replace("okta:u", subject));
    let ignored = |check: &str| {
        pods.replace(
            "name: 'r'",
            &format!("name: r, annotations: {{ignore-check.kubesesame/{check}: because}}"),
        )
    };
    let one = "{apiGroups: [''], resources: [pods], verbs: [get]}";
    let rules = |rules: [&str; 2]| object("ClusterRole", "r", &format!("rules: [{}]", rules.join(", ")));
    vec![
        (
            "account-namespace",
            account("paymets") + &others,
            account("payments") + &others,
        ),
        (
            "account-namespace",
            account("paymets") + &others,
            account("team-2") + &others,
        ),
        ("duplicate-object", pods.clone() + &another, pods.clone() + &pods),
        (
            "duplicate-binding",
            again("b", "okta:u") + &again("c", "okta:u"),
            again("b", "okta:u") + &again("c", "okta:v"),
        ),
        (
            "duplicate-rule",
            rules([one, one]),
            rules([one, &one.replace("get", "list")]),
        ),
        ("unknown-check", ignored("wildcards"), ignored("wildcard")),
    ]
}
