//! Decides which step comes next. Pure: the tables of the tests are the specification.

use crate::clock::Timestamp;
use crate::fast_path::AskedBefore;
use crate::oidc::CLOCK_LEEWAY_SECS;
use crate::secret::Secret;
use crate::session::{Recalled, Record};

/// A token that is younger than this is not refreshed because a client requests it again. A new token would have the same claims, and
/// a client that the API server rejects again and again must not cause a refresh each time.
const MIN_AGE_TO_SUSPECT_SECS: i64 = 30;

/// Which token a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Any usable token.
    Good,
    /// A token that differs from the stored one (`--force-refresh`).
    Fresh,
    /// That of a new sign-in, whatever is stored (`login`).
    SignIn,
    /// A new token, if the stored one is usable and near its expiry. No caller waits for it, and no person can log in.
    Background,
}

/// How a session can get its next token without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextTokenBy {
    RefreshToken,
    /// A grant that needs no person, such as client credentials.
    NewLogin,
    /// It cannot.
    Nothing,
}

/// How far the call has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage<'a> {
    /// The store was read without a lock.
    FirstLook,
    /// Another process holds the lock, and this call does not wait for it.
    LockBusy,
    /// The lock is held, and the store was read again. `seen` is the token of the first look.
    Locked {
        seen: Option<&'a Secret>,
    },
    /// The session is new, or it belongs to kubelogin and is used without an import.
    Acquired,
    /// The refresh failed and the session may still be valid: a network error, an error of the provider, or a wrong setting.
    RefreshFailed,
    /// The provider ended the session, so no later refresh can succeed.
    RefreshRefused,
    LoginFailed,
}

/// The facts that decide the next step.
#[derive(Debug, Clone)]
pub(crate) struct State<'a> {
    pub(crate) stage: Stage<'a>,
    pub(crate) session: Option<&'a Record>,
    pub(crate) next_token_by: NextTokenBy,
    /// There may be a session of kubelogin to import.
    pub(crate) may_import: bool,
    pub(crate) asked: AskedBefore,
    /// An earlier failure to report to this caller instead of a new attempt.
    pub(crate) recalled: Option<Recalled>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Return the session's token. It counts as valid until the refresh margin before its expiry.
    Use,
    /// Return the session's token although it is within the refresh margin: that is better than an error.
    UseUntilExpiry,
    /// Take the session's lock.
    Lock {
        wait: bool,
    },
    Import,
    Refresh,
    Login,
    /// Report the remembered failure.
    Recall(Recalled),
    /// Report the failure of this call.
    Fail,
}

/// Chooses the next step.
pub(crate) fn plan(state: &State<'_>, now: Timestamp, demand: Demand) -> Step {
    let usable = state.session.is_some_and(|session| session.is_usable(now));
    let is_unexpired = !matches!(demand, Demand::Fresh | Demand::SignIn) && state.is_unexpired(now);
    let or_use = |step: Step| match (usable, is_unexpired) {
        (true, true) => Step::Use,
        (false, true) => Step::UseUntilExpiry,
        (_, false) => step,
    };
    match (state.stage, demand) {
        (Stage::FirstLook, Demand::Good) if usable && !state.may_be_rejected(now) => Step::Use,
        (Stage::FirstLook, Demand::Good) if usable => Step::Lock { wait: false },
        (Stage::FirstLook, Demand::Background) if state.is_refresh_due(now) => Step::Lock { wait: false },
        (Stage::FirstLook, Demand::Background) | (Stage::LockBusy | Stage::Acquired, _) => Step::Use,
        // A person asks for a sign-in, so an earlier failure is no reason not to try.
        (Stage::FirstLook, Demand::SignIn) => Step::Lock { wait: true },
        (Stage::Locked { .. }, Demand::SignIn) => Step::Login,
        (Stage::FirstLook, _) => match &state.recalled {
            Some(recalled) => or_use(Step::Recall(recalled.clone())),
            None => Step::Lock { wait: true },
        },
        (Stage::Locked { seen }, _) => locked(state, seen, now, demand),
        // No caller waits for a background refresh. The next call reports the failure.
        (Stage::RefreshFailed | Stage::RefreshRefused | Stage::LoginFailed, Demand::Background) => Step::Fail,
        (Stage::RefreshFailed | Stage::LoginFailed, _) => or_use(Step::Fail),
        // That the API server rejected the token is only a guess, which must not cost a login.
        (Stage::RefreshRefused, Demand::Good) if usable => Step::Use,
        (Stage::RefreshRefused, _) => Step::Login,
    }
}

fn locked(state: &State<'_>, seen: Option<&Secret>, now: Timestamp, demand: Demand) -> Step {
    let usable = state.session.is_some_and(|session| session.is_usable(now));
    let is_changed = state.session.map(|session| &session.token) != seen;
    let wanted = match demand {
        Demand::Good => is_changed || !state.may_be_rejected(now),
        Demand::Fresh => is_changed && seen.is_some(),
        Demand::SignIn => false,
        Demand::Background => !state.is_refresh_due(now),
    };
    if usable && wanted {
        return Step::Use;
    }
    match (&state.recalled, state.next_token_by) {
        (Some(_), _) if usable && demand != Demand::Fresh => Step::Use,
        (Some(_), _) if demand != Demand::Fresh && state.is_unexpired(now) => Step::UseUntilExpiry,
        (Some(recalled), _) => Step::Recall(recalled.clone()),
        (None, NextTokenBy::RefreshToken) => Step::Refresh,
        (None, NextTokenBy::Nothing) if state.may_import => Step::Import,
        // Only a login by a person could bring a new token.
        (None, NextTokenBy::Nothing)
            if demand == Demand::Background || (usable && demand == Demand::Good) =>
        {
            Step::Use
        }
        (None, NextTokenBy::Nothing | NextTokenBy::NewLogin) => Step::Login,
    }
}

impl State<'_> {
    /// Whether the API server may have rejected the token: the same process requests it again, and it is old enough.
    fn may_be_rejected(&self, now: Timestamp) -> bool {
        // A token from further in the future than verification accepts has an unknown age: the local clock was set back since.
        let is_new = |age_secs: i64| (-CLOCK_LEEWAY_SECS..MIN_AGE_TO_SUSPECT_SECS).contains(&age_secs);
        self.asked == AskedBefore::Once
            && self.next_token_by != NextTokenBy::Nothing
            && self
                .session
                .is_some_and(|session| !is_new(now.secs_since(session.begins_at())))
    }

    fn is_refresh_due(&self, now: Timestamp) -> bool {
        self.next_token_by != NextTokenBy::Nothing
            && self
                .session
                .is_some_and(|session| session.is_usable(now) && session.is_refresh_due(now))
    }

    fn is_unexpired(&self, now: Timestamp) -> bool {
        self.session.is_some_and(|session| session.is_unexpired(now))
    }
}

#[cfg(test)]
mod tests;
