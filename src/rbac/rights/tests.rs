//! The table, where rules have no effect, and the rules as the review has them.

use serde_json::json;

use super::*;
use crate::rbac::policy::load::Loader;

const VERSION: &str = "rbac.authorization.k8s.io/v1";

fn policy() -> Policy {
    let role = |kind: &str, namespace: &str, name: &str, rules: Value| json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": rules});
    let binding = |kind: &str, namespace: &str, name: &str, role_kind: &str, subject: Value| {
        json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"kind": role_kind, "name": name}, "subjects": [subject]})
    };
    let sarah = || json!({"kind": "User", "name": "sarah"});
    let devs = || json!({"kind": "Group", "name": "devs"});
    let items = json!([
        role(
            "ClusterRole",
            "",
            "base",
            json!([
                {"verbs": ["get"], "apiGroups": ["", "apps"], "resources": ["pods", "*/scale"]},
                {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api*"]},
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["deployments/scale"]},
                {"verbs": ["watch"], "apiGroups": [""], "resources": ["namespaces", "nodes"]},
            ])
        ),
        role(
            "ClusterRole",
            "",
            "wide",
            json!([
                {"verbs": ["list", "delete"], "apiGroups": ["", "storage.k8s.io"], "resources": ["pods", "nodes", "namespaces", "storageclasses", "widgets"]},
                {"verbs": ["head"], "nonResourceURLs": ["/metrics"]},
            ])
        ),
        role(
            "Role",
            "shop",
            "some",
            json!([
                {"verbs": ["get", "use"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["tls", "db"]},
                {"verbs": ["patch"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"]},
            ])
        ),
        binding("ClusterRoleBinding", "", "base", "ClusterRole", sarah()),
        binding("ClusterRoleBinding", "", "gone", "ClusterRole", sarah()),
        binding("RoleBinding", "shop", "wide", "ClusterRole", devs()),
        binding("RoleBinding", "shop", "some", "Role", sarah()),
        binding(
            "RoleBinding",
            "other",
            "wide",
            "ClusterRole",
            json!({"kind": "User", "name": "joe"})
        ),
    ]);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let mut loader = Loader::default();
    loader.read(0, &list.to_string()).unwrap();
    loader.finish().policy
}

fn sarah() -> User {
    User {
        name: "sarah".to_owned(),
        groups: vec!["devs".to_owned()],
    }
}

fn lines(place: Place<'_>) -> Vec<String> {
    let policy = policy();
    let table = table(&policy, &applied(&policy, &sarah(), place));
    let joined =
        |texts: &std::collections::BTreeSet<String>| texts.iter().cloned().collect::<Vec<_>>().join(",");
    let rows = table.rows.iter().map(|row| {
        let own = if row.is_own_namespace { " (own)" } else { "" };
        format!(
            "{}.{} {:?}{own}: {}",
            row.resource,
            row.group,
            row.names,
            joined(&row.verbs)
        )
    });
    let paths = table
        .paths
        .iter()
        .map(|(path, verbs)| format!("{path}: {}", joined(verbs)));
    let without_effect = format!("without effect: {}", joined(&table.without_effect));
    rows.chain(paths).chain([without_effect]).collect()
}

#[test]
fn a_row_has_the_verbs_of_all_rules_about_it() {
    assert_eq!(
        lines(Place::Namespace("shop")),
        [
            "*/scale. []: get",
            "namespaces. []: watch",
            "namespaces. [] (own): delete,watch",
            "nodes. []: watch",
            "pods. []: delete,get,list",
            r#"secrets. ["db"]: get,patch,use"#,
            r#"secrets. ["db", "tls"]: get,use"#,
            "storageclasses. []: delete,list",
            "widgets. []: delete,list",
            "deployments/scale.* []: *",
            "*/scale.apps []: get",
            "pods.apps []: get",
            "namespaces.storage.k8s.io []: delete,list",
            "nodes.storage.k8s.io []: delete,list",
            "pods.storage.k8s.io []: delete,list",
            "widgets.storage.k8s.io []: delete,list",
            "/api*: get",
            "/healthz: get",
            "without effect: /metrics,nodes,storageclasses.storage.k8s.io",
        ]
    );
}

#[test]
fn the_bindings_of_a_namespace_are_told_from_those_of_the_cluster() {
    let policy = policy();
    let names = |place: Place<'_>| {
        let applied = applied(&policy, &sarah(), place);
        let names = applied.iter().map(|applied| {
            let mark = if applied.role.is_some() {
                ""
            } else {
                " without role"
            };
            format!("{}{mark}", policy.text(applied.binding.name))
        });
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(Place::Everywhere), ["base", "gone without role"]);
    assert_eq!(
        names(Place::Namespace("shop")),
        ["base", "gone without role", "wide", "some"]
    );
    assert_eq!(names(Place::Added("shop")), ["wide", "some"]);
    assert!(names(Place::Added("none")).is_empty());
    assert_eq!(namespaces(&policy, &sarah()), ["shop"]);
}

#[test]
fn the_rules_are_those_of_a_review() {
    let policy = policy();
    let place = Place::Namespace("other");
    let review = review(&policy, &sarah(), &applied(&policy, &sarah(), place), place);
    assert_eq!(
        review,
        json!({
            "resourceRules": [
                {"verbs": ["get"], "apiGroups": ["", "apps"], "resources": ["pods", "*/scale"]},
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["deployments/scale"]},
                {"verbs": ["watch"], "apiGroups": [""], "resources": ["namespaces", "nodes"]},
            ],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api*"]}],
            "incomplete": false,
            "evaluationError": r#"clusterrole.rbac.authorization.k8s.io "gone" not found"#,
        })
    );
}
