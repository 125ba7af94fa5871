//! Refresh: silent, one request, and never a login for a passing fault.

use std::fs;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Sandbox, finish, now, wait_until};
use okta::{Endpoint, Fault, FaultBody, FaultKind, RefreshRepeats, Rotation};

#[test]
fn an_expired_token_is_refreshed_in_one_request_without_a_word() {
    let sandbox = Sandbox::new();
    let old = sandbox.signed_in();
    sandbox.expire();
    let outcome = sandbox.get_token().run();
    assert_ne!(outcome.token(), old);
    assert_eq!(outcome.stderr, "");
    let asked: Vec<_> = sandbox
        .okta
        .requests()
        .into_iter()
        .map(|request| request.endpoint)
        .collect();
    assert_eq!(asked, [Endpoint::Token]);
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_refresh_asks_for_the_granted_scopes() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox.get_token().run().token();
    let request = sandbox.okta.requests().remove(0);
    let scope = request
        .form
        .iter()
        .find(|(name, _)| name == "scope")
        .map(|(_, value)| value.as_str());
    assert_eq!(scope, Some("openid offline_access"));
}

#[test]
fn the_refresh_token_may_be_new_the_same_or_absent() {
    for repeats in [RefreshRepeats::New, RefreshRepeats::Same, RefreshRepeats::Absent] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.refresh = Rotation::Static;
            behaviour.refresh_repeats = repeats;
        });
        sandbox.signed_in();
        for _ in 0..2 {
            sandbox.expire();
            sandbox.get_token().run().token();
        }
        assert_eq!(
            (sandbox.grants("refresh_token"), sandbox.tabs()),
            (2, 1),
            "{repeats:?}"
        );
    }
}

#[test]
fn a_passing_fault_opens_no_browser_and_keeps_the_session() {
    let cases = [
        (FaultKind::status(503, FaultBody::Html), "HTTP 503"),
        (FaultKind::status(500, FaultBody::Okta), "HTTP 500"),
        (FaultKind::status(400, FaultBody::Html), "not with JSON"),
        (FaultKind::status(401, oauth("invalid_client")), "invalid_client"),
        (
            FaultKind::Redirect {
                to: "http://127.0.0.1:1/steal?x=1".to_owned(),
            },
            "redirects to http://127.0.0.1:1/steal,",
        ),
        (FaultKind::BrokenJson, "broken JSON"),
        (FaultKind::Huge, "more than 4194304 bytes"),
        (
            FaultKind::status(401, FaultBody::Html),
            "does not accept this client",
        ),
        (
            FaultKind::status(400, oauth("temporarily_unavailable")),
            "temporarily_unavailable",
        ),
        (
            FaultKind::status(400, oauth("unauthorized_client")),
            "unauthorized_client",
        ),
        (FaultKind::status(403, FaultBody::Okta), "HTTP 403"),
    ];
    for (fault, words) in cases {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, fault.clone())]);
        sandbox.get_token().run().fails(1, &[words]);
        assert_eq!(sandbox.tabs(), 1, "{fault:?}");
        // The next call refreshes as if nothing had happened; some of these faults came after the rotation.
        sandbox.get_token().run().token();
        assert_eq!(sandbox.tabs(), 1, "{fault:?}");
    }
}

/// Okta's rate limit comes with `invalid_grant` at times, which is no word about the session; and who asks while it lasts makes it longer.
#[test]
fn a_provider_that_wants_to_be_left_alone_is() {
    let rate_limit = FaultBody::OAuth {
        error: "invalid_grant".to_owned(),
        description: "API call exceeded rate limit due to too many requests.".to_owned(),
    };
    let limited = |body, retry_after, rate_limit_reset| FaultKind::Status {
        code: 429,
        body,
        retry_after,
        rate_limit_reset,
    };
    let cases = [
        (limited(rate_limit, Some(200), None), 200),
        (limited(FaultBody::Okta, None, Some(250)), 250),
    ];
    for (fault, seconds) in cases {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, fault)]);
        let words = ["slow down (HTTP 429)", "try again in ", " min (after 20"];
        sandbox.get_token().run().fails(1, &words);
        let second = sandbox.get_token().run();
        second.fails(
            1,
            &["slow down (HTTP 429)", "note: the provider was not asked again"],
        );
        assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
        let note = sandbox.cache_file(".passing.json");
        let mut passing: serde_json::Value = serde_json::from_slice(&fs::read(&note).unwrap()).unwrap();
        let waits = passing["not_before"].as_i64().unwrap() - passing["at"].as_i64().unwrap();
        // A busy machine reads the answer some time after it was written.
        assert!((seconds - 100..=seconds).contains(&waits), "{waits}");
        // Its time is over.
        passing["not_before"] = (now() - 1).into();
        fs::write(&note, passing.to_string()).unwrap();
        sandbox.get_token().run().token();
        assert_eq!(
            (sandbox.tabs(), sandbox.cache_files(".passing.json").len()),
            (1, 0)
        );
    }
}

