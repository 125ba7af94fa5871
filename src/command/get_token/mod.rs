//! `get-token`: the recipe.
//!
//! 1. A stored token that is good is printed: no lock, no runtime, no socket.
//! 2. A login that just failed is not tried again for the same command, nor for a program that polls.
//! 3. Under the session's lock: a second look, then refresh, then login; one flight serves all who wait. Who has no session
//!    takes over one of `kubectl oidc-login`, where there is one.
//! 4. The session is stored before the credential is printed; printing is the last act.

mod adopt;

use std::time::Duration;

use self::adopt::Adopted;
use super::block_on;
use crate::cli::GetTokenArgs;
use crate::clock;
use crate::environment::Environment;
use crate::error::Error;
use crate::exec::{self, Parent};
use crate::oidc::{self, Connection, LoginFailure, Refresh, Renewal, Tokens};
use crate::origin::Origin;
use crate::secret::Secret;
use crate::session::{self, Caller, Failure, Found, Identity, Key, Locked, Memory, Record, Store, Wait};
use crate::settings::{self, Cache, Login, Provider, TokenKind, Trust};
use crate::ui::Ui;

/// A waiter gives the winner of the lock this long beyond the login's time to tell how it ended.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) fn run(args: GetTokenArgs, environment: &Environment, ui: Ui) -> Result<(), Error> {
    let request = exec::Request::parse(environment.exec_info.as_deref())?;
    // Without a word from kubectl a person has typed the command.
    let by_client = environment.exec_info.is_some();
    let may_prompt = environment.stdin_is_terminal && (request.interactive || !by_client);
    let credential = GetToken::new(args, environment, may_prompt, ui)?.credential()?;
    let answer = exec::credential(request.version, &credential.token, credential.until);
    Ui::result(&answer).map_err(Error::Output)
}

/// What kubectl gets.
#[derive(Clone)]
struct Credential {
    token: Secret,
    /// Seconds since the epoch.
    until: i64,
}

impl Credential {
    fn of(record: Record) -> Self {
        let until = record.usable_until();
        Self {
            token: record.token,
            until,
        }
    }
}

/// One call: its settings, who asks, and since when.
struct GetToken {
    provider: Provider,
    login: Login,
    trust: Trust,
    cache: Cache,
    identity: Identity,
    at_terminal: bool,
    by_client: bool,
    /// Seconds since the epoch.
    started: i64,
    ui: Ui,
}

/// Where the outcome goes: the store, and the right to write to it.
#[derive(Clone, Copy)]
struct Flight<'a> {
    store: &'a Store,
    locked: &'a Locked<'a>,
}

impl GetToken {
    fn new(args: GetTokenArgs, environment: &Environment, may_prompt: bool, ui: Ui) -> Result<Self, Error> {
        let redirect_url = args.provider.oidc_redirect_url.clone();
        let mut provider = Provider::new(args.provider)?;
        provider.expand_home(environment);
        let mut trust = Trust::new(args.tls);
        trust.expand_home(environment);
        let issuer = provider.issuer.as_str().to_owned();
        let login = Login::new(&args.login, redirect_url, environment, may_prompt)?;
        settings::check(&provider, &login)?;
        Ok(Self {
            identity: Identity {
                issuer,
                client_id: provider.client_id.clone(),
            },
            login,
            cache: Cache::new(args.cache, environment)?,
            provider,
            trust,
            at_terminal: environment.at_terminal,
            by_client: environment.exec_info.is_some(),
            started: clock::now(),
            ui,
        })
    }

    fn key(&self) -> Key {
        let Identity { issuer, client_id } = &self.identity;
        let account = self
            .provider
            .account
            .as_deref()
            .or_else(|| self.login.grant.username());
        let mut marks = Vec::new();
        if self.provider.token == TokenKind::Access {
            marks.push("access token");
        }
        if !self.login.grant.is_a_persons() {
            marks.push("client credentials");
        }
        Key::new(
            issuer,
            client_id,
            self.provider.scopes.iter(),
            &self.provider.extra_parameters,
            account,
            &marks,
        )
    }

