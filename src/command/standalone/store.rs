//! The tokens of a kubeconfig's `auth-provider` entry as a store of [`crate::lifecycle`].

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::kept::Held;
use super::places::Places;
use crate::command::kubeconfig::files::Kubeconfig;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::{UserFileError, UserFileLock, shown};
use crate::initial_id_token::InitialIdToken;
use crate::kubeconfig::{self, AuthProvider};
use crate::lifecycle::{LockedSession, Remark, SessionStore};
use crate::oidc::{DocumentCache, NoDocumentCache, StoredToken};
use crate::secret::Secret;
use crate::session::{self, Identity, Loaded, LockWait, Locked, Record, StorageTarget, Store};
use crate::settings::Provider;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// kubectl holds its lock for a moment only.
const KUBECONFIG_LOCK_WAIT: Duration = Duration::from_secs(5);

/// New tokens may make the kubeconfig larger by so many bytes: the first two are some KiB.
const GROWTH: usize = 8 * 1024;

/// The tokens of a kubeconfig's `auth-provider` entry as a store. kubectl's lock is held for a moment only, so it cannot cover a refresh
/// or a sign-in; a lock of our own does.
pub(super) struct KubeconfigStore<'a> {
    file: &'a Kubeconfig,
    user: &'a str,
    identity: &'a Identity,
    provider: &'a Provider,
    places: Places,
    /// What kept the last tokens out of the kubeconfig; they are beside the lock.
    unwritten: Mutex<Option<Error>>,
    ui: Ui,
}

/// The right to change the tokens of the entry.
pub(super) struct LockedEntry<'a> {
    store: &'a KubeconfigStore<'a>,
    turn: Option<Locked<'a>>,
    /// What the entry held when it was read or written last.
    held: Mutex<Held>,
}

impl SessionStore for KubeconfigStore<'_> {
    /// The tokens are printed nowhere.
    const MUST_STORE: bool = true;

    type Locked<'b>
        = LockedEntry<'b>
    where
        Self: 'b;

    fn load(&self) -> Result<Loaded, Error> {
        let entry = self.entry()?;
        Ok(loaded(entry.and_then(|entry| self.session_of(entry))))
    }

    fn lock(
        &self,
        limit: Duration,
        on_wait: &dyn Fn(Option<&str>),
    ) -> Result<(LockedEntry<'_>, bool), Error> {
        let (turn, wait) = match self.places.turns.as_ref().map(|turns| turns.lock(limit, on_wait)) {
            Some(Err(error @ session::Error::LockTimeout { .. })) => return Err(error.into()),
            // Without a place for it there is no turn to wait for.
            None => (None, None),
            Some(Err(error)) => {
                self.check_none_kept(error)?;
                (None, None)
            }
            Some(Ok((turn, wait))) => (Some(turn), Some(wait)),
        };
        self.write_kept_in_all(turn.as_ref())?;
        self.rehearse()?;
        Ok((self.locked(turn), wait == Some(LockWait::ForOtherProcess)))
    }

    fn try_lock(&self) -> Result<Option<LockedEntry<'_>>, Error> {
        let turn = match self.places.turns.as_ref().map(Store::try_lock) {
            None => None,
            Some(Ok(None)) => return Ok(None),
            Some(Ok(turn)) => turn,
            Some(Err(error)) => {
                self.check_none_kept(error)?;
                None
            }
        };
        self.write_kept_in_all(turn.as_ref())?;
        Ok(Some(self.locked(turn)))
    }

    fn documents(&self) -> &dyn DocumentCache {
        &NoDocumentCache
    }
}

