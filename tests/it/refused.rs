//! A token that the API server refuses: client-go asks again at once, and says nothing of it.

use crate::support::{Call, Outcome, Sandbox, finish, wait_until};
use okta::{Endpoint, Fault, FaultBody, FaultKind};

impl Sandbox {
    /// Signed in a while ago: a token that is new is not refreshed.
    fn signed_in_before(&self) -> String {
        self.set_clock(0);
        let token = self.signed_in();
        self.change_session(|session| session["issued_at"] = (self.clock_zero() - 60).into());
        token
    }

    /// By a clock that stands: however slow the machine is, kubectl asks again at once.
    fn asked_again(&self) -> Call {
        self.get_token().by_clock_of(self)
    }
}

/// The tokens that a command got which asked several times.
fn tokens(outcome: &Outcome) -> Vec<String> {
    let token = |line: &str| -> serde_json::Value { serde_json::from_str(line).expect("an ExecCredential") };
    let lines = outcome.stdout.lines();
    lines
        .map(|line| token(line)["status"]["token"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_kubectl_that_asks_again_gets_another_token_and_after_that_the_same_one() {
    let sandbox = Sandbox::new();
    let first = sandbox.signed_in_before();
    let outcome = sandbox.asked_again().repeated(2).run();
    let got = tokens(&outcome);
    assert_eq!(
        (got.len(), &got[0], outcome.stderr.as_str()),
        (2, &first, ""),
        "{outcome}"
    );
    assert_ne!(got[1], first);
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (1, 1));

    // The next command, a moment later: a token that was refreshed just now is not refreshed again, and never withheld.
    let outcome = sandbox.asked_again().repeated(5).run();
    assert_eq!(tokens(&outcome), vec![got[1].clone(); 5], "{outcome}");
    assert_eq!(
        (
            sandbox.grants("refresh_token"),
            outcome.code,
            outcome.stderr.as_str()
        ),
        (1, Some(0), "")
    );
}

#[test]
fn at_a_terminal_the_issuer_and_audience_of_a_suspect_token_are_told_once() {
    let sandbox = Sandbox::new();
    sandbox.signed_in_before();
    let outcome = sandbox.asked_again().at_terminal().repeated(6).run();
    assert_eq!((tokens(&outcome).len(), outcome.code), (6, Some(0)), "{outcome}");
    assert_eq!(sandbox.grants("refresh_token"), 1);
    insta::assert_snapshot!(outcome.stderr.replace(&sandbox.okta.issuer(), "[ISSUER]"), @"kubesesame: the API server seems to refuse a valid token (issuer [ISSUER], audience 0oakubesesamemock); to see why: kubesesame doctor");
}

/// The same by the long way, which a call that tells its steps takes.
#[test]
fn a_command_line_without_a_fast_path_is_treated_alike() {
    let sandbox = Sandbox::new();
    sandbox.signed_in_before();
    let outcome = sandbox.asked_again().arg("-v1").repeated(4).run();
    assert_eq!((tokens(&outcome).len(), outcome.code), (4, Some(0)), "{outcome}");
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

#[test]
fn a_suspect_token_is_returned_although_a_setting_cannot_be_used() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    let call = sandbox.asked_again().arg("--certificate-authority=/nowhere");
    let outcome = call.repeated(3).run();
    assert_eq!(tokens(&outcome), vec![token; 3], "{outcome}");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
}

/// The token may have ended long ago, and its like cannot be accepted. What can be done about it is not a guess, so it is told once.
#[test]
fn a_clock_that_was_set_back_is_told_with_the_token_that_is_asked_for_again() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    sandbox.set_clock_of_machine(-7200);
    let outcome = sandbox.asked_again().repeated(4).run();
    assert_eq!(
        (tokens(&outcome), outcome.code),
        (vec![token; 4], Some(0)),
        "{outcome}"
    );
    assert_eq!(sandbox.grants("refresh_token"), 1);
    insta::assert_snapshot!(outcome.stderr, @"warning: the session could not be refreshed: the ID token cannot be trusted: it is valid only in 7200 s by this machine's clock; this machine's clock is 2 h behind the provider's: set it (timedatectl set-ntp true)");

    // Set right, nothing of it is left.
    sandbox.set_clock_of_machine(0);
    let outcome = sandbox.asked_again().repeated(2).run();
    assert_eq!(
        (tokens(&outcome).len(), outcome.stderr.as_str()),
        (2, ""),
        "{outcome}"
    );
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (2, 1));
}

/// The refresh is a guess: it is not worth a wait for whatever another process does under the lock.
#[test]
fn a_suspect_token_is_returned_at_once_while_another_process_has_the_lock() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    let lock = std::fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let outcome = sandbox.asked_again().repeated(3).run();
    assert_eq!(tokens(&outcome), vec![token; 3], "{outcome}");
    assert_eq!(sandbox.okta.requests().len(), 0);
}

