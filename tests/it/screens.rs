//! Screens of a terminal of 80 columns: what stands in each line, and that no colour is set, so that they can be read on light and on dark.

use std::io::Read;

use nix::pty::Winsize;

use crate::explain::EXEC_INFO;
use crate::support::{Call, Outcome, Sandbox, Terminal, finish};

const SIZE: Winsize = Winsize {
    ws_row: 24,
    ws_col: 80,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// Everything that the program writes to the terminal, with what differs from run to run replaced.
fn screen(sandbox: &Sandbox, call: &Call) -> String {
    let Terminal { mut far, near } = Terminal::open_with_size(Some(&SIZE));
    let call =
        call.clone()
            .env("TERM", "xterm-256color")
            .through(&["sh", "-c", "exec \"$@\" 1>&0 2>&0", "sh"]);
    let child = call.with_stdin(near).spawn();
    let mut shown = Vec::new();
    let mut byte = [0];
    // Linux tells the end of a terminal as an error.
    while far.read(&mut byte).is_ok_and(|length| length == 1) {
        shown.push(byte[0]);
    }
    let code = finish(child).code;
    let outcome = Outcome {
        code,
        stdout: without_styles(&String::from_utf8(shown).unwrap()),
        stderr: String::new(),
    };
    sandbox.filtered(&outcome)
}

/// Bold, underlined, and the black on white of a QR code, which no theme changes.
const STYLES: [&str; 4] = ["0", "1", "4", "38;5;16;48;5;231"];

/// Removes the styles, of which no other may be there, and what was erased.
fn without_styles(shown: &str) -> String {
    let mut text = String::new();
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        text += before;
        let end = after
            .find(|c: char| c.is_ascii_alphabetic())
            .expect("a control sequence");
        match &after[..=end] {
            "2K" => text.truncate(text.rfind('\n').map_or(0, |at| at + 1)),
            style => assert!(
                STYLES.contains(&&after[..end]) && style.ends_with('m'),
                "{style:?} in {shown:?}"
            ),
        }
        rest = &after[end + 1..];
    }
    (text + rest).replace('\r', "")
}

