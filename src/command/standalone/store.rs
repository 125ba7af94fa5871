//! The session store of the standalone mode: the tokens of a kubeconfig's `auth-provider` entry.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::entry_tokens::EntryTokens;
use super::stores::EntryStores;
use crate::command::kubeconfig::files::Kubeconfig;
use crate::environment::Environment;
use crate::error::Error;
use crate::files::{UserFileError, UserFileLock, shown};
use crate::kubeconfig::{self, AuthProvider};
use crate::lifecycle::{LockedSession, Remark, SessionStore};
use crate::oidc::{DocumentCache, NoDocumentCache, StoredToken};
use crate::secret::Secret;
use crate::session::{self, Identity, Loaded, LockWait, LockedStore, Record, StorageTarget, Store};
use crate::settings::Provider;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;

/// How long to wait for kubectl's lock. kubectl holds it only for a moment.
const KUBECONFIG_LOCK_WAIT: Duration = Duration::from_secs(5);

/// By how much new tokens may enlarge the kubeconfig. Two tokens have a few KiB.
const MAX_GROWTH_BYTES: usize = 8 * 1024;

/// The tokens of a kubeconfig's `auth-provider` entry as a session store. kubectl's lock may be held only for a moment, so it cannot
/// protect a refresh or a login. The lock of a session store does.
pub(super) struct KubeconfigStore<'a> {
    file: &'a Kubeconfig,
    user: &'a str,
    identity: &'a Identity,
    provider: &'a Provider,
    stores: EntryStores,
    /// Why the last tokens could not be written into the kubeconfig. They are in the primary store.
    unwritten: Mutex<Option<Error>>,
    ui: Ui,
}

/// The entry while its primary store, if any, is locked.
pub(super) struct LockedEntry<'a> {
    store: &'a KubeconfigStore<'a>,
    /// The lock of the primary store, if there is one.
    primary: Option<LockedStore<'a>>,
    /// The tokens of the entry when it was last read or written.
    entry_tokens: Mutex<EntryTokens>,
}

impl SessionStore for KubeconfigStore<'_> {
    /// The standalone mode does not print the tokens, so it is useless if they cannot be stored.
    const MUST_STORE: bool = true;

    type Locked<'b>
        = LockedEntry<'b>
    where
        Self: 'b;

    fn load(&self) -> Result<Loaded, Error> {
        let entry = self.entry()?;
        Ok(to_loaded(entry.and_then(|entry| self.session_of(entry))))
    }

    fn lock(
        &self,
        limit: Duration,
        on_wait: &dyn Fn(Option<&str>),
    ) -> Result<(LockedEntry<'_>, LockWait), Error> {
        let (primary, wait) = match self
            .stores
            .primary
            .as_ref()
            .map(|primary| primary.lock(limit, on_wait))
        {
            Some(Err(error @ session::Error::LockTimeout { .. })) => return Err(error.into()),
            // Without a primary store there is no lock to wait for.
            None => (None, LockWait::None),
            Some(Err(error)) => {
                self.ignore_lock_error_if_no_pending_tokens(error)?;
                (None, LockWait::None)
            }
            Some(Ok((primary, wait))) => (Some(primary), wait),
        };
        self.write_all_pending(primary.as_ref())?;
        self.check_writable()?;
        Ok((self.locked(primary), wait))
    }

    fn try_lock(&self) -> Result<Option<LockedEntry<'_>>, Error> {
        let primary = match self.stores.primary.as_ref().map(Store::try_lock) {
            None => None,
            Some(Ok(None)) => return Ok(None),
            Some(Ok(primary)) => primary,
            Some(Err(error)) => {
                self.ignore_lock_error_if_no_pending_tokens(error)?;
                None
            }
        };
        self.write_all_pending(primary.as_ref())?;
        Ok(Some(self.locked(primary)))
    }

    fn documents(&self) -> &dyn DocumentCache {
        &NoDocumentCache
    }
}