impl LockedSession for LockedEntry<'_> {
    fn load(&self) -> Result<Loaded, Error> {
        let entry = self.store.entry()?;
        *self.held() = entry.as_ref().map(Held::of).unwrap_or_default();
        Ok(loaded(entry.and_then(|entry| self.store.session_of(entry))))
    }

    fn prepare(&mut self) -> Result<Option<Remark>, Error> {
        Ok(None)
    }

    /// What cannot be written is kept beside the lock, for the next call.
    fn save(&self, session: &Record) -> Result<(), Error> {
        let written = self.store.write(session);
        let mut held = self.held();
        if written.is_ok() {
            *held = held.with(session);
        }
        let Some(turn) = &self.turn else {
            return written;
        };
        let unwritten = match written {
            Ok(()) => {
                turn.remove_session();
                None
            }
            Err(error) => {
                let kept = Record {
                    replaces: Some(held.hash()),
                    ..session.clone()
                };
                if turn.save(&kept, &StorageTarget::Disk, None).is_err() {
                    return Err(error);
                }
                Some(error)
            }
        };
        *self.store.unwritten() = unwritten;
        Ok(())
    }

    /// Other programs refresh the same entry and know nothing of our lock.
    fn successor(&self, spent: &Secret) -> Option<Record> {
        let entry = self.store.entry().ok().flatten()?;
        let held = Held::of(&entry);
        let session = self.store.session_of(entry)?;
        let is_another = session.refresh_token.as_ref().is_some_and(|token| token != spent);
        if is_another {
            *self.held() = held;
        }
        is_another.then_some(session)
    }

    /// The sign-in that follows replaces the tokens.
    fn quarantine(&self, _: &Record) {}
}

impl LockedEntry<'_> {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> KubeconfigStore<'a> {
    pub(super) fn new(
        file: &'a Kubeconfig,
        user: &'a str,
        identity: &'a Identity,
        provider: &'a Provider,
        environment: &Environment,
        ui: Ui,
    ) -> Self {
        Self {
            file,
            user,
            identity,
            provider,
            places: Places::new(file, user, identity, environment),
            unwritten: Mutex::default(),
            ui,
        }
    }

    pub(super) fn file(&self) -> &Kubeconfig {
        self.file
    }

