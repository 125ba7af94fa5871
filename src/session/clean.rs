//! Removes the files of sessions.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::file_kind::{self, FileKind};
use super::sealed_mark::SealedMark;
use super::{Error, lock, record, sealed};
use crate::files::{self, PrivateDir};
use crate::keyring;

/// The result of [`remove_all`].
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) sessions: usize,
    /// How many refresh tokens were still to be revoked, since a logout could not.
    pub(crate) pending_revocations: usize,
    /// How many sessions had been put aside. Their refresh tokens may be alive.
    pub(crate) quarantined: usize,
    /// Why the first of the files that stay could not be removed.
    pub(crate) file_error: Option<files::Error>,
    /// Why a key could not be removed from the keyring, if that failed.
    pub(crate) key_error: Option<keyring::Error>,
}

/// Removes the files of all sessions in the directory, and their keys in the keyring. Lock files stay, since another process may hold one,
/// and so do files that kubesesame did not make.
///
/// Waits for each session's lock, `limit` at most, because a refresh that is in progress would write its session again. `on_wait` is
/// called if a wait is long.
pub(crate) fn remove_all(dir: &Path, limit: Duration, on_wait: impl Fn()) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    let Some(dir) = PrivateDir::open(dir)? else {
        return Ok(removed);
    };
    let names = dir.names()?;
    let mut locks = Vec::new();
    // A call that has the lock may be about to store its session, also where there is none now.
    let is_used = |name: &&String| session_key(name).is_some() || is_lock(name);
    let keys = names.iter().filter(is_used).filter_map(|name| lasting_key(name));
    // A plain and a sealed session of one key share a lock, so each key is locked once.
    for key in keys.collect::<BTreeSet<_>>() {
        if let Ok(lock) = dir.lock_file(&FileKind::Lock.name(key))
            && lock::acquire(&lock, limit, &on_wait).is_ok()
        {
            locks.push(lock);
        }
    }
    let names = dir.names()?;
    for name in names.iter().filter(|name| is_lock(name)) {
        // Another user made a lock file that is not private. No call accepts it, so it is removed.
        if dir.lock_file(name).is_err_and(|error| !error.is_unavailable()) {
            removed.remove(&dir, name);
        }
    }
    // A lock file remains of a session that was quarantined, or removed by hand. Its keys may still be in the keyring.
    for key in names
        .iter()
        .filter_map(|name| lasting_key(name))
        .collect::<BTreeSet<_>>()
    {
        let mark = SealedMark::new(&dir, key);
        let is_sealed = names.iter().any(|name| is_sealed(name) && name.starts_with(key));
        if is_sealed || mark.is_cached() {
            mark.names().for_each(|name| removed.forget_key(name));
        }
    }
    for name in names.iter().filter(|name| file_kind::is_removable(name)) {
        if is_sealed(name)
            && let Ok(Some(file)) = dir.read(name)
            && let Ok(sealed) = sealed::Sealed::parse(&file)
        {
            removed.forget_key(&sealed.key_name());
        }
        if removed.remove(&dir, name) {
            removed.sessions += usize::from(session_key(name).is_some());
            removed.quarantined += usize::from(is_quarantined(name));
            removed.pending_revocations += usize::from(is_pending_revocation(name));
        }
    }
    Ok(removed)
}

/// Removes pending tokens (tokens that are to be written into a kubeconfig) from the directory, and no session.
///
/// Like [`remove_all`], it waits for a process that holds the lock.
pub(crate) fn remove_pending_tokens(
    dir: &Path,
    limit: Duration,
    on_wait: impl Fn(),
) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    let Some(dir) = PrivateDir::open(dir)? else {
        return Ok(removed);
    };
    let is_pending = |name: &str| matches!(dir.read(name), Ok(Some(bytes)) if record::is_pending(&bytes));
    for name in dir.names()?.iter().filter(|name| !is_sealed(name)) {
        let Some(key) = session_key(name).filter(|_| is_pending(name)) else {
            continue;
        };
        let lock = dir.lock_file(&FileKind::Lock.name(key)).ok();
        if let Some(lock) = &lock {
            // After `limit`, the tokens are removed without the lock. The process that holds it reports what it writes.
            drop(lock::acquire(lock, limit, &on_wait));
        }
        if is_pending(name) && removed.remove(&dir, name) {
            removed.sessions += 1;
        }
    }
    Ok(removed)
}

impl Removed {
    /// Removes a file, and returns whether that succeeded. One that cannot be removed keeps no other one.
    pub(super) fn remove(&mut self, dir: &PrivateDir, name: &str) -> bool {
        match dir.remove(name) {
            Ok(()) => true,
            Err(error) => {
                self.file_error.get_or_insert(error);
                false
            }
        }
    }

    /// Removes a key. After one failure the keyring is not asked again, since each request may take seconds.
    pub(super) fn forget_key(&mut self, name: &str) {
        keyring::forget_cached_key(name);
        if self.key_error.is_none() {
            self.key_error = keyring::remove(name).err();
        }
    }
}

/// Returns the key in the name of a session's file, plain or sealed.
fn session_key(name: &str) -> Option<&str> {
    match FileKind::parse(name)? {
        (key, FileKind::Session | FileKind::SealedSession) => Some(key),
        _ => None,
    }
}

fn is_pending_revocation(name: &str) -> bool {
    FileKind::parse(name).is_some_and(|(_, kind)| kind.is_pending_revocation())
}

fn is_quarantined(name: &str) -> bool {
    FileKind::parse(name).is_some_and(|(_, kind)| kind.is_quarantined())
}

/// Returns the key in the name of a file that shows that there is or was a session: the session, also a quarantined one, or its lock.
fn lasting_key(name: &str) -> Option<&str> {
    let (key, kind) = FileKind::parse(name)?;
    let is_session = matches!(
        kind,
        FileKind::Session | FileKind::QuarantinedSession | FileKind::Lock
    );
    (is_session || kind.is_sealed()).then_some(key)
}

fn is_lock(name: &str) -> bool {
    matches!(FileKind::parse(name), Some((_, FileKind::Lock)))
}

/// Whether a file of this name is a sealed session, also a quarantined one.
fn is_sealed(name: &str) -> bool {
    FileKind::parse(name).is_some_and(|(_, kind)| kind.is_sealed())
}
