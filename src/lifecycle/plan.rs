//! Which step comes next. Pure: the table of tests is the specification.

use crate::oidc::CLOCK_LEEWAY;
use crate::secret::Secret;
use crate::session::{AskedBefore, Recalled, Record};

/// A token that was issued less than this ago is not refreshed on suspicion: another one would be its like, and a client that
/// is rejected over and over must not cost a refresh each time.
const MIN_SUSPECT_AGE_SECS: i64 = 30;

/// What a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// A token that is good.
    Good,
    /// Another token than there is (`--force-refresh`).
    Fresh,
    /// Another token, if the stored one is good and near its end; nobody waits, and nobody can be asked.
    Background,
}

/// How a session gets its next token without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshBy {
    RefreshToken,
    /// A program signs in for itself (client credentials).
    SignIn,
    /// Not at all.
    Nothing,
}

/// How far the call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage<'a> {
    /// The store was read without a lock.
    FirstLook,
    /// Another process holds the lock, and is not waited for.
    Busy,
    /// The lock is held, and the store was read again. `seen` is the token of the first look.
    Locked {
        seen: Option<&'a Secret>,
    },
    /// The session is new, or another program's that is used as it is.
    Acquired,
    /// Nothing is known of the session's end: the network, the provider's own fault, or a wrong setting.
    RefreshFailed,
    /// The provider will not refresh this session any more.
    RefreshRefused,
    SignInFailed,
}

/// What is known when a step is chosen.
#[derive(Debug, Clone)]
pub(crate) struct State<'a> {
    pub(crate) stage: Stage<'a>,
    pub(crate) session: Option<&'a Record>,
    pub(crate) refresh_by: RefreshBy,
    /// A session of kubelogin may be there to be taken over.
    pub(crate) may_import: bool,
    pub(crate) asked: AskedBefore,
    /// A failure that this caller is to be told of again, in place of a new attempt.
    pub(crate) recalled: Option<Recalled>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Hand out the session's token, until the margin before its end.
    Use,
    /// Hand it out to the very end of its life: it beats an error.
    UseToTheEnd,
    /// Take the session's lock.
    Lock {
        wait: bool,
    },
    Import,
    Refresh,
    SignIn,
    /// Tell what was remembered.
    Recall(Recalled),
    /// Tell what has just failed.
    Fail,
}

/// Chooses the next step. `now` is in seconds since the epoch.
pub(crate) fn plan(state: &State<'_>, now: i64, demand: Demand) -> Step {
    let usable = state.session.is_some_and(|session| session.is_usable(now));
    let lives = demand != Demand::Fresh && state.session.is_some_and(|session| now < session.expires_at);
    let or_use = |step: Step| match (usable, lives) {
        (true, true) => Step::Use,
        (false, true) => Step::UseToTheEnd,
        (_, false) => step,
    };
    match (state.stage, demand) {
        (Stage::FirstLook, Demand::Good) if usable && !state.is_suspect(now) => Step::Use,
        (Stage::FirstLook, Demand::Good) if usable => Step::Lock { wait: false },
        (Stage::FirstLook, Demand::Background) if state.is_refresh_due(now) => Step::Lock { wait: false },
        (Stage::FirstLook, Demand::Background) | (Stage::Busy | Stage::Acquired, _) => Step::Use,
        (Stage::FirstLook, _) => match &state.recalled {
            Some(recalled) => or_use(Step::Recall(recalled.clone())),
            None => Step::Lock { wait: true },
        },
        (Stage::Locked { seen }, _) => locked(state, seen, now, demand),
        // Nobody waits for this one's token; the next call hears of the failure.
        (Stage::RefreshFailed | Stage::RefreshRefused | Stage::SignInFailed, Demand::Background) => {
            Step::Fail
        }
        (Stage::RefreshFailed | Stage::SignInFailed, _) => or_use(Step::Fail),
        // A guess costs a refresh at most.
        (Stage::RefreshRefused, Demand::Good) if usable => Step::Use,
        (Stage::RefreshRefused, _) => Step::SignIn,
    }
}

