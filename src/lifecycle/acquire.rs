//! Carries out the steps that [`super::plan`] chooses: load, lock, import, refresh, log in, and report failures.

use super::SessionStore;
use super::import::Import;
use super::log;
use super::no_refresh_token::ScopeSource;
use super::plan::{Demand, NextTokenBy, Stage, State, Step, plan};
use crate::clock::{self, Timestamp};
use crate::error::Error;
use crate::fast_path::{AskedBefore, IssueReason};
use crate::invocation::Invocation;
use crate::oidc::{self, Interaction, ProviderClient};
use crate::runtime::LazyRuntime;
use crate::secret::Secret;
use crate::session::{Identity, Loaded, LockWait, Recalled, Record};
use crate::settings::{Login, Provider, TlsTrust};
use crate::ui::Ui;

/// The settings that identify the session and say how to log in.
pub(crate) struct Settings<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) login: &'a Login,
    pub(crate) trust: &'a TlsTrust,
    pub(crate) identity: &'a Identity,
    pub(crate) scopes_from: ScopeSource,
}

/// One request for a token.
pub(crate) struct Acquisition<'a, S: SessionStore> {
    pub(crate) store: &'a S,
    pub(crate) settings: &'a Settings<'a>,
    pub(crate) demand: Demand,
    /// Whether a repeated request of one process is a sign that the API server rejected the token (`--notice-refusal`).
    pub(crate) detect_rejections: bool,
    /// The directories that may hold sessions of kubelogin.
    pub(crate) import: Option<Import<'a>>,
    /// Returns the latest record of the session in all directories: another call may have stored it elsewhere while this store could not be
    /// written.
    pub(crate) latest_record: &'a dyn Fn(Option<Record>) -> Option<Record>,
    pub(crate) invocation: &'a Invocation<'a>,
    pub(crate) runtime: &'a LazyRuntime,
    pub(crate) interaction: Interaction<'a>,
    pub(crate) ui: Ui,
}

/// A session whose token is returned.
#[derive(Debug)]
pub(crate) struct Acquired {
    pub(crate) session: Record,
    /// When the caller has to ask again.
    pub(crate) until: Timestamp,
    pub(crate) origin: Origin,
}

/// Where the token of a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was in the store before this call.
    Store,
    /// From the provider, by a refresh.
    Refresh,
    /// From the provider, by a sign-in.
    SignIn,
}

impl<S: SessionStore> Acquisition<'_, S> {
    /// Gets a token.
    ///
    /// # Errors
    /// When no token can be acquired, and when the store is not private and another user may have changed it.
    pub(crate) fn acquire(&self) -> Result<Acquired, Error> {
        let mut progress = Progress::new(self)?;
        let result = progress.run();
        if let Err(error) = &result {
            progress.remember_for_client_retries(error);
        }
        result
    }

    /// Returns the store's own session if its token is usable, and else the latest record of all directories: the provider may have
    /// replaced the refresh token of an older record.
    pub(super) fn latest(&self, own: Option<Record>, now: Timestamp) -> Option<Record> {
        match own {
            Some(own) if !matches!(self.demand, Demand::Fresh | Demand::SignIn) && own.is_usable(now) => {
                Some(own)
            }
            own => (self.latest_record)(own),
        }
    }

    pub(super) fn is_login_interactive(&self) -> bool {
        self.settings.login.grant.is_interactive()
    }
}

/// How far a call has got, and what it has found.
pub(super) struct Progress<'a, S: SessionStore + 'a> {
    pub(super) call: &'a Acquisition<'a, S>,
    pub(super) stage: CallStage,
    pub(super) session: Option<Record>,
    /// The token of the first look.
    pub(super) seen: Option<Secret>,
    pub(super) locked: Option<S::Locked<'a>>,
    pub(super) client: Option<ProviderClient<'a>>,
    /// Where to look for sessions of kubelogin; `None` once that was done.
    pub(super) import: Option<&'a Import<'a>>,
    pub(super) asked: AskedBefore,
    pub(super) recalled: Option<Recalled>,
    pub(super) failure: Option<Error>,
    pub(super) origin: Origin,
    /// Whether the store has no session of its own.
    pub(super) is_new_in_store: bool,
    /// Whether the failure of this call was already stored for later calls.
    pub(super) is_remembered: bool,
}

/// [`Stage`] without its references, so that [`Progress`] can store it.
#[derive(Clone, Copy)]
pub(super) enum CallStage {
    FirstLook,
    LockBusy,
    Locked,
    Acquired,
    RefreshFailed,
    RefreshRefused,
    LoginFailed,
}

