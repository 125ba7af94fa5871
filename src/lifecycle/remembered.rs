//! What a call notes of its failures for the calls that follow, and tells of the failures before it.

use super::acquire::Progress;
use super::plan::Demand;
use super::{LockedSession, SessionStore};
use crate::clock;
use crate::error::Error;
use crate::session::{ProviderOutage, Recalled};

impl<S: SessionStore> Progress<'_, S> {
    /// What this caller is to be told again, in place of a new attempt.
    pub(super) fn remembered(&self, waited: bool) -> Option<Recalled> {
        let (store, caller, now) = (self.call.store, self.call.invocation, clock::now());
        let outage = store
            .outage()
            .and_then(|outage| outage.recall(caller, waited, now));
        outage.or_else(|| store.login_failures().recall(caller, waited, now))
    }

    /// The failure as it was; it is noted that this caller was told.
    pub(super) fn recall(&mut self, recalled: Recalled) -> Error {
        if !recalled.told {
            let (store, caller) = (self.call.store, self.call.invocation);
            // Whoever holds the lock is changing the same notes.
            let locked = self.locked.take();
            let locked = locked.or_else(|| store.try_lock().ok().flatten());
            if let Some(locked) = locked {
                let mut failures = store.login_failures();
                if failures.note_told(caller) {
                    locked.remember_login_failures(&failures);
                }
                let outage = store
                    .outage()
                    .map(|mut outage| (outage.note_told(caller), outage));
                if let Some((true, outage)) = outage {
                    locked.remember_outage(&outage);
                }
            }
        }
        Error::Remembered(recalled)
    }

    pub(super) fn remember_login_failure(&mut self, error: &Error) {
        self.is_remembered = true;
        if let Some(locked) = &self.locked {
            let mut failures = self.call.store.login_failures();
            failures.add(self.call.invocation, clock::now(), error.report());
            locked.remember_login_failures(&failures);
        }
    }

    /// Remembers a failure that nothing else has remembered, so that the retries of the same kubectl print nothing anew.
    pub(super) fn remember_for_retries(&mut self, error: &Error) {
        let is_told_elsewhere = match error {
            Error::Remembered(_) => true,
            // Another directory is tried next.
            Error::Session(error) => error.is_unavailable(),
            _ => self.is_remembered,
        };
        let caller = self.call.invocation;
        if is_told_elsewhere || self.call.demand == Demand::Background || !caller.is_by_client() {
            return;
        }
        let store = self.call.store;
        let locked = self.locked.take();
        let locked = locked.or_else(|| store.try_lock().ok().flatten());
        if let Some(locked) = locked {
            let mut failures = store.login_failures();
            failures.add_for_retries(caller, clock::now(), error.report());
            locked.remember_login_failures(&failures);
        }
    }

    pub(super) fn remember_outage(&mut self, error: &Error) {
        self.is_remembered = true;
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
}
