//! The rows of upstream's own tests: for each a case of ours, or the reason why there is none (`tests/data/authentication_config`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Login, Severity, Validity, check_file, log_in};

/// In seconds; all tokens but the expired one are valid then.
const NOW: i64 = 1_800_000_000;

#[test]
fn each_row_has_the_verdict_of_the_api_server() {
    let rows = include_str!("../../../tests/data/authentication_config/upstream_rows.jsonl");
    let (mut names, mut cases, mut differences) = (BTreeSet::new(), 0, Vec::new());
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let name = row["row"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} is there twice");
        if let Some(reason) = row["none"].as_str() {
            assert!(!reason.is_empty(), "{name}");
            continue;
        }
        cases += 1;
        let (found, wanted) = match row["claims"].as_object() {
            Some(_) => (login(&row), row["login"].clone()),
            None => (json!(errors(&row)), row["errors"].clone()),
        };
        if found != wanted {
            differences.push(format!("{name}\n    wanted {wanted}\n    found  {found}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!((names.len(), cases), (256, 171));
}

fn errors(row: &Value) -> Vec<String> {
    let disallowed = row["disallowed"].as_array().into_iter().flatten();
    let disallowed = disallowed.map(|url| url.as_str().unwrap().to_owned()).collect();
    let report = check_file(row["text"].as_str().unwrap(), None, &disallowed);
    let errors = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| format!("{}: {}", finding.field, finding.text))
        .collect()
}

/// Returns the user, or `null` if the token is refused.
fn login(row: &Value) -> Value {
    match log_in(
        row["text"].as_str().unwrap(),
        row["claims"].as_object().unwrap(),
        NOW,
    ) {
        Some(Login::Accepted {
            user,
            validity: Validity::Valid,
            ..
        }) => {
            let extra: serde_json::Map<String, Value> = user
                .extra
                .into_iter()
                .map(|(key, values)| (key, json!(values)))
                .collect();
            json!({"username": user.name, "uid": user.uid, "groups": user.groups, "extra": extra})
        }
        Some(Login::Accepted { .. } | Login::Refused { .. }) => Value::Null,
        other => panic!("{row}: {other:?}"),
    }
}
