//! Stores a session in a plain or in a sealed file, and keeps it in only one of them.
//!
//! Owns the choice between the two. Uses the keyring before a login, so that no person signs in for a session that cannot be stored.

use std::convert::Infallible;

use super::sealed::{Binding, Sealed, WrappingKey, seal};
use super::sealed_mark::PLAIN_REPLACES_SEALED;
use super::store::FileForm;
use super::{Error, FileKind, Loaded, LockedStore, Record};
use crate::files::{self, Reserved};
use crate::keyring;
use crate::settings::Storage;

/// By how much a refreshed session may be larger than the previous one: the person may be in more groups.
const MAX_GROWTH_BYTES: usize = 4 * 1024;

/// Where a session is stored.
#[derive(Debug)]
pub(crate) enum StorageTarget {
    /// A plain file that only its owner can read.
    Disk,
    /// A plain file, because no keyring is available.
    DiskFallback {
        error: keyring::Error,
        /// The previous session, which no longer exists, was sealed.
        was_sealed: bool,
    },
    /// A sealed file, and its key, which is in the keyring.
    Sealed(WrappingKey),
}

impl StorageTarget {
    fn form(&self) -> FileForm {
        match self {
            Self::Disk | Self::DiskFallback { .. } => FileForm::Plain,
            Self::Sealed(_) => FileForm::Sealed,
        }
    }
}

