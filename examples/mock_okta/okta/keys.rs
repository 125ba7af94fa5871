//! The signing keys and the published key set.
//!
//! Generating an RSA key takes 0.1 s, so all providers of a process share one pool, which is filled when
//! it is first needed. A provider uses two keys of the pool: the first one signs, the second one is only published, like at
//! Okta, where two or three keys are published and any of them may sign. The published members are `kty alg kid use n e`.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use serde_json::{Value, json};

use super::bodies;

static POOL: Mutex<Vec<Arc<SigningKey>>> = Mutex::new(Vec::new());

/// A 2048-bit RSA key.
#[derive(Debug)]
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    pub(crate) kid: String,
    /// The public key as the member values `n` and `e`.
    n: String,
    e: String,
    /// The public key as `SubjectPublicKeyInfo`.
    pub(crate) public_der: Vec<u8>,
}

/// Which keys of the pool a provider uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyRing {
    front: usize,
}

impl Default for KeyRing {
    fn default() -> Self {
        Self { front: 1 }
    }
}

impl KeyRing {
    /// Signs with the next key. The previous signing key is not published any more.
    pub(crate) fn rotate(&mut self) {
        self.front += 1;
    }

    /// Returns the key that signs.
    pub(crate) fn signer(self) -> Arc<SigningKey> {
        pooled(self.front)
    }

    /// Returns the key that is published but does not sign.
    #[expect(
        clippy::unused_self,
        reason = "a key of the ring, which happens to be the same for all"
    )]
    pub(crate) fn bystander(self) -> Arc<SigningKey> {
        pooled(0)
    }
}

impl SigningKey {
    fn generate() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("aws-lc makes an RSA key");
        let pkcs1 = pair.public_key().as_ref();
        // RSAPublicKey of a 2048-bit key with e = 65537 has a fixed layout: 30 82 .. .. 02 82 01 01 00 <n> 02 03 <e>.
        let n = &pkcs1[9..265];
        let e = &pkcs1[267..270];
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a public key has an encoding");
        let public_der = spki.as_ref().to_vec();
        let n = bodies::base64url(n);
        Self {
            kid: bodies::sha256_base64url(&n),
            e: bodies::base64url(e),
            n,
            public_der,
            pair,
        }
    }

    /// Returns the RS256 signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_with(&RSA_PKCS1_SHA256, message)
    }

    /// Returns the PS256 signature.
    pub(crate) fn sign_pss(&self, message: &[u8]) -> Vec<u8> {
        self.sign_with(&RSA_PSS_SHA256, message)
    }

    fn sign_with(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .expect("a 2048-bit key signs");
        signature
    }

    /// Returns the key as a member of a key set.
    pub(crate) fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "alg": "RS256", "kid": self.kid, "use": "sig", "n": self.n, "e": self.e })
    }
}

fn pooled(place: usize) -> Arc<SigningKey> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    while pool.len() <= place {
        pool.push(Arc::new(SigningKey::generate()));
    }
    Arc::clone(&pool[place])
}
