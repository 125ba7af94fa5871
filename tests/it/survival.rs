//! What a session survives: signals, sleep, and clocks that jump.

use std::fs;
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::files::chmod;
use crate::support::{Call, Sandbox, finish, visit, wait_until};
use okta::Endpoint;

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

/// Sends a signal, and waits until the process has taken it.
fn send_and_see(child: &Child, signal: Signal) {
    send(child, signal);
    wait_until("the signal is taken", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let pending = status.lines().find(|line| line.starts_with("ShdPnd:"));
        pending.is_none_or(|line| {
            line.trim_start_matches("ShdPnd:")
                .trim()
                .trim_matches('0')
                .is_empty()
        })
    });
}

const HOUR: i64 = 3600;

/// A refresh that is under way, at a provider that keeps its answer back.
fn refreshing(sandbox: &Sandbox, call: &Call) -> Child {
    sandbox.expire();
    sandbox.hold_token_answers();
    let child = call.spawn();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    child
}

#[test]
fn a_refresh_without_an_answer_is_ended_by_a_signal_and_costs_no_login() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let sandbox = Sandbox::new();
        sandbox.set_clock(0);
        sandbox.signed_in();
        let child = refreshing(&sandbox, &sandbox.get_token().by_clock_of(&sandbox));
        send(&child, signal);
        let outcome = finish(child);
        sandbox.let_answers_go();
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (None, ""),
            "{signal}: {outcome}"
        );
        // The answer with the rotated token was lost; the old one still works for a moment.
        sandbox.get_token().run().token();
        assert_eq!(
            (sandbox.tabs(), sandbox.okta.reuse_detected()),
            (1, 0),
            "{signal}"
        );
    }
}

/// Ctrl-C, `kill`, a closed terminal (which the shell and the system tell): what the provider has rotated is stored first, since it may
/// know no leeway.
#[test]
fn a_signal_waits_for_the_answer_to_a_refresh() {
    for signals in [
        [Signal::SIGTERM].as_slice(),
        &[Signal::SIGINT],
        &[Signal::SIGHUP],
        &[Signal::SIGQUIT],
        &[Signal::SIGHUP, Signal::SIGTERM],
    ] {
        let sandbox = Sandbox::new();
        sandbox.set_clock(0);
        let token = sandbox.signed_in();
        let child = refreshing(&sandbox, &sandbox.get_token().by_clock_of(&sandbox));
        for signal in signals {
            send_and_see(&child, *signal);
        }
        sandbox.let_answers_go();
        let outcome = finish(child);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (None, ""),
            "{signals:?}: {outcome}"
        );
        assert_ne!(sandbox.get_token().run().token(), token);
        assert_eq!(
            sandbox.okta.count(Endpoint::Token),
            1,
            "{signals:?}: the answer was stored"
        );
    }
}

/// Ctrl-Z and `fg` before the answer is there: it stops no more, since nobody would continue it.
#[test]
fn a_refresh_that_was_continued_stops_no_more() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.signed_in();
    let child = refreshing(&sandbox, &sandbox.get_token().by_clock_of(&sandbox));
    send_and_see(&child, Signal::SIGTSTP);
    send_and_see(&child, Signal::SIGCONT);
    sandbox.let_answers_go();
    assert_ne!(finish(child).token(), token);
}

#[test]
fn a_machine_that_sleeps_during_a_refresh_has_its_token_when_it_wakes() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    sandbox.signed_in();
    let call = sandbox.get_token().by_clock_of(&sandbox).by_timers_of(&sandbox);
    let child = refreshing(&sandbox, &call);
    send(&child, Signal::SIGSTOP);
    sandbox.set_clock(10 * HOUR);
    sandbox.let_answers_go();
    send(&child, Signal::SIGCONT);
    // What it asked for before it slept has ended; the next call refreshes once more, without a tab.
    finish(child);
    let outcome = sandbox.get_token().by_clock_of(&sandbox).run();
    outcome.token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_machine_that_sleeps_during_a_sign_in_goes_on_when_it_wakes() {
    let sandbox = Sandbox::unattended();
    sandbox.set_clock(0);
    let child = sandbox.get_token().by_clock_of(&sandbox).spawn();
    let url = sandbox.wait_for_tabs(1);
    send(&child, Signal::SIGSTOP);
    sandbox.set_clock(HOUR);
    send(&child, Signal::SIGCONT);
    assert_eq!(visit(&url).status, 200);
    finish(child).token();
}

