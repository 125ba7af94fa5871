//! Sessions: the tokens of a login, the lock for their refresh, and the failures of earlier logins.
//!
//! Owns the files of one session (`KEY.session.json` or `KEY.session.sealed`, `KEY.lock`, `KEY.failure.json` and others) and their
//! rules: reading needs no lock; only the lock's holder may write a session, so the methods that write belong to the guard. Never talks
//! to a provider or to a person; what a person should know is returned as a value.

mod documents;
mod fast_path_entry;
mod key;
mod kubelogin;
mod lock;
mod notes;
mod order;
mod record;
mod sealed;
mod sealed_mark;
mod storage_target;
mod store;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use fast_path_entry::{FastPathEntry, RefreshPolicy};
pub(crate) use key::Key;
pub(crate) use kubelogin::{KubeloginDir, KubeloginRecord};
pub(crate) use lock::{LockWait, Locked};
pub(crate) use notes::background_refresh::RefreshTurn;
pub(crate) use notes::issued_log::{AskedBefore, Issue, IssuedLog};
pub(crate) use notes::login_failures::{LoginFailures, Recalled};
pub(crate) use notes::outage::ProviderOutage;
pub(crate) use order::Order;
#[cfg(test)]
pub(crate) use record::tests::record as sample_record;
pub(crate) use record::{Identity, Record};
pub(crate) use storage_target::StorageTarget;
pub(crate) use store::{Loaded, Store};

use self::sealed_mark::SealedMark;
use crate::files::{self, PrivateDir};
use crate::keyring;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error(transparent)]
    Keyring(#[from] keyring::Error),
    /// A plain file that whoever can write there could have made; it may also be that of an entry with another storage.
    #[error("{keyring}")]
    PlainInPlace { plain: PathBuf, keyring: keyring::Error },
    #[error("the session cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the system has no random numbers to make a key of")]
    NoRandomness,
    #[error("waited {waited} s for the sign-in of another kubesesame{}", holder_text(.holder.as_deref()))]
    LockTimeout {
        holder: Option<String>,
        is_stopped: bool,
        waited: u64,
    },
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl Error {
    /// Whether this only means that the directory cannot be used, so that the caller may continue without it.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Files(error) if error.is_unavailable())
    }

    /// Whether a file or directory caused it, so that another directory may work.
    pub(crate) fn is_file_error(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// Whether it hides what we may have put there: a directory of others, or a link to another one, holds nothing of ours.
    pub(crate) fn may_hide_ours(&self) -> bool {
        matches!(
            self,
            Self::Files(files::Error::Io { .. } | files::Error::OpenToOthers { .. })
        )
    }

    /// The error and its causes in one line, for a warning.
    pub(crate) fn in_one_line(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(source) = cause {
            text = format!("{text}: {source}");
            cause = source.source();
        }
        text
    }

    pub(crate) fn hint(&self) -> String {
        self.hint_for(files::Purpose::Sessions)
    }

    /// As [`Self::hint`], of files for something else.
    pub(crate) fn hint_for(&self, purpose: files::Purpose) -> String {
        match self {
            Self::Files(error) => error.hint(purpose),
            Self::Keyring(error) => error.hint(),
            Self::PlainInPlace { plain, keyring } => format!(
                "{}; or move the plain file away, and the next session is kept on disk: mv {1} {1}.old",
                keyring.hint(),
                files::quoted(plain)
            ),
            Self::Json(_) => "this is a fault of kubesesame: please report it".to_owned(),
            Self::NoRandomness => "try again; with --token-cache-storage=disk no key is needed".to_owned(),
            Self::LockTimeout {
                holder: Some(pid),
                is_stopped: true,
                ..
            } => format!("process {pid} is stopped: {}", lock::how_to_resume(pid)),
            Self::LockTimeout { holder, .. } => match holder {
                Some(pid) => {
                    format!("finish it in the browser, or try again; see what it does: ps -fp {pid}")
                }
                None => "finish it in the browser, or try again".to_owned(),
            },
        }
    }
}

/// The result of [`remove_all`].
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) sessions: usize,
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
    let keys = || names.iter().filter_map(|name| key::of_session_file(name));
    removed.sessions = keys().count();
    // A plain and a sealed session of one key share a lock, so each key is locked once.
    for key in keys().collect::<BTreeSet<_>>() {
        if let Ok(lock) = dir.lock_file(&format!("{key}.lock"))
            && lock::acquire(&lock, limit, &on_wait).is_ok()
        {
            locks.push(lock);
        }
    }
    for name in names.iter().filter(|name| key::is_lock(name)) {
        // Another user made a lock file that is not private. No call accepts it, so it is removed.
        if dir.lock_file(name).is_err_and(|error| !error.is_unavailable()) {
            dir.remove(name)?;
        }
    }
    // A lock file remains of a session that was quarantined, or removed by hand. Its keys may still be in the keyring.
    for key in names
        .iter()
        .filter_map(|name| key::of_lasting_file(name))
        .collect::<BTreeSet<_>>()
    {
        let mark = SealedMark::new(dir.path(), key);
        let is_sealed = names
            .iter()
            .any(|name| key::is_sealed(name) && name.starts_with(key));
        if is_sealed || mark.is_cached() {
            removed.forget_key(mark.name());
        }
    }
    for name in names.iter().filter(|name| key::is_ours(name)) {
        if key::is_sealed(name)
            && let Ok(Some(file)) = dir.read(name)
            && let Ok(sealed) = sealed::Sealed::parse(&file)
        {
            removed.forget_key(&sealed.key_name());
        }
        dir.remove(name)?;
    }
    Ok(removed)
}

/// Removes what waits in the directory to be written into a kubeconfig, and no session.
///
/// As [`remove_all`], it waits for whoever is about to write it.
pub(crate) fn remove_waiting(dir: &Path, patience: Duration, tell: impl Fn()) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    let Some(dir) = PrivateDir::open(dir)? else {
        return Ok(removed);
    };
    let is_waiting = |name: &str| matches!(dir.read(name), Ok(Some(bytes)) if record::is_waiting(&bytes));
    for name in dir.names()?.iter().filter(|name| !key::is_sealed(name)) {
        let Some(key) = key::of_session_file(name).filter(|_| is_waiting(name)) else {
            continue;
        };
        let lock = dir.lock_file(&format!("{key}.lock")).ok();
        if let Some(lock) = &lock {
            // As long as it may take: what is written after that is told by who writes it.
            drop(lock::acquire(lock, patience, &tell));
        }
        if is_waiting(name) {
            dir.remove(name)?;
            removed.sessions += 1;
        }
    }
    Ok(removed)
}

impl Removed {
    /// Removes a key. After one failure the keyring is not asked again, since each request may take seconds.
    fn forget_key(&mut self, name: &str) {
        keyring::forget_cached_key(name);
        if self.key_error.is_none() {
            self.key_error = keyring::remove(name).err();
        }
    }
}
