//! Carries out what [`super::plan`] chooses: reads, waits, refreshes, signs in, and keeps what comes of it.

use super::SessionStore;
use super::import::Import;
use super::no_refresh_token::ScopeSource;
use super::plan::{Demand, RefreshBy, Stage, State, Step, plan};
use crate::clock;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::oidc::{self, Person, ProviderClient};
use crate::runtime::LazyRuntime;
use crate::secret::Secret;
use crate::session::{AskedBefore, Identity, Issue, Loaded, Recalled, Record};
use crate::settings::{Login, Provider, TlsTrust};
use crate::ui::Ui;

/// Whose session it is, and how a person signs in for it.
pub(crate) struct Settings<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) login: &'a Login,
    pub(crate) trust: &'a TlsTrust,
    pub(crate) identity: &'a Identity,
    pub(crate) scopes_from: ScopeSource,
}

/// One call for a token.
pub(crate) struct Acquisition<'a, S: SessionStore> {
    pub(crate) store: &'a S,
    pub(crate) settings: &'a Settings<'a>,
    pub(crate) demand: Demand,
    /// Whether a token that the same process asks for again may have been rejected.
    pub(crate) detect_rejections: bool,
    /// Where sessions of kubelogin may be.
    pub(crate) import: Option<Import<'a>>,
    /// Finds the same session in other places, where it may have gone on while this one could not be written.
    pub(crate) latest_of: &'a dyn Fn(Option<Record>) -> Option<Record>,
    pub(crate) invocation: &'a Invocation<'a>,
    pub(crate) runtime: &'a LazyRuntime,
    pub(crate) person: Person<'a>,
    pub(crate) ui: Ui,
}

/// A token to hand out.
#[derive(Debug)]
pub(crate) struct Acquired {
    pub(crate) session: Record,
    /// Until when, in seconds since the epoch.
    pub(crate) until: i64,
    /// It was in the store before this call.
    pub(crate) was_stored: bool,
}

impl<S: SessionStore> Acquisition<'_, S> {
    /// Gets a token.
    ///
    /// # Errors
    /// When none can be had, and when the store may have been tampered with.
    pub(crate) fn acquire(&self) -> Result<Acquired, Error> {
        let mut progress = Progress::new(self)?;
        let result = progress.run();
        if let Err(error) = &result {
            progress.remember_for_retries(error);
        }
        result
    }

    /// A session of the store whose token will do stays; else the one whose token was issued last goes on, since the refresh token of an
    /// older one may be spent.
    pub(super) fn latest(&self, own: Option<Record>, now: i64) -> Option<Record> {
        match own {
            Some(own) if self.demand != Demand::Fresh && own.is_usable(now) => Some(own),
            own => (self.latest_of)(own),
        }
    }

    pub(super) fn is_by_person(&self) -> bool {
        self.settings.login.grant.is_interactive()
    }
}

/// How far a call has come, and what it has found.
pub(super) struct Progress<'a, S: SessionStore + 'a> {
    pub(super) call: &'a Acquisition<'a, S>,
    pub(super) stage: CallStage,
    pub(super) session: Option<Record>,
    /// The token of the first look.
    pub(super) seen: Option<Secret>,
    pub(super) locked: Option<S::Locked<'a>>,
    pub(super) client: Option<ProviderClient<'a>>,
    /// What is still to be looked at.
    pub(super) import: Option<&'a Import<'a>>,
    pub(super) asked: AskedBefore,
    pub(super) recalled: Option<Recalled>,
    pub(super) failure: Option<Error>,
    pub(super) was_stored: bool,
    /// The store has no session of its own.
    pub(super) is_new_here: bool,
    /// The failure is among those that are remembered.
    pub(super) is_remembered: bool,
}

/// [`Stage`] without what it borrows.
#[derive(Clone, Copy)]
pub(super) enum CallStage {
    FirstLook,
    Busy,
    Locked,
    Acquired,
    RefreshFailed,
    RefreshRefused,
    SignInFailed,
}

