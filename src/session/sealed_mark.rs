//! That a session was sealed, kept where its key is: in the OS keyring.
//!
//! Whoever can write to the directory (a restored backup, a synced home) could remove a sealed session and put a plain one of their own
//! in its place. With the mark that one is not taken for ours.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::json;

use crate::keyring::{self, Error};
use crate::secret::SecretKey;

/// What is said of a plain session in place of a sealed one.
pub(super) const REPLACED: &str = "this session was sealed, and a plain file is in its place, which whoever can write there could have made";

/// The mark of one session in one directory.
#[derive(Debug)]
pub(super) struct SealedMark(String);

impl SealedMark {
    pub(super) fn new(dir: &Path, key: &str) -> Self {
        let text = json!(["kubesesame sealed", dir.to_string_lossy(), key]).to_string();
        let hash = digest(&SHA256, text.as_bytes());
        Self(HEXLOWER.encode(&hash.as_ref()[..16]))
    }

    /// Makes the mark where there is none: an entry that opens nothing. Best effort: the next time that the session is stored it is tried again.
    ///
    /// Only for a session that is sealed: a mark without one would accuse a plain session that nobody has touched.
    pub(super) fn ensure(&self) {
        if let Ok(false) = self.is_set() {
            let _failed = keyring::write(&self.0, &SecretKey::new([0; 32]));
        }
    }

    pub(super) fn is_set(&self) -> Result<bool, Error> {
        Ok(keyring::cached_key(&self.0).is_some() || keyring::read(&self.0)?.is_some())
    }

    /// As [`Self::is_set`], as far as the kernel knows: the keyring itself takes too long for each call.
    pub(super) fn is_at_hand(&self) -> bool {
        keyring::cached_key(&self.0).is_some()
    }

    /// Takes it from the kernel: what is stored in a plain file from now on, and told to be, is ours.
    pub(super) fn forget_at_hand(&self) {
        keyring::forget_at_hand(&self.0);
    }

    /// The name of the entry.
    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It is in people's keyrings.
    #[test]
    fn golden() {
        let mark = SealedMark::new(Path::new("/c"), "k");
        assert_eq!(mark.name(), "13fa469e54b6a84f0b1d69cc9a0a902d");
        assert_ne!(mark.name(), SealedMark::new(Path::new("/d"), "k").name());
    }
}
