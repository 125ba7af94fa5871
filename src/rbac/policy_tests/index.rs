//! The index passes over bindings and roles. What is left is what a look at every rule finds.

use serde_json::{Value, json};

use crate::rbac::policy::evaluate::{decide, push_binding, subject_text, visit_rules};
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::matching::allows;
use crate::rbac::policy::model::Policy;
use crate::rbac::policy::request::{Request, RequestSymbols, ResourceTarget, Target, User, UserSymbols};

/// More roles than bits in a set of texts, so that some share one.
const ROLES: usize = 90;

fn policy() -> Policy {
    let version = "rbac.authorization.k8s.io/v1";
    let text = |at: usize, every: usize, name: &str| {
        let name = if at.is_multiple_of(every) {
            "*".to_owned()
        } else {
            format!("{name}-{at}")
        };
        json!([name])
    };
    let mut items: Vec<Value> = Vec::new();
    for at in 0..ROLES {
        let path = format!("/path-{at}{}", if at.is_multiple_of(7) { "*" } else { "" });
        items.push(json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": format!("r{at}")}, "rules": [
            {"verbs": text(at, 13, "verb"), "apiGroups": [""], "resources": [format!("resource-{at}"), format!("*/sub-{at}")]},
            {"verbs": [format!("verb-{at}")], "apiGroups": [""], "resources": text(at, 17, "resource")},
            {"verbs": ["get"], "nonResourceURLs": [path]},
        ]}));
        let kind = if at.is_multiple_of(2) {
            "ClusterRoleBinding"
        } else {
            "RoleBinding"
        };
        // The subjects of a binding are in an order that is not that of the user's names.
        items.push(json!({"apiVersion": version, "kind": kind, "metadata": {"name": format!("b{at}"), "namespace": format!("ns-{}", at % 3)},
            "roleRef": {"kind": "ClusterRole", "name": format!("r{}", (at * 7) % (ROLES + 2))},
            "subjects": [{"kind": "Group", "name": format!("group-{}", at % 4)}, {"kind": "User", "name": "ann"}, {"kind": "Group", "name": "all"}]}));
    }
    let mut loader = Loader::default();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    loader.read(0, &list.to_string()).unwrap();
    loader.finish().policy
}

/// Returns the reason of the first binding that allows, by a look at every rule.
fn first_by_every_rule(policy: &Policy, user: &User, request: &Request) -> Option<String> {
    let symbols = RequestSymbols::new(policy, request);
    let user = UserSymbols::new(policy, user);
    let namespace = policy.names.find(request.namespace());
    let mut first = None;
    visit_rules(
        policy,
        &user,
        namespace.filter(|_| !request.namespace().is_empty()),
        |visit| {
            if first.is_none() && allows(&policy.names, &visit.role.rules[visit.rule], &symbols) {
                first = Some((visit.binding, visit.subject));
            }
        },
    );
    let (binding, subject) = first?;
    let mut reason = "RBAC: allowed by ".to_owned();
    push_binding(&mut reason, policy, binding);
    Some(reason + " to " + &subject_text(policy, binding, subject))
}

#[test]
fn a_decision_is_that_of_a_look_at_every_rule() {
    let policy = policy();
    let users: Vec<User> = [
        ("ann", vec![]),
        ("ann", vec!["all", "group-3"]),
        ("bob", vec!["group-2", "group-1", "all"]),
        ("eve", vec!["group-0"]),
    ]
    .into_iter()
    .map(|(name, groups)| User {
        name: name.to_owned(),
        groups: groups.into_iter().map(str::to_owned).collect(),
    })
    .collect();
    let mut allowed = 0;
    for at in 0..ROLES + 3 {
        let resource = |verb: String, subresource: String, namespace: &str| Request {
            verb,
            target: Target::Resource(ResourceTarget {
                resource: format!("resource-{at}"),
                subresource,
                namespace: namespace.to_owned(),
                ..ResourceTarget::default()
            }),
        };
        let requests = [
            resource(format!("verb-{at}"), String::new(), "ns-1"),
            resource(format!("verb-{}", at + 1), String::new(), ""),
            resource(format!("verb-{at}"), format!("sub-{at}"), "ns-2"),
            Request {
                verb: "get".to_owned(),
                target: Target::Path(format!("/path-{at}")),
            },
            Request {
                verb: "get".to_owned(),
                target: Target::Path(format!("/path-{at}/more")),
            },
        ];
        for (user, request) in users
            .iter()
            .flat_map(|user| requests.iter().map(move |request| (user, request)))
        {
            let decision = decide(&policy, user, request);
            let expected = first_by_every_rule(&policy, user, request);
            assert_eq!(
                decision.is_allowed.then_some(decision.reason),
                expected,
                "{user:?} {request:?}"
            );
            allowed += usize::from(decision.is_allowed);
        }
    }
    assert!(allowed > 100, "{allowed}");
}
