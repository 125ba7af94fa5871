//! A sealed session: what stands in a file that only the keyring's key opens.
//!
//! Owns the envelope: a header, the key's random name, a nonce, and the sealed text. The record inside is the one that a plain
//! file has; the key's name, issuer, client and session are bound to it as associated data, so that no record can be put in another's
//! place. The key seals every refresh, each with a nonce of its own, and so the keyring is not touched by a refresh. Pure but for
//! randomness.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;

use super::{Identity, Key};
use crate::secret::SecretKey;

/// Begins every sealed file; the number is the version of the envelope.
const HEADER: &[u8] = b"kubesesame sealed 1\n";
const ANY_HEADER: &[u8] = b"kubesesame sealed ";

/// Bytes of a key's name. It is random, so that two directories with the same session have a key each.
const NAME_LEN: usize = 16;

/// A key, and the name that it has in the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrappingKey {
    name: [u8; NAME_LEN],
    key: SecretKey,
}

impl WrappingKey {
    /// Makes a key that nobody has had before; `None` where the system has no randomness to give.
    pub(super) fn make() -> Option<Self> {
        let (mut name, mut bytes) = ([0; NAME_LEN], [0; 32]);
        rand::fill(&mut name).ok()?;
        rand::fill(&mut bytes).ok()?;
        Some(Self {
            name,
            key: SecretKey::new(bytes),
        })
    }

    /// The key of a sealed file, from a keyring that knows keys by name.
    pub(super) fn of<E>(
        sealed: &Sealed<'_>,
        find: impl FnOnce(&str) -> Result<Option<SecretKey>, E>,
    ) -> Result<Option<Self>, E> {
        let key = find(&sealed.key_name())?;
        Ok(key.map(|key| Self {
            name: *sealed.name,
            key,
        }))
    }

    /// Under which it is in the keyring.
    pub(super) fn name(&self) -> String {
        HEXLOWER.encode(&self.name)
    }

    pub(super) fn key(&self) -> &SecretKey {
        &self.key
    }
}

/// A sealed file, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed<'a> {
    name: &'a [u8; NAME_LEN],
    /// Nonce and text.
    rest: &'a [u8],
}

/// What a sealed record belongs to.
pub(super) struct Binding<'a> {
    pub(super) key: &'a Key,
    pub(super) identity: &'a Identity,
}

impl Binding<'_> {
    /// `None` if it could not be written: a record must not be sealed without it.
    fn associated_data(&self, name: &[u8; NAME_LEN]) -> Option<Aad<Vec<u8>>> {
        // The account is part of the session's key.
        let Identity {
            issuer, client_id, ..
        } = self.identity;
        let parts = [&HEXLOWER.encode(name), &self.key.to_string(), issuer, client_id];
        let parts = serde_json::to_string(&parts).ok()?;
        Some(Aad::from([HEADER, parts.as_bytes()].concat()))
    }
}

/// Seals a record; `None` where the system has no randomness to give.
pub(super) fn seal(record: &[u8], with: &WrappingKey, binding: &Binding<'_>) -> Option<Vec<u8>> {
    let mut text = record.to_vec();
    let nonce = cipher(&with.key)?
        .seal_in_place_append_tag(binding.associated_data(&with.name)?, &mut text)
        .ok()?;
    Some([HEADER, &with.name, nonce.as_ref(), &text].concat())
}

impl<'a> Sealed<'a> {
    /// Takes a file apart, or says why it is no sealed record of ours.
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

    /// The name that its key has in the keyring.
    pub(super) fn key_name(&self) -> String {
        HEXLOWER.encode(self.name)
    }

    /// Opens it, or says why it cannot be opened.
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
    fn what_was_sealed_is_opened_by_its_key_for_its_session_only() {
        let with = WrappingKey::make().unwrap();
        let file = sealed(&with);
        assert_eq!(opened(&file, &with, "c").as_deref(), Ok(&b"the record"[..]));
        let cannot = Err("it cannot be opened with the key in the OS keyring");
        assert_eq!(opened(&file, &with, "other"), cannot);
        assert_eq!(opened(&file, &WrappingKey::make().unwrap(), "c"), cannot);
        // Bound to both: the name of the file, and the issuer and client in it.
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
    fn nothing_that_was_cut_or_changed_is_opened() {
        let with = WrappingKey::make().unwrap();
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
