//! An answer to a refresh that is lost, slow, or never comes.

use crate::support::{Sandbox, finish, wait_until};
use okta::{Endpoint, Fault, FaultKind};

/// The refresh token may have been rotated, and the answer with the new one lost: within its leeway the provider takes the old one.
#[test]
fn an_answer_that_is_lost_on_the_way_is_asked_for_once_more() {
    for fault in [
        FaultKind::Reset,
        FaultKind::ResetAfterCommit,
        FaultKind::Truncated,
    ] {
        let sandbox = Sandbox::new();
        let old = sandbox.signed_in();
        sandbox.expire();
        let once = Fault::once(Endpoint::Token, fault.clone());
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![once]);
        let outcome = sandbox.get_token().run();
        assert_ne!(outcome.token(), old, "{fault:?}");
        assert_eq!(sandbox.okta.count(Endpoint::Token), 2, "{fault:?}");
        sandbox.expire();
        let always = Fault::always(Endpoint::Token, fault.clone());
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![always]);
        sandbox
            .get_token()
            .run()
            .fails(1, &["cannot reach", "the session is kept"]);
        assert_eq!(
            sandbox.okta.count(Endpoint::Token),
            4,
            "{fault:?}: once more, and no more"
        );
        sandbox.okta.behave(|behaviour| behaviour.faults.clear());
        sandbox.get_token().run().token();
        assert_eq!(
            (sandbox.tabs(), sandbox.okta.reuse_detected()),
            (1, 0),
            "{fault:?}"
        );
    }
}

/// At a terminal the wait is explained, elsewhere only to whoever asks for it.
#[test]
fn an_answer_that_is_lost_is_told_at_a_terminal_and_in_the_log() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let (note, step) = (
        "no answer; asking once more",
        "the response was lost on the way: asking once more",
    );
    for (call, told, untold) in [
        (sandbox.get_token(), None, [note, step].as_slice()),
        (sandbox.get_token().arg("-v1"), Some(step), &[note]),
        (sandbox.get_token().at_terminal(), Some(note), &[step]),
    ] {
        sandbox.expire();
        let once = Fault::once(Endpoint::Token, FaultKind::ResetAfterCommit);
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![once]);
        let outcome = call.run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let shown = outcome.to_string();
        assert!(told.is_none_or(|told| shown.contains(told)), "{outcome}");
        assert!(untold.iter().all(|untold| !shown.contains(untold)), "{outcome}");
    }
}

/// A provider without a leeway takes the same refresh token once more for a theft, so a slow answer is waited for.
#[cfg(target_os = "linux")]
#[test]
fn a_slow_answer_is_waited_for_and_not_asked_for_again() {
    for terminal in [false, true] {
        let sandbox = Sandbox::new();
        let old = sandbox.signed_in();
        sandbox.expire();
        sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
        sandbox.hold_token_answers();
        let call = sandbox.get_token().by_timers_of(&sandbox);
        let child = if terminal { call.at_terminal() } else { call }.spawn();
        wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
        sandbox.let_pass(20);
        sandbox.let_answers_go();
        let outcome = finish(child);
        assert_ne!(outcome.token(), old);
        assert_eq!((sandbox.okta.count(Endpoint::Token), sandbox.tabs()), (1, 1));
        assert_eq!(sandbox.okta.reuse_detected(), 0);
        assert_eq!(
            outcome.stderr.contains("waiting for an answer from"),
            terminal,
            "{outcome}"
        );
    }
}

/// An answer that never comes is given up, and the session is kept.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_never_comes_is_an_error_and_the_session_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox.hold_token_answers();
    let child = sandbox.get_token().by_timers_of(&sandbox).spawn();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    sandbox.let_pass(31);
    finish(child).fails(1, &["did not answer within 30 s", "the session is kept"]);
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
    sandbox.let_answers_go();
}