    fn credential(&self) -> Result<Credential, Error> {
        if !self.cache.is_kept {
            return self.obtain(None, None);
        }
        let mut seen = None;
        match Store::open(&self.cache.dir, self.key()) {
            Ok(Some(store)) => {
                if let Found::Session(record) = store.load(&self.identity)? {
                    if !self.cache.force_refresh && record.is_usable(self.started) {
                        let until = record.usable_until();
                        self.ui
                            .step(|| format!("the stored token is good until {}", clock::rfc3339(until)));
                        return Ok(Credential::of(*record));
                    }
                    seen = Some(record.token);
                }
                self.fail_fast(&store)?;
            }
            Ok(None) => {}
            Err(error) if error.is_unavailable() => {}
            Err(error) => return Err(error.into()),
        }
        match Store::create(&self.cache.dir, self.key()) {
            Ok(store) => self.under_lock(&store, seen.as_ref()),
            Err(error) if error.is_unavailable() => self.without_store(&error),
            Err(error) => Err(error.into()),
        }
    }

    fn fail_fast(&self, store: &Store) -> Result<(), Error> {
        let Some(failure) = store.failure(Memory::Login) else {
            return Ok(());
        };
        match failure.answer_for(&self.caller(&Parent::of_this_process(), Wait::AtOnce)) {
            Some(report) => Err(Error::Remembered(report)),
            None => Ok(()),
        }
    }

