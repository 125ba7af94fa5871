//! Kubeconfigs that have something of a stranger in them.

use std::fs;

use serde_json::json;

use super::SetUp;
use crate::support::Sandbox;

/// Notes the kubeconfig that it is given.
const NOTING_KUBECTL: &str = r#"for arg in "$@"; do case "$arg" in --kubeconfig=*) cat "${arg#--kubeconfig=}" >>"$HOME/asked";; esac; done
echo '{"status":{"userInfo":{"username":"alice","groups":["a","b"]}}}'"#;

/// As kubectl does it: `--user` replaces the user of the current context.
#[test]
fn a_token_goes_to_the_cluster_of_the_current_context_and_not_to_another_that_names_the_user() {
    let mut set_up = SetUp::healthy();
    set_up.kubectl = NOTING_KUBECTL;
    let stranger = set_up.file(
        "stranger",
        "contexts: [{name: demo, context: {cluster: evil, user: oidc}}]\nclusters: [{name: evil, cluster: {server: 'https://127.0.0.1:1'}}]\n",
    );
    let files = format!(
        "{}:{}",
        stranger.display(),
        set_up.sandbox.path(".kube/config").display()
    );
    set_up.variables.push(("KUBECONFIG", files));
    let outcome = set_up.call(&["--user=oidc"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let asked = fs::read_to_string(set_up.sandbox.path("asked")).unwrap();
    assert!(asked.contains("https://127.0.0.1:6443"), "{asked}");
    assert!(!asked.contains("https://127.0.0.1:1\""), "{asked}");
}

#[test]
fn nothing_of_an_entry_moves_the_cursor() {
    let mut set_up = SetUp::healthy();
    set_up.replace(
        "      - --skip-open-browser\n",
        "      - --skip-open-browser\n      - \"--\\e]0;P\\aX\\u202e\"\n",
    );
    let outcome = set_up.call(&["-v"]).run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        !outcome.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']),
        "{outcome}"
    );
}

/// A whole command line stands where the program belongs.
#[test]
fn a_secret_in_the_command_of_an_entry_is_not_shown() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    for line in [
        "kubesesame get-token --oidc-client-secret=SECRET",
        "other \t-p SECRET",
    ] {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:9"}}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "users": [{"name": "u", "user": {"exec": {
                "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable", "command": line,
            }}}],
        });
        fs::write(sandbox.path(".kube/config"), config.to_string()).unwrap();
        for words in [
            &["doctor", "--offline"][..],
            &["doctor", "--offline", "--bundle=-"],
            &["status", "--output=json"],
            &["status"],
        ] {
            let outcome = sandbox.bare(words).run();
            let shown = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(!shown.contains("SECRET"), "{words:?}: {shown}");
        }
    }
}
