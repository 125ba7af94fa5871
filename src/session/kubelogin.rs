//! Sessions of kubelogin, `kubectl oidc-login`, for taking them over.
//!
//! Owns what is known of its files: `DIR/HEX` holds a token and a refresh token as JSON, `DIR/HEX.lock` is the lock that it holds
//! while it refreshes or signs in. Changes nothing there but the name of a record that is taken over, and only under that
//! lock. Never judges a token.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::lock::acquire;
use super::{Error, key};
use crate::files::{LockFile, PrivateDir};
use crate::secret::Secret;

/// A record on its way to us: a kill at the wrong moment must not lose it, so it is found again under this name.
const MOVING: &str = "moving-to-kubesesame";
/// A record that is ours now.
const MOVED: &str = "moved-to-kubesesame";

/// kubelogin's directory.
#[derive(Debug)]
pub(crate) struct KubeloginDir {
    dir: PrivateDir,
}

/// What a record of kubelogin holds.
#[derive(Debug)]
pub(crate) struct KubeloginRecord {
    /// The hash that kubelogin names it by.
    hash: String,
    file: String,
    /// An ID token; an access token where kubelogin was asked for one.
    pub(crate) token: Secret,
    pub(crate) refresh_token: Option<Secret>,
}

/// A record that nobody else touches until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldRecord<'a> {
    dir: &'a PrivateDir,
    pub(crate) record: KubeloginRecord,
    _lock: LockFile,
}

impl KubeloginDir {
    /// Opens the directory, after the same checks as our own; `None` when there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Error> {
        Ok(PrivateDir::open(path)?.map(|dir| Self { dir }))
    }

    /// Returns what can be read there; what cannot is nothing that kubelogin could use either.
    pub(crate) fn records(&self) -> Result<Vec<KubeloginRecord>, Error> {
        let names = self.dir.names()?;
        Ok(names
            .iter()
            .filter_map(|name| read(&self.dir, name, hash_of(name)?))
            .collect())
    }

    /// Takes kubelogin's lock of a record, and returns what the record holds by then; `None` when it has gone.
    ///
    /// Waits `limit` at most; `tell` is called once when the wait gets long.
    pub(crate) fn hold(
        &self,
        record: &KubeloginRecord,
        limit: Duration,
        tell: impl FnOnce(),
    ) -> Result<Option<HeldRecord<'_>>, Error> {
        let lock = self.dir.lock_file(&format!("{}.lock", record.hash))?;
        acquire(&lock, limit, tell)?;
        Ok(
            read(&self.dir, &record.file, &record.hash).map(|record| HeldRecord {
                dir: &self.dir,
                record,
                _lock: lock,
            }),
        )
    }
}

impl HeldRecord<'_> {
    /// Hides the record from kubelogin, has it stored by `store`, and then marks it as taken.
    ///
    /// In this order no two programs ever have the same refresh token, and a kill in between loses nothing.
    pub(crate) fn take<E: From<Error>>(&self, store: impl FnOnce() -> Result<(), E>) -> Result<PathBuf, E> {
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

/// The hash in a record's name: kubelogin has nothing else in it.
fn hash_of(name: &str) -> Option<&str> {
    let hash = match name.split_once('.') {
        Some((hash, MOVING)) => hash,
        _ => name,
    };
    key::is_hash(hash).then_some(hash)
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_a_hash_for_a_name_and_nothing_else() {
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