impl<'a, S: SessionStore> Progress<'a, S> {
    fn new(call: &'a Acquisition<'a, S>) -> Result<Self, Error> {
        let session = match call.store.load()? {
            Loaded::Session(session) => Some(*session),
            Loaded::Nothing | Loaded::Corrupt(_) => None,
        };
        log::session_read(call.store, session.as_ref(), call.invocation.started_at, call.ui);
        let session = call.latest(session, call.invocation.started_at);
        let mut progress = Self {
            call,
            stage: CallStage::FirstLook,
            seen: session.as_ref().map(|session| session.token.clone()),
            session,
            locked: None,
            client: None,
            import: call.import.as_ref().filter(|_| call.is_login_interactive()),
            asked: AskedBefore::No,
            recalled: None,
            failure: None,
            origin: Origin::Store,
            is_new_in_store: false,
            is_remembered: false,
        };
        let now = call.invocation.started_at;
        match &progress.session {
            Some(session) if call.demand == Demand::Good && session.is_usable(now) => {
                progress.asked = progress.asked_before(session, now);
            }
            _ => progress.recalled = progress.remembered_failure(LockWait::None),
        }
        Ok(progress)
    }

    fn run(&mut self) -> Result<Acquired, Error> {
        loop {
            match plan(&self.state(), clock::now(), self.call.demand) {
                Step::Use => return self.acquired(Record::usable_until),
                Step::UseUntilExpiry => return self.acquired(|session| session.expires_at),
                Step::Lock { wait } => self.lock(wait)?,
                Step::Import => self.import()?,
                Step::Refresh => self.refresh()?,
                Step::Login => self.login()?,
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
                CallStage::LockBusy => Stage::LockBusy,
                CallStage::Locked => Stage::Locked {
                    seen: self.seen.as_ref(),
                },
                CallStage::Acquired => Stage::Acquired,
                CallStage::RefreshFailed => Stage::RefreshFailed,
                CallStage::RefreshRefused => Stage::RefreshRefused,
                CallStage::LoginFailed => Stage::LoginFailed,
            },
            session: self.session.as_ref(),
            next_token_by: if has_refresh_token {
                NextTokenBy::RefreshToken
            } else if self.call.is_login_interactive() {
                NextTokenBy::Nothing
            } else {
                NextTokenBy::NewLogin
            },
            may_import: self.import.is_some() && self.session.is_none(),
            asked: self.asked,
            recalled: self.recalled.clone(),
        }
    }

    /// Looks up repeated requests. A request that a person types is never one.
    fn asked_before(&self, session: &Record, now: Timestamp) -> AskedBefore {
        let caller = self.call.invocation;
        if !self.call.detect_rejections || !caller.is_exec_plugin_call() {
            return AskedBefore::No;
        }
        let log = self.call.store.issued_log();
        log.map_or(AskedBefore::No, |log| {
            log.check_and_record(caller, &session.token, session.expires_at, now)
        })
    }

    /// Uses the latest record of all directories, because the refresh token of an earlier record may have been used already. A later record
    /// without a refresh token is ignored.
    pub(super) fn use_latest_record(&mut self) {
        let own = self.session.take();
        let latest = (self.call.latest_record)(own.clone());
        self.session = latest.filter(|latest| latest.refresh_token.is_some()).or(own);
    }

    fn acquired(&mut self, until: impl Fn(&Record) -> Timestamp) -> Result<Acquired, Error> {
        self.handle_repeated_request();
        let session = self.session.take().ok_or(Error::NoSession)?;
        Ok(Acquired {
            until: until(&session),
            session,
            origin: self.origin,
        })
    }

    /// Records how this call handled a repeated request for a token, and reports it once if a refresh did not help.
    fn handle_repeated_request(&self) {
        let (caller, now) = (self.call.invocation, clock::now());
        let is_changed = self.seen.as_ref() != self.session.as_ref().map(|session| &session.token);
        let reason = match (self.asked, is_changed) {
            (AskedBefore::No, true) => IssueReason::Usual,
            (AskedBefore::Once | AskedBefore::AfterRefresh, true) => IssueReason::AfterRefresh,
            (AskedBefore::Once | AskedBefore::AfterRefresh, false) => IssueReason::Handled,
            (AskedBefore::No, false) | (AskedBefore::Handled, _) => return,
        };
        if !self.call.detect_rejections || !caller.is_exec_plugin_call() {
            return;
        }
        let (Some(session), Some(log)) = (&self.session, self.call.store.issued_log()) else {
            return;
        };
        log.record_issue(caller, &session.token, reason, now);
        if reason != IssueReason::Handled {
            return;
        }
        if let Some(fault) = self.failure.as_ref().and_then(Error::clock_fault) {
            // A clock is wrong, so by the provider's clock the token may have expired long ago.
            self.call.ui.warn(&fault);
        } else if caller.at_terminal() {
            let (issuer, audience) = oidc::issuer_and_audience(&session.token);
            self.call.ui.note(&format!(
                "kubesesame: the API server seems to refuse a valid token (issuer {issuer}, audience {audience}); to see why: \
                 kubesesame doctor"
            ));
        }
    }
}
