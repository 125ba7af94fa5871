//! `rbac diff`, as a person and a program see it.

use std::fs;

use serde_json::{Value, json};

use crate::rbac::{POLICY, run_with_input, sandbox};
use crate::support::{Outcome, Sandbox};

fn diff(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    run_with_input(sandbox, &[&["diff"], args].concat(), b"")
}

/// Developers may read Secrets, the platform's binding is gone, and a bot has a role of Kubernetes in two namespaces.
fn changed(sandbox: &Sandbox) {
    fs::write(
        sandbox.path("new.yaml"),
        include_str!("../data/rbac/team-platform-new.yaml"),
    )
    .unwrap();
}

#[test]
fn who_gains_and_loses_what_is_told_with_the_worst_first() {
    let sandbox = sandbox();
    changed(&sandbox);
    let outcome = diff(&sandbox, &["policy.yaml", "new.yaml"]);
    insta::assert_snapshot!(sandbox.filtered(&outcome), @r#"
    ServiceAccount "bot/ci"
      in ci, shop
        + whatever ClusterRole "admin" allows, which is in no file
          by RoleBinding "bot/ci" of ClusterRole "admin" (new.yaml:38), and so on

    Group "okta:k8s-developers"
      in team-platform
        + get, list: secrets
          risk: may read Secrets, with `list` and `watch` as with `get`
          by RoleBinding "developers/team-platform" of ClusterRole "developer"
            (new.yaml:24)

    Group "okta:k8s-platform"
      in team-platform
        - *: *.*
          by RoleBinding "admins/team-platform" of ClusterRole "namespace-admin"
            (policy.yaml:53)

    subjects that gain rights: 2, with risks: 1; that lose some: 1; some roles are
    in no file, so what they allow is not known
    exit: 1
    "#);
}

#[test]
fn each_line_has_its_rule_its_binding_and_its_risks_for_programs() {
    let sandbox = sandbox();
    changed(&sandbox);
    let outcome = diff(&sandbox, &["policy.yaml", "new.yaml", "-o", "json"]);
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, &value["different"]), (Some(1), &json!(true)));
    let [bot, developers, platform] = value["subjects"].as_array().unwrap().as_slice() else {
        panic!("{outcome}");
    };
    assert_eq!(
        bot["subject"],
        json!({"kind": "ServiceAccount", "name": "bot", "namespace": "ci"})
    );
    assert_eq!(
        bot["gained"][1]["unknownRole"],
        json!({"kind": "ClusterRole", "name": "admin"})
    );
    assert_eq!(
        *developers,
        json!({
            "subject": {"kind": "Group", "name": "okta:k8s-developers"},
            "gained": [{
                "namespace": "team-platform",
                "rule": {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]},
                "risks": ["reads-secrets"],
                "binding": {"kind": "RoleBinding", "name": "developers", "namespace": "team-platform", "place": "new.yaml:24"},
            }],
            "lost": [],
        })
    );
    assert_eq!(platform["lost"][0]["risks"], json!(["everything"]));
}

#[test]
fn policies_with_the_same_rights_exit_with_0() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("rbac")).unwrap();
    fs::write(
        sandbox.path("rbac/a.yaml"),
        POLICY.replace("name: developer\n", "name: dev\n"),
    )
    .unwrap();
    let same = run_with_input(&sandbox, &["diff", "-", "rbac"], POLICY.as_bytes());
    insta::assert_snapshot!(sandbox.filtered(&same), @"
    no difference in rights
    exit: 0
    ");
    let yaml = diff(&sandbox, &["policy.yaml", "rbac", "--output=yaml"]);
    insta::assert_snapshot!(sandbox.filtered(&yaml), @"
    different: false
    subjects: []
    exit: 0
    ");
}

#[test]
fn what_cannot_be_compared_exits_with_2() {
    let sandbox = sandbox();
    fs::write(sandbox.path("empty.yaml"), "").unwrap();
    fs::write(sandbox.path("broken.yaml"), "kind: [").unwrap();
    for args in [
        ["-", "-"],
        ["policy.yaml", "none.yaml"],
        ["policy.yaml", "broken.yaml"],
        ["empty.yaml", "empty.yaml"],
    ] {
        let outcome = diff(&sandbox, &args);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(2), ""),
            "{outcome}"
        );
    }
    let outcome = diff(&sandbox, &["-", "-"]);
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: error: standard input is named twice, and cannot be read twice
    stderr: hint: put one of the two into a file, and name that
    exit: 2
    ");
}

/// The first policy of a repository is compared with nothing.
#[test]
fn an_empty_side_is_warned_of() {
    let sandbox = sandbox();
    fs::write(sandbox.path("empty.yaml"), "").unwrap();
    let outcome = diff(&sandbox, &["empty.yaml", "policy.yaml"]);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("there is no role and no binding in `empty.yaml`"),
        "{outcome}"
    );
    let long = outcome
        .stdout
        .lines()
        .filter(|line| line.chars().count() > 80)
        .count();
    assert_eq!(long, 0, "{outcome}");
}
