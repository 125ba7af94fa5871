//! Where a session goes when it is stored, and that it is in one place only.
//!
//! Owns the choice between a plain and a sealed file. Asks for the keyring before anybody signs in, so that nobody does in vain.

use super::sealed::{self, Binding};
use super::{Error, Found, Identity, Locked, Record};
use crate::files;
use crate::keyring;
use crate::secret::SecretKey;
use crate::settings::Storage;

/// A place for a session.
#[derive(Debug)]
pub(crate) enum Place {
    /// A plain file that only its owner can read.
    Disk,
    /// A plain file, since there is no keyring to be had; why.
    DiskInstead(keyring::Error),
    /// A sealed file, and the key to it, which is in the keyring.
    Sealed(SecretKey),
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

    /// A key that is at hand counts only with a session that it opens: the keyring may have another one by now, or none.
    fn sealed_place(&self, identity: &Identity) -> Result<Place, Error> {
        let store = self.store;
        let name = store.key.to_string();
        let file = store.dir.read(&store.key.sealed_file()).ok().flatten();
        if let (Some(file), Some(key)) = (file, keyring::at_hand(&name))
            && store.unseal(&file, &key, identity).is_ok()
        {
            return Ok(Place::Sealed(key));
        }
        if let Some(key) = keyring::read(&name)? {
            return Ok(Place::Sealed(key));
        }
        let key = sealed::new_key().ok_or(Error::NoRandomness)?;
        keyring::write(&name, &key)?;
        Ok(Place::Sealed(key))
    }

    /// Reads the session once more. One that lies open though it is to be sealed is taken in first.
    pub(crate) fn load(&self, identity: &Identity) -> Result<Found, Error> {
        let found = self.store.load(identity)?;
        if let (Found::Nothing, Storage::Keyring) = (&found, self.store.storage)
            && let Found::Session(record) = self.store.load_plain(identity)?
        {
            self.save(&record, &self.place(identity)?)?;
            return Ok(Found::Session(record));
        }
        Ok(found)
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
                let file = sealed::seal(&record.to_json(), key, &binding).ok_or(Error::NoRandomness)?;
                let is_ours = |bytes: &[u8]| store.unseal(bytes, key, &record.identity).is_ok();
                self.replace(&store.key.sealed_file(), &file, is_ours)?;
                // It is here now, and in one place only: two that spend one rotating refresh token end the session.
                Ok(store.dir.remove(&store.key.session_file())?)
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
