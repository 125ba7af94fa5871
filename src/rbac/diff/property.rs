//! The difference of random policies, against the evaluator: what it tells is what requests meet.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{Line, Right, SubjectDiff, Who, diff};
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::matching::url_covers;
use crate::rbac::policy::model::Policy;
use crate::rbac::policy::request::{Request, ResourceTarget, Target, User};

const VERBS: &[&str] = &["get", "list", "*"];
const GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] = &[
    "pods",
    "pods/log",
    "*/log",
    "*/scale",
    "deployments",
    "deployments/scale",
    "pods/*",
    "*",
];
const NAMES: &[&str] = &["", "a", "b", "*"];
const URLS: &[&str] = &["/metrics", "/metrics*", "/metrics/*", "/m**", "/*x*", "*", "/"];
const NAMESPACES: &[&str] = &["one", "two"];
/// A text that no rule has.
const FRESH: &str = "fresh";
const ACCOUNT: &str = "system:serviceaccount:one:bot";

fn list(texts: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(texts, 0..=most)
}

fn rule() -> impl Strategy<Value = Value> {
    let names = prop_oneof![3 => Just(Vec::new()), 1 => list(NAMES, 2)];
    let urls = prop_oneof![2 => Just(Vec::new()), 1 => list(URLS, 2)];
    (list(VERBS, 2), list(GROUPS, 2), list(RESOURCES, 3), names, urls).prop_map(
        |(verbs, groups, resources, names, urls)| {
            json!({"verbs": verbs, "apiGroups": groups, "resources": resources, "resourceNames": names, "nonResourceURLs": urls})
        },
    )
}

fn subject() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"kind": "User", "name": "ann"}),
        json!({"kind": "User", "name": ACCOUNT}),
        json!({"kind": "User", "name": "system:anonymous"}),
        json!({"kind": "Group", "name": "devs"}),
        json!({"kind": "Group", "name": "system:authenticated"}),
        json!({"kind": "Group", "name": "system:unauthenticated"}),
        json!({"kind": "Group", "name": "system:serviceaccounts"}),
        json!({"kind": "Group", "name": "system:serviceaccounts:one"}),
        json!({"kind": "Group", "name": "system:masters"}),
        json!({"kind": "ServiceAccount", "name": "bot", "namespace": "one"}),
        json!({"kind": "ServiceAccount", "name": "bot"}),
        json!({"kind": "Robot", "name": "ann"}),
    ])
}

fn object(kind: &str, name: &str, namespace: Option<&str>) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

fn binding() -> impl Strategy<Value = (Option<&'static str>, &'static str, usize, Vec<Value>)> {
    let namespace = proptest::option::of(select(NAMESPACES));
    let subjects = proptest::collection::vec(subject(), 0..3);
    (
        namespace,
        select(&["Role", "ClusterRole"][..]),
        0..3_usize,
        subjects,
    )
}

/// The text of a policy. Some of its bindings have no role.
fn policy() -> impl Strategy<Value = String> {
    let some_rules = || proptest::collection::vec(rule(), 0..3);
    let roles = (
        proptest::collection::vec(some_rules(), 0..3),
        proptest::collection::vec((select(NAMESPACES), some_rules()), 0..3),
    );
    (roles, proptest::collection::vec(binding(), 0..5)).prop_map(|((cluster_roles, roles), bindings)| {
        let mut items = Vec::new();
        for (at, rules) in cluster_roles.into_iter().enumerate() {
            let mut role = object("ClusterRole", &format!("r{at}"), None);
            role["rules"] = json!(rules);
            items.push(role);
        }
        for (at, (namespace, rules)) in roles.into_iter().enumerate() {
            let mut role = object("Role", &format!("r{at}"), Some(namespace));
            role["rules"] = json!(rules);
            items.push(role);
        }
        for (at, (namespace, role_kind, role, subjects)) in bindings.into_iter().enumerate() {
            let kind = if namespace.is_some() {
                "RoleBinding"
            } else {
                "ClusterRoleBinding"
            };
            let mut binding = object(kind, &format!("b{at}"), namespace);
            binding["roleRef"] = json!({"kind": role_kind, "name": format!("r{role}")});
            binding["subjects"] = json!(subjects);
            items.push(binding);
        }
        json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
    })
}

