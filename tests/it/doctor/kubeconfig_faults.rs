//! Faults of kubeconfig files and of the user's entry.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{SetUp, are_found};

#[test]
fn faults_of_a_kubeconfig_are_found() {
    are_found(&[
        ("kubeconfig", "failure", "another file", |set_up| {
            set_up.arguments.push("--kubeconfig=nowhere".to_owned());
        }),
        ("kubeconfig", "failure", "", |set_up| {
            set_up.kubeconfig = "users: [".to_owned();
        }),
        ("context", "failure", "use-context", |set_up| {
            set_up.replace("current-context: prod\n", "");
        }),
        ("context", "failure", "one of `prod`", |set_up| {
            set_up.replace("current-context: prod", "current-context: test");
        }),
        ("context", "failure", "--user=USER", |set_up| {
            set_up.replace(", user: oidc}", "}");
        }),
        ("context", "failure", "`oidc`", |set_up| {
            set_up.replace(", user: oidc}", ", user: bob}");
        }),
        ("context", "failure", "--cluster=CLUSTER", |set_up| {
            set_up.replace("{cluster: prod, ", "{cluster: gone, ");
        }),
        ("kubeconfig-mode", "warning", "chmod go-r", |set_up| {
            set_up.kubeconfig += "- name: bob\n  user: {token: SECRET}\n";
            let file = set_up.file(".kube/config", "");
            fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
            set_up.variables.push(("MODE", "kept".to_owned()));
        }),
    ]);
}

#[test]
fn faults_of_an_entry_are_found() {
    are_found(&[
        ("credential", "failure", "choose another user", |set_up| {
            set_up.replace(env!("CARGO_BIN_EXE_kubesesame"), "aws");
        }),
        ("credential", "failure", "convert", |set_up| {
            let start = set_up.kubeconfig.find("    exec:").unwrap();
            set_up.kubeconfig.truncate(start);
            set_up.kubeconfig += "    auth-provider: {name: oidc, config: {}}\n";
        }),
        (
            "credential",
            "failure",
            "config unset users.oidc.token",
            |set_up| {
                set_up.replace("  user:\n    exec:", "  user:\n    token: x\n    exec:");
            },
        ),
        (
            "api-version",
            "warning",
            "client.authentication.k8s.io/v1`",
            |set_up| {
                set_up.replace("k8s.io/v1\n", "k8s.io/v1beta1\n");
            },
        ),
        (
            "api-version",
            "failure",
            "client.authentication.k8s.io/v1`",
            |set_up| {
                set_up.replace("k8s.io/v1\n", "k8s.io/v1alpha1\n");
            },
        ),
        (
            "api-version",
            "failure",
            "client.authentication.k8s.io/v1`",
            |set_up| {
                set_up.replace("      apiVersion: client.authentication.k8s.io/v1\n", "");
            },
        ),
        ("interactive-mode", "failure", "IfAvailable", |set_up| {
            set_up.replace("      interactiveMode: IfAvailable\n", "");
        }),
        ("interactive-mode", "warning", "IfAvailable", |set_up| {
            set_up.replace("IfAvailable", "Never");
        }),
        ("interactive-mode", "failure", "IfAvailable", |set_up| {
            set_up.replace("IfAvailable", "Sometimes");
        }),
    ]);
}

