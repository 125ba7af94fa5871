//! Kills under strict rotation: an app that requires DPoP and proves itself by `client_secret_jwt`, and two processes that refresh at once.

use std::hash::{BuildHasher as _, RandomState};
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::client_assertions::by_secret;
use crate::logout::logout_of;
use crate::support::{Call, Sandbox, finish, wait_until};
use okta::{Dpop, Endpoint, Rotation};

const KILLS: u64 = 40;
/// A seed that failed is tried again with this variable.
const SEED: &str = "KUBESESAME_TEST_SEED";

/// The mock as Okta with `dpop_bound_access_tokens`, `client_secret_jwt` and a rotation with this leeway, and the call of the app.
fn strict_app(leeway_secs: i64) -> (Sandbox, Call) {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.dpop.mode = Dpop::Required;
        behaviour.refresh = Rotation::Rotate;
        behaviour.leeway_secs = leeway_secs;
    });
    let call = by_secret(&sandbox);
    (sandbox, call)
}

/// Numbers that look random (xorshift64), and are the same for the same seed.
struct Numbers(u64);

impl Numbers {
    #[expect(clippy::print_stderr, reason = "for whoever reads why the test failed")]
    fn new() -> Self {
        let given = std::env::var(SEED).ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
        eprintln!("{SEED}={seed}");
        // Zero would stay zero.
        Self(seed.max(1))
    }

    /// Returns a part of this time.
    fn part_of(&mut self, whole: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        whole * u32::try_from(self.0 % 1000).unwrap() / 1000
    }
}

fn kill_now(child: &Child) {
    // Fails only when it has ended.
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).ok();
}

/// Two refreshes at once, of which each is killed some time after the other. Returns how many were killed before their end.
fn two_killed(call: &Call, waits: [Duration; 2]) -> u64 {
    let children = [call.spawn(), call.spawn()];
    for (child, wait) in children.iter().zip(waits) {
        std::thread::sleep(wait);
        kill_now(child);
    }
    children
        .map(|child| u64::from(finish(child).code.is_none()))
        .iter()
        .sum()
}

#[test]
fn forty_kills_of_two_refreshes_at_once_cost_an_app_with_dpop_and_rotation_no_login() {
    let (sandbox, call) = strict_app(30);
    call.run().token();
    let mut numbers = Numbers::new();
    let (mut killed, mut rounds) = (0, 0);
    let mut longest = Duration::from_millis(14);
    while killed < KILLS {
        assert!(rounds < 20 * KILLS, "only {killed} calls were killed in time");
        rounds += 1;
        sandbox.expire();
        let in_time = two_killed(&call, [numbers.part_of(longest), numbers.part_of(longest)]);
        killed += in_time;
        // Whatever the machine, about a half of the calls comes to its end, so that the refresh token is replaced in between.
        longest = longest * (if in_time == 2 { 55 } else { 48 }) / 50;
    }
    sandbox.expire();
    sandbox.okta.clear_requests();
    call.run().token();
    assert_eq!(sandbox.grants("refresh_token"), 1, "it refreshes");
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
    ends_for_good(&sandbox, &call);
}

/// A sign-out ends the family: a copy of the session is refused, and its owner has to sign in.
fn ends_for_good(sandbox: &Sandbox, call: &Call) {
    let copy = sandbox.session();
    let outcome = logout_of(sandbox, call, &[]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    call.run().token();
    assert_eq!(sandbox.tabs(), 2, "the session is gone");
    sandbox.change_session(|session| *session = copy);
    sandbox.expire();
    call.run().token();
    assert_eq!(sandbox.tabs(), 3, "and so is its family at the provider");
}

/// Nothing can store a response that a killed process has not read: without a leeway it costs one sign-in, which says why, and no more.
#[test]
fn a_kill_before_the_answer_costs_one_login_where_rotation_has_no_leeway() {
    for by_dpop in [false, true] {
        let (sandbox, call) = strict_app(0);
        if !by_dpop {
            sandbox
                .okta
                .behave(|behaviour| behaviour.dpop.mode = Dpop::Ignored);
        }
        call.run().token();
        sandbox.okta.clear_requests();
        sandbox.expire();
        sandbox.hold_token_answers();
        let child = call.spawn();
        wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
        kill_now(&child);
        finish(child);
        sandbox.let_answers_go();
        let outcome = call.run();
        outcome.token();
        assert!(outcome.stderr.contains("invalid_grant"), "{outcome}");
        assert_eq!(
            (sandbox.tabs(), sandbox.okta.reuse_detected()),
            (2, 1),
            "{outcome}"
        );
        sandbox.expire();
        call.run().token();
        assert_eq!(sandbox.tabs(), 2, "the new session refreshes");
    }
}
