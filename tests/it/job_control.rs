//! Jobs of a shell: stopped and continued (Ctrl-Z, `fg`, `bg`), or begun in the background.

use std::fs::File;
use std::io::{Read, Write};

use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::tcgetpgrp;

use crate::prompts::{INTERACTIVE, typing};
use crate::support::{Call, Sandbox, finish, wait_until};
use okta::Endpoint;

/// A sign-in with a terminal of its own, as the first job of a shell that runs this afterwards.
fn job(sandbox: &Sandbox, then: &str) -> Call {
    let call = sandbox.get_token().without("--browser-command");
    in_shell(&call, &format!("\"$@\" 2>&0; {then}"))
}

/// The same with a password that is asked for.
fn password_job(sandbox: &Sandbox, then: &str) -> Call {
    let login = sandbox.okta.behaviour().user.login;
    let call = sandbox.get_token().arg(&format!("--username={login}"));
    // A shell that runs a script ends with a job that was interrupted.
    in_shell(&call, &format!("trap : INT; \"$@\" 2>&0; {then}"))
}

/// In a shell with jobs and a terminal of its own.
fn in_shell(call: &Call, script: &str) -> Call {
    call.clone()
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
        .env("TERM", "xterm")
        .through(&["setsid", "--ctty", "--wait", "sh", "-mc", script, "sh"])
}

/// Whether the terminal shows what is typed.
fn echoes(terminal: &File) -> bool {
    tcgetattr(terminal)
        .unwrap()
        .local_flags
        .contains(LocalFlags::ECHO)
}

/// Waits for the prompt, and until nothing is shown of what is typed there.
fn password_prompt(terminal: &mut File) -> String {
    let shown = shown_until(terminal, "Password: ");
    wait_until("the terminal hides what is typed", || !echoes(terminal));
    shown
}

/// Reads what the terminal shows, up to this text.
fn shown_until(terminal: &mut File, end: &str) -> String {
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(end.as_bytes()) {
        let so_far = String::from_utf8_lossy(&shown).into_owned();
        assert_eq!(terminal.read(&mut byte).unwrap(), 1, "{so_far}");
        shown.push(byte[0]);
    }
    String::from_utf8(shown).unwrap()
}

fn url_in(shown: &str) -> &str {
    shown
        .lines()
        .find(|line| line.starts_with("http"))
        .expect("a URL")
        .trim()
}

#[test]
fn a_sign_in_that_was_stopped_shows_its_question_again() {
    let sandbox = Sandbox::unattended();
    let (child, mut terminal) = typing(&job(&sandbox, "fg 1>&0"));
    let shown = shown_until(&mut terminal, "paste here: ");
    terminal.write_all(b"\x1a").unwrap();
    shown_until(&mut terminal, "paste here: ");
    crate::support::visit(url_in(&shown));
    finish(child).token();
}

/// What is typed there is the shell's.
#[test]
fn a_sign_in_that_goes_on_in_the_background_is_not_stopped_by_what_is_typed() {
    let sandbox = Sandbox::unattended();
    let (child, mut terminal) = typing(&job(&sandbox, "bg 1>&0; echo in the background 1>&0; wait %1"));
    let shown = shown_until(&mut terminal, "paste here: ");
    terminal.write_all(b"\x1a").unwrap();
    shown_until(&mut terminal, "in the background");
    writeln!(terminal, "ls").unwrap();
    crate::support::visit(url_in(&shown));
    finish(child).token();
}

/// `kubectl get pods &`: a question would stop the job until somebody notices.
#[test]
fn a_background_job_asks_nothing_and_is_not_stopped() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .arg("--grant-type=password")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
        .through(&[
            "setsid",
            "--ctty",
            "--wait",
            "sh",
            "-mc",
            "\"$@\" & wait $!",
            "sh",
        ]);
    let (child, _terminal) = typing(&call);
    finish(child).fails(
        3,
        &[
            "asks for a user name, and nobody can be asked here",
            "in the foreground",
        ],
    );
}

