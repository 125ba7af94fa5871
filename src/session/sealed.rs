//! A sealed session: a file that is encrypted with a key in the OS keyring.
//!
//! Owns the envelope: a header, the key's random name, a nonce, and the ciphertext. The plaintext is the record of a plain session file.
//! The key's name, issuer, client and session key are the associated data, so that a record cannot replace that of another session. One
//! key seals all records of a session, each with a new nonce, so a refresh does not use the keyring. Pure except for randomness.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;

use super::{Identity, Key};
use crate::secret::SecretKey;

/// The start of every sealed file. The number is the version of the envelope.
const HEADER: &[u8] = b"kubesesame sealed 1\n";
const ANY_HEADER: &[u8] = b"kubesesame sealed ";

/// Bytes of a key's name. The name is random, so that the same session in two directories has two keys.
const KEY_NAME_BYTES: usize = 16;

/// A key, and the name that it has in the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrappingKey {
    name: [u8; KEY_NAME_BYTES],
    key: SecretKey,
}

impl WrappingKey {
    /// Generates a new key. `None` if the system has no randomness.
    pub(super) fn generate() -> Option<Self> {
        let (mut name, mut bytes) = ([0; KEY_NAME_BYTES], [0; 32]);
        rand::fill(&mut name).ok()?;
        rand::fill(&mut bytes).ok()?;
        Some(Self {
            name,
            key: SecretKey::new(bytes),
        })
    }

    /// Finds the key of a sealed file by its name, with `find`.
    ///
    /// A key of zeros counts as none: earlier versions stored it as the mark of a sealed session, under a name that can be computed, so
    /// whoever can write the file could have sealed it with that.
    pub(super) fn find<E>(
        sealed: &Sealed<'_>,
        find: impl FnOnce(&str) -> Result<Option<SecretKey>, E>,
    ) -> Result<Option<Self>, E> {
        let key = find(&sealed.key_name())?;
        Ok(key.filter(|key| !key.is_zero()).map(|key| Self {
            name: *sealed.name,
            key,
        }))
    }

    /// The name of its entry in the keyring.
    pub(super) fn name(&self) -> String {
        HEXLOWER.encode(&self.name)
    }

    pub(super) fn key(&self) -> &SecretKey {
        &self.key
    }
}

/// The parts of a sealed file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed<'a> {
    name: &'a [u8; KEY_NAME_BYTES],
    /// The nonce and the ciphertext.
    rest: &'a [u8],
}

/// The session that a sealed record is bound to.
pub(super) struct Binding<'a> {
    pub(super) key: &'a Key,
    pub(super) identity: &'a Identity,
}

impl Binding<'_> {
    /// `None` if it cannot be serialized. Then the record is not sealed at all.
    fn associated_data(&self, name: &[u8; KEY_NAME_BYTES]) -> Option<Aad<Vec<u8>>> {
        // The account is part of the session's key.
        let Identity {
            issuer, client_id, ..
        } = self.identity;
        let parts = [&HEXLOWER.encode(name), &self.key.to_string(), issuer, client_id];
        let parts = serde_json::to_string(&parts).ok()?;
        Some(Aad::from([HEADER, parts.as_bytes()].concat()))
    }
}

/// Seals a record. `None` if the system has no randomness.
pub(super) fn seal(record: &[u8], with: &WrappingKey, binding: &Binding<'_>) -> Option<Vec<u8>> {
    let mut text = record.to_vec();
    let nonce = cipher(&with.key)?
        .seal_in_place_append_tag(binding.associated_data(&with.name)?, &mut text)
        .ok()?;
    Some([HEADER, &with.name, nonce.as_ref(), &text].concat())
}

