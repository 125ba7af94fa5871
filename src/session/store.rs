//! The files of a session: a plain one, or one that is sealed with a key of the OS keyring.
//!
//! Owns reading. Reading takes no lock, since files are always replaced as a whole. It asks the keyring only for a sealed file whose key is
//! not in the kernel's cache.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::sealed::{Binding, Sealed, WrappingKey};
use super::sealed_mark::{PLAIN_REPLACES_SEALED, SealedMark};
use super::{Error, FileKind, Identity, Key, LoginFailures, ProviderOutage, Record, Versioned};
use crate::files::PrivateDir;
use crate::keyring;
use crate::settings::Storage;

/// The result of reading a session.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// Boxed, since the other variants are small.
    Session(Box<Record>),
    Nothing,
    /// There is a file that cannot be used. The text says why.
    Corrupt(&'static str),
}

/// The form of a session's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileForm {
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
    pub(crate) fn new(dir: PrivateDir, key: Key, identity: Identity, storage: Storage) -> Self {
        Self {
            dir,
            key,
            identity,
            storage,
        }
    }

    /// Opens an existing directory. `None` if it does not exist.
    pub(crate) fn open(
        dir: &Path,
        key: Key,
        identity: Identity,
        storage: Storage,
    ) -> Result<Option<Self>, Error> {
        Ok(PrivateDir::open(dir)?.map(|dir| Self::new(dir, key, identity, storage)))
    }

    /// Opens the directory, and makes it if it does not exist.
    pub(crate) fn create(dir: &Path, key: Key, identity: Identity, storage: Storage) -> Result<Self, Error> {
        Ok(Self::new(PrivateDir::create(dir)?, key, identity, storage))
    }

    /// Reads the session without a lock.
    ///
    /// # Errors
    /// When another user may have made the file, when it cannot be read at the moment, or when the keyring is needed and fails.
    pub(crate) fn load(&self) -> Result<Loaded, Error> {
        Ok(self.load_with_form()?.0)
    }

    /// As [`Self::load`], with the form of the file that was read.
    pub(super) fn load_with_form(&self) -> Result<(Loaded, FileForm), Error> {
        let plain = |found| (found, FileForm::Plain);
        match self.storage {
            Storage::Disk => self.load_plain().map(plain),
            Storage::Keyring => Ok((self.load_sealed()?, FileForm::Sealed)),
            Storage::Auto => match self.load_sealed()? {
                Loaded::Nothing => Ok(plain(match self.load_plain()? {
                    Loaded::Session(_) if self.sealed_mark().is_cached() => {
                        Loaded::Corrupt(PLAIN_REPLACES_SEALED)
                    }
                    found => found,
                })),
                found => Ok((found, FileForm::Sealed)),
            },
        }
    }

    pub(super) fn file(&self, form: FileForm) -> String {
        match form {
            FileForm::Plain => self.key.file(FileKind::Session),
            FileForm::Sealed => self.key.file(FileKind::SealedSession),
        }
    }

    pub(super) fn sealed_mark(&self) -> SealedMark {
        SealedMark::new(&self.dir, &self.key.to_string())
    }

    pub(super) fn load_plain(&self) -> Result<Loaded, Error> {
        load_plain_file(&self.dir, &self.key.file(FileKind::Session), |bytes| {
            Record::parse(bytes, &self.identity)
        })
    }

    fn load_sealed(&self) -> Result<Loaded, Error> {
        self.load_sealed_file(&self.key.file(FileKind::SealedSession))
    }

    pub(super) fn load_sealed_file(&self, name: &str) -> Result<Loaded, Error> {
        let file = match read(&self.dir, name)? {
            FileContent::Found(file) => file,
            FileContent::Missing => return Ok(Loaded::Nothing),
            FileContent::NotASession => return Ok(Loaded::Corrupt(NOT_A_SESSION)),
        };
        let sealed = match Sealed::parse(&file) {
            Ok(sealed) => sealed,
            Err(reason) => return Ok(Loaded::Corrupt(reason)),
        };
        let Ok(cached_key) =
            WrappingKey::find(&sealed, |name| Ok::<_, Infallible>(keyring::cached_key(name)));
        if let Some(key) = cached_key
            && let Ok(record) = self.unseal(&sealed, &key)
        {
            return Ok(Loaded::Session(Box::new(record)));
        }
        Ok(match WrappingKey::find(&sealed, keyring::read)? {
            Some(key) => {
                self.cache_mark(&key);
                loaded(self.unseal(&sealed, &key))
            }
            None => Loaded::Corrupt("its key is not in the OS keyring"),
        })
    }

    /// Caches the mark in the kernel if the key is cached there, so that a refresh does not ask the keyring for the mark.
    fn cache_mark(&self, key: &WrappingKey) {
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

    /// Returns the failed logins.
    pub(crate) fn login_failures(&self) -> LoginFailures {
        let bytes = self.dir.read(&self.key.file(FileKind::LoginFailures));
        bytes
            .ok()
            .flatten()
            .and_then(|bytes| Versioned::parse(&bytes))
            .unwrap_or_default()
    }

    /// Returns how the provider failed last.
    pub(crate) fn outage(&self) -> Option<ProviderOutage> {
        let bytes = self.dir.read(&self.key.file(FileKind::Outage)).ok().flatten()?;
        Versioned::parse(&bytes)
    }

    /// Whether there is a file of the session, with any content.
    pub(crate) fn has_session(&self) -> bool {
        [
            self.key.file(FileKind::Session),
            self.key.file(FileKind::SealedSession),
        ]
        .iter()
        .any(|name| self.dir.has(name))
    }

    /// Whether a record was put aside because it could not be used.
    pub(crate) fn has_quarantined(&self) -> bool {
        [FileKind::QuarantinedSession, FileKind::QuarantinedSealedSession]
            .into_iter()
            .any(|kind| self.dir.has(&self.key.file(kind)))
    }

    /// Writes a file that is as private as the session's, for another program. It is removed when the value is dropped, or with the session.
    pub(crate) fn write_temporary(&self, bytes: &[u8]) -> io::Result<TempPath> {
        self.dir.write_temporary(&self.key.file(FileKind::Session), bytes)
    }

    /// Whether there is a plain file of a session in a directory, which may be unusable.
    ///
    /// # Errors
    /// If it cannot be determined whether the file exists.
    pub(crate) fn is_plain_in(dir: &Path, key: &Key) -> Result<bool, Error> {
        Ok(PrivateDir::has_in(dir, &key.file(FileKind::Session))?)
    }

    /// Like [`Self::is_plain_in`], for the directory of this store.
    pub(crate) fn has_plain(&self) -> Result<bool, Error> {
        Self::is_plain_in(self.dir.path(), &self.key)
    }

    /// Removes the session if `by`, a record in another directory, is as late. Best effort: an older record is never used. A session in the
    /// other form stays, since a user of the kubeconfig with another storage setting may need it.
    pub(crate) fn remove_superseded(&self, by: &Record) {
        if let Ok(Some(_locked)) = self.try_lock()
            && let Ok((Loaded::Session(old), form)) = self.load_with_form()
            && by.is_as_late_as(&old)
        {
            drop(self.dir.remove(&self.file(form)));
        }
    }

    /// The form in which the session is stored, or the form that is used if there is none.
    pub(super) fn form(&self) -> FileForm {
        match self.storage {
            Storage::Keyring => FileForm::Sealed,
            Storage::Auto if self.dir.has(&self.key.file(FileKind::SealedSession)) => FileForm::Sealed,
            Storage::Auto | Storage::Disk => FileForm::Plain,
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn storage(&self) -> Storage {
        self.storage
    }

    /// The path of the session, for messages.
    pub(crate) fn session_path(&self) -> PathBuf {
        self.dir.path_of(&self.file(self.form()))
    }

    /// The directory, which also contains the provider's documents.
    pub(crate) fn dir(&self) -> &PrivateDir {
        &self.dir
    }
}

/// The result of reading a file.
enum FileContent {
    Found(Vec<u8>),
    Missing,
    /// A directory, a device, or a file that is too large for a session.
    NotASession,
}

/// Reads a plain file, whose record `parse` reads.
///
/// # Errors
/// When another user may have made the file, or when it cannot be read at the moment.
pub(super) fn load_plain_file(
    dir: &PrivateDir,
    name: &str,
    parse: impl FnOnce(&[u8]) -> Result<Record, &'static str>,
) -> Result<Loaded, Error> {
    Ok(match read(dir, name)? {
        FileContent::Found(bytes) => loaded(parse(&bytes)),
        FileContent::Missing => Loaded::Nothing,
        FileContent::NotASession => Loaded::Corrupt(NOT_A_SESSION),
    })
}

fn read(dir: &PrivateDir, name: &str) -> Result<FileContent, Error> {
    match dir.read(name) {
        Ok(Some(bytes)) => Ok(FileContent::Found(bytes)),
        Ok(None) => Ok(FileContent::Missing),
        // The error may be temporary, so the session does not count as corrupt.
        Err(error) if error.is_temporary() => Err(error.into()),
        Err(error) if error.is_unavailable() => Ok(FileContent::NotASession),
        Err(error) => Err(error.into()),
    }
}

const NOT_A_SESSION: &str = "it is no file that could be a session";

fn loaded(record: Result<Record, &'static str>) -> Loaded {
    match record {
        Ok(record) => Loaded::Session(Box::new(record)),
        Err(reason) => Loaded::Corrupt(reason),
    }
}
