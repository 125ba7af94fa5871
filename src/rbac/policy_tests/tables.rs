//! The facts of upstream's tables, and of questions that other programs answer wrongly: `tests/data/rbac`.

use serde::Deserialize;
use serde_json::Value;

use crate::rbac::policy::aggregate::computed_rules;
use crate::rbac::policy::covers::{PlainRule, rules_of, uncovered};
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::matching::url_covers;
use crate::rbac::policy::model::{Policy, Scope};
use crate::rbac::policy::request::{Request, ResourceTarget, Target, User};

/// Reads objects, as a list.
fn loader(objects: &[Value]) -> Loader {
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut loader = Loader::default();
    loader.read(0, &list.to_string()).unwrap();
    loader
}

fn policy(objects: &[Value]) -> Policy {
    loader(objects).finish().policy
}

#[derive(Deserialize, Debug, Default)]
#[serde(default)]
struct Question {
    user: String,
    groups: Vec<String>,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
    path: Option<String>,
    allowed: bool,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Decisions {
    name: String,
    objects: Vec<Value>,
    questions: Vec<Question>,
}

fn check_decisions(table: &str) -> usize {
    let cases: Vec<Decisions> = serde_json::from_str(table).unwrap();
    for case in &cases {
        let policy = policy(&case.objects);
        for question in &case.questions {
            let user = User {
                name: question.user.clone(),
                groups: question.groups.clone(),
            };
            let target = match &question.path {
                Some(path) => Target::Path(path.clone()),
                None => Target::Resource(ResourceTarget {
                    group: question.group.clone(),
                    resource: question.resource.clone(),
                    subresource: question.subresource.clone(),
                    name: question.name.clone(),
                    namespace: question.namespace.clone(),
                }),
            };
            let request = Request {
                verb: question.verb.clone(),
                target,
            };
            let decision = decide(&policy, &user, &request);
            assert_eq!(
                decision.is_allowed, question.allowed,
                "{}: {question:?}",
                case.name
            );
            if let Some(reason) = &question.reason {
                assert_eq!(&decision.reason, reason, "{}: {question:?}", case.name);
            }
        }
    }
    cases.iter().map(|case| case.questions.len()).sum()
}

#[test]
fn the_authorizer_decides_as_upstream() {
    assert_eq!(
        check_decisions(include_str!("../../../tests/data/rbac/authorizer.json")),
        34
    );
}

#[test]
fn questions_that_other_programs_answer_wrongly_are_answered_as_the_api_server_does() {
    assert_eq!(
        check_decisions(include_str!("../../../tests/data/rbac/wrong_answers.json")),
        19
    );
}

#[test]
fn rules_match_requests_as_upstream() {
    #[derive(Deserialize)]
    struct Case {
        name: String,
        rule: Value,
        #[serde(default)]
        resources: Vec<(String, String, String, bool)>,
        #[serde(default)]
        paths: Vec<(String, String, bool)>,
    }
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/data/rbac/rules.json")).unwrap();
    let mut count = 0;
    for case in cases {
        let policy = policy(&[
            serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [case.rule]}),
            serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
                "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]}),
        ]);
        let user = User {
            name: "u".to_owned(),
            groups: Vec::new(),
        };
        let resources = case
            .resources
            .into_iter()
            .map(|(verb, group, resource, expected)| {
                let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
                let target = ResourceTarget {
                    group,
                    resource: resource.to_owned(),
                    subresource: subresource.to_owned(),
                    ..ResourceTarget::default()
                };
                (verb, Target::Resource(target), expected)
            });
        let paths = case
            .paths
            .into_iter()
            .map(|(verb, path, expected)| (verb, Target::Path(path), expected));
        for (verb, target, expected) in resources.chain(paths) {
            count += 1;
            let request = Request { verb, target };
            let is_allowed = decide(&policy, &user, &request).is_allowed;
            assert_eq!(is_allowed, expected, "{}: {request:?}", case.name);
        }
    }
    assert_eq!(count, 70);
}

