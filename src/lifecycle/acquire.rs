//! Carries out what [`super::plan`] chooses: reads, waits, refreshes, signs in, and keeps what comes of it.

use std::time::Duration;

use super::import::{Import, Imported};
use super::plan::{Demand, RefreshBy, Stage, State, Step, plan};
use super::{LockedSession, SessionStore};
use crate::clock;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::oidc::{self, LoginFailure, Person, ProviderClient, Refresh, Renewal, Tokens};
use crate::origin::Origin;
use crate::runtime::LazyRuntime;
use crate::secret::Secret;
use crate::session::{AskedBefore, Identity, Issue, Loaded, ProviderOutage, Recalled, Record};
use crate::settings::{Login, Provider, Trust};
use crate::ui::Ui;

/// Whoever waits for the lock gives its holder this long beyond the sign-in's own time: it has requests to make before and after.
const LOCK_WAIT_MARGIN: Duration = Duration::from_secs(35);

/// Whose session it is, and how a person signs in for it.
pub(crate) struct Settings<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) login: &'a Login,
    pub(crate) trust: &'a Trust,
    pub(crate) identity: &'a Identity,
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
        loop {
            match plan(&progress.state(), clock::now(), self.demand) {
                Step::Use => return progress.acquired(Record::usable_until),
                Step::UseToTheEnd => return progress.acquired(|session| session.expires_at),
                Step::Lock { wait } => progress.lock(wait)?,
                Step::Import => progress.import()?,
                Step::Refresh => progress.refresh()?,
                Step::SignIn => progress.sign_in()?,
                Step::Recall(recalled) => return Err(progress.recall(recalled)),
                Step::Fail => return Err(progress.failure.unwrap_or(Error::NoSession)),
            }
        }
    }

    fn is_by_person(&self) -> bool {
        self.settings.login.grant.is_a_persons()
    }
}

/// How far a call has come, and what it has found.
struct Progress<'a, S: SessionStore + 'a> {
    call: &'a Acquisition<'a, S>,
    stage: CallStage,
    session: Option<Record>,
    /// The token of the first look.
    seen: Option<Secret>,
    locked: Option<S::Locked<'a>>,
    client: Option<ProviderClient<'a>>,
    may_import: bool,
    asked: AskedBefore,
    recalled: Option<Recalled>,
    failure: Option<Error>,
    was_stored: bool,
}

