//! Background refresh before a token's end: in steady use nobody waits for the network.

use std::fs;
use std::path::PathBuf;

use crate::parallel::wait_for_waiter;
use crate::support::{Call, Sandbox, finish, now, wait_until};
use okta::{Defect, Endpoint, Fault, FaultBody, FaultKind};

impl Sandbox {
    /// A program that signs in for itself.
    pub(crate) fn program(&self) -> Call {
        self.okta
            .behave(|behaviour| behaviour.custom_scopes.push("k8s".to_owned()));
        self.get_token()
            .by_web_app(&self.okta)
            .arg("--grant-type=client-credentials")
            .arg("--oidc-use-access-token")
            .without("--oidc-extra-scope")
            .arg("--oidc-extra-scope=k8s")
    }

    pub(crate) fn token(&self) -> String {
        self.session()["token"].as_str().unwrap().to_owned()
    }

    /// Signed in, with a token that is good for three more minutes of its hour.
    pub(crate) fn near_the_end(&self) -> String {
        let token = self.signed_in();
        self.come_near_the_end();
        token
    }

    pub(crate) fn come_near_the_end(&self) {
        self.change_session(|session| {
            session["issued_at"] = (now() - 3420).into();
            session["expires_at"] = (now() + 180).into();
        });
    }
}

/// A call a minute for these hours: each gets what was there before it came, and the network is asked behind its back.
fn calls_a_minute_apart(life: i64, hours: i64) {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.id_token_lifetime_secs = life;
        behaviour.access_token_lifetime_secs = life;
    });
    sandbox.set_clock(0);
    let call = sandbox.get_token().by_clock_of(&sandbox);
    call.run().token();
    let mut refreshes = 0;
    for minute in 1..=hours * 60 {
        sandbox.set_clock(minute * 60);
        let stored = sandbox.token();
        let outcome = finish(call.spawn());
        assert_eq!(
            outcome.token(),
            stored,
            "minute {minute}: it waited for another token"
        );
        assert_eq!(outcome.stderr, "", "minute {minute}");
        // The note of a refresh that was begun is there before the call ends, and gone with the refresh.
        if !sandbox.cache_files(".background-refresh.json").is_empty() || sandbox.token() != stored {
            wait_until("the token is refreshed", || sandbox.token() != stored);
            // Its process lets the lock go last, and the next minute is here in no time.
            wait_until("and all is done", || {
                sandbox.cache_files(".background-refresh.json").is_empty() && refreshers(&sandbox).is_empty()
            });
            refreshes += 1;
        }
    }
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, refreshes));
    assert!(
        refreshes >= usize::try_from(hours * 3600 / life).unwrap(),
        "{refreshes}"
    );
    assert_eq!(sandbox.okta.reuse_detected(), 0);
}

#[test]
fn hours_with_tokens_of_five_minutes_have_no_call_that_waits() {
    calls_a_minute_apart(300, 4);
}

#[test]
fn a_day_with_tokens_of_an_hour_has_no_call_that_waits() {
    calls_a_minute_apart(3600, 24);
}

#[test]
fn a_reader_of_our_pipes_does_not_wait_for_the_refresh() {
    let sandbox = Sandbox::new();
    let token = sandbox.near_the_end();
    sandbox.hold_token_answers();
    // A descriptor that came by inheritance would keep the pipe open as well.
    let call = sandbox
        .get_token()
        .by_timers_of(&sandbox)
        .through(&["sh", "-c", "exec \"$@\" 9>&1", "sh"]);
    let outcome = call.run();
    assert_eq!((outcome.token(), outcome.stderr.as_str()), (token.clone(), ""));
    assert_eq!(sandbox.token(), token, "the call ended after the refresh");
    sandbox.let_answers_go();
    wait_until("the token is refreshed", || sandbox.token() != token);
    assert_eq!((sandbox.okta.count(Endpoint::Token), sandbox.tabs()), (1, 1));
}