#[test]
fn a_clock_that_is_put_forward_and_back_costs_no_login() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let call = sandbox.get_token().by_clock_of(&sandbox);
    let first = call.run().token();
    // A day ahead of the provider: each token seems to have ended, which is told, and nothing is lost.
    sandbox.set_clock_of_machine(24 * HOUR);
    call.run().fails(1, &["clock"]);
    assert_eq!(sandbox.tabs(), 1);
    sandbox.set_clock_of_machine(0);
    call.run().token();
    // A day behind: what is stored is still good.
    sandbox.set_clock_of_machine(-24 * HOUR);
    call.run().token();
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
    sandbox.set_clock(2 * HOUR);
    assert_ne!(call.run().token(), first);
    assert_eq!(sandbox.tabs(), 1);
}

/// `ulimit -f`: the system would end whoever writes too much.
#[test]
fn a_limit_on_the_size_of_files_withholds_no_token() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let call = sandbox
        .get_token()
        .through(&["sh", "-c", "ulimit -f 0; exec \"$@\"", "sh"]);
    for _ in 0..2 {
        assert_eq!(call.run().token(), token);
    }
}

#[test]
fn too_few_descriptors_are_an_error_and_no_panic() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    for limit in 4..20 {
        // So that it signs in.
        sandbox.okta.end_sessions();
        // Each time another shell has called.
        let limited = format!("ulimit -n {limit}; \"$@\"; exit $?");
        let outcome = sandbox
            .get_token()
            .arg("--force-refresh")
            .arg("--authentication-timeout-sec=1")
            .through(&["sh", "-c", &limited, "sh"])
            .run();
        assert!(!outcome.stderr.contains("panicked"), "{limit}: {outcome}");
    }
}

/// Either the call works and its session is kept, or it fails while the refresh token is not spent.
#[test]
fn a_refresh_with_few_descriptors_costs_no_session() {
    for (new_keys, least) in [(false, 6), (true, 7)] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let mut works = 0;
        for limit in (least..=40).step_by(2) {
            if new_keys {
                sandbox.okta.rotate_keys();
            }
            sandbox.expire();
            let limited = format!("ulimit -n {limit}; exec \"$@\"");
            let outcome = sandbox.get_token().through(&["sh", "-c", &limited, "sh"]).run();
            assert!(!outcome.stderr.contains("panicked"), "{limit}: {outcome}");
            if outcome.code == Some(0) {
                let stored = sandbox.session()["token"].as_str().map(str::to_owned);
                assert!(stored == Some(outcome.token()), "{limit}: {outcome}");
                works += 1;
            } else {
                assert_eq!(
                    (outcome.stdout.as_str(), outcome.code),
                    ("", Some(1)),
                    "{limit}: {outcome}"
                );
            }
            sandbox.expire();
            let next = sandbox.get_token().in_new_command().run();
            assert_eq!(sandbox.tabs(), 1, "{limit}: {outcome}\n{next}");
            next.token();
        }
        // How many descriptors a call needs is the machine's affair, and how busy that is.
        assert!(works > 0, "none of them worked");
        assert_eq!(sandbox.okta.reuse_detected(), 0);
    }
}

/// A fault of the disk or its server, or a mode, that is gone a moment later. Without a leeway, so that a refresh token that was spent in vain
/// shows.
#[test]
fn a_record_that_cannot_be_read_while_the_answer_arrives_is_replaced_all_the_same() {
    let sandbox = Sandbox::new();
    let old = sandbox.signed_in();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let Some(call) = sandbox.get_token().without_rights_of_root_or_skip() else {
        return;
    };
    sandbox.expire();
    let (child, file) = (refreshing(&sandbox, &call), sandbox.session_file());
    chmod(&file, 0o000);
    sandbox.let_answers_go();
    let refreshed = finish(child);
    assert_ne!(refreshed.token(), old);
    assert_eq!(refreshed.stderr, "", "{refreshed}");
    assert_eq!(sandbox.get_token().run().token(), refreshed.token());
    sandbox.expire();
    call.run().token();
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

/// The same when a session of the same name appears after that was looked for.
#[test]
fn a_record_that_was_not_read_is_not_replaced_while_it_cannot_be_read() {
    let sandbox = Sandbox::unattended();
    let Some(call) = sandbox.get_token().without_rights_of_root_or_skip() else {
        return;
    };
    fs::create_dir_all(sandbox.cache_dir()).unwrap();
    chmod(&sandbox.cache_dir(), 0o700);
    let child = call.spawn();
    let url = sandbox.wait_for_tabs(1);
    let file = sandbox.cache_file(".lock").with_extension("session.json");
    fs::write(&file, "somebody else's").unwrap();
    chmod(&file, 0o000);
    drop(visit(&url));
    let outcome = finish(child);
    outcome.token();
    assert!(
        outcome.stderr.contains("the session could not be stored"),
        "{outcome}"
    );
    chmod(&file, 0o600);
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody else's");
}
