//! The table of decisions.

use super::*;
use crate::clock::at;
use crate::report::Report;
use crate::session::sample_record;

/// A session whose token was issued at 0 s and expires at 3600 s.
fn hour() -> Record {
    sample_record(0, 3600)
}

fn recalled() -> Recalled {
    let report = Report::sample("down");
    Recalled {
        report,
        was_reported: false,
    }
}

fn state<'a>(stage: Stage<'a>, session: Option<&'a Record>) -> State<'a> {
    State {
        stage,
        session,
        next_token_by: if session.is_some() {
            NextTokenBy::RefreshToken
        } else {
            NextTokenBy::Nothing
        },
        may_import: false,
        asked: AskedBefore::No,
        recalled: None,
    }
}

const GOOD: Timestamp = at(1000);
/// In the refresh margin before the expiry.
const MARGIN: Timestamp = at(3595);
const EXPIRED: Timestamp = at(3600);
/// Near enough to the expiry for a background refresh.
const DUE: Timestamp = at(3000);

#[test]
fn a_sign_in_that_a_person_asks_for_needs_no_reason() {
    let hour = hour();
    for session in [None, Some(&hour)] {
        for now in [GOOD, MARGIN, EXPIRED] {
            let mut remembered = state(Stage::FirstLook, session);
            remembered.recalled = Some(recalled());
            assert_eq!(plan(&remembered, now, Demand::SignIn), Step::Lock { wait: true });
            remembered.stage = Stage::Locked { seen: None };
            assert_eq!(plan(&remembered, now, Demand::SignIn), Step::Login);
            let failed = state(Stage::LoginFailed, session);
            assert_eq!(plan(&failed, now, Demand::SignIn), Step::Fail);
            let acquired = state(Stage::Acquired, session);
            assert_eq!(plan(&acquired, now, Demand::SignIn), Step::Use);
        }
    }
}

#[test]
fn the_first_look_uses_a_good_token_and_else_takes_the_lock() {
    let hour = hour();
    let some = Some(&hour);
    assert_eq!(
        plan(&state(Stage::FirstLook, some), GOOD, Demand::Good),
        Step::Use
    );
    for (session, now, demand) in [
        (some, MARGIN, Demand::Good),
        (some, EXPIRED, Demand::Good),
        (None, GOOD, Demand::Good),
        (some, GOOD, Demand::Fresh),
    ] {
        assert_eq!(
            plan(&state(Stage::FirstLook, session), now, demand),
            Step::Lock { wait: true }
        );
    }
    let nothing = State {
        recalled: Some(recalled()),
        ..state(Stage::FirstLook, None)
    };
    assert_eq!(plan(&nothing, GOOD, Demand::Good), Step::Recall(recalled()));
    let remembered = State {
        recalled: Some(recalled()),
        ..state(Stage::FirstLook, some)
    };
    assert_eq!(
        plan(&remembered, GOOD, Demand::Good),
        Step::Use,
        "a good token is always returned"
    );
    assert_eq!(plan(&remembered, MARGIN, Demand::Good), Step::UseUntilExpiry);
    assert_eq!(plan(&remembered, EXPIRED, Demand::Good), Step::Recall(recalled()));
    assert_eq!(plan(&remembered, GOOD, Demand::Fresh), Step::Recall(recalled()));
}

#[test]
fn a_background_refresh_replaces_only_a_good_token_near_its_expiry() {
    let hour = hour();
    for (now, expected) in [
        (GOOD, Step::Use),
        (DUE, Step::Lock { wait: false }),
        (EXPIRED, Step::Use),
    ] {
        assert_eq!(
            plan(&state(Stage::FirstLook, Some(&hour)), now, Demand::Background),
            expected,
            "{now:?}"
        );
    }
    let locked = |now| {
        let seen = Stage::Locked {
            seen: Some(&hour.token),
        };
        plan(&state(seen, Some(&hour)), now, Demand::Background)
    };
    assert_eq!((locked(GOOD), locked(DUE)), (Step::Use, Step::Refresh));
    let failed_before = State {
        recalled: Some(recalled()),
        ..state(Stage::Locked { seen: None }, Some(&hour))
    };
    assert_eq!(plan(&failed_before, DUE, Demand::Background), Step::Use);
    for (stage, expected) in [
        (Stage::LockBusy, Step::Use),
        (Stage::RefreshRefused, Step::Fail),
        (Stage::RefreshFailed, Step::Fail),
        (Stage::LoginFailed, Step::Fail),
    ] {
        assert_eq!(
            plan(&state(stage, Some(&hour)), DUE, Demand::Background),
            expected
        );
    }
}

