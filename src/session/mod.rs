//! Sessions on disk: what a login brought, who may renew it, and how the last login failed.
//!
//! Owns the files of one session (`KEY.session.json`, `KEY.lock`, `KEY.failure.json`) and their rules: reading
//! takes no lock; only who holds the lock can write, so writing is a method of the guard. Never talks to a
//! provider or to a person; what is odd comes back as a value.

mod ahead;
mod failure;
mod handed;
mod key;
mod lock;
mod peer;
mod record;
mod shortcut;

use std::path::{Path, PathBuf};

pub(crate) use ahead::Turn;
pub(crate) use failure::{Caller, Failure, Memory};
pub(crate) use handed::{Ask, Asker};
pub(crate) use key::Key;
pub(crate) use lock::{Locked, Wait};
pub(crate) use peer::{PeerDir, PeerRecord};
pub(crate) use record::{Identity, Record};
pub(crate) use shortcut::{Line, Shortcut};

use crate::files::{self, PrivateDir, Slots};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error("waited {waited} s for the sign-in of another kubesesame{}", holder_text(.holder.as_deref()))]
    LockTimeout { holder: Option<String>, waited: u64 },
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl Error {
    /// Returns whether this only says that the cache cannot be used, so that one can do without.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Files(error) if error.is_unavailable())
    }

    /// The error and its innermost cause, for a warning.
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
        match self {
            Self::Files(error) => error.hint(),
            Self::LockTimeout { holder, .. } => match holder {
                Some(pid) => {
                    format!("finish it in the browser, or try again; see what it does: ps -fp {pid}")
                }
                None => "finish it in the browser, or try again".to_owned(),
            },
        }
    }
}

/// Removes the files of all sessions in the directory, and what else of ours belongs to them; returns how many sessions
/// there were. Lock files stay, since another process may hold one, and so does everything that we did not make.
pub(crate) fn remove_all(dir: &Path) -> Result<usize, Error> {
    let Some(dir) = PrivateDir::open(dir)? else {
        return Ok(0);
    };
    let mut sessions = 0;
    for name in dir.names()? {
        if key::is_session_file(&name) {
            sessions += 1;
        }
        if key::is_ours(&name) {
            dir.remove(&name)?;
        }
    }
    Ok(sessions)
}

/// What was found in place of a session.
#[derive(Debug)]
pub(crate) enum Found {
    /// Boxed, since the other cases are empty.
    Session(Box<Record>),
    Nothing,
    /// The file is there and cannot be used; the text says why.
    Unusable(&'static str),
}

/// The files of one session.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PrivateDir,
    key: Key,
}

impl Store {
    /// Opens an existing directory; `None` when there is none, and so no session either.
    pub(crate) fn open(dir: &Path, key: Key) -> Result<Option<Self>, Error> {
        Ok(PrivateDir::open(dir)?.map(|dir| Self { dir, key }))
    }

    /// Opens the directory, making it where it is missing.
    pub(crate) fn create(dir: &Path, key: Key) -> Result<Self, Error> {
        Ok(Self {
            dir: PrivateDir::create(dir)?,
            key,
        })
    }

    /// Reads the session without a lock: the file is only ever replaced as a whole.
    pub(crate) fn load(&self, identity: &Identity) -> Result<Found, Error> {
        let bytes = match self.dir.read(&self.key.session_file()) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Found::Nothing),
            Err(error) if error.is_unavailable() => return Ok(Found::Unusable("it cannot be read")),
            Err(error) => return Err(error.into()),
        };
        Ok(match Record::parse(&bytes, identity) {
            Ok(record) => Found::Session(Box::new(record)),
            Err(reason) => Found::Unusable(reason),
        })
    }

    /// Returns what is remembered.
    pub(crate) fn failure(&self, memory: Memory) -> Option<Failure> {
        let bytes = self.dir.read(&self.key.failure_file(memory)).ok().flatten()?;
        Failure::parse(&bytes)
    }

    /// Opens the notes of who was handed a token: in a directory that is gone with the machine's sessions where there is one, since
    /// processes are as well; else beside the session. None where nothing can be written.
    pub(crate) fn handed(&self, runtime_dir: Option<&Path>) -> Option<Slots> {
        let name = self.key.handed_file();
        let volatile = runtime_dir.and_then(|dir| PrivateDir::create(dir).ok()?.slots(&name).ok());
        volatile.or_else(|| self.dir.slots(&name).ok())
    }

    /// Where the session is, to name it to a person.
    pub(crate) fn session_path(&self) -> PathBuf {
        self.dir.path_of(&self.key.session_file())
    }

    /// The directory, for what else is kept in it.
    pub(crate) fn dir(&self) -> &PrivateDir {
        &self.dir
    }
}
