//! A user name and a password, typed at a terminal or given, and how they are refused.

use std::io::{BufRead, Read, Write};
use std::process::Child;

use crate::prompts::{INTERACTIVE, typing, up_to};
use crate::support::{Call, Sandbox, Terminal, finish, unread};
use okta::{Endpoint, Fault, FaultKind};

/// A run with a terminal of its own to ask for a password on.
fn at_own_terminal(call: &Call) -> (Child, std::fs::File) {
    let call = call
        .clone()
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
        .through(&["setsid", "--ctty", "--wait"]);
    typing(&call)
}

/// The same, where this is typed at each prompt.
fn typing_passwords(call: &Call, passwords: &[&str]) -> crate::support::Outcome {
    let (child, terminal) = at_own_terminal(call);
    type_passwords(child, terminal, passwords)
}

fn type_passwords(child: Child, mut terminal: std::fs::File, passwords: &[&str]) -> crate::support::Outcome {
    for password in passwords {
        type_password(&mut terminal, password);
    }
    finish(child)
}

/// Types it at the next prompt.
fn type_password(terminal: &mut std::fs::File, password: &str) {
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(b"Password: ") {
        assert_eq!(terminal.read(&mut byte).unwrap(), 1);
        shown.push(byte[0]);
    }
    assert!(
        !String::from_utf8_lossy(&shown).contains("wrong"),
        "a password was shown"
    );
    wait_until_hidden(terminal);
    writeln!(terminal, "{password}").unwrap();
}

/// The prompt comes a moment before the terminal no longer shows what is typed, and nobody types that fast.
fn wait_until_hidden(terminal: &std::fs::File) {
    use nix::sys::termios::{LocalFlags, tcgetattr};

    crate::support::wait_until("the terminal hides what is typed", || {
        let flags = tcgetattr(terminal).unwrap().local_flags;
        !flags.contains(LocalFlags::ECHO)
    });
}

/// A terminal that is prepared before the call begins.
fn at_prepared_terminal(
    call: &Call,
    prepare: impl FnOnce(&mut std::fs::File, &std::os::fd::OwnedFd),
) -> (Child, std::fs::File) {
    let Terminal {
        far: mut terminal,
        near,
    } = Terminal::open();
    prepare(&mut terminal, &near);
    let call = call
        .clone()
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
        .through(&["setsid", "--ctty", "--wait"]);
    (call.with_stdin(near).spawn(), terminal)
}

/// As with every other program: it was meant for something else, and everybody could see it.
#[test]
fn what_was_typed_before_the_prompt_is_no_password() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg(&format!("--username={}", user.login));
    let ahead = |terminal: &mut std::fs::File, _: &_| terminal.write_all(b"typed ahead\nand more").unwrap();
    let (child, terminal) = at_prepared_terminal(&call, ahead);
    let outcome = type_passwords(child, terminal, &[&user.password]);
    outcome.token();
    assert_eq!(sandbox.grants("password"), 1, "{outcome}");
}

/// A full-screen program has set it so, and calls kubectl.
#[test]
fn a_name_and_a_password_are_typed_at_a_terminal_in_raw_mode_which_stays_so() {
    use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

    for keys in ["\r", "\n", "\x03"] {
        let sandbox = Sandbox::unattended();
        let user = sandbox.okta.behaviour().user;
        // Whoever runs the tests may ignore Ctrl-C, which the program would inherit.
        let call = sandbox.get_token().by_clock_of(&sandbox);
        let call = call.arg("--grant-type=password");
        let raw = |_: &mut _, slave: &std::os::fd::OwnedFd| {
            let mut settings = tcgetattr(slave).unwrap();
            cfmakeraw(&mut settings);
            tcsetattr(slave, SetArg::TCSANOW, &settings).unwrap();
        };
        let (child, mut terminal) = at_prepared_terminal(&call, raw);
        let before = tcgetattr(&terminal).unwrap();
        let (child, _) = up_to(child, "Username: ");
        write!(terminal, "{}{}", user.login, keys.replace('\x03', "\r")).unwrap();
        let mut shown = Vec::new();
        let mut byte = [0];
        while !shown.ends_with(b"Password: ") {
            assert_eq!(terminal.read(&mut byte).unwrap(), 1);
            shown.push(byte[0]);
        }
        assert!(!before.local_flags.contains(LocalFlags::ICANON));
        write!(terminal, "{}{keys}", user.password).unwrap();
        let outcome = finish(child);
        assert_eq!(tcgetattr(&terminal).unwrap(), before, "{keys:?}");
        if keys == "\x03" {
            assert!(
                outcome.code != Some(0) && sandbox.grants("password") == 0,
                "{outcome}"
            );
            assert!(!outcome.stderr.contains("within"), "{outcome}");
        } else {
            outcome.token();
        }
    }
}

