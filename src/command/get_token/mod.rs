//! `get-token`: the recipe.
//!
//! 1. A stored token that is good is printed: no lock, no runtime, no socket. Near its end a process is left behind that
//!    renews it. One that the API server refused is renewed first.
//! 2. A login that just failed is not tried again for the same command, nor for a program that polls.
//! 3. Under the session's lock: a second look, then refresh, then login; one flight serves all who wait. Who has no session
//!    takes over one of `kubectl oidc-login`, where there is one.
//! 4. The session is stored before the credential is printed; printing is the last act.

mod adopt;
mod ahead;
mod at_once;
mod client;
mod renew;
mod sign_in;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

pub(crate) use self::ahead::run as renew_ahead;
pub(crate) use self::at_once::run as at_once;

use self::adopt::Adopted;
use self::client::Client;
use super::block_on;
use crate::cli::GetTokenArgs;
use crate::clock;
use crate::command::person;
use crate::environment::Environment;
use crate::error::Error;
use crate::exec::{self, ApiVersion};
use crate::oidc::{Continuation, DocumentCache, Event, NoDocumentCache, ProviderClient};
use crate::process::Parent;
use crate::secret::Secret;
use crate::session::{
    Ask, Caller, Found, Identity, Key, Line, Locked, Memory, Place, Record, Shortcut, Store, Wait,
};
use crate::settings::{self, Cache, Login, Provider, Storage, TokenKind, Trust};
use crate::ui::Ui;

/// A token that was issued less than so many seconds ago is not renewed because it was refused.
const NEW: i64 = 30;

/// A waiter gives the winner of the lock this long beyond the login's time to tell how it ended.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) fn run(
    args: GetTokenArgs,
    words: &[OsString],
    line: &Line,
    environment: &Environment,
    ui: Ui,
) -> Result<(), Error> {
    let request = exec::Request::parse(environment.exec_info.as_deref())?;
    // Without a word from kubectl a person has typed the command.
    let by_client = environment.exec_info.is_some();
    let may_prompt = environment.stdin_is_terminal && (request.interactive || !by_client);
    let get_token = GetToken::new(args, words, line, environment, may_prompt, ui)?;
    answer(request.version, &get_token.credential(request.version)?)
}

fn answer(version: ApiVersion, credential: &Credential) -> Result<(), Error> {
    let answer = exec::credential(version, &credential.token, credential.until);
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
    /// A token to the very end of its life, without the margin.
    fn to_the_end(record: &Record) -> Self {
        Self {
            token: record.token.clone(),
            until: record.expires_at,
        }
    }

    fn of(record: Record) -> Self {
        let until = record.usable_until();
        Self {
            token: record.token,
            until,
        }
    }
}

/// What a call wants of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// A token that is good.
    Good,
    /// Another one than there is (`--force-refresh`).
    Renewed,
    /// Another one, since the API server refused the one that there is.
    InPlaceOfRefused,
}

/// One call: its settings, who asks, and since when.
struct GetToken<'a> {
    words: &'a [OsString],
    client: Client<'a>,
    provider: Provider,
    login: Login,
    trust: Trust,
    cache: Cache,
    identity: Identity,
    /// Seconds since the epoch.
    started: i64,
    ui: Ui,
}

/// Where the outcome goes: the store, the right to write to it, and in which form.
#[derive(Clone, Copy)]
struct Flight<'a> {
    store: &'a Store,
    locked: &'a Locked<'a>,
    place: &'a Place,
}