/// Nor is it worth a longer wait than that for one request.
#[cfg(target_os = "linux")]
#[test]
fn a_suspect_token_is_returned_after_the_time_of_one_request_while_the_provider_hangs() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    sandbox.hold_token_answers();
    let child = sandbox.asked_again().by_timers_of(&sandbox).repeated(2).spawn();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    sandbox.let_pass(31);
    let outcome = finish(child);
    assert_eq!(tokens(&outcome), vec![token; 2], "{outcome}");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    sandbox.let_answers_go();
}

/// The refresh token is spent, and only this answer has its successor.
#[test]
fn a_slow_answer_to_the_refresh_of_a_token_that_lives_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let token = sandbox.signed_in_before();
    sandbox.hold_token_answers();
    let child = sandbox.asked_again().by_timers_of(&sandbox).repeated(2).spawn();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    sandbox.let_pass(11);
    sandbox.let_answers_go();
    let outcome = finish(child);
    assert_ne!(tokens(&outcome)[1], token, "{outcome}");
    sandbox.expire();
    sandbox.get_token().run().token();
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

#[test]
fn another_kubectl_another_command_line_and_a_person_are_not_suspected() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    for _ in 0..3 {
        assert_eq!(sandbox.get_token().run().token(), token);
    }
    let by_hand = sandbox.get_token().without_env("KUBERNETES_EXEC_INFO");
    let outcome = by_hand.repeated(4).run();
    assert_eq!(tokens(&outcome), vec![token.clone(); 4], "{outcome}");
    // Two users of one kubeconfig that share a session are two clients in one process.
    let both =
        sandbox
            .get_token()
            .through(&["sh", "-c", "\"$@\"; exec \"$@\" --oidc-pkce-method=S256", "sh"]);
    assert_eq!(tokens(&both.run()), vec![token; 2]);
    assert_eq!(sandbox.okta.requests().len(), 0);
}

#[test]
fn a_refused_token_is_returned_again_where_no_other_can_be_had() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    sandbox.okta.behave(|behaviour| {
        let down = FaultKind::status(503, FaultBody::Empty);
        behaviour.faults = vec![Fault::always(Endpoint::Token, down)];
    });
    let outcome = sandbox.asked_again().repeated(3).run();
    assert_eq!(tokens(&outcome), vec![token; 3], "{outcome}");
    assert_eq!(
        (outcome.code, sandbox.tabs(), sandbox.grants("refresh_token")),
        (Some(0), 1, 1)
    );
}

#[test]
fn a_session_without_a_refresh_token_opens_no_tab_for_a_refused_token() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let call = sandbox.asked_again().without("--oidc-extra-scope");
    let token = call.run().token();
    let outcome = call.repeated(3).run();
    assert_eq!(tokens(&outcome), vec![token; 3], "{outcome}");
    assert_eq!((outcome.code, sandbox.tabs()), (Some(0), 1));
}

/// The cause of the rejection may be that the account is gone: but it is a guess, and no tab opens for a guess.
#[test]
fn a_suspect_token_of_a_session_that_has_ended_opens_no_tab() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    sandbox.okta.end_sessions();
    let outcome = sandbox.asked_again().repeated(3).run();
    assert_eq!(tokens(&outcome), vec![token; 3], "{outcome}");
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
}

#[test]
fn noticing_refusals_can_be_switched_off_for_programs_that_ask_over_and_over() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in_before();
    let call = sandbox.asked_again().arg("--notice-refusal=off");
    // By the long way first, then by the note that it leaves.
    assert_eq!(tokens(&call.repeated(4).run()), vec![token; 4]);
    assert_eq!(sandbox.okta.requests().len(), 0);
}

#[test]
fn a_refused_token_of_a_program_is_replaced_by_a_new_one() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let call = sandbox.program().by_clock_of(&sandbox);
    let token = call.run().token();
    sandbox.change_session(|session| session["issued_at"] = (sandbox.clock_zero() - 60).into());
    assert_ne!(tokens(&call.repeated(2).run())[1], token);
    // The first sign-in asked for `openid` too, which Okta refuses for a program.
    assert_eq!(sandbox.grants("client_credentials"), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_reads_its_kubeconfig_now_and_then_is_not_suspected() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.signed_in();
    let script = format!(
        "for at in 0 31 62 93; do echo $at > {}; \"$@\"; done",
        sandbox.path("clock").display()
    );
    let call = sandbox
        .get_token()
        .by_clock_of(&sandbox)
        .through(&["sh", "-c", &script, "sh"]);
    assert_eq!(tokens(&call.run()), vec![token; 4]);
    assert_eq!(sandbox.okta.requests().len(), 0);
}

/// kube-rs asks for each request once less than a minute is left.
#[test]
fn a_token_near_its_end_may_be_asked_for_again() {
    let sandbox = Sandbox::new();
    sandbox.signed_in_before();
    sandbox.change_session(|session| session["expires_at"] = (sandbox.clock_zero() + 45).into());
    let outcome = sandbox.asked_again().arg("--refresh-ahead=off").repeated(4).run();
    assert_eq!((tokens(&outcome).len(), outcome.code), (4, Some(0)), "{outcome}");
    assert_eq!(sandbox.okta.requests().len(), 0);
}