#[test]
fn a_user_name_is_asked_for_where_none_is_given() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg("--grant-type=password");
    let (mut child, mut terminal) = at_own_terminal(&call);
    // Who will get it stands before the prompt.
    let mut stderr = unread(&mut child);
    let mut notice = String::new();
    stderr.read_line(&mut notice).unwrap();
    let issuer = sandbox.okta.issuer();
    assert_eq!(notice, format!("signing in at {issuer} with a password\n"));
    let mut prompt = [0; 10];
    stderr.read_exact(&mut prompt).unwrap();
    assert_eq!(&prompt, b"Username: ");
    child.stderr = Some(stderr.into_inner());
    writeln!(terminal, "{}", user.login).unwrap();
    let token = type_passwords(child, terminal, &[&user.password]).token();
    assert_eq!((sandbox.grants("password"), sandbox.tabs()), (1, 0));
    // The name is typed at a sign-in only, so the session is one without a name.
    assert_eq!(call.run().token(), token);
}

#[test]
fn a_wrong_password_is_asked_for_three_times_at_a_terminal_and_told() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg(&format!("--username={}", user.login));
    typing_passwords(&call, &["wrong 1", &user.password]).token();
    assert_eq!(sandbox.grants("password"), 2);
    let other = call.arg("--oidc-extra-scope=email");
    let outcome = typing_passwords(&other, &["wrong 1", "wrong 2", "wrong 3"]);
    outcome.fails(
        1,
        &[
            "the provider refused these: invalid_grant",
            "error: ",
            "invalid_grant",
            "hint: check the user name and the password",
        ],
    );
    assert_eq!(
        outcome.stderr.matches("the provider refused these").count(),
        2,
        "{outcome}"
    );
    assert_eq!(sandbox.grants("password"), 5);
}

/// UAA refuses a wrong password so, and another server in front of it in its own words.
#[test]
fn a_typed_password_that_is_refused_without_an_oauth_code_is_asked_for_again_and_sent_once() {
    for (content_type, body, words) in [
        (
            "application/json",
            r#"{"error":"unauthorized","error_description":"Bad credentials"}"#,
            "the provider refused these: unauthorized: Bad credentials",
        ),
        ("text/html", "<title>401</title>", "HTTP 401"),
    ] {
        let sandbox = Sandbox::unattended();
        let user = sandbox.okta.behaviour().user;
        let refusal = FaultKind::Answer {
            code: 401,
            content_type: content_type.to_owned(),
            body: body.to_owned(),
        };
        let fault = Fault::once(Endpoint::Token, refusal);
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let call = sandbox.get_token().arg(&format!("--username={}", user.login));
        let call = call
            .with("--oidc-client-id", &sandbox.okta.web_client_id())
            .arg(&format!(
                "--oidc-client-secret={}",
                sandbox.okta.web_client_secret()
            ));
        let outcome = typing_passwords(&call, &["wrong password", &user.password]);
        outcome.token();
        assert!(outcome.stderr.contains(words), "{outcome}");
        assert_eq!(sandbox.grants("password"), 2, "{outcome}");
    }
}

#[test]
fn an_empty_user_name_is_asked_for_again() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg("--grant-type=password");
    let (child, mut terminal) = at_own_terminal(&call);
    let (child, _) = up_to(child, "Username: ");
    writeln!(terminal).unwrap();
    let (child, told) = up_to(child, "Username: ");
    assert!(told.contains("the name that you have at the provider"), "{told}");
    writeln!(terminal, "{}", user.login).unwrap();
    type_passwords(child, terminal, &[&user.password]).token();
}