impl<'a> Sealed<'a> {
    /// Parses a file.
    ///
    /// # Errors
    /// A text that says why it is no sealed record.
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, &'static str> {
        let Some(body) = file.strip_prefix(HEADER) else {
            return Err(if file.is_empty() {
                "it is empty"
            } else if file.starts_with(ANY_HEADER) {
                "a newer kubesesame wrote it"
            } else {
                "it is broken"
            });
        };
        let (name, rest) = body.split_first_chunk().ok_or("it is broken")?;
        Ok(Self { name, rest })
    }

    /// The name of its key's entry in the keyring.
    pub(super) fn key_name(&self) -> String {
        HEXLOWER.encode(self.name)
    }

    /// Decrypts the record.
    ///
    /// # Errors
    /// A text that says why that is not possible.
    pub(super) fn open(&self, with: &WrappingKey, binding: &Binding<'_>) -> Result<Vec<u8>, &'static str> {
        let cannot = "it cannot be opened with the key in the OS keyring";
        let (nonce, text) = self.rest.split_first_chunk::<NONCE_LEN>().ok_or(cannot)?;
        let mut text = text.to_vec();
        let cipher = cipher(&with.key).ok_or(cannot)?;
        let bound = binding.associated_data(self.name).ok_or(cannot)?;
        let opened = cipher.open_in_place(Nonce::from(nonce), bound, &mut text);
        let length = opened.map_err(|_| cannot)?.len();
        text.truncate(length);
        Ok(text)
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
            account: None,
        }
    }

    fn opened(file: &[u8], with: &WrappingKey, client_id: &str) -> Result<Vec<u8>, &'static str> {
        let binding = Binding {
            key: &key(client_id),
            identity: &identity(client_id),
        };
        Sealed::parse(file)?.open(with, &binding)
    }

    fn sealed(with: &WrappingKey) -> Vec<u8> {
        let binding = Binding {
            key: &key("c"),
            identity: &identity("c"),
        };
        seal(b"the record", with, &binding).unwrap()
    }

    #[test]
    fn a_sealed_record_opens_only_with_its_key_for_its_session() {
        let with = WrappingKey::generate().unwrap();
        let file = sealed(&with);
        assert_eq!(opened(&file, &with, "c").as_deref(), Ok(&b"the record"[..]));
        let cannot = Err("it cannot be opened with the key in the OS keyring");
        assert_eq!(opened(&file, &with, "other"), cannot);
        assert_eq!(opened(&file, &WrappingKey::generate().unwrap(), "c"), cannot);
        // The record is bound to the session key and to the issuer and client.
        for (file_of, record_of) in [("c", "other"), ("other", "c")] {
            let binding = Binding {
                key: &key(file_of),
                identity: &identity(record_of),
            };
            assert_eq!(Sealed::parse(&file).unwrap().open(&with, &binding), cannot);
        }
        assert_ne!(file, sealed(&with), "each has a nonce of its own");
        assert_eq!(Sealed::parse(&file).unwrap().key_name(), with.name());
    }

    #[test]
    fn a_key_of_zeros_is_none() {
        let file = sealed(&WrappingKey::generate().unwrap());
        let sealed = Sealed::parse(&file).unwrap();
        let found = |bytes| {
            let found = WrappingKey::find(&sealed, |_| Ok::<_, ()>(Some(SecretKey::new(bytes))));
            found.unwrap().is_some()
        };
        assert_eq!((found([0; 32]), found([1; 32])), (false, true));
    }

    #[test]
    fn a_truncated_or_changed_file_does_not_open() {
        let with = WrappingKey::generate().unwrap();
        let file = sealed(&with);
        for length in 0..file.len() {
            assert!(opened(&file[..length], &with, "c").is_err(), "{length}");
            let mut changed = file.clone();
            changed[length] ^= 1;
            assert!(opened(&changed, &with, "c").is_err(), "{length}");
        }
        let reason = |file: &'static [u8]| Sealed::parse(file).unwrap_err();
        assert_eq!(reason(b""), "it is empty");
        assert_eq!(reason(b"{\"version\":1}"), "it is broken");
        assert_eq!(reason(b"kubesesame sealed 1\n..."), "it is broken");
        assert_eq!(reason(b"kubesesame sealed 2\n..."), "a newer kubesesame wrote it");
    }
}