#[test]
fn subjects_stand_for_users_as_upstream() {
    #[derive(Deserialize, Debug)]
    struct Case {
        subjects: Vec<Value>,
        user: String,
        groups: Vec<String>,
        namespace: String,
        applies: Option<usize>,
    }
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/data/rbac/subjects.json")).unwrap();
    assert_eq!(cases.len(), 14);
    for case in cases {
        let kind = if case.namespace.is_empty() {
            "ClusterRoleBinding"
        } else {
            "RoleBinding"
        };
        let policy = policy(&[
            serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": "b", "namespace": case.namespace}, "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": case.subjects}),
        ]);
        let scope = match policy.names.find(&case.namespace) {
            Some(namespace) if !case.namespace.is_empty() => Scope::Namespace(namespace),
            _ => Scope::Cluster,
        };
        let groups: Vec<_> = case
            .groups
            .iter()
            .filter_map(|group| policy.names.find(group))
            .collect();
        let applying = policy.applying(scope, policy.names.find(&case.user), &groups);
        let first = applying.first().map(|applying| applying.subject);
        assert_eq!(first, case.applies, "{case:?}");
    }
}

#[test]
fn a_users_rules_are_found_as_upstream() {
    #[derive(Deserialize)]
    struct Person {
        user: String,
        groups: Vec<String>,
        namespace: String,
        rules: Vec<PlainRule>,
    }
    #[derive(Deserialize)]
    struct Case {
        objects: Vec<Value>,
        users: Vec<Person>,
    }
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/data/rbac/resolver.json")).unwrap();
    for case in cases {
        assert_eq!(case.users.len(), 4);
        let policy = policy(&case.objects);
        for person in case.users {
            let user = User {
                name: person.user,
                groups: person.groups,
            };
            assert_eq!(
                rules_of(&policy, &user, &person.namespace),
                person.rules,
                "{user:?}"
            );
        }
    }
}

#[test]
fn aggregated_roles_are_computed_as_upstream() {
    #[derive(Deserialize)]
    struct Case {
        name: String,
        roles: Vec<Value>,
        /// `null`: the role stays as it is.
        rules: Option<Vec<PlainRule>>,
    }
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/data/rbac/aggregation.json")).unwrap();
    assert_eq!(cases.len(), 14);
    for case in cases {
        // No file has it as from a cluster, and it is not finished, so nothing was computed yet.
        let builder = loader(&case.roles).into_builder();
        let combined = builder.roles().last().unwrap();
        let rules = computed_rules(builder.roles(), &builder.names, combined);
        let rules = rules.map(|rules| {
            let rules = rules.iter().map(|rule| PlainRule::new(&builder.names, rule));
            rules.collect::<Vec<_>>()
        });
        assert_eq!(rules, case.rules, "{}", case.name);
    }
}

#[test]
fn roles_of_manifests_are_aggregated_along_a_chain_and_those_of_a_cluster_stay() {
    let role = |name: &str, selects: &str, label: &str, uid: Option<&str>| {
        serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "labels": {"to": label}, "uid": uid}, "rules": null,
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": selects}}]}})
    };
    let base = serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "z", "labels": {"to": "view"}}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]});
    let counts = |objects: &[Value]| {
        let policy = policy(objects);
        let rules = policy.roles.iter().map(|role| role.rules.len());
        rules.collect::<Vec<_>>()
    };
    let chain = [
        role("admin", "admin", "x", None),
        role("edit", "edit", "admin", None),
        role("view", "view", "edit", None),
        base.clone(),
    ];
    assert_eq!(counts(&chain), [1, 1, 1, 1]);
    assert_eq!(counts(&[role("view", "view", "x", Some("1")), base]), [0, 1]);
    // Roles that select each other come to an end.
    assert_eq!(
        counts(&[role("a", "b", "a", None), role("b", "a", "b", None)]),
        [0, 0]
    );
}

#[test]
fn rights_include_others_as_upstream() {
    #[derive(Deserialize)]
    struct Case {
        name: String,
        owner: Vec<PlainRule>,
        wanted: Vec<PlainRule>,
        missing: Vec<PlainRule>,
    }
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/data/rbac/covers.json")).unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        assert_eq!(
            uncovered(&case.owner, &case.wanted),
            case.missing,
            "{}",
            case.name
        );
    }
    let urls: Vec<(String, String, bool)> =
        serde_json::from_str(include_str!("../../../tests/data/rbac/urls.json")).unwrap();
    assert_eq!(urls.len(), 14);
    for (owner, wanted, expected) in urls {
        assert_eq!(url_covers(&owner, &wanted), expected, "{owner} {wanted}");
    }
}