impl<'a> GetToken<'a> {
    fn new(
        args: GetTokenArgs,
        words: &'a [OsString],
        line: &'a Line,
        environment: &'a Environment,
        may_prompt: bool,
        ui: Ui,
    ) -> Result<Self, Error> {
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
            words,
            client: Client { line, environment },
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

    fn credential(&self, version: ApiVersion) -> Result<Credential, Error> {
        let Some(storage) = self.cache.storage else {
            return self.obtain(None, Wish::Good, None);
        };
        let mut unavailable = None;
        for dir in self.cache.dirs() {
            match self.credential_from(dir, storage, version) {
                // What cannot be read or written here may be elsewhere.
                Err(Error::Session(error)) if error.is_unavailable() => {
                    unavailable.get_or_insert(error);
                }
                result => return result,
            }
        }
        if let Some(error) = unavailable {
            self.ui.warn(&format!(
                "sessions cannot be kept, so each call signs in: {}",
                error.in_one_line()
            ));
        }
        self.obtain(None, Wish::Good, None)
    }

    fn credential_from(
        &self,
        dir: &Path,
        storage: Storage,
        version: ApiVersion,
    ) -> Result<Credential, Error> {
        let mut wish = if self.cache.force_refresh {
            Wish::Renewed
        } else {
            Wish::Good
        };
        let mut seen = None;
        match Store::open(dir, self.key(), storage) {
            Ok(Some(store)) => {
                if let Found::Session(record) = store.load(&self.identity)? {
                    if wish == Wish::Good && record.is_usable(self.started) {
                        match self.ask(&store, &record) {
                            Ask::Usual => return Ok(self.hand_out(&store, version, *record)),
                            Ask::Again => wish = Wish::InPlaceOfRefused,
                            Ask::YetAgain => return Err(Error::TokenRefused),
                        }
                    }
                    seen = Some(record);
                }
                self.fail_fast(&store)?;
            }
            Ok(None) => {}
            Err(error) if error.is_unavailable() => {}
            Err(error) => return Err(error.into()),
        }
        let after_refusal = wish == Wish::InPlaceOfRefused;
        let store = Store::create(dir, self.key(), storage)?;
        match (self.under_lock(&store, wish, seen.as_deref()), seen) {
            (Ok(credential), _) => {
                self.client
                    .note(&store, &credential.token, after_refusal, clock::now());
                Ok(credential)
            }
            // Where nothing can be written a refused token cannot be replaced; a sign-in would bring its like.
            (Err(Error::Session(error)), Some(record)) if after_refusal && error.is_unavailable() => {
                Ok(Credential::of(*record))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Tells whether a token that is good was refused all the same.
    fn ask(&self, store: &Store, record: &Record) -> Ask {
        if !self.cache.notices_refusals {
            return Ask::Usual;
        }
        let ask = self.client.ask(store, record, self.started);
        if ask == Ask::Again && self.started.saturating_sub(record.issued_at) < NEW {
            // Another one would be its like: a client that is refused over and over must not cost a renewal each time.
            self.client.note(store, &record.token, true, self.started);
            return Ask::Usual;
        }
        ask
    }

    /// A stored token that is good, and what is done on the way: the next call finds it sooner, and a token near its end is renewed
    /// by a process that nobody waits for.
    fn hand_out(&self, store: &Store, version: ApiVersion, record: Record) -> Credential {
        let until = record.usable_until();
        self.ui
            .step(|| format!("the stored token is good until {}", clock::rfc3339(until)));
        self.leave_shortcut(store, version);
        if self.is_due(&record, self.started) {
            ahead::start(store, self.words, self.started, self.ui);
        }
        Credential::of(record)
    }

    /// Leaves a note for the same command line, unless it has something to tell, or the note would not be looked for there.
    fn leave_shortcut(&self, store: &Store, version: ApiVersion) {
        let likely = settings::likely_cache_dir(self.words, self.client.environment);
        if self.ui.level > 0 || likely.as_deref() != Some(store.dir().path()) {
            return;
        }
        let identity = self.identity.clone();
        let shortcut = Shortcut::new(
            store,
            identity,
            version,
            self.renewal(),
            self.cache.notices_refusals,
        );
        shortcut.write(store.dir(), self.client.line);
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

    fn caller<'p>(&self, parent: &'p Parent, wait: Wait) -> Caller<'p> {
        Caller {
            now: clock::now(),
            started: self.started,
            parent,
            at_terminal: self.client.environment.at_terminal,
            by_client: self.client.is_program(),
            waited: wait == Wait::BehindAnother,
        }
    }

    /// Holds the lock over refresh and login, so that whoever waits gets the token or the failure.
    ///
    /// `seen` is what the first look found.
    fn under_lock(&self, store: &Store, wish: Wish, seen: Option<&Record>) -> Result<Credential, Error> {
        let tell = |holder: Option<&str>| {
            let holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            self.ui
                .note(&format!("waiting for the sign-in of another kubesesame{holder}"));
        };
        let (locked, wait) = store.lock(self.login.timeout + GRACE, tell)?;
        let session = match locked.load(&self.identity)? {
            Found::Session(record) if serves_now(&record, wish, seen) => return Ok(Credential::of(*record)),
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
        match (self.share_failure(&locked, wait), &session) {
            (Ok(()), _) => {}
            // The margin is for good days: a token that still lives beats an error.
            (Err(_), Some(session)) if wish != Wish::Renewed && clock::now() < session.expires_at => {
                return Ok(Credential::to_the_end(session));
            }
            (Err(error), _) => return Err(error),
        }
        if session.is_none() {
            locked.try_to_write()?;
        }
        let flight = Flight {
            store,
            locked: &locked,
            place: &locked.place(&self.identity)?,
        };
        if session.is_none() {
            self.tell_place(flight);
        }
        let result = self.obtain(session.as_deref(), wish, Some(flight));
        if result.is_ok() {
            locked.forget_failures();
        }
        result
    }

    /// Tells at a sign-in where the session is kept, if that is not plainly what was asked for.
    fn tell_place(&self, flight: Flight<'_>) {
        let place = match flight.place {
            Place::DiskInstead(error) => format!("in a file that only you can read, since {error}"),
            Place::Sealed(_) if self.cache.storage == Some(Storage::Auto) => {
                "sealed, with its key in the OS keyring".to_owned()
            }
            Place::Sealed(_) | Place::Disk if flight.store.dir().path() == self.cache.dir => return,
            Place::Sealed(_) | Place::Disk => format!(
                "in `{}` until you log out, since `{}` cannot be written",
                flight.store.dir().path().display(),
                self.cache.dir.display()
            ),
        };
        self.ui.note(&format!("the session is kept {place}"));
    }

    /// Ends as that ended which this call waited for, and remembers its caller with a login that failed.
    fn share_failure(&self, locked: &Locked<'_>, wait: Wait) -> Result<(), Error> {
        let parent = Parent::of_this_process();
        let caller = self.caller(&parent, wait);
        let passing = locked.failure(Memory::Passing).and_then(|failure| {
            let waited = failure.answer_for_waiter(&caller);
            // A person gets through, be it to be told the same.
            let program = !caller.at_terminal;
            waited.or_else(|| failure.answer_while_waiting(caller.now).filter(|_| program))
        });
        if let Some(report) = passing {
            return Err(Error::Remembered(report));
        }
        let Some(mut failure) = locked.failure(Memory::Login) else {
            return Ok(());
        };
        let answer = failure
            .answer_for_waiter(&caller)
            .or_else(|| failure.answer_for(&caller));
        let Some(report) = answer else { return Ok(()) };
        if failure.add(&parent) {
            locked.remember(Memory::Login, &failure);
        }
        Err(Error::Remembered(report))
    }

    fn obtain(
        &self,
        session: Option<&Record>,
        wish: Wish,
        flight: Option<Flight<'_>>,
    ) -> Result<Credential, Error> {
        let documents: &dyn DocumentCache = match flight {
            Some(flight) => flight.store.dir(),
            None => &NoDocumentCache,
        };
        let report = |event: Event<'_>| person::show(self.ui, event);
        let person = person::with(self.ui, &report, Continuation::Kubectl);
        let connection = ProviderClient::new(&self.provider, &self.trust, documents, person, clock::now)?;
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
            && let Some(credential) = self.refresh(&connection, session, wish, flight)?
        {
            return Ok(credential);
        }
        self.sign_in(&connection, flight)
    }
}

/// Whether the second look found what is wanted: another token than the first look, if the first one will not do.
fn serves_now(record: &Record, wish: Wish, seen: Option<&Record>) -> bool {
    let new_enough = wish == Wish::Good || seen.is_none_or(|seen| seen.token != record.token);
    new_enough && record.is_usable(clock::now())
}
