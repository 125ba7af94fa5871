//! Refused command lines and the help: exit code 2, nothing on stdout, nothing asked of anybody.

use crate::support::Sandbox;

#[test]
fn settings_that_are_missing_or_wrong_are_named_with_the_right_form() {
    let sandbox = Sandbox::new();
    let issuer = "--oidc-issuer-url=https://example.okta.com/oauth2/default";
    let cases: [(&[&str], &str); 17] = [
        (&[], "--oidc-issuer-url is missing"),
        (&["--oidc-issuer-url="], "--oidc-issuer-url is missing"),
        (&["--oidc-issuer-url=example.okta.com"], "is not a URL"),
        (&["--oidc-issuer-url=http://example.okta.com"], "is not https"),
        (&["--oidc-issuer-url=ftp://example.okta.com"], "is not https"),
        (
            &["--oidc-issuer-url=https://example.okta.com/?a=b"],
            "has a query",
        ),
        (
            &["--oidc-issuer-url=https://example.okta.com/#a"],
            "has a fragment",
        ),
        (
            &["--oidc-issuer-url=https://me@example.okta.com/"],
            "has a user name",
        ),
        (&["--oidc-issuer-url=\u{1b}[31mred"], "is not a URL"),
        (&[issuer], "--oidc-client-id is missing"),
        (&[issuer, "--oidc-client-id="], "--oidc-client-id is missing"),
        (
            &[issuer, "--oidc-client-id=c", "--oidc-pkce-method=plain"],
            "none of `auto`, `S256`, `no`",
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
        let args: Vec<&str> = ["get-token"].iter().chain(args).copied().collect();
        let outcome = sandbox.bare(&args).run();
        outcome.fails(2, &[words]);
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
    }
    assert!(!sandbox.path(".kube").exists());
}

#[test]
fn values_and_flags_that_do_not_exist_are_refused_with_the_nearest() {
    let sandbox = Sandbox::new();
    let cases: [(&[&str], &str); 6] = [
        (&["get-token", "--oidc-isuer-url=x"], "--oidc-issuer-url"),
        (&["get-tokn"], "get-token"),
        (&["get-token", "extra"], "extra"),
        (
            &["get-token", "--authentication-timeout-sec=0"],
            "0 is not in 1..=86400",
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

#[test]
fn without_a_command_the_help_is_shown_and_that_is_a_mistake() {
    let outcome = Sandbox::new().bare(&[]).run();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(2), ""),
        "{outcome}"
    );
    assert!(outcome.stderr.contains("Usage: kubesesame"), "{outcome}");
}

#[test]
fn the_help_is_a_success() {
    insta::assert_snapshot!(Sandbox::new().bare(&["--help"]).run(), @"
    kubectl credential plugin for OpenID Connect: signs you in once and stays out of the way

    Usage: kubesesame [OPTIONS] <COMMAND>

    Commands:
      get-token   Print an ExecCredential for kubectl, signing in only when there is no other way
      setup       Sign in once, show the claims and who the cluster will say you are, and how to set up
                  kubectl
      kubeconfig  Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them

    Options:
      -v, --v [<LEVEL>]  Tell the steps on standard error; never tells a secret
      -h, --help         Print help
      -V, --version      Print version

    Exit codes:
      0  done
      1  failed
      2  the command line, or what kubectl passed, cannot be used
      3  a sign-in is needed, and nobody could attend to it here
    exit: 0
    ");
}

#[test]
fn the_help_of_get_token_names_every_flag() {
    insta::assert_snapshot!(Sandbox::new().bare(&["get-token", "--help"]).run(), @"
    Print an ExecCredential for kubectl, signing in only when there is no other way

    Usage: kubesesame get-token [OPTIONS]

    Options:
      -v, --v [<LEVEL>]  Tell the steps on standard error; never tells a secret
      -h, --help         Print help

    Provider:
          --oidc-issuer-url <URL>        Issuer, exactly as the provider and the API server spell it
          --oidc-client-id <ID>          Client id of the app
          --oidc-client-secret <SECRET>  Client secret, if the app has one; a native app needs none
          --oidc-extra-scope <SCOPE>     Scope to ask for besides `openid` (repeat, or separate by
                                         commas or spaces)
          --oidc-redirect-url <URL>      Redirect URI that is registered at the provider [default:
                                         http://localhost:PORT]
          --oidc-pkce-method <METHOD>    PKCE: `auto` and `S256` always send it, `no` turns it off
                                         [default: auto]

    Session:
          --token-cache-dir <DIR>   Directory for sessions [default: $KUBECACHEDIR/kubesesame or
                                    ~/.kube/cache/kubesesame]
          --force-refresh[=<BOOL>]  Renew the token even if the stored one is still good

    Sign-in:
          --listen-address <HOST:PORT>
              Address to wait on for the browser, the first free one (repeat, or separate by commas)
              [default: 127.0.0.1:8000,127.0.0.1:18000]
          --skip-open-browser[=<BOOL>]
              Print the URL instead of opening a browser
          --browser-command <COMMAND>
              Command that opens the URL, with arguments if need be; the URL is put at its end
          --authentication-timeout-sec <SECONDS>
              How long to wait for the sign-in [default: 180]

    TLS:
          --certificate-authority <FILE>
              PEM file with the certificate authorities to trust in place of the system's (repeat)
          --certificate-authority-data <BASE64>
              The same as base64 of PEM (repeat)
          --insecure-skip-tls-verify[=<BOOL>]
              Trust any certificate of the provider: for a test at most

    Exit codes:
      0  done
      1  failed
      2  the command line, or what kubectl passed, cannot be used
      3  a sign-in is needed, and nobody could attend to it here
    exit: 0
    ");
}

#[test]
fn the_help_of_setup_names_every_flag() {
    insta::assert_snapshot!(Sandbox::new().bare(&["setup", "--help"]).run(), @r#"
    Sign in once, show the claims and who the cluster will say you are, and how to set up kubectl

    Usage: kubesesame setup [OPTIONS]

    Options:
      -v, --v [<LEVEL>]  Tell the steps on standard error; never tells a secret
      -h, --help         Print help

    Provider:
          --oidc-issuer-url <URL>        Issuer, exactly as the provider and the API server spell it
          --oidc-client-id <ID>          Client id of the app
          --oidc-client-secret <SECRET>  Client secret, if the app has one; a native app needs none
          --oidc-extra-scope <SCOPE>     Scope to ask for besides `openid` (repeat, or separate by
                                         commas or spaces)
          --oidc-redirect-url <URL>      Redirect URI that is registered at the provider [default:
                                         http://localhost:PORT]
          --oidc-pkce-method <METHOD>    PKCE: `auto` and `S256` always send it, `no` turns it off
                                         [default: auto]

    Sign-in:
          --listen-address <HOST:PORT>
              Address to wait on for the browser, the first free one (repeat, or separate by commas)
              [default: 127.0.0.1:8000,127.0.0.1:18000]
          --skip-open-browser[=<BOOL>]
              Print the URL instead of opening a browser
          --browser-command <COMMAND>
              Command that opens the URL, with arguments if need be; the URL is put at its end
          --authentication-timeout-sec <SECONDS>
              How long to wait for the sign-in [default: 180]

    TLS:
          --certificate-authority <FILE>
              PEM file with the certificate authorities to trust in place of the system's (repeat)
          --certificate-authority-data <BASE64>
              The same as base64 of PEM (repeat)
          --insecure-skip-tls-verify[=<BOOL>]
              Trust any certificate of the provider: for a test at most

    Cluster:
          --username-claim <CLAIM>    Claim that the API server takes the user name from [default: sub]
          --username-prefix <PREFIX>  What the API server puts before the user name [default: ISSUER#,
                                      or nothing for `email`]
          --groups-claim <CLAIM>      Claim that the API server takes the groups from [default: groups]
          --groups-prefix <PREFIX>    What the API server puts before each group [default: ""]

    Exit codes:
      0  done
      1  failed
      2  the command line, or what kubectl passed, cannot be used
      3  a sign-in is needed, and nobody could attend to it here
    exit: 0
    "#);
}

#[test]
fn the_version_is_a_success() {
    insta::assert_snapshot!(Sandbox::new().bare(&["--version"]).run(), @"
    kubesesame 0.1.0
    exit: 0
    ");
}
