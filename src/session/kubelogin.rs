//! The session files of kubelogin (`kubectl oidc-login`), which can be imported.
//!
//! Owns the format of its files: `DIR/HEX` contains a token and a refresh token as JSON, and kubelogin holds the lock of `DIR/HEX.lock`
//! while it refreshes or logs in. Changes only the name of a record that is imported, and only under that lock. Never verifies a token.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::lock::acquire;
use super::{Error, file_kind};
use crate::clock::Timestamp;
use crate::files::{LockFile, PrivateDir};
use crate::secret::Secret;

/// The suffix of a record during its import. If the import is killed, the next one finds the record by this name.
const MOVING: &str = "moving-to-kubesesame";
/// The suffix of a record that was imported.
const MOVED: &str = "moved-to-kubesesame";

/// kubelogin's directory.
#[derive(Debug)]
pub(crate) struct KubeloginDir {
    dir: PrivateDir,
}

/// A record of kubelogin.
#[derive(Debug)]
pub(crate) struct KubeloginRecord {
    /// The hash that kubelogin uses as its name.
    hash: String,
    file: String,
    /// An ID token, or an access token if kubelogin is configured to return that.
    pub(crate) token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    /// When kubelogin has written it, by this machine's clock. `None` if the file system does not say.
    pub(crate) written_at: Option<Timestamp>,
}

/// A record whose lock this process holds until the value is dropped.
#[derive(Debug)]
pub(crate) struct LockedRecord<'a> {
    dir: &'a PrivateDir,
    pub(crate) record: KubeloginRecord,
    _lock: LockFile,
}

impl KubeloginDir {
    /// Opens the directory, with the same checks as for kubesesame's own. `None` if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Error> {
        Ok(PrivateDir::open(path)?.map(|dir| Self { dir }))
    }

    /// Returns the records that can be read. kubelogin could not use the others either.
    pub(crate) fn records(&self) -> Result<Vec<KubeloginRecord>, Error> {
        let names = self.dir.names()?;
        Ok(names
            .iter()
            .filter_map(|name| read(&self.dir, name, hash_of(name)?))
            .collect())
    }

    /// Whether there is a record that cannot be read at the moment.
    pub(crate) fn has_unreadable(&self) -> bool {
        let names = self.dir.names().unwrap_or_default();
        let mut records = names.iter().filter(|name| hash_of(name).is_some());
        records.any(|name| self.dir.read(name).is_err())
    }

    pub(crate) fn path_of(&self, record: &KubeloginRecord) -> PathBuf {
        self.dir.path_of(&record.file)
    }

    /// Takes kubelogin's lock of a record and reads the record again. `None` if it no longer exists.
    ///
    /// Waits `limit` at most. `on_wait` is called once if the wait is long.
    pub(crate) fn lock(
        &self,
        record: &KubeloginRecord,
        limit: Duration,
        on_wait: impl FnOnce(),
    ) -> Result<Option<LockedRecord<'_>>, Error> {
        let lock = self.dir.lock_file(&format!("{}.lock", record.hash))?;
        acquire(&lock, limit, on_wait)?;
        Ok(
            read(&self.dir, &record.file, &record.hash).map(|record| LockedRecord {
                dir: &self.dir,
                record,
                _lock: lock,
            }),
        )
    }
}

impl LockedRecord<'_> {
    /// Hides the record from kubelogin, stores it by `store`, and then marks it as imported. Returns its new path.
    ///
    /// In this order two programs never use the same refresh token, and a kill between the steps loses nothing.
    pub(crate) fn take_over<E: From<Error>>(
        &self,
        store: impl FnOnce() -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let KubeloginRecord { hash, file, .. } = &self.record;
        let (moving, moved) = (format!("{hash}.{MOVING}"), format!("{hash}.{MOVED}"));
        self.dir.rename(file, &moving).map_err(Error::from)?;
        if let Err(error) = store() {
            self.dir.rename(&moving, file).map_err(Error::from)?;
            return Err(error);
        }
        self.dir.rename(&moving, &moved).map_err(Error::from)?;
        Ok(self.dir.path_of(&moved))
    }
}

/// Returns the hash in a record's name. A file whose name has other parts is no record.
fn hash_of(name: &str) -> Option<&str> {
    let hash = match name.split_once('.') {
        Some((hash, MOVING)) => hash,
        _ => name,
    };
    file_kind::is_hash(hash).then_some(hash)
}

fn read(dir: &PrivateDir, file: &str, hash: &str) -> Option<KubeloginRecord> {
    #[derive(Deserialize)]
    struct Tokens {
        id_token: Secret,
        #[serde(default)]
        refresh_token: Option<Secret>,
    }

    let bytes = dir.read(file).ok().flatten()?;
    let tokens: Tokens = serde_json::from_slice(&bytes).ok()?;
    Some(KubeloginRecord {
        hash: hash.to_owned(),
        file: file.to_owned(),
        token: tokens.id_token,
        refresh_token: tokens.refresh_token.filter(|token| !token.expose().is_empty()),
        written_at: dir.modified(file).map(Timestamp::from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_whose_name_is_a_hash_is_a_record() {
        let hash = "e0c54678425f630cf8503163ef02df2839b75624cc1416bd507909ef7d9fd50d";
        assert_eq!(hash_of(hash), Some(hash));
        assert_eq!(hash_of(&format!("{hash}.{MOVING}")), Some(hash));
        for other in [
            format!("{hash}.lock"),
            format!("{hash}.{MOVED}"),
            format!("{hash}.session.json"),
            "notes".to_owned(),
        ] {
            assert_eq!(hash_of(&other), None, "{other}");
        }
    }
}