/// The processes of this sandbox that refresh ahead, as `/proc` has them.
pub(crate) fn refreshers(sandbox: &Sandbox) -> Vec<PathBuf> {
    let home = format!(
        "HOME={}\0",
        sandbox.path("").to_string_lossy().trim_end_matches('/')
    );
    let read = |process: &PathBuf, name: &str| {
        let bytes = fs::read(process.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    processes
        .filter(|process| read(process, "cmdline").contains("background-refresh"))
        .filter(|process| read(process, "environ").contains(&home))
        .collect()
}

#[test]
fn the_refresh_is_a_process_of_its_own_and_is_gone_when_it_is_done() {
    let sandbox = Sandbox::new();
    let secret = sandbox.okta.web_client_secret();
    let call = sandbox
        .get_token()
        .with("--oidc-client-id", &sandbox.okta.web_client_id())
        .arg(&format!("--oidc-client-secret={secret}"))
        .by_timers_of(&sandbox);
    let token = call.run().token();
    sandbox.come_near_the_end();
    sandbox.hold_token_answers();
    call.run().token();
    let mut found = Vec::new();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 2);
    found.extend(refreshers(&sandbox));
    assert_eq!(found.len(), 1, "{found:?}");
    let command_line = fs::read(found[0].join("cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&command_line).contains(&secret));
    let stat = fs::read_to_string(found[0].join("stat")).unwrap();
    let session: u32 = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(3)
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        found[0],
        PathBuf::from(format!("/proc/{session}")),
        "it leads a session"
    );
    for descriptor in [1, 2] {
        let target = fs::read_link(found[0].join(format!("fd/{descriptor}"))).unwrap();
        assert_eq!(target, PathBuf::from("/dev/null"));
    }
    sandbox.let_answers_go();
    wait_until("the token is refreshed", || sandbox.token() != token);
    wait_until("the process ends", || refreshers(&sandbox).is_empty());
    assert_eq!(sandbox.cache_files(".background-refresh.json").len(), 0);
}

#[test]
fn many_callers_near_the_end_start_one_refresh() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let token = sandbox.near_the_end();
    let call = sandbox.get_token().in_new_command();
    let children: Vec<_> = (0..20).map(|_| call.spawn()).collect();
    for child in children {
        finish(child).token();
    }
    wait_until("the token is refreshed", || sandbox.token() != token);
    wait_until("nobody refreshes any more", || refreshers(&sandbox).is_empty());
    assert_eq!(
        (sandbox.okta.count(Endpoint::Token), sandbox.okta.reuse_detected()),
        (1, 0)
    );
}

/// Waits until the process that was left behind has left its word.
fn wait_for_word(sandbox: &Sandbox) {
    wait_until("the failure is noted", || {
        let notes = sandbox.cache_files(".background-refresh.json");
        notes
            .iter()
            .any(|note| fs::read_to_string(note).is_ok_and(|text| text.contains("failure")))
    });
}

#[test]
fn a_failure_leaves_the_good_token_and_a_note_for_the_next_call() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.near_the_end();
    let down = Fault::always(Endpoint::Token, FaultKind::status(503, FaultBody::Empty));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![down]);
    let call = sandbox.get_token().by_clock_of(&sandbox);
    let first = call.run();
    assert_eq!((first.token(), first.stderr.as_str()), (token.clone(), ""));
    wait_for_word(&sandbox);
    let second = call.run();
    assert_eq!(second.token(), token);
    let told = sandbox.filtered(&second);
    let told = told.lines().nth(1).unwrap().split(" (request id").next();
    assert_eq!(
        told,
        Some(
            "stderr: warning: the token could not be refreshed in the background: [ISSUER]/v1/token answered with HTTP 503"
        )
    );
    let third = call.run();
    assert_eq!(
        (third.token(), third.stderr.as_str()),
        (token.clone(), ""),
        "it was told once"
    );
    assert_eq!(
        sandbox.okta.count(Endpoint::Token),
        1,
        "and is not tried all the time"
    );
    sandbox.okta.behave(|behaviour| behaviour.faults.clear());
    sandbox.set_clock(61);
    assert_eq!(call.run().token(), token);
    wait_until("the token is refreshed", || sandbox.token() != token);
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_session_that_is_over_is_told_before_its_token_ends_and_opens_no_tab_yet() {
    let sandbox = Sandbox::new();
    let token = sandbox.near_the_end();
    sandbox.okta.end_sessions();
    sandbox.get_token().run().token();
    wait_for_word(&sandbox);
    let outcome = sandbox.get_token().run();
    assert_eq!(outcome.token(), token);
    assert!(
        outcome.stderr.contains("the session has ended: invalid_grant"),
        "{outcome}"
    );
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn it_can_be_switched_off() {
    let sandbox = Sandbox::new();
    let token = sandbox.near_the_end();
    let off: [Call; 2] = [
        sandbox.get_token().arg("--refresh-ahead=off"),
        sandbox.get_token().env("KUBESESAME_REFRESH_AHEAD", "off"),
    ];
    for call in off {
        // By the long way, and by the note that it leaves.
        assert_eq!(call.run().token(), token);
        assert_eq!(call.run().token(), token);
    }
    assert_eq!(
        sandbox.cache_files(".background-refresh.json").len(),
        0,
        "nothing was begun"
    );
    assert_eq!(sandbox.okta.requests().len(), 0);
}

#[test]
fn a_program_that_signs_in_for_itself_is_refreshed_ahead_too() {
    let sandbox = Sandbox::new();
    let call = sandbox.program();
    let token = call.run().token();
    sandbox.come_near_the_end();
    assert_eq!(call.run().token(), token);
    wait_until("the token is refreshed", || sandbox.token() != token);
    // The first sign-in asked for `openid` too, which Okta refuses for a program.
    assert_eq!(sandbox.grants("client_credentials"), 3);
}

#[test]
fn no_refresh_token_is_spent_where_what_comes_of_it_cannot_be_stored() {
    let sandbox = Sandbox::new();
    let token = sandbox.near_the_end();
    let full = ["sh", "-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "sh"];
    assert_eq!(sandbox.get_token().through(&full).run().token(), token);
    wait_until("nobody refreshes any more", || refreshers(&sandbox).is_empty());
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
    assert_eq!(sandbox.token(), token);
}

#[test]
fn clean_waits_for_a_refresh_that_would_bring_the_session_back() {
    let sandbox = Sandbox::new();
    sandbox.near_the_end();
    sandbox.hold_token_answers();
    sandbox.get_token().by_timers_of(&sandbox).run().token();
    wait_until("the refresh asks", || sandbox.okta.count(Endpoint::Token) == 1);
    let cleaning = wait_for_waiter(sandbox.bare(&["clean"]).spawn(), "another kubesesame");
    sandbox.let_answers_go();
    let cleaned = finish(cleaning);
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned}");
    wait_until("nobody refreshes any more", || refreshers(&sandbox).is_empty());
    assert_eq!(sandbox.cache_files(".session.json").len(), 0);
}

#[test]
fn a_session_that_has_a_refresh_token_only_later_is_refreshed_ahead_from_then_on() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.offline_access_allowed = false);
    let call = sandbox.get_token().without("--oidc-extra-scope");
    for _ in 0..2 {
        call.run().token();
    }
    assert_eq!(sandbox.cache_files(".fast-path.json").len(), 1);
    // A provider that sends one unasked, as some do.
    sandbox.change_session(|session| session["refresh_token"] = "unknown".into());
    sandbox.come_near_the_end();
    call.run().token();
    wait_for_word(&sandbox);
}

