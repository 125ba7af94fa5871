//! Many at once: one flight serves all.

use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::okta::{Endpoint, Fault, FaultBody, FaultKind};
use crate::support::{Call, Sandbox, finish};

fn fifty(call: &Call) -> Vec<Child> {
    (0..50).map(|_| call.clone().in_new_command().spawn()).collect()
}

#[test]
fn fifty_cold_callers_need_one_tab_and_get_one_token() {
    let sandbox = Sandbox::new();
    let tokens: Vec<_> = fifty(&sandbox.get_token())
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
    let tokens: Vec<_> = fifty(&sandbox.get_token())
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
    wait_until_waiting(&children);
    lock.unlock().unwrap();
    let tokens: Vec<_> = children.into_iter().map(|child| finish(child).token()).collect();
    assert!(tokens.iter().all(|token| token == &tokens[0]));
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

/// Waits until each shell's child has the lock file open.
fn wait_until_waiting(children: &[Child]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    for child in children {
        while !holds_lock_file(child.id()) {
            assert!(Instant::now() < deadline, "not all callers came to the lock");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn holds_lock_file(shell: u32) -> bool {
    let children =
        std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap_or_default();
    children.split_whitespace().any(|pid| {
        let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        descriptors.flatten().any(|descriptor| {
            std::fs::read_link(descriptor.path()).is_ok_and(|path| path.to_string_lossy().ends_with(".lock"))
        })
    })
}

#[test]
fn a_waiter_ends_with_the_login_s_own_time_at_the_latest_and_says_on_whom_it_waited() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let began = Instant::now();
    let outcome = sandbox.get_token().arg("--authentication-timeout-sec=1").run();
    outcome.fails(
        1,
        &[
            "for the sign-in of another kubesesame (process ",
            "waited 3 s",
            "hint: ",
        ],
    );
    assert!(
        outcome
            .stderr
            .contains("waiting for the sign-in of another kubesesame"),
        "{outcome}"
    );
    assert!(began.elapsed() < Duration::from_secs(15));
}

/// A provider that does not answer: who waited does not wait for it once more.
#[test]
fn a_failure_of_the_provider_is_that_of_all_who_waited() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let fault = FaultKind::Slow { millis: 700 };
    sandbox.okta.behave(|behaviour| {
        let answer = FaultKind::status(503, FaultBody::Empty);
        behaviour.faults = vec![
            Fault::once(Endpoint::Token, answer),
            Fault::always(Endpoint::Token, fault),
        ];
    });
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let children = fifty(&sandbox.get_token());
    wait_until_waiting(&children);
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
    // A background job of a shell, such as a CI run, has Ctrl-C switched off for all its children.
    let mut call = sandbox.get_token();
    if cfg!(target_os = "linux") {
        call = call.through(&["env", "--default-signal=INT"]);
    }
    let waiter = call.spawn();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds_lock_file_itself(waiter.id()) {
        assert!(Instant::now() < deadline, "the caller did not come to the lock");
        std::thread::sleep(Duration::from_millis(5));
    }
    let began = Instant::now();
    kill(Pid::from_raw(waiter.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(finish(waiter).code, None);
    assert!(began.elapsed() < Duration::from_secs(15));
    lock.unlock().unwrap();
    sandbox.get_token().run().token();
}

fn holds_lock_file_itself(pid: u32) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        std::fs::read_link(descriptor.path()).is_ok_and(|path| path.to_string_lossy().ends_with(".lock"))
    })
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
