//! The lock of a session, and what only its holder may do.
//!
//! Owns the wait for the lock. Its holder refreshes or logs in, so the next holder finds the new token or the failure and does not repeat
//! the request. A cached call never takes the lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::store::FileForm;
use super::{Error, FileKind, Key, LoginFailures, ProviderOutage, Store, Versioned};
use crate::files::{LockFile, PrivateDir};
use crate::process;

/// The longest sleep between two attempts to take the lock.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(40);

/// After this wait, the caller is told which process holds the lock.
const LOCK_WAIT_BEFORE_NOTICE: Duration = Duration::from_secs(2);

/// Whether the lock was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockWait {
    /// It was free.
    None,
    /// Another process held it.
    ForOtherProcess,
}

/// The right to write. Holds the lock until it is dropped.
#[derive(Debug)]
pub(crate) struct LockedStore<'a> {
    pub(super) store: &'a Store,
    pub(super) known: KnownFiles,
    _lock: LockFile,
}

/// Which files of the session this process has read or written under the lock. No other process writes them meanwhile.
#[derive(Debug, Default)]
pub(super) struct KnownFiles {
    plain: AtomicBool,
    sealed: AtomicBool,
}

impl KnownFiles {
    pub(super) fn add(&self, form: FileForm) {
        self.of(form).store(true, Ordering::Relaxed);
    }

    pub(super) fn has(&self, form: FileForm) -> bool {
        self.of(form).load(Ordering::Relaxed)
    }

    fn of(&self, form: FileForm) -> &AtomicBool {
        match form {
            FileForm::Plain => &self.plain,
            FileForm::Sealed => &self.sealed,
        }
    }
}

impl Store {
    /// Waits for the lock, `limit` at most. `on_wait` is called once if the wait is long, with a description of the holder.
    ///
    /// Ctrl-C during the wait ends the process, which is safe: the kernel releases everything that it holds.
    pub(crate) fn lock(
        &self,
        limit: Duration,
        on_wait: impl FnOnce(Option<&str>),
    ) -> Result<(LockedStore<'_>, LockWait), Error> {
        let (lock, wait) = hold(&self.dir, &self.key, limit, on_wait)?;
        Ok((
            LockedStore {
                store: self,
                known: KnownFiles::default(),
                _lock: lock,
            },
            wait,
        ))
    }
}

impl Store {
    /// Takes the lock if no process holds it, without a wait.
    pub(crate) fn try_lock(&self) -> Result<Option<LockedStore<'_>>, Error> {
        let mut lock = self.dir.lock_file(&self.key.file(FileKind::Lock))?;
        if !lock.try_lock()? {
            return Ok(None);
        }
        lock.write_holder(&std::process::id().to_string());
        Ok(Some(LockedStore {
            store: self,
            known: KnownFiles::default(),
            _lock: lock,
        }))
    }
}

/// Takes the lock of the session with this key, as [`Store::lock`] does.
pub(super) fn hold(
    dir: &PrivateDir,
    key: &Key,
    limit: Duration,
    on_wait: impl FnOnce(Option<&str>),
) -> Result<(LockFile, LockWait), Error> {
    let mut lock = dir.lock_file(&key.file(FileKind::Lock))?;
    let wait = acquire(&lock, limit, || on_wait(describe_holder(&lock).as_deref()))?;
    lock.write_holder(&std::process::id().to_string());
    Ok((lock, wait))
}

fn is_stopped(pid: &str) -> bool {
    pid.parse().is_ok_and(process::is_stopped_kubesesame)
}

/// Describes the holder of a lock for a person. A stopped process keeps the lock until a person continues or ends it.
fn describe_holder(lock: &LockFile) -> Option<String> {
    let pid = lock.holder()?;
    if !is_stopped(&pid) {
        return Some(pid);
    }
    Some(format!("{pid}, which is stopped: {}", how_to_resume(&pid)))
}

/// A stopped process handles SIGTERM only after it continues, so the text names SIGKILL.
pub(super) fn how_to_resume(pid: &str) -> String {
    format!("`fg` in its terminal continues it, `kill -9 {pid}` ends it")
}

/// Waits for a lock, `limit` at most. `on_wait` is called once if the wait is long.
pub(super) fn acquire(lock: &LockFile, limit: Duration, on_wait: impl FnOnce()) -> Result<LockWait, Error> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(2);
    let mut on_wait = Some(on_wait);
    let mut wait = LockWait::None;
    while !lock.try_lock()? {
        wait = LockWait::ForOtherProcess;
        let waited = began.elapsed();
        if waited >= limit {
            return Err(Error::LockTimeout {
                is_stopped: lock.holder().is_some_and(|pid| is_stopped(&pid)),
                holder: lock.holder(),
                waited: waited.as_secs(),
            });
        }
        if waited >= LOCK_WAIT_BEFORE_NOTICE
            && let Some(on_wait) = on_wait.take()
        {
            on_wait();
        }
        thread::sleep(pause.min(limit.saturating_sub(waited)));
        pause = (pause * 2).min(LOCK_POLL_INTERVAL);
    }
    Ok(wait)
}

impl LockedStore<'_> {
    /// Stores the failed logins. Best effort: the caller reports the failure anyway.
    pub(crate) fn remember_login_failures(&self, failures: &LoginFailures) {
        if let Ok(json) = failures.to_json() {
            drop(
                self.store
                    .dir
                    .replace(&self.store.key.file(FileKind::LoginFailures), &json),
            );
        }
    }

    /// Stores how the provider failed. Best effort.
    pub(crate) fn remember_outage(&self, outage: &ProviderOutage) {
        if let Ok(json) = outage.to_json() {
            drop(
                self.store
                    .dir
                    .replace(&self.store.key.file(FileKind::Outage), &json),
            );
        }
    }

    /// Removes the stored failures and the state of the background refresh, after a session was stored.
    pub(crate) fn forget_failures(&self) {
        let key = &self.store.key;
        for name in [
            key.file(FileKind::LoginFailures),
            key.file(FileKind::Outage),
            key.file(FileKind::BackgroundRefresh),
        ] {
            drop(self.store.dir.remove(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_a_lock_timeout_says_how_to_resume_a_stopped_holder() {
        let hint = |is_stopped| {
            let error = Error::LockTimeout {
                holder: Some("17".to_owned()),
                is_stopped,
                waited: 180,
            };
            error.hint()
        };
        assert!(hint(false).contains("ps -fp 17"));
        assert_eq!(
            hint(true),
            "process 17 is stopped: `fg` in its terminal continues it, `kill -9 17` ends it"
        );
    }

    #[test]
    fn this_process_and_an_invalid_id_are_not_stopped() {
        assert!(!is_stopped(&std::process::id().to_string()));
        assert!(!is_stopped("no number"));
    }
}
