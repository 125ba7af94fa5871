//! The help of each command, and the version.

use crate::support::Sandbox;

#[test]
fn the_help_is_a_success() {
    insta::assert_snapshot!(Sandbox::new().bare(&["--help"]).run(), @r"
    kubectl credential plugin for OpenID Connect: signs you in once and stays out of the way

    Examples:
      # Sign in, see your claims, and get the commands that set up kubectl
      kubesesame setup --oidc-issuer-url=https://ORG.okta.com/oauth2/default \
        --oidc-client-id=ID

      # Sign in now, for the user of the current context
      kubesesame login

      # Who am I, and until when?
      kubesesame status

      # Find out what is wrong, and what an error means
      kubesesame doctor
      kubesesame explain issuer-mismatch

      # Move the users of `kubectl oidc-login` over: look first, then write
      kubesesame kubeconfig convert --dry-run
      kubesesame kubeconfig convert

      # Complete commands and flags in this bash
      source <(kubesesame completion bash)

    Usage: kubesesame [OPTIONS] <COMMAND>

    Commands:
      setup       Sign in once, show what the cluster makes of your token, and set up kubectl
      login       Sign in now, for a user of the kubeconfig or with the flags of get-token
      status      Show who you are signed in as, until when, and which users of the kubeconfig use it
                  [alias: whoami]
      doctor      Find out what is wrong between kubeconfig and API server, and how to correct it
      explain     Say what an error means, its usual causes, and what to do
      token       Look at a token: `inspect` says what is in it, and what the API server makes of it
      cluster     Configure a cluster's API server for the provider, from one description
                  (kubesesame-cluster)
      rbac        Write roles and bindings for the groups of the provider (kubesesame-cluster)
      kubeconfig  Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them
      logout      End a session: revoke its refresh token at the provider, and remove it here
      clean       Remove all your sessions on this machine, and revoke nothing
      get-token   Print an ExecCredential for kubectl, signing in only when there is no other way
      completion  Print the script that completes commands, flags and names in your shell
      version     Print the version

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

/// Of the commands that have a program of their own, too.
#[test]
fn a_line_of_usage_has_80_columns_at_most() {
    let sandbox = Sandbox::new();
    for command in [
        "rbac can",
        "rbac explain",
        "cluster authn",
        "logout",
        "token inspect",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["-h"]).collect();
        let help = sandbox.bare(&words).run();
        let usage = help.stdout.lines().find(|line| line.starts_with("Usage: "));
        let columns = usage.map(|usage| usage.chars().count());
        assert!(columns.is_some_and(|columns| columns <= 80), "{command}: {help}");
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
    Remove all your sessions on this machine, and revoke nothing: see `kubesesame logout`

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
    next one, go too, and so do refresh tokens that a logout could not revoke. That somebody has signed
    out (kubesesame logout) is forgotten as well, so the next call may take over a session of kubectl
    oidc-login. Tokens that were already issued stay valid until they expire.
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
