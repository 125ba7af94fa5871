//! Measures how long it takes to read a policy of 10,000 bindings, to decide, and to say who can.
//!
//! `cargo bench --bench rbac` prints a table, each figure beside its goal. Figures are processor time, the least of several runs, since a
//! machine is seldom idle. The bench does not fail.
#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![expect(clippy::unwrap_used, reason = "a bench stops if its requirements are not met")]

#[expect(
    dead_code,
    unused_imports,
    reason = "the commands and the tests use the rest of it"
)]
mod rbac;
mod set;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use rbac::policy::evaluate::decide;
use rbac::policy::load::Loader;
use rbac::policy::model::Policy;
use rbac::policy::request::{Request, ResourceTarget, Target, User};
use rbac::who_can::who_can;

const RUNS: usize = 7;
const QUESTIONS: usize = 20_000;

fn read(text: &str) -> Policy {
    let mut loader = Loader::default();
    loader.read(0, text).unwrap();
    loader.finish().policy
}

/// Returns the least processor time of several runs, in microseconds.
fn least_micros(mut run: impl FnMut()) -> i64 {
    let now = || {
        let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
        (usage.user_time() + usage.system_time()).num_microseconds()
    };
    let times = (0..RUNS).map(|_| {
        let start = now();
        run();
        now() - start
    });
    times.min().unwrap().max(1)
}

fn main() {
    let objects = set::objects();
    let json = set::json_list(&objects);
    let yaml = set::yaml_list(&objects);
    drop(objects);
    let policy = read(&json);
    assert_eq!(policy.bindings.len(), read(&yaml).bindings.len());
    for (name, text, goal) in [("JSON", &json, 80), ("YAML", &yaml, 300)] {
        let micros = least_micros(|| drop(read(text)));
        let kilobytes = text.len() / 1_000;
        println!(
            "read {name}: {} ms of {kilobytes} kB, goal {goal} ms",
            micros / 1_000
        );
    }
    for groups in [3, 50] {
        let questions = questions(groups);
        let micros = least_micros(|| decide_all(&policy, &questions));
        let rate = i64::try_from(questions.len()).unwrap() * 1_000_000 / micros;
        println!("decide, {groups} groups: {rate} a second, goal 1000000 with 3 groups");
    }
    for (name, namespace) in [("all namespaces", ""), ("one namespace", "namespace-1")] {
        let request = Request {
            verb: "get".to_owned(),
            target: Target::Resource(ResourceTarget {
                resource: "pods".to_owned(),
                namespace: namespace.to_owned(),
                ..ResourceTarget::default()
            }),
        };
        let who = who_can(&policy, &request);
        let micros = least_micros(|| drop(std::hint::black_box(who_can(&policy, &request))));
        println!(
            "who can, {name}: {micros} µs for {} subjects and {} in part, goal 20000 µs",
            who.whole.len(),
            who.part.len()
        );
    }
}

/// Returns many users and requests.
fn questions(group_count: usize) -> Vec<(User, Request)> {
    let question = |at: usize| {
        let groups = (0..group_count).map(|group| format!("okta:group-{}", (at + group * 17) % 300));
        let user = User {
            name: format!("okta:user-{}@example.com", at % set::USERS),
            groups: groups.collect(),
        };
        let target = ResourceTarget {
            resource: ["pods", "nodes", "secrets"][at % 3].to_owned(),
            namespace: format!("namespace-{}", at % set::NAMESPACES),
            ..ResourceTarget::default()
        };
        let request = Request {
            verb: ["list", "delete", "get"][at % 3].to_owned(),
            target: Target::Resource(target),
        };
        (user, request)
    };
    (0..QUESTIONS).map(question).collect()
}

/// Decides as `rbac can` does it: the texts of each question are looked up, and the reason is written.
fn decide_all(policy: &Policy, questions: &[(User, Request)]) {
    for (user, request) in questions {
        std::hint::black_box(decide(policy, user, request));
    }
}
