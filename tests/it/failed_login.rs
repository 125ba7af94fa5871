//! A login that failed is remembered: one tab for all who ask in vain, and a new one for a person who asks again.

use crate::parallel::{ANOTHER, wait_for_waiter};
use crate::support::{Call, Sandbox, finish, now};
use okta::{AuthorizeError, Endpoint, Fault, FaultBody, FaultKind};

fn refusing() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.authorize_error = Some(AuthorizeError {
            error: "access_denied".to_owned(),
            description: String::new(),
        });
    });
    sandbox
}

#[test]
fn five_failing_calls_of_one_command_open_one_tab_and_print_one_error() {
    let sandbox = refusing();
    let outcome = sandbox.get_token().at_terminal().repeated(5).run();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{outcome}"
    );
    assert_eq!(sandbox.tabs(), 1);
    let errors: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{outcome}");
}

#[test]
fn then_a_person_in_a_new_command_gets_a_new_tab_at_once() {
    let sandbox = refusing();
    sandbox.get_token().at_terminal().repeated(5).run().fails(1, &[]);
    sandbox.okta.behave(|behaviour| behaviour.authorize_error = None);
    sandbox.get_token().at_terminal().in_new_command().run().token();
    assert_eq!(sandbox.tabs(), 2);
    assert_eq!(sandbox.cache_files(".failure.json").len(), 0);
}

#[test]
fn a_person_who_types_the_command_again_in_the_same_shell_gets_a_new_tab() {
    let sandbox = refusing();
    let by_hand = sandbox
        .get_token()
        .without_env("KUBERNETES_EXEC_INFO")
        .at_terminal()
        .repeated(2);
    let outcome = by_hand.run();
    outcome.fails(1, &["access_denied"]);
    assert_eq!(
        (outcome.stderr.matches("error: ").count(), sandbox.tabs()),
        (2, 2),
        "{outcome}"
    );
}

