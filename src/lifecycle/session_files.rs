//! A [`SessionStore`] whose sessions are files.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::{LockedSession, Remark, SessionStore};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::fast_path::IssuedLog;
use crate::files::Reserved;
use crate::oidc::{DocumentCache, NoDocumentCache};
use crate::session::{
    ContinuationKey, Loaded, LockWait, LockedStore, LoginFailures, ProviderOutage, Record, StorageTarget,
    Store,
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
    /// Set only in the fallback to a temporary directory: records there must carry an HMAC keyed by the previous refresh token, and the
    /// provider's documents are not cached there.
    pub(crate) continues: Option<ContinuationKey>,
}

/// The session files while this process holds their lock.
#[derive(Debug)]
pub(crate) struct LockedFiles<'a> {
    files: &'a SessionFiles<'a>,
    locked: LockedStore<'a>,
    target: OnceLock<StorageTarget>,
    /// Disk space for the session that the current refresh brings.
    reserved: Mutex<Option<Reserved>>,
}

impl<'a> SessionFiles<'a> {
    fn with_lock(&'a self, locked: LockedStore<'a>) -> LockedFiles<'a> {
        LockedFiles {
            files: self,
            locked,
            target: OnceLock::new(),
            reserved: Mutex::new(None),
        }
    }

    /// Returns what was loaded, unless it lacks the HMAC that this directory requires.
    fn accepted(&self, loaded: Loaded) -> Loaded {
        match (&self.continues, loaded) {
            (Some(key), Loaded::Session(record)) if !key.accepts(&record) => Loaded::Nothing,
            (_, loaded) => loaded,
        }
    }

    /// Returns the record as it is stored in this directory.
    fn to_be_stored(&self, session: &Record) -> Record {
        match &self.continues {
            Some(key) => key.sign(session),
            None => Record {
                continuation_mac: None,
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
        Ok((self.with_lock(locked), wait))
    }

    fn try_lock(&self) -> Result<Option<LockedFiles<'_>>, Error> {
        Ok(self.store.try_lock()?.map(|locked| self.with_lock(locked)))
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

    fn signed_out_at(&self) -> Option<Timestamp> {
        self.store.signed_out_at()
    }

    fn issued_log(&self) -> Option<IssuedLog> {
        IssuedLog::open(&self.store, self.runtime_dir)
    }
}

impl LockedFiles<'_> {
    fn target(&self) -> Result<&StorageTarget, Error> {
        if let Some(target) = self.target.get() {
            return Ok(target);
        }
        let target = self.locked.target()?;
        Ok(self.target.get_or_init(|| target))
    }

    /// Returns a remark if the session is not in the place that the settings ask for, or is sealed though they do not require it.
    fn place_remark(&self, target: &StorageTarget) -> Option<Remark> {
        let place = match target {
            StorageTarget::DiskFallback {
                error,
                was_sealed: true,
            } => {
                return Some(Remark::Warning(format!(
                    "the session is sealed no longer, but kept in a file that only you can read, since {error}"
                )));
            }
            StorageTarget::DiskFallback { error, .. } => {
                format!("in a file that only you can read, since {error}")
            }
            StorageTarget::Sealed(_) if self.files.store.storage() == Storage::Auto => {
                "sealed, with its key in the OS keyring".to_owned()
            }
            StorageTarget::Sealed(_) | StorageTarget::Disk => self.other_dir()?,
        };
        Some(Remark::Note(format!("the session is kept {place}")))
    }

    /// Returns the directory with the reason for it. `None` if it is the requested one.
    fn other_dir(&self) -> Option<String> {
        let dir = self.files.store.dir().path();
        let until = if self.files.runtime_dir == Some(dir) {
            "until you log out"
        } else {
            "for now"
        };
        let shown = dir.display();
        let Some(requested) = self.files.requested_dir else {
            return Some(format!(
                "in `{shown}` until you log out, since there is no home directory"
            ));
        };
        if requested == dir {
            return None;
        }
        let place = format!(
            "in `{shown}` {until}, since `{}` cannot be used",
            requested.display()
        );
        Some(match &self.files.fallback_reason {
            Some(reason) => format!("{place}: {reason}"),
            None => place,
        })
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
        Ok(self.place_remark(self.target()?))
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
