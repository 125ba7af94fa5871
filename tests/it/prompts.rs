//! What a person types at a terminal: a code or an address.

use std::io::{BufRead, Read, Write};
use std::process::Child;

use crate::support::{Call, Sandbox, Terminal, finish, unread};
use okta::Endpoint;

/// As kubectl calls when a person sits at a terminal.
pub(crate) const INTERACTIVE: &str =
    r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}"#;

/// A run with a terminal that the test types into.
pub(crate) fn typing(call: &Call) -> (Child, std::fs::File) {
    let Terminal { far, near } = Terminal::open();
    (call.clone().with_stdin(near).spawn(), far)
}

/// Reads standard error up to the prompt, and returns the URL in it.
pub(crate) fn url_before_prompt(child: &mut Child) -> String {
    let mut reader = unread(child);
    let mut url = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no URL");
        if line.starts_with("http") {
            url.push_str(line.trim());
            break;
        }
    }
    let mut prompt = [0; 10];
    reader.read_exact(&mut prompt).unwrap();
    assert_eq!(&prompt, b"Enter code");
    child.stderr = Some(reader.into_inner());
    url
}

pub(crate) fn keyboard(sandbox: &Sandbox) -> Call {
    sandbox
        .get_token()
        .without("--listen-address")
        .without("--browser-command")
        .arg("--grant-type=authcode-keyboard")
        .arg("--oidc-redirect-url=http://localhost:18000")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
}

#[test]
fn a_pasted_code_or_the_whole_address_signs_in() {
    for whole in [true, false] {
        let sandbox = Sandbox::unattended();
        let (mut child, mut terminal) = typing(&keyboard(&sandbox));
        let address = crate::support::redirect_of(&url_before_prompt(&mut child));
        assert!(address.starts_with("http://localhost:18000"), "{address}");
        let code = url::Url::parse(&address)
            .unwrap()
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned();
        writeln!(terminal, "{}", if whole { &address } else { &code }).unwrap();
        let outcome = finish(child);
        outcome.token();
        assert!(!outcome.stderr.contains("redirect URI"), "{outcome}");
    }
}

/// kubelogin's older flag, whose default lives on in kubeconfigs.
#[test]
fn the_redirect_of_the_older_flag_is_sent_with_a_note_and_the_session_is_refreshed() {
    let sandbox = Sandbox::unattended();
    let redirect = "urn:ietf:wg:oauth:2.0:oob";
    sandbox
        .okta
        .behave(|behaviour| behaviour.redirect_uris.push(redirect.to_owned()));
    let call = keyboard(&sandbox)
        .without("--oidc-redirect-url")
        .arg(&format!("--oidc-redirect-url-authcode-keyboard={redirect}"));
    let (child, mut terminal) = typing(&call);
    let (child, told, url) = crate::support::url_from_stderr(child);
    let note = "--oidc-redirect-url-authcode-keyboard is now --oidc-redirect-url\n";
    assert!(told.contains(note), "{told}");
    let address = crate::support::redirect_of(&url);
    assert!(address.starts_with(redirect), "{address}");
    writeln!(terminal, "{address}").unwrap();
    let token = finish(child).token();
    sandbox.expire();
    let refreshed = call.run();
    assert_ne!(refreshed.token(), token);
    assert_eq!(
        (sandbox.grants("refresh_token"), refreshed.stderr.as_str()),
        (1, "")
    );
}

#[test]
fn without_a_redirect_url_none_is_sent_and_nothing_pasted_ends_in_time() {
    let sandbox = Sandbox::unattended();
    let call = keyboard(&sandbox)
        .without("--oidc-redirect-url")
        .arg("--authentication-timeout-sec=1");
    let (child, _terminal) = typing(&call);
    let (child, told, url) = crate::support::url_from_stderr(child);
    // Told before the person goes to the provider, most of which show an error page then.
    for words in [
        "no redirect URI is sent",
        "--oidc-redirect-url=URI",
        "http://localhost:8000",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(
        url.contains("response_type=code") && !url.contains("redirect_uri"),
        "{url}"
    );
    let outcome = finish(child);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{outcome}"
    );
    assert!(
        outcome.stderr.contains("nothing was pasted within 1 s"),
        "{outcome}"
    );
}

