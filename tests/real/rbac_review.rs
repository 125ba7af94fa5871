//! The RBAC evaluator against the answers of a real API server, through HTTP: `SubjectAccessReview`s about random valid policies, and about
//! the questions that other programs answer wrongly.
//!
//! Its order of bindings is not defined. So where several grant a request, its reason has to be one of ours; else it is equal byte for byte.
//! `RBAC_REVIEWS` sets how many questions are asked, `RBAC_SEED` which (1).

use std::env;

use serde_json::{Value, json};

use crate::rbac::policy::evaluate::{decide, push_binding, subject_text, visit_rules};
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::load::yaml_lines::is_known_and_equal;
use crate::rbac::policy::matching;
use crate::rbac::policy::model::{Place, Policy, Scope};
use crate::rbac::policy::request::{Request, RequestSymbols, User, UserSymbols};
use crate::rbac_oracle::{request_of, user_of};
use crate::rbac_random::Random;
use crate::rbac_server::RbacServer;

const DEFAULT_REVIEWS: usize = 500;
const REVIEWS_PER_POLICY: usize = 100;

/// Returns the number in an environment variable.
pub(crate) fn setting(name: &str, default: usize) -> usize {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Reads what the API server has of itself, and objects.
pub(crate) fn read_with(own: &[String], objects: &[Value]) -> Policy {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let mut loader = Loader::default();
    for text in own.iter().chain([&list]) {
        loader.read(0, text).unwrap();
    }
    loader.finish().policy
}

/// What may be answered to a question.
struct Expected {
    is_allowed: bool,
    reasons: Vec<String>,
}

fn expected(policy: &Policy, user: &User, request: &Request) -> Expected {
    if user.is_master() {
        return Expected {
            is_allowed: true,
            reasons: vec![String::new()],
        };
    }
    let decision = decide(policy, user, request);
    let mut reasons = if decision.is_allowed {
        grants(policy, user, request)
    } else {
        Vec::new()
    };
    if !reasons.contains(&decision.reason) {
        assert!(reasons.is_empty(), "{decision:?} is none of {reasons:?}");
        reasons.push(decision.reason);
    }
    Expected {
        is_allowed: decision.is_allowed,
        reasons,
    }
}

/// Returns the reason of each binding that grants a request. Those of the cluster are looked at first.
fn grants(policy: &Policy, user: &User, request: &Request) -> Vec<String> {
    let symbols = RequestSymbols::new(policy, request);
    let namespace = policy.names.find(request.namespace());
    let mut grants = Vec::new();
    visit_rules(policy, &UserSymbols::new(policy, user), namespace, |visit| {
        let rule = &visit.role.rules[visit.rule];
        if matching::allows(&policy.names, rule, &symbols) {
            let mut text = "RBAC: allowed by ".to_owned();
            push_binding(&mut text, policy, visit.binding);
            let subject = subject_text(policy, visit.binding, visit.subject);
            grants.push((visit.binding.scope, format!("{text} to {subject}")));
        }
    });
    let has_clusters = grants.iter().any(|(scope, _)| *scope == Scope::Cluster);
    grants.retain(|(scope, _)| !has_clusters || *scope == Scope::Cluster);
    grants.dedup();
    grants.into_iter().map(|(_, text)| text).collect()
}

/// Returns the errors of a reason, in an order of their own.
fn errors(reason: &str) -> Vec<&str> {
    let list = reason
        .strip_prefix("RBAC: [")
        .and_then(|list| list.strip_suffix(']'));
    let mut errors: Vec<&str> = list.map_or_else(|| vec![reason], |list| list.split(", ").collect());
    errors.sort_unstable();
    errors
}

fn is_as_expected(answer: &Value, expected: &Expected) -> bool {
    let reason = answer["reason"].as_str().unwrap();
    let is_reason = |own: &String| own == reason || (!expected.is_allowed && errors(own) == errors(reason));
    answer["allowed"] == expected.is_allowed && expected.reasons.iter().any(is_reason)
}

/// Returns questions that a `SubjectAccessReview` can ask.
pub(crate) fn questions(random: &mut Random, objects: &[Value], count: usize) -> Vec<Value> {
    let mut questions = Vec::new();
    while questions.len() < count {
        let question = random.question(objects);
        let is_of_nobody = question["user"] == "" && question["groups"] == json!([]);
        if question["grant"].is_null() && !is_of_nobody {
            questions.push(question);
        }
    }
    questions
}

#[derive(Default)]
struct Counts {
    asked: usize,
    allowed: usize,
    of_several: usize,
    with_errors: usize,
}

impl Counts {
    fn add(&mut self, expected: &Expected) {
        self.asked += 1;
        self.allowed += usize::from(expected.is_allowed);
        self.of_several += usize::from(expected.reasons.len() > 1);
        self.with_errors += usize::from(!expected.is_allowed && !expected.reasons[0].is_empty());
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_evaluator_decides_as_the_reviews_of_an_api_server() {
    let (seed, count) = (setting("RBAC_SEED", 1), setting("RBAC_REVIEWS", DEFAULT_REVIEWS));
    println!("RBAC_SEED={seed} RBAC_REVIEWS={count}");
    let mut random = Random(seed as u64);
    let mut server = RbacServer::start("rbac-review");
    let own = server.own_policy();
    let mut counts = Counts::default();
    while counts.asked < count {
        let objects = random.valid_policy();
        assert!(server.add(&objects), "the API server refuses: {objects:?}");
        let policy = read_with(&own, &objects);
        let questions = questions(
            &mut random,
            &objects,
            REVIEWS_PER_POLICY.min(count - counts.asked),
        );
        for (question, answer) in questions.iter().zip(server.review(&questions)) {
            let expected = expected(&policy, &user_of(question), &request_of(question));
            assert!(
                is_as_expected(&answer, &expected),
                "policy: {:#}\nquestion: {question:#}\nupstream: {answer}\nours: {} {:?}",
                json!(objects),
                expected.is_allowed,
                expected.reasons
            );
            counts.add(&expected);
        }
        server.remove_to(0);
    }
    let Counts {
        asked,
        allowed,
        of_several,
        with_errors,
    } = counts;
    println!(
        "{asked} reviews, {allowed} allowed, {of_several} by several bindings, {with_errors} refused with a reason"
    );
    assert!(allowed * 10 > asked && with_errors * 100 > asked);
}

/// The rows that are no policy of a cluster: their bindings refer to kinds that are no role.
const NOT_STORED: [&str; 1] = ["missing roles and kinds are named in the reason"];

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn questions_that_other_programs_answer_wrongly_are_answered_as_by_an_api_server() {
    let table = include_str!("../data/rbac/wrong_answers.json");
    let cases: Vec<Value> = serde_json::from_str(table).unwrap();
    let mut server = RbacServer::start("rbac-wrong-answers");
    let mut not_stored = Vec::new();
    for case in &cases {
        let objects = case["objects"].as_array().unwrap();
        server.ensure_namespaces(objects);
        if server.add(objects) {
            let questions = case["questions"].as_array().unwrap();
            for (question, answer) in questions.iter().zip(server.review(questions)) {
                assert_eq!(
                    answer["allowed"], question["allowed"],
                    "{} {question}",
                    case["name"]
                );
                if question["reason"].is_string() {
                    assert_eq!(
                        answer["reason"], question["reason"],
                        "{} {question}",
                        case["name"]
                    );
                }
            }
        } else {
            not_stored.push(case["name"].as_str().unwrap());
        }
        server.remove_to(0);
    }
    assert_eq!(not_stored, NOT_STORED);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn what_kubectl_prints_of_a_cluster_is_one_policy_in_json_and_in_yaml() {
    let mut random = Random(1);
    let mut server = RbacServer::start("rbac-printed");
    assert!(
        is_known_and_equal(&server.printed("yaml")),
        "the fast reader does not know it"
    );
    assert!(server.add(&random.valid_policy()));
    let [json, yaml] = ["json", "yaml"].map(|format| server.printed(format));
    let read = |text: &str| {
        let mut policy = read_with(&[text.to_owned()], &[]);
        for role in &mut policy.roles {
            role.place = Place::default();
        }
        for binding in &mut policy.bindings {
            binding.place = Place::default();
        }
        (policy.roles, policy.bindings, policy.duplicates)
    };
    let (roles, bindings, duplicates) = read(&json);
    assert!(roles.len() > 60 && bindings.len() > 50 && duplicates.is_empty());
    assert_eq!((roles, bindings, duplicates), read(&yaml));
}