#[test]
fn the_lock_holder_uses_a_new_token_refreshes_an_old_one_and_else_logs_in() {
    let hour = hour();
    let mut newer = sample_record(0, 3600);
    newer.token = Secret::new("newer");
    let locked = |session, seen, now, demand| plan(&state(Stage::Locked { seen }, session), now, demand);
    let (some, old) = (Some(&hour), Some(&hour.token));
    assert_eq!(
        locked(Some(&newer), old, GOOD, Demand::Good),
        Step::Use,
        "another process has refreshed"
    );
    assert_eq!(locked(Some(&newer), old, GOOD, Demand::Fresh), Step::Use);
    assert_eq!(
        locked(some, None, GOOD, Demand::Good),
        Step::Use,
        "another process has signed in"
    );
    assert_eq!(locked(some, old, GOOD, Demand::Fresh), Step::Refresh);
    assert_eq!(locked(some, old, MARGIN, Demand::Good), Step::Refresh);
    assert_eq!(locked(some, old, EXPIRED, Demand::Good), Step::Refresh);
    assert_eq!(locked(None, None, GOOD, Demand::Good), Step::Login);
    assert_eq!(locked(None, None, GOOD, Demand::Fresh), Step::Login);
    let import = State {
        may_import: true,
        ..state(Stage::Locked { seen: None }, None)
    };
    assert_eq!(plan(&import, GOOD, Demand::Good), Step::Import);
    let no_refresh_token = State {
        next_token_by: NextTokenBy::Nothing,
        ..state(Stage::Locked { seen: old }, some)
    };
    assert_eq!(plan(&no_refresh_token, EXPIRED, Demand::Good), Step::Login);
    assert_eq!(plan(&no_refresh_token, GOOD, Demand::Fresh), Step::Login);
    let program = State {
        next_token_by: NextTokenBy::NewLogin,
        ..state(Stage::Locked { seen: old }, some)
    };
    assert_eq!(plan(&program, EXPIRED, Demand::Good), Step::Login);
}

#[test]
fn a_failed_wait_is_reported_unless_the_token_is_unexpired() {
    let hour = hour();
    let waited = |session| State {
        recalled: Some(recalled()),
        ..state(Stage::Locked { seen: None }, session)
    };
    assert_eq!(plan(&waited(None), GOOD, Demand::Good), Step::Recall(recalled()));
    assert_eq!(
        plan(&waited(Some(&hour)), MARGIN, Demand::Good),
        Step::UseUntilExpiry
    );
    assert_eq!(
        plan(&waited(Some(&hour)), EXPIRED, Demand::Good),
        Step::Recall(recalled())
    );
}

#[test]
fn a_repeated_request_causes_a_refresh_and_never_a_login() {
    let hour = hour();
    let asked = |stage, asked| State {
        asked,
        ..state(stage, Some(&hour))
    };
    let first = |before| plan(&asked(Stage::FirstLook, before), GOOD, Demand::Good);
    assert_eq!(first(AskedBefore::Once), Step::Lock { wait: false });
    assert_eq!(first(AskedBefore::AfterRefresh), Step::Use);
    assert_eq!(first(AskedBefore::Handled), Step::Use);
    let seen = Some(&hour.token);
    for (stage, expected) in [
        (Stage::LockBusy, Step::Use),
        (Stage::Locked { seen }, Step::Refresh),
        (Stage::RefreshFailed, Step::Use),
        (Stage::RefreshRefused, Step::Use),
    ] {
        assert_eq!(
            plan(&asked(stage, AskedBefore::Once), GOOD, Demand::Good),
            expected
        );
    }
    let new = asked(Stage::FirstLook, AskedBefore::Once);
    let is_used = |now| plan(&new, at(now), Demand::Good) == Step::Use;
    assert!([MIN_AGE_TO_SUSPECT_SECS - 1, -CLOCK_LEEWAY_SECS].map(is_used) == [true; 2]);
    assert!([MIN_AGE_TO_SUSPECT_SECS, -CLOCK_LEEWAY_SECS - 1, i64::MIN].map(is_used) == [false; 3]);
    let person = State {
        next_token_by: NextTokenBy::Nothing,
        ..asked(Stage::FirstLook, AskedBefore::Once)
    };
    assert_eq!(
        plan(&person, GOOD, Demand::Good),
        Step::Use,
        "a guess causes no login"
    );
}

#[test]
fn a_failed_refresh_or_login_is_reported_unless_a_token_is_usable() {
    let hour = hour();
    for (stage, now, demand, expected) in [
        (Stage::Acquired, EXPIRED, Demand::Good, Step::Use),
        (Stage::RefreshFailed, EXPIRED, Demand::Good, Step::Fail),
        (Stage::RefreshFailed, MARGIN, Demand::Good, Step::UseUntilExpiry),
        (Stage::RefreshFailed, GOOD, Demand::Fresh, Step::Fail),
        (Stage::RefreshRefused, EXPIRED, Demand::Good, Step::Login),
        (Stage::RefreshRefused, MARGIN, Demand::Good, Step::Login),
        (Stage::RefreshRefused, GOOD, Demand::Fresh, Step::Login),
        (Stage::LoginFailed, EXPIRED, Demand::Good, Step::Fail),
        (Stage::LoginFailed, MARGIN, Demand::Good, Step::UseUntilExpiry),
        (Stage::LoginFailed, GOOD, Demand::Fresh, Step::Fail),
    ] {
        assert_eq!(
            plan(&state(stage, Some(&hour)), now, demand),
            expected,
            "{stage:?} {now:?} {demand:?}"
        );
    }
}
