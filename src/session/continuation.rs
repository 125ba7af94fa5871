//! The HMAC that shows that a record continues another one of the same session.
//!
//! While the directories of sessions cannot be written, a refreshed session is kept among the temporary files. There somebody else may have
//! put a record with the right owner and mode: an archive that the user has unpacked. So a record there counts only with an HMAC
//! keyed by the refresh token of the record that it continues. Pure.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use data_encoding::HEXLOWER;

use super::Record;
use crate::secret::Secret;

/// Separates this use of a refresh token as a key from any other.
const PURPOSE: &[u8] = b"kubesesame: a record that continues this one\0";

/// The key of the HMAC.
#[derive(Debug)]
pub(crate) struct ContinuationKey(Secret);

impl ContinuationKey {
    /// Returns the key of the record that is to be continued. `None` if it has no refresh token, so that nothing can continue it.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        record.refresh_token.clone().map(Self)
    }

    /// Returns the record with its HMAC.
    pub(crate) fn sign(&self, record: &Record) -> Record {
        let mut record = record.clone();
        let tag = hmac::sign(&self.key(), &message(&record));
        record.continuation_mac = Some(HEXLOWER.encode(tag.as_ref()));
        record
    }

    /// Whether the record has the right HMAC.
    pub(crate) fn accepts(&self, record: &Record) -> bool {
        let mac = record.continuation_mac.as_deref().unwrap_or_default();
        HEXLOWER
            .decode(mac.as_bytes())
            .is_ok_and(|tag| hmac::verify(&self.key(), &message(record), &tag).is_ok())
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(HMAC_SHA256, self.0.expose().as_bytes())
    }
}

/// Returns what is signed: the whole record but the HMAC.
fn message(record: &Record) -> Vec<u8> {
    let unsigned = Record {
        continuation_mac: None,
        ..record.clone()
    };
    [PURPOSE, &unsigned.to_json().unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn only_a_record_that_was_signed_with_the_same_refresh_token_is_accepted() {
        let with_token = |token: &str| Record {
            refresh_token: Some(Secret::new(token)),
            ..record(0, 3600)
        };
        let key = ContinuationKey::of(&with_token("home")).unwrap();
        let stranger = ContinuationKey::of(&with_token("stranger")).unwrap();
        let next = with_token("next");
        let signed = key.sign(&next);
        assert!(key.accepts(&signed));
        let stored = Record::parse(&signed.to_json().unwrap(), &signed.identity).unwrap();
        assert!(key.accepts(&stored), "as read from its file");
        assert!(key.accepts(&key.sign(&signed)), "signed again");
        for (refused, why) in [
            (next.clone(), "no HMAC"),
            (stranger.sign(&next), "a stranger's HMAC"),
            (
                Record {
                    refresh_token: Some(Secret::new("other")),
                    ..signed.clone()
                },
                "changed",
            ),
            (
                Record {
                    continuation_mac: Some("no hex".to_owned()),
                    ..signed
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
