//! The proof that a record continues another one of the same session.
//!
//! While the directories of sessions cannot be written, a refreshed session is kept among the temporary files. There somebody else may have
//! put a record with the right owner and mode: an archive that the user has unpacked. So a record there counts only with a proof that
//! its writer knew the refresh token of the record that it continues. Pure.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use data_encoding::HEXLOWER;

use super::Record;
use crate::secret::Secret;

/// Separates this use of a refresh token as a key from any other.
const PURPOSE: &[u8] = b"kubesesame: a record that continues this one\0";

/// What proves that a record continues another one.
#[derive(Debug)]
pub(crate) struct ContinuationKey(Secret);

impl ContinuationKey {
    /// Returns the key of the record that is to be continued. `None` if it has no refresh token, so that nothing can continue it.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        record.refresh_token.clone().map(Self)
    }

    /// Returns the record with the proof.
    pub(crate) fn prove(&self, record: &Record) -> Record {
        let mut record = record.clone();
        let tag = hmac::sign(&self.key(), &message(&record));
        record.continuation_proof = Some(HEXLOWER.encode(tag.as_ref()));
        record
    }

    /// Whether the record has the proof.
    pub(crate) fn accepts(&self, record: &Record) -> bool {
        let proof = record.continuation_proof.as_deref().unwrap_or_default();
        HEXLOWER
            .decode(proof.as_bytes())
            .is_ok_and(|tag| hmac::verify(&self.key(), &message(record), &tag).is_ok())
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(HMAC_SHA256, self.0.expose().as_bytes())
    }
}

/// Returns what is proven: the whole record but the proof.
fn message(record: &Record) -> Vec<u8> {
    let unproven = Record {
        continuation_proof: None,
        ..record.clone()
    };
    [PURPOSE, &unproven.to_json().unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn only_a_record_that_was_proven_with_the_same_refresh_token_is_accepted() {
        let with_token = |token: &str| Record {
            refresh_token: Some(Secret::new(token)),
            ..record(0, 3600)
        };
        let key = ContinuationKey::of(&with_token("home")).unwrap();
        let stranger = ContinuationKey::of(&with_token("stranger")).unwrap();
        let next = with_token("next");
        let proven = key.prove(&next);
        assert!(key.accepts(&proven));
        let stored = Record::parse(&proven.to_json().unwrap(), &proven.identity).unwrap();
        assert!(key.accepts(&stored), "as read from its file");
        assert!(key.accepts(&key.prove(&proven)), "proven again");
        for (refused, why) in [
            (next.clone(), "no proof"),
            (stranger.prove(&next), "a stranger's proof"),
            (
                Record {
                    refresh_token: Some(Secret::new("other")),
                    ..proven.clone()
                },
                "changed",
            ),
            (
                Record {
                    continuation_proof: Some("no hex".to_owned()),
                    ..proven
                },
                "broken",
            ),
        ] {
            assert!(!key.accepts(&refused), "{why}");
        }
        let without = Record {
            refresh_token: None,
            ..record(0, 3600)
        };
        assert!(ContinuationKey::of(&without).is_none());
    }
}