impl LockedSession for LockedEntry<'_> {
    fn load(&self) -> Result<Loaded, Error> {
        let entry = self.store.entry()?;
        *self.entry_tokens() = entry.as_ref().map(EntryTokens::new).unwrap_or_default();
        Ok(to_loaded(entry.and_then(|entry| self.store.session_of(entry))))
    }

    fn prepare(&mut self) -> Result<Option<Remark>, Error> {
        Ok(None)
    }

    /// Tokens that cannot be written into the kubeconfig are saved in the primary store, for the next call.
    fn save(&self, session: &Record) -> Result<(), Error> {
        let written = self.store.write(session);
        let mut entry_tokens = self.entry_tokens();
        if written.is_ok() {
            *entry_tokens = entry_tokens.after_write(session);
        }
        let Some(primary) = &self.primary else {
            return written;
        };
        let unwritten = match written {
            Ok(()) => {
                primary.remove_session();
                None
            }
            Err(error) => {
                let pending = Record {
                    replaces: Some(entry_tokens.hash()),
                    ..session.clone()
                };
                if primary.save(&pending, &StorageTarget::Disk, None).is_err() {
                    return Err(error);
                }
                Some(error)
            }
        };
        *self.store.unwritten() = unwritten;
        Ok(())
    }

    /// Other programs may refresh the same entry. They do not use our lock.
    fn successor(&self, used: &Secret) -> Option<Record> {
        let entry = self.store.entry().ok().flatten()?;
        let entry_tokens = EntryTokens::new(&entry);
        let session = self.store.session_of(entry)?;
        // What this call has written itself, before the provider's answer was refused, is no other program's: it would be refreshed for ever.
        let is_another = session.refresh_token.as_ref().is_some_and(|token| token != used)
            && !self.entry_tokens().has_refresh_token_of(&entry_tokens);
        if is_another {
            *self.entry_tokens() = entry_tokens;
        }
        is_another.then_some(session)
    }

    /// Does nothing: the following login replaces the tokens.
    fn quarantine(&self, _: &Record) {}
}