fn request() -> impl Strategy<Value = Request> {
    let path = select(
        &[
            "/metrics",
            "/metrics/a",
            "/metricsb",
            "/m",
            "/*x",
            "/*xa",
            "/",
            "/fresh",
        ][..],
    );
    let resource = (
        select(&["", "apps", FRESH][..]),
        select(&["pods", "deployments", FRESH][..]),
        select(&["", "", "log", "scale", FRESH, "*"][..]),
        select(&["", "a", "b", "*", FRESH][..]),
        select(&["", "one", "two", FRESH][..]),
    );
    let target = prop_oneof![
        1 => path.prop_map(|path| Target::Path(path.to_owned())),
        4 => resource.prop_map(|(group, resource, subresource, name, namespace)| Target::Resource(ResourceTarget {
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
        })),
    ];
    (select(&["get", "list", FRESH][..]), target).prop_map(|(verb, target)| Request {
        verb: verb.to_owned(),
        target,
    })
}

fn load(loader: Loader, text: &str) -> Policy {
    let mut loader = loader;
    loader.read(0, text).unwrap();
    loader.finish().policy
}

/// Returns both policies, and their difference.
fn compared(old: &str, new: &str) -> (Policy, Policy, Vec<SubjectDiff>) {
    let old = load(Loader::default(), old);
    let new = load(Loader::with_names(old.names.clone()), new);
    let found = diff(&old, &new);
    (old, new, found)
}

fn group(name: &str) -> Who {
    Who::Group(name.to_owned())
}

/// Each subject with a user that is nothing more, and the groups that the user has by that.
fn subjects() -> Vec<(Who, User, Vec<Who>)> {
    let user = |name: &str, groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        User::with_implicit_groups(name, &groups)
    };
    let account = |namespace: &str| Who::ServiceAccount {
        namespace: namespace.to_owned(),
        name: "bot".to_owned(),
    };
    let subjects = vec![
        (Who::User("ann".to_owned()), user("ann", &[])),
        (account("one"), user(ACCOUNT, &[])),
        (account("two"), user("system:serviceaccount:two:bot", &[])),
        (
            Who::User("system:anonymous".to_owned()),
            user("system:anonymous", &[]),
        ),
        (group("devs"), user(FRESH, &["devs"])),
        (group("system:authenticated"), user(FRESH, &[])),
        (
            group("system:serviceaccounts"),
            user("system:serviceaccount:fresh:fresh", &[]),
        ),
        (
            group("system:serviceaccounts:one"),
            user("system:serviceaccount:one:fresh", &[]),
        ),
        (
            group("system:unauthenticated"),
            User {
                name: FRESH.to_owned(),
                groups: vec!["system:unauthenticated".to_owned()],
            },
        ),
    ];
    let with_groups = |(who, user): (Who, User)| {
        let groups = user
            .groups
            .iter()
            .map(|name| group(name))
            .filter(|group| *group != who)
            .collect();
        (who, user, groups)
    };
    subjects.into_iter().map(with_groups).collect()
}

/// Whether a line is about a request.
fn is_about(line: &Line, request: &Request) -> bool {
    let Right::Rule(rule) = &line.right else {
        return false;
    };
    let has = |list: &[String], text: &str| list.iter().any(|item| item == "*" || item == text);
    has(&rule.verbs, &request.verb)
        && match &request.target {
            Target::Path(path) => {
                line.namespace.is_none() && rule.urls.iter().any(|url| url_covers(url, path))
            }
            Target::Resource(target) => {
                let any = format!("*/{}", target.subresource);
                let is_any = |item: &String| !target.subresource.is_empty() && *item == any;
                line.namespace
                    .as_ref()
                    .is_none_or(|namespace| *namespace == target.namespace)
                    && has(&rule.api_groups, &target.group)
                    && (has(&rule.resources, &target.combined()) || rule.resources.iter().any(is_any))
                    && (rule.resource_names.is_empty() || rule.resource_names.contains(&target.name))
            }
        }
}

