//! The smallest change for random refusals: it allows what was refused, no part of it does, and it opens nothing else. The authorizer of the
//! API server judges all of it, and a real API server the whole changes and some of their parts.
//!
//! `RBAC_DENIALS` sets how many changes are judged, `RBAC_SEED` which (1).

use serde_json::{Value, json};

use crate::rbac::change::change;
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::model::Policy;
use crate::rbac::policy::request::Request;
use crate::rbac_oracle::{Oracle, request_of, user_of};
use crate::rbac_random::Random;
use crate::rbac_review::{questions, read_with, setting};
use crate::rbac_server::RbacServer;

const DEFAULT_DENIALS: usize = 40;
const DENIALS_PER_POLICY: usize = 10;
/// Of so many changes, one has its parts judged by the server.
const SAMPLE: usize = 10;
const OTHER_QUESTIONS: usize = 60;
const LISTS: [&str; 5] = [
    "verbs",
    "apiGroups",
    "resources",
    "resourceNames",
    "nonResourceURLs",
];

/// What was refused to a user.
struct Denial {
    questions: Vec<Value>,
    objects: Vec<Value>,
}

/// Returns a refusal of one to three requests of a user. `None` if nothing was found.
fn denial(random: &mut Random, policy: &Policy, objects: &[Value]) -> Option<Denial> {
    let count = 1 + random.below(3);
    let mut refused: Vec<Value> = Vec::new();
    for mut question in questions(random, objects, 40) {
        if let Some(first) = refused.first() {
            question["user"] = first["user"].clone();
            question["groups"] = first["groups"].clone();
        }
        let user = user_of(&question);
        let is_wanted = !user.name.is_empty() && !user.is_master() && question["namespace"] != "n:s";
        if is_wanted
            && !decide(policy, &user, &request_of(&question)).is_allowed
            && !refused.contains(&question)
        {
            refused.push(question);
        }
        if refused.len() == count {
            break;
        }
    }
    let user = user_of(refused.first()?);
    let requests: Vec<Request> = refused.iter().map(request_of).collect();
    Some(Denial {
        objects: change(policy, &user, &requests).objects,
        questions: refused,
    })
}

/// Returns the objects without one thing each: without an object, a subject, or a text of a rule. A rule without names would be about
/// every object, so that the last name becomes one that nothing has.
fn parts(objects: &[Value]) -> Vec<Vec<Value>> {
    let mut parts = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let mut without = objects.to_vec();
        without.remove(at);
        parts.push(without);
        let mut add = |changed: Value| {
            let mut part = objects.to_vec();
            part[at] = changed;
            parts.push(part);
        };
        if object["subjects"].is_array() {
            let mut without = object.clone();
            without["subjects"] = json!([]);
            add(without);
        }
        for (rule_at, rule) in object["rules"].as_array().into_iter().flatten().enumerate() {
            for field in LISTS {
                for text in 0..rule[field].as_array().map_or(0, Vec::len) {
                    let mut less = object.clone();
                    let list = less["rules"][rule_at][field].as_array_mut().unwrap();
                    list.remove(text);
                    if field == "resourceNames" && list.is_empty() {
                        list.push(json!("no-such-object"));
                    }
                    add(less);
                }
            }
        }
    }
    parts
}

fn are_allowed(answers: &[Value]) -> bool {
    answers.iter().all(|answer| answer["allowed"] == true)
}

/// Whether a request has a `*`, which only a rule for everything matches.
fn has_star(question: &Value) -> bool {
    let fields = ["verb", "group", "resource", "subresource", "path"];
    fields
        .into_iter()
        .any(|field| question[field].as_str().is_some_and(|text| text.contains('*')))
}

/// Whether whoever may do the one may do the other: without a name it is about every object, at the cluster scope about every namespace.
fn implies(granted: &Value, question: &Value) -> bool {
    let text = |question: &Value, field: &str| question[field].as_str().unwrap_or_default().to_owned();
    let is_same = |field: &&str| text(granted, field) == text(question, field);
    let is_any = |field: &&str| text(granted, field).is_empty();
    if granted["path"].is_string() || question["path"].is_string() {
        return granted["path"] == question["path"] && ["user", "verb"].iter().all(is_same);
    }
    ["user", "verb", "group", "resource", "subresource"]
        .iter()
        .all(is_same)
        && ["name", "namespace"]
            .iter()
            .all(|field| is_any(field) || is_same(field))
}

