//! Storms: hundreds of callers at the same moment, and pollers that never stop.

use std::process::Child;

use crate::okta::Endpoint;
use crate::support::{Call, Outcome, Sandbox, finish};

const MANY: usize = 500;

/// So many kubectls at once, each a process of its own.
fn at_once(count: usize, call: &Call) -> Vec<Outcome> {
    let call = call.clone().in_new_command();
    let children: Vec<Child> = (0..count).map(|_| call.spawn()).collect();
    children.into_iter().map(finish).collect()
}

#[test]
fn five_hundred_callers_cold_then_expired_then_warm() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let all_get_one = |what: &str| -> String {
        let outcomes = at_once(MANY, &sandbox.get_token());
        let token = outcomes[0].token();
        assert!(outcomes.iter().all(|outcome| outcome.token() == token), "{what}");
        token
    };
    let first = all_get_one("cold");
    assert_eq!((sandbox.tabs(), sandbox.okta.count(Endpoint::Token)), (1, 1));
    sandbox.expire();
    let second = all_get_one("expired");
    assert_ne!(second, first);
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
    assert_eq!(all_get_one("warm"), second);
    assert_eq!((sandbox.tabs(), sandbox.okta.count(Endpoint::Token)), (1, 2));
    assert_eq!(sandbox.okta.reuse_detected(), 0);
}

/// Ten minutes of fifty pollers, a round of all of them each 15 seconds, and nobody at the browser.
#[test]
fn pollers_that_nobody_attends_open_a_tab_after_one_and_after_five_minutes_and_a_person_gets_through() {
    let sandbox = Sandbox::unattended();
    sandbox.set_clock(0);
    let call = sandbox
        .get_token()
        .by_clock_of(&sandbox)
        .arg("--authentication-timeout-sec=1");
    let mut opened_at = Vec::new();
    // The clock that was put forward goes on, so what the rounds take counts too.
    let began = std::time::Instant::now();
    for seconds in (0..=600).step_by(15) {
        sandbox.set_clock(seconds);
        let before = sandbox.tabs();
        for outcome in at_once(50, &call) {
            outcome.fails(1, &["nobody signed in within 1 s"]);
        }
        opened_at.extend((before..sandbox.tabs()).map(|_| seconds + began.elapsed().as_secs().cast_signed()));
    }
    // The first at once; the next a minute, the third five minutes after the one before, which took a second or more each.
    let [first, second, third] = opened_at[..] else {
        panic!("tabs were opened at {opened_at:?}");
    };
    assert!((60..=120).contains(&(second - first)), "{opened_at:?}");
    assert!((300..=360).contains(&(third - second)), "{opened_at:?}");
    let person = call
        .with("--authentication-timeout-sec", "60")
        .at_terminal()
        .in_new_command()
        .spawn();
    crate::support::visit(&sandbox.wait_for_tabs(4));
    finish(person).token();
}