impl<'a, S: SessionStore> Progress<'a, S> {
    fn new(call: &'a Acquisition<'a, S>) -> Result<Self, Error> {
        let session = match call.store.load()? {
            Loaded::Session(session) => Some(*session),
            Loaded::Nothing | Loaded::Corrupt(_) => None,
        };
        let session = call.latest(session, call.invocation.started_at);
        let mut progress = Self {
            call,
            stage: CallStage::FirstLook,
            seen: session.as_ref().map(|session| session.token.clone()),
            session,
            locked: None,
            client: None,
            import: call.import.as_ref().filter(|_| call.is_by_person()),
            asked: AskedBefore::No,
            recalled: None,
            failure: None,
            was_stored: true,
            is_new_here: false,
            is_remembered: false,
        };
        let now = call.invocation.started_at;
        match &progress.session {
            Some(session) if call.demand == Demand::Good && session.is_usable(now) => {
                progress.asked = progress.asked_before(session, now);
            }
            _ => progress.recalled = progress.remembered(false),
        }
        Ok(progress)
    }

    fn run(&mut self) -> Result<Acquired, Error> {
        loop {
            match plan(&self.state(), clock::now(), self.call.demand) {
                Step::Use => return self.acquired(Record::usable_until),
                Step::UseToTheEnd => return self.acquired(|session| session.expires_at),
                Step::Lock { wait } => self.lock(wait)?,
                Step::Import => self.import()?,
                Step::Refresh => self.refresh()?,
                Step::SignIn => self.sign_in()?,
                Step::Recall(recalled) => return Err(self.recall(recalled)),
                Step::Fail => return Err(self.failure.take().unwrap_or(Error::NoSession)),
            }
        }
    }

    pub(super) fn state(&self) -> State<'_> {
        let has_refresh_token = self
            .session
            .as_ref()
            .is_some_and(|session| session.refresh_token.is_some());
        State {
            stage: match self.stage {
                CallStage::FirstLook => Stage::FirstLook,
                CallStage::Busy => Stage::Busy,
                CallStage::Locked => Stage::Locked {
                    seen: self.seen.as_ref(),
                },
                CallStage::Acquired => Stage::Acquired,
                CallStage::RefreshFailed => Stage::RefreshFailed,
                CallStage::RefreshRefused => Stage::RefreshRefused,
                CallStage::SignInFailed => Stage::SignInFailed,
            },
            session: self.session.as_ref(),
            refresh_by: if has_refresh_token {
                RefreshBy::RefreshToken
            } else if self.call.is_by_person() {
                RefreshBy::Nothing
            } else {
                RefreshBy::SignIn
            },
            may_import: self.import.is_some() && self.session.is_none(),
            asked: self.asked,
            recalled: self.recalled.clone(),
        }
    }

    /// A person may look at the same token as often as they like.
    fn asked_before(&self, session: &Record, now: i64) -> AskedBefore {
        let caller = self.call.invocation;
        if !self.call.detect_rejections || !caller.is_by_client() {
            return AskedBefore::No;
        }
        let log = self.call.store.issued_log();
        log.map_or(AskedBefore::No, |log| {
            log.asked_before(caller, &session.token, session.expires_at, now)
        })
    }

    fn acquired(&mut self, until: impl Fn(&Record) -> i64) -> Result<Acquired, Error> {
        self.settle_suspicion();
        let session = self.session.take().ok_or(Error::NoSession)?;
        Ok(Acquired {
            until: until(&session),
            session,
            was_stored: self.was_stored,
        })
    }

    /// What there is to do about a token that was asked for again is done now, and said once.
    fn settle_suspicion(&self) {
        let (caller, now) = (self.call.invocation, clock::now());
        let is_another = self.seen.as_ref() != self.session.as_ref().map(|session| &session.token);
        let issue = match (self.asked, is_another) {
            (AskedBefore::No, true) => Issue::Usual,
            (AskedBefore::Once | AskedBefore::AfterRefresh, true) => Issue::AfterRefresh,
            (AskedBefore::Once | AskedBefore::AfterRefresh, false) => Issue::Handled,
            (AskedBefore::No, false) | (AskedBefore::Handled, _) => return,
        };
        if !self.call.detect_rejections || !caller.is_by_client() {
            return;
        }
        let (Some(session), Some(log)) = (&self.session, self.call.store.issued_log()) else {
            return;
        };
        log.record_issue(caller, &session.token, issue, now);
        if issue != Issue::Handled {
            return;
        }
        if let Some(fault) = self.failure.as_ref().and_then(Error::fault_of_clock) {
            // No guess: by the provider's clock the token may have ended long ago.
            self.call.ui.warn(&fault);
        } else if caller.at_terminal() {
            let (issuer, audience) = oidc::issuer_and_audience(&session.token);
            self.call.ui.note(&format!(
                "the same program has asked twice for a token that is good; if the API server says Unauthorized, compare its \
                 settings with the token: issuer {issuer}, audience {audience}"
            ));
        }
    }
}