impl LockedEntry<'_> {
    fn entry_tokens(&self) -> MutexGuard<'_, EntryTokens> {
        self.entry_tokens.lock().unwrap_or_else(PoisonError::into_inner)
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
            stores: EntryStores::new(file, user, identity, environment),
            unwritten: Mutex::default(),
            ui,
        }
    }

    pub(super) fn file(&self) -> &Kubeconfig {
        self.file
    }

    /// Returns why the tokens of this call could not be written into the kubeconfig, and the file that they are in.
    pub(super) fn take_unwritten(&self) -> Option<(Error, PathBuf)> {
        let error = self.unwritten().take()?;
        Some((error, self.stores.primary.as_ref()?.session_path()))
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<Error>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the tokens that an earlier call could not write. A store that another call has locked is skipped, because that call writes
    /// them. An error of reading them is ignored here, because the token in the kubeconfig may still be valid. It is returned when the
    /// session is locked for a refresh.
    pub(super) fn write_pending_tokens(&self) -> Result<(), Error> {
        for store in self.stores.with_pending_tokens() {
            if let Ok(Some(locked)) = store.try_lock()
                && let Err(error) = self.write_pending(&locked)
                && !matches!(error, Error::PendingTokens { .. })
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes all pending tokens before a refresh: if there are any, the refresh token in the kubeconfig was used already.
    fn write_all_pending(&self, primary: Option<&LockedStore<'_>>) -> Result<(), Error> {
        if let Some(error) = self.stores.take_access_error() {
            return Err(self.pending_tokens_error(error));
        }
        if let Some(primary) = primary {
            self.write_pending(primary)?;
        }
        for store in &self.stores.others {
            if store.has_session()
                && let Some(locked) = store
                    .try_lock()
                    .map_err(|error| self.pending_tokens_error(error))?
            {
                self.write_pending(&locked)?;
            }
        }
        Ok(())
    }

    /// Decides whether the store can be used without the lock: it can if it has no pending tokens. Otherwise the error of locking it is returned.
    fn ignore_lock_error_if_no_pending_tokens(&self, error: session::Error) -> Result<(), Error> {
        let is_empty = self
            .stores
            .primary
            .as_ref()
            .is_none_or(|primary| matches!(primary.has_plain(), Ok(false)));
        if is_empty {
            return Ok(());
        }
        Err(self.pending_tokens_error(error))
    }

    fn pending_tokens_error(&self, source: session::Error) -> Error {
        Error::PendingTokens {
            kubeconfig: self.file.path().to_owned(),
            source,
        }
    }

    /// Writes the pending tokens of a store into the kubeconfig, unless a login or logout has happened since. Then removes them from the
    /// store.
    fn write_pending(&self, locked: &LockedStore<'_>) -> Result<(), Error> {
        let pending = match locked.load().map_err(|error| self.pending_tokens_error(error))? {
            Loaded::Session(pending) => pending,
            Loaded::Nothing => return Ok(()),
            Loaded::Corrupt(reason) => {
                self.ui.warn(&format!(
                    "the tokens that an earlier call kept for `{}` cannot be used and are put aside: {reason}",
                    shown(self.file.path())
                ));
                locked.quarantine_corrupt();
                return Ok(());
            }
        };
        let entry = self.entry()?;
        let entry_tokens = entry.as_ref().map(EntryTokens::new).unwrap_or_default();
        let session = entry.and_then(|entry| self.session_of(entry));
        if entry_tokens.are_to_be_replaced_by(&pending, session.map(|session| session.issued_at)) {
            self.write(&pending)?;
            self.ui.note(&format!(
                "the tokens that an earlier call could not write are in `{}` now",
                shown(self.file.path())
            ));
        }
        locked.remove_session();
        Ok(())
    }

    /// Reads the entry from the kubeconfig.
    fn entry(&self) -> Result<Option<AuthProvider>, Error> {
        let entry = kubeconfig::auth_provider(&self.file.text()?, self.user);
        let entry = entry.map_err(|error| self.file.text_error(&error))?;
        Ok(entry.and_then(Result::ok))
    }

    fn session_of(&self, entry: AuthProvider) -> Option<Record> {
        session_of(entry, self.identity, self.provider)
    }

    fn locked(&'a self, primary: Option<LockedStore<'a>>) -> LockedEntry<'a> {
        LockedEntry {
            store: self,
            primary,
            entry_tokens: Mutex::default(),
        }
    }

    /// Checks that tokens can be written into the kubeconfig, by writing a temporary file that is dropped. The tokens of a refresh or a
    /// login would be lost if the kubeconfig turned out to be unwritable afterwards.
    fn check_writable(&self) -> Result<(), Error> {
        let lock = self.lock_file()?;
        let text = self.file.text()?;
        let token = Secret::new("token");
        let with_tokens = self.with_tokens(&text, Some(&token), Some(&token))?.into_bytes();
        // Repeats the content of the file: on a full file system that compresses, blanks could be written although tokens could not.
        let size = text.len() + MAX_GROWTH_BYTES;
        let filler = with_tokens.iter().copied().cycle().take(size);
        drop(self.file.stage(&filler.collect::<Vec<u8>>(), &lock)?);
        Ok(())
    }

    fn write(&self, session: &Record) -> Result<(), Error> {
        let lock = self.lock_file()?;
        // Reads the text again, because it may have changed.
        let text = self.file.text()?;
        let with_tokens = self.with_tokens(&text, session.token(), session.refresh_token.as_ref())?;
        let staged = self.file.stage(with_tokens.as_bytes(), &lock)?;
        Ok(staged.commit().map_err(kubeconfig::Error::from)?)
    }

    fn with_tokens(
        &self,
        text: &str,
        id_token: Option<&Secret>,
        refresh_token: Option<&Secret>,
    ) -> Result<String, Error> {
        let with_tokens = kubeconfig::with_tokens(text, self.user, id_token, refresh_token);
        with_tokens.map_err(|error| match error {
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
        let started_at = Instant::now();
        loop {
            match self.file.lock() {
                Err(kubeconfig::Error::File(UserFileError::Locked { .. }))
                    if started_at.elapsed() < KUBECONFIG_LOCK_WAIT =>
                {
                    thread::sleep(Duration::from_millis(20));
                }
                result => return Ok(result?),
            }
        }
    }
}

fn to_loaded(session: Option<Record>) -> Loaded {
    session.map_or(Loaded::Nothing, |session| Loaded::Session(Box::new(session)))
}

/// Returns the tokens of an entry as a session, if they belong to this issuer and client.
fn session_of(entry: AuthProvider, identity: &Identity, provider: &Provider) -> Option<Record> {
    let Some(token) = entry.id_token else {
        let scopes = provider.scopes.joined();
        return Some(Record::without_token(
            identity.clone(),
            entry.refresh_token?,
            scopes,
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
