//! One flight for all: the lock of a session, and what only its holder may do.
//!
//! Owns the wait. The lock covers refresh and login, so whoever gets it next finds the winner's token or the
//! winner's failure. The cached path never comes here.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::store::Form;
use super::{Error, LoginFailures, ProviderOutage, Store};
use crate::files::LockFile;
use crate::process;

/// How long a waiter sleeps between two tries, at most.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(40);

/// After this long the person is told on whom we wait.
const SHORT_LOCK_WAIT: Duration = Duration::from_secs(2);

/// How the lock was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    AtOnce,
    BehindAnother,
}

/// The right to write: holds the lock until it is dropped.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    pub(super) store: &'a Store,
    pub(super) known: KnownFiles,
    _lock: LockFile,
}

/// In which files the session was read or written under the lock: nobody else writes there meanwhile.
#[derive(Debug, Default)]
pub(super) struct KnownFiles {
    plain: OnceLock<()>,
    sealed: OnceLock<()>,
}

impl KnownFiles {
    pub(super) fn add(&self, form: Form) {
        // That it was added before is fine.
        let _ = self.of(form).set(());
    }

    pub(super) fn has(&self, form: Form) -> bool {
        self.of(form).get().is_some()
    }

    fn of(&self, form: Form) -> &OnceLock<()> {
        match form {
            Form::Plain => &self.plain,
            Form::Sealed => &self.sealed,
        }
    }
}

impl Store {
    /// Waits for the lock, `limit` at most; `tell` is called once when the wait gets long.
    ///
    /// Ctrl-C ends the wait by ending the process: nothing is held that the kernel would not let go of.
    pub(crate) fn lock(
        &self,
        limit: Duration,
        tell: impl FnOnce(Option<&str>),
    ) -> Result<(Locked<'_>, Wait), Error> {
        let mut lock = self.dir.lock_file(&self.key.lock_file())?;
        let wait = acquire(&lock, limit, || tell(holder_of(&lock).as_deref()))?;
        lock.note(&std::process::id().to_string());
        Ok((
            Locked {
                store: self,
                known: KnownFiles::default(),
                _lock: lock,
            },
            wait,
        ))
    }
}

impl Store {
    /// Takes the lock if nobody has it.
    pub(crate) fn try_lock(&self) -> Result<Option<Locked<'_>>, Error> {
        let mut lock = self.dir.lock_file(&self.key.lock_file())?;
        if !lock.try_lock()? {
            return Ok(None);
        }
        lock.note(&std::process::id().to_string());
        Ok(Some(Locked {
            store: self,
            known: KnownFiles::default(),
            _lock: lock,
        }))
    }
}

fn is_stopped(pid: &str) -> bool {
    pid.parse().is_ok_and(process::is_stopped_like_us)
}

/// Who has a lock, for a person: who is stopped lets go of it only when somebody sees to that.
fn holder_of(lock: &LockFile) -> Option<String> {
    let pid = lock.holder()?;
    if !is_stopped(&pid) {
        return Some(pid);
    }
    Some(format!("{pid}, which is stopped: {}", cure_of_a_stop(&pid)))
}

/// What a process that is stopped does about SIGTERM, it does when it goes on.
pub(super) fn cure_of_a_stop(pid: &str) -> String {
    format!("`fg` in its terminal continues it, `kill -9 {pid}` ends it")
}

/// Waits for a lock, `limit` at most; `patience` is called once when the wait gets long.
pub(super) fn acquire(lock: &LockFile, limit: Duration, patience: impl FnOnce()) -> Result<Wait, Error> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(2);
    let mut patience = Some(patience);
    let mut wait = Wait::AtOnce;
    while !lock.try_lock()? {
        wait = Wait::BehindAnother;
        let waited = began.elapsed();
        if waited >= limit {
            return Err(Error::LockTimeout {
                is_stopped: lock.holder().is_some_and(|pid| is_stopped(&pid)),
                holder: lock.holder(),
                waited: waited.as_secs(),
            });
        }
        if waited >= SHORT_LOCK_WAIT
            && let Some(patience) = patience.take()
        {
            patience();
        }
        thread::sleep(pause.min(limit.saturating_sub(waited)));
        pause = (pause * 2).min(LOCK_POLL_INTERVAL);
    }
    Ok(wait)
}

impl Locked<'_> {
    /// Remembers sign-ins that failed. Best effort: the failure itself is what the caller reports.
    pub(crate) fn remember_login_failures(&self, failures: &LoginFailures) {
        if let Ok(json) = serde_json::to_vec(failures) {
            drop(
                self.store
                    .dir
                    .replace(&self.store.key.login_failures_file(), &json),
            );
        }
    }

    /// Remembers how the provider failed. Best effort, too.
    pub(crate) fn remember_outage(&self, outage: &ProviderOutage) {
        if let Ok(json) = serde_json::to_vec(outage) {
            drop(self.store.dir.replace(&self.store.key.outage_file(), &json));
        }
    }

    /// A session was had, so nothing has failed, and nothing is to be refreshed in the background.
    pub(crate) fn forget_failures(&self) {
        let key = &self.store.key;
        for name in [
            key.login_failures_file(),
            key.outage_file(),
            key.background_refresh_file(),
        ] {
            drop(self.store.dir.remove(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_a_wait_that_was_too_long_tells_of_a_stop() {
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
    fn neither_this_process_nor_what_is_no_process_is_stopped() {
        assert!(!is_stopped(&std::process::id().to_string()));
        assert!(!is_stopped("no number"));
    }
}
