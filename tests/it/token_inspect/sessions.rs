//! Which session is meant: of flags, of the kubeconfig, or none.

use std::fs;

use super::{inspect, stable, with_flags};
use crate::support::Sandbox;

/// Writes a kubeconfig with users of all kinds.
fn write_kubeconfig(sandbox: &Sandbox, token: &str) {
    let args = format!(
        "get-token, --oidc-issuer-url={}, --oidc-client-id={}, --oidc-extra-scope=offline_access",
        sandbox.okta.issuer(),
        sandbox.okta.client_id()
    );
    fs::write(
        sandbox.path(".kube/config"),
        format!(
            "apiVersion: v1
kind: Config
current-context: main
contexts:
- {{name: main, context: {{user: alice, cluster: c}}}}
- {{name: old, context: {{user: old, cluster: c}}}}
- {{name: other, context: {{user: certificate, cluster: c}}}}
clusters:
- {{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}
users:
- name: alice
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: kubesesame, args: [{args}]}}}}
- name: bob
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: kubesesame, args: [{args}, --account=bob]}}}}
- name: old
  user:
    auth-provider:
      name: oidc
      config: {{idp-issuer-url: '{}', client-id: {}, id-token: {token}}}
- {{name: certificate, user: {{client-certificate: c.pem}}}}
",
            sandbox.okta.issuer(),
            sandbox.okta.client_id(),
        ),
    )
    .unwrap();
}

#[test]
fn the_session_is_that_of_the_flags_of_the_kubeconfig_or_of_its_current_context() {
    let sandbox = Sandbox::new();
    let token = sandbox.get_token().run().token();
    write_kubeconfig(&sandbox, &token);
    let scope = "--oidc-extra-scope=offline_access";
    for (call, source) in [
        (
            with_flags(sandbox.bare(&["token", "inspect", scope]), &sandbox),
            "the session of these flags",
        ),
        (
            sandbox.bare(&["token", "inspect"]),
            "the session of the user `alice` of the kubeconfig",
        ),
        (
            sandbox.bare(&["token", "inspect", "--context=main"]),
            "the session of the user `alice` of the kubeconfig",
        ),
        (
            sandbox.bare(&["token", "inspect", "--user=alice"]),
            "the session of the user `alice` of the kubeconfig",
        ),
        (
            sandbox.bare(&["token", "inspect", "--user=old"]),
            "the user `old` of the kubeconfig",
        ),
        (
            sandbox.bare(&["token", "inspect", "--context=old"]),
            "the user `old` of the kubeconfig",
        ),
        (inspect(&sandbox, &token).arg("--user=alice"), "[HOME]/token"),
    ] {
        let outcome = call.run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
        let shown = stable(&sandbox, &outcome, &token);
        assert!(
            shown
                .replace("\n       ", "")
                .starts_with(&format!("Token     {source}")),
            "{shown}"
        );
        assert!(shown.contains("ok       audience   is the client id"), "{shown}");
        assert!(!outcome.stdout.contains(&token[..60]), "{outcome}");
    }
    for (args, code, words) in [
        (&["--user=bob"][..], 1, "there is no session of these settings"),
        (&["--context=other"], 1, "does not come from kubesesame"),
        (&["--user=nobody"], 2, "there is no user `nobody`"),
        (&["--context=nowhere"], 2, "there is no context `nowhere`"),
        (
            &["--user=alice", "--kubeconfig=/nowhere"],
            2,
            "`/nowhere` is missing",
        ),
    ] {
        let args: Vec<&str> = ["token", "inspect"].iter().chain(args).copied().collect();
        sandbox.bare(&args).run().fails(code, &[words]);
    }
    assert_eq!(sandbox.tabs(), 1, "nobody is asked to sign in");
}

#[test]
fn a_session_that_is_not_there_or_broken_is_an_error_with_the_way_on() {
    let sandbox = Sandbox::new();
    let call = with_flags(
        sandbox.bare(&["token", "inspect", "--oidc-extra-scope=offline_access"]),
        &sandbox,
    );
    call.run()
        .fails(1, &["there is no session of these settings", "sign in"]);
    assert!(!sandbox.path(".kube").exists());
    sandbox.get_token().run().token();
    fs::write(sandbox.session_file(), "{broken").unwrap();
    call.run()
        .fails(1, &["the session of these settings cannot be used: it is broken"]);
    call.arg("--token-cache-storage=none")
        .run()
        .fails(2, &["keeps no session"]);
    sandbox
        .bare(&["token", "inspect"])
        .run()
        .fails(1, &["there is no kubeconfig"]);
    let issuer = "--oidc-issuer-url=http://example.com";
    inspect(&sandbox, "a.b.c")
        .arg(issuer)
        .run()
        .fails(2, &["is not https"]);
}
