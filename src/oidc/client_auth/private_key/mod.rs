//! The private key of a client: what it signs with, and reading it from PEM or from a JWK.

mod jwk;
mod pem;

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RsaKeyPair,
};

use crate::oidc::errors::Error;
use crate::oidc::errors::private_key::KeyFault;

/// A key that signs assertions.
pub(in crate::oidc) struct PrivateKey {
    pair: Pair,
    id: Option<String>,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair, &'static Curve),
}

/// A curve of EC keys, with the algorithm that signs with it (RFC 7518 3.4).
struct Curve {
    /// The value of `crv` in a JWK.
    name: &'static str,
    /// The encoded object identifier.
    oid: &'static [u8],
    algorithm: &'static str,
    signing: &'static EcdsaSigningAlgorithm,
    /// The length of a coordinate.
    bytes: usize,
}

static CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        oid: &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        algorithm: "ES256",
        signing: &ECDSA_P256_SHA256_FIXED_SIGNING,
        bytes: 32,
    },
    Curve {
        name: "P-384",
        oid: &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
        algorithm: "ES384",
        signing: &ECDSA_P384_SHA384_FIXED_SIGNING,
        bytes: 48,
    },
    Curve {
        name: "P-521",
        oid: &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
        algorithm: "ES512",
        signing: &ECDSA_P521_SHA512_FIXED_SIGNING,
        bytes: 66,
    },
];

impl PrivateKey {
    /// Parses the content of a file. `id` takes precedence over the `kid` of a JWK.
    pub(super) fn parse(bytes: &[u8], id: Option<&str>) -> Result<Self, KeyFault> {
        let is_json = bytes.trim_ascii_start().starts_with(b"{");
        let key = if is_json {
            jwk::parse(bytes)?
        } else {
            Self {
                pair: pem::parse(bytes)?,
                id: None,
            }
        };
        Ok(Self {
            id: id.map(str::to_owned).or(key.id),
            ..key
        })
    }

    /// Returns the value of `alg`.
    pub(super) fn algorithm(&self) -> &'static str {
        self.pair.algorithm()
    }

    /// Returns the value of `kid`, if it is known.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let signed = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
            }
            Pair::Ec(pair, _) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
        };
        signed.map_err(|_| Error::Internal("the signature of a client assertion"))
    }
}

impl Pair {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_, curve) => curve.algorithm,
        }
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What the library says of an RSA key that it does not take.
fn rsa_fault(rejected: KeyRejected) -> KeyFault {
    match rejected.description_() {
        "TooSmall" => KeyFault::RsaTooShort,
        "TooLarge" => KeyFault::RsaTooLong,
        _ => KeyFault::Damaged,
    }
}

#[cfg(test)]
pub(super) mod tests;
