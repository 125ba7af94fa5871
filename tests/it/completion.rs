//! Completion in shells and for kubectl, manual pages, and the version for programs.

use std::fs;

use crate::support::Sandbox;

const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
contexts:
- name: production
  context: {user: oidc}
- name: \"bad\\u001b]0;name\"
  context: {user: oidc}
users:
- name: oidc
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: IfAvailable
      command: kubesesame
      args: [get-token, --oidc-issuer-url=https://i.example.com/oauth2/default, --oidc-client-id=c]
";

fn sandbox_with_kubeconfig() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    fs::write(sandbox.path(".kube/config"), KUBECONFIG).unwrap();
    sandbox
}

/// What a bash asks after the script was loaded.
#[test]
fn a_shell_gets_commands_flags_and_the_names_in_the_kubeconfig() {
    let sandbox = sandbox_with_kubeconfig();
    let ask = |words: &[&str]| {
        let index = words.len().to_string();
        let call = sandbox.bare(&[&["--", "kubesesame"], words].concat());
        let outcome = call
            .env("_KUBESESAME_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", &index)
            .env("_CLAP_IFS", " ")
            .run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
        outcome.stdout
    };
    assert_eq!(ask(&["get-t"]), "get-token");
    assert_eq!(ask(&["kubeconfig", "convert", "--con"]), "--context");
    assert_eq!(ask(&["kubeconfig", "convert", "--context", ""]), "production");
    assert_eq!(ask(&["kubeconfig", "convert", "--user", "o"]), "oidc");
    assert_eq!(ask(&["get-token", "--grant-type", "device"]), "device-code");
    assert_eq!(
        ask(&["login", "--oidc-issuer-url", "https"]),
        "https://i.example.com/oauth2/default"
    );
    assert_eq!(sandbox.tabs(), 0);
}

/// The program of these commands answers for them.
#[test]
fn the_commands_for_clusters_are_completed_too() {
    let sandbox = sandbox_with_kubeconfig();
    let ask = |words: &[&str]| {
        let index = words.len().to_string();
        let call = sandbox.bare(&[&["--", "kubesesame"], words].concat());
        let outcome = call
            .env("_KUBESESAME_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", &index)
            .env("_CLAP_IFS", " ")
            .run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
        outcome.stdout
    };
    assert_eq!(ask(&["admi"]), "admission");
    assert_eq!(ask(&["admission", "gen"]), "generate");
    assert_eq!(ask(&["admission", "generate", "--mode", "d"]), "deny");
    assert_eq!(ask(&["admission", "test", "--oper"]), "--operation");
    assert_eq!(ask(&["cluster", "verify", "--context", ""]), "production");
    assert_eq!(
        ask(&["rbac", "generate", "--gro"]),
        "--groups-claim --groups-prefix --group"
    );
}

#[test]
fn kubectl_gets_them_under_the_name_that_it_looks_for() {
    let sandbox = sandbox_with_kubeconfig();
    let link = sandbox.path("kubectl_complete-oidc_login");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubesesame"), &link).unwrap();
    let output = std::process::Command::new(&link)
        .args(["get-token", "--oidc-client-s"])
        .env_clear()
        .env("HOME", sandbox.path(""))
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    insta::assert_snapshot!(stdout, @"
    --oidc-client-secret	Client secret, if the app has one; a native app needs none
    --oidc-client-secret-file	File with the client secret, private to you; keeps it out of kubeconfigs and process lists
    --oidc-client-secret-command	Command that prints the client secret, such as that of a password manager; no shell runs it, and no cached call
    --oidc-client-secret-keyring	Item of the OS keyring that is the client secret, which is only read
    :4
    ");
}

#[test]
fn each_shell_has_a_script_and_an_unknown_one_is_refused() {
    let sandbox = Sandbox::new();
    for (shell, words) in [
        ("bash", "complete -o nospace"),
        ("zsh", "#compdef kubesesame"),
        ("fish", "complete --keep-order"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let outcome = sandbox.bare(&["completion", shell]).run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
        assert!(outcome.stdout.contains(words), "{outcome}");
    }
    insta::assert_snapshot!(sandbox.bare(&["completion", "tcsh"]).run(), @"
    stderr: error: invalid value 'tcsh' for '<SHELL>' [possible values: bash, zsh, fish, powershell]
    stderr: hint: did you mean `zsh`? otherwise see kubesesame completion --help
    exit: 2
    ");
}

#[test]
fn each_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    for (words, title) in [
        (&["man"][..], ".TH kubesesame 1"),
        (&["man", "get-token"], ".TH kubesesame-get-token 1"),
        (
            &["man", "kubeconfig-convert"],
            ".TH kubesesame-kubeconfig-convert 1",
        ),
    ] {
        let outcome = sandbox.bare(words).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stdout.contains(title), "{outcome}");
    }
    insta::assert_snapshot!(sandbox.bare(&["man", "nosuch"]).run(), @"
    stderr: error: invalid value 'nosuch' for '[COMMAND]': the commands are setup, login, status, doctor, explain, token, token-inspect, cluster, rbac, kubeconfig, kubeconfig-convert, kubeconfig-restore, logout, clean, get-token, completion, version
    stderr: hint: see kubesesame --help
    exit: 2
    ");
}

#[test]
fn the_version_is_printed_for_programs_too() {
    let sandbox = Sandbox::new();
    let print = |format: &str| {
        let outcome = sandbox.bare(&["version", "--output", format]).run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
        outcome.stdout
    };
    let json: serde_json::Value = serde_json::from_str(&print("json")).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["os"], std::env::consts::OS);
    assert!(print("yaml").contains("\nos: "));
    sandbox
        .bare(&["version", "--output", "xml"])
        .run()
        .fails(2, &["invalid value 'xml'"]);
}