/// A poller's kubectl tries five times as well: one error for them all, whichever of them asked the provider.
#[test]
fn retries_that_are_answered_from_memory_print_the_error_once_for_each_kubectl() {
    let sandbox = refusing();
    for note in [false, true] {
        let outcome = sandbox.get_token().repeated(5).run();
        outcome.fails(1, &["access_denied"]);
        assert_eq!(outcome.stderr.matches("error: ").count(), 1, "{outcome}");
        assert_eq!(outcome.stderr.contains("note: no new sign-in"), note, "{outcome}");
    }
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_changed_flag_variable_or_display_is_another_attempt() {
    let sandbox = refusing();
    let call = sandbox.get_token();
    let others = [
        call.clone(),
        call.clone().arg("--oidc-auth-request-extra-params=prompt=login"),
        call.clone().env("KUBESESAME_AUTHENTICATION_TIMEOUT_SEC", "170"),
        call.env("DISPLAY", ":7"),
    ];
    for (number, other) in others.iter().enumerate() {
        for _ in 0..2 {
            other.run().fails(1, &["access_denied"]);
        }
        assert_eq!(sandbox.tabs(), number + 1);
    }
    // Neither took the memory of another away.
    for other in &others {
        other.run().fails(1, &["access_denied"]);
    }
    assert_eq!(sandbox.tabs(), others.len());
}

#[test]
fn two_commands_at_terminals_that_retry_in_turn_open_one_tab_each() {
    let sandbox = refusing();
    let one = sandbox.get_token().at_terminal().repeated(2);
    one.run().fails(1, &[]);
    one.run().fails(1, &[]);
    assert_eq!(sandbox.tabs(), 2);
}

#[test]
fn a_program_that_polls_is_answered_from_memory() {
    let sandbox = refusing();
    for _ in 0..4 {
        sandbox
            .get_token()
            .in_new_command()
            .run()
            .fails(1, &["access_denied"]);
    }
    assert_eq!(sandbox.tabs(), 1);
    let outcome = sandbox.get_token().in_new_command().run();
    assert!(
        outcome.stderr.contains("note: no new sign-in was tried"),
        "{outcome}"
    );
}

#[test]
fn the_memory_of_a_program_fades_after_one_five_and_fifteen_minutes() {
    let sandbox = refusing();
    sandbox.get_token().in_new_command().run().fails(1, &[]);
    for (number, minutes) in [1, 5, 15, 15].into_iter().enumerate() {
        let tabs = number + 1;
        // Within the half minute that is left, the call is made also on a busy machine.
        age_failure(&sandbox, minutes * 60 - 30);
        sandbox
            .get_token()
            .in_new_command()
            .run()
            .fails(1, &["access_denied"]);
        assert_eq!(sandbox.tabs(), tabs, "still quiet before {minutes} min");
        age_failure(&sandbox, minutes * 60 + 5);
        sandbox
            .get_token()
            .in_new_command()
            .run()
            .fails(1, &["access_denied"]);
        assert_eq!(sandbox.tabs(), tabs + 1, "a new try after {minutes} min");
    }
}

/// Lets the last failure lie so many seconds back.
fn age_failure(sandbox: &Sandbox, seconds: i64) {
    let path = sandbox.cache_file(".failure.json");
    let mut failure: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    failure["failures"][0]["at"] = (now() - seconds).into();
    std::fs::write(&path, failure.to_string()).unwrap();
}

fn by_password(sandbox: &Sandbox) -> Call {
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg(&format!("--username={}", user.login));
    call.arg(&format!("--password={}", user.password))
}

/// What passes by itself does not keep a program out that has a password of its own. Where a person was asked it is remembered, since each
/// try would ask them again.
#[test]
fn a_fault_of_the_provider_that_passes_is_no_failed_sign_in() {
    let busy = FaultBody::OAuth {
        error: "temporarily_unavailable".to_owned(),
        description: String::new(),
    };
    for (endpoint, kind) in [
        (Endpoint::Token, FaultKind::status(503, FaultBody::Html)),
        (Endpoint::Token, FaultKind::status(408, FaultBody::Html)),
        (Endpoint::Token, FaultKind::status(425, FaultBody::Html)),
        (Endpoint::Token, FaultKind::status(400, busy)),
        (Endpoint::Token, FaultKind::BrokenJson),
        (Endpoint::Token, FaultKind::Reset),
        (Endpoint::Keys, FaultKind::status(503, FaultBody::Html)),
    ] {
        for is_password in [true, false] {
            let sandbox = Sandbox::new();
            sandbox
                .okta
                .behave(|behaviour| behaviour.faults = vec![Fault::once(endpoint, kind.clone())]);
            let call = if is_password {
                by_password(&sandbox)
            } else {
                sandbox.get_token()
            };
            let failed = call.clone().in_new_command().run();
            failed.fails(1, &[]);
            let outcome = call.in_new_command().run();
            let code = i32::from(!is_password);
            assert_eq!(outcome.code, Some(code), "{kind:?} {is_password}: {outcome}");
            assert!(sandbox.tabs() <= 1, "{kind:?}");
        }
    }
}

/// Five wrong tries lock an account at some providers.
#[test]
fn a_password_that_was_refused_is_not_tried_by_each_program_that_asks() {
    let sandbox = Sandbox::unattended();
    let call = by_password(&sandbox).with("--password", "wrong");
    for _ in 0..3 {
        call.clone().in_new_command().run().fails(1, &["invalid_grant"]);
    }
    assert_eq!(sandbox.grants("password"), 1);
}

/// A client that lives on tells a person again why there is no token; only the retries of one command are silent.
#[cfg(target_os = "linux")]
#[test]
fn a_client_that_asks_again_later_is_told_again() {
    let sandbox = refusing();
    sandbox.set_clock(0);
    let later = |ahead: i64| {
        let clock = sandbox.path("clock");
        format!(
            "printf '={}' > '{}'",
            sandbox.clock_zero() + ahead,
            clock.display()
        )
    };
    // Told at 0, 10 and 21 seconds.
    let script = format!(
        "\"$@\"; {}; \"$@\"; {}; \"$@\"; \"$@\"; {}; \"$@\"; \"$@\"",
        later(9),
        later(10),
        later(21)
    );
    let call = sandbox.get_token().by_clock_of(&sandbox);
    let outcome = call.through(&["sh", "-c", &script, "sh"]).run();
    outcome.fails(1, &["access_denied", "note: no new sign-in was tried"]);
    assert_eq!(outcome.stderr.matches("error: ").count(), 3, "{outcome}");
    assert_eq!(sandbox.tabs(), 1);
}

/// A person has begun a new sign-in; who polls neither waits for it nor opens a tab.
#[test]
fn a_caller_that_is_answered_from_memory_does_not_wait_for_the_lock() {
    let sandbox = refusing();
    sandbox.get_token().in_new_command().run().fails(1, &[]);
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    // The lock is not let go before the end, and who waited would tell of that.
    sandbox
        .get_token()
        .in_new_command()
        .run()
        .fails(1, &["access_denied", "note: no new sign-in was tried"]);
    drop(lock);
}

#[test]
fn a_success_forgets_the_failure() {
    let sandbox = refusing();
    sandbox.get_token().in_new_command().run().fails(1, &[]);
    sandbox.okta.behave(|behaviour| behaviour.authorize_error = None);
    sandbox.get_token().at_terminal().in_new_command().run().token();
    std::fs::remove_file(sandbox.session_file()).unwrap();
    sandbox.get_token().in_new_command().run().token();
}

#[test]
fn a_failure_that_asked_nobody_keeps_no_later_command_from_trying() {
    let sandbox = Sandbox::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let call = sandbox.get_token();
    call.clone()
        .with("--listen-address", &format!("127.0.0.1:{port}"))
        .run()
        .fails(1, &["no address"]);
    for _ in 0..2 {
        let nobody = call.clone().without("--browser-command").in_new_command();
        nobody.run().fails(3, &["sign in once at a terminal"]);
    }
    call.clone()
        .arg("--certificate-authority=/nowhere")
        .run()
        .fails(2, &[]);
    call.run().token();
}

#[cfg(target_os = "linux")]
#[test]
fn a_failure_that_asked_nobody_is_printed_once_for_each_kubectl() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().without("--browser-command");
    let call = call.by_clock_of(&sandbox);
    sandbox.set_clock(0);
    let outcome = call.repeated(5).run();
    outcome.fails(3, &["a sign-in is needed"]);
    assert_eq!(outcome.stderr.matches("error:").count(), 1, "{outcome}");
}

