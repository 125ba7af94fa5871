//! What a conversion tells of an entry, and the users that are named by their contexts.

use std::fs;

use super::{config, convert, restore, write};
use crate::support::Sandbox;

/// An entry of kubelogin with these lines below `exec`.
fn entry(lines: &str) -> String {
    format!(
        "users:\n- name: n\n  user:\n    exec:\n      apiVersion: x\n      command: kubelogin\n      args:\n      - get-token\n      \
         - --oidc-issuer-url=https://i\n      - --oidc-client-id=c\n{lines}      provideClusterInfo: false\n"
    )
}

const HINT: &str = "kubesesame signs you in to this cluster: install it and put it on the PATH";

#[test]
fn an_install_hint_of_another_program_is_replaced() {
    for (hint, replaced) in [
        (
            "installHint: kubectl krew install oidc-login",
            format!("installHint: \"{HINT}\""),
        ),
        (
            "installHint: 'Install Kubelogin' # how",
            format!("installHint: '{HINT}' # how"),
        ),
        (
            "installHint: \"kubelogin\\nis missing\"",
            format!("installHint: \"{HINT}\""),
        ),
        (
            "installHint: | # how\n        kubelogin is missing.\n\n        kubectl krew install oidc-login\n",
            format!("installHint: \"{HINT}\"\n"),
        ),
        (
            "installHint: >-\n        kubelogin is\n        missing",
            format!("installHint: \"{HINT}\""),
        ),
        (
            "installHint: kubelogin\n        is missing",
            format!("installHint: \"{HINT}\""),
        ),
    ] {
        for ending in ["\n", "\r\n"] {
            let sandbox = Sandbox::new();
            let text = entry(&format!("      {hint}\n")).replace('\n', ending);
            let path = config(&sandbox, &text);
            let outcome = convert(&sandbox, &[]);
            assert_eq!(outcome.code, Some(0), "{outcome}");
            let warning = "warning: the `installHint` of user `n` names another program";
            assert_eq!(outcome.stderr.matches(warning).count(), 1, "{outcome}");
            let converted = fs::read_to_string(&path).unwrap();
            let replaced = format!("      {replaced}\n").replace('\n', ending);
            assert!(converted.contains(&replaced), "{hint}: {converted}");
            assert!(
                converted.ends_with(&format!("provideClusterInfo: false{ending}")),
                "{converted}"
            );
            assert!(
                !converted.contains("kubelogin") && !converted.contains("krew"),
                "{converted}"
            );
            assert_eq!(restore(&sandbox, &[]).code, Some(0));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
    let sandbox = Sandbox::new();
    let path = config(&sandbox, entry("      installHint: ask the platform team\n"));
    let outcome = convert(&sandbox, &[]);
    assert!(!outcome.stderr.contains("installHint"), "{outcome}");
    let converted = fs::read_to_string(&path).unwrap();
    assert!(
        converted.contains("installHint: ask the platform team\n"),
        "{converted}"
    );
}

#[test]
fn what_has_no_effect_in_an_entry_is_told_with_what_has() {
    let sandbox = Sandbox::new();
    let text = entry(
        "      - --token-cache-dir=${HOME}/cache\n      - --certificate-authority\n      - $HOME/ca.pem\n      \
         - --oidc-client-secret=${CLIENT_SECRET}\n      - --password=hunt$er2\n      env:\n      \
         - {name: KUBELOGIN_LISTEN_PORT, value: '8001'}\n      - name: KUBECTL_OIDC_CLIENT_ID\n        value: hunter3\n      \
         - {name: HTTPS_PROXY, value: 'http://p'}\n",
    );
    config(&sandbox, &text);
    let outcome = convert(&sandbox, &["--dry-run"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!outcome.stderr.contains("hunt"), "{outcome}");
    let warnings: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|line| !line.contains("--secret-to-file"))
        .collect();
    insta::assert_snapshot!(warnings.join("\n"), @"
    warning: the `env` of user `n` sets KUBELOGIN_LISTEN_PORT, which nothing has read since kubelogin 1.11: remove it, and if it is still wanted, add the argument --listen-address=127.0.0.1:PORT
    warning: the `env` of user `n` sets KUBECTL_OIDC_CLIENT_ID, which neither kubelogin nor kubesesame reads: remove it, or say it by a flag or its variable (--oidc-issuer-url is KUBESESAME_OIDC_ISSUER_URL)
    warning: --token-cache-dir of user `n` has a variable in it, and kubectl runs no shell that would expand it: write the path itself, which may begin with `~/`, or leave the flag out and set KUBESESAME_TOKEN_CACHE_DIR
    warning: --certificate-authority of user `n` has a variable in it, and kubectl runs no shell that would expand it: write the path itself, which may begin with `~/`, or leave the flag out and set KUBESESAME_CERTIFICATE_AUTHORITY
    warning: --oidc-client-secret of user `n` has a variable in it, and kubectl runs no shell that would expand it: name a private file with --oidc-client-secret-file, or leave the flag out and set KUBESESAME_OIDC_CLIENT_SECRET
    dry run: nothing was written
    ");
}

#[test]
fn a_user_is_named_by_a_context_too() {
    let user = |name: &str| {
        format!(
            "- name: {name}\n  user: {{exec: {{apiVersion: x, command: kubelogin, args: [get-token, --oidc-issuer-url=https://i, --oidc-client-id=c]}}}}\n"
        )
    };
    let sandbox = Sandbox::new();
    let one = write(
        &sandbox,
        "z-one",
        "kind: Config\ncontexts:\n- {name: dev, context: {user: a}}\n- {name: bare, context: {cluster: c}}\n",
    );
    let two = write(
        &sandbox,
        "a-two",
        format!(
            "kind: Config\ncontexts:\n- {{name: dev, context: {{user: c}}}}\n- {{name: prod, context: {{user: b}}}}\nusers:\n{}{}{}{}",
            user("a"),
            user("b"),
            user("c"),
            user("d")
        ),
    );
    let list = format!("{}:{}", one.display(), two.display());
    let call = |args: &[&str]| {
        let args = [&["kubeconfig", "convert"], args].concat();
        sandbox.bare(&args).env("KUBECONFIG", &list).run()
    };
    let before = fs::read_to_string(&two).unwrap();
    call(&["--context=staging"]).fails(
        2,
        &[
            "there is no context `staging`",
            "the contexts are: dev, bare, dev, prod",
        ],
    );
    call(&["--context=dev", "--context=bare"]).fails(1, &["the context `bare` names no user"]);
    assert_eq!(fs::read_to_string(&two).unwrap(), before);
    let outcome = call(&["--context=dev", "--context", "prod", "--user=d"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let converted = fs::read_to_string(&two).unwrap();
    let is_converted = |name: &str| {
        let line = format!("- name: {name}\n  user: {{exec: {{apiVersion: client.");
        converted.contains(&line)
    };
    assert_eq!(
        ["a", "b", "c", "d"].map(is_converted),
        [true, true, false, true],
        "{converted}"
    );
}

#[test]
fn who_had_refreshes_is_told_what_asks_for_them() {
    let scope = "add --oidc-extra-scope=offline_access to the args";
    for (config_lines, is_told, names_scope) in [
        ("", false, false),
        (", id-token: t", true, false),
        (", refresh-token: t", true, true),
        (", refresh-token: t, id-token: t", true, true),
        (", id-token: t, refresh-token: ''", true, false),
        (
            ", refresh-token: t, extra-scopes: 'email, offline_access'",
            true,
            false,
        ),
        (", extra-scopes: email, refresh-token: t", true, true),
    ] {
        let sandbox = Sandbox::new();
        let path = config(
            &sandbox,
            format!(
                "users:\n- {{name: n, user: {{auth-provider: {{name: oidc, config: {{idp-issuer-url: 'https://i', client-id: c{config_lines}}}}}}}}}\n"
            ),
        );
        let outcome = convert(&sandbox, &[]);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let note = "the tokens of user `n` stay in the backup alone: the next kubectl signs in anew";
        assert_eq!(
            outcome.stderr.contains(note),
            is_told,
            "{config_lines}: {outcome}"
        );
        assert_eq!(
            outcome.stderr.contains(scope),
            names_scope,
            "{config_lines}: {outcome}"
        );
        let converted = fs::read_to_string(&path).unwrap();
        let asked = config_lines.contains("offline_access");
        assert_eq!(converted.contains("offline_access"), asked, "{converted}");
    }
}
