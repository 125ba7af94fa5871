//! The end of one session: its file is set aside until the provider has revoked its refresh token, and then removed.
//!
//! Owns the files that wait for that. Such a file is the session's own under another name, sealed if the session was, and no call uses it.

use super::clean::Removed;
use super::file_kind::{self, FileKind};
use super::{Error, Loaded, LockedStore, Record, Store, sealed};

/// The names of a session's file, and of the file that waits for the revocation.
const FORMS: [(FileKind, FileKind); 2] = [
    (FileKind::Session, FileKind::PendingRevocation),
    (FileKind::SealedSession, FileKind::SealedPendingRevocation),
];

impl Store {
    /// Whether a refresh token waits to be revoked.
    pub(crate) fn has_pending_revocation(&self) -> bool {
        FORMS
            .iter()
            .any(|(_, pending)| self.dir.has(&self.key.file(*pending)))
    }

    /// Returns the records whose refresh tokens wait to be revoked. One that cannot be read is left out.
    pub(crate) fn pending_revocations(&self) -> Vec<Record> {
        let loaded = [
            self.load_plain_file(FileKind::PendingRevocation),
            self.load_sealed_file(FileKind::SealedPendingRevocation),
        ];
        let records = loaded.into_iter().filter_map(|loaded| match loaded {
            Ok(Loaded::Session(record)) => Some(*record),
            Ok(Loaded::Nothing | Loaded::Corrupt(_)) | Err(_) => None,
        });
        records.collect()
    }
}

impl Store {
    /// Removes what waits to be revoked.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub(crate) fn remove_pending_revocations(&self) -> Result<(), Error> {
        for (_, pending) in FORMS {
            self.dir.remove(&self.key.file(pending))?;
        }
        Ok(())
    }
}

impl LockedStore<'_> {
    /// Sets the session aside, so that no call uses it any more.
    ///
    /// # Errors
    /// If a file cannot be renamed: then the session is still there.
    pub(crate) fn hold_for_revocation(&self) -> Result<(), Error> {
        let store = self.store;
        for (kind, pending) in FORMS {
            let name = store.key.file(kind);
            if store.dir.has(&name) {
                store.dir.rename(&name, &store.key.file(pending))?;
            }
        }
        Ok(())
    }

    /// Removes all files of the session but its lock, with their keys in the keyring; what waits for a revocation only if `with_pending`.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub(crate) fn remove_files(&self, with_pending: bool) -> Result<Removed, Error> {
        let (dir, key) = (&self.store.dir, self.store.key.to_string());
        let mut removed = Removed::default();
        for name in dir.names()? {
            let Some((hash, kind)) = FileKind::parse(&name) else {
                continue;
            };
            let is_pending = FORMS.iter().any(|(_, pending)| *pending == kind);
            if hash != key || !file_kind::is_removable(&name) || (is_pending && !with_pending) {
                continue;
            }
            if kind.is_sealed()
                && let Ok(Some(file)) = dir.read(&name)
                && let Ok(sealed) = sealed::Sealed::parse(&file)
            {
                removed.forget_key(&sealed.key_name());
            }
            removed.remove(dir, &name);
        }
        if with_pending {
            let mark = self.store.sealed_mark();
            if mark.is_cached() {
                mark.names().for_each(|name| removed.forget_key(name));
            }
        }
        Ok(removed)
    }
}