#[test]
fn a_pasted_address_of_another_sign_in_is_refused() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    url_before_prompt(&mut child);
    writeln!(terminal, "http://localhost:18000/?code=stolen&state=other").unwrap();
    writeln!(terminal).unwrap();
    // The end of the input, as Ctrl-D gives it.
    terminal.write_all(b"\x04").unwrap();
    let outcome = finish(child);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{outcome}"
    );
    assert!(outcome.stderr.contains("it is of another sign-in"), "{outcome}");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
}

#[test]
fn after_a_wrong_paste_the_right_one_counts() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    let address = crate::support::redirect_of(&url_before_prompt(&mut child));
    writeln!(terminal, "http://localhost:18000/?code=stolen&state=other").unwrap();
    writeln!(terminal, "  '{address}'").unwrap();
    let outcome = finish(child);
    outcome.token();
    assert!(outcome.stderr.contains("it is of another sign-in"), "{outcome}");
    assert!(
        !outcome.stderr.contains('\u{1b}'),
        "control sequences:\n{outcome}"
    );
}

#[test]
fn the_end_of_the_input_ends_the_question() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    url_before_prompt(&mut child);
    terminal.write_all(b"\x04").unwrap();
    let outcome = finish(child);
    outcome.fails(1, &["the input ended before anything was pasted"]);
}

#[test]
fn without_pkce_the_pasted_code_comes_with_a_warning() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox).arg("--oidc-pkce-method=no"));
    let mut warning = String::new();
    let mut reader = unread(&mut child);
    reader.read_line(&mut warning).unwrap();
    assert!(warning.starts_with("warning: --oidc-pkce-method=no"), "{warning}");
    child.stderr = Some(reader.into_inner());
    terminal.write_all(b"\x04").unwrap();
    finish(child);
}

/// A browser has opened, and nobody sees it: the address of another one can be pasted, and Enter opens this one again.
#[test]
fn beside_a_browser_that_was_opened_the_answer_can_be_pasted() {
    let sandbox = Sandbox::unattended();
    let call = sandbox.get_token().env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let (child, mut terminal) = typing(&call);
    let (child, told, url) = crate::support::url_from_stderr(child);
    assert!(told.contains("if no browser opens, open this URL"), "{told}");
    sandbox.wait_for_tabs(1);
    writeln!(terminal).unwrap();
    assert_eq!(sandbox.wait_for_tabs(2), url);
    writeln!(terminal, "{}", crate::support::redirect_of(&url)).unwrap();
    let outcome = finish(child);
    outcome.token();
    assert!(
        outcome.stderr.contains("Enter alone opens the browser again"),
        "{outcome}"
    );
    assert!(
        !outcome.stderr.contains('\u{1b}'),
        "control sequences:\n{outcome}"
    );
}

/// No browser was started, so none can be opened again.
#[test]
fn beside_a_browser_that_could_not_be_started_no_other_is_promised() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .with("--browser-command", "no-such-browser-anywhere")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let (child, mut terminal) = typing(&call);
    let (child, told, url) = crate::support::url_from_stderr(child);
    assert!(told.contains("the browser could not be opened"), "{told}");
    let (child, told) = up_to(child, "paste here: ");
    assert!(
        told.contains("paste the address of that page") && !told.contains("again"),
        "{told}"
    );
    writeln!(terminal).unwrap();
    let (child, told) = up_to(child, "paste here: ");
    assert!(told.contains("paste the code, or the address"), "{told}");
    writeln!(terminal, "{}", crate::support::redirect_of(&url)).unwrap();
    finish(child).token();
}

/// Ctrl-D takes the question away, and the browser may still come back.
#[test]
fn the_end_of_the_input_leaves_the_listener_waiting() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let (child, mut terminal) = typing(&call);
    let (child, _, url) = crate::support::url_from_stderr(child);
    writeln!(terminal).unwrap();
    terminal.write_all(b"\x04").unwrap();
    let told = "nothing can be pasted any more; waiting for the browser";
    let (child, stderr) = up_to(child, told);
    assert!(
        stderr.contains("paste the code, or the address that the browser ended on"),
        "{stderr}"
    );
    assert!(!stderr.contains("it is empty"), "{stderr}");
    crate::support::visit(&url);
    let outcome = finish(child);
    outcome.token();
    assert!(!outcome.stderr.contains(told), "{outcome}");
}

