//! Where a session is: a plain file, or one that is sealed with a key of the OS keyring.
//!
//! Owns reading. It takes no lock, since a file is only ever replaced as a whole; and it asks the keyring only for a sealed
//! file whose key is not at hand.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use super::sealed::{Binding, Sealed, WrappingKey};
use super::sealed_mark::{REPLACED, SealedMark};
use super::{Error, Identity, IssuedLog, Key, LoginFailures, ProviderOutage, Record};
use crate::files::PrivateDir;
use crate::keyring;
use crate::settings::Storage;

/// What was found in place of a session.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// Boxed, since the other cases are empty.
    Session(Box<Record>),
    Nothing,
    /// The file is there and cannot be used; the text says why.
    Corrupt(&'static str),
}

/// What the file of a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Sealed,
}

/// The files of one session.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) dir: PrivateDir,
    pub(super) key: Key,
    pub(super) identity: Identity,
    pub(super) storage: Storage,
}

impl Store {
    /// Opens an existing directory; `None` when there is none, and so no session either.
    pub(crate) fn open(
        dir: &Path,
        key: Key,
        identity: Identity,
        storage: Storage,
    ) -> Result<Option<Self>, Error> {
        Ok(PrivateDir::open(dir)?.map(|dir| Self {
            dir,
            key,
            identity,
            storage,
        }))
    }

    /// Opens the directory, making it where it is missing.
    pub(crate) fn create(dir: &Path, key: Key, identity: Identity, storage: Storage) -> Result<Self, Error> {
        Ok(Self {
            dir: PrivateDir::create(dir)?,
            key,
            identity,
            storage,
        })
    }

    /// Reads the session without a lock.
    ///
    /// # Errors
    /// When a file may have been planted, when it cannot be read now, or when the keyring is needed and does not answer.
    pub(crate) fn load(&self) -> Result<Loaded, Error> {
        Ok(self.load_with_form()?.0)
    }

    /// As [`Self::load`], with the form of the file that was looked at last.
    pub(super) fn load_with_form(&self) -> Result<(Loaded, Form), Error> {
        let plain = |found| (found, Form::Plain);
        match self.storage {
            Storage::Disk => self.load_plain().map(plain),
            Storage::Keyring => Ok((self.load_sealed()?, Form::Sealed)),
            Storage::Auto => match self.load_sealed()? {
                Loaded::Nothing => Ok(plain(match self.load_plain()? {
                    Loaded::Session(_) if self.sealed_mark().is_at_hand() => Loaded::Corrupt(REPLACED),
                    found => found,
                })),
                found => Ok((found, Form::Sealed)),
            },
        }
    }

    pub(super) fn file(&self, form: Form) -> String {
        match form {
            Form::Plain => self.key.session_file(),
            Form::Sealed => self.key.sealed_file(),
        }
    }

    pub(super) fn sealed_mark(&self) -> SealedMark {
        SealedMark::new(self.dir.path(), &self.key.to_string())
    }

    pub(super) fn load_plain(&self) -> Result<Loaded, Error> {
        Ok(match self.read(&self.key.session_file())? {
            Bytes::There(bytes) => loaded(Record::parse(&bytes, &self.identity)),
            Bytes::Nothing => Loaded::Nothing,
            Bytes::NoFile => Loaded::Corrupt(NO_FILE),
        })
    }

    fn load_sealed(&self) -> Result<Loaded, Error> {
        let file = match self.read(&self.key.sealed_file())? {
            Bytes::There(file) => file,
            Bytes::Nothing => return Ok(Loaded::Nothing),
            Bytes::NoFile => return Ok(Loaded::Corrupt(NO_FILE)),
        };
        let sealed = match Sealed::parse(&file) {
            Ok(sealed) => sealed,
            Err(reason) => return Ok(Loaded::Corrupt(reason)),
        };
        let Ok(cached_key) = WrappingKey::of(&sealed, |name| Ok::<_, Infallible>(keyring::cached_key(name)));
        if let Some(key) = cached_key
            && let Ok(record) = self.unseal(&sealed, &key)
        {
            return Ok(Loaded::Session(Box::new(record)));
        }
        Ok(match WrappingKey::of(&sealed, keyring::read)? {
            Some(key) => {
                self.bring_mark_at_hand(&key);
                loaded(self.unseal(&sealed, &key))
            }
            None => Loaded::Corrupt("its key is not in the OS keyring"),
        })
    }

