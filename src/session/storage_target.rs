//! Where a session goes when it is stored, and that it is in one place only.
//!
//! Owns the choice between a plain and a sealed file. Asks for the keyring before anybody signs in, so that nobody does in vain.

use std::convert::Infallible;

use super::sealed::{Binding, Sealed, WrappingKey, seal};
use super::sealed_mark::PLAIN_REPLACES_SEALED;
use super::store::Form;
use super::{Error, FileKind, Loaded, Locked, Record};
use crate::files::{self, Reserved};
use crate::keyring;
use crate::settings::Storage;

/// A refreshed session may be larger than the one before by so many bytes: a person is in more groups.
const GROWTH: usize = 4 * 1024;

/// A place for a session.
#[derive(Debug)]
pub(crate) enum StorageTarget {
    /// A plain file that only its owner can read.
    Disk,
    /// A plain file, since there is no keyring to be had.
    DiskFallback {
        error: keyring::Error,
        /// The session before it, which is gone, was sealed.
        was_sealed: bool,
    },
    /// A sealed file, and the key to it, which is in the keyring.
    Sealed(WrappingKey),
}

impl StorageTarget {
    fn form(&self) -> Form {
        match self {
            Self::Disk | Self::DiskFallback { .. } => Form::Plain,
            Self::Sealed(_) => Form::Sealed,
        }
    }
}

