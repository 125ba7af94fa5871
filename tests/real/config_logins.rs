//! `cluster check --token` against upstream's own authenticator: pairs of a configuration and a token, made by a generator, come to the same user
//! or to none.
//!
//! `KUBESESAME_CHECK_TOKENS` says how many tokens (100, each with 5 configurations), `KUBESESAME_CHECK_SEED` which (1).

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::config_check::{CLUSTER_PROGRAM, oracle};
use crate::config_generator::Generator;
use crate::{config_tokens, config_valid};

/// How many configurations each token is tried with.
const FILES: usize = 5;

#[test]
#[ignore = "needs real parts: see tests/real/provision"]
fn generated_tokens_come_to_the_user_of_upstream() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("KUBESESAME_CHECK_SEED").unwrap_or(1);
    let count = number("KUBESESAME_CHECK_TOKENS").unwrap_or(100);
    eprintln!("seed {seed}, {count} tokens: KUBESESAME_CHECK_SEED={seed} KUBESESAME_CHECK_TOKENS={count}");
    let mut generator = Generator::new(seed);
    let (mut questions, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let issuer = config_valid::issuer(&mut generator);
        let files: Vec<String> = (0..FILES)
            .map(|_| config_valid::file_with(&mut generator, &issuer))
            .collect();
        let token = config_tokens::token(&mut generator, &issuer);
        ours.extend(own(&files, &token));
        questions.extend(files.iter().map(|text| json!({"text": text, "token": token})));
    }
    let theirs = oracle(&questions);
    let (mut differences, mut accepted, mut undecided, mut explained) = (Vec::new(), 0, 0, 0);
    for ((question, theirs), ours) in questions.iter().zip(&theirs).zip(&ours) {
        let theirs = &theirs["login"];
        assert!(
            theirs.is_object(),
            "the configuration is refused: {question:#}\n{ours}"
        );
        accepted += usize::from(theirs["accepted"] == true);
        // A panic within upstream's evaluation, which it catches: `||` and `&&` do not make up for it as for other errors.
        let text = theirs["errors"].to_string();
        if text.contains("internal error: interface conversion") {
            explained += 1;
            continue;
        }
        undecided += usize::from(ours["verdict"] == "unknown");
        if ours["verdict"] != "unknown" && !is_same(theirs, ours) {
            differences.push(format!(
                "{}{}\nupstream: {theirs}\nhere: {ours}\n",
                question["text"].as_str().unwrap(),
                claims(question)
            ));
        }
    }
    eprintln!(
        "{} pairs, {accepted} accepted by upstream, {undecided} undecided here, {explained} in which upstream panics, {} differences",
        questions.len(),
        differences.len()
    );
    differences.truncate(10);
    assert!(differences.is_empty(), "seed {seed}\n{}", differences.join("\n"));
    assert!(
        undecided * 50 < questions.len(),
        "{undecided} of {} are undecided",
        questions.len()
    );
}

/// Whether both accept the token for the same user, or both refuse it.
fn is_same(theirs: &Value, ours: &Value) -> bool {
    let accepts = ours["verdict"] == "accepted" && ours["validity"] == "valid";
    let mut fields = ["entry", "username", "uid", "groups", "extra"].iter();
    theirs["accepted"] == accepts && (!accepts || fields.all(|name| theirs[*name] == ours[*name]))
}

fn claims(question: &Value) -> String {
    let token = question["token"].as_str().unwrap();
    let bytes = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes());
    String::from_utf8(bytes.unwrap()).unwrap()
}

/// What the program says of a token and each configuration.
fn own(files: &[String], token: &str) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..files.len()).map(|at| format!("{at}.yaml")).collect();
    for (name, text) in names.iter().zip(files) {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::write(dir.path().join("token"), token).unwrap();
    let output = Command::new(CLUSTER_PROGRAM)
        .args(["cluster", "check", "--output=json", "--token=token"])
        .args(&names)
        .env_clear()
        .env("HOME", dir.path())
        .current_dir(dir.path())
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{token}\n{}", String::from_utf8_lossy(&output.stderr)));
    let files = document["files"].as_array().unwrap();
    files.iter().map(|file| file["token"].clone()).collect()
}
