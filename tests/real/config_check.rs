//! `cluster check` against upstream's own code: files made by a generator get the same verdict, for the same fields.
//!
//! `KUBESESAME_CHECK_FILES` says how many (500), `KUBESESAME_CHECK_SEED` which (1). Differences that are explained are
//! in `tests/data/authentication_config/differences.tsv`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::config_generator::Generator;
use crate::parts;

pub(crate) const CLUSTER_PROGRAM: &str = env!("CARGO_BIN_EXE_kubesesame-cluster");

/// How many files one call of the program checks.
const BATCH: usize = 500;

/// What a check says: the error of the decoder, or the errors of the validation with their fields.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Panic,
    Decode(String),
    Errors(Vec<(String, String)>),
}

impl Answer {
    /// Whether the verdict and the fields are the same.
    fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panic, Self::Panic) | (Self::Decode(_), Self::Decode(_)) => true,
            (Self::Errors(a), Self::Errors(b)) => a
                .iter()
                .map(|(field, _)| field)
                .eq(b.iter().map(|(field, _)| field)),
            _ => false,
        }
    }
}

#[test]
#[ignore = "needs real parts: see tests/real/provision"]
fn generated_configurations_get_the_verdict_of_upstream() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("KUBESESAME_CHECK_SEED").unwrap_or(1);
    let count = number("KUBESESAME_CHECK_FILES").unwrap_or(500);
    eprintln!("seed {seed}, {count} files: KUBESESAME_CHECK_SEED={seed} KUBESESAME_CHECK_FILES={count}");
    let mut generator = Generator::new(seed);
    let texts: Vec<String> = (0..count).map(|_| generator.file()).collect();
    let (theirs, ours) = (upstream(&texts), own(&texts));
    let explained = include_str!("../data/authentication_config/differences.tsv");
    let explained: Vec<&str> = explained
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').next())
        .collect();
    let (mut differences, mut known, mut refused, mut words) = (Vec::new(), 0, 0, 0);
    for ((text, theirs), ours) in texts.iter().zip(&theirs).zip(&ours) {
        refused += usize::from(*theirs != Answer::Errors(vec![]));
        words += usize::from(theirs.agrees_with(ours) && theirs != ours);
        if theirs.agrees_with(ours) {
            continue;
        }
        let shown = format!("{theirs:?}");
        if explained.iter().any(|part| shown.contains(part)) {
            known += 1;
        } else {
            differences.push(format!("{text}\nupstream: {theirs:#?}\nhere: {ours:#?}\n"));
        }
    }
    eprintln!(
        "{} files, {refused} refused by upstream, {words} in other words, {known} explained differences, {} others",
        texts.len(),
        differences.len()
    );
    differences.truncate(10);
    assert!(differences.is_empty(), "seed {seed}\n{}", differences.join("\n"));
}

/// Asks upstream's own code.
pub(crate) fn oracle(questions: &[Value]) -> Vec<Value> {
    let mut oracle = Command::new(parts::part("config-oracle"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = oracle.stdin.take().unwrap();
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), questions.len(), "the oracle answers each line");
    answers
}

fn upstream(texts: &[String]) -> Vec<Answer> {
    let questions: Vec<Value> = texts.iter().map(|text| json!({ "text": text })).collect();
    let answer = |answer: &Value| match answer["decode"].as_str() {
        Some("panic") => Answer::Panic,
        Some(text) => Answer::Decode(text.to_owned()),
        None => Answer::Errors(
            answer["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| (text_of(error, "field"), text_of(error, "text")))
                .collect(),
        ),
    };
    oracle(&questions).iter().map(answer).collect()
}

fn text_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn own(texts: &[String]) -> Vec<Answer> {
    let dir = tempfile::tempdir().unwrap();
    let mut answers = Vec::new();
    for batch in texts.chunks(BATCH) {
        let names: Vec<String> = (0..batch.len()).map(|at| format!("{at}.yaml")).collect();
        for (name, text) in names.iter().zip(batch) {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let output = Command::new(CLUSTER_PROGRAM)
            .args(["cluster", "check", "--output=json"])
            .args(&names)
            .env_clear()
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        answers.extend(document["files"].as_array().unwrap().iter().map(own_answer));
    }
    answers
}

fn own_answer(file: &Value) -> Answer {
    let errors = file["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "error");
    let errors: Vec<(String, String)> = errors
        .map(|finding| (text_of(finding, "field"), text_of(finding, "message")))
        .collect();
    match errors.as_slice() {
        [(field, text)] if field.is_empty() => Answer::Decode(text.clone()),
        errors if errors.iter().any(|(_, text)| text.contains("ends in a panic")) => Answer::Panic,
        errors => Answer::Errors(
            errors
                .iter()
                .map(|(field, text)| (field.clone(), format!("{field}: {text}")))
                .collect(),
        ),
    }
}