    fn caller<'a>(&self, parent: &'a Parent, wait: Wait) -> Caller<'a> {
        Caller {
            now: clock::now(),
            started: self.started,
            parent,
            at_terminal: self.at_terminal,
            by_client: self.by_client,
            waited: wait == Wait::BehindAnother,
        }
    }

    /// Holds the lock over refresh and login, so that whoever waits gets the token or the failure.
    ///
    /// `seen` is the token that the first look found.
    fn under_lock(&self, store: &Store, seen: Option<&Secret>) -> Result<Credential, Error> {
        let tell = |holder: Option<&str>| {
            let holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            self.ui
                .note(&format!("waiting for the sign-in of another kubesesame{holder}"));
        };
        let (locked, wait) = match store.lock(self.login.timeout + GRACE, tell) {
            Ok(locked) => locked,
            Err(error) if error.is_unavailable() => return self.without_store(&error),
            Err(error) => return Err(error.into()),
        };
        let session = match store.load(&self.identity)? {
            Found::Session(record) if self.serves_now(&record, seen) => return Ok(Credential::of(*record)),
            Found::Session(record) => Some(record),
            Found::Nothing => None,
            Found::Unusable(reason) => {
                let name = store.session_path();
                self.ui.warn(&format!(
                    "the stored session `{}` cannot be used: {reason}",
                    name.display()
                ));
                None
            }
        };
        let flight = Flight {
            store,
            locked: &locked,
        };
        self.share_failure(flight, wait)?;
        let result = self.obtain(session.as_deref(), Some(flight));
        if result.is_ok() {
            locked.forget_failures();
        }
        result
    }

    /// Whether the second look found what is wanted: with `--force-refresh` only another token than the first look.
    fn serves_now(&self, record: &Record, seen: Option<&Secret>) -> bool {
        let new_enough = !self.cache.force_refresh || seen.is_none_or(|seen| *seen != record.token);
        new_enough && record.is_usable(clock::now())
    }

    /// Ends as that ended which this call waited for, and remembers its caller with a login that failed.
    fn share_failure(&self, flight: Flight<'_>, wait: Wait) -> Result<(), Error> {
        let parent = Parent::of_this_process();
        let caller = self.caller(&parent, wait);
        let passing = flight.store.failure(Memory::Passing);
        if let Some(report) = passing.and_then(|failure| failure.answer_for_waiter(&caller)) {
            return Err(Error::Remembered(report));
        }
        let Some(mut failure) = flight.store.failure(Memory::Login) else {
            return Ok(());
        };
        let answer = failure
            .answer_for_waiter(&caller)
            .or_else(|| failure.answer_for(&caller));
        let Some(report) = answer else { return Ok(()) };
        if failure.add(&parent) {
            flight.locked.remember(Memory::Login, &failure);
        }
        Err(Error::Remembered(report))
    }

    /// A cache that cannot be used costs a warning, and then every call signs in.
    fn without_store(&self, error: &session::Error) -> Result<Credential, Error> {
        self.ui.warn(&format!(
            "sessions cannot be kept, so each call signs in: {}",
            error.in_one_line()
        ));
        self.obtain(None, None)
    }

    fn obtain(&self, session: Option<&Record>, flight: Option<Flight<'_>>) -> Result<Credential, Error> {
        let dir = flight.map(|flight| flight.store.dir());
        let connection = Connection::new(&self.provider, &self.trust, dir, self.ui, clock::now)?;
        let adopted = match (session, flight) {
            (None, Some(flight)) if self.login.grant.is_a_persons() => self.adopt(&connection, flight)?,
            _ => None,
        };
        let session = match &adopted {
            Some(Adopted::Borrowed(credential)) => return Ok(credential.clone()),
            Some(Adopted::Session(record)) if !self.cache.force_refresh && record.is_usable(clock::now()) => {
                return Ok(Credential::of(record.clone()));
            }
            Some(Adopted::Session(record)) => Some(record),
            None => session,
        };
        if let Some(session) = session
            && let Some(credential) = self.refresh(&connection, session, flight)?
        {
            return Ok(credential);
        }
        match block_on(connection.login(&self.login))? {
            Ok(tokens) => {
                if tokens.refresh_token.is_none() && self.login.grant.is_a_persons() {
                    let asked = self.provider.scopes.iter().any(|scope| scope == "offline_access");
                    self.ui.note(if asked { NO_CONSENT } else { NO_REFRESH_TOKEN });
                }
                let origin = tokens.origin.clone();
                Ok(self.keep(tokens, origin, flight))
            }
            Err(LoginFailure { error, asked }) => {
                let memory = if asked {
                    Some(Memory::Login)
                } else {
                    passing(&error)
                };
                let error = Error::from(error);
                remember(memory, &error, flight);
                Err(error)
            }
        }
    }

    /// Renews the session; `None` when only a login helps.
    fn refresh(
        &self,
        connection: &Connection<'_>,
        session: &Record,
        flight: Option<Flight<'_>>,
    ) -> Result<Option<Credential>, Error> {
        let Some(refresh_token) = &session.refresh_token else {
            return Ok(None);
        };
        let keep_rotated = |rotated: &Secret| {
            let mut session = session.clone();
            session.refresh_token = Some(rotated.clone());
            self.save(&session, flight);
        };
        let refresh = Refresh {
            token: refresh_token,
            granted_scope: &session.granted_scope,
            origin: &session.origin,
            keep_rotated: &keep_rotated,
        };
        match block_on(connection.refresh(&refresh))? {
            Renewal::Renewed(tokens) => {
                let origin = session.origin.or_later(tokens.origin.clone());
                Ok(Some(self.keep(*tokens, origin, flight)))
            }
            Renewal::Over(reason) => {
                self.ui.step(|| format!("the session is over: {reason}"));
                Ok(None)
            }
            Renewal::NoIdToken => {
                self.ui.note(NO_ID_TOKEN);
                Ok(None)
            }
            Renewal::Failed(error) => {
                // The margin is for good days: a token that still lives beats an error.
                if !self.cache.force_refresh && clock::now() < session.expires_at {
                    self.ui
                        .step(|| format!("the token could not be renewed yet: {error}"));
                    let (token, until) = (session.token.clone(), session.expires_at);
                    return Ok(Some(Credential { token, until }));
                }
                let memory = passing(&error);
                let error = Error::Renewal {
                    path: flight.map(|flight| flight.store.session_path()),
                    source: error,
                };
                remember(memory, &error, flight);
                Err(error)
            }
        }
    }

    fn keep(&self, tokens: Tokens, origin: Origin, flight: Option<Flight<'_>>) -> Credential {
        let record = Record::new(
            self.identity.clone(),
            tokens.token,
            tokens.issued_at,
            tokens.expires_at,
            tokens.refresh_token,
            tokens.granted_scope,
            origin,
        );
        self.save(&record, flight);
        Credential::of(record)
    }

    /// Stores the session; the token in hand is worth more than the cache.
    fn save(&self, record: &Record, flight: Option<Flight<'_>>) {
        if let Some(flight) = flight
            && let Err(error) = flight.locked.save(record)
        {
            self.ui.warn(&format!(
                "the session could not be stored, so the next call may have to sign in again: {}",
                error.in_one_line()
            ));
        }
    }
}

/// A provider's failure is that of all who wait for it; a wrong flag or a taken port is the caller's own.
fn passing(error: &oidc::Error) -> Option<Memory> {
    error.is_the_providers().then_some(Memory::Passing)
}

fn remember(memory: Option<Memory>, error: &Error, flight: Option<Flight<'_>>) {
    if let (Some(memory), Some(flight)) = (memory, flight) {
        let previous = flight.store.failure(memory);
        let parent = Parent::of_this_process();
        flight.locked.remember(
            memory,
            &Failure::after(previous, clock::now(), &parent, error.report()),
        );
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
the provider sends no ID token when it renews, so the browser opens each time a token ends; whoever runs the provider \
can change that (at Okta, the scope openid must be granted)";
