//! Which user of which file is signed in, and what is said where there is none.

use std::fs;

use crate::standalone::{kubeconfig, sign_in, standalone, write};
use crate::support::Sandbox;

#[test]
fn the_first_file_of_kubeconfig_that_has_a_name_counts() {
    let sandbox = Sandbox::new();
    let file = write(&sandbox, "a.yaml", &kubeconfig(&sandbox, &[]));
    let dummy = "apiVersion: v1\nkind: Config\ncurrent-context: elsewhere\nusers:\n- name: alice\n  user: {token: x}\n";
    write(&sandbox, "dummy.yaml", dummy);
    let list = |names: &[&str]| {
        let paths: Vec<String> = names
            .iter()
            .map(|name| sandbox.path(name).display().to_string())
            .collect();
        sandbox.standalone().env("KUBECONFIG", &paths.join(":"))
    };
    sign_in(&file, &list(&["a.yaml", "dummy.yaml", "missing.yaml"]));
    assert_eq!(fs::read_to_string(sandbox.path("dummy.yaml")).unwrap(), dummy);
    let other_order = list(&["dummy.yaml", "a.yaml"]);
    other_order
        .run()
        .fails(2, &["there is no context `elsewhere`", "work, other, bare"]);
    other_order.arg("--context=work").run().fails(
        1,
        &[
            "user `alice` of",
            "dummy.yaml` cannot be signed in: it has no `auth-provider`",
        ],
    );
    // The flag beats the variable.
    let named = list(&["dummy.yaml"]).arg(&format!("--kubeconfig={}", file.display()));
    assert_eq!(named.run().to_string(), "exit: 0");
}

#[test]
fn the_user_beats_the_context() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &[]);
    sign_in(&file, &call.clone().arg("--context=other").arg("--user=alice"));
    assert_eq!(call.clone().arg("--context=work").run().code, Some(0));
    let refused = [
        (
            "--context=other",
            1,
            "user `bob` of `[HOME]/.kube/config` cannot be signed in: it has no `auth-provider`",
        ),
        ("--context=bare", 1, "the context `bare` names no user"),
        ("--context=none", 2, "there is no context `none`"),
        ("--user=carol", 2, "there is no user `carol`"),
    ];
    for (arg, code, words) in refused {
        let outcome = call.clone().arg(arg).run();
        outcome.fails(code, &[]);
        assert!(sandbox.filtered(&outcome).contains(words), "{outcome}");
    }
}

#[test]
fn what_cannot_be_signed_in_is_told_before_anybody_is_asked() {
    let sandbox = Sandbox::new();
    let whole = kubeconfig(&sandbox, &[]);
    let issuer = format!("          idp-issuer-url: {}\n", sandbox.okta.issuer());
    let cases = [
        (
            whole.replace(&issuer, ""),
            "its `auth-provider` has no `idp-issuer-url`",
        ),
        (
            whole.replace(&issuer, "          idp-issuer-url: ftp://x\n"),
            "`idp-issuer-url` `ftp://x` is not https",
        ),
        (
            whole.replace(
                "auth-provider:",
                "exec: {command: kubectl, args: [oidc-login, get-token]}\n    old:",
            ),
            "it has an `exec` entry",
        ),
        (whole.replace("name: oidc", "name: &x oidc"), "uses anchors"),
        (whole.replace("work   #", "''   #"), "no context is named"),
        (whole.replace("users:", "users: [broken"), "is not valid YAML"),
        ("[]".to_owned(), "is no kubeconfig"),
    ];
    for (text, words) in cases {
        write(&sandbox, ".kube/config", &text);
        sandbox.standalone().run().fails(1, &[words]);
        assert_eq!(fs::read_to_string(sandbox.path(".kube/config")).unwrap(), text);
    }
    fs::remove_file(sandbox.path(".kube/config")).unwrap();
    let outcome = sandbox.standalone().run();
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    stderr: without a command, kubesesame signs in the user of a kubeconfig whose `auth-provider` is `oidc`; for all else: kubesesame --help
    stderr: error: there is no kubeconfig: `[HOME]/.kube/config` is missing
    stderr: hint: name the file with --kubeconfig, or set KUBECONFIG; if there is none yet, get the cluster's entry first, from whoever runs it or by its tool (such as aws eks update-kubeconfig), and add yours: kubesesame setup --write
    exit: 1
    ");
    assert_eq!(sandbox.tabs(), 0);
    assert!(sandbox.okta.requests().is_empty());
    let outcome = sandbox.standalone().arg("extra").run();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(2), ""),
        "{outcome}"
    );
}

#[test]
fn variables_stand_in_for_flags_here_too() {
    let sandbox = Sandbox::new();
    let (file, call) = standalone(&sandbox, &[]);
    let moved = sandbox.path("elsewhere");
    fs::rename(&file, &moved).unwrap();
    sign_in(
        &moved,
        &call.env("KUBESESAME_KUBECONFIG", &moved.to_string_lossy()),
    );
}
