//! Refused command lines and the help: exit code 2, nothing on stdout, nothing asked of anybody.

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
    stderr: hint: name the file with --kubeconfig, or set KUBECONFIG
    exit: 1
    ");
}

#[test]
fn the_help_is_a_success() {
    insta::assert_snapshot!(Sandbox::new().bare(&["--help"]).run(), @"
    kubectl credential plugin for OpenID Connect: signs you in once and stays out of the way

    Examples:
      # Sign in, see your claims, and get the commands that set up kubectl
      kubesesame setup --oidc-issuer-url=https://ORG.okta.com/oauth2/default --oidc-client-id=ID

      # Move the users of `kubectl oidc-login` over: look first, then write
      kubesesame kubeconfig convert --dry-run
      kubesesame kubeconfig convert

      # Who am I, and until when?
      kubesesame status

      # Complete commands and flags in this bash
      source <(kubesesame completion bash)

    Usage: kubesesame [OPTIONS] <COMMAND>

    Commands:
      get-token   Print an ExecCredential for kubectl, signing in only when there is no other way
      login       Sign in now, for a user of the kubeconfig or with the flags of get-token
      status      Show who you are signed in as, until when, and which users of the kubeconfig use it
                  [alias: whoami]
      clean       Remove all your sessions on this machine
      version     Print the version
      completion  Print the script that completes commands, flags and names in your shell
      setup       Sign in once, show what the cluster makes of your token, and set up kubectl
      doctor      Find out what is wrong between kubeconfig and API server, and how to correct it
      kubeconfig  Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them
      token       Look at a token: `inspect` says what is in it, and what the API server makes of it

    Options:
      -v, --v[=<LEVEL>]
              Log to standard error: 1 steps, 2 requests, 3 headers; no secrets

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Without a command it signs in the `auth-provider: oidc` user of a kubeconfig (--kubeconfig,
    --context, --user, and the flags for sign-in and TLS of get-token) and writes the tokens there. An
    `exec` entry serves better: see `kubeconfig convert`. Where the kubeconfig has no such user,
    `kubesesame` alone at a terminal shows the status and the next step.

    Exit codes:
      0  done
      1  failed
      2  the command line, or what kubectl passed, cannot be used
      3  a sign-in is needed, and nobody could attend to it here
    exit: 0
    ");
}

#[test]
fn help_is_a_word_too_also_under_the_name_that_kubectl_looks_for() {
    let sandbox = Sandbox::new();
    let link = sandbox.path("kubectl-oidc_login");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubesesame"), &link).unwrap();
    for (words, flag) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "get-token"], &["get-token", "--help"]),
        (
            &["help", "kubeconfig", "convert"],
            &["kubeconfig", "convert", "--help"],
        ),
    ] {
        let by_flag = sandbox.bare(flag).run();
        assert_eq!(by_flag.code, Some(0), "{by_flag}");
        for call in [
            sandbox.bare(words),
            // A variable is no part of the help.
            sandbox.bare(words).env("KUBESESAME_USERNAME", "x"),
        ] {
            assert_eq!(call.run().to_string(), by_flag.to_string());
        }
        let mut by_link = std::process::Command::new(&link);
        let output = by_link.args(words).env_clear().output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(stdout.replace("kubectl-oidc_login", "kubesesame"), by_flag.stdout);
    }
    let outcome = sandbox.bare(&["help", "get-tokn"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("get-token"), "{outcome}");
}

#[test]
fn the_short_help_is_dense_and_the_long_one_begins_with_examples() {
    let sandbox = Sandbox::new();
    for words in [
        &[][..],
        &["get-token"],
        &["setup"],
        &["clean"],
        &["kubeconfig", "convert"],
        &["token", "inspect"],
    ] {
        let short = sandbox.bare(&[words, &["-h"]].concat()).run();
        let long = sandbox.bare(&[words, &["--help"]].concat()).run();
        assert_eq!((short.code, long.code), (Some(0), Some(0)), "{short} {long}");
        assert!(short.stdout.lines().count() <= 50, "{short}");
        assert!(!short.stdout.contains("Examples:"), "{short}");
        let (examples, usage) = (long.stdout.find("Examples:\n"), long.stdout.find("Usage: "));
        assert!(examples.is_some() && examples < usage, "{long}");
        assert!(
            long.stdout.lines().all(|line| line.chars().count() <= 100),
            "{long}"
        );
    }
}