    /// What kept the tokens of this call out of the kubeconfig, and where they are.
    pub(super) fn take_unwritten(&self) -> Option<(Error, PathBuf)> {
        let error = self.unwritten().take()?;
        Some((error, self.places.turns.as_ref()?.session_path()))
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<Error>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the tokens that an earlier call could not write, unless another call is at work, which does so itself. What keeps them from being
    /// read is told where the token in the kubeconfig has ended: a good one needs no other.
    pub(super) fn write_kept_tokens(&self) -> Result<(), Error> {
        for place in self.places.with_kept() {
            if let Ok(Some(turn)) = place.try_lock()
                && let Err(error) = self.write_kept(&turn)
                && !matches!(error, Error::KeptTokens { .. })
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Before a refresh token is spent: where tokens are kept, the one in the kubeconfig is spent already.
    fn write_kept_in_all(&self, turn: Option<&Locked<'_>>) -> Result<(), Error> {
        if let Some(error) = self.places.take_hidden() {
            return Err(self.kept_error(error));
        }
        if let Some(turn) = turn {
            self.write_kept(turn)?;
        }
        for place in &self.places.others {
            if place.has_session()
                && let Some(turn) = place.try_lock().map_err(|error| self.kept_error(error))?
            {
                self.write_kept(&turn)?;
            }
        }
        Ok(())
    }

    /// Lets a call go on whose place cannot be locked, if no tokens are kept there.
    fn check_none_kept(&self, error: session::Error) -> Result<(), Error> {
        let is_seen_empty = self
            .places
            .turns
            .as_ref()
            .is_none_or(|turns| matches!(turns.has_plain(), Ok(false)));
        if is_seen_empty {
            return Ok(());
        }
        Err(self.kept_error(error))
    }

    fn kept_error(&self, source: session::Error) -> Error {
        Error::KeptTokens {
            kubeconfig: self.file.path().to_owned(),
            source,
        }
    }

    /// Their refresh token is the successor of the one in the kubeconfig, unless somebody has signed in or out since.
    fn write_kept(&self, turn: &Locked<'_>) -> Result<(), Error> {
        let kept = match turn.load().map_err(|error| self.kept_error(error))? {
            Loaded::Session(kept) => kept,
            Loaded::Nothing => return Ok(()),
            Loaded::Corrupt(reason) => {
                self.ui.warn(&format!(
                    "the tokens that an earlier call kept for `{}` cannot be used and are put aside: {reason}",
                    shown(self.file.path())
                ));
                turn.put_broken_aside();
                return Ok(());
            }
        };
        let entry = self.entry()?;
        let held = entry.as_ref().map(Held::of).unwrap_or_default();
        let session = entry.and_then(|entry| self.session_of(entry));
        if held.awaits(&kept, session.map(|session| session.issued_at)) {
            self.write(&kept)?;
            self.ui.note(&format!(
                "the tokens that an earlier call could not write are in `{}` now",
                shown(self.file.path())
            ));
        }
        turn.remove_session();
        Ok(())
    }

    /// The entry, as it is now.
    fn entry(&self) -> Result<Option<AuthProvider>, Error> {
        let entry = kubeconfig::auth_provider(&self.file.text()?, self.user);
        let entry = entry.map_err(|error| self.file.text_error(&error))?;
        Ok(entry.and_then(Result::ok))
    }

    fn session_of(&self, entry: AuthProvider) -> Option<Record> {
        session_of(entry, self.identity, self.provider)
    }

    fn locked(&'a self, turn: Option<Locked<'a>>) -> LockedEntry<'a> {
        LockedEntry {
            store: self,
            turn,
            held: Mutex::default(),
        }
    }

    /// Writes everything but the name: a kubeconfig that turns out to take no tokens after a refresh or a sign-in would lose what it brought.
    fn rehearse(&self) -> Result<(), Error> {
        let lock = self.lock_file()?;
        let text = self.file.text()?;
        let token = Secret::new("token");
        let edited = self.edited(&text, Some(&token), Some(&token))?.into_bytes();
        // A copy of what is there, since a file system that compresses takes blanks where it takes nothing else.
        let size = text.len() + GROWTH;
        let filler = edited.iter().copied().cycle().take(size);
        drop(self.file.stage(&filler.collect::<Vec<u8>>(), &lock)?);
        Ok(())
    }

    fn write(&self, session: &Record) -> Result<(), Error> {
        let lock = self.lock_file()?;
        // What was read before may be old by now.
        let text = self.file.text()?;
        let id_token = Some(&session.token).filter(|token| !token.expose().is_empty());
        let edited = self.edited(&text, id_token, session.refresh_token.as_ref())?;
        let staged = self.file.stage(edited.as_bytes(), &lock)?;
        Ok(staged.commit().map_err(kubeconfig::Error::from)?)
    }

    fn edited(
        &self,
        text: &str,
        id_token: Option<&Secret>,
        refresh_token: Option<&Secret>,
    ) -> Result<String, Error> {
        let edited = kubeconfig::with_tokens(text, self.user, id_token, refresh_token);
        edited.map_err(|error| match error {
            kubeconfig::TextError::VerificationFailed => {
                Error::Kubeconfig(kubeconfig::Error::TokensNotWritable {
                    path: self.file.path().to_owned(),
                    name: UntrustedText::new(self.user),
                })
            }
            error => self.file.text_error(&error).into(),
        })
    }

    fn lock_file(&self) -> Result<UserFileLock, Error> {
        let began = Instant::now();
        loop {
            match self.file.lock() {
                Err(kubeconfig::Error::File(UserFileError::Locked { .. }))
                    if began.elapsed() < KUBECONFIG_LOCK_WAIT =>
                {
                    thread::sleep(Duration::from_millis(20));
                }
                result => return Ok(result?),
            }
        }
    }
}

fn loaded(session: Option<Record>) -> Loaded {
    session.map_or(Loaded::Nothing, |session| Loaded::Session(Box::new(session)))
}

/// The session that the tokens of an entry make, if they are of this issuer and client.
fn session_of(entry: AuthProvider, identity: &Identity, provider: &Provider) -> Option<Record> {
    let Some(token) = entry.id_token else {
        // A refresh brings one; until then there is none that could be used.
        return Some(Record::new(
            identity.clone(),
            Secret::new(""),
            0,
            0,
            Some(entry.refresh_token?),
            provider.scopes.joined(),
            InitialIdToken::default(),
        ));
    };
    let stored = StoredToken::read(&token, provider, None)?;
    Some(Record::new(
        identity.clone(),
        token,
        stored.issued_at,
        stored.expires_at,
        entry.refresh_token,
        provider.scopes.joined(),
        stored.initial_id_token,
    ))
}