/// A typo in the name is refused like a wrong password, and the provider does not say which of the two it was.
#[test]
fn a_typed_user_name_can_be_corrected_after_a_refusal() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg("--grant-type=password");
    let (child, mut terminal) = at_own_terminal(&call);
    let (child, _) = up_to(child, "Username: ");
    writeln!(terminal, "alcie").unwrap();
    type_password(&mut terminal, &user.password);
    let (child, told) = up_to(child, "Username [alcie]: ");
    assert!(told.contains("the provider refused these"), "{told}");
    writeln!(terminal, "{}", user.login).unwrap();
    type_password(&mut terminal, "wrong");
    // Enter alone keeps the name.
    let (child, _) = up_to(child, &format!("Username [{}]: ", user.login));
    writeln!(terminal).unwrap();
    type_passwords(child, terminal, &[&user.password]).token();
    assert_eq!(sandbox.grants("password"), 3);
}

/// It is no attempt: neither the provider nor the number of tries counts it.
#[test]
fn an_empty_password_is_asked_for_again_and_not_sent() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg(&format!("--username={}", user.login));
    let outcome = typing_passwords(&call, &["", "", "", "", &user.password]);
    outcome.token();
    assert_eq!(
        outcome.stderr.matches("nothing was typed").count(),
        4,
        "{outcome}"
    );
    assert_eq!(sandbox.grants("password"), 1);
}

/// Ctrl-D at a question.
#[test]
fn an_end_of_input_in_place_of_a_name_or_a_password_is_told() {
    let sandbox = Sandbox::unattended();
    let call = sandbox.get_token().arg("--grant-type=password");
    let (child, mut terminal) = at_own_terminal(&call);
    let (child, _) = up_to(child, "Username: ");
    terminal.write_all(b"\x04").unwrap();
    finish(child).fails(1, &["no user name was typed", "--password-file"]);
    let (child, terminal) = at_own_terminal(&call.in_new_command().arg("--username=alice"));
    let outcome = type_passwords(child, terminal, &["\x04"]);
    outcome.fails(1, &["no password was typed", "--password-file"]);
}

/// A prompt at which nobody sits does not hold the session for ever.
#[test]
fn a_user_name_or_a_password_that_nobody_types_ends_the_wait_in_time() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .arg("--grant-type=password")
        .arg("--authentication-timeout-sec=1")
        .with_skipped_sleeps();
    for (call, what) in [
        (call.clone(), "no user name was typed within 1 s"),
        (
            call.in_new_command().arg("--username=alice"),
            "no password was typed within 1 s",
        ),
    ] {
        let (child, terminal) = at_own_terminal(&call);
        finish(child).fails(1, &[what, "--authentication-timeout-sec"]);
        drop(terminal);
    }
}

/// Providers refuse a password in many words, and each try may count towards the lockout of the account.
#[test]
fn a_password_is_sent_once_whatever_the_words_that_refuse_it() {
    let json = "application/json";
    for (code, content_type, body, words) in [
        (
            401,
            json,
            r#"{"error":"unauthorized","error_description":"Bad credentials"}"#,
            "unauthorized: Bad credentials",
        ),
        (401, json, r#"{"message":"Bad credentials"}"#, "HTTP 401"),
        (401, "text/html", "<title>401 Unauthorized</title>", "HTTP 401"),
        (
            401,
            json,
            r#"{"timestamp":1,"status":401,"error":"Unauthorized","message":"Bad credentials","path":"/token"}"#,
            "HTTP 401",
        ),
        (
            400,
            json,
            r#"{"error":"Invalid credentials"}"#,
            "Invalid credentials",
        ),
        (
            403,
            json,
            r#"{"message":"Wrong user name or password"}"#,
            "HTTP 403",
        ),
        (
            401,
            json,
            r#"{"errorCode":"E0000004","errorSummary":"Authentication failed"}"#,
            "E0000004: Authentication failed",
        ),
    ] {
        for has_secret in [false, true] {
            let sandbox = Sandbox::unattended();
            let refusal = FaultKind::Answer {
                code,
                content_type: content_type.to_owned(),
                body: body.to_owned(),
            };
            sandbox
                .okta
                .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, refusal)]);
            let mut call = sandbox.get_token().arg("--username=alice");
            call = call.arg("--password=wrong-password");
            if has_secret {
                call = call.arg("--oidc-client-secret=a-client-secret");
            }
            for _ in 0..3 {
                let outcome = call.clone().in_new_command().run();
                outcome.fails(1, &[words, "check the user name and the password"]);
            }
            assert_eq!(sandbox.grants("password"), 1, "{body} {has_secret}");
        }
    }
}