impl LockedStore<'_> {
    /// Decides where the session is to be stored. Generates a key if there is none yet.
    ///
    /// # Errors
    /// If the session must be sealed, and the keyring cannot be used.
    pub(crate) fn target(&self) -> Result<StorageTarget, Error> {
        let exists = |name: String| self.store.dir.has(&name);
        let was_sealed = || self.store.sealed_mark().is_cached();
        match self.store.storage {
            Storage::Disk => Ok(StorageTarget::Disk),
            Storage::Keyring => self.sealed_target(),
            Storage::Auto if exists(self.store.key.file(FileKind::SealedSession)) => self.sealed_target(),
            Storage::Auto if exists(self.store.key.file(FileKind::Session)) => {
                if was_sealed() {
                    // The plain file is not used, because another program may have created it.
                    return self.sealed_target().map_err(|error| match error {
                        Error::Keyring(keyring) => Error::PlainInPlace {
                            plain: self.store.dir.path_of(&self.store.key.file(FileKind::Session)),
                            keyring,
                        },
                        error => error,
                    });
                }
                // An existing session stays in its form, so that a keyring that is only sometimes available does not cause two sessions.
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

    /// Returns the key of the existing sealed session, or else a new key with a new name.
    fn sealed_target(&self) -> Result<StorageTarget, Error> {
        let store = self.store;
        let file = match store.dir.read(&store.key.file(FileKind::SealedSession)) {
            // The file may be valid, so its key must not be replaced.
            Err(error) if error.is_temporary() => return Err(error.into()),
            file => file.ok().flatten(),
        };
        if let Some(file) = file
            && let Ok(sealed) = Sealed::parse(&file)
        {
            let is_key = |key: &WrappingKey| store.unseal(&sealed, key).is_ok();
            let Ok(cached_key) =
                WrappingKey::find(&sealed, |name| Ok::<_, Infallible>(keyring::cached_key(name)));
            if let Some(key) = cached_key.filter(is_key) {
                return Ok(StorageTarget::Sealed(key));
            }
            if let Some(key) = WrappingKey::find(&sealed, keyring::read)?.filter(is_key) {
                return Ok(StorageTarget::Sealed(key));
            }
        }
        let key = WrappingKey::generate().ok_or(Error::NoRandomness)?;
        keyring::write(&key.name(), key.key())?;
        Ok(StorageTarget::Sealed(key))
    }

    /// Reads the session again. If it should be sealed and is in a plain file, seals it first, so that it is in only one file: two uses of
    /// the same rotating refresh token would end the session. A plain file that replaces a sealed one is not sealed, because another
    /// program may have created it.
    pub(crate) fn load(&self) -> Result<Loaded, Error> {
        let (found, form) = self.store.load_with_form()?;
        if let Loaded::Session(_) = found {
            self.known.add(form);
        }
        match (self.store.storage, &found) {
            (Storage::Keyring, Loaded::Nothing) => self.seal_plain(),
            (Storage::Keyring, Loaded::Session(sealed)) => {
                self.remove_plain_copy(sealed);
                Ok(found)
            }
            (Storage::Keyring, Loaded::Corrupt(_)) | (Storage::Disk | Storage::Auto, _) => Ok(found),
        }
    }

    /// Seals the session in the plain file, if there is one.
    fn seal_plain(&self) -> Result<Loaded, Error> {
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
            // The session could not be sealed, for example because the disk is full. It stays valid in the plain file. The key is new and
            // unused.
            keyring::forget_cached_key(&key.name());
            let _failed = keyring::remove(&key.name());
        }
        Ok(Loaded::Session(record))
    }

    /// Removes a plain file with the same session, which a process left that was killed after it had sealed the session.
    fn remove_plain_copy(&self, sealed: &Record) {
        if let Ok(Loaded::Session(plain)) = self.store.load_plain()
            && *plain == *sealed
        {
            drop(self.store.dir.remove(&self.store.key.file(FileKind::Session)));
        }
    }

    /// Checks that there is space for a session, before a login.
    ///
    /// # Errors
    /// If the directory cannot be written.
    pub(crate) fn try_to_write(&self) -> Result<(), Error> {
        const MAX_TYPICAL_BYTES: usize = 32 * 1024;
        let name = self.store.key.file(FileKind::Session);
        Ok(self.store.dir.try_to_write(&name, MAX_TYPICAL_BYTES)?)
    }

    /// Reserves disk space for the result of a refresh of this session, before its refresh token is used.
    ///
    /// # Errors
    /// If there is no space.
    pub(crate) fn reserve(&self, record: &Record, target: &StorageTarget) -> Result<Reserved, Error> {
        let bytes = self.content_of(record, target)?;
        let name = self.store.file(target.form());
        self.store.dir.remove_stale_temporaries(&name);
        Ok(self.store.dir.reserve(&name, &bytes, MAX_GROWTH_BYTES)?)
    }

    /// Stores the session durably, in the reserved space if it is given.
    ///
    /// An existing file that this program cannot use (incomplete, sealed with a lost key, or of a newer version) is quarantined.
    pub(crate) fn save(
        &self,
        record: &Record,
        target: &StorageTarget,
        reserved: Option<Reserved>,
    ) -> Result<(), Error> {
        let store = self.store;
        let bytes = self.content_of(record, target)?;
        let is_valid = |bytes: &[u8]| match target {
            StorageTarget::Disk | StorageTarget::DiskFallback { .. } => {
                Record::parse(bytes, &record.identity).is_ok()
            }
            StorageTarget::Sealed(key) => {
                Sealed::parse(bytes).is_ok_and(|sealed| store.unseal(&sealed, key).is_ok())
            }
        };
        if let StorageTarget::DiskFallback { was_sealed: true, .. } = target {
            // The mark is removed first, because a plain file is refused while the mark exists.
            store.sealed_mark().forget_cached();
        }
        self.replace(target.form(), &bytes, is_valid, reserved)?;
        self.known.add(target.form());
        if let StorageTarget::Sealed(_) = target {
            store.sealed_mark().ensure();
        }
        Ok(())
    }

    /// Returns the content of the file.
    fn content_of(&self, record: &Record, target: &StorageTarget) -> Result<Vec<u8>, Error> {
        match target {
            StorageTarget::Disk | StorageTarget::DiskFallback { .. } => Ok(record.to_json()?),
            StorageTarget::Sealed(key) => {
                let binding = Binding {
                    key: &self.store.key,
                    identity: &record.identity,
                };
                seal(&record.to_json()?, key, &binding).ok_or(Error::NoRandomness)
            }
        }
    }

    /// Removes a session that is stored elsewhere now. An error is ignored, because a reader compares the records.
    pub(crate) fn remove_session(&self) {
        drop(self.store.dir.remove(&self.store.key.file(FileKind::Session)));
    }

    /// Quarantines a plain file that contains no valid session. An error is ignored: the next write quarantines the file too.
    pub(crate) fn quarantine_corrupt(&self) {
        drop(self.store.dir.quarantine(&self.store.key.file(FileKind::Session)));
    }

    /// Quarantines the file of a session that the provider has ended, so that it is not read again. An error is ignored: the provider would
    /// refuse the session again.
    ///
    /// A file in the other form belongs to an entry with another storage setting, and may be valid. It is quarantined only if it has the
    /// same session: a plain file that could not be sealed.
    pub(crate) fn quarantine(&self, ended: &Record) {
        let store = self.store;
        let is_same = |plain: &Record| plain.refresh_token == ended.refresh_token;
        let form = store.form();
        let mut forms = vec![form];
        if form == FileForm::Sealed
            && matches!(store.load_plain(), Ok(Loaded::Session(plain)) if is_same(&plain))
        {
            forms.push(FileForm::Plain);
        }
        for name in forms.into_iter().map(|form| store.file(form)) {
            if store.dir.has(&name) {
                drop(store.dir.quarantine(&name));
            }
        }
    }

    fn replace(
        &self,
        form: FileForm,
        bytes: &[u8],
        is_valid: impl Fn(&[u8]) -> bool,
        mut reserved: Option<Reserved>,
    ) -> Result<(), files::Error> {
        let (dir, name) = (&self.store.dir, &self.store.file(form));
        reserved.iter_mut().for_each(Reserved::free_descriptor);
        match dir.read(name) {
            Ok(Some(old)) if !old.is_empty() && !is_valid(&old) => dir.quarantine(name)?,
            // A session that was not read under this lock is not replaced. One that was read is replaced even if it is unreadable now,
            // because its refresh token was used.
            Err(error) if error.is_temporary() && !self.known.has(form) => return Err(error),
            Err(error) if error.is_temporary() => {}
            // A directory, a device, or a file that is too large for a session.
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

    /// A valid session of an entry with another storage setting is never quarantined.
    #[test]
    fn only_the_ended_session_is_quarantined() {
        const PLAIN: FileForm = FileForm::Plain;
        const SEALED: FileForm = FileForm::Sealed;
        let cases: [(Storage, &[FileForm], &str, &[FileForm]); 8] = [
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
                    FileForm::Plain => plain.to_json().unwrap(),
                    FileForm::Sealed => b"sealed".to_vec(),
                };
                store.dir.replace(&store.file(*form), &content).unwrap();
            }
            store.try_lock().unwrap().unwrap().quarantine(&home.ended);
            let is_left = |form: &FileForm| store.dir.has(&store.file(*form));
            let found: Vec<FileForm> = [PLAIN, SEALED].into_iter().filter(is_left).collect();
            assert_eq!(found, left, "{storage:?} {there:?} {plain_token}");
            let names = store.dir.names().unwrap();
            let aside = names.iter().filter(|name| name.ends_with(".quarantined"));
            assert_eq!(aside.count(), there.len() - left.len(), "nothing is lost");
        }
    }
}
