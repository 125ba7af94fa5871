//! A sealed session: what stands in a file that only the keyring's key opens.
//!
//! Owns the envelope. The record inside is the one that a plain file has; issuer, client and session are bound to it as associated
//! data, so that no record can be put in another's place. The key seals every renewal, each with a nonce of its own, and so
//! the keyring is not touched by a renewal. Pure but for randomness.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;

use super::{Identity, Key};
use crate::secret::SecretKey;

/// Begins every sealed file; the number is the version of the envelope.
const HEADER: &[u8] = b"kubesesame sealed 1\n";
const ANY_HEADER: &[u8] = b"kubesesame sealed ";

/// What a sealed record belongs to.
pub(super) struct Binding<'a> {
    pub(super) key: &'a Key,
    pub(super) identity: &'a Identity,
}

impl Binding<'_> {
    fn associated_data(&self) -> Aad<Vec<u8>> {
        let Identity { issuer, client_id } = self.identity;
        let parts = [self.key.to_string(), issuer.clone(), client_id.clone()];
        Aad::from(
            [
                HEADER,
                serde_json::to_string(&parts).unwrap_or_default().as_bytes(),
            ]
            .concat(),
        )
    }
}

/// Makes a key that nobody has had before; `None` where the system has no randomness to give.
pub(super) fn new_key() -> Option<SecretKey> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(SecretKey::new(bytes))
}

/// Seals a record; `None` where the system has no randomness to give.
pub(super) fn seal(record: &[u8], with: &SecretKey, binding: &Binding<'_>) -> Option<Vec<u8>> {
    let mut text = record.to_vec();
    let nonce = cipher(with)?
        .seal_in_place_append_tag(binding.associated_data(), &mut text)
        .ok()?;
    Some([HEADER, nonce.as_ref(), &text].concat())
}

/// Opens a sealed file, or says why it cannot be opened.
pub(super) fn open(file: &[u8], with: &SecretKey, binding: &Binding<'_>) -> Result<Vec<u8>, &'static str> {
    let sealed = check(file)?;
    let cannot = "it cannot be opened with the key in the OS keyring";
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(cannot)?;
    let mut text = text.to_vec();
    let cipher = cipher(with).ok_or(cannot)?;
    let opened = cipher.open_in_place(Nonce::from(nonce), binding.associated_data(), &mut text);
    let length = opened.map_err(|_| cannot)?.len();
    text.truncate(length);
    Ok(text)
}

/// Returns what follows the header, or says why this is no sealed record of ours.
pub(super) fn check(file: &[u8]) -> Result<&[u8], &'static str> {
    match file.strip_prefix(HEADER) {
        Some(sealed) => Ok(sealed),
        None if file.is_empty() => Err("it is empty"),
        None if file.starts_with(ANY_HEADER) => Err("a newer kubesesame wrote it"),
        None => Err("it is broken"),
    }
}

fn cipher(with: &SecretKey) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, with.expose()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(client_id: &str) -> Key {
        Key::new("https://i", client_id, [], &[], None, &[])
    }

    fn identity(client_id: &str) -> Identity {
        Identity {
            issuer: "https://i".into(),
            client_id: client_id.into(),
        }
    }

    fn opened(file: &[u8], with: &SecretKey, client_id: &str) -> Result<Vec<u8>, &'static str> {
        let binding = Binding {
            key: &key(client_id),
            identity: &identity(client_id),
        };
        open(file, with, &binding)
    }

    fn sealed(with: &SecretKey) -> Vec<u8> {
        let binding = Binding {
            key: &key("c"),
            identity: &identity("c"),
        };
        seal(b"the record", with, &binding).unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_by_its_key_for_its_session_only() {
        let with = new_key().unwrap();
        let file = sealed(&with);
        assert_eq!(opened(&file, &with, "c").as_deref(), Ok(&b"the record"[..]));
        let cannot = Err("it cannot be opened with the key in the OS keyring");
        assert_eq!(opened(&file, &with, "other"), cannot);
        assert_eq!(opened(&file, &new_key().unwrap(), "c"), cannot);
        assert_ne!(file, sealed(&with), "each has a nonce of its own");
    }

    #[test]
    fn nothing_that_was_cut_or_changed_is_opened() {
        let with = new_key().unwrap();
        let file = sealed(&with);
        for length in 0..file.len() {
            assert!(opened(&file[..length], &with, "c").is_err(), "{length}");
            let mut changed = file.clone();
            changed[length] ^= 1;
            assert!(opened(&changed, &with, "c").is_err(), "{length}");
        }
        assert_eq!(opened(b"", &with, "c"), Err("it is empty"));
        assert_eq!(opened(b"{\"version\":1}", &with, "c"), Err("it is broken"));
        assert_eq!(
            opened(b"kubesesame sealed 2\n...", &with, "c"),
            Err("a newer kubesesame wrote it")
        );
    }
}