/// What was typed before the stop is no part of the password, and the shell neither shows it nor runs it.
#[test]
fn a_password_prompt_that_was_stopped_is_shown_again_and_the_terminal_echoes_meanwhile() {
    let sandbox = Sandbox::unattended();
    let password = sandbox.okta.behaviour().user.password;
    let call = password_job(
        &sandbox,
        "echo stopped 1>&0; read line <&0; echo \"<$line>\" 1>&0; fg 1>&0",
    );
    let (child, mut terminal) = typing(&call);
    password_prompt(&mut terminal);
    terminal.write_all(b"half\x1a").unwrap();
    shown_until(&mut terminal, "stopped");
    assert!(echoes(&terminal));
    writeln!(terminal, "to the shell").unwrap();
    shown_until(&mut terminal, "<to the shell>");
    let shown = password_prompt(&mut terminal);
    assert!(!shown.contains("half"), "{shown}");
    writeln!(terminal, "{password}").unwrap();
    finish(child).token();
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
}

/// Another program has stopped it, so that the terminal was left as it was.
#[test]
fn a_password_prompt_that_was_killed_with_sigstop_still_hides_what_is_typed() {
    let sandbox = Sandbox::unattended();
    let password = sandbox.okta.behaviour().user.password;
    let call = password_job(&sandbox, "stty echo <&0; echo stopped 1>&0; fg 1>&0");
    let (child, mut terminal) = typing(&call);
    password_prompt(&mut terminal);
    killpg(tcgetpgrp(&terminal).unwrap(), Signal::SIGSTOP).unwrap();
    shown_until(&mut terminal, "stopped");
    password_prompt(&mut terminal);
    writeln!(terminal, "{password}").unwrap();
    finish(child).token();
}

#[test]
fn a_signal_that_ends_a_password_prompt_leaves_a_terminal_that_echoes() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let sandbox = Sandbox::unattended();
        // Its library takes back that a script's background job ignores some of these.
        let call = password_job(&sandbox, "echo \"ended $?\" 1>&0").by_clock_of(&sandbox);
        let (child, mut terminal) = typing(&call);
        password_prompt(&mut terminal);
        killpg(tcgetpgrp(&terminal).unwrap(), signal).unwrap();
        shown_until(&mut terminal, &format!("ended {}", 128 + signal as i32));
        assert!(echoes(&terminal), "{signal}");
        finish(child);
    }
}

/// Under `nohup`, or where the shell has been told so.
#[test]
fn a_signal_that_is_ignored_does_not_end_a_password_prompt() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg(&format!("--username={}", user.login));
    let call = in_shell(&call, "trap '' INT HUP; \"$@\" 2>&0");
    let (child, mut terminal) = typing(&call);
    for signal in [Signal::SIGINT, Signal::SIGHUP] {
        password_prompt(&mut terminal);
        killpg(tcgetpgrp(&terminal).unwrap(), signal).unwrap();
    }
    password_prompt(&mut terminal);
    writeln!(terminal, "{}", user.password).unwrap();
    finish(child).token();
}

/// Whoever waits for the session must not wait for a person who has left.
#[test]
fn a_password_prompt_that_goes_on_in_the_background_ends_in_time() {
    let sandbox = Sandbox::unattended();
    let call = password_job(
        &sandbox,
        "bg 1>&0; echo in the background 1>&0; wait %1; echo \"ended $?\" 1>&0; read line <&0; echo \"<$line>\" 1>&0",
    );
    let (child, mut terminal) = typing(&call.arg("--authentication-timeout-sec=2"));
    password_prompt(&mut terminal);
    terminal.write_all(b"\x1a").unwrap();
    shown_until(&mut terminal, "in the background");
    writeln!(terminal, "to the shell").unwrap();
    let shown = shown_until(&mut terminal, "ended 1");
    assert!(shown.contains("no password was typed within 2 s"), "{shown}");
    shown_until(&mut terminal, "<to the shell>");
    finish(child);
}

