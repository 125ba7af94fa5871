//! `rbac lint`, as a person, code scanning and a program see it.

use std::fs;

use serde_json::{Value, json};

use crate::rbac::{POLICY, run_with_input, sandbox};
use crate::support::{Outcome, Sandbox};

/// A role that reads Secrets, and a binding of everybody to nothing.
const WRONG: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: reader
rules:
- apiGroups: [\"\"]
  resources: [pods, secrets]
  verbs: [get, list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: readers
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reeder}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:unauthenticated'}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}
";

fn lint(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    run_with_input(sandbox, &[&["lint"], args].concat(), b"")
}

fn wrong() -> Sandbox {
    let sandbox = sandbox();
    fs::write(sandbox.path("wrong.yaml"), WRONG).unwrap();
    sandbox
}

fn checks(outcome: &Outcome) -> Vec<String> {
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let findings = value["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["check"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn findings_are_shown_with_their_lines_and_what_to_do() {
    let sandbox = wrong();
    let outcome = lint(&sandbox, &["wrong.yaml", "--prefix=okta:"]);
    insta::assert_snapshot!(sandbox.filtered(&outcome), @r#"
    wrong.yaml:10: error: ClusterRoleBinding "readers" subject Group
      "system:unauthenticated" is whoever reaches the API server [anonymous]
    wrong.yaml:1: warning: ClusterRole "reader" rule 1 (get, list: pods, secrets)
      may read Secrets, with `list` and `watch` as with `get` [reads-secrets]
    wrong.yaml:10: warning: ClusterRoleBinding "readers" subject Group "developers"
      has no prefix of the provider, so nobody who signs in there is meant
      [unprefixed-subject]
    wrong.yaml:10: warning: ClusterRoleBinding "readers" refers to `reeder`, which
      is in no file [missing-role]
    wrong.yaml:1: note: ClusterRole "reader" is bound to nobody [unused-role]

    anonymous: Bind a group of people, or a service account.
    reads-secrets: Leave Secrets out, or allow `get` alone and name the Secrets by
      `resourceNames`.
    unprefixed-subject: Write the name as `kubectl auth whoami` shows it.
    missing-role: Correct the name or the kind, add the role to the files, or remove
      the binding.
    unused-role: Remove it, or bind it.

    errors: 1, warnings: 3, notes: 1; all checks: docs/rbac-lint.md
    exit: 1
    "#);
}

#[test]
fn notes_alone_are_a_success() {
    let sandbox = sandbox();
    let role = POLICY.split("---\n").nth(2).unwrap();
    fs::write(sandbox.path("policy.yaml"), role).unwrap();
    let clean = lint(&sandbox, &["policy.yaml"]);
    insta::assert_snapshot!(sandbox.filtered(&clean), @"
    nothing found
    exit: 0
    ");
    let exec = role
        .replace("[nodes]", "[pods/exec]")
        .replace("[get, list, watch]", "[get, create]");
    let note = run_with_input(&sandbox, &["lint", "-"], exec.as_bytes());
    insta::assert_snapshot!(sandbox.filtered(&note), @r#"
    standard input:1: note: ClusterRole "node-reader" rule 1 (get, create:
      pods/exec) may run commands in pods, with what their service accounts may do
      [enters-pods]

    enters-pods: Leave it out where it is not needed day by day.

    errors: 0, warnings: 0, notes: 1; all checks: docs/rbac-lint.md
    exit: 0
    "#);
    let less = run_with_input(&sandbox, &["lint", "-", "--severity=warning"], exec.as_bytes());
    insta::assert_snapshot!(sandbox.filtered(&less), @"
    nothing found
    exit: 0
    ");
}

#[test]
fn checks_are_chosen() {
    let sandbox = wrong();
    let chosen = |args: &[&str]| {
        let outcome = lint(&sandbox, &[&["wrong.yaml", "-o", "json"], args].concat());
        (outcome.code, checks(&outcome).join(" "))
    };
    assert_eq!(
        chosen(&["--rule=missing-role"]),
        (Some(1), "missing-role".to_owned())
    );
    assert_eq!(
        chosen(&["--exclude=anonymous", "--exclude=unused-role"]),
        (Some(1), "reads-secrets missing-role".to_owned())
    );
    assert_eq!(chosen(&["--severity=error"]), (Some(1), "anonymous".to_owned()));
    let unknown = lint(&sandbox, &["wrong.yaml", "--rule=missing-rol"]);
    insta::assert_snapshot!(sandbox.filtered(&unknown), @"
    stderr: error: there is no check `missing-rol`
    stderr: hint: did you mean `missing-role`? All checks: docs/rbac-lint.md
    exit: 2
    ");
}

#[test]
fn the_description_says_prefixes_and_groups() {
    let sandbox = wrong();
    let description = "apiVersion: kubesesame/v1alpha1\nkind: ClusterAccess\nissuers:\n- {name: okta, url: https://i, clientIds: [c], username: {claim: sub, prefix: 'okta:'}, groups: {claim: groups, prefix: 'okta:'}}\ngroups:\n- {name: dev, role: developer, namespaces: [shop]}\n";
    fs::write(sandbox.path("kubesesame.yaml"), description).unwrap();
    let outcome = lint(
        &sandbox,
        &["wrong.yaml", "policy.yaml", "-o", "json", "--severity=warning"],
    );
    let found = checks(&outcome);
    assert!(found.contains(&"unprefixed-subject".to_owned()), "{outcome}");
    assert!(found.contains(&"unknown-group".to_owned()), "{outcome}");
    let missing = lint(&sandbox, &["wrong.yaml", "--description=none.yaml"]);
    assert_eq!(
        (missing.code, missing.stdout.as_str()),
        (Some(2), ""),
        "{missing}"
    );
}

#[test]
fn an_accepted_finding_is_counted_and_suppressed() {
    let sandbox = sandbox();
    let accepted = WRONG.split("---\n").next().unwrap().replace(
        "  name: reader\n",
        "  name: reader\n  annotations: {ignore-check.kubesesame/reads-secrets: a vault}\n",
    );
    fs::write(sandbox.path("accepted.yaml"), accepted).unwrap();
    let text = lint(&sandbox, &["accepted.yaml"]);
    insta::assert_snapshot!(sandbox.filtered(&text), @"
    nothing found; accepted: 1
    exit: 0
    ");
    let sarif = lint(&sandbox, &["accepted.yaml", "-o", "sarif"]);
    let value: Value = serde_json::from_str(&sarif.stdout).unwrap();
    assert_eq!(
        value["runs"][0]["results"][0]["suppressions"],
        json!([{"kind": "inSource", "justification": "a vault"}])
    );
}

/// The members that the schema of SARIF 2.1.0 requires, and those that code scanning needs.
#[test]
fn sarif_has_its_required_members() {
    let sandbox = wrong();
    let outcome = lint(&sandbox, &["wrong.yaml", "--output=sarif"]);
    let log: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, &log["version"]), (Some(1), &json!("2.1.0")));
    let [run] = log["runs"].as_array().unwrap().as_slice() else {
        panic!("{outcome}");
    };
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(
            rule["id"].is_string() && rule["shortDescription"]["text"].is_string(),
            "{rule}"
        );
        assert!(
            ["note", "warning", "error"]
                .map(Value::from)
                .contains(&rule["defaultConfiguration"]["level"]),
            "{rule}"
        );
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4, "{outcome}");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "wrong.yaml");
        let line = location["region"]["startLine"].as_u64().unwrap();
        assert!([1, 10].contains(&line), "{result}");
    }
}

#[test]
fn what_is_no_policy_exits_with_2() {
    let sandbox = sandbox();
    fs::write(sandbox.path("empty.yaml"), "").unwrap();
    for file in ["empty.yaml", "none.yaml"] {
        let outcome = lint(&sandbox, &[file]);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(2), ""),
            "{outcome}"
        );
    }
}