fn locked(state: &State<'_>, seen: Option<&Secret>, now: i64, demand: Demand) -> Step {
    let usable = state.session.is_some_and(|session| session.is_usable(now));
    let is_another = state.session.map(|session| &session.token) != seen;
    let wanted = match demand {
        Demand::Good => is_another || !state.is_suspect(now),
        Demand::Fresh => is_another && seen.is_some(),
        Demand::Background => !state.is_refresh_due(now),
    };
    if usable && wanted {
        return Step::Use;
    }
    match (&state.recalled, state.refresh_by) {
        (Some(_), _) if usable && demand != Demand::Fresh => Step::Use,
        (Some(_), _) if demand != Demand::Fresh && state.lives(now) => Step::UseToTheEnd,
        (Some(recalled), _) => Step::Recall(recalled.clone()),
        (None, RefreshBy::RefreshToken) => Step::Refresh,
        (None, RefreshBy::Nothing) if state.may_import => Step::Import,
        // Only a person could bring another token.
        (None, RefreshBy::Nothing) if demand == Demand::Background || (usable && demand == Demand::Good) => {
            Step::Use
        }
        (None, RefreshBy::Nothing | RefreshBy::SignIn) => Step::SignIn,
    }
}

impl State<'_> {
    /// Whether the same process has asked again for a token that may be worth a refresh.
    fn is_suspect(&self, now: i64) -> bool {
        // What is further in the future than is accepted on arrival is of any age: this clock was set back since.
        let is_new = |age: i64| (-CLOCK_LEEWAY..MIN_SUSPECT_AGE_SECS).contains(&age);
        self.asked == AskedBefore::Once
            && self.refresh_by != RefreshBy::Nothing
            && self
                .session
                .is_some_and(|session| !is_new(now.saturating_sub(session.issued_at)))
    }

    fn is_refresh_due(&self, now: i64) -> bool {
        self.refresh_by != RefreshBy::Nothing
            && self
                .session
                .is_some_and(|session| session.is_usable(now) && session.is_refresh_due(now))
    }

    fn lives(&self, now: i64) -> bool {
        self.session.is_some_and(|session| now < session.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::session::sample_record;

    /// A session whose token was issued at 0 s and ends at 3600 s.
    fn hour() -> Record {
        sample_record(0, 3600)
    }

    fn recalled() -> Recalled {
        let report = Report::sample("down");
        Recalled { report, told: false }
    }

    fn state<'a>(stage: Stage<'a>, session: Option<&'a Record>) -> State<'a> {
        State {
            stage,
            session,
            refresh_by: if session.is_some() {
                RefreshBy::RefreshToken
            } else {
                RefreshBy::Nothing
            },
            may_import: false,
            asked: AskedBefore::No,
            recalled: None,
        }
    }

    const GOOD: i64 = 1000;
    /// In the margin before the end.
    const MARGIN: i64 = 3595;
    const OVER: i64 = 3600;
    /// Near enough to the end for the background.
    const DUE: i64 = 3000;

    #[test]
    fn the_first_look() {
        let hour = hour();
        let some = Some(&hour);
        assert_eq!(
            plan(&state(Stage::FirstLook, some), GOOD, Demand::Good),
            Step::Use
        );
        for (session, now, demand) in [
            (some, MARGIN, Demand::Good),
            (some, OVER, Demand::Good),
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
            "a good token is never withheld"
        );
        assert_eq!(plan(&remembered, MARGIN, Demand::Good), Step::UseToTheEnd);
        assert_eq!(plan(&remembered, OVER, Demand::Good), Step::Recall(recalled()));
        assert_eq!(plan(&remembered, GOOD, Demand::Fresh), Step::Recall(recalled()));
    }

    #[test]
    fn the_background_refreshes_a_good_token_near_its_end_and_nothing_else() {
        let hour = hour();
        for (now, expected) in [
            (GOOD, Step::Use),
            (DUE, Step::Lock { wait: false }),
            (OVER, Step::Use),
        ] {
            assert_eq!(
                plan(&state(Stage::FirstLook, Some(&hour)), now, Demand::Background),
                expected,
                "{now}"
            );
        }
        let locked = |now| {
            let seen = Stage::Locked {
                seen: Some(&hour.token),
            };
            plan(&state(seen, Some(&hour)), now, Demand::Background)
        };
        assert_eq!((locked(GOOD), locked(DUE)), (Step::Use, Step::Refresh));
        let left_alone = State {
            recalled: Some(recalled()),
            ..state(Stage::Locked { seen: None }, Some(&hour))
        };
        assert_eq!(plan(&left_alone, DUE, Demand::Background), Step::Use);
        for (stage, expected) in [
            (Stage::Busy, Step::Use),
            (Stage::RefreshRefused, Step::Fail),
            (Stage::RefreshFailed, Step::Fail),
            (Stage::SignInFailed, Step::Fail),
        ] {
            assert_eq!(
                plan(&state(stage, Some(&hour)), DUE, Demand::Background),
                expected
            );
        }
    }

    #[test]
    fn under_the_lock_a_new_token_is_used_an_old_one_refreshed_and_none_signed_in_for() {
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
        assert_eq!(locked(some, old, OVER, Demand::Good), Step::Refresh);
        assert_eq!(locked(None, None, GOOD, Demand::Good), Step::SignIn);
        assert_eq!(locked(None, None, GOOD, Demand::Fresh), Step::SignIn);
        let import = State {
            may_import: true,
            ..state(Stage::Locked { seen: None }, None)
        };
        assert_eq!(plan(&import, GOOD, Demand::Good), Step::Import);
        let no_refresh_token = State {
            refresh_by: RefreshBy::Nothing,
            ..state(Stage::Locked { seen: old }, some)
        };
        assert_eq!(plan(&no_refresh_token, OVER, Demand::Good), Step::SignIn);
        assert_eq!(plan(&no_refresh_token, GOOD, Demand::Fresh), Step::SignIn);
        let program = State {
            refresh_by: RefreshBy::SignIn,
            ..state(Stage::Locked { seen: old }, some)
        };
        assert_eq!(plan(&program, OVER, Demand::Good), Step::SignIn);
    }

    #[test]
    fn whoever_waited_in_vain_is_told_so_and_a_living_token_beats_that() {
        let hour = hour();
        let waited = |session| State {
            recalled: Some(recalled()),
            ..state(Stage::Locked { seen: None }, session)
        };
        assert_eq!(plan(&waited(None), GOOD, Demand::Good), Step::Recall(recalled()));
        assert_eq!(
            plan(&waited(Some(&hour)), MARGIN, Demand::Good),
            Step::UseToTheEnd
        );
        assert_eq!(
            plan(&waited(Some(&hour)), OVER, Demand::Good),
            Step::Recall(recalled())
        );
    }

    #[test]
    fn a_guess_costs_a_refresh_at_most() {
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
            (Stage::Busy, Step::Use),
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
        let is_used = |now| plan(&new, now, Demand::Good) == Step::Use;
        assert!([MIN_SUSPECT_AGE_SECS - 1, -CLOCK_LEEWAY].map(is_used) == [true; 2]);
        assert!([MIN_SUSPECT_AGE_SECS, -CLOCK_LEEWAY - 1, i64::MIN].map(is_used) == [false; 3]);
        let person = State {
            refresh_by: RefreshBy::Nothing,
            ..asked(Stage::FirstLook, AskedBefore::Once)
        };
        assert_eq!(
            plan(&person, GOOD, Demand::Good),
            Step::Use,
            "nobody signs in for a guess"
        );
    }

    #[test]
    fn after_a_refresh_or_a_sign_in_that_failed() {
        let hour = hour();
        for (stage, now, demand, expected) in [
            (Stage::Acquired, OVER, Demand::Good, Step::Use),
            (Stage::RefreshFailed, OVER, Demand::Good, Step::Fail),
            (Stage::RefreshFailed, MARGIN, Demand::Good, Step::UseToTheEnd),
            (Stage::RefreshFailed, GOOD, Demand::Fresh, Step::Fail),
            (Stage::RefreshRefused, OVER, Demand::Good, Step::SignIn),
            (Stage::RefreshRefused, MARGIN, Demand::Good, Step::SignIn),
            (Stage::RefreshRefused, GOOD, Demand::Fresh, Step::SignIn),
            (Stage::SignInFailed, OVER, Demand::Good, Step::Fail),
            (Stage::SignInFailed, MARGIN, Demand::Good, Step::UseToTheEnd),
            (Stage::SignInFailed, GOOD, Demand::Fresh, Step::Fail),
        ] {
            assert_eq!(
                plan(&state(stage, Some(&hour)), now, demand),
                expected,
                "{stage:?} {now} {demand:?}"
            );
        }
    }
}
