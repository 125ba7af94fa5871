//! Where a session goes when it is stored, and that it is in one place only.
//!
//! Owns the choice between a plain and a sealed file. Asks for the keyring before anybody signs in, so that nobody does in vain.

use std::convert::Infallible;

use super::sealed::{Binding, NamedKey, Sealed, seal};
use super::{Error, Found, Identity, Locked, Record};
use crate::files;
use crate::keyring;
use crate::settings::Storage;

/// A place for a session.
#[derive(Debug)]
pub(crate) enum Place {
    /// A plain file that only its owner can read.
    Disk,
    /// A plain file, since there is no keyring to be had; why.
    DiskInstead(keyring::Error),
    /// A sealed file, and the key to it, which is in the keyring.
    Sealed(NamedKey),
}

impl Locked<'_> {
    /// Decides where the session is to be stored. A key is made where there is none yet.
    ///
    /// # Errors
    /// When it has to be the keyring, and that cannot be used.
    pub(crate) fn place(&self, identity: &Identity) -> Result<Place, Error> {
        let there = |name: String| self.store.dir.has(&name);
        match self.store.storage {
            Storage::Disk => Ok(Place::Disk),
            Storage::Keyring => self.sealed_place(identity),
            Storage::Auto if there(self.store.key.sealed_file()) => self.sealed_place(identity),
            // Decided when it began: a keyring that comes and goes must not scatter sessions.
            Storage::Auto if there(self.store.key.session_file()) => Ok(Place::Disk),
            Storage::Auto => match self.sealed_place(identity) {
                Err(Error::Keyring(error)) => Ok(Place::DiskInstead(error)),
                place => place,
            },
        }
    }

    /// The key of the sealed session that is there goes on; else a new one is made, under a name of its own.
    fn sealed_place(&self, identity: &Identity) -> Result<Place, Error> {
        let store = self.store;
        if let Ok(Some(file)) = store.dir.read(&store.key.sealed_file())
            && let Ok(sealed) = Sealed::parse(&file)
        {
            let opens = |key: &NamedKey| store.unseal(&sealed, key, identity).is_ok();
            let Ok(at_hand) = NamedKey::of(&sealed, |name| Ok::<_, Infallible>(keyring::at_hand(name)));
            if let Some(key) = at_hand.filter(opens) {
                return Ok(Place::Sealed(key));
            }
            if let Some(key) = NamedKey::of(&sealed, keyring::read)?.filter(opens) {
                return Ok(Place::Sealed(key));
            }
        }
        let key = NamedKey::make().ok_or(Error::NoRandomness)?;
        keyring::write(&key.name(), key.key())?;
        Ok(Place::Sealed(key))
    }

    /// Reads the session once more. One that lies open though it is to be sealed is taken in first, so that it is in one place only:
    /// two that spend one rotating refresh token end the session.
    pub(crate) fn load(&self, identity: &Identity) -> Result<Found, Error> {
        let found = self.store.load(identity)?;
        if let (Found::Nothing, Storage::Keyring) = (&found, self.store.storage)
            && let Found::Session(record) = self.store.load_plain(identity)?
        {
            let place = self.place(identity)?;
            // A disk that is full leaves it where it is, and good.
            if self.save(&record, &place).is_ok() {
                self.store.dir.remove(&self.store.key.session_file())?;
            }
            return Ok(Found::Session(record));
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
    pub(crate) fn save(&self, record: &Record, place: &Place) -> Result<(), Error> {
        let store = self.store;
        match place {
            Place::Disk | Place::DiskInstead(_) => {
                let is_ours = |bytes: &[u8]| Record::parse(bytes, &record.identity).is_ok();
                Ok(self.replace(&store.key.session_file(), &record.to_json(), is_ours)?)
            }
            Place::Sealed(key) => {
                let binding = Binding {
                    key: &store.key,
                    identity: &record.identity,
                };
                let file = seal(&record.to_json(), key, &binding).ok_or(Error::NoRandomness)?;
                let is_ours = |bytes: &[u8]| {
                    Sealed::parse(bytes)
                        .is_ok_and(|sealed| store.unseal(&sealed, key, &record.identity).is_ok())
                };
                Ok(self.replace(&store.key.sealed_file(), &file, is_ours)?)
            }
        }
    }

    fn replace(&self, name: &str, bytes: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Result<(), files::Error> {
        let dir = &self.store.dir;
        if let Ok(Some(old)) = dir.read(name)
            && !old.is_empty()
            && !is_ours(&old)
        {
            dir.set_aside(name)?;
        }
        dir.sweep(name);
        dir.replace(name, bytes)
    }
}
