//! Who may do it, compared with the decision for each person, with upstream's table, and for the questions that other programs answer wrongly.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::model::account_user;
use crate::rbac::policy::request::{ResourceTarget, User};

#[path = "../../../tests/real/rbac_random.rs"]
#[expect(dead_code, reason = "the rest is for a real API server")]
mod random;

const WRONG_ANSWERS: &str = include_str!("../../../tests/data/rbac/wrong_answers.json");
const AUTHORIZER: &str = include_str!("../../../tests/data/rbac/authorizer.json");
const RANDOM_POLICIES: usize = 150;

fn policy(objects: &[Value]) -> Policy {
    let mut loader = Loader::default();
    loader
        .read(
            0,
            &json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string(),
        )
        .unwrap();
    loader.finish().policy
}

fn request(question: &Value) -> Request {
    let text = |field: &str| question[field].as_str().unwrap_or_default().to_owned();
    let target = match question["path"].as_str() {
        Some(path) => Target::Path(path.to_owned()),
        None => Target::Resource(ResourceTarget {
            group: text("group"),
            resource: text("resource"),
            subresource: text("subresource"),
            name: text("name"),
            namespace: text("namespace"),
        }),
    };
    Request {
        verb: text("verb"),
        target,
    }
}

/// Returns a user who is this holder and nobody else.
fn user(holder: Holder<'_>) -> User {
    let (name, groups) = match holder {
        Holder::User(name) => (name.to_owned(), Vec::new()),
        Holder::Group(group) => ("nobody else".to_owned(), vec![group.to_owned()]),
        Holder::ServiceAccount { namespace, name } => (account_user(namespace, name), Vec::new()),
    };
    User { name, groups }
}

