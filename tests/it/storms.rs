//! Storms: hundreds of callers at the same moment, and pollers that never stop.

use std::fs;
use std::path::PathBuf;
use std::process::Child;

use crate::support::{Call, Outcome, Sandbox, finish, wait_until};
use okta::Endpoint;

const MANY: usize = 500;
/// How long each poller waits for a person.
const LIMIT: u64 = 60;

/// So many kubectls at once, each a process of its own.
///
/// What they say goes to files: pipes would be more descriptors than a process may have on many machines.
struct Crowd {
    members: Vec<(Child, PathBuf)>,
}

impl Crowd {
    fn start(count: usize, sandbox: &Sandbox, call: &Call) -> Self {
        let member = |number: usize| {
            let said = sandbox.path(&format!("said-{number}"));
            let script = "exec >\"$0.stdout\" 2>\"$0.stderr\"; \"$@\"; exit $?";
            let call = call.clone().by_timers_of(sandbox);
            let mut child = call
                .through(&["sh", "-c", script, &said.to_string_lossy()])
                .spawn();
            drop((child.stdout.take(), child.stderr.take()));
            (child, said)
        };
        Self {
            members: (0..count).map(member).collect(),
        }
    }

    fn has_ended(&mut self) -> bool {
        let mut members = self.members.iter_mut();
        members.all(|(child, _)| child.try_wait().unwrap().is_some())
    }

    fn finish(self) -> Vec<Outcome> {
        let said = |path: &PathBuf, stream: &str| fs::read_to_string(path.with_extension(stream)).unwrap();
        let members = self.members.into_iter();
        members
            .map(|(child, path)| Outcome {
                code: finish(child).code,
                stdout: said(&path, "stdout"),
                stderr: said(&path, "stderr"),
            })
            .collect()
    }
}

#[test]
fn five_hundred_callers_cold_then_expired_then_warm() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let all_get_one = |what: &str| -> String {
        let outcomes = Crowd::start(MANY, &sandbox, &sandbox.get_token()).finish();
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

/// Ten minutes of twenty pollers, a round of all of them each 15 seconds, and nobody at the browser.
#[test]
fn pollers_that_nobody_attends_open_a_tab_after_one_and_after_five_minutes_and_a_person_gets_through() {
    let sandbox = Sandbox::unattended();
    sandbox.set_clock(0);
    let call = sandbox
        .get_token()
        .by_clock_of(&sandbox)
        .arg(&format!("--authentication-timeout-sec={LIMIT}"));
    let mut opened_at = Vec::new();
    for seconds in (0..=600).step_by(15) {
        sandbox.set_clock(seconds);
        let before = sandbox.tabs();
        let mut crowd = Crowd::start(20, &sandbox, &call);
        wait_until("a tab opens, or all are answered from memory", || {
            sandbox.tabs() > before || crowd.has_ended()
        });
        // For those who wait for that tab, or for who opened it.
        sandbox.let_pass(LIMIT + 1);
        for outcome in crowd.finish() {
            outcome.fails(1, &["nobody signed in within 60 s"]);
        }
        opened_at.extend((before..sandbox.tabs()).map(|_| seconds));
    }
    // The first at once; the next a minute, the third five minutes after the one before.
    assert_eq!(opened_at, [0, 60, 360]);
    let person = call.by_timers_of(&sandbox).at_terminal().in_new_command().spawn();
    crate::support::visit(&sandbox.wait_for_tabs(4));
    finish(person).token();
}
