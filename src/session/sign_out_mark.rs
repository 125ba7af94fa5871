//! When a person has signed out of a session last.
//!
//! Owns the mark that a logout leaves, so that a session of kubelogin from before it is not taken over. It has a time and nothing else. A
//! later logout replaces it, and only `clean` removes it: a session of kubelogin stays as old as it is, whatever comes after the logout.

use serde::{Deserialize, Serialize};

use super::{Error, FileKind, Store, Versioned};
use crate::clock::Timestamp;

#[derive(Debug, Serialize, Deserialize)]
struct SignOutMark {
    at: Timestamp,
}

impl Versioned for SignOutMark {
    const VERSION: u32 = 1;
}

impl Store {
    /// Returns when a person has signed out last. A mark that cannot be read counts as one of the latest time: that costs one sign-in.
    pub(crate) fn signed_out_at(&self) -> Option<Timestamp> {
        let mark = match self.dir.read(&self.key.file(FileKind::SignOutMark)) {
            Ok(None) => return None,
            Ok(Some(bytes)) => SignOutMark::parse(&bytes),
            Err(_) => None,
        };
        Some(mark.map_or(Timestamp::from_secs(i64::MAX), |mark| mark.at))
    }

    /// # Errors
    /// If the mark cannot be stored.
    pub(crate) fn mark_signed_out(&self, at: Timestamp) -> Result<(), Error> {
        // An empty file counts too.
        let bytes = SignOutMark { at }.to_json().unwrap_or_default();
        Ok(self.dir.replace(&self.key.file(FileKind::SignOutMark), &bytes)?)
    }
}