#[test]
fn the_short_help_of_get_token_names_what_most_people_need() {
    insta::assert_snapshot!(Sandbox::new().bare(&["get-token", "-h"]).run(), @"
    Print an ExecCredential for kubectl, signing in only when there is no other way

    Usage: kubesesame get-token [OPTIONS]

    Options:
      -v, --v[=<LEVEL>]  Log to standard error: 1 steps, 2 requests, 3 headers; no secrets
      -h, --help         Print help (see more with '--help')

    Provider:
          --oidc-issuer-url <URL>           Issuer, exactly as the provider and the API server spell it
          --oidc-client-id <ID>             Client id of the app
          --oidc-client-secret-file <FILE>  File with the client secret, private to you; keeps it out of
                                            kubeconfigs and process lists
          --account <NAME>                  Account to sign in with, where you have several at the
                                            provider; each has a session of its own
          --oidc-extra-scope <SCOPE>        Scope to ask for besides `openid` (repeat, or separate by
                                            commas or spaces)

    Session:
          --token-cache-storage <STORAGE>  Where sessions are kept: `disk`, `keyring` (sealed with a key
                                           of the OS keyring), `auto` (keyring where there is one), or
                                           `none` to sign in with each call [default: disk]
          --force-refresh[=<BOOL>]         Refresh the token even if the stored one is still good

    Sign-in:
          --grant-type <GRANT>          How to sign in: `auto`, `authcode`, `authcode-keyboard`,
                                        `device-code`, `password`, `client-credentials` [default: auto]
          --listen-address <HOST:PORT>  Address to wait on for the browser, the first free one (repeat,
                                        or separate by commas) [default: 127.0.0.1:8000,127.0.0.1:18000]
          --skip-open-browser[=<BOOL>]  Print the URL instead of opening a browser

    TLS:
          --certificate-authority <FILE>  PEM file with the certificate authorities to trust in place of
                                          the system's (repeat)
    exit: 0
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

#[test]
fn the_help_of_get_token_names_every_flag() {
    insta::assert_snapshot!(
        "help_of_get_token",
        Sandbox::new().bare(&["get-token", "--help"]).run()
    );
}

#[test]
fn the_help_of_doctor_names_every_flag() {
    insta::assert_snapshot!("help_of_doctor", Sandbox::new().bare(&["doctor", "--help"]).run());
}

#[test]
fn the_help_of_setup_names_every_flag() {
    insta::assert_snapshot!("help_of_setup", Sandbox::new().bare(&["setup", "--help"]).run());
}

#[test]
fn the_help_of_clean_names_every_place_that_it_looks_at() {
    insta::assert_snapshot!(Sandbox::new().bare(&["clean", "--help"]).run(), @"
    Remove all your sessions on this machine

    Examples:
      # The next kubectl command signs in anew
      kubesesame clean

    Usage: kubesesame clean [OPTIONS]

    Options:
          --token-cache-dir <DIR>
              Directory for sessions [default: $KUBECACHEDIR/kubesesame or ~/.kube/cache/kubesesame]

      -v, --v[=<LEVEL>]
              Log to standard error: 1 steps, 2 requests, 3 headers; no secrets

      -h, --help
              Print help (see a summary with '-h')

    It removes every session of yours, whatever the issuer and the account, in the directory above and
    in those where sessions are kept when the home cannot be written: $XDG_RUNTIME_DIR/kubesesame, and
    kubesesame-UID among the temporary files ($TMPDIR, such as /tmp/kubesesame-1000). Tokens that a call
    without a command has kept in ~/.kube/cache/kubesesame, to be written into the kubeconfig by the
    next one, go too. Tokens that were already issued stay valid until they expire.
    exit: 0
    ");
}

#[test]
fn the_version_is_a_success() {
    insta::assert_snapshot!(Sandbox::new().bare(&["--version"]).run(), @"
    kubesesame 0.1.0
    exit: 0
    ");
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
