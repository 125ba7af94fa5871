//! Where a session is kept, as far as its lifecycle needs to know.
//!
//! Reading takes no lock. Only whoever holds the lock writes, so writing is a method of the guard.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::oidc::{DocumentCache, NoDocumentCache};
use crate::secret::Secret;
use crate::session::{IssuedLog, Loaded, Locked, LoginFailures, ProviderOutage, Record, Store};

/// A place for one session.
pub(crate) trait SessionStore {
    /// Whether a session that cannot be kept is of no use to the caller; else the token in hand is worth more than the store.
    const IS_RESULT: bool = false;

    type Locked<'a>: LockedSession
    where
        Self: 'a;

    /// Reads the session without a lock.
    fn load(&self) -> Result<Loaded, Error>;

    /// Waits for the lock, `limit` at most. The flag says whether another process had it; `on_wait` is called once when the wait
    /// gets long, with the id of that process.
    fn lock(
        &self,
        limit: Duration,
        on_wait: &dyn Fn(Option<&str>),
    ) -> Result<(Self::Locked<'_>, bool), Error>;

    /// Takes the lock if nobody has it.
    fn try_lock(&self) -> Result<Option<Self::Locked<'_>>, Error>;

    /// Where the session is, to name it to a person.
    fn place(&self) -> String {
        "none".to_owned()
    }

    /// The directory of sessions that it is in, if there is one.
    fn dir(&self) -> Option<PathBuf> {
        None
    }

    /// Where the provider's documents are kept.
    fn documents(&self) -> &dyn DocumentCache;

    /// The sign-ins that failed.
    fn login_failures(&self) -> LoginFailures {
        LoginFailures::default()
    }

    fn outage(&self) -> Option<ProviderOutage> {
        None
    }

    /// Which process was given which token, where that is noted.
    fn issued_log(&self) -> Option<IssuedLog> {
        None
    }
}

/// The right to change a session; it ends with the value.
pub(crate) trait LockedSession: Sync {
    /// Reads the session again.
    fn load(&self) -> Result<Loaded, Error>;

    /// Makes sure that a session can be kept, before anybody signs in for one. Returns what a person should know of its place, if
    /// that is not plainly what was asked for.
    fn prepare(&mut self) -> Result<Option<Remark>, Error>;

    /// Whether a session is kept at all.
    fn keeps(&self) -> bool {
        true
    }

    /// Makes sure that what a refresh of this session brings can be kept, before its refresh token is spent.
    fn reserve(&self, _: &Record) -> Result<(), Error> {
        Ok(())
    }

    /// Keeps the session, durably.
    fn save(&self, session: &Record) -> Result<(), Error>;

    /// The session as it is by now, if somebody who takes no lock has put another refresh token there than the one that the provider
    /// refused.
    fn successor(&self, _spent: &Secret) -> Option<Record> {
        None
    }

    /// Puts a session away that the provider has ended, so that nobody asks for its refresh again.
    fn quarantine(&self, ended: &Record);

    fn remember_login_failures(&self, _: &LoginFailures) {}

    fn remember_outage(&self, _: &ProviderOutage) {}

    /// A session was had, so nothing has failed.
    fn forget_failures(&self) {}
}

/// What a person should know of the place of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    Note(String),
    Warning(String),
}

/// Keeps no session (`--token-cache-storage=none`, or no directory that can be used). Failures are remembered all the same: kubectl
/// runs a failing plugin again at once, and each try would open a tab.
#[derive(Debug)]
pub(crate) struct NoStore {
    /// Where failures are remembered, if there is a place for that.
    pub(crate) failures: Option<Store>,
    /// Why sessions are not kept, where that was not asked for.
    pub(crate) reason: Option<String>,
}

impl NoStore {
    /// The right to change what is remembered, unless another process does so: there is nothing to wait for.
    fn locked_failures(&self) -> Option<Locked<'_>> {
        self.failures.as_ref()?.try_lock().ok()?
    }
}

impl SessionStore for NoStore {
    type Locked<'a> = &'a Self;

    fn load(&self) -> Result<Loaded, Error> {
        Ok(Loaded::Nothing)
    }

    fn lock(&self, _: Duration, _: &dyn Fn(Option<&str>)) -> Result<(&Self, bool), Error> {
        Ok((self, false))
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

    fn keeps(&self) -> bool {
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
