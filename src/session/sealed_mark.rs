//! The mark in the OS keyring that a session is sealed.
//!
//! A program that can write to the directory (such as a backup or a synchronisation) could replace a sealed session by a plain one. The
//! mark shows that such a plain session must not be used.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::json;

use crate::files::PrivateDir;
use crate::keyring::{self, Error};

/// Why a plain session in the place of a sealed one is not used.
pub(super) const PLAIN_REPLACES_SEALED: &str = "this session was sealed, and a plain file is in its place, which whoever can write there could have made";

/// The start of a mark's name. No key has such a name, so no sealed file can name a mark as its key.
const PREFIX: &str = "sealed-mark:";

/// The mark of one session in one directory.
///
/// Earlier versions stored a key of zeros as the mark, under a name that a key could have as well: of the canonical path, and before that
/// of the path as it was spelled. Such a mark still counts.
#[derive(Debug)]
pub(super) struct SealedMark {
    name: String,
    earlier_names: Vec<String>,
}

impl SealedMark {
    pub(super) fn new(dir: &PrivateDir, key: &str) -> Self {
        match dir.canonical_path() {
            Ok(canonical) => Self::named(&canonical, dir.path(), key),
            Err(_) => Self::named(dir.path(), dir.path(), key),
        }
    }

    fn named(canonical: &Path, spelled: &Path, key: &str) -> Self {
        let mut hashes = vec![hash(canonical, key), hash(spelled, key)];
        hashes.dedup();
        Self {
            name: format!("{PREFIX}{}", hashes[0]),
            earlier_names: hashes,
        }
    }

    /// Sets the mark if it is not set. Best effort: it is tried again when the session is stored the next time.
    ///
    /// Only for a session that is sealed. Beside a plain session, the mark would make that session unusable.
    pub(super) fn ensure(&self) {
        if let Ok(false) = keyring::has_mark(&self.name) {
            let _failed = keyring::set_mark(&self.name);
        }
    }

    pub(super) fn is_set(&self) -> Result<bool, Error> {
        for name in self.names() {
            if keyring::has_mark(name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As [`Self::is_set`], but asks only the kernel's cache. The keyring itself is too slow for each call.
    pub(super) fn is_cached(&self) -> bool {
        self.names().any(keyring::has_cached_mark)
    }

    /// Removes the mark from the kernel's cache, so that a plain session that the user was warned about is accepted.
    pub(super) fn forget_cached(&self) {
        self.names().for_each(keyring::forget_cached_key);
    }

    /// The names of its entries in the keyring.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [&self.name]
            .into_iter()
            .chain(&self.earlier_names)
            .map(String::as_str)
    }
}

fn hash(dir: &Path, key: &str) -> String {
    let text = json!(["kubesesame sealed", dir.to_string_lossy(), key]).to_string();
    let hash = digest(&SHA256, text.as_bytes());
    HEXLOWER.encode(&hash.as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(canonical: &str, spelled: &str, key: &str) -> Vec<String> {
        let mark = SealedMark::named(Path::new(canonical), Path::new(spelled), key);
        mark.names().map(str::to_owned).collect()
    }

    /// Users have it in their keyrings.
    #[test]
    fn the_name_of_a_mark_never_changes() {
        assert_eq!(
            names("/c", "/c", "k"),
            [
                "sealed-mark:13fa469e54b6a84f0b1d69cc9a0a902d",
                "13fa469e54b6a84f0b1d69cc9a0a902d"
            ]
        );
        assert_ne!(names("/c", "/c", "k"), names("/d", "/d", "k"));
        assert_ne!(names("/c", "/c", "k"), names("/c", "/c", "l"));
    }

    #[test]
    fn a_mark_has_the_name_of_the_canonical_path_and_that_of_the_path_as_it_is_spelled() {
        let canonical = names("/c", "/c", "k");
        for spelled in ["/c/", "/c/.", "//c", "/d/../c", "c"] {
            let found = names("/c", spelled, "k");
            assert_eq!((found.len(), &found[..2]), (3, &*canonical), "{spelled}");
            assert_eq!(found[2], names(spelled, spelled, "k")[1], "{spelled}");
        }
    }

    #[test]
    fn a_directory_has_one_mark_however_it_is_named() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("cache");
        let usual = SealedMark::new(&PrivateDir::create(&dir).unwrap(), "k").name;
        for spelled in ["cache/", "./cache", "cache/.", "cache/../cache"] {
            let dir = PrivateDir::open(&home.path().join(spelled)).unwrap().unwrap();
            assert_eq!(SealedMark::new(&dir, "k").name, usual, "{spelled}");
        }
    }
}
