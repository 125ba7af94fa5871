//! Refused command lines: exit code 2, nothing on stdout, nothing asked of anybody.

use crate::support::Sandbox;

#[test]
fn settings_that_are_missing_or_wrong_are_named_with_the_right_form() {
    let sandbox = Sandbox::new();
    let issuer = "--oidc-issuer-url=https://example.okta.com/oauth2/default";
    let cases: &[(&[&str], &str)] = &[
        (&[], "--oidc-issuer-url is missing"),
        (&["--oidc-issuer-url="], "--oidc-issuer-url is missing"),
        (&[issuer], "--oidc-client-id is missing"),
        (&[issuer], "Okta's admin console"),
        (
            &["--oidc-issuer-url=https://login.example.com"],
            "it is the name that the provider gave the app",
        ),
        (&[issuer, "--oidc-client-id="], "--oidc-client-id is missing"),
        (
            &[issuer, "--oidc-client-id=c", "--oidc-pkce-method=plain"],
            "[possible values: auto, S256, no]",
        ),
        (
            &[issuer, "--oidc-client-id=c", "--listen-address=nowhere"],
            "is not HOST:PORT",
        ),
        (
            &[issuer, "--oidc-client-id=c", "--listen-address=127.0.0.1:70000"],
            "is not HOST:PORT",
        ),
        (
            &[
                issuer,
                "--oidc-client-id=c",
                "--oidc-redirect-url=https://localhost:8000",
            ],
            "cannot be listened on",
        ),
        (
            &[issuer, "--oidc-client-id=c", "--oidc-redirect-url=nonsense"],
            "cannot be listened on",
        ),
        (
            &[issuer, "--oidc-client-id=c", "--browser-command=firefox 'x"],
            "cannot be split into words",
        ),
    ];
    for (args, words) in cases {
        let args: Vec<&str> = ["get-token"].iter().chain(*args).copied().collect();
        let outcome = sandbox.bare(&args).run();
        outcome.fails(2, &[words]);
    }
    assert!(!sandbox.path(".kube").exists());
}

#[test]
fn an_issuer_that_cannot_be_one_is_refused_with_the_right_form() {
    let sandbox = Sandbox::new();
    for (flag, words) in [
        ("--oidc-issuer-url=example.okta.com", "is not a URL"),
        ("--oidc-issuer-url=http://example.okta.com", "is not https"),
        ("--oidc-issuer-url=ftp://example.okta.com", "is not https"),
        ("--oidc-issuer-url=https://example.okta.com/?a=b", "has a query"),
        ("--oidc-issuer-url=https://example.okta.com/#a", "has a fragment"),
        (
            "--oidc-issuer-url=https://me@example.okta.com/",
            "has a user name",
        ),
        (
            "--oidc-issuer-url=https://me:s3cret@example.okta.com/",
            "`https://…@example.okta.com/` has a user name or password",
        ),
        ("--oidc-issuer-url=\u{1b}[31mred", "is not a URL"),
        (
            "--oidc-issuer-url=https://login.microsoftonline.com/{tenantid}/v2.0",
            "still has the placeholder `{tenantid}`",
        ),
        (
            "--oidc-issuer-url=https://<your-org>.okta.com",
            "in place of <your-org>",
        ),
        (
            "--oidc-issuer-url=https://YOUR-ORG.okta.com",
            "in place of YOUR-ORG",
        ),
        (
            "--oidc-issuer-url=${OIDC_ISSUER}",
            "set KUBESESAME_OIDC_ISSUER_URL",
        ),
        ("--oidc-issuer-url=\"https://i\"", "leave the quotes out"),
    ] {
        let outcome = sandbox.bare(&["get-token", flag, "--oidc-client-id=c"]).run();
        outcome.fails(2, &[words]);
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
    }
    assert!(!sandbox.path(".kube").exists());
}

#[test]
fn values_and_flags_that_do_not_exist_are_refused_with_the_nearest() {
    let sandbox = Sandbox::new();
    let cases: [(&[&str], &str); 7] = [
        (&["get-token", "--oidc-isuer-url=x"], "--oidc-issuer-url"),
        (&["get-tokn"], "get-token"),
        (&["get-token", "extra"], "extra"),
        (
            &["get-token", "--authentication-timeout-sec=0"],
            "expected a number of seconds from 1 to 86400, without a unit (300 means 5 minutes)",
        ),
        (
            &["get-token", "--authentication-timeout-sec=5m"],
            "expected a number of seconds from 1 to 86400, without a unit (300 means 5 minutes)",
        ),
        (
            &["get-token", "--force-refresh=perhaps"],
            "expected `true` or `false`",
        ),
        (&["get-token", "-v=loud"], "loud"),
    ];
    for (args, words) in cases {
        let outcome = sandbox.bare(args).run();
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(2), ""),
            "{outcome}"
        );
        assert!(outcome.stderr.contains(words), "{words}: {outcome}");
    }
}

