//! `login`: a new sign-in for an entry of a kubeconfig, or with the flags of `get-token`.

use std::fs;

use crate::support::{Outcome, Sandbox};

/// A kubeconfig with a user `okta` whose entry is that of the sandbox's `get-token`, and users that are not ours.
fn kubeconfig(sandbox: &Sandbox, current: &str) -> String {
    format!(
        "\
apiVersion: v1
kind: Config
current-context: {current}
contexts:
- {{name: dev, context: {{user: okta, cluster: c}}}}
- {{name: prod, context: {{user: old, cluster: c}}}}
- {{name: cert, context: {{user: cert, cluster: c}}}}
- {{name: legacy, context: {{user: legacy, cluster: c}}}}
clusters:
- {{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}
users:
- name: okta
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: kubesesame, args: [{}]}}}}
- name: old
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: kubectl, args: [oidc-login, {}, --token-cache-dir={}]}}}}
- {{name: cert, user: {{client-certificate: x}}}}
- {{name: legacy, user: {{auth-provider: {{name: oidc, config: {{}}}}}}}}
",
        sandbox.entry_args(),
        sandbox.entry_args(),
        sandbox.path("old").display(),
    )
}

fn write_kubeconfig(sandbox: &Sandbox, current: &str) {
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    fs::write(sandbox.path(".kube/config"), kubeconfig(sandbox, current)).unwrap();
}

fn stderr(sandbox: &Sandbox, outcome: &Outcome) -> String {
    sandbox.filtered(outcome)
}

#[test]
fn login_signs_in_anew_and_kubectls_call_finds_the_session() {
    let sandbox = Sandbox::new();
    write_kubeconfig(&sandbox, "dev");
    let outcome = sandbox.bare(&["login"]).run();
    insta::assert_snapshot!(stderr(&sandbox, &outcome), @"
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in as 00ualice for [N] minutes, until [TIME] UTC (2 groups)
    exit: 0
    ");
    let first = sandbox.session();
    let again = sandbox.bare(&["login"]).run();
    assert_eq!(again.code, Some(0), "{again}");
    assert_ne!(sandbox.session()["token"], first["token"]);
    let tabs = sandbox.tabs();
    let token = sandbox.get_token().run().token();
    assert_eq!(
        (token.as_str(), sandbox.tabs()),
        (sandbox.session()["token"].as_str().unwrap(), tabs)
    );
}

/// What the entry sets for kubectl's call counts for the session here, too; of what does not, a line tells.
#[test]
fn variables_of_an_entry_count_for_its_session() {
    let sandbox = Sandbox::new();
    write_kubeconfig(&sandbox, "dev");
    let text = kubeconfig(&sandbox, "dev").replacen(
        "command: kubesesame,",
        "command: kubesesame, env: [{name: KUBECACHEDIR, value: PLACE}, {name: HTTPS_PROXY, value: 'http://p'}],",
        1,
    );
    let text = text.replace("PLACE", &sandbox.path("cache").display().to_string());
    fs::write(sandbox.path(".kube/config"), text).unwrap();
    let outcome = sandbox.bare(&["login"]).run();
    insta::assert_snapshot!(stderr(&sandbox, &outcome), @"
    stderr: warning: the entry sets HTTPS_PROXY for kubectl's call alone: set it for this command, too, if the sign-in needs it
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in as 00ualice for [N] minutes, until [TIME] UTC (2 groups)
    exit: 0
    ");
    assert_eq!(sandbox.session_count("cache/kubesesame"), 1);
}

#[test]
fn an_entry_of_kubelogin_and_its_directory_are_read_too() {
    let sandbox = Sandbox::new();
    write_kubeconfig(&sandbox, "dev");
    for args in [&["login", "--context=prod"][..], &["login", "--user=old"]] {
        let outcome = sandbox.bare(args).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!(sandbox.session_count("old"), 1);
    }
    assert_eq!(sandbox.tabs(), 2);
    assert!(!sandbox.cache_dir().exists());
}

#[test]
fn flags_replace_an_entry_or_those_of_it() {
    let sandbox = Sandbox::new();
    write_kubeconfig(&sandbox, "cert");
    let outcome = sandbox
        .get_token()
        .without_env("KUBERNETES_EXEC_INFO")
        .instead_of_command("login")
        .run();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(0), ""),
        "{outcome}"
    );
    assert_eq!(sandbox.tabs(), 1);
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 1);

    // The listener's address is one that cannot be bound, so the flag counts and not the entry's.
    let outcome = sandbox
        .bare(&["login", "--context=dev", "--listen-address=192.0.2.1:1"])
        .run();
    outcome.fails(1, &["192.0.2.1:1"]);
}

