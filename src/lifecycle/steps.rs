//! The steps that [`super::plan`] can choose. Each changes the state from which the next step is chosen.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::acquire::{CallStage, Origin, Progress, Settings};
use super::await_refresh::await_refresh;
use super::import::Imported;
use super::log;
use super::plan::{Demand, Step, plan};
use super::{LockedSession, Remark, SessionStore};
use crate::clock;
use crate::error::Error;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::{DpopSession, LoginFailure, ProviderClient, Refresh, RefreshOutcome, Tokens};
use crate::process::DeferredSignals;
use crate::secret::Secret;
use crate::session::{Loaded, LockWait, Order, Record};
use crate::step_up::StepUp;
use crate::ui::Ui;

/// How much longer than the login's timeout to wait for the lock: its holder also sends requests before and after the wait for the person.
const LOCK_WAIT_MARGIN: Duration = Duration::from_secs(35);

/// The remaining lifetime that a client needs to use a token.
const MIN_LIFETIME_SECS: u64 = 2;

impl<S: SessionStore> Progress<'_, S> {
    pub(super) fn lock(&mut self, wait: bool) -> Result<(), Error> {
        let ui = self.call.ui;
        let on_wait = |holder: Option<&str>| {
            let holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            ui.note(&format!("waiting for the sign-in of another kubesesame{holder}"));
        };
        let lock_wait = if wait {
            let limit = self.call.settings.login.timeout + LOCK_WAIT_MARGIN;
            let (locked, lock_wait) = self.call.store.lock(limit, &on_wait)?;
            self.locked = Some(locked);
            if lock_wait == LockWait::ForOtherProcess && self.call.settings.login.may_prompt {
                // Input that was typed during the wait does not belong to a later prompt.
                Ui::discard_typed();
            }
            lock_wait
        } else {
            // The token is usable, so an error of the lock does not matter.
            let Ok(Some(locked)) = self.call.store.try_lock() else {
                self.stage = CallStage::LockBusy;
                return Ok(());
            };
            self.locked = Some(locked);
            LockWait::None
        };
        let loaded = match &self.locked {
            Some(locked) => locked.load(),
            None => Ok(Loaded::Nothing),
        };
        if !wait && !matches!(loaded, Ok(Loaded::Session(_))) {
            // The token of the first look is usable, so it is returned even if the file has become unreadable.
            self.stage = CallStage::LockBusy;
            return Ok(());
        }
        self.session = match loaded? {
            Loaded::Session(session) => Some(*session),
            Loaded::Nothing => None,
            Loaded::Corrupt(reason) => {
                let place = self.call.store.location();
                ui.warn(&format!("the stored session `{place}` cannot be used: {reason}"));
                None
            }
        };
        ui.step(|| "took the lock of the session".to_owned());
        self.is_new_in_store = self.session.is_none();
        self.session = self.call.latest(self.session.take(), clock::now());
        self.recalled = self.remembered_failure(lock_wait);
        self.stage = CallStage::Locked;
        Ok(())
    }

    /// If the store has no session yet, checks that one can be stored before it is requested.
    fn prepare(&mut self) -> Result<(), Error> {
        if let (true, Some(locked)) = (self.is_new_in_store, &mut self.locked)
            && let Some(remark) = locked.prepare()?
        {
            match remark {
                Remark::Note(text) => self.call.ui.note(&text),
                Remark::Warning(text) => self.call.ui.warn(&text),
            }
            self.is_new_in_store = false;
        }
        Ok(())
    }

    /// Imports a session of kubelogin. If that fails, the next step is a login.
    pub(super) fn import(&mut self) -> Result<(), Error> {
        let import = self.import.take();
        self.open_client()?;
        let (Some(import), Some(locked), Some(client)) = (import, &self.locked, &self.client) else {
            return Ok(());
        };
        let save = |session: &Record| locked.save(session);
        match import.run(self.call, client, &save)? {
            None => {}
            Some(Imported::Session(session)) => self.session = Some(session),
            Some(Imported::Borrowed(session)) => {
                self.session = Some(session);
                self.stage = CallStage::Acquired;
            }
        }
        Ok(())
    }

    pub(super) fn refresh(&mut self) -> Result<(), Error> {
        if let Err(error) = self.open_client() {
            self.record_failure(CallStage::RefreshFailed, error);
            return Ok(());
        }
        self.use_latest_record();
        self.prepare()?;
        let (Some(session), Some(locked), Some(client)) = (&self.session, &self.locked, &self.client) else {
            return Err(Error::NoSession);
        };
        let Some(refresh_token) = &session.refresh_token else {
            return Err(Error::NoSession);
        };
        // If the rotated refresh token cannot be stored here, another directory must be found before the current one is used.
        match locked.reserve(session) {
            Err(Error::Session(error)) if error.is_unavailable() => return Err(error.into()),
            Err(error) if self.call.demand == Demand::Background => return Err(error),
            // Any other error is reported when the session is stored.
            Ok(()) | Err(_) => {}
        }
        let ui = self.call.ui;
        let order = self.latest_order().next();
        let on_rotated = |token: &Secret, dpop: Option<DpopSession>| {
            let rotated = Record {
                refresh_token: Some(token.clone()),
                dpop,
                order,
                ..session.clone()
            };
            save_or_warn(locked, &rotated, ui);
        };
        let is_sent = AtomicBool::new(false);
        let refresh = Refresh {
            token: refresh_token,
            granted_scope: &session.granted_scope,
            token_endpoint: session.token_endpoint.as_deref(),
            initial_id_token: &session.initial_id_token,
            dpop: session.dpop.as_ref(),
            replaced: &session.token,
            on_rotated: &on_rotated,
            is_sent: &is_sent,
        };
        let remaining_use = self.remaining_use(session);
        let signals = match self.call.demand {
            // The detached process handles signals itself.
            Demand::Background => DeferredSignals::none(),
            Demand::Good | Demand::Fresh | Demand::SignIn => DeferredSignals::begin(),
        };
        let outcome = Box::pin(await_refresh(remaining_use, &is_sent, client.refresh(&refresh)));
        let outcome = self.call.runtime.block_on(signals.wait_for(outcome, &is_sent));
        match outcome {
            Ok(Some(outcome)) => self.apply_outcome(outcome)?,
            Ok(None) => {
                ui.step(|| "the token could not be refreshed in time; it is still valid".to_owned());
                self.stage = CallStage::RefreshFailed;
            }
            Err(error) => self.record_failure(CallStage::RefreshFailed, Error::Runtime(error)),
        }
        // Signals are deferred until the session is stored.
        drop(signals);
        Ok(())
    }

    /// Returns how long the replaced token can still be used, if it can. The refresh must not take longer: if the provider does not
    /// respond, the replaced token is returned.
    fn remaining_use(&self, session: &Record) -> Option<Duration> {
        let now = clock::now();
        let left_secs = session.expires_at.secs_since(now);
        let left_secs = u64::try_from(left_secs).unwrap_or(0);
        let is_good = self.call.demand == Demand::Good && session.is_unexpired(now);
        let can_be_used = is_good && left_secs > MIN_LIFETIME_SECS + 1;
        can_be_used.then(|| Duration::from_secs(left_secs - MIN_LIFETIME_SECS))
    }

    fn record_failure(&mut self, stage: CallStage, error: Error) {
        self.stage = stage;
        self.failure = Some(error);
    }

    fn apply_outcome(&mut self, outcome: RefreshOutcome) -> Result<(), Error> {
        match outcome {
            RefreshOutcome::Refreshed(tokens) => {
                self.warn_of_lost_refresh_token(&tokens);
                let session = self.session.as_ref();
                let initial = session.map(|session| session.initial_id_token.clone());
                let initial = initial.unwrap_or_default();
                let initial = initial.or_later(tokens.initial_id_token.clone());
                let order = self.latest_order().next();
                return self.save_tokens(initial, *tokens, order);
            }
            RefreshOutcome::SessionEnded { reason, step_up } => match self.successor() {
                Some(session) => {
                    self.session = Some(session);
                    self.stage = CallStage::Locked;
                }
                None => self.end_session(&reason, step_up),
            },
            RefreshOutcome::NoIdToken => self.end_session(NO_ID_TOKEN, None),
            RefreshOutcome::Failed(error) => {
                let ui = self.call.ui;
                ui.step(|| format!("the token could not be refreshed: {error}"));
                let is_outage = error.is_shared_by_waiters();
                let error = Error::RefreshFailed {
                    source: error,
                    dir: self.call.store.dir(),
                };
                if is_outage {
                    self.remember_outage(&error);
                }
                self.record_failure(CallStage::RefreshFailed, error);
            }
        }
        Ok(())
    }

    fn successor(&self) -> Option<Record> {
        let used = self.session.as_ref()?.refresh_token.as_ref()?;
        self.locked.as_ref()?.successor(used)
    }

    /// Warns if the provider has replaced the refresh token of a stored session, and this store stores none.
    fn warn_of_lost_refresh_token(&self, tokens: &Tokens) {
        let used = self
            .session
            .as_ref()
            .and_then(|session| session.refresh_token.as_ref());
        let is_lost = tokens.refresh_token.as_ref() != used
            && self
                .locked
                .as_ref()
                .is_some_and(|locked| !locked.stores_sessions());
        if is_lost {
            self.call.ui.warn(
                "the session could not be stored: the provider has replaced its refresh token, so the next call may have to sign in \
                 again",
            );
        }
    }

    /// Handles that the provider has ended the session. If a login follows, the person is told why before it starts.
    ///
    /// A session of which the provider demands another sign-in is kept with that demand: its refresh token may live, so that a logout revokes it,
    /// and a sign-in elsewhere (`kubesesame login`) has to know the demand.
    fn end_session(&mut self, reason: &str, step_up: Option<StepUp>) {
        self.stage = CallStage::RefreshRefused;
        self.failure = Some(Error::SessionEnded(reason.to_owned()));
        let is_login_next = plan(&self.state(), clock::now(), self.call.demand) == Step::Login;
        let order = self.latest_order().next();
        let Some(locked) = &self.locked else { return };
        if is_login_next {
            self.call.ui.note(&format!(
                "the session has ended, so a new sign-in is needed: {reason}"
            ));
        }
        let Some(session) = &mut self.session else { return };
        // A demand is of its session, and ends with it.
        session.step_up = step_up;
        if session.step_up.is_some() {
            session.order = order;
            save_or_warn(locked, session, self.call.ui);
        } else if is_login_next && session.is_unexpired(clock::now()) {
            // The token can be used until it expires, if nobody signs in now.
            let last = Record {
                refresh_token: None,
                order,
                ..session.clone()
            };
            save_or_warn(locked, &last, self.call.ui);
        } else if is_login_next {
            locked.quarantine(session);
        }
    }

    pub(super) fn login(&mut self) -> Result<(), Error> {
        if let Err(error) = self.open_client() {
            self.record_failure(CallStage::LoginFailed, error);
            return Ok(());
        }
        self.prepare()?;
        let Some(client) = &self.client else {
            return Err(Error::NoSession);
        };
        let Settings { login, provider, .. } = self.call.settings;
        if let Some(notice) = login.password_notice(provider) {
            self.call.ui.note(&notice);
        }
        let step_up = self.session.as_ref().and_then(|session| session.step_up.as_ref());
        if let Some(step_up) = step_up.filter(|_| login.grant.can_step_up()) {
            self.call.ui.note(&format!(
                "the provider demands this of the sign-in: {}",
                step_up.shown()
            ));
        }
        let login = self.call.runtime.block_on(client.login(login, step_up));
        match login.map_err(Error::Runtime)? {
            Ok(tokens) => {
                if tokens.refresh_token.is_none() && self.call.is_login_interactive() {
                    self.call.ui.note(&self.call.settings.no_refresh_token_note());
                }
                let order = self.latest_order().for_new_login(clock::now());
                self.save_tokens(tokens.initial_id_token.clone(), tokens, order)?;
                self.origin = Origin::SignIn;
            }
            Err(LoginFailure { error, was_prompted }) => {
                let is_outage = !was_prompted && error.is_shared_by_waiters();
                let error = Error::from(error);
                // Otherwise each attempt of a client that polls would show the person a login again, as long as the fault lasts.
                if was_prompted {
                    self.remember_login_failure(&error);
                } else if is_outage {
                    self.remember_outage(&error);
                }
                self.record_failure(CallStage::LoginFailed, error);
            }
        }
        Ok(())
    }

    fn save_tokens(
        &mut self,
        initial_id_token: InitialIdToken,
        tokens: Tokens,
        order: Order,
    ) -> Result<(), Error> {
        let mut session = Record::new(
            self.call.settings.identity.clone(),
            tokens.token,
            tokens.issued_at,
            tokens.expires_at,
            tokens.refresh_token,
            tokens.granted_scope,
            initial_id_token,
        )
        .received(clock::now());
        session.order = order;
        session.token_endpoint = Some(tokens.token_endpoint);
        session.dpop = tokens.dpop;
        if let Some(locked) = &self.locked {
            let is_stored = if S::MUST_STORE {
                locked.save(&session)?;
                true
            } else {
                save_or_warn(locked, &session, self.call.ui)
            };
            locked.forget_failures();
            if is_stored && locked.stores_sessions() {
                log::session_written(self.call.store, &session, self.call.ui);
            }
        }
        self.session = Some(session);
        self.stage = CallStage::Acquired;
        self.origin = Origin::Refresh;
        Ok(())
    }

    /// Returns the latest order of the session's records in all directories.
    fn latest_order(&self) -> Order {
        let latest = (self.call.latest_record)(self.session.clone());
        latest.map(|latest| latest.order).unwrap_or_default()
    }

    /// Creates the client. It is created only if the network is needed, because the TLS configuration takes milliseconds.
    fn open_client(&mut self) -> Result<(), Error> {
        if self.client.is_none() {
            crate::ui::flush_warnings();
            let Settings { provider, trust, .. } = self.call.settings;
            let documents = self.call.store.documents();
            let client = ProviderClient::new(provider, trust, documents, self.call.interaction, clock::now)?;
            self.client = Some(client);
        }
        Ok(())
    }
}

/// Stores a session, and returns whether that worked. A failure is only a warning, so that the token is returned.
fn save_or_warn(locked: &impl LockedSession, session: &Record, ui: Ui) -> bool {
    let saved = locked.save(session);
    if let Err(error) = &saved {
        ui.warn(&format!(
            "the session could not be stored, so the next call may have to sign in again: {}",
            error.in_one_line()
        ));
    }
    saved.is_ok()
}

const NO_ID_TOKEN: &str = "\
the provider sends no ID token when it refreshes; whoever runs it can change that (at Okta, the scope openid must be granted)";
