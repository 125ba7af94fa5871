//! Stores the failures of a call for later calls, and reports those of earlier calls.

use super::acquire::Progress;
use super::plan::Demand;
use super::{LockedSession, SessionStore};
use crate::clock;
use crate::error::Error;
use crate::session::{LockWait, ProviderOutage, Recalled};

impl<S: SessionStore> Progress<'_, S> {
    /// Returns the earlier failure that this caller gets instead of a new attempt, if there is one.
    pub(super) fn remembered_failure(&self, lock_wait: LockWait) -> Option<Recalled> {
        let waited = lock_wait == LockWait::ForOtherProcess;
        let (store, caller, now) = (self.call.store, self.call.invocation, clock::now());
        let outage = store
            .outage()
            .and_then(|outage| outage.recall(caller, waited, now));
        outage.or_else(|| store.login_failures().recall(caller, waited, now))
    }

    /// Returns the earlier failure as an error, and records that this caller got it.
    pub(super) fn recall(&mut self, recalled: Recalled) -> Error {
        if !recalled.was_reported {
            let (store, caller, now) = (self.call.store, self.call.invocation, clock::now());
            // Whoever holds the lock is changing the same notes.
            let locked = self.locked.take();
            let locked = locked.or_else(|| store.try_lock().ok().flatten());
            if let Some(locked) = locked {
                let mut failures = store.login_failures();
                if failures.claim_report(caller, now) {
                    locked.remember_login_failures(&failures);
                }
                let outage = store
                    .outage()
                    .map(|mut outage| (outage.claim_report(caller, now), outage));
                if let Some((true, outage)) = outage {
                    locked.remember_outage(&outage);
                }
            }
        }
        Error::Remembered(Box::new(recalled))
    }

    pub(super) fn remember_login_failure(&mut self, error: &Error) {
        self.is_remembered = true;
        if let Some(locked) = &self.locked {
            let mut failures = self.call.store.login_failures();
            failures.add(self.call.invocation, clock::now(), error.report());
            locked.remember_login_failures(&failures);
        }
    }

    /// Stores a failure that was not stored yet, so that the retries of the same kubectl do not print it again.
    pub(super) fn remember_for_client_retries(&mut self, error: &Error) {
        let is_reported_elsewhere = match error {
            Error::Remembered(_) => true,
            // The caller tries another directory next.
            Error::Session(error) => error.is_unavailable(),
            _ => self.is_remembered,
        };
        let caller = self.call.invocation;
        if is_reported_elsewhere || self.call.demand == Demand::Background || !caller.is_exec_plugin_call() {
            return;
        }
        let store = self.call.store;
        let locked = self.locked.take();
        let locked = locked.or_else(|| store.try_lock().ok().flatten());
        if let Some(locked) = locked {
            let mut failures = store.login_failures();
            failures.add_before_prompt(caller, clock::now(), error.report());
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
                error.retry_after(),
            );
            locked.remember_outage(&outage);
        }
    }
}
