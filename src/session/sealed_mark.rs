//! The mark in the OS keyring that a session is sealed.
//!
//! A program that can write to the directory (such as a backup or a synchronisation) could replace a sealed session by a plain one. The
//! mark shows that such a plain session must not be used.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::json;

use crate::keyring::{self, Error};
use crate::secret::SecretKey;

/// Why a plain session in the place of a sealed one is not used.
pub(super) const PLAIN_REPLACES_SEALED: &str = "this session was sealed, and a plain file is in its place, which whoever can write there could have made";

/// The mark of one session in one directory.
#[derive(Debug)]
pub(super) struct SealedMark(String);

impl SealedMark {
    pub(super) fn new(dir: &Path, key: &str) -> Self {
        let text = json!(["kubesesame sealed", dir.to_string_lossy(), key]).to_string();
        let hash = digest(&SHA256, text.as_bytes());
        Self(HEXLOWER.encode(&hash.as_ref()[..16]))
    }

    /// Sets the mark if it is not set. Its key decrypts nothing. Best effort: it is tried again when the session is stored the next time.
    ///
    /// Only for a session that is sealed. Beside a plain session, the mark would make that session unusable.
    pub(super) fn ensure(&self) {
        if let Ok(false) = self.is_set() {
            let _failed = keyring::write(&self.0, &SecretKey::new([0; 32]));
        }
    }

    pub(super) fn is_set(&self) -> Result<bool, Error> {
        Ok(keyring::cached_key(&self.0).is_some() || keyring::read(&self.0)?.is_some())
    }

    /// As [`Self::is_set`], but asks only the kernel's cache. The keyring itself is too slow for each call.
    pub(super) fn is_cached(&self) -> bool {
        keyring::cached_key(&self.0).is_some()
    }

    /// Removes the mark from the kernel's cache, so that a plain session that the user was warned about is accepted.
    pub(super) fn forget_cached(&self) {
        keyring::forget_cached_key(&self.0);
    }

    /// The name of its entry in the keyring.
    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Users have it in their keyrings.
    #[test]
    fn the_name_of_a_mark_never_changes() {
        let mark = SealedMark::new(Path::new("/c"), "k");
        assert_eq!(mark.name(), "13fa469e54b6a84f0b1d69cc9a0a902d");
        assert_ne!(mark.name(), SealedMark::new(Path::new("/d"), "k").name());
    }
}
