//! A [`SessionStore`] whose sessions are files.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::{LockedSession, Remark, SessionStore};
use crate::error::Error;
use crate::fast_path::IssuedLog;
use crate::files::Reserved;
use crate::oidc::{DocumentCache, NoDocumentCache};
use crate::session::{
    ContinuationKey, Loaded, LockWait, Locked, LoginFailures, ProviderOutage, Record, StorageTarget, Store,
};
use crate::settings::Storage;

/// The files of one session, and the directory that the settings ask for.
#[derive(Debug)]
pub(crate) struct SessionFiles<'a> {
    pub(crate) store: Store,
    /// The directory that the settings ask for. The store may be in another one.
    pub(crate) requested_dir: Option<&'a Path>,
    /// Why the store is in another directory.
    pub(crate) fallback_reason: Option<String>,
    /// The directory for files that no process needs after the person has logged out.
    pub(crate) runtime_dir: Option<&'a Path>,
    /// For the directory among the temporary files: what a record there has to continue. The provider's documents are not cached there.
    pub(crate) continues: Option<ContinuationKey>,
}

/// The session files while this process holds their lock.
#[derive(Debug)]
pub(crate) struct LockedFiles<'a> {
    files: &'a SessionFiles<'a>,
    locked: Locked<'a>,
    target: OnceLock<StorageTarget>,
    /// Disk space for the session that the current refresh brings.
    reserved: Mutex<Option<Reserved>>,
}

impl<'a> SessionFiles<'a> {
    fn locked(&'a self, locked: Locked<'a>) -> LockedFiles<'a> {
        LockedFiles {
            files: self,
            locked,
            target: OnceLock::new(),
            reserved: Mutex::new(None),
        }
    }

    /// Returns what was loaded, unless it lacks the proof that this directory asks for.
    fn accepted(&self, loaded: Loaded) -> Loaded {
        match (&self.continues, loaded) {
            (Some(key), Loaded::Session(record)) if !key.accepts(&record) => Loaded::Nothing,
            (_, loaded) => loaded,
        }
    }

    /// Returns the record as it is stored in this directory.
    fn to_be_stored(&self, session: &Record) -> Record {
        match &self.continues {
            Some(key) => key.prove(session),
            None => Record {
                continuation_proof: None,
                ..session.clone()
            },
        }
    }
}

impl SessionStore for SessionFiles<'_> {
    type Locked<'b>
        = LockedFiles<'b>
    where
        Self: 'b;

    fn load(&self) -> Result<Loaded, Error> {
        Ok(self.accepted(self.store.load()?))
    }

    fn lock(
        &self,
        limit: Duration,
        on_wait: &dyn Fn(Option<&str>),
    ) -> Result<(LockedFiles<'_>, LockWait), Error> {
        let (locked, wait) = self.store.lock(limit, on_wait)?;
        Ok((self.locked(locked), wait))
    }

    fn try_lock(&self) -> Result<Option<LockedFiles<'_>>, Error> {
        Ok(self.store.try_lock()?.map(|locked| self.locked(locked)))
    }

    fn location(&self) -> String {
        self.store.session_path().display().to_string()
    }

    fn dir(&self) -> Option<PathBuf> {
        Some(self.store.dir().path().to_owned())
    }

    fn documents(&self) -> &dyn DocumentCache {
        match self.continues {
            Some(_) => &NoDocumentCache,
            None => self.store.dir(),
        }
    }

    fn login_failures(&self) -> LoginFailures {
        self.store.login_failures()
    }

    fn outage(&self) -> Option<ProviderOutage> {
        self.store.outage()
    }

    fn issued_log(&self) -> Option<IssuedLog> {
        IssuedLog::open(&self.store, self.runtime_dir)
    }
}

impl LockedFiles<'_> {
    fn target(&self) -> Result<&StorageTarget, Error> {
        if self.target.get().is_none() {
            drop(self.target.set(self.locked.target()?));
        }
        // The lines above set it.
        Ok(self.target.get().unwrap_or(&StorageTarget::Disk))
    }

    fn reserved(&self) -> MutexGuard<'_, Option<Reserved>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LockedSession for LockedFiles<'_> {
    fn load(&self) -> Result<Loaded, Error> {
        Ok(self.files.accepted(self.locked.load()?))
    }

    fn prepare(&mut self) -> Result<Option<Remark>, Error> {
        self.locked.try_to_write()?;
        let store = &self.files.store;
        let (dir, requested) = (store.dir().path(), self.files.requested_dir);
        let until = if self.files.runtime_dir == Some(dir) {
            "until you log out"
        } else {
            "for now"
        };
        let place = match self.target()? {
            StorageTarget::DiskFallback {
                error,
                was_sealed: true,
            } => {
                return Ok(Some(Remark::Warning(format!(
                    "the session is sealed no longer, but kept in a file that only you can read, since {error}"
                ))));
            }
            StorageTarget::DiskFallback { error, .. } => {
                Some(format!("in a file that only you can read, since {error}"))
            }
            StorageTarget::Sealed(_) if store.storage() == Storage::Auto => {
                Some("sealed, with its key in the OS keyring".to_owned())
            }
            StorageTarget::Sealed(_) | StorageTarget::Disk => match requested {
                Some(requested) if requested == dir => None,
                Some(requested) => Some(format!(
                    "in `{}` {until}, since `{}` cannot be used: {}",
                    dir.display(),
                    requested.display(),
                    self.files.fallback_reason.as_deref().unwrap_or_default()
                )),
                None => Some(format!(
                    "in `{}` until you log out, since there is no home directory",
                    dir.display()
                )),
            },
        };
        Ok(place.map(|place| Remark::Note(format!("the session is kept {place}"))))
    }

    fn reserve(&self, session: &Record) -> Result<(), Error> {
        let reserved = self
            .locked
            .reserve(&self.files.to_be_stored(session), self.target()?)?;
        *self.reserved() = Some(reserved);
        Ok(())
    }

    fn save(&self, session: &Record) -> Result<(), Error> {
        let reserved = self.reserved().take();
        let session = self.files.to_be_stored(session);
        Ok(self.locked.save(&session, self.target()?, reserved)?)
    }

    fn quarantine(&self, ended: &Record) {
        self.locked.quarantine(ended);
    }

    fn remember_login_failures(&self, failures: &LoginFailures) {
        self.locked.remember_login_failures(failures);
    }

    fn remember_outage(&self, outage: &ProviderOutage) {
        self.locked.remember_outage(outage);
    }

    fn forget_failures(&self) {
        self.locked.forget_failures();
    }
}
