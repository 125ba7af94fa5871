//! Where a session goes when it is stored, and that it is in one place only.
//!
//! Owns the choice between a plain and a sealed file. Asks for the keyring before anybody signs in, so that nobody does in vain.

use std::convert::Infallible;

use super::sealed::{Binding, NamedKey, Sealed, seal};
use super::{Error, Loaded, Locked, Record};
use crate::files;
use crate::keyring;
use crate::settings::Storage;

/// A place for a session.
#[derive(Debug)]
pub(crate) enum StorageTarget {
    /// A plain file that only its owner can read.
    Disk,
    /// A plain file, since there is no keyring to be had; why.
    DiskFallback(keyring::Error),
    /// A sealed file, and the key to it, which is in the keyring.
    Sealed(NamedKey),
}

impl Locked<'_> {
    /// Decides where the session is to be stored. A key is made where there is none yet.
    ///
    /// # Errors
    /// When it has to be the keyring, and that cannot be used.
    pub(crate) fn target(&self) -> Result<StorageTarget, Error> {
        let there = |name: String| self.store.dir.has(&name);
        match self.store.storage {
            Storage::Disk => Ok(StorageTarget::Disk),
            Storage::Keyring => self.sealed_target(),
            Storage::Auto if there(self.store.key.sealed_file()) => self.sealed_target(),
            // Decided when it began: a keyring that comes and goes must not scatter sessions.
            Storage::Auto if there(self.store.key.session_file()) => Ok(StorageTarget::Disk),
            Storage::Auto => match self.sealed_target() {
                Err(Error::Keyring(error)) => Ok(StorageTarget::DiskFallback(error)),
                target => target,
            },
        }
    }

    /// The key of the sealed session that is there goes on; else a new one is made, under a name of its own.
    fn sealed_target(&self) -> Result<StorageTarget, Error> {
        let store = self.store;
        if let Ok(Some(file)) = store.dir.read(&store.key.sealed_file())
            && let Ok(sealed) = Sealed::parse(&file)
        {
            let opens = |key: &NamedKey| store.unseal(&sealed, key).is_ok();
            let Ok(at_hand) = NamedKey::of(&sealed, |name| Ok::<_, Infallible>(keyring::at_hand(name)));
            if let Some(key) = at_hand.filter(opens) {
                return Ok(StorageTarget::Sealed(key));
            }
            if let Some(key) = NamedKey::of(&sealed, keyring::read)?.filter(opens) {
                return Ok(StorageTarget::Sealed(key));
            }
        }
        let key = NamedKey::make().ok_or(Error::NoRandomness)?;
        keyring::write(&key.name(), key.key())?;
        Ok(StorageTarget::Sealed(key))
    }

    /// Reads the session once more. One that lies open though it is to be sealed is taken in first, so that it is in one place only:
    /// two that spend one rotating refresh token end the session.
    pub(crate) fn load(&self) -> Result<Loaded, Error> {
        let found = self.store.load()?;
        if let (Loaded::Nothing, Storage::Keyring) = (&found, self.store.storage)
            && let Loaded::Session(record) = self.store.load_plain()?
        {
            let target = self.target()?;
            // A disk that is full leaves it where it is, and good.
            if self.save(&record, &target).is_ok() {
                self.store.dir.remove(&self.store.key.session_file())?;
            }
            return Ok(Loaded::Session(record));
        }
        Ok(found)
    }

    /// Makes sure that there is room for a session, before anybody signs in for one.
    ///
    /// # Errors
    /// When nothing can be written here.
    pub(crate) fn try_to_write(&self) -> Result<(), Error> {
        const LARGEST_USUAL: usize = 32 * 1024;
        let name = self.store.key.session_file();
        Ok(self.store.dir.try_to_write(&name, LARGEST_USUAL)?)
    }

    /// Stores the session, durably.
    ///
    /// What is in the way and is no session of ours (cut, sealed with a lost key, or of a newer kubesesame) is put aside, not lost.
    pub(crate) fn save(&self, record: &Record, target: &StorageTarget) -> Result<(), Error> {
        let store = self.store;
        match target {
            StorageTarget::Disk | StorageTarget::DiskFallback(_) => {
                let is_ours = |bytes: &[u8]| Record::parse(bytes, &record.identity).is_ok();
                Ok(self.replace(&store.key.session_file(), &record.to_json()?, is_ours)?)
            }
            StorageTarget::Sealed(key) => {
                let binding = Binding {
                    key: &store.key,
                    identity: &record.identity,
                };
                let file = seal(&record.to_json()?, key, &binding).ok_or(Error::NoRandomness)?;
                let is_ours = |bytes: &[u8]| {
                    Sealed::parse(bytes).is_ok_and(|sealed| store.unseal(&sealed, key).is_ok())
                };
                Ok(self.replace(&store.key.sealed_file(), &file, is_ours)?)
            }
        }
    }

    /// Puts the session's file out of the way, so that it is not read again. Best effort: what stays is refused once more.
    pub(crate) fn quarantine(&self) {
        let key = &self.store.key;
        for name in [key.session_file(), key.sealed_file()] {
            if self.store.dir.has(&name) {
                drop(self.store.dir.quarantine(&name));
            }
        }
    }

    fn replace(&self, name: &str, bytes: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Result<(), files::Error> {
        let dir = &self.store.dir;
        match dir.read(name) {
            Ok(Some(old)) if !old.is_empty() && !is_ours(&old) => dir.quarantine(name)?,
            // A directory, a device, too much for a session, or what cannot be read now and may be good.
            Err(_) => dir.quarantine(name)?,
            _ => {}
        }
        dir.remove_stale_temporaries(name);
        dir.replace(name, bytes)
    }
}
