//! A background refresh that is killed or told to end.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::background_refresh::refreshers;
use crate::support::{Sandbox, wait_until};
use okta::{Endpoint, Fault, FaultKind};

/// The process that was left behind is killed after the provider has rotated the refresh token; the next call starts another in good time.
#[test]
fn a_refresh_that_is_killed_is_begun_anew_within_the_leeway() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.near_the_end();
    let slow = FaultKind::SlowAfterCommit { millis: 60_000 };
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, slow)]);
    let call = sandbox.get_token().by_clock_of(&sandbox);
    call.run().token();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    let refresher = refreshers(&sandbox).remove(0);
    let pid: i32 = refresher.file_name().unwrap().to_string_lossy().parse().unwrap();
    // A terminal that is closed is not meant for it; what nothing survives is.
    kill(Pid::from_raw(pid), Signal::SIGHUP).unwrap();
    assert!(
        fs::read_to_string(refresher.join("cmdline"))
            .unwrap()
            .contains("background-refresh")
    );
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    wait_until("it is gone", || refreshers(&sandbox).is_empty());
    call.run().token();
    assert_eq!(
        sandbox.okta.count(Endpoint::Token),
        1,
        "the note of the first holds for a moment"
    );
    sandbox.set_clock(11);
    assert_eq!(call.run().token(), token);
    wait_until("the token is refreshed", || sandbox.token() != token);
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

/// What is under way may end; what hangs does not hold up whoever wants to be rid of it.
#[test]
fn a_background_refresh_that_is_told_to_end_ends() {
    for answers in [true, false] {
        let sandbox = Sandbox::new();
        let token = sandbox.near_the_end();
        sandbox.hold_token_answers();
        assert_eq!(sandbox.get_token().run().token(), token);
        wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
        let refresher = refreshers(&sandbox).remove(0);
        let pid: i32 = refresher.file_name().unwrap().to_string_lossy().parse().unwrap();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        if answers {
            sandbox.let_answers_go();
        }
        wait_until("it is gone", || refreshers(&sandbox).is_empty());
        assert_eq!(sandbox.token() != token, answers);
        sandbox.let_answers_go();
    }
}