#[test]
fn a_rate_limit_is_respected_behind_the_scenes_too() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.near_the_end();
    let limited = FaultKind::Status {
        code: 429,
        body: FaultBody::Okta,
        retry_after: Some(100),
        rate_limit_reset: None,
    };
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, limited)]);
    let call = sandbox.get_token().by_clock_of(&sandbox);
    call.run().token();
    wait_for_word(&sandbox);
    call.run().token();
    sandbox.set_clock(61);
    call.run().token();
    wait_until("nobody refreshes any more", || refreshers(&sandbox).is_empty());
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1);
    sandbox.set_clock(110);
    call.run().token();
    // The note of the attempt that was given up holds for another while.
    sandbox.set_clock(130);
    call.run().token();
    wait_until("the token is refreshed", || sandbox.token() != token);
}

/// What the provider says of the past is not how near the token's end is.
#[test]
fn a_token_with_an_old_iat_is_not_refreshed_by_each_call() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_defect = Defect::IatOld);
    let call = sandbox.get_token();
    let token = call.run().token();
    for _ in 0..3 {
        assert_eq!(
            call.run().token(),
            token,
            "the same process may ask again at once"
        );
    }
    // It would begin a refresh, as it does near the end.
    assert_eq!(call.in_new_command().run().token(), token);
    assert!(sandbox.cache_files(".background-refresh.json").is_empty());
    assert_eq!(sandbox.grants("refresh_token"), 0);
}
