//! The end of a session: its file is set aside until the provider has revoked its refresh token, and then removed.
//!
//! Owns the files that wait for that. Such a file is the session's own under another name, sealed if the session was, and no call uses it.
//! Each session that was ended has a file of its own, so that ending a later one loses none. What cannot be read at the moment is never
//! removed: its refresh token could not be revoked any more.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::clean::Removed;
use super::file_kind::{self, FileKind, MAX_PENDING_REVOCATIONS};
use super::sealed_mark::SealedMark;
use super::store::load_plain_file;
use super::{Error, Identity, Key, Loaded, Record, Store, lock, sealed};
use crate::files::{LockFile, PrivateDir};
use crate::settings::Storage;

/// The files of one session in a directory, locked, so that they can be ended.
#[derive(Debug)]
pub(crate) struct EndingSession {
    dir: PrivateDir,
    key: Key,
    /// Whose session it is, if an entry or the record says it. Only with it can a sealed file be opened.
    identity: Option<Identity>,
    _lock: LockFile,
}

/// A file that was set aside.
#[derive(Debug)]
pub(crate) struct HeldFile {
    pub(crate) name: String,
    /// Too many refresh tokens wait to be revoked, so the oldest was given up.
    pub(crate) has_displaced: bool,
    /// That one, if it could be read.
    pub(crate) displaced: Option<Box<Record>>,
}

impl EndingSession {
    /// Whether calls have used this session in the directory, so that one may be about to store it there again.
    pub(crate) fn was_in(dir: &Path, key: &Key) -> bool {
        let dir = PrivateDir::open(dir).ok().flatten();
        dir.is_some_and(|dir| dir.has(&key.file(FileKind::Lock)))
    }

    /// Waits for the lock, `limit` at most. `None` if the directory does not exist.
    ///
    /// # Errors
    /// If the directory cannot be used, or the lock is not free in time.
    pub(crate) fn lock(
        dir: &Path,
        key: Key,
        identity: Option<Identity>,
        limit: Duration,
        on_wait: impl FnOnce(Option<&str>),
    ) -> Result<Option<Self>, Error> {
        let Some(dir) = PrivateDir::open(dir)? else {
            return Ok(None);
        };
        let (lock, _) = lock::hold(&dir, &key, limit, on_wait)?;
        Ok(Some(Self {
            dir,
            key,
            identity,
            _lock: lock,
        }))
    }

    /// Reads a file of the session. Asks the OS keyring for the key of a sealed one.
    ///
    /// # Errors
    /// If it cannot be read at the moment, or another user may have made it: then it may be a session, and is to stay.
    pub(crate) fn load(&self, name: &str) -> Result<Loaded, Error> {
        if !is_sealed(name) {
            return load_plain_file(&self.dir, name, Record::parse_any);
        }
        let Some(identity) = &self.identity else {
            return self.load_unnamed(name);
        };
        let store = Store::new(
            self.dir.clone(),
            self.key.clone(),
            identity.clone(),
            Storage::Keyring,
        );
        store.load_sealed_file(name)
    }

    /// Of a sealed file that nobody can open without its identity, only a broken one is known to be of no use.
    fn load_unnamed(&self, name: &str) -> Result<Loaded, Error> {
        match self.dir.read(name)? {
            None => Ok(Loaded::Nothing),
            Some(file) => match sealed::Sealed::parse(&file) {
                Ok(_) => Err(Error::SealedOfNoEntry(self.dir.path_of(name))),
                Err(reason) => Ok(Loaded::Corrupt(reason)),
            },
        }
    }

    /// Sets a file aside, so that no call uses it any more. One that waits for a revocation already stays where it is.
    ///
    /// # Errors
    /// If a file cannot be renamed: then the session is still there.
    pub(crate) fn hold(&self, name: &str) -> Result<HeldFile, Error> {
        let forms = [
            (FileKind::Session, FileKind::PendingRevocation),
            (FileKind::SealedSession, FileKind::SealedPendingRevocation),
            (FileKind::QuarantinedSession, FileKind::PendingRevocation),
            (
                FileKind::QuarantinedSealedSession,
                FileKind::SealedPendingRevocation,
            ),
        ];
        let kind = FileKind::parse(name).or_else(|| FileKind::parse_temporary(name));
        let form = forms
            .into_iter()
            .find(|(form, _)| kind.is_some_and(|(_, kind)| kind == *form));
        let Some((_, pending)) = form else {
            return Ok(HeldFile {
                name: name.to_owned(),
                has_displaced: false,
                displaced: None,
            });
        };
        let name_of = |slot| pending.pending_name(&self.key, slot);
        let taken = std::array::from_fn(|slot| self.dir.has(&name_of(slot)));
        let place = Place::among(taken);
        let mut displaced = None;
        if place.displaces_first {
            if let Ok(Loaded::Session(record)) = self.load(&name_of(0)) {
                displaced = Some(record);
            }
            self.remove(&name_of(0), &mut Removed::default());
        }
        for (from, to) in &place.moves {
            self.dir.rename(&name_of(*from), &name_of(*to))?;
        }
        self.dir.rename(name, &name_of(place.slot))?;
        Ok(HeldFile {
            name: name_of(place.slot),
            has_displaced: place.displaces_first,
            displaced,
        })
    }

