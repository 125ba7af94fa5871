//! The key of a session: ES256, made at the sign-in (RFC 9449 4.2).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::oidc::errors::Error;
use crate::secret::Secret;

/// The length of a coordinate of a point of P-256.
const COORDINATE_BYTES: usize = 32;

/// A key that tokens are bound to.
pub(in crate::oidc) struct DpopKey {
    pair: EcdsaKeyPair,
    stored: Secret,
    x: String,
    y: String,
}

impl DpopKey {
    /// Makes a new key.
    pub(in crate::oidc) fn generate() -> Result<Self, Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| Error::Internal("a key for DPoP"))?;
        Self::from_pkcs8(document.as_ref()).ok_or(Error::Internal("a key for DPoP"))
    }

    /// Reads a key as [`Self::stored`] returned it. `None` if the text is no such key.
    pub(in crate::oidc) fn parse(stored: &Secret) -> Option<Self> {
        let pkcs8 = BASE64URL_NOPAD.decode(stored.expose().as_bytes()).ok()?;
        Self::from_pkcs8(&Zeroizing::new(pkcs8))
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        // An uncompressed point: 4, x, y (SEC 1, 2.3.3).
        let point = pair.public_key().as_ref().get(1..)?;
        let (x, y) = point.split_at_checked(COORDINATE_BYTES)?;
        let (x, y) = (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y));
        Some(Self {
            stored: Secret::new(BASE64URL_NOPAD.encode(pkcs8)),
            pair,
            x,
            y,
        })
    }

    /// Returns the private key as text, to be kept with the session.
    pub(in crate::oidc) fn stored(&self) -> &Secret {
        &self.stored
    }

    /// Returns the public key (RFC 7517).
    pub(super) fn public_jwk(&self) -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y })
    }

    /// Returns the thumbprint of the key, by which tokens and authorization codes name it (RFC 7638 3, RFC 9449 6.1 and 10).
    pub(in crate::oidc) fn thumbprint(&self) -> String {
        // The members in the order of their names, without white space (RFC 7638 3.2).
        let canonical = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            self.x, self.y
        );
        BASE64URL_NOPAD.encode(digest(&SHA256, canonical.as_bytes()).as_ref())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| Error::Internal("the signature of a DPoP proof"))?;
        Ok(signature.as_ref().to_vec())
    }
}

impl std::fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_key_is_the_same_key() {
        let key = DpopKey::generate().unwrap();
        let read = DpopKey::parse(key.stored()).unwrap();
        assert_eq!(key.thumbprint(), read.thumbprint());
        assert_ne!(key.thumbprint(), DpopKey::generate().unwrap().thumbprint());
        assert_eq!(format!("{key:?}"), "[redacted]");
    }

    #[test]
    fn a_text_that_is_no_key_is_none() {
        for text in ["", "AAAA", "not base64url!", "e30"] {
            assert!(DpopKey::parse(&Secret::new(text)).is_none(), "{text}");
        }
    }
}