/// Only what is one word to copy, such as an address, may be longer than the line.
fn fits(screen: &str) {
    for line in screen.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_help_is_wrapped_at_words() {
    let sandbox = Sandbox::new();
    let program = screen(&sandbox, &sandbox.bare(&["-h"]));
    fits(&program);
    insta::assert_snapshot!(program, @"
    kubectl credential plugin for OpenID Connect: signs you in once and stays out of
    the way

    Usage: kubesesame [OPTIONS] <COMMAND>

    Commands:
      setup       Sign in once, show what the cluster makes of your token, and set
                  up kubectl
      login       Sign in now, for a user of the kubeconfig or with the flags of
                  get-token
      status      Show who you are signed in as, until when, and which users of the
                  kubeconfig use it [alias: whoami]
      doctor      Find out what is wrong between kubeconfig and API server, and how
                  to correct it
      explain     Say what an error means, its usual causes, and what to do
      token       Look at a token: `inspect` says what is in it, and what the API
                  server makes of it
      cluster     Configure a cluster's API server for the provider, from one
                  description (kubesesame-cluster)
      rbac        Write roles and bindings for the groups of the provider
                  (kubesesame-cluster)
      kubeconfig  Change kubeconfigs: `convert` those of kubectl oidc-login, or
                  `restore` them
      logout      End a session: revoke its refresh token at the provider, and
                  remove it here
      clean       Remove all your sessions on this machine, and revoke nothing
      get-token   Print an ExecCredential for kubectl, signing in only when there is
                  no other way
      completion  Print the script that completes commands, flags and names in your
                  shell
      version     Print the version

    Options:
      -v, --v[=<LEVEL>]  Log to standard error: 1 steps, 2 requests, 3 headers; no
                         secrets
      -h, --help         Print help (see more with '--help')
      -V, --version      Print version
    exit: 0
    ");
}

#[test]
fn the_help_of_get_token_is_wrapped_at_words() {
    let sandbox = Sandbox::new();
    let get_token = screen(&sandbox, &sandbox.bare(&["get-token", "-h"]));
    fits(&get_token);
    insta::assert_snapshot!(get_token, @"
    Print an ExecCredential for kubectl, signing in only when there is no other way

    Usage: kubesesame get-token [OPTIONS]

    Options:
      -v, --v[=<LEVEL>]  Log to standard error: 1 steps, 2 requests, 3 headers; no
                         secrets
      -h, --help         Print help (see more with '--help')

    Provider:
          --oidc-issuer-url <URL>
              Issuer, exactly as the provider and the API server spell it
          --oidc-client-id <ID>
              Client id of the app
          --oidc-client-secret-file <FILE>
              File with the client secret, private to you; keeps it out of
              kubeconfigs and process lists
          --account <NAME>
              Account to sign in with, where you have several at the provider; each
              has a session of its own
          --oidc-extra-scope <SCOPE>
              Scope to ask for besides `openid` (repeat, or separate by commas or
              spaces)

    Session:
          --token-cache-storage <STORAGE>
              Where sessions are kept: `disk`, `keyring` (sealed with a key of the
              OS keyring), `auto` (keyring where there is one), or `none` to sign in
              with each call [default: disk]
          --force-refresh[=<BOOL>]
              Refresh the token even if the stored one is still good

    Sign-in:
          --grant-type <GRANT>
              How to sign in: `auto`, `authcode`, `authcode-keyboard`,
              `device-code`, `password`, `client-credentials` [default: auto]
          --listen-address <HOST:PORT>
              Address to wait on for the browser, the first free one (repeat, or
              separate by commas) [default: 127.0.0.1:8000,127.0.0.1:18000]
          --skip-open-browser[=<BOOL>]
              Print the URL instead of opening a browser

    TLS:
          --certificate-authority <FILE>
              PEM file with the certificate authorities to trust in place of the
              system's (repeat)
    exit: 0
    ");
}

#[test]
fn an_error_has_its_cause_its_hint_and_where_to_read_more() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(screen(&sandbox, &sandbox.bare(&["get-token"])), @"
    error: --oidc-issuer-url is missing
    hint: give the issuer that the API server trusts, for example --oidc-issuer-url=https://example.okta.com/oauth2/default
    help: kubesesame explain issuer-missing
    exit: 2
    ");
    // Under kubectl, which passes on its terminal.
    let call = sandbox
        .bare(&["get-token"])
        .env("KUBERNETES_EXEC_INFO", EXEC_INFO);
    insta::assert_snapshot!(screen(&sandbox, &call), @"
    error: --oidc-issuer-url is missing
    hint: give the issuer that the API server trusts, for example --oidc-issuer-url=https://example.okta.com/oauth2/default
    help: kubesesame explain issuer-missing
    exit: 2
    ");
    insta::assert_snapshot!(screen(&sandbox, &sandbox.bare(&["stats"])), @"
    error: unrecognized subcommand 'stats'
    hint: did you mean `status`? otherwise see kubesesame --help
    exit: 2
    ");
}

#[test]
fn what_to_do_next_is_named_to_somebody_who_is_not_signed_in() {
    let sandbox = Sandbox::new();
    let nobody = screen(&sandbox, &sandbox.bare(&[]));
    fits(&nobody);
    insta::assert_snapshot!(nobody, @"
    You are not signed in: there is no session.

    next: kubesesame setup
    exit: 0
    ");
}

#[test]
fn a_device_code_is_written_out() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.device_interval_secs = Some(0));
    let call = sandbox
        .get_token()
        .without_env("KUBERNETES_EXEC_INFO")
        .without("--browser-command")
        .arg("--grant-type=device-code");
    let shown = screen(&sandbox, &call);
    // After the picture, which another test looks at.
    let (_, shown) = shown.split_once("sign in at ").unwrap();
    let shown = shown.split("{\"apiVersion\"").next().unwrap();
    insta::assert_snapshot!(shown, @"
    [ORIGIN]/activate with the code [CODE]
    or open this URL, which has the code in it:
    [ORIGIN]/activate?user_code=[CODE]
    signed in as 00ualice for [N] minutes, until [TIME] UTC (2 groups)
    ");
}
