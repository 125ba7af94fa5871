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
use crate::secret::SecretKey;

/// Why a plain session in the place of a sealed one is not used.
pub(super) const PLAIN_REPLACES_SEALED: &str = "this session was sealed, and a plain file is in its place, which whoever can write there could have made";

/// The mark of one session in one directory.
///
/// It has one name, or two: earlier versions named it by the directory as it was spelled.
#[derive(Debug)]
pub(super) struct SealedMark {
    name: String,
    earlier_name: Option<String>,
}

impl SealedMark {
    pub(super) fn new(dir: &PrivateDir, key: &str) -> Self {
        match dir.canonical_path() {
            Ok(canonical) => Self::named(&canonical, dir.path(), key),
            Err(_) => Self::named(dir.path(), dir.path(), key),
        }
    }

    fn named(canonical: &Path, spelled: &Path, key: &str) -> Self {
        let name = name(canonical, key);
        Self {
            earlier_name: Some(self::name(spelled, key)).filter(|earlier| *earlier != name),
            name,
        }
    }

    /// Sets the mark if it is not set. Its key decrypts nothing. Best effort: it is tried again when the session is stored the next time.
    ///
    /// Only for a session that is sealed. Beside a plain session, the mark would make that session unusable.
    pub(super) fn ensure(&self) {
        if let Ok(false) = is_set(&self.name) {
            let _failed = keyring::write(&self.name, &SecretKey::new([0; 32]));
        }
    }

    pub(super) fn is_set(&self) -> Result<bool, Error> {
        for name in self.names() {
            if is_set(name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As [`Self::is_set`], but asks only the kernel's cache. The keyring itself is too slow for each call.
    pub(super) fn is_cached(&self) -> bool {
        self.names().any(|name| keyring::cached_key(name).is_some())
    }

    /// Removes the mark from the kernel's cache, so that a plain session that the user was warned about is accepted.
    pub(super) fn forget_cached(&self) {
        self.names().for_each(keyring::forget_cached_key);
    }

    /// The names of its entries in the keyring.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [Some(&self.name), self.earlier_name.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

fn name(dir: &Path, key: &str) -> String {
    let text = json!(["kubesesame sealed", dir.to_string_lossy(), key]).to_string();
    let hash = digest(&SHA256, text.as_bytes());
    HEXLOWER.encode(&hash.as_ref()[..16])
}

fn is_set(name: &str) -> Result<bool, Error> {
    Ok(keyring::cached_key(name).is_some() || keyring::read(name)?.is_some())
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
        assert_eq!(names("/c", "/c", "k"), ["13fa469e54b6a84f0b1d69cc9a0a902d"]);
        assert_ne!(names("/c", "/c", "k"), names("/d", "/d", "k"));
        assert_ne!(names("/c", "/c", "k"), names("/c", "/c", "l"));
    }

    #[test]
    fn a_mark_has_the_name_of_the_canonical_path_and_that_of_the_path_as_it_is_spelled() {
        let [canonical] = &*names("/c", "/c", "k") else {
            panic!("one name")
        };
        for spelled in ["/c/", "/c/.", "//c", "/d/../c", "c"] {
            let found = names("/c", spelled, "k");
            assert_eq!((found.len(), &found[0]), (2, canonical), "{spelled}");
            assert_eq!(found[1], names(spelled, spelled, "k")[0], "{spelled}");
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
