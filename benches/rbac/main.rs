//! Measures how long it takes to read a policy of 10,000 bindings, to decide, and to say who can.
//!
//! `cargo bench --bench rbac` prints a table, each figure beside its goal. Figures are processor time, the least of several runs, since a
//! machine is seldom idle. The bench does not fail.
//!
//! `cargo bench --bench rbac -- --against 'COMMAND'` (may be repeated) measures another evaluator too: a program that answers on standard
//! output the lines of JSON on its standard input, as `tests/real/rbac_oracle` does.
#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![expect(
    clippy::disallowed_methods,
    reason = "the access points are the product's; a bench starts what it compares with"
)]
#![expect(clippy::unwrap_used, reason = "a bench stops if its requirements are not met")]

mod against;
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
    let others = others();
    let objects = set::objects();
    let json = set::json_list(&objects);
    let yaml = set::yaml_list(&objects);
    let policy = read(&json);
    assert_eq!(policy.bindings.len(), read(&yaml).bindings.len());
    let mut read_micros = 0;
    for (name, text, goal) in [("YAML", &yaml, 300), ("JSON", &json, 80)] {
        read_micros = least_micros(|| drop(read(text)));
        let kilobytes = text.len() / 1_000;
        println!(
            "read {name}: {} ms of {kilobytes} kB, goal {goal} ms",
            read_micros / 1_000
        );
    }
    for groups in [3, 50] {
        let questions = questions(groups);
        let micros = least_micros(|| decide_all(&policy, &questions));
        let rate = i64::try_from(questions.len()).unwrap() * 1_000_000 / micros;
        println!("decide, {groups} groups: {rate} a second, goal 1000000 with 3 groups");
        for other in &others {
            let theirs = against::measure(other, &objects, &questions);
            println!(
                "`{other}`: reads JSON in {} ms, {:.1} times ours",
                theirs.read / 1_000,
                ratio(theirs.read, read_micros)
            );
            let ours =
                micros * i64::try_from(against::QUESTIONS).unwrap() / i64::try_from(QUESTIONS).unwrap();
            println!(
                "`{other}`, {groups} groups: {:.2} ms a question, {:.0} times ours",
                f64::from(theirs.decide) / 1e6,
                ratio(theirs.decide, ours)
            );
        }
    }
    measure_who_can(&policy);
}

fn measure_who_can(policy: &Policy) {
    for (name, namespace) in [("all namespaces", ""), ("one namespace", "namespace-1")] {
        let request = Request {
            verb: "get".to_owned(),
            target: Target::Resource(ResourceTarget {
                resource: "pods".to_owned(),
                namespace: namespace.to_owned(),
                ..ResourceTarget::default()
            }),
        };
        let who = who_can(policy, &request);
        let micros = least_micros(|| drop(std::hint::black_box(who_can(policy, &request))));
        println!(
            "who can, {name}: {micros} µs for {} subjects and {} in part, goal 20000 µs",
            who.whole.len(),
            who.part.len()
        );
    }
}

fn ratio(theirs: u32, ours: i64) -> f64 {
    f64::from(theirs) / f64::from(u32::try_from(ours.max(1)).unwrap_or(u32::MAX))
}

/// Returns the commands of `--against`.
fn others() -> Vec<String> {
    let mut others = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--against" => others.push(arguments.next().expect("--against COMMAND")),
            // Cargo adds it.
            "--bench" => {}
            other => panic!("{other} is not known: --against COMMAND"),
        }
    }
    others
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