/// [`Stage`] without what it borrows.
#[derive(Clone, Copy)]
enum CallStage {
    FirstLook,
    Busy,
    Locked,
    Renewed,
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
        let mut progress = Self {
            call,
            stage: CallStage::FirstLook,
            seen: session.as_ref().map(|session| session.token.clone()),
            session,
            locked: None,
            client: None,
            may_import: call.import.is_some() && call.is_by_person(),
            asked: AskedBefore::No,
            recalled: None,
            failure: None,
            was_stored: true,
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

    fn state(&self) -> State<'_> {
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
                CallStage::Renewed => Stage::Renewed,
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
            may_import: self.may_import && self.session.is_none(),
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

    fn remembered(&self, waited: bool) -> Option<Recalled> {
        let (store, caller, now) = (self.call.store, self.call.invocation, clock::now());
        let outage = store
            .outage()
            .and_then(|outage| outage.recall(caller, waited, now));
        outage.or_else(|| store.login_failures().recall(caller, waited, now))
    }

    fn lock(&mut self, wait: bool) -> Result<(), Error> {
        let ui = self.call.ui;
        let on_wait = |holder: Option<&str>| {
            let holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            ui.note(&format!("waiting for the sign-in of another kubesesame{holder}"));
        };
        let waited = if wait {
            let limit = self.call.settings.login.timeout + LOCK_WAIT_MARGIN;
            let (locked, waited) = self.call.store.lock(limit, &on_wait)?;
            self.locked = Some(locked);
            waited
        } else {
            // A good token is handed out, whatever is the matter with the lock.
            let Ok(Some(locked)) = self.call.store.try_lock() else {
                self.stage = CallStage::Busy;
                return Ok(());
            };
            self.locked = Some(locked);
            false
        };
        let loaded = match &self.locked {
            Some(locked) => locked.load()?,
            None => Loaded::Nothing,
        };
        self.session = match loaded {
            Loaded::Session(session) => Some(*session),
            Loaded::Nothing => None,
            Loaded::Corrupt(reason) => {
                let place = self.call.store.place();
                ui.warn(&format!("the stored session `{place}` cannot be used: {reason}"));
                None
            }
        };
        self.recalled = self.remembered(waited);
        self.stage = CallStage::Locked;
        Ok(())
    }

    /// The failure as it was; it is noted that this caller was told.
    fn recall(self, recalled: Recalled) -> Error {
        if !recalled.told {
            let mut failures = self.call.store.login_failures();
            // Whoever holds the lock is changing the same notes.
            let locked = self.locked.or_else(|| self.call.store.try_lock().ok().flatten());
            if let Some(locked) = locked
                && failures.note_told(self.call.invocation)
            {
                locked.remember_login_failures(&failures);
            }
        }
        Error::Remembered(recalled)
    }

    /// Takes over a session of kubelogin. What stands in the way costs a sign-in, never more.
    fn import(&mut self) -> Result<(), Error> {
        self.may_import = false;
        self.open_client()?;
        let (Some(import), Some(locked), Some(client)) = (&self.call.import, &self.locked, &self.client)
        else {
            return Ok(());
        };
        let save = |session: &Record| locked.save(session);
        match import.run(self.call, client, &save)? {
            None => {}
            Some(Imported::Session(session)) => self.session = Some(session),
            Some(Imported::Borrowed(session)) => {
                self.session = Some(session);
                self.stage = CallStage::Renewed;
            }
        }
        Ok(())
    }

    fn refresh(&mut self) -> Result<(), Error> {
        self.open_client()?;
        let (Some(session), Some(locked), Some(client)) = (&self.session, &self.locked, &self.client) else {
            return Err(Error::NoSession);
        };
        let Some(refresh_token) = &session.refresh_token else {
            return Err(Error::NoSession);
        };
        if self.call.demand == Demand::Background {
            // What comes of it has to be kept, so that is tried before a refresh token is spent.
            locked.save(session)?;
        }
        let ui = self.call.ui;
        let keep_rotated = |token: &Secret| {
            let mut session = session.clone();
            session.refresh_token = Some(token.clone());
            keep(locked, &session, ui);
        };
        let refresh = Refresh {
            token: refresh_token,
            granted_scope: &session.granted_scope,
            origin: &session.origin,
            keep_rotated: &keep_rotated,
        };
        let outcome = self.call.runtime.block_on(client.refresh(&refresh));
        self.refreshed(outcome.map_err(Error::Runtime)?);
        Ok(())
    }

    fn refreshed(&mut self, outcome: Renewal) {
        match outcome {
            Renewal::Renewed(tokens) => {
                let origin = self.session.as_ref().map(|session| session.origin.clone());
                let origin = origin.unwrap_or_default().or_later(tokens.origin.clone());
                self.renewed(*tokens, origin);
            }
            Renewal::Over(reason) => self.refused(&reason),
            Renewal::NoIdToken => self.refused(NO_ID_TOKEN),
            Renewal::Failed(error) => {
                let ui = self.call.ui;
                ui.step(|| format!("the token could not be refreshed: {error}"));
                let memory = error.is_the_providers();
                let error = Error::RefreshFailed(error);
                if memory {
                    self.remember_outage(&error);
                }
                self.failure = Some(error);
                self.stage = CallStage::RefreshFailed;
            }
        }
    }

    /// The session has ended at the provider. A person hears so before anything is asked of them.
    fn refused(&mut self, reason: &str) {
        self.stage = CallStage::RefreshRefused;
        self.failure = Some(Error::SessionOver(reason.to_owned()));
        let signs_in = plan(&self.state(), clock::now(), self.call.demand) == Step::SignIn;
        if let (true, Some(locked)) = (signs_in, &self.locked) {
            self.call.ui.note(&format!(
                "the session has ended, so a new sign-in is needed: {reason}"
            ));
            locked.quarantine();
        }
    }

    fn sign_in(&mut self) -> Result<(), Error> {
        self.open_client()?;
        let (Some(locked), Some(client)) = (&mut self.locked, &self.client) else {
            return Err(Error::NoSession);
        };
        if self.session.is_none()
            && let Some(place) = locked.prepare()?
        {
            self.call.ui.note(&format!("the session is kept {place}"));
        }
        let login = self.call.runtime.block_on(client.login(self.call.settings.login));
        match login.map_err(Error::Runtime)? {
            Ok(tokens) => {
                if tokens.refresh_token.is_none() && self.call.is_by_person() {
                    self.call.ui.note(self.call.settings.no_refresh_token());
                }
                let origin = tokens.origin.clone();
                self.renewed(tokens, origin);
            }
            Err(LoginFailure { error, asked }) => {
                let outage = !asked && error.is_the_providers();
                let error = Error::from(error);
                if asked {
                    self.remember_login_failure(&error);
                } else if outage {
                    self.remember_outage(&error);
                }
                self.failure = Some(error);
                self.stage = CallStage::SignInFailed;
            }
        }
        Ok(())
    }

    fn renewed(&mut self, tokens: Tokens, origin: Origin) {
        let session = Record::new(
            self.call.settings.identity.clone(),
            tokens.token,
            tokens.issued_at,
            tokens.expires_at,
            tokens.refresh_token,
            tokens.granted_scope,
            origin,
        );
        if let Some(locked) = &self.locked {
            keep(locked, &session, self.call.ui);
            locked.forget_failures();
        }
        self.session = Some(session);
        self.stage = CallStage::Renewed;
        self.was_stored = false;
    }

    fn remember_login_failure(&self, error: &Error) {
        if let Some(locked) = &self.locked {
            let mut failures = self.call.store.login_failures();
            failures.add(self.call.invocation, clock::now(), error.report());
            locked.remember_login_failures(&failures);
        }
    }

    fn remember_outage(&self, error: &Error) {
        if let Some(locked) = &self.locked {
            let outage = ProviderOutage::new(
                self.call.invocation,
                clock::now(),
                error.report(),
                error.not_before(),
            );
            locked.remember_outage(&outage);
        }
    }

    /// Made only when the network is needed: TLS alone takes milliseconds.
    fn open_client(&mut self) -> Result<(), Error> {
        if self.client.is_none() {
            let Settings { provider, trust, .. } = self.call.settings;
            let documents = self.call.store.documents();
            let client = ProviderClient::new(provider, trust, documents, self.call.person, clock::now)?;
            self.client = Some(client);
        }
        Ok(())
    }

    fn acquired(self, until: impl Fn(&Record) -> i64) -> Result<Acquired, Error> {
        self.settle_suspicion();
        let was_stored = self.was_stored;
        let session = self.session.ok_or(Error::NoSession)?;
        Ok(Acquired {
            until: until(&session),
            session,
            was_stored,
        })
    }

    /// What there is to do about a token that was asked for again is done now, and said once.
    fn settle_suspicion(&self) {
        let (caller, now) = (self.call.invocation, clock::now());
        let is_another = self.seen.as_ref() != self.session.as_ref().map(|session| &session.token);
        let issue = match (self.asked, is_another) {
            (AskedBefore::No, true) => Issue::Usual,
            (AskedBefore::Once | AskedBefore::AfterRefresh, true) => Issue::AfterRefresh,
            (AskedBefore::Once | AskedBefore::AfterRefresh, false) => Issue::Settled,
            (AskedBefore::No, false) | (AskedBefore::Settled, _) => return,
        };
        if !self.call.detect_rejections || !caller.is_by_client() {
            return;
        }
        let (Some(session), Some(log)) = (&self.session, self.call.store.issued_log()) else {
            return;
        };
        log.note(caller, &session.token, issue, now);
        if issue != Issue::Settled {
            return;
        }
        if caller.at_terminal() {
            let (issuer, audience) = oidc::issuer_and_audience(&session.token);
            self.call.ui.note(&format!(
                "the same program has asked twice for a token that is good; if the API server says Unauthorized, compare its \
                 settings with the token: issuer {issuer}, audience {audience}"
            ));
        }
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

impl Settings<'_> {
    fn no_refresh_token(&self) -> &'static str {
        let mut scopes = self.provider.scopes.iter();
        if scopes.any(|scope| scope == "offline_access") {
            NO_CONSENT
        } else {
            NO_REFRESH_TOKEN
        }
    }
}

const NO_REFRESH_TOKEN: &str = "\
the provider sent no refresh token, so the browser opens again when this token ends; to change that, add \
--oidc-extra-scope=offline_access (at Okta the app also needs the grant type Refresh Token)";

/// OpenID Connect Core 11: a provider may want the person's consent each time.
const NO_CONSENT: &str = "\
the provider sent no refresh token, though it was asked for offline_access, so the browser opens again when this token ends; at \
Okta the app needs the grant type Refresh Token, at others add --oidc-auth-request-extra-params=prompt=consent";

const NO_ID_TOKEN: &str = "\
the provider sends no ID token when it refreshes; whoever runs it can change that (at Okta, the scope openid must be granted)";
