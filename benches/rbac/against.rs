//! Another evaluator beside ours: a program that answers lines of JSON as `tests/real/rbac_oracle` does, which is the API server's own
//! authorizer.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};

use crate::rbac::policy::request::{Request, Target, User};

const RUNS: usize = 3;
/// Enough to be seen beside the time that reading takes.
pub(crate) const QUESTIONS: usize = 1_000;

/// What the other takes, in microseconds of processor time.
pub(crate) struct Figures {
    /// With its start.
    pub(crate) read: u32,
    /// For [`QUESTIONS`].
    pub(crate) decide: u32,
}

/// Measures a program with this policy and the first questions.
pub(crate) fn measure(command: &str, objects: &[Value], questions: &[(User, Request)]) -> Figures {
    let words = shlex::split(command).expect("--against: quotes are closed");
    let few = line(objects, &questions[..1]);
    let many = line(objects, &questions[..=QUESTIONS]);
    let least = |line: &str| (0..RUNS).map(|_| micros(&words, line)).min().unwrap();
    let number = |micros: i64| u32::try_from(micros).unwrap_or(u32::MAX).max(1);
    let read = least(&few);
    Figures {
        read: number(read),
        decide: number((least(&many) - read).max(1)),
    }
}

/// Returns the processor time of a run.
fn micros(words: &[String], line: &str) -> i64 {
    let spent = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        (usage.user_time() + usage.system_time()).num_microseconds()
    };
    let before = spent();
    let mut process = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command of --against starts");
    let mut input = process.stdin.take().unwrap();
    let mut output = process.stdout.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || input.write_all(line.as_bytes()).unwrap());
        let mut answers = Vec::new();
        output.read_to_end(&mut answers).unwrap();
    });
    assert!(
        process.wait().unwrap().success(),
        "the command of --against failed"
    );
    spent() - before
}

fn line(objects: &[Value], questions: &[(User, Request)]) -> String {
    let of_kind =
        |kind: &str| -> Vec<&Value> { objects.iter().filter(|object| object["kind"] == kind).collect() };
    let line = json!({
        "clusterRoles": of_kind("ClusterRole"),
        "roles": of_kind("Role"),
        "clusterRoleBindings": of_kind("ClusterRoleBinding"),
        "roleBindings": of_kind("RoleBinding"),
        "questions": questions.iter().map(question).collect::<Vec<_>>(),
    });
    format!("{line}\n")
}

fn question((user, request): &(User, Request)) -> Value {
    let mut question = json!({"user": user.name, "groups": user.groups, "verb": request.verb});
    match &request.target {
        Target::Path(path) => question["path"] = json!(path),
        Target::Resource(target) => {
            question["group"] = json!(target.group);
            question["resource"] = json!(target.resource);
            question["namespace"] = json!(target.namespace);
        }
    }
    question
}
