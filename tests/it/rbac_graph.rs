//! `rbac graph`: what is drawn, and what is not.

use crate::rbac::{run_with_input, sandbox};

#[test]
fn a_picture_of_a_policy_is_printed() {
    let sandbox = sandbox();
    let outcome = run_with_input(&sandbox, &["graph", "policy.yaml"], b"");
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (Some(0), ""),
        "{outcome}"
    );
    assert!(
        outcome.stdout.starts_with("<svg ") && outcome.stdout.ends_with("</svg>\n"),
        "{outcome}"
    );
    for name in ["okta:k8s-developers", "admins/team-platform", "namespace-admin"] {
        assert!(outcome.stdout.contains(name), "{name}: {outcome}");
    }
}

#[test]
fn what_cannot_be_drawn_exits_with_2() {
    let sandbox = sandbox();
    let nobody = run_with_input(&sandbox, &["graph", "policy.yaml", "--subject=nobody"], b"");
    insta::assert_snapshot!(sandbox.filtered(&nobody), @"
    stderr: error: there is no binding to draw
    stderr: hint: choose others by --subject and --namespace
    exit: 2
    ");
}
