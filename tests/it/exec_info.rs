//! What kubectl says in `KUBERNETES_EXEC_INFO`.

use crate::support::Sandbox;

fn info(version: &str, interactive: bool) -> String {
    format!(
        r#"{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/{version}","spec":{{"interactive":{interactive}}}}}"#
    )
}

#[test]
fn each_version_is_answered_in_kind() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    for version in ["v1", "v1beta1"] {
        let outcome = sandbox
            .get_token()
            .env("KUBERNETES_EXEC_INFO", &info(version, true))
            .run();
        let expected =
            format!(r#"{{"apiVersion":"client.authentication.k8s.io/{version}","kind":"ExecCredential","#);
        assert!(outcome.stdout.starts_with(&expected), "{outcome}");
    }
    let unset = sandbox.get_token().without_env("KUBERNETES_EXEC_INFO");
    assert!(unset.run().stdout.contains("k8s.io/v1\""));
}

#[test]
fn another_version_is_refused_before_any_login() {
    let sandbox = Sandbox::new();
    let outcome = sandbox
        .get_token()
        .env("KUBERNETES_EXEC_INFO", &info("v1alpha1", false))
        .run();
    outcome.fails(2, &["v1alpha1", "apiVersion: client.authentication.k8s.io/v1"]);
    for nonsense in ["nonsense", "[]", r#"{"kind":"Pod","apiVersion":"v1"}"#] {
        sandbox
            .get_token()
            .env("KUBERNETES_EXEC_INFO", nonsense)
            .run()
            .fails(2, &["KUBERNETES_EXEC_INFO"]);
    }
    assert_eq!((sandbox.tabs(), sandbox.okta.requests().len()), (0, 0));
}