impl Locked<'_> {
    /// Decides where the session is to be stored. A key is made where there is none yet.
    ///
    /// # Errors
    /// When it has to be the keyring, and that cannot be used.
    pub(crate) fn target(&self) -> Result<StorageTarget, Error> {
        let there = |name: String| self.store.dir.has(&name);
        let was_sealed = || self.store.sealed_mark().is_cached();
        match self.store.storage {
            Storage::Disk => Ok(StorageTarget::Disk),
            Storage::Keyring => self.sealed_target(),
            Storage::Auto if there(self.store.key.file(FileKind::SealedSession)) => self.sealed_target(),
            Storage::Auto if there(self.store.key.file(FileKind::Session)) => {
                if was_sealed() {
                    // Anybody could have put it there, and it is not used.
                    return self.sealed_target().map_err(|error| match error {
                        Error::Keyring(keyring) => Error::PlainInPlace {
                            plain: self.store.dir.path_of(&self.store.key.file(FileKind::Session)),
                            keyring,
                        },
                        error => error,
                    });
                }
                // Decided when it began: a keyring that comes and goes must not scatter sessions.
                Ok(StorageTarget::Disk)
            }
            Storage::Auto => match self.sealed_target() {
                Err(Error::Keyring(error)) => Ok(StorageTarget::DiskFallback {
                    error,
                    was_sealed: was_sealed(),
                }),
                target => target,
            },
        }
    }

    /// The key of the sealed session that is there goes on; else a new one is made, under a name of its own.
    fn sealed_target(&self) -> Result<StorageTarget, Error> {
        let store = self.store;
        let file = match store.dir.read(&store.key.file(FileKind::SealedSession)) {
            // It may be good, and its key go on.
            Err(error) if error.is_temporary() => return Err(error.into()),
            file => file.ok().flatten(),
        };
        if let Some(file) = file
            && let Ok(sealed) = Sealed::parse(&file)
        {
            let opens = |key: &WrappingKey| store.unseal(&sealed, key).is_ok();
            let Ok(cached_key) =
                WrappingKey::find(&sealed, |name| Ok::<_, Infallible>(keyring::cached_key(name)));
            if let Some(key) = cached_key.filter(opens) {
                return Ok(StorageTarget::Sealed(key));
            }
            if let Some(key) = WrappingKey::find(&sealed, keyring::read)?.filter(opens) {
                return Ok(StorageTarget::Sealed(key));
            }
        }
        let key = WrappingKey::generate().ok_or(Error::NoRandomness)?;
        keyring::write(&key.name(), key.key())?;
        Ok(StorageTarget::Sealed(key))
    }

    /// Reads the session once more. One that lies open though it is to be sealed is taken in first, so that it is in one place only:
    /// two that spend one rotating refresh token end the session. Not in place of one that was sealed: anybody could have put it there.
    pub(crate) fn load(&self) -> Result<Loaded, Error> {
        let (found, form) = self.store.load_with_form()?;
        if let Loaded::Session(_) = found {
            self.known.add(form);
        }
        match (self.store.storage, &found) {
            (Storage::Keyring, Loaded::Nothing) => self.take_in(),
            (Storage::Keyring, Loaded::Session(sealed)) => {
                self.remove_plain_copy(sealed);
                Ok(found)
            }
            _ => Ok(found),
        }
    }

    /// Seals the session that lies open, if there is one.
    fn take_in(&self) -> Result<Loaded, Error> {
        let store = self.store;
        let Loaded::Session(record) = store.load_plain()? else {
            return Ok(Loaded::Nothing);
        };
        if store.sealed_mark().is_set()? {
            return Ok(Loaded::Corrupt(PLAIN_REPLACES_SEALED));
        }
        let target = self.target()?;
        if self.save(&record, &target, None).is_ok() {
            store.dir.remove(&store.key.file(FileKind::Session))?;
        } else if let StorageTarget::Sealed(key) = &target
            && !store.dir.has(&store.key.file(FileKind::SealedSession))
        {
            // A disk that is full leaves the session where it is, and good. The key was new, and opens nothing.
            keyring::forget_cached_key(&key.name());
            let _failed = keyring::remove(&key.name());
        }
        Ok(Loaded::Session(record))
    }

    /// Whoever was killed after the session was sealed left it open, too.
    fn remove_plain_copy(&self, sealed: &Record) {
        if let Ok(Loaded::Session(plain)) = self.store.load_plain()
            && *plain == *sealed
        {
            drop(self.store.dir.remove(&self.store.key.file(FileKind::Session)));
        }
    }

    /// Makes sure that there is room for a session, before anybody signs in for one.
    ///
    /// # Errors
    /// When nothing can be written here.
    pub(crate) fn try_to_write(&self) -> Result<(), Error> {
        const LARGEST_USUAL: usize = 32 * 1024;
        let name = self.store.key.file(FileKind::Session);
        Ok(self.store.dir.try_to_write(&name, LARGEST_USUAL)?)
    }

    /// Makes sure that what a refresh of this session brings can be stored durably, before its refresh token is spent.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) fn reserve(&self, record: &Record, target: &StorageTarget) -> Result<Reserved, Error> {
        let bytes = self.content_of(record, target)?;
        let name = self.store.file(target.form());
        self.store.dir.remove_stale_temporaries(&name);
        Ok(self.store.dir.reserve(&name, &bytes, GROWTH)?)
    }

    /// Stores the session, durably, in what was reserved for it if that is given.
    ///
    /// What is in the way and is no session of ours (cut, sealed with a lost key, or of a newer kubesesame) is put aside, not lost.
    pub(crate) fn save(
        &self,
        record: &Record,
        target: &StorageTarget,
        reserved: Option<Reserved>,
    ) -> Result<(), Error> {
        let store = self.store;
        let bytes = self.content_of(record, target)?;
        let is_ours = |bytes: &[u8]| match target {
            StorageTarget::Disk | StorageTarget::DiskFallback { .. } => {
                Record::parse(bytes, &record.identity).is_ok()
            }
            StorageTarget::Sealed(key) => {
                Sealed::parse(bytes).is_ok_and(|sealed| store.unseal(&sealed, key).is_ok())
            }
        };
        if let StorageTarget::DiskFallback { was_sealed: true, .. } = target {
            // First: a plain file beside the mark would be refused.
            store.sealed_mark().forget_cached();
        }
        self.replace(target.form(), &bytes, is_ours, reserved)?;
        self.known.add(target.form());
        if let StorageTarget::Sealed(_) = target {
            store.sealed_mark().ensure();
        }
        Ok(())
    }

    /// The content of the file.
    fn content_of(&self, record: &Record, target: &StorageTarget) -> Result<Vec<u8>, Error> {
        match target {
            StorageTarget::Disk | StorageTarget::DiskFallback { .. } => Ok(record.to_json()?),
            StorageTarget::Sealed(with) => {
                let binding = Binding {
                    key: &self.store.key,
                    identity: &record.identity,
                };
                seal(&record.to_json()?, with, &binding).ok_or(Error::NoRandomness)
            }
        }
    }

    /// Removes a session that is stored elsewhere by now. Best effort: whoever reads it compares.
    pub(crate) fn remove_session(&self) {
        drop(self.store.dir.remove(&self.store.key.file(FileKind::Session)));
    }

    /// Quarantines a plain file that contains no valid session. An error is ignored: the next write quarantines the file too.
    pub(crate) fn quarantine_corrupt(&self) {
        drop(self.store.dir.quarantine(&self.store.key.file(FileKind::Session)));
    }

    /// Puts the file of a session that the provider has ended out of the way, so that it is not read again. Best effort: what stays is refused
    /// once more.
    ///
    /// A session in the other form is that of an entry with another storage, and may be good. Unless it is the same: a plain one that was to be
    /// sealed and could not be.
    pub(crate) fn quarantine(&self, ended: &Record) {
        let store = self.store;
        let is_same = |plain: &Record| plain.refresh_token == ended.refresh_token;
        let form = store.form();
        let mut forms = vec![form];
        if form == Form::Sealed && matches!(store.load_plain(), Ok(Loaded::Session(plain)) if is_same(&plain))
        {
            forms.push(Form::Plain);
        }
        for name in forms.into_iter().map(|form| store.file(form)) {
            if store.dir.has(&name) {
                drop(store.dir.quarantine(&name));
            }
        }
    }

    fn replace(
        &self,
        form: Form,
        bytes: &[u8],
        is_ours: impl Fn(&[u8]) -> bool,
        mut reserved: Option<Reserved>,
    ) -> Result<(), files::Error> {
        let (dir, name) = (&self.store.dir, &self.store.file(form));
        reserved.iter_mut().for_each(Reserved::free_descriptor);
        match dir.read(name) {
            Ok(Some(old)) if !old.is_empty() && !is_ours(&old) => dir.quarantine(name)?,
            // A session that nobody has read stays. What was read is replaced whatever is the matter with it now: the refresh token in it is
            // spent.
            Err(error) if error.is_temporary() && !self.known.has(form) => return Err(error),
            Err(error) if error.is_temporary() => {}
            // A directory, a device, or too much for a session.
            Err(_) => dir.quarantine(name)?,
            _ => {}
        }
        if let Some(reserved) = reserved
            && dir.replace_reserved(reserved, bytes).is_ok()
        {
            return Ok(());
        }
        dir.remove_stale_temporaries(name);
        dir.replace(name, bytes)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::secret::Secret;
    use crate::session::{Identity, Key, Store, sample_record};

    struct Home {
        dir: TempDir,
        ended: Record,
    }

    impl Home {
        fn new() -> Self {
            let mut ended = sample_record(0, 3600);
            ended.refresh_token = Some(Secret::new("ended"));
            Self {
                dir: tempfile::tempdir().unwrap(),
                ended,
            }
        }

        fn store(&self, storage: Storage) -> Store {
            let Identity {
                issuer, client_id, ..
            } = &self.ended.identity;
            let key = Key::new(issuer, client_id, [], &[], None, &[]);
            let path = self.dir.path().join("sessions");
            Store::create(&path, key, self.ended.identity.clone(), storage).unwrap()
        }
    }

    /// Which file is put aside: never the good session of an entry with another storage.
    #[test]
    fn what_has_ended_is_put_aside_and_nothing_else() {
        const PLAIN: Form = Form::Plain;
        const SEALED: Form = Form::Sealed;
        let cases: [(Storage, &[Form], &str, &[Form]); 8] = [
            (Storage::Disk, &[PLAIN], "ended", &[]),
            (Storage::Disk, &[PLAIN, SEALED], "ended", &[SEALED]),
            (Storage::Disk, &[SEALED], "none", &[SEALED]),
            (Storage::Keyring, &[PLAIN, SEALED], "another", &[PLAIN]),
            (Storage::Keyring, &[PLAIN, SEALED], "ended", &[]),
            (Storage::Keyring, &[PLAIN], "ended", &[]),
            (Storage::Auto, &[PLAIN, SEALED], "another", &[PLAIN]),
            (Storage::Auto, &[PLAIN], "ended", &[]),
        ];
        for (storage, there, plain_token, left) in cases {
            let home = Home::new();
            let store = home.store(storage);
            let mut plain = home.ended.clone();
            plain.refresh_token = Some(Secret::new(plain_token));
            for form in there {
                let content = match form {
                    Form::Plain => plain.to_json().unwrap(),
                    Form::Sealed => b"sealed".to_vec(),
                };
                store.dir.replace(&store.file(*form), &content).unwrap();
            }
            store.try_lock().unwrap().unwrap().quarantine(&home.ended);
            let is_left = |form: &Form| store.dir.has(&store.file(*form));
            let found: Vec<Form> = [PLAIN, SEALED].into_iter().filter(is_left).collect();
            assert_eq!(found, left, "{storage:?} {there:?} {plain_token}");
            let names = store.dir.names().unwrap();
            let aside = names.iter().filter(|name| name.ends_with(".quarantined"));
            assert_eq!(aside.count(), there.len() - left.len(), "nothing is lost");
        }
    }
}
