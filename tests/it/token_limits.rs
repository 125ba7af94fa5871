//! How far clocks may differ, and how long a token may be.

use crate::support::Sandbox;
use okta::{Endpoint, Fault, FaultKind};

#[test]
fn a_clock_that_is_wrong_by_hours_is_named_as_the_cause() {
    for (offset, words) in [(3 * 3600, "3 h behind"), (-3 * 3600, "3 h ahead of")] {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.clock_offset_secs = offset);
        let outcome = sandbox.get_token().run();
        outcome.fails(1, &[&format!("this machine's clock is {words} the provider's")]);
    }
}

/// Five minutes are said and forgiven; what is beyond is refused by name, and never ends a session.
#[test]
fn a_clock_that_is_wrong_by_minutes_is_told() {
    for (offset, words) in [
        (5, None),
        (-5, None),
        (240, Some("s behind the provider's")),
        (-240, None),
    ] {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.clock_offset_secs = offset);
        let outcome = sandbox.get_token().run();
        outcome.token();
        let warned = outcome.stderr.contains("this machine's clock is about");
        assert_eq!(warned, words.is_some(), "{offset}: {outcome}");
        assert!(
            words.is_none_or(|words| outcome.stderr.contains(words)),
            "{outcome}"
        );
    }
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.clock_offset_secs = -240;
        behaviour.id_token_lifetime_secs = 180;
    });
    let outcome = sandbox.get_token().run();
    outcome.token();
    assert!(outcome.stderr.contains("s ahead of the provider's"), "{outcome}");
}

/// By both clocks, so that no difference between them explains it.
#[test]
fn a_token_that_has_ended_already_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_lifetime_secs = -40);
    let outcome = sandbox.get_token().run();
    outcome.fails(1, &["it expired 4", "this machine's clock"]);
    assert_eq!(sandbox.cache_files(".session.json").len(), 0);
}

#[test]
fn a_token_with_three_hundred_groups_fits() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.group_count = Some(300);
        behaviour.groups_limit_lifted = true;
    });
    let token = sandbox.get_token().run().token();
    assert!(token.len() > 5000);
    assert_eq!(sandbox.get_token().run().token(), token);
}

#[test]
fn a_token_with_thousands_of_groups_is_used_and_its_limits_are_told() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.group_count = Some(20_000);
        behaviour.groups_limit_lifted = true;
    });
    let outcome = sandbox.get_token().run();
    let token = outcome.token();
    assert!(token.len() > 300_000);
    assert!(
        outcome.stderr.contains("KiB") && outcome.stderr.contains("load balancer"),
        "{outcome}"
    );
    assert_eq!(sandbox.get_token().run().token(), token, "the session holds it");
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.group_count = Some(70_000);
        behaviour.groups_limit_lifted = true;
    });
    sandbox
        .get_token()
        .run()
        .fails(1, &["thousands of groups", "1 MiB of headers"]);
}

/// The next call could not read the session, and would sign in again.
#[test]
fn a_token_that_is_too_long_to_be_stored_is_refused_and_named() {
    let with = |field: &str| {
        let sandbox = Sandbox::new();
        let fault = FaultKind::Replace {
            field: field.to_owned(),
            value: "t".repeat(1024 * 1024 + 1).into(),
        };
        let fault = Fault::always(Endpoint::Token, fault);
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        sandbox
    };
    let sandbox = with("refresh_token");
    for _ in 0..2 {
        let outcome = sandbox.get_token().in_new_command().run();
        outcome.fails(1, &["its `refresh_token` is longer than 1 MiB"]);
    }
    assert_eq!(sandbox.tabs(), 1, "the failed sign-in is remembered");
    let sandbox = with("access_token");
    let outcome = sandbox.program().run();
    outcome.fails(1, &["its `access_token` is longer than 1 MiB"]);
}
