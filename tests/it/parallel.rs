//! Many at once: one flight serves all.

use std::io::BufRead;
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Call, Sandbox, finish, unread};
use okta::{Endpoint, Fault, FaultBody, FaultKind};

/// Whom a caller waits for.
pub(crate) const ANOTHER: &str = "the sign-in of another kubesesame";

fn fifty(call: &Call) -> Vec<Child> {
    (0..50).map(|_| call.clone().in_new_command().spawn()).collect()
}

#[test]
fn fifty_cold_callers_need_one_tab_and_get_one_token() {
    let sandbox = Sandbox::new();
    let tokens: Vec<_> = fifty(&sandbox.get_token().by_timers_of(&sandbox))
        .into_iter()
        .map(|child| finish(child).token())
        .collect();
    assert!(tokens.iter().all(|token| token == &tokens[0]));
    assert_eq!((sandbox.tabs(), sandbox.okta.count(Endpoint::Token)), (1, 1));
}

#[test]
fn fifty_callers_with_an_expired_token_need_one_refresh_under_strict_rotation() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let old = sandbox.signed_in();
    sandbox.expire();
    let tokens: Vec<_> = fifty(&sandbox.get_token().by_timers_of(&sandbox))
        .into_iter()
        .map(|child| finish(child).token())
        .collect();
    assert!(tokens.iter().all(|token| token == &tokens[0] && *token != old));
    assert_eq!(
        (
            sandbox.tabs(),
            sandbox.grants("refresh_token"),
            sandbox.okta.reuse_detected()
        ),
        (1, 1, 0)
    );
}

#[test]
fn fifty_forced_callers_share_one_refresh() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let children = fifty(&sandbox.get_token().arg("--force-refresh"));
    // All of them wait before the first may go: a caller that came later would rightly refresh again.
    let children = children
        .into_iter()
        .map(|child| wait_for_waiter(child, ANOTHER))
        .collect::<Vec<_>>();
    lock.unlock().unwrap();
    let tokens: Vec<_> = children.into_iter().map(|child| finish(child).token()).collect();
    assert!(tokens.iter().all(|token| token == &tokens[0]));
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

/// As by Ctrl-Z, and the next kubectl in the same shell.
#[test]
fn a_caller_that_waits_for_a_stopped_process_is_told_so() {
    let sandbox = Sandbox::unattended();
    let first = sandbox.get_token().in_new_command().spawn();
    sandbox.wait_for_tabs(1);
    let holder = std::fs::read_to_string(sandbox.cache_file(".lock")).unwrap();
    let pid = Pid::from_raw(holder.trim().parse().unwrap());
    kill(pid, Signal::SIGSTOP).unwrap();
    let mut second = sandbox.get_token().in_new_command().spawn();
    let mut told = String::new();
    unread(&mut second).read_line(&mut told).unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
    kill(pid, Signal::SIGKILL).unwrap();
    finish(first);
    let expected = format!(
        "waiting for {ANOTHER} (process {pid}, which is stopped: `fg` in its terminal continues it, `kill -9 {pid}` ends it)\n"
    );
    assert_eq!(told, expected);
}

/// Waits until the call has tried a lock in vain, which it tells.
pub(crate) fn wait_for_waiter(mut child: Child, whom: &str) -> Child {
    let words = format!("waiting for {whom}");
    let mut stderr = unread(&mut child);
    let mut told = String::new();
    while !told.contains(&words) {
        assert_ne!(stderr.read_line(&mut told).unwrap(), 0, "it ended with:\n{told}");
    }
    child.stderr = Some(stderr.into_inner());
    child
}

#[test]
fn a_waiter_ends_with_the_login_s_own_time_at_the_latest_and_says_on_whom_it_waited() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let outcome = sandbox
        .get_token()
        .arg("--authentication-timeout-sec=1")
        .with_skipped_sleeps()
        .run();
    outcome.fails(1, &["for the sign-in of another kubesesame (process ", "hint: "]);
    let waited = outcome.stderr.split_once("waited ").unwrap().1;
    let waited: u64 = waited.split_once(" s").unwrap().0.parse().unwrap();
    // The limit of a sign-in, and a margin of 35 s for what follows it; more on a busy machine.
    assert!(waited >= 36, "{outcome}");
}

/// A provider that does not answer: who waited does not wait for it once more.
#[test]
fn a_failure_of_the_provider_is_that_of_all_who_waited() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox.okta.behave(|behaviour| {
        let answer = FaultKind::status(503, FaultBody::Empty);
        behaviour.faults = vec![Fault::once(Endpoint::Token, answer)];
    });
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let children = fifty(&sandbox.get_token());
    let children = children
        .into_iter()
        .map(|child| wait_for_waiter(child, ANOTHER))
        .collect::<Vec<_>>();
    lock.unlock().unwrap();
    for child in children {
        finish(child).fails(1, &["HTTP 503", "the session is kept"]);
    }
    assert_eq!((sandbox.okta.count(Endpoint::Token), sandbox.tabs()), (1, 1));
    // Whoever comes later tries anew.
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn ctrl_c_ends_a_wait_at_once_and_disturbs_nobody() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let waiter = wait_for_waiter(sandbox.get_token().by_clock_of(&sandbox).spawn(), ANOTHER);
    kill(Pid::from_raw(waiter.id().cast_signed()), Signal::SIGINT).unwrap();
    // The lock is still held, and its own time would end with a code.
    assert_eq!(finish(waiter).code, None);
    lock.unlock().unwrap();
    sandbox.get_token().run().token();
}

#[test]
fn a_login_that_is_killed_leaves_the_way_free() {
    let sandbox = Sandbox::unattended();
    let child = sandbox.get_token().spawn();
    let url = sandbox.wait_for_tabs(1);
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).unwrap();
    assert_eq!(finish(child).code, None);
    let second = sandbox.get_token().spawn();
    let second_url = sandbox.wait_for_tabs(2);
    assert_ne!(url, second_url);
    assert_eq!(crate::support::visit(&second_url).status, 200);
    finish(second).token();
}
