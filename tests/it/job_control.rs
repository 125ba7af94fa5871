//! Jobs of a shell: stopped and continued (Ctrl-Z, `fg`, `bg`), or begun in the background.

use std::fs::File;
use std::io::{Read, Write};

use crate::prompts::{INTERACTIVE, typing};
use crate::support::{Call, Sandbox, finish};

/// A sign-in with a terminal of its own, as the first job of a shell that runs this afterwards.
fn job(sandbox: &Sandbox, then: &str) -> Call {
    let script = format!("\"$@\" 2>&0; {then}");
    sandbox
        .get_token()
        .without("--browser-command")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
        .env("TERM", "xterm")
        .through(&["setsid", "--ctty", "--wait", "sh", "-mc", &script, "sh"])
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
