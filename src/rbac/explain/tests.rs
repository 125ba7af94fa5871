//! What is nearest to allowing a request, and what would allow it.

use super::*;
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::request::{ResourceTarget, Target};

const POLICY: &str = include_str!("../../../tests/data/rbac/team-platform.yaml");

fn policy(more: &str) -> Policy {
    let mut loader = Loader::default();
    loader.read(0, POLICY).unwrap();
    loader.read(1, more).unwrap();
    loader.finish().policy
}

fn request(verb: &str, resource: &str, namespace: &str, name: &str) -> Request {
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    Request {
        verb: verb.to_owned(),
        target: Target::Resource(ResourceTarget {
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
        }),
    }
}

fn sarah() -> User {
    User::with_implicit_groups("okta:sarah@example.com", &["okta:k8s-developers".to_owned()])
}

#[test]
fn the_nearest_rules_come_first_with_what_is_different() {
    let near = |request: &Request| {
        let policy = policy("");
        let near = nearest(&policy, &sarah(), request, 3);
        near.iter()
            .map(|near| {
                format!(
                    "{} {} {:?}",
                    policy.text(near.role.name),
                    near.rule + 1,
                    near.differences
                )
            })
            .collect::<Vec<_>>()
    };
    let cases: [(Request, &[&str]); 5] = [
        (
            request("delete", "pods", "team-platform", "web"),
            &["developer 1 [Verb]", "namespace-admin 1 [Subject]"],
        ),
        (
            request("list", "pods", "team-data", ""),
            &[
                "developer 1 [Namespace]",
                "namespace-admin 1 [Namespace, Subject]",
            ],
        ),
        (
            request("get", "secrets", "team-platform", "db"),
            &["developer 4 [Name]"],
        ),
        (request("list", "nodes", "", ""), &["node-reader 1 [Unbound]"]),
        (
            request("list", "widgets.example.com", "team-platform", ""),
            &["namespace-admin 1 [Subject]"],
        ),
    ];
    for (request, expected) in cases {
        let near = near(&request);
        assert_eq!(near[..expected.len().min(near.len())], *expected, "{request:?}");
    }
}

#[test]
fn all_ways_that_allow_a_request_are_listed() {
    let more = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: more}\n\
        roleRef: {kind: ClusterRole, name: developer}\nsubjects: [{kind: Group, name: 'system:authenticated'}]\n";
    let policy = policy(more);
    let ways = paths(&policy, &sarah(), &request("list", "pods", "team-platform", ""));
    let names: Vec<&str> = ways.iter().map(|path| policy.text(path.binding.name)).collect();
    assert_eq!(names, ["more", "developers"]);
}

/// What the change opens besides has to be nothing: each request that it allows now was asked for.
#[test]
fn the_smallest_change_allows_what_was_refused_and_nothing_else() {
    let policy_before = policy("");
    let account = User::with_implicit_groups("system:serviceaccount:ci:builder", &[]);
    let path = Request {
        verb: "get".to_owned(),
        target: Target::Path("/metrics".to_owned()),
    };
    let cases = [
        (sarah(), vec![request("delete", "pods", "team-platform", "web")]),
        (
            sarah(),
            vec![
                request("list", "nodes", "", ""),
                request("watch", "nodes", "", ""),
                path,
            ],
        ),
        (
            account,
            vec![
                request("get", "deployments/scale.apps", "shop", "web"),
                request("list", "nodes", "", ""),
            ],
        ),
    ];
    for (user, refused) in cases {
        for request in &refused {
            assert!(!decide(&policy_before, &user, request).is_allowed, "{request:?}");
        }
        let change = change(&policy_before, &user, &refused);
        let objects: Vec<String> = change.objects.iter().map(ToString::to_string).collect();
        let objects = objects.join(
            "
",
        );
        let after = policy(&objects);
        for request in &refused {
            assert!(decide(&after, &user, request).is_allowed, "{request:?} {objects}");
        }
        let added = change.objects.iter().filter_map(|object| object.get("rules"));
        let added: Vec<PlainRule> = added
            .flat_map(|rules| serde_json::from_value::<Vec<PlainRule>>(rules.clone()).unwrap())
            .collect();
        let rights: usize = added.iter().map(|rule| rule.breakdown().len()).sum();
        assert_eq!(rights, refused.len(), "{objects}");
    }
    let change = change(&policy_before, &sarah(), &[request("list", "nodes", "", "")]);
    let existing = change.existing.unwrap();
    assert_eq!(
        (existing.name.as_str(), existing.more_rights),
        ("ClusterRole node-reader", Some(2))
    );
    assert_eq!(
        change.objects[0]["metadata"]["name"],
        "okta-sarah-example-com-list-nodes"
    );
}

#[test]
fn requests_that_another_one_implies_are_no_part_of_the_change() {
    let list = |namespace, name| request("list", "pods", namespace, name);
    // What is refused, and for which of it the change is.
    let cases: [(&[Request], &[usize]); 5] = [
        (&[list("a", ""), list("", "")], &[1]),
        (&[list("a", "web"), list("a", "")], &[1]),
        (&[list("a", ""), list("b", ""), list("a", "")], &[0, 1]),
        (&[list("a", ""), list("", "web")], &[0, 1]),
        (&[list("a", ""), request("get", "pods", "", "")], &[0, 1]),
    ];
    let policy = policy("");
    for (refused, needed) in cases {
        let needed: Vec<Request> = needed.iter().map(|at| refused[*at].clone()).collect();
        let objects = |requests: &[Request]| change(&policy, &sarah(), requests).objects;
        assert_eq!(objects(refused), objects(&needed), "{refused:?}");
    }
    let star = User::with_implicit_groups("*", &[]);
    let change = change(&policy, &star, &[request("*", "*", "a", "")]);
    assert_eq!(
        change.objects[0]["metadata"]["name"], "allowed",
        "an object has a name"
    );
}
