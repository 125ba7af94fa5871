//! Where a session is stored, as the lifecycle sees it.
//!
//! Reading needs no lock. Only the lock's holder may write, so the methods that write belong to the guard.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::fast_path::IssuedLog;
use crate::oidc::{DocumentCache, NoDocumentCache};
use crate::secret::Secret;
use crate::session::{Loaded, LockWait, LockedStore, LoginFailures, ProviderOutage, Record, Store};

/// A store of one session.
pub(crate) trait SessionStore {
    /// Whether a failure to store the session is an error. If not, it is a warning, and the caller still gets the token.
    const MUST_STORE: bool = false;

    type Locked<'a>: LockedSession
    where
        Self: 'a;

    /// Reads the session without a lock.
    fn load(&self) -> Result<Loaded, Error>;

    /// Waits for the lock, `limit` at most. `on_wait` is called once if the wait is long, with a description of that process, if it is known.
    fn lock(
        &self,
        limit: Duration,
        on_wait: &dyn Fn(Option<&str>),
    ) -> Result<(Self::Locked<'_>, LockWait), Error>;

    /// Takes the lock if no process holds it, without a wait.
    fn try_lock(&self) -> Result<Option<Self::Locked<'_>>, Error>;

    /// Where the session is stored, as text for a person.
    fn location(&self) -> String {
        "none".to_owned()
    }

    /// The directory of sessions that contains it, if there is one.
    fn dir(&self) -> Option<PathBuf> {
        None
    }

    /// The cache of the provider's documents.
    fn documents(&self) -> &dyn DocumentCache;

    /// The logins that failed.
    fn login_failures(&self) -> LoginFailures {
        LoginFailures::default()
    }

    fn outage(&self) -> Option<ProviderOutage> {
        None
    }

    /// When a person has signed out of this session last. It is read only before a session of kubelogin is taken over.
    fn signed_out_at(&self) -> Option<Timestamp> {
        None
    }

    /// The log of which process got which token, if the store has one.
    fn issued_log(&self) -> Option<IssuedLog> {
        None
    }
}

/// The right to change a session, until the value is dropped.
pub(crate) trait LockedSession: Sync {
    /// Reads the session again.
    fn load(&self) -> Result<Loaded, Error>;

    /// Checks that a session can be stored, before a person logs in for one. Returns what to tell that person about the location, if it is
    /// not the one that the settings ask for.
    fn prepare(&mut self) -> Result<Option<Remark>, Error>;

    /// Whether this store stores sessions at all.
    fn stores_sessions(&self) -> bool {
        true
    }

    /// Reserves space for the result of a refresh of this session, before the provider invalidates its refresh token.
    fn reserve(&self, _: &Record) -> Result<(), Error> {
        Ok(())
    }

    /// Stores the session so that it survives a power loss.
    fn save(&self, session: &Record) -> Result<(), Error>;

    /// Returns the current session if a program that takes no lock has stored a refresh token other than `spent`, which the provider
    /// refused.
    fn successor(&self, _spent: &Secret) -> Option<Record> {
        None
    }

    /// Renames a session that the provider has ended, so that no later call tries to refresh it.
    fn quarantine(&self, ended: &Record);

    fn remember_login_failures(&self, _: &LoginFailures) {}

    fn remember_outage(&self, _: &ProviderOutage) {}

    /// Removes the stored failures after a success.
    fn forget_failures(&self) {}
}

/// What to tell a person about the location of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    Note(String),
    Warning(String),
}

/// Stores no session (`--token-cache-storage=none`, or no usable directory). It still stores failures: kubectl runs a failed plugin again
/// at once, and each run would open a browser tab.
#[derive(Debug)]
pub(crate) struct NoStore {
    /// Where failures are stored, if there is a usable directory.
    pub(crate) failures: Option<Store>,
    /// Why sessions are not stored, if the settings did not ask for that.
    pub(crate) reason: Option<String>,
}

impl NoStore {
    /// Locks the stored failures, without a wait: if another process holds the lock, this call's failure is not stored.
    fn locked_failures(&self) -> Option<LockedStore<'_>> {
        self.failures.as_ref()?.try_lock().ok()?
    }
}

impl SessionStore for NoStore {
    type Locked<'a> = &'a Self;

    fn load(&self) -> Result<Loaded, Error> {
        Ok(Loaded::Nothing)
    }

    fn lock(&self, _: Duration, _: &dyn Fn(Option<&str>)) -> Result<(&Self, LockWait), Error> {
        Ok((self, LockWait::None))
    }

    fn try_lock(&self) -> Result<Option<&Self>, Error> {
        Ok(Some(self))
    }

    fn documents(&self) -> &dyn DocumentCache {
        &NoDocumentCache
    }

    fn login_failures(&self) -> LoginFailures {
        self.failures
            .as_ref()
            .map(Store::login_failures)
            .unwrap_or_default()
    }

    fn outage(&self) -> Option<ProviderOutage> {
        self.failures.as_ref().and_then(Store::outage)
    }
}

impl LockedSession for &NoStore {
    fn load(&self) -> Result<Loaded, Error> {
        Ok(Loaded::Nothing)
    }

    fn prepare(&mut self) -> Result<Option<Remark>, Error> {
        Ok(self.reason.as_ref().map(|why| {
            Remark::Warning(format!(
                "sessions cannot be kept, so each call has to ask the provider: {why}"
            ))
        }))
    }

    fn stores_sessions(&self) -> bool {
        false
    }

    fn save(&self, _: &Record) -> Result<(), Error> {
        Ok(())
    }

    fn quarantine(&self, _: &Record) {}

    fn remember_login_failures(&self, failures: &LoginFailures) {
        if let Some(locked) = self.locked_failures() {
            locked.remember_login_failures(failures);
        }
    }

    fn remember_outage(&self, outage: &ProviderOutage) {
        if let Some(locked) = self.locked_failures() {
            locked.remember_outage(outage);
        }
    }

    fn forget_failures(&self) {
        if let Some(locked) = self.locked_failures() {
            locked.forget_failures();
        }
    }
}