#[test]
fn a_provider_that_is_down_says_when_to_try_again() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let down = FaultKind::Status {
        code: 503,
        body: FaultBody::Html,
        retry_after: Some(3600),
        rate_limit_reset: None,
    };
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, down)]);
    let words = ["answered with HTTP 503", "after 20", "the session is kept"];
    sandbox.get_token().run().fails(1, &words);
    // It is asked at once all the same: it may be back.
    sandbox.get_token().run().token();
}

fn oauth(error: &str) -> FaultBody {
    FaultBody::OAuth {
        error: error.to_owned(),
        description: String::new(),
    }
}

/// Signed in, with a token that has to be refreshed and lives for eight more seconds.
#[cfg(target_os = "linux")]
fn with_few_seconds_left(sandbox: &Sandbox) -> String {
    let token = sandbox.signed_in();
    sandbox.set_clock(0);
    let soon = sandbox.clock_zero() + 8;
    sandbox.change_session(|session| {
        session["issued_at"] = (soon - 3600).into();
        session["expires_at"] = soon.into();
    });
    token
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_that_still_lives_is_returned_when_it_cannot_be_refreshed() {
    let sandbox = Sandbox::new();
    let token = with_few_seconds_left(&sandbox);
    let fault = Fault::always(Endpoint::Token, FaultKind::status(503, FaultBody::Empty));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let call = sandbox.get_token().by_clock_of(&sandbox);
    let outcome = call.run();
    assert_eq!((outcome.token(), outcome.stderr.as_str()), (token, ""));
    assert_eq!(sandbox.grants("refresh_token"), 1);
    call.arg("--force-refresh").run().fails(1, &["HTTP 503"]);
}

/// The provider answers a moment too late; that it hangs must not cost the rest of the token's life.
#[cfg(target_os = "linux")]
#[test]
fn a_provider_that_hangs_does_not_outlast_a_token_that_still_lives() {
    let sandbox = Sandbox::new();
    let token = with_few_seconds_left(&sandbox);
    sandbox.hold_token_answers();
    let child = sandbox.get_token().by_timers_of(&sandbox).spawn();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    sandbox.let_pass(6);
    let outcome = finish(child);
    assert_eq!((outcome.token(), outcome.stderr.as_str()), (token, ""));
    sandbox.let_answers_go();
}

#[test]
fn force_refresh_refreshes_a_good_token() {
    let sandbox = Sandbox::new();
    let old = sandbox.signed_in();
    let new = sandbox.get_token().arg("--force-refresh").run().token();
    assert_ne!(old, new);
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (1, 1));
    assert_eq!(sandbox.get_token().run().token(), new);
}

/// The answer is spoilt after the provider has replaced the refresh token: the new one must not be lost.
#[test]
fn a_rotated_refresh_token_survives_an_id_token_that_cannot_be_verified_yet() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    sandbox.signed_in();
    sandbox.expire();
    sandbox.okta.rotate_keys();
    let fault = Fault::once(Endpoint::Keys, FaultKind::status(503, FaultBody::Empty));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    sandbox.get_token().run().fails(1, &["HTTP 503"]);
    sandbox.get_token().run().token();
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

/// The same, killed while it waits for the keys: the new refresh token is on disk before anything takes time.
#[test]
fn a_kill_while_keys_are_fetched_loses_no_rotated_refresh_token() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    sandbox.signed_in();
    sandbox.expire();
    let before = sandbox.session()["refresh_token"].clone();
    sandbox.okta.rotate_keys();
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Keys, FaultKind::Hang)]);
    let child = sandbox.get_token().spawn();
    wait_until("the keys are asked for", || {
        sandbox.okta.count(Endpoint::Keys) > 0
    });
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).unwrap();
    finish(child);
    assert_ne!(
        sandbox.session()["refresh_token"],
        before,
        "the new refresh token is on disk"
    );
    sandbox.get_token().run().token();
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

#[test]
fn a_lifetime_of_an_odd_type_is_no_reason_to_lose_an_answer() {
    let sandbox = Sandbox::new();
    let odd = FaultKind::Replace {
        field: "expires_in".to_owned(),
        value: "3600".into(),
    };
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, odd)]);
    sandbox.signed_in();
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 1);
}

/// A kill at any moment of a refresh costs no login while the provider's leeway lasts. `tests/real/endurance.rs` has a thousand.
#[test]
fn kills_during_refreshes_cost_no_login() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 86_400);
    sandbox.signed_in();
    let mut killed = 0;
    // Spread over the whole run of a refresh and beyond: whatever the machine, one call of four comes to its end.
    let mut longest = Duration::from_millis(14);
    for round in 0..250_u32 {
        sandbox.expire_if_there();
        let child = sandbox.get_token().spawn();
        std::thread::sleep(longest * (round * 7919 % 250) / 250);
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).ok();
        let was_killed = finish(child).code.is_none();
        killed += usize::from(was_killed);
        longest = longest * (if was_killed { 51 } else { 47 }) / 50;
    }
    assert!(killed > 60, "only {killed} of 250 calls were killed in time");
    sandbox.expire_if_there();
    sandbox.get_token().run().token();
    assert_eq!(
        sandbox.cache_files(".tmp").len(),
        0,
        "what killed writers left behind is gone"
    );
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

impl Sandbox {
    fn expire_if_there(&self) {
        if !self.cache_files(".session.json").is_empty() {
            self.expire();
        }
    }
}
