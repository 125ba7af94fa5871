//! The signature algorithms that a token may be signed with (JSON Web Algorithms, RFC 7518 3.1, RFC 8037 3.1).
//!
//! All are asymmetric. `none` and the algorithms with a shared secret are never accepted (RFC 8725 3.1). `aws-lc-rs` implements the
//! cryptography.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, RsaParameters,
};

/// A signature algorithm.
#[derive(Debug)]
pub(crate) struct Algorithm {
    /// The value of the header's `alg`. It is case-sensitive.
    pub(crate) name: &'static str,
    pub(super) scheme: Scheme,
    /// The hash that `at_hash` is computed with (OpenID Connect Core 3.1.3.6).
    pub(crate) hash: &'static digest::Algorithm,
    /// Whether a Kubernetes API server can be configured to accept it (`--oidc-signing-algs` and structured authentication).
    pub(crate) is_supported_by_api_servers: bool,
}

/// The verification algorithm, which also determines the type of the key.
#[derive(Debug)]
pub(super) enum Scheme {
    Rsa(&'static RsaParameters),
    Ecdsa(Curve, &'static EcdsaVerificationAlgorithm),
    Ed25519,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// Returns the curve with this name, ignoring case.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            "P-521" => Some(Self::P521),
            _ => None,
        }
    }

    /// Returns the length of a coordinate in bytes.
    pub(super) fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

const fn algorithm(name: &'static str, scheme: Scheme, hash: &'static digest::Algorithm) -> Algorithm {
    Algorithm {
        name,
        hash,
        is_supported_by_api_servers: !matches!(scheme, Scheme::Ed25519),
        scheme,
    }
}

static ALGORITHMS: [Algorithm; 11] = [
    algorithm(
        "RS256",
        Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        &SHA256,
    ),
    algorithm(
        "RS384",
        Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        &SHA384,
    ),
    algorithm(
        "RS512",
        Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        &SHA512,
    ),
    algorithm(
        "PS256",
        Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        &SHA256,
    ),
    algorithm(
        "PS384",
        Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        &SHA384,
    ),
    algorithm(
        "PS512",
        Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        &SHA512,
    ),
    algorithm(
        "ES256",
        Scheme::Ecdsa(Curve::P256, &ECDSA_P256_SHA256_FIXED),
        &SHA256,
    ),
    algorithm(
        "ES384",
        Scheme::Ecdsa(Curve::P384, &ECDSA_P384_SHA384_FIXED),
        &SHA384,
    ),
    algorithm(
        "ES512",
        Scheme::Ecdsa(Curve::P521, &ECDSA_P521_SHA512_FIXED),
        &SHA512,
    ),
    algorithm("EdDSA", Scheme::Ed25519, &SHA512),
    algorithm("Ed25519", Scheme::Ed25519, &SHA512),
];

impl Algorithm {
    pub(super) fn by_name(name: &str) -> Option<&'static Self> {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
    }

    /// Returns the algorithm with this name if the provider may use it: if the metadata announces it, or if the metadata announces no
    /// algorithm of this list. In both cases the key must have the algorithm's type, so a key cannot be used with the wrong kind of
    /// algorithm.
    pub(crate) fn allowed(name: &str, announced: &[String]) -> Option<&'static Self> {
        let is_announced = announced.iter().any(|other| other.eq_ignore_ascii_case(name));
        let announces_any = announced.iter().any(|other| Self::by_name(other).is_some());
        Self::by_name(name).filter(|_| is_announced || !announces_any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_allowed_if_announced_and_any_asymmetric_one_if_none_is() {
        let allowed = |name: &str, announced: &[&str]| {
            let announced: Vec<String> = announced.iter().map(|&name| name.to_owned()).collect();
            Algorithm::allowed(name, &announced).is_some()
        };
        for name in [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
        ] {
            assert!(allowed(name, &[name]) && allowed(name, &[]), "{name}");
            assert!(!allowed(name, &["Ed25519"]), "{name}");
            assert!(
                allowed(name, &["HS256", "none"]),
                "{name}: nothing usable is announced"
            );
        }
        for name in [
            "none", "None", "NONE", "HS256", "HS512", "rs256", "", "ES256K", "RS1",
        ] {
            assert!(!allowed(name, &[name]) && !allowed(name, &[]), "{name}");
        }
        assert!(!allowed("ES256", &["RS256"]));
        // The provider's list may be in another case; the token's header may not (RFC 7515 4.1.1).
        assert!(allowed("ES256", &["RS256", "es256"]) && !allowed("es256", &["RS256", "es256"]));
    }
}