/// What was typed of it must not become a command.
#[test]
fn what_is_typed_at_a_prompt_that_ends_in_time_does_not_reach_the_shell() {
    for prompt in ["Username: ", "Password: "] {
        let sandbox = Sandbox::unattended();
        let call = sandbox
            .get_token()
            .arg("--grant-type=password")
            .arg("--authentication-timeout-sec=2");
        let call = match prompt {
            "Username: " => call,
            _ => call.arg("--username=alice"),
        };
        let script = "\"$@\" 2>&0; echo \"ended $?\" 1>&0; read line <&0; echo \"<$line>\" 1>&0";
        let (child, mut terminal) = typing(&in_shell(&call, script));
        shown_until(&mut terminal, prompt);
        terminal.write_all(b"half").unwrap();
        shown_until(&mut terminal, "ended 1");
        writeln!(terminal).unwrap();
        shown_until(&mut terminal, "<>");
        finish(child);
    }
}

#[test]
fn a_terminal_that_is_closed_ends_a_password_prompt() {
    let sandbox = Sandbox::unattended();
    let call = sandbox.get_token().arg("--username=alice");
    let call = in_shell(&call, "trap '' HUP; \"$@\"");
    let (child, mut terminal) = typing(&call);
    password_prompt(&mut terminal);
    drop(terminal);
    let outcome = finish(child);
    // The shell has words of its own on this.
    assert!(
        outcome.stderr.contains("error: no password was typed\n"),
        "{outcome}"
    );
}

#[test]
fn a_user_name_is_asked_for_again_after_a_stop() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = in_shell(
        &sandbox.get_token().arg("--grant-type=password"),
        "\"$@\" 2>&0; echo stopped 1>&0; fg 1>&0",
    );
    let (child, mut terminal) = typing(&call);
    shown_until(&mut terminal, "Username: ");
    terminal.write_all(b"\x1a").unwrap();
    shown_until(&mut terminal, "stopped");
    shown_until(&mut terminal, "Username: ");
    writeln!(terminal, "{}", user.login).unwrap();
    password_prompt(&mut terminal);
    writeln!(terminal, "{}", user.password).unwrap();
    finish(child).token();
}

/// `kubectl get pods &`, then `fg`: until then the terminal is the shell's, and nobody is told to paste there.
#[test]
fn a_background_job_that_comes_to_the_foreground_asks() {
    let sandbox = Sandbox::unattended();
    let call = in_shell(
        &sandbox.get_token().without("--browser-command"),
        "\"$@\" 2>&0 & read line <&0; echo \"<$line>\" 1>&0; fg 1>&0",
    );
    let (child, mut terminal) = typing(&call);
    let shown = shown_until(&mut terminal, "http");
    let url = format!("http{}", shown_until(&mut terminal, "\n"));
    assert!(!shown.contains("paste"), "{shown}");
    writeln!(terminal, "to the shell").unwrap();
    let shown = shown_until(&mut terminal, "<to the shell>");
    assert!(!shown.contains("paste"), "{shown}");
    shown_until(&mut terminal, "paste here: ");
    writeln!(terminal, "{}", crate::support::redirect_of(url.trim())).unwrap();
    finish(child).token();
}

/// Ctrl-Z, `bg`, `fg`: some shells continue only what is stopped.
#[test]
fn a_sign_in_that_was_in_the_background_shows_its_question_in_the_foreground_alone() {
    let sandbox = Sandbox::unattended();
    let call = job(
        &sandbox,
        "bg 1>&0; echo in the background 1>&0; read line <&0; echo \"<$line>\" 1>&0; fg 1>&0",
    );
    let (child, mut terminal) = typing(&call);
    let shown = shown_until(&mut terminal, "paste here: ");
    terminal.write_all(b"\x1a").unwrap();
    shown_until(&mut terminal, "in the background");
    writeln!(terminal, "to the shell").unwrap();
    let meanwhile = shown_until(&mut terminal, "<to the shell>");
    assert!(!meanwhile.contains("paste here"), "{meanwhile}");
    shown_until(&mut terminal, "paste here: ");
    crate::support::visit(url_in(&shown));
    finish(child).token();
}