fn is_among(user: &User, who: &[Who<'_>]) -> bool {
    who.iter().any(|who| match who.holder {
        Holder::Group(group) => user.groups.iter().any(|own| own == group),
        Holder::User(name) => user.name == name,
        Holder::ServiceAccount { namespace, name } => user.name == account_user(namespace, name),
    })
}

fn shown(who: &[Who<'_>]) -> Vec<String> {
    let holders = who.iter().map(|who| match who.holder {
        Holder::Group(name) => format!("Group {name}"),
        Holder::User(name) => format!("User {name}"),
        Holder::ServiceAccount { namespace, name } => format!("ServiceAccount {namespace}/{name}"),
    });
    holders.collect()
}

#[test]
fn who_is_allowed_is_among_those_who_can() {
    let mut count = 0;
    for table in [WRONG_ANSWERS, AUTHORIZER] {
        let cases: Vec<Value> = serde_json::from_str(table).unwrap();
        for case in &cases {
            let policy = policy(case["objects"].as_array().unwrap());
            for question in case["questions"].as_array().unwrap() {
                let user = User {
                    name: question["user"].as_str().unwrap_or_default().to_owned(),
                    groups: serde_json::from_value(question["groups"].clone()).unwrap_or_default(),
                };
                let who = who_can(&policy, &request(question));
                let is_allowed = question["allowed"].as_bool().unwrap_or_default();
                assert_eq!(
                    is_among(&user, &who.whole),
                    is_allowed,
                    "{}: {question}",
                    case["name"]
                );
                count += 1;
            }
        }
    }
    assert_eq!(count, 53);
}

#[test]
fn of_random_policies_each_subject_is_named_if_the_authorizer_allows_it() {
    let mut random = random::Random(1);
    let (mut named, mut refused) = (0, 0);
    for _ in 0..RANDOM_POLICIES {
        let objects = random.policy();
        let policy = policy(&objects);
        let subjects: BTreeSet<Holder<'_>> = policy
            .bindings
            .iter()
            .flat_map(|binding| binding.subjects.iter().map(move |subject| (binding, *subject)))
            .filter_map(|(binding, subject)| holder(&policy, binding, subject))
            .collect();
        for _ in 0..10 {
            let question = random.question(&objects);
            if question["grant"].is_array() {
                continue;
            }
            let request = request(&question);
            let who = who_can(&policy, &request);
            for holder in &subjects {
                let user = user(*holder);
                let is_allowed = decide(&policy, &user, &request).is_allowed;
                assert_eq!(
                    is_among(&user, &who.whole),
                    is_allowed,
                    "{holder:?} {question} {}",
                    json!(objects)
                );
                named += usize::from(is_allowed);
                refused += usize::from(!is_allowed);
            }
        }
    }
    assert!(named > 500 && refused > 500, "{named} {refused}");
}

/// What is asked of the objects of one case of the table, who can, and who can a part of it.
type Row<'a> = (&'a str, Value, &'a [&'a str], &'a [&'a str]);

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn questions_that_other_programs_answer_wrongly_are_answered() {
    let cases: Vec<Value> = serde_json::from_str(WRONG_ANSWERS).unwrap();
    let resource = |verb: &str,
                    group: &str,
                    resource: &str,
                    subresource: &str,
                    name: &str,
                    namespace: &str| {
        json!({"verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name, "namespace": namespace})
    };
    let sarah = &["User okta:sarah"];
    let rows: [Row<'_>; 14] = [
        (
            "*/scale",
            resource("update", "apps", "deployments", "scale", "web", "shop"),
            sarah,
            &[],
        ),
        (
            "*/scale",
            resource("update", "apps", "deployments", "", "web", "shop"),
            &[],
            &[],
        ),
        (
            "/metrics*",
            json!({"verb": "get", "path": "/metrics/slis"}),
            sarah,
            &[],
        ),
        ("/metrics*", json!({"verb": "get", "path": "/metric"}), &[], &[]),
        (
            "names of",
            resource("list", "", "secrets", "", "", "shop"),
            &[],
            sarah,
        ),
        (
            "names of",
            resource("get", "", "secrets", "", "db", "shop"),
            sarah,
            &[],
        ),
        (
            "a RoleBinding",
            resource("delete", "", "nodes", "", "n1", ""),
            &[],
            &[],
        ),
        (
            "a RoleBinding",
            resource("list", "", "pods", "", "", ""),
            &[],
            sarah,
        ),
        (
            "a RoleBinding",
            resource("delete", "", "namespaces", "", "team-platform", "team-platform"),
            sarah,
            &[],
        ),
        (
            "a service account",
            resource("list", "", "pods", "", "", "ci"),
            &["ServiceAccount ci/builder"],
            &[],
        ),
        ("roles of", resource("list", "", "secrets", "", "", "b"), &[], &[]),
        ("roles of", resource("list", "", "pods", "", "", "b"), sarah, &[]),
        (
            "exec",
            resource("create", "", "pods", "exec", "web-1", "shop"),
            sarah,
            &[],
        ),
        ("exec", resource("create", "", "pods", "", "", "shop"), &[], &[]),
    ];
    for (name, question, whole, part) in rows {
        let case = cases
            .iter()
            .find(|case| case["name"].as_str().unwrap().starts_with(name));
        let policy = policy(case.unwrap()["objects"].as_array().unwrap());
        let who = who_can(&policy, &request(&question));
        assert_eq!(shown(&who.whole), whole, "{name}: {question}");
        assert_eq!(shown(&who.part), part, "{name}: {question}");
    }
}

const VERSION: &str = "rbac.authorization.k8s.io/v1";

fn role(kind: &str, namespace: &str, name: &str, rules: &Value) -> Value {
    json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": rules})
}

/// Makes a binding of the role `admin`.
fn binding(kind: &str, role_kind: &str, subjects: &Value) -> Value {
    json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": "admin", "namespace": "ns1"},
        "roleRef": {"kind": role_kind, "name": "admin"}, "subjects": subjects})
}