#[test]
fn faults_of_the_program_of_an_entry_are_found() {
    are_found(&[
        ("command", "failure", "put it on the PATH", |set_up| {
            set_up.replace(env!("CARGO_BIN_EXE_kubesesame"), "kubesesame");
        }),
        ("command", "failure", "set `command:", |set_up| {
            set_up.replace(env!("CARGO_BIN_EXE_kubesesame"), "/nowhere/kubesesame");
        }),
        ("command", "warning", "out of date", |set_up| {
            let file = set_up.file("other/kubesesame", "#!/bin/sh\n");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            set_up.replace(env!("CARGO_BIN_EXE_kubesesame"), &file.to_string_lossy());
        }),
        ("command", "warning", "set `command:", |set_up| {
            let file = set_up.file(".kube/bin/kubesesame", "#!/bin/sh\n");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            set_up.replace(env!("CARGO_BIN_EXE_kubesesame"), "bin/kubesesame");
        }),
        ("interactive-mode", "warning", "IfAvailable", |set_up| {
            set_up.replace("IfAvailable", "Always");
        }),
        ("credential", "failure", "in the kubeconfig", |set_up| {
            set_up.replace("      - --skip-open-browser\n", "      - *anchor\n");
            set_up.replace("current-context: prod", "x: &anchor --v\ncurrent-context: prod");
        }),
        ("plugin-policy", "failure", "add `- command:", |set_up| {
            let text = "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: aws}]\n";
            set_up.file(".kube/kuberc", text);
        }),
        (
            "plugin-policy",
            "failure",
            "credentialPluginAllowlist",
            |set_up| {
                set_up.file(".kube/kuberc", "credentialPluginPolicy: Allowlist\n");
            },
        ),
    ]);
}

#[test]
fn faults_of_flags_and_variables_are_found() {
    are_found(&[
        ("flags", "failure", "correct its `args`", |set_up| {
            set_up.replace("--skip-open-browser", "--skip-open-browsers");
        }),
        ("flags", "failure", "", |set_up| {
            set_up.replace("--oidc-client-id=", "--oidc-issuer-url=");
        }),
        ("deprecated-flags", "warning", "new spelling", |set_up| {
            set_up.replace("--listen-address=127.0.0.1:0", "--listen-port=0");
        }),
        ("variables", "warning", "unset", |set_up| {
            set_up
                .variables
                .push(("KUBESESAME_OIDC_ISUER_URL", "x".to_owned()));
        }),
        ("variables", "warning", "unset", |set_up| {
            set_up.variables.push(("KUBECTL_OIDC_ISSUER", "x".to_owned()));
        }),
        ("inline-secrets", "warning", "private file", |set_up| {
            set_up.variables.push(("KUBESESAME_PASSWORD", "x".to_owned()));
        }),
    ]);
}

/// The command of the kubeconfig is kubelogin's, which needs no kubesesame on the PATH.
#[test]
fn an_entry_of_kubelogin_is_read_too() {
    let mut set_up = SetUp::healthy();
    set_up.replace(env!("CARGO_BIN_EXE_kubesesame"), "kubectl");
    set_up.replace("      - get-token\n", "      - oidc-login\n      - get-token\n");
    let found = set_up.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str()),
        ("credential", "warning")
    );
    assert!(found[0].2.contains("kubesesame kubeconfig convert"), "{found:?}");
}

/// A person who names the file gets commands for that file, and not for `~/.kube/config`.
#[test]
fn commands_repeat_the_kubeconfig_that_was_named() {
    let faults: [(&str, &str, &str); 5] = [
        (env!("CARGO_BIN_EXE_kubesesame"), "kubectl", "kubeconfig convert"),
        (
            "    exec:",
            "    token: x\n    exec:",
            "config unset users.oidc.token",
        ),
        (
            "current-context: ",
            "current-context: no-",
            "config use-context NAME",
        ),
        (
            "{cluster: prod, ",
            "{cluster: gone, ",
            "config set-context prod --cluster=CLUSTER",
        ),
        (", user: oidc}", "}", "config set-context prod --user=USER"),
    ];
    for (from, to, command) in faults {
        let mut set_up = SetUp::healthy();
        set_up.replace(from, to);
        if to == "kubectl" {
            set_up.replace("      - get-token\n", "      - oidc-login\n      - get-token\n");
        }
        let file = set_up.file("other.yaml", &set_up.kubeconfig);
        let flag = format!("--kubeconfig={}", file.display());
        let outcome = set_up.call(&["--output=json", &flag]).run();
        let wanted = format!("{command} {flag}");
        assert!(outcome.stdout.contains(&wanted), "{wanted}\n{outcome}");
    }
}