#[test]
fn what_cannot_be_signed_in_is_an_error_that_leads_on() {
    let sandbox = Sandbox::unattended();
    let told = |args: &[&str]| {
        let outcome = sandbox.bare(args).run();
        sandbox.told(&args.join(" "), &outcome)
    };
    let mut all = String::new();
    write_kubeconfig(&sandbox, "cert");
    for args in [
        &["login"][..],
        &["login", "--context=legacy"],
        &["login", "--context=nowhere"],
        &["login", "--user=nobody"],
        &["login", "--context=dev", "--oidc-client-id=x"],
        &[
            "login",
            "--context=dev",
            "--username=bob",
            "--grant-type=password",
            "--password=x",
        ],
        &["login", "--oidc-client-id=x"],
    ] {
        all += &told(args);
    }
    insta::assert_snapshot!(all, @"
    login
    stderr: error: user `cert` of `[HOME]/.kube/config` cannot be signed in: its credential does not come from kubesesame
    stderr: hint: choose one that is: kubesesame login --context=dev or --context=prod
    exit: 1

    login --context=legacy
    stderr: error: user `legacy` of `[HOME]/.kube/config` cannot be signed in: it is an `auth-provider`, whose tokens are in the kubeconfig
    stderr: hint: sign it in without a command: kubesesame --user=legacy
    exit: 1

    login --context=nowhere
    stderr: error: there is no context `nowhere`
    stderr: hint: the contexts are: dev, prod, cert, legacy
    exit: 2

    login --user=nobody
    stderr: error: there is no user `nobody`
    stderr: hint: the users are: okta, old, cert, legacy
    exit: 2

    login --context=dev --oidc-client-id=x
    stderr: error: --oidc-client-id and a kubeconfig's entry are both named
    stderr: hint: name an entry (--context, --user, --kubeconfig), whose settings are used, or name the provider by flags
    exit: 2

    login --context=dev --username=bob --grant-type=password --password=x
    stderr: error: with --grant-type, --username, --password the session is not the one that kubectl uses for this entry
    stderr: hint: leave them out, or put them into the entry's `args`
    exit: 2

    login --oidc-client-id=x
    stderr: error: --oidc-issuer-url is missing
    stderr: hint: give the issuer that the API server trusts, for example --oidc-issuer-url=https://example.okta.com/oauth2/default
    exit: 2

    ");
}

#[test]
fn without_a_kubeconfig_or_a_current_context_a_line_says_what_is_missing() {
    let sandbox = Sandbox::unattended();
    let absent = sandbox.bare(&["login"]).run();
    write_kubeconfig(&sandbox, "''");
    let no_context = sandbox.bare(&["login"]).run();
    let all = sandbox.told("no kubeconfig", &absent) + &sandbox.told("no current context", &no_context);
    insta::assert_snapshot!(all, @"
    no kubeconfig
    stderr: error: there is no kubeconfig: `[HOME]/.kube/config` is missing
    stderr: hint: name the file with --kubeconfig, or set KUBECONFIG; if there is none yet, get the cluster's entry first, from whoever runs it or by its tool (such as aws eks update-kubeconfig), and add yours: kubesesame setup --write
    exit: 1

    no current context
    stderr: error: no context is named, and the kubeconfig has no current one
    stderr: hint: choose one that is: kubesesame login --context=dev or --context=prod
    exit: 1
    ");
}

#[test]
fn a_broken_file_is_named_and_the_others_count() {
    let sandbox = Sandbox::new();
    write_kubeconfig(&sandbox, "dev");
    fs::write(sandbox.path("broken"), "users: [").unwrap();
    fs::write(sandbox.path("first"), "current-context: prod\nusers: []\n").unwrap();
    let list =
        ["broken", "first", "missing", ".kube/config"].map(|name| sandbox.path(name).display().to_string());
    let outcome = sandbox.bare(&["login"]).env("KUBECONFIG", &list.join(":")).run();
    insta::assert_snapshot!(stderr(&sandbox, &outcome), @"
    stderr: warning: `[HOME]/broken` is not valid YAML (line 1, column 8); kubectl cannot read it either; mend that line first
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in as 00ualice for [N] minutes, until [TIME] UTC (2 groups)
    exit: 0
    ");
    assert_eq!(sandbox.session_count("old"), 1);
}

#[test]
fn get_token_says_who_signed_in_at_a_terminal_and_only_then() {
    let sandbox = Sandbox::new();
    let silent = sandbox
        .get_token()
        .arg("--oidc-extra-scope=email")
        .with("--token-cache-dir", &sandbox.path("other").display().to_string())
        .run();
    assert!(!silent.stderr.contains("signed in"), "{silent}");
    let told = sandbox.get_token().at_terminal().run();
    insta::assert_snapshot!(sandbox.filtered_stderr(&told), @"
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in as 00ualice for [N] minutes, until [TIME] UTC (2 groups)
    exit: 0
    ");
    sandbox.expire();
    let refreshed = sandbox.get_token().at_terminal().run();
    assert!(!refreshed.stderr.contains("signed in"), "{refreshed}");
}
