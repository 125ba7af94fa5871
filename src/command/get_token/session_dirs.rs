//! The directories of a session: the preferred one, and those that are used while the preferred one cannot be written.
//!
//! If several directories have a record of the session, the latest record is used: the refresh token of an earlier one may have been used
//! already.

use std::path::Path;

use super::GetToken;
use crate::session::{ContinuationKey, Loaded, Record, Store};

/// No other directory has a session that can be refreshed.
pub(super) struct NothingToContinue;

impl GetToken<'_> {
    /// Returns the directories for the session, in the order of preference.
    ///
    /// If one of them already has the session, the directory for temporary files is added at the end. Without it, a rotated refresh token
    /// would be lost while the others cannot be written (a full disk).
    pub(super) fn session_dirs(&self) -> impl Iterator<Item = &Path> {
        let last = self.temporary_dir().into_iter();
        let last = last.filter(|_| self.request.cache.dirs().any(|dir| self.is_session_in(dir)));
        self.request.cache.dirs().chain(last)
    }

    fn temporary_dir(&self) -> Option<&Path> {
        let last = self.invocation.environment.temporary_dir.as_deref()?;
        self.request.cache.dirs().all(|dir| dir != last).then_some(last)
    }

    /// Returns what a record in this directory has to continue: `Some` for the directory among the temporary files.
    ///
    /// # Errors
    /// If it is that directory, and there is nothing to continue.
    pub(super) fn continuation_key(&self, dir: &Path) -> Result<Option<ContinuationKey>, NothingToContinue> {
        if self.temporary_dir() != Some(dir) {
            return Ok(None);
        }
        let dirs = self.request.cache.dirs();
        let latest = dirs.fold(None, |latest, dir| Record::latest(latest, self.load(dir)));
        let key = latest.as_ref().and_then(ContinuationKey::of);
        key.map(Some).ok_or(NothingToContinue)
    }

    fn load(&self, dir: &Path) -> Option<Record> {
        match self.open(dir)?.load() {
            Ok(Loaded::Session(session)) => Some(*session),
            _ => None,
        }
    }

    fn open(&self, dir: &Path) -> Option<Store> {
        Store::open(
            dir,
            self.key(),
            self.request.identity.clone(),
            self.request.cache.storage?,
        )
        .ok()?
    }

    fn is_session_in(&self, dir: &Path) -> bool {
        self.open(dir).is_some_and(|store| store.has_session())
    }

    fn other_dirs(&self, here: &Path) -> impl Iterator<Item = &Path> {
        let all = self.request.cache.dirs().chain(self.temporary_dir());
        all.filter(move |dir| *dir != here)
    }

    /// Returns the latest record of the session in all directories. `own` is the record in the directory `here`.
    ///
    /// Of two records of the same second, the one in the later directory is used: a later directory is used only if the earlier ones
    /// failed. The record in the directory for temporary files counts only with the proof that it continues the latest one of the others: an
    /// archive that somebody unpacks there may contain such a record.
    pub(super) fn latest_record(&self, here: Option<&Path>, own: Option<&Record>) -> Option<Record> {
        let mut latest = own.filter(|_| here.is_none()).cloned();
        for dir in self.session_dirs() {
            let found = if Some(dir) == here {
                own.cloned()
            } else {
                self.load(dir)
            };
            let is_continuation = |found: &Record| {
                let key = latest.as_ref().and_then(ContinuationKey::of);
                key.is_some_and(|key| key.accepts(found))
            };
            let found = found.filter(|found| self.temporary_dir() != Some(dir) || is_continuation(found));
            latest = Record::latest(latest, found);
        }
        latest
    }

    /// Removes the records in other directories after the session was written in the preferred one.
    pub(super) fn remove_superseded(&self, store: &Store, session: &Record) {
        let here = store.dir().path();
        let is_preferred = self.request.cache.dirs().next() == Some(here);
        let is_written = || matches!(store.load(), Ok(Loaded::Session(stored)) if *stored == *session);
        let mut others = self.other_dirs(here).filter_map(|dir| self.open(dir));
        if is_preferred
            && let Some(first) = others.find(Store::has_session)
            && is_written()
        {
            first.remove_superseded(session);
            others.for_each(|store| store.remove_superseded(session));
        }
    }
}