fn judge_by_oracle(oracle: &mut Oracle, random: &mut Random, objects: &[Value], denial: &Denial) {
    let told = format!(
        "change: {:#}\nrefused: {:#}",
        json!(denial.objects),
        json!(denial.questions)
    );
    let with = |part: &[Value]| [objects, part].concat();
    let before = oracle.ask(objects, &denial.questions);
    assert!(before.iter().all(|answer| answer["allowed"] == false), "{told}");
    let changed = with(&denial.objects);
    assert!(are_allowed(&oracle.ask(&changed, &denial.questions)), "{told}");
    for part in parts(&denial.objects) {
        let answers = oracle.ask(&with(&part), &denial.questions);
        assert!(
            !are_allowed(&answers),
            "a part is enough: {:#}\n{told}",
            json!(part)
        );
    }
    if denial.questions.iter().any(has_star) {
        return;
    }
    // The same user asks half of them.
    let mut others = questions(random, objects, OTHER_QUESTIONS);
    others.extend(questions(random, &denial.objects, OTHER_QUESTIONS));
    let (user, groups) = (&denial.questions[0]["user"], &denial.questions[0]["groups"]);
    for question in others.iter_mut().step_by(2) {
        question["user"] = user.clone();
        question["groups"] = groups.clone();
    }
    others.retain(|question| !denial.questions.iter().any(|granted| implies(granted, question)));
    let answers = oracle
        .ask(objects, &others)
        .into_iter()
        .zip(oracle.ask(&changed, &others));
    for (question, (before, after)) in others.iter().zip(answers) {
        assert_eq!(before["allowed"], after["allowed"], "{question:#}\n{told}");
    }
}

/// Returns how many parts were judged.
fn judge_by_server(server: &mut RbacServer, denial: &Denial, has_sample: bool) -> usize {
    let told = format!(
        "change: {:#}\nrefused: {:#}",
        json!(denial.objects),
        json!(denial.questions)
    );
    let keep = server.stored_count();
    assert!(server.add(&denial.objects), "the API server refuses it: {told}");
    assert!(are_allowed(&server.review(&denial.questions)), "{told}");
    server.remove_to(keep);
    if !has_sample {
        return 0;
    }
    let parts = parts(&denial.objects);
    for part in &parts {
        // One that the API server does not store, such as a rule without verbs, allows nothing by that.
        server.add(part);
        assert!(
            !are_allowed(&server.review(&denial.questions)),
            "a part is enough: {:#}\n{told}",
            json!(part)
        );
        server.remove_to(keep);
    }
    parts.len()
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_smallest_change_allows_what_was_refused_and_no_part_of_it_does() {
    let (seed, count) = (setting("RBAC_SEED", 1), setting("RBAC_DENIALS", DEFAULT_DENIALS));
    println!("RBAC_SEED={seed} RBAC_DENIALS={count}");
    let mut random = Random(seed as u64);
    let mut oracle = Oracle::start();
    let mut server = RbacServer::start("rbac-change");
    let own = server.own_policy();
    let (mut judged, mut requests, mut parts) = (0, 0, 0);
    while judged < count {
        let objects = random.valid_policy();
        assert!(server.add(&objects), "the API server refuses: {objects:?}");
        let policy = read_with(&own, &objects);
        for _ in 0..DENIALS_PER_POLICY.min(count - judged) {
            let Some(denial) = denial(&mut random, &policy, &objects) else {
                continue;
            };
            judge_by_oracle(&mut oracle, &mut random, &objects, &denial);
            parts += judge_by_server(&mut server, &denial, judged % SAMPLE == 0);
            requests += denial.questions.len();
            judged += 1;
        }
        server.remove_to(0);
    }
    println!("{judged} changes for {requests} requests, {parts} parts judged by the server");
}