/// `TestSubjectLocator`, without the super-user and without `system:masters`, which upstream puts before all others.
#[test]
fn subjects_are_located_as_upstream() {
    let people =
        |who: &str| json!([{"kind": "User", "name": who}, {"kind": "Group", "name": format!("{who}s")}]);
    let all = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "nonResourceURLs": ["*"]}]);
    let common = [
        role("ClusterRole", "", "admin", &all),
        binding("ClusterRoleBinding", "ClusterRole", &people("super-admin")),
    ];
    let by_cluster_role = [
        common.as_slice(),
        &[binding("RoleBinding", "ClusterRole", &people("admin"))],
    ]
    .concat();
    let rules =
        json!([{"verbs": ["get"], "apiGroups": ["*"], "resources": ["Pods"], "nonResourceURLs": ["*"]}]);
    let by_role = [
        common.as_slice(),
        &[
            role("Role", "ns1", "admin", &rules),
            binding("RoleBinding", "Role", &people("admin")),
        ],
    ]
    .concat();
    let few = ["Group super-admins", "User super-admin"];
    let many = [
        "Group admins",
        "Group super-admins",
        "User admin",
        "User super-admin",
    ];
    for (objects, verb, namespace, expected) in [
        (&by_cluster_role, "get", "ns1", many.as_slice()),
        (&by_cluster_role, "*", "*", &few),
        (&by_cluster_role, "*", "", &few),
        (&by_role, "get", "ns1", &many),
        (&by_role, "create", "ns1", &few),
        (&by_role, "get", "ns2", &few),
    ] {
        let request = request(&json!({"verb": verb, "resource": "Pods", "namespace": namespace}));
        assert_eq!(
            shown(&who_can(&policy(objects), &request).whole),
            expected,
            "{verb} {namespace}"
        );
    }
}

#[test]
fn a_subject_has_all_of_its_bindings_once() {
    let rules = json!([
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"]},
        {"verbs": ["*"], "apiGroups": [""], "resources": ["pods", "secrets"], "resourceNames": ["b"]},
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["pods"]},
    ]);
    let accounts = json!([
        {"kind": "ServiceAccount", "name": "x"},
        {"kind": "User", "name": "system:serviceaccount:ns1:x"},
        {"kind": "ServiceAccount", "name": "x", "namespace": "ns2"},
        {"kind": "Robot", "name": "x"},
    ]);
    let policy = policy(&[
        role("ClusterRole", "", "admin", &rules),
        binding("ClusterRoleBinding", "ClusterRole", &accounts),
        binding("RoleBinding", "ClusterRole", &accounts),
    ]);
    let grants = |resource: &str, is_part: bool| {
        let request = request(&json!({"verb": "get", "resource": resource, "namespace": "ns1"}));
        let who = who_can(&policy, &request);
        let who = if is_part { who.part } else { who.whole };
        let lines = who.iter().flat_map(|who| {
            who.grants.iter().map(|grant| {
                let names: Vec<&str> = grant.names.iter().map(|name| policy.text(*name)).collect();
                format!(
                    "{:?} {} {:?} {names:?}",
                    who.holder,
                    grant.binding.kind(),
                    grant.rules
                )
            })
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(
        grants("pods", false),
        [
            r#"ServiceAccount { namespace: "ns1", name: "x" } ClusterRoleBinding [0, 3] []"#,
            r#"ServiceAccount { namespace: "ns1", name: "x" } RoleBinding [0, 3] []"#,
            r#"ServiceAccount { namespace: "ns2", name: "x" } ClusterRoleBinding [0, 3] []"#,
            r#"ServiceAccount { namespace: "ns2", name: "x" } RoleBinding [0, 3] []"#,
        ]
    );
    assert!(grants("pods", true).is_empty());
    assert!(grants("secrets", false).is_empty());
    assert_eq!(
        grants("secrets", true)[1],
        r#"ServiceAccount { namespace: "ns1", name: "x" } RoleBinding [1, 2] ["a", "b"]"#
    );
}