/// Over SSH: the URL is printed, the browser is on another machine, and where it ended is pasted.
#[test]
fn at_a_terminal_without_a_desktop_the_answer_can_be_pasted() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let (mut child, mut terminal) = typing(&call);
    let (back, _, url) = crate::support::url_from_stderr(child);
    child = back;
    let address = crate::support::redirect_of(&url);
    writeln!(terminal, "http://localhost:1/?code=x&state=other").unwrap();
    writeln!(terminal, "{address}").unwrap();
    let outcome = finish(child);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("it is of another sign-in"), "{outcome}");
}

/// The browser was on this machine after all, and what is told then must not wait for a line that nobody types.
#[test]
fn at_a_terminal_without_a_desktop_the_browser_may_come_back_by_itself() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .without("--oidc-extra-scope")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let (child, _terminal) = typing(&call);
    let (child, _, url) = crate::support::url_from_stderr(child);
    crate::support::visit(&url);
    let outcome = finish(child);
    outcome.token();
    assert!(outcome.stderr.contains("sent no refresh token"), "{outcome}");
}

#[test]
fn nobody_is_asked_where_kubectl_has_not_handed_over_the_terminal() {
    let sandbox = Sandbox::unattended();
    let not_handed_over = INTERACTIVE.replace("true", "false");
    let call = keyboard(&sandbox)
        .env("KUBERNETES_EXEC_INFO", &not_handed_over)
        .at_terminal();
    call.run()
        .fails(3, &["asks for a code, and nobody can be asked here"]);
    keyboard(&sandbox)
        .run()
        .fails(3, &["asks for a code, and nobody can be asked here"]);
}

/// What was typed and not read would be run by the shell.
#[test]
fn what_is_typed_and_not_read_does_not_reach_the_shell() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let Terminal {
        far: mut terminal,
        near,
    } = Terminal::open();
    let mut shell = std::fs::File::from(near.try_clone().unwrap());
    let child = call.with_stdin(near).spawn();
    let (child, _, url) = crate::support::url_from_stderr(child);
    let (child, told) = up_to(child, "paste here: ");
    assert!(
        told.contains("a page that cannot be reached is expected")
            && told.contains("paste the address of that page"),
        "{told}"
    );
    terminal.write_all(b"touch late").unwrap();
    let mut echo = [0; 10];
    terminal.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"touch late");
    crate::support::visit(&url);
    finish(child).token();
    terminal.write_all(b"\n").unwrap();
    let mut line = [0; 80];
    let length = shell.read(&mut line).unwrap();
    assert_eq!(String::from_utf8_lossy(&line[..length]), "\n");
}

/// Reads standard error up to this text.
pub(crate) fn up_to(mut child: Child, end: &str) -> (Child, String) {
    let mut stderr = child.stderr.take().unwrap();
    let mut told = Vec::new();
    let mut byte = [0];
    while !told.ends_with(end.as_bytes()) {
        assert_eq!(
            stderr.read(&mut byte).unwrap(),
            1,
            "{}",
            String::from_utf8_lossy(&told)
        );
        told.push(byte[0]);
    }
    child.stderr = Some(stderr);
    (child, String::from_utf8(told).unwrap())
}

/// Where a terminal shows standard error, the last line tells how much time there is, and is gone when the answer is there.
#[test]
fn at_a_terminal_the_time_left_is_shown_and_taken_back() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
        .env("TERM", "xterm")
        .through(&["sh", "-c", "exec \"$@\" 2>&0", "sh"]);
    let (child, mut terminal) = typing(&call);
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(b"[within 3 min] paste here: ") {
        assert_eq!(terminal.read(&mut byte).unwrap(), 1);
        shown.push(byte[0]);
    }
    let shown = String::from_utf8(shown).unwrap();
    let url = shown.lines().find(|line| line.starts_with("http")).unwrap();
    writeln!(terminal, "http://localhost:1/?code=x&state=other").unwrap();
    let mut refused = Vec::new();
    while !refused.ends_with(b"it is of another sign-in\r\n[within 3 min] paste here: ") {
        assert_eq!(terminal.read(&mut byte).unwrap(), 1);
        refused.push(byte[0]);
    }
    crate::support::visit(url.trim());
    finish(child).token();
    let mut rest = Vec::new();
    // Linux tells the end of a terminal as an error.
    while terminal.read(&mut byte).is_ok_and(|length| length == 1) {
        rest.push(byte[0]);
    }
    let rest = String::from_utf8_lossy(&rest);
    let (before, line) = rest.split_once("signed in as 00ualice for ").unwrap();
    assert_eq!((before, line.lines().count()), ("\r\u{1b}[2K", 1), "{rest}");
}