    /// Removes the file of a session whose refresh token is revoked. It has this name, unless another process has moved it since.
    pub(crate) fn remove_pending(&self, name: &str, record: &Record, removed: &mut Removed) {
        let mut names = vec![name.to_owned()];
        names.extend(
            pending_names(&self.dir, &self.key)
                .into_iter()
                .filter(|other| other != name),
        );
        let is_it = |name: &&String| matches!(self.load(name), Ok(Loaded::Session(found)) if found.refresh_token == record.refresh_token);
        if let Some(name) = names.iter().find(is_it) {
            self.remove(name, removed);
        }
    }

    /// Removes a file, with its key in the keyring.
    pub(crate) fn remove(&self, name: &str, removed: &mut Removed) {
        if is_sealed(name)
            && let Ok(Some(file)) = self.dir.read(name)
            && let Ok(sealed) = sealed::Sealed::parse(&file)
        {
            removed.forget_key(&sealed.key_name());
        }
        removed.remove(&self.dir, name);
    }

    /// Removes the files beside the session, such as the notes of failed sign-ins, if no session is left. The lock stays, the
    /// mark that a person has signed out, and what is still to be revoked.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub(crate) fn remove_rest(&self, removed: &mut Removed) -> Result<(), Error> {
        let key = self.key.to_string();
        let names = self.dir.names()?;
        let of_session = names.iter().filter_map(|name| {
            let (hash, kind) = FileKind::parse(name)?;
            let is_kept = kind == FileKind::SignOutMark || !file_kind::is_removable(name);
            (hash == key && !is_kept).then_some((name, kind))
        });
        let of_session: Vec<_> = of_session.collect();
        if of_session.iter().any(|(_, kind)| kind.is_session()) {
            return Ok(());
        }
        let (unused, rest): (Vec<_>, Vec<_>) = of_session
            .into_iter()
            .partition(|(_, kind)| kind.is_pending_revocation() || kind.is_quarantined());
        for (name, _) in rest {
            self.remove(name, removed);
        }
        let mark = SealedMark::new(&self.dir, &key);
        if unused.is_empty() && mark.is_cached() {
            mark.names().for_each(|name| removed.forget_key(name));
        }
        Ok(())
    }

    /// Returns the files of the session that are not in a list of them: those that have come since, by a sign-in, or by a call that has put
    /// a broken one aside.
    pub(crate) fn files_besides(&self, listed: &[&str]) -> Vec<String> {
        let kinds = [
            FileKind::Session,
            FileKind::SealedSession,
            FileKind::QuarantinedSession,
            FileKind::QuarantinedSealedSession,
        ];
        let names = kinds.into_iter().map(|kind| self.key.file(kind));
        names
            .filter(|name| !listed.contains(&name.as_str()) && self.dir.has(name))
            .collect()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.dir.path_of(name)
    }
}

fn is_sealed(name: &str) -> bool {
    let kind = FileKind::parse(name).or_else(|| FileKind::parse_temporary(name));
    kind.is_some_and(|(_, kind)| kind.is_sealed())
}

impl Store {
    /// Returns the names of the files whose refresh tokens wait to be revoked, in the order in which they were ended.
    pub(crate) fn pending_revocations(&self) -> Vec<String> {
        pending_names(&self.dir, &self.key)
    }
}

fn pending_names(dir: &PrivateDir, key: &Key) -> Vec<String> {
    let kinds = [FileKind::PendingRevocation, FileKind::SealedPendingRevocation];
    let names = kinds
        .into_iter()
        .flat_map(|kind| (0..MAX_PENDING_REVOCATIONS).map(move |slot| kind.pending_name(key, slot)));
    names.filter(|name| dir.has(name)).collect()
}

/// Where the next file goes that waits for a revocation. They are in the order of their end.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// Whether all places are taken, so that the first and oldest file is given up.
    displaces_first: bool,
    /// The files that move first, in this order.
    moves: Vec<(usize, usize)>,
    slot: usize,
}

impl Place {
    fn among(taken: [bool; MAX_PENDING_REVOCATIONS]) -> Self {
        let after_last = taken.iter().rposition(|taken| *taken).map_or(0, |last| last + 1);
        if after_last < MAX_PENDING_REVOCATIONS {
            return Self {
                displaces_first: false,
                moves: Vec::new(),
                slot: after_last,
            };
        }
        let displaces_first = taken.iter().all(|taken| *taken);
        let stay = (usize::from(displaces_first)..MAX_PENDING_REVOCATIONS).filter(|slot| taken[*slot]);
        let moves: Vec<_> = stay.enumerate().map(|(to, from)| (from, to)).collect();
        Self {
            displaces_first,
            slot: moves.len(),
            moves: moves.into_iter().filter(|(from, to)| from != to).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_files_keep_their_order_and_only_a_ninth_displaces_the_oldest() {
        let place = |taken: [u8; MAX_PENDING_REVOCATIONS]| {
            let place = Place::among(taken.map(|taken| taken == 1));
            (place.displaces_first, place.moves, place.slot)
        };
        assert_eq!(place([0; 8]), (false, vec![], 0));
        assert_eq!(place([1, 0, 0, 0, 0, 0, 0, 0]), (false, vec![], 1));
        assert_eq!(place([0, 1, 0, 0, 0, 0, 0, 0]), (false, vec![], 2));
        assert_eq!(
            place([0, 1, 0, 0, 0, 0, 1, 1]),
            (false, vec![(1, 0), (6, 1), (7, 2)], 3)
        );
        assert_eq!(place([1, 0, 1, 1, 1, 1, 1, 1]).2, 7);
        let all = (1..8).map(|slot| (slot, slot - 1)).collect();
        assert_eq!(place([1; 8]), (true, all, 7));
    }
}