#[test]
fn a_broken_memory_is_no_memory() {
    let sandbox = refusing();
    sandbox.get_token().in_new_command().run().fails(1, &[]);
    std::fs::write(sandbox.cache_file(".failure.json"), b"\xff{").unwrap();
    sandbox.get_token().in_new_command().run().fails(1, &[]);
    assert_eq!(sandbox.tabs(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn ten_unattended_callers_open_one_tab_and_end_soon_after_its_time() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .in_new_command()
        .arg("--authentication-timeout-sec=60")
        .by_clock_of(&sandbox)
        .by_timers_of(&sandbox);
    sandbox.set_clock(0);
    let children: Vec<_> = (0..10).map(|_| call.spawn()).collect();
    sandbox.wait_for_tabs(1);
    // Who waits for the others gives up after 62 s.
    sandbox.let_pass(61);
    for child in children {
        finish(child).fails(1, &["nobody signed in within 60 s"]);
    }
    assert_eq!(sandbox.tabs(), 1);
    // And whoever comes a moment later without a terminal does not wait at all.
    call.run()
        .fails(1, &["nobody signed in within 60 s", "note: no new sign-in"]);
}

#[cfg(target_os = "linux")]
#[test]
fn callers_at_terminals_share_a_failure_that_they_waited_for_with_all_their_retries() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .at_terminal()
        .repeated(3)
        .arg("--authentication-timeout-sec=600")
        .by_clock_of(&sandbox);
    sandbox.set_clock(0);
    let first = call.clone().by_timers_of(&sandbox).spawn();
    sandbox.wait_for_tabs(1);
    // All at the same time, since each says so after two seconds.
    let others = [(); 3].map(|()| call.spawn());
    let others = others.map(|child| wait_for_waiter(child, ANOTHER));
    sandbox.let_pass(600);
    for child in [first].into_iter().chain(others) {
        assert_eq!(finish(child).code, Some(1));
    }
    assert_eq!(sandbox.tabs(), 1);
}

/// A script that runs the command twice in one shell is no kubectl that retries: each call says why it failed.
#[test]
fn a_call_by_a_script_says_its_cause_also_right_after_another_one() {
    let sandbox = refusing();
    let by_script = sandbox
        .get_token()
        .without_env("KUBERNETES_EXEC_INFO")
        .repeated(2);
    let outcome = by_script.run();
    outcome.fails(1, &["access_denied"]);
    assert_eq!(
        (outcome.stderr.matches("error: ").count(), sandbox.tabs()),
        (2, 1),
        "{outcome}"
    );
}
