//! The places of one session: where it is meant to be, and where it goes on while nothing can be written there.
//!
//! Of two records of a session the later one counts, wherever it is: the refresh token of the earlier one may be spent.

use std::path::Path;

use super::GetToken;
use crate::session::{Loaded, Record, Store};

impl GetToken<'_> {
    /// The directories for the session, in the order of preference. The last one is among the temporary files: for a session that is
    /// there already and cannot be written (a full disk), since a refresh token that the provider rotates is lost otherwise.
    pub(super) fn places(&self) -> impl Iterator<Item = &Path> {
        let last = self.last_place().into_iter();
        let last = last.filter(|_| self.cache.dirs().any(|dir| self.is_session_in(dir)));
        self.cache.dirs().chain(last)
    }

    fn last_place(&self) -> Option<&Path> {
        let last = self.invocation.environment.temporary_dir.as_deref()?;
        self.cache.dirs().all(|dir| dir != last).then_some(last)
    }

    fn open(&self, dir: &Path) -> Option<Store> {
        Store::open(dir, self.key(), self.identity.clone(), self.cache.storage?).ok()?
    }

    fn is_session_in(&self, dir: &Path) -> bool {
        self.open(dir).is_some_and(|store| store.has_session())
    }

    fn other_places(&self, here: Option<&Path>) -> impl Iterator<Item = &Path> {
        let all = self.cache.dirs().chain(self.last_place());
        all.filter(move |dir| Some(*dir) != here)
    }

    /// The latest record of the session in all places that can be read, of which `own` is that of the place here. Within one second the
    /// one of the later place counts, from wherever that is asked: it is used only after the others.
    pub(super) fn latest_of(&self, here: Option<&Path>, own: Option<&Record>) -> Option<Record> {
        let load = |dir: &Path| match self.open(dir)?.load() {
            Ok(Loaded::Session(session)) => Some(*session),
            _ => None,
        };
        let mut latest = own.filter(|_| here.is_none()).cloned();
        for dir in self.other_places(None) {
            let found = if Some(dir) == here {
                own.cloned()
            } else {
                load(dir)
            };
            latest = Record::latest(latest, found);
        }
        latest
    }

    /// Removes what has gone on in the place where it is meant to be.
    pub(super) fn remove_superseded(&self, store: &Store, session: &Record) {
        let here = store.dir().path();
        let is_home = self.cache.dirs().next() == Some(here);
        let is_kept = || matches!(store.load(), Ok(Loaded::Session(kept)) if *kept == *session);
        let mut left = self.other_places(Some(here)).filter_map(|dir| self.open(dir));
        if is_home
            && let Some(first) = left.find(Store::has_session)
            && is_kept()
        {
            first.remove_superseded(session);
            left.for_each(|store| store.remove_superseded(session));
        }
    }
}