/// klog's flags are there for old kubeconfigs alone.
#[test]
fn a_flag_without_a_meaning_is_not_suggested() {
    let sandbox = Sandbox::new();
    for command in ["clean", "doctor", "get-token", "setup"] {
        let outcome = sandbox.bare(&[command, "--all"]).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{outcome}");
        assert!(
            outcome.stderr.contains("unexpected argument '--all'"),
            "{outcome}"
        );
        assert!(!outcome.stderr.contains("similar"), "{outcome}");
    }
    let older = sandbox.bare(&["get-token", "--listen-prot=8"]).run();
    assert!(older.stderr.contains("`--listen-port`"), "{older}");
}

#[test]
fn an_issuer_without_a_scheme_is_told_in_plain_terms() {
    let sandbox = Sandbox::new();
    let flags = ["--oidc-issuer-url=example.okta.com", "--oidc-client-id=c"];
    let outcome = sandbox.bare(&["get-token", flags[0], flags[1]]).run();
    outcome.fails(2, &["is not a URL\ncaused by: it does not begin with https://\n"]);
    assert!(!outcome.stderr.contains("relative"), "{outcome}");
}

#[test]
fn without_a_command_and_without_a_kubeconfig_a_newcomer_is_told_where_to_look() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.filtered(&sandbox.bare(&[]).run()), @"
    stderr: without a command, kubesesame signs in the user of a kubeconfig whose `auth-provider` is `oidc`; for all else: kubesesame --help
    stderr: error: there is no kubeconfig: `[HOME]/.kube/config` is missing
    stderr: hint: name the file with --kubeconfig, or set KUBECONFIG; if there is none yet, get the cluster's entry first, from whoever runs it or by its tool (such as aws eks update-kubeconfig), and add yours: kubesesame setup --write
    exit: 1
    ");
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let sandbox = Sandbox::new();
    let call = |args: &[&str]| {
        args.iter()
            .fold(sandbox.get_token(), |call, arg| call.arg(arg))
            .run()
    };
    for account in ["alice@example.org", "bob", "alice@"] {
        call(&[&format!("--account={account}"), "--username=alice@example.com"]).fails(
            2,
            &["--account and --username are two people", "leave one of them out"],
        );
    }
    // A part before the `@` is the same person; so is a name that the grant has no use for.
    for args in [
        &["--account=ALICE", "--username=alice@example.com", "--password=x"][..],
        &["--account=alice@example.com", "--username=alice", "--password=x"],
    ] {
        call(args).fails(1, &["invalid_grant"]);
    }
    assert_eq!(sandbox.tabs(), 0);
}

/// kubectl runs a plugin that fails again and again; a mistake is as long as its usage.
#[test]
fn a_mistake_in_the_arguments_is_told_once_to_one_kubectl() {
    let sandbox = Sandbox::new();
    for call in [
        sandbox.get_token().arg("--no-such-flag"),
        sandbox.get_token().with("--oidc-issuer-url", "nonsense"),
        sandbox.get_token().env("KUBESESAME_GRANT_TYPE", "nonsense"),
    ] {
        let outcome = call.clone().repeated(6).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{outcome}");
        assert_eq!(outcome.stderr.matches("error: ").count(), 1, "{outcome}");
        // The next kubectl is told again, and so is a person who types it each time.
        let next = call.clone().run();
        assert!(next.stderr.contains("error: "), "{next}");
        let by_hand = call.without_env("KUBERNETES_EXEC_INFO").repeated(2).run();
        assert_eq!(by_hand.stderr.matches("error: ").count(), 2, "{by_hand}");
    }
    // Another mistake is another one.
    let mistakes = sandbox.get_token().arg("--no-such-flag");
    let two = "\"$@\"; \"$@\" --other";
    let outcome = mistakes.through(&["sh", "-c", two, "sh"]).run();
    assert_eq!(outcome.stderr.matches("error: ").count(), 2, "{outcome}");
}