/// Returns the request of each part of a line that is the least likely to be allowed: what no rule names stands for each star.
fn witnesses(line: &Line) -> Vec<Request> {
    let Right::Rule(rule) = &line.right else {
        return Vec::new();
    };
    let real = |text: &str| {
        if text == "*" {
            FRESH.to_owned()
        } else {
            text.to_owned()
        }
    };
    let mut targets = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            let combined = if resource == "*" {
                "fresh/fresh".to_owned()
            } else {
                resource.clone()
            };
            let (resource, subresource) = combined.split_once('/').unwrap_or((&combined, ""));
            let any = [FRESH.to_owned()];
            let names = if rule.resource_names.is_empty() {
                &any
            } else {
                rule.resource_names.as_slice()
            };
            targets.extend(names.iter().map(|name| {
                Target::Resource(ResourceTarget {
                    group: real(group),
                    resource: real(resource),
                    subresource: subresource.to_owned(),
                    name: name.clone(),
                    namespace: line.namespace.clone().unwrap_or_else(|| FRESH.to_owned()),
                })
            }));
        }
    }
    targets.extend(rule.urls.iter().map(|url| {
        let fresh = if url.ends_with('*') { FRESH } else { "" };
        Target::Path(format!("{}{fresh}", url.trim_end_matches('*')))
    }));
    let verbs = rule.verbs.iter().map(|verb| real(verb));
    verbs
        .flat_map(|verb| {
            targets.iter().map(move |target| Request {
                verb: verb.clone(),
                target: target.clone(),
            })
        })
        .collect()
}

fn lines<'d>(found: &'d [SubjectDiff], who: &Who) -> Option<&'d SubjectDiff> {
    found.iter().find(|subject| subject.who == *who)
}

proptest! {
    #[test]
    fn a_request_that_is_newly_allowed_or_refused_is_told(
        old in policy(), new in policy(), requests in proptest::collection::vec(request(), 60),
    ) {
        let (old, new, found) = compared(&old, &new);
        for (who, user, groups) in subjects() {
            for request in &requests {
                let allowed = [&old, &new].map(|policy| decide(policy, &user, request).is_allowed);
                let told = |side: fn(&SubjectDiff) -> &Vec<Line>| {
                    let own = [who.clone()].into_iter().chain(groups.clone());
                    own.filter_map(|who| lines(&found, &who)).any(|subject| side(subject).iter().any(|line| is_about(line, request)))
                };
                match allowed {
                    [false, true] => prop_assert!(told(|subject| &subject.gained), "{who:?} {request:?} {found:#?}"),
                    [true, false] => prop_assert!(told(|subject| &subject.lost), "{who:?} {request:?} {found:#?}"),
                    [false, false] | [true, true] => {}
                }
            }
        }
    }

    #[test]
    fn each_part_of_a_line_is_a_difference(old in policy(), new in policy()) {
        let (old, new, found) = compared(&old, &new);
        let subjects = subjects();
        for subject in &found {
            let (_, user, _) = subjects.iter().find(|(who, ..)| *who == subject.who).unwrap();
            for (lines, having, lacking) in [(&subject.gained, &new, &old), (&subject.lost, &old, &new)] {
                for request in lines.iter().flat_map(witnesses) {
                    prop_assert!(decide(having, user, &request).is_allowed, "{request:?} {subject:#?}");
                    prop_assert!(!decide(lacking, user, &request).is_allowed, "{request:?} {subject:#?}");
                }
            }
        }
    }

    #[test]
    fn what_is_gained_one_way_is_lost_the_other(old in policy(), new in policy()) {
        let rights = |lines: &[Line]| -> Vec<_> {
            let mut rights: Vec<_> = lines.iter().map(|line| format!("{:?} {:?}", line.namespace, line.right)).collect();
            rights.sort();
            rights
        };
        let (.., there) = compared(&old, &new);
        let (.., back) = compared(&new, &old);
        prop_assert_eq!(there.len(), back.len());
        for subject in &there {
            let reversed = lines(&back, &subject.who).unwrap();
            prop_assert_eq!(rights(&subject.gained), rights(&reversed.lost));
            prop_assert_eq!(rights(&subject.lost), rights(&reversed.gained));
        }
        let (.., same) = compared(&old, &old);
        prop_assert!(same.is_empty());
    }
}
