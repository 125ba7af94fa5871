//! The steps that [`super::plan`] can choose, each with its effects and with what it leaves for the next choice.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::acquire::{CallStage, Progress, Settings};
use super::import::Imported;
use super::plan::{Demand, Step, plan};
use super::{LockedSession, Remark, SessionStore};
use crate::clock;
use crate::error::Error;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::{LoginFailure, ProviderClient, Refresh, RefreshOutcome, Tokens};
use crate::process::DeferredSignals;
use crate::secret::Secret;
use crate::session::{Loaded, Order, Record};
use crate::ui::Ui;

/// Whoever waits for the lock gives its holder this long beyond the sign-in's own time: it has requests to make before and after.
const LOCK_WAIT_MARGIN: Duration = Duration::from_secs(35);

/// What a client needs of a token's life to make its request.
const USE_SECS: u64 = 2;

/// Whoever holds a good token waits this long at most until the refresh is sent.
const MAX_WAIT_TO_SEND: Duration = Duration::from_secs(10);

impl<S: SessionStore> Progress<'_, S> {
    pub(super) fn lock(&mut self, wait: bool) -> Result<(), Error> {
        let ui = self.call.ui;
        let on_wait = |holder: Option<&str>| {
            let holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            ui.note(&format!("waiting for the sign-in of another kubesesame{holder}"));
        };
        let waited = if wait {
            let limit = self.call.settings.login.timeout + LOCK_WAIT_MARGIN;
            let (locked, waited) = self.call.store.lock(limit, &on_wait)?;
            self.locked = Some(locked);
            if waited && self.call.settings.login.may_prompt {
                // What was typed meanwhile is no answer to a question that was not there.
                Ui::discard_typed();
            }
            waited
        } else {
            // A good token is returned, whatever is the matter with the lock.
            let Ok(Some(locked)) = self.call.store.try_lock() else {
                self.stage = CallStage::LockBusy;
                return Ok(());
            };
            self.locked = Some(locked);
            false
        };
        let loaded = match &self.locked {
            Some(locked) => locked.load(),
            None => Ok(Loaded::Nothing),
        };
        if !wait && !matches!(loaded, Ok(Loaded::Session(_))) {
            // The good token of the first look goes to whoever asked, whatever has become of the file.
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
        self.is_new_in_store = self.session.is_none();
        self.session = self.call.latest(self.session.take(), clock::now());
        self.recalled = self.remembered_failure(waited);
        self.stage = CallStage::Locked;
        Ok(())
    }

    /// Makes sure that what comes can be kept, before it is asked for, where the store has no session yet.
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

    /// Takes over a session of kubelogin. What stands in the way costs a sign-in, never more.
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
            self.failed(CallStage::RefreshFailed, error);
            return Ok(());
        }
        self.take_latest();
        self.prepare()?;
        let (Some(session), Some(locked), Some(client)) = (&self.session, &self.locked, &self.client) else {
            return Err(Error::NoSession);
        };
        let Some(refresh_token) = &session.refresh_token else {
            return Err(Error::NoSession);
        };
        // Its successor has to be kept: where that cannot be, another place may be found while it is not spent yet.
        match locked.reserve(session) {
            Err(Error::Session(error)) if error.is_unavailable() => return Err(error.into()),
            Err(error) if self.call.demand == Demand::Background => return Err(error),
            // Said when it is stored.
            Ok(()) | Err(_) => {}
        }
        let ui = self.call.ui;
        let order = self.latest_order().next();
        let on_rotated = |token: &Secret| {
            let rotated = Record {
                refresh_token: Some(token.clone()),
                order,
                ..session.clone()
            };
            keep(locked, &rotated, ui);
        };
        let is_sent = AtomicBool::new(false);
        let refresh = Refresh {
            token: refresh_token,
            granted_scope: &session.granted_scope,
            initial_id_token: &session.initial_id_token,
            replaced: &session.token,
            on_rotated: &on_rotated,
            is_sent: &is_sent,
        };
        let left = self.time_to_use(session);
        let signals = match self.call.demand {
            // It is detached and has its own rule for signals.
            Demand::Background => DeferredSignals::none(),
            Demand::Good | Demand::Fresh => DeferredSignals::begin(),
        };
        let refreshed = Box::pin(await_refresh(left, &is_sent, client.refresh(&refresh)));
        let outcome = self.call.runtime.block_on(signals.wait_for(refreshed, &is_sent));
        match outcome {
            Ok(Some(outcome)) => self.refreshed(outcome)?,
            Ok(None) => {
                ui.step(|| "the token could not be refreshed in time; it still lives".to_owned());
                self.stage = CallStage::RefreshFailed;
            }
            Err(error) => self.failed(CallStage::RefreshFailed, Error::Runtime(error)),
        }
        // Stored by now.
        drop(signals);
        Ok(())
    }

    /// Whatever the token is good for: the refresh token of an earlier record may be spent. A later one without any helps nobody.
    fn take_latest(&mut self) {
        let own = self.session.take();
        let latest = (self.call.latest_of)(own.clone());
        self.session = latest.filter(|latest| latest.refresh_token.is_some()).or(own);
    }

    /// How long the token that is to be replaced can still be returned: a good token is never withheld, and a provider that hangs must not
    /// outlast it. None where there is nothing to lose.
    fn time_to_use(&self, session: &Record) -> Option<Duration> {
        let left = session.expires_at.saturating_sub(clock::now());
        let left = u64::try_from(left).unwrap_or(0);
        let has_use = self.call.demand == Demand::Good && left > USE_SECS + 1;
        has_use.then(|| Duration::from_secs(left - USE_SECS))
    }

    /// What has come in the way before the provider was asked.
    fn failed(&mut self, stage: CallStage, error: Error) {
        self.stage = stage;
        self.failure = Some(error);
    }

    fn refreshed(&mut self, outcome: RefreshOutcome) -> Result<(), Error> {
        match outcome {
            RefreshOutcome::Refreshed(tokens) => {
                self.tell_of_lost_successor(&tokens);
                let initial_id_token = self
                    .session
                    .as_ref()
                    .map(|session| session.initial_id_token.clone());
                let initial_id_token = initial_id_token
                    .unwrap_or_default()
                    .or_later(tokens.initial_id_token.clone());
                let order = self.latest_order().next();
                return self.keep_tokens(initial_id_token, *tokens, order);
            }
            RefreshOutcome::SessionEnded(reason) => match self.successor() {
                Some(session) => {
                    self.session = Some(session);
                    self.stage = CallStage::Locked;
                }
                None => self.refused(&reason),
            },
            RefreshOutcome::NoIdToken => self.refused(NO_ID_TOKEN),
            RefreshOutcome::Failed(error) => {
                let ui = self.call.ui;
                ui.step(|| format!("the token could not be refreshed: {error}"));
                let memory = error.is_the_providers();
                let error = Error::RefreshFailed {
                    source: error,
                    dir: self.call.store.dir(),
                };
                if memory {
                    self.remember_outage(&error);
                }
                self.failed(CallStage::RefreshFailed, error);
            }
        }
        Ok(())
    }

    fn successor(&self) -> Option<Record> {
        let spent = self.session.as_ref()?.refresh_token.as_ref()?;
        self.locked.as_ref()?.successor(spent)
    }

    /// Where no session is kept, a refresh token of one that is kept elsewhere was spent for good.
    fn tell_of_lost_successor(&self, tokens: &Tokens) {
        let spent = self
            .session
            .as_ref()
            .and_then(|session| session.refresh_token.as_ref());
        let is_lost = tokens.refresh_token.as_ref() != spent
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

    /// The session has ended at the provider. A person hears so before anything is asked of them.
    fn refused(&mut self, reason: &str) {
        self.stage = CallStage::RefreshRefused;
        self.failure = Some(Error::SessionEnded(reason.to_owned()));
        let signs_in = plan(&self.state(), clock::now(), self.call.demand) == Step::Login;
        if let (true, Some(locked)) = (signs_in, &self.locked) {
            self.call.ui.note(&format!(
                "the session has ended, so a new sign-in is needed: {reason}"
            ));
            match &self.session {
                // Its token is good until its end, and is all that there is if nobody signs in now.
                Some(session) if clock::now() < session.expires_at => {
                    let mut last = session.clone();
                    last.refresh_token = None;
                    last.order = self.latest_order().next();
                    keep(locked, &last, self.call.ui);
                }
                Some(session) => locked.quarantine(session),
                None => {}
            }
        }
    }

    pub(super) fn sign_in(&mut self) -> Result<(), Error> {
        if let Err(error) = self.open_client() {
            self.failed(CallStage::LoginFailed, error);
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
        let login = self.call.runtime.block_on(client.login(self.call.settings.login));
        match login.map_err(Error::Runtime)? {
            Ok(tokens) => {
                if tokens.refresh_token.is_none() && self.call.is_by_person() {
                    self.call.ui.note(&self.call.settings.no_refresh_token());
                }
                let order = self.latest_order().signed_in(clock::now());
                self.keep_tokens(tokens.initial_id_token.clone(), tokens, order)?;
            }
            Err(LoginFailure { error, was_visible }) => {
                let is_outage = !was_visible && error.is_the_providers();
                let error = Error::from(error);
                // Otherwise each attempt of a client that polls would show the person a login again, as long as the fault lasts.
                if was_visible {
                    self.remember_login_failure(&error);
                } else if is_outage {
                    self.remember_outage(&error);
                }
                self.failed(CallStage::LoginFailed, error);
            }
        }
        Ok(())
    }

    fn keep_tokens(
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
        );
        session.order = order;
        if let Some(locked) = &self.locked {
            if S::MUST_STORE {
                locked.save(&session)?;
            } else {
                keep(locked, &session, self.call.ui);
            }
            locked.forget_failures();
        }
        self.session = Some(session);
        self.stage = CallStage::Acquired;
        self.was_stored = false;
        Ok(())
    }

    /// The latest order of the session's records in all places.
    fn latest_order(&self) -> Order {
        let latest = (self.call.latest_of)(self.session.clone());
        latest.map(|latest| latest.order).unwrap_or_default()
    }

    /// Made only when the network is needed: TLS alone takes milliseconds.
    fn open_client(&mut self) -> Result<(), Error> {
        if self.client.is_none() {
            crate::ui::flush_warnings();
            let Settings { provider, trust, .. } = self.call.settings;
            let documents = self.call.store.documents();
            let client = ProviderClient::new(provider, trust, documents, self.call.person, clock::now)?;
            self.client = Some(client);
        }
        Ok(())
    }
}

/// Waits for a refresh while the token that is to be replaced has its use, if it has any.
async fn await_refresh<T>(
    left: Option<Duration>,
    is_sent: &AtomicBool,
    refreshed: impl Future<Output = T>,
) -> Option<T> {
    let mut refreshed = pin!(refreshed);
    let Some(left) = left else {
        return Some(refreshed.await);
    };
    let to_send = left.min(MAX_WAIT_TO_SEND);
    match timeout(to_send, &mut refreshed).await {
        Ok(outcome) => Some(outcome),
        // Whoever gives up now may lose the session, and the answer comes in the time of one request.
        Err(_) if is_sent.load(Ordering::Relaxed) => {
            timeout(left.saturating_sub(to_send), refreshed).await.ok()
        }
        Err(_) => None,
    }
}

/// Stores a session; the token in hand is worth more than the cache.
fn keep(locked: &impl LockedSession, session: &Record, ui: Ui) {
    if let Err(error) = locked.save(session) {
        ui.warn(&format!(
            "the session could not be stored, so the next call may have to sign in again: {}",
            error.in_one_line()
        ));
    }
}

const NO_ID_TOKEN: &str = "\
the provider sends no ID token when it refreshes; whoever runs it can change that (at Okta, the scope openid must be granted)";
