//! The RBAC evaluator against the authorizer of the API server itself (`rbac_oracle/main.go`): random policies and questions, decision and
//! reason byte for byte, and the escalation check with its message.
//!
//! `RBAC_QUESTIONS` sets how many questions are asked, `RBAC_SEED` which (1). A difference is printed with the smallest policy that
//! shows it.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::parts;
use crate::rbac_random::Random;

use crate::rbac::policy::covers::{PlainRule, escalation, uncovered};
use crate::rbac::policy::evaluate::decide;
use crate::rbac::policy::load::Loader;
use crate::rbac::policy::model::Policy;
use crate::rbac::policy::request::{Request, ResourceTarget, Target, User};

const DEFAULT_QUESTIONS: usize = 20_000;
const QUESTIONS_PER_POLICY: usize = 40;

pub(crate) struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    pub(crate) fn start() -> Self {
        let mut process = Command::new(parts::part("rbac-oracle"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            input,
            output,
        }
    }

    pub(crate) fn ask(&mut self, objects: &[Value], questions: &[Value]) -> Vec<Value> {
        let of_kind = |kind: &str| {
            let objects = objects.iter().filter(|object| object["kind"] == kind);
            objects.cloned().collect::<Vec<_>>()
        };
        let line = json!({
            "clusterRoles": of_kind("ClusterRole"),
            "roles": of_kind("Role"),
            "clusterRoleBindings": of_kind("ClusterRoleBinding"),
            "roleBindings": of_kind("RoleBinding"),
            "questions": questions,
        });
        writeln!(self.input, "{line}").unwrap();
        let mut answers = String::new();
        self.output.read_line(&mut answers).unwrap();
        serde_json::from_str(&answers).unwrap()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn read(objects: &[Value]) -> Policy {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut loader = Loader::default();
    loader.read(0, &list.to_string()).unwrap();
    loader.finish().policy
}

fn rules(value: &Value) -> Vec<PlainRule> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Returns the user of a question.
pub(crate) fn user_of(question: &Value) -> User {
    User {
        name: text_of(question, "user"),
        groups: serde_json::from_value(question["groups"].clone()).unwrap(),
    }
}

/// Returns the request of a question.
pub(crate) fn request_of(question: &Value) -> Request {
    let text = |field| text_of(question, field);
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

fn text_of(question: &Value, field: &str) -> String {
    question[field].as_str().unwrap_or_default().to_owned()
}

/// Returns our answer in the oracle's form.
fn our_answer(policy: &Policy, question: &Value) -> Value {
    let user = user_of(question);
    if question["owner"].is_array() {
        let missing = uncovered(&rules(&question["owner"]), &rules(&question["grant"]));
        let missing: Vec<String> = missing.iter().map(PlainRule::compact).collect();
        let mut answer = json!({"allowed": missing.is_empty(), "reason": ""});
        if !missing.is_empty() {
            answer["missing"] = json!(missing);
        }
        return answer;
    }
    if question["grant"].is_array() {
        let refusal = escalation(
            policy,
            &user,
            &text_of(question, "namespace"),
            &rules(&question["grant"]),
        );
        return json!({"allowed": refusal.is_none(), "reason": refusal.unwrap_or_default()});
    }
    let decision = decide(policy, &user, &request_of(question));
    json!({"allowed": decision.is_allowed, "reason": decision.reason})
}

/// Removes objects as long as the answers differ, and panics with what is left.
fn report_difference(oracle: &mut Oracle, mut objects: Vec<Value>, question: &Value) -> ! {
    let mut at = 0;
    while at < objects.len() {
        let mut fewer = objects.clone();
        fewer.remove(at);
        if oracle.ask(&fewer, std::slice::from_ref(question))[0] == our_answer(&read(&fewer), question) {
            at += 1;
        } else {
            objects = fewer;
        }
    }
    let upstream = &oracle.ask(&objects, std::slice::from_ref(question))[0];
    let ours = our_answer(&read(&objects), question);
    panic!(
        "policy: {:#}\nquestion: {question:#}\nupstream: {upstream}\nours: {ours}",
        json!(objects)
    );
}

#[test]
#[ignore = "needs the real parts"]
fn the_evaluator_decides_as_the_authorizer_of_the_api_server() {
    let setting = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = setting("RBAC_SEED").unwrap_or(1);
    let count = setting("RBAC_QUESTIONS").map_or(DEFAULT_QUESTIONS, |count| usize::try_from(count).unwrap());
    println!("RBAC_SEED={seed} RBAC_QUESTIONS={count}");
    let mut random = Random(seed);
    let mut oracle = Oracle::start();
    let (mut asked, mut allowed, mut with_reason) = (0, 0, 0);
    while asked < count {
        let objects = random.policy();
        let questions: Vec<Value> = (0..QUESTIONS_PER_POLICY.min(count - asked))
            .map(|_| random.question(&objects))
            .collect();
        let policy = read(&objects);
        for (question, upstream) in questions.iter().zip(oracle.ask(&objects, &questions)) {
            asked += 1;
            if upstream != our_answer(&policy, question) {
                report_difference(&mut oracle, objects, question);
            }
            allowed += usize::from(upstream["allowed"] == true);
            with_reason += usize::from(upstream["allowed"] == false && upstream["reason"] != "");
        }
    }
    println!("{asked} questions, {allowed} allowed, {with_reason} refused with a reason");
    assert!(
        allowed * 10 > asked,
        "few questions were allowed: {allowed} of {asked}"
    );
    assert!(
        with_reason * 50 > asked,
        "few refusals had a reason: {with_reason} of {asked}"
    );
}
