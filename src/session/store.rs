//! Where a session is: a plain file, or one that is sealed with a key of the OS keyring.
//!
//! Owns reading. It takes no lock, since a file is only ever replaced as a whole; and it asks the keyring only for a sealed
//! file whose key is not at hand.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use super::sealed::{Binding, NamedKey, Sealed};
use super::{Error, Failure, Identity, Key, Memory, Record};
use crate::files::{PrivateDir, Slots};
use crate::keyring;
use crate::settings::Storage;

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
    pub(super) dir: PrivateDir,
    pub(super) key: Key,
    pub(super) storage: Storage,
}

impl Store {
    /// Opens an existing directory; `None` when there is none, and so no session either.
    pub(crate) fn open(dir: &Path, key: Key, storage: Storage) -> Result<Option<Self>, Error> {
        Ok(PrivateDir::open(dir)?.map(|dir| Self { dir, key, storage }))
    }

    /// Opens the directory, making it where it is missing.
    pub(crate) fn create(dir: &Path, key: Key, storage: Storage) -> Result<Self, Error> {
        Ok(Self {
            dir: PrivateDir::create(dir)?,
            key,
            storage,
        })
    }

    /// Reads the session without a lock.
    ///
    /// # Errors
    /// When a file may have been planted, or when the keyring is needed and does not answer.
    pub(crate) fn load(&self, identity: &Identity) -> Result<Found, Error> {
        match self.storage {
            Storage::Disk => self.load_plain(identity),
            Storage::Keyring => self.load_sealed(identity),
            Storage::Auto => match self.load_sealed(identity)? {
                Found::Nothing => self.load_plain(identity),
                found => Ok(found),
            },
        }
    }

    pub(super) fn load_plain(&self, identity: &Identity) -> Result<Found, Error> {
        Ok(match self.read(&self.key.session_file())? {
            Bytes::There(bytes) => found(Record::parse(&bytes, identity)),
            Bytes::Nothing => Found::Nothing,
            Bytes::Unreadable => Found::Unusable("it cannot be read"),
        })
    }

    fn load_sealed(&self, identity: &Identity) -> Result<Found, Error> {
        let file = match self.read(&self.key.sealed_file())? {
            Bytes::There(file) => file,
            Bytes::Nothing => return Ok(Found::Nothing),
            Bytes::Unreadable => return Ok(Found::Unusable("it cannot be read")),
        };
        let sealed = match Sealed::parse(&file) {
            Ok(sealed) => sealed,
            Err(reason) => return Ok(Found::Unusable(reason)),
        };
        let Ok(at_hand) = NamedKey::of(&sealed, |name| Ok::<_, Infallible>(keyring::at_hand(name)));
        if let Some(key) = at_hand
            && let Ok(record) = self.unseal(&sealed, &key, identity)
        {
            return Ok(Found::Session(Box::new(record)));
        }
        Ok(match NamedKey::of(&sealed, keyring::read)? {
            Some(key) => found(self.unseal(&sealed, &key, identity)),
            None => Found::Unusable("its key is not in the OS keyring"),
        })
    }

    pub(super) fn unseal(
        &self,
        sealed: &Sealed<'_>,
        with: &NamedKey,
        identity: &Identity,
    ) -> Result<Record, &'static str> {
        let binding = Binding {
            key: &self.key,
            identity,
        };
        Record::parse(&sealed.open(with, &binding)?, identity)
    }

    fn read(&self, name: &str) -> Result<Bytes, Error> {
        match self.dir.read(name) {
            Ok(Some(bytes)) => Ok(Bytes::There(bytes)),
            Ok(None) => Ok(Bytes::Nothing),
            Err(error) if error.is_unavailable() => Ok(Bytes::Unreadable),
            Err(error) => Err(error.into()),
        }
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
        let sealed = self.key.sealed_file();
        let name = match self.storage {
            Storage::Keyring => sealed,
            Storage::Auto if self.dir.has(&sealed) => sealed,
            Storage::Auto | Storage::Disk => self.key.session_file(),
        };
        self.dir.path_of(&name)
    }

    /// The directory, for what else is kept in it.
    pub(crate) fn dir(&self) -> &PrivateDir {
        &self.dir
    }
}

/// What there is of a file.
enum Bytes {
    There(Vec<u8>),
    Nothing,
    Unreadable,
}

fn found(record: Result<Record, &'static str>) -> Found {
    match record {
        Ok(record) => Found::Session(Box::new(record)),
        Err(reason) => Found::Unusable(reason),
    }
}