    /// Where the kernel keeps the key at hand from now on, it keeps the mark beside it: then no refresh has to ask the keyring for the mark.
    fn bring_mark_at_hand(&self, key: &WrappingKey) {
        if keyring::cached_key(&key.name()).is_some() {
            drop(self.sealed_mark().is_set());
        }
    }

    pub(super) fn unseal(&self, sealed: &Sealed<'_>, with: &WrappingKey) -> Result<Record, &'static str> {
        let binding = Binding {
            key: &self.key,
            identity: &self.identity,
        };
        Record::parse(&sealed.open(with, &binding)?, &self.identity)
    }

    fn read(&self, name: &str) -> Result<Bytes, Error> {
        match self.dir.read(name) {
            Ok(Some(bytes)) => Ok(Bytes::There(bytes)),
            Ok(None) => Ok(Bytes::Nothing),
            // Only for now, perhaps: a good session is not taken for a broken one.
            Err(error) if error.may_pass() => Err(error.into()),
            Err(error) if error.is_unavailable() => Ok(Bytes::NoFile),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the sign-ins that failed.
    pub(crate) fn login_failures(&self) -> LoginFailures {
        let bytes = self.dir.read(&self.key.login_failures_file());
        bytes
            .ok()
            .flatten()
            .map_or_else(LoginFailures::default, |bytes| LoginFailures::parse(&bytes))
    }

    /// Returns how the provider failed last.
    pub(crate) fn outage(&self) -> Option<ProviderOutage> {
        let bytes = self.dir.read(&self.key.outage_file()).ok().flatten()?;
        ProviderOutage::parse(&bytes)
    }

    /// Whether there is a file of the session, whatever is in it.
    pub(crate) fn has_session(&self) -> bool {
        [self.key.session_file(), self.key.sealed_file()]
            .iter()
            .any(|name| self.dir.has(name))
    }

    /// Whether there is a plain file of a session in a directory, be it one that cannot be used.
    ///
    /// # Errors
    /// When it cannot be seen.
    pub(crate) fn is_plain_in(dir: &Path, key: &Key) -> Result<bool, Error> {
        Ok(PrivateDir::has_in(dir, &key.session_file())?)
    }

    /// As [`Self::is_plain_in`], of this one.
    pub(crate) fn has_plain(&self) -> Result<bool, Error> {
        Self::is_plain_in(self.dir.path(), &self.key)
    }

    /// Removes a session that has gone on in another place. Best effort: it is older, and so it is not used. A session in the other form is
    /// that of an entry with another storage.
    pub(crate) fn remove_superseded(&self, by: &Record) {
        if let Ok(Some(_locked)) = self.try_lock()
            && let Ok((Loaded::Session(old), form)) = self.load_with_form()
            && by.is_as_late_as(&old)
        {
            drop(self.dir.remove(&self.file(form)));
        }
    }

    /// The form in which the session is here, or in which it would be looked for first.
    pub(super) fn form(&self) -> Form {
        match self.storage {
            Storage::Keyring => Form::Sealed,
            Storage::Auto if self.dir.has(&self.key.sealed_file()) => Form::Sealed,
            Storage::Auto | Storage::Disk => Form::Plain,
        }
    }

    pub(crate) fn storage(&self) -> Storage {
        self.storage
    }

    /// Opens the log of which process was given which token: in a directory that is gone with the machine's sessions where there is one, since
    /// processes are as well; else beside the session. None where nothing can be written.
    pub(crate) fn issued_log(&self, runtime_dir: Option<&Path>) -> Option<IssuedLog> {
        let name = self.key.issued_log_file();
        let volatile = runtime_dir.and_then(|dir| PrivateDir::create(dir).ok()?.slots(&name).ok());
        let slots = volatile.or_else(|| self.dir.slots(&name).ok())?;
        Some(IssuedLog::new(slots))
    }

    /// Where the session is, to name it to a person.
    pub(crate) fn session_path(&self) -> PathBuf {
        self.dir.path_of(&self.file(self.form()))
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
    /// A directory, a device, or far too much for a session.
    NoFile,
}

const NO_FILE: &str = "it is no file that could be a session";

fn loaded(record: Result<Record, &'static str>) -> Loaded {
    match record {
        Ok(record) => Loaded::Session(Box::new(record)),
        Err(reason) => Loaded::Corrupt(reason),
    }
}
