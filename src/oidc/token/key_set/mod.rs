//! The provider's key set (RFC 7517), and the verification of signatures with its keys.
//!
//! A key that cannot be used is ignored, and only the members that a signature needs are read. Rule T10 of docs/protocol.md says which keys
//! may verify an ID token, and rule T11 which of them are tried. Pure.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Curve, Scheme};
use crate::oidc::json;

/// The keys that may verify a token.
#[derive(Debug, Clone)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug, Clone)]
struct Key {
    /// `None` also if `kid` is not a string.
    id: Option<String>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The uncompressed point (SEC 1 2.3.3).
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519 {
        point: Vec<u8>,
    },
}

/// Why no key of the set verifies a signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// No key has the token's `kid` and fits its algorithm.
    UnknownKey,
    /// No fitting key made the signature.
    WrongSignature,
    /// More keys fit than are tried (so many), and none of those that were tried made the signature.
    TooManyKeys(usize),
}

/// How many keys are tried for a token. A normal key set has only a few, and trying thousands would take minutes.
pub(crate) const MAX_TRIED_KEYS: usize = 200;

/// The shortest accepted RSA modulus, in bits (RFC 7518 3.3).
const MIN_RSA_BITS: usize = 2048;

impl KeySet {
    /// Parses a key set, or a list of keys without the object around it. The error says what the document is instead.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let key_entries = key_entries(json::value(body).ok_or("it is no JSON")?)?;
        let objects = || key_entries.iter().filter_map(Value::as_object);
        let keys: Vec<Key> = objects().filter_map(Key::parse).collect();
        if keys.is_empty() {
            let all_short = !key_entries.is_empty() && objects().all(is_short_rsa);
            return Err(if all_short {
                "its RSA keys are shorter than 2048 bits"
            } else {
                "it has no key that can verify a signature"
            });
        }
        Ok(Self { keys })
    }

    /// Verifies a signature with the key whose `kid` the token names, or with each fitting key if it names none.
    ///
    /// A `kid` only helps to choose a key, and protects nothing. So all keys with the same `kid` are tried, and if no key has the token's
    /// `kid`, the keys without a `kid` are tried.
    pub(crate) fn verify(
        &self,
        algorithm: &Algorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let fitting = || self.keys.iter().filter(|key| key.fits(algorithm));
        let matches_id = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut candidates: Vec<&Key> = fitting().filter(matches_id).collect();
        let is_id_unknown = id.is_some() && !self.keys.iter().any(|key| key.id.as_deref() == id);
        if is_id_unknown {
            candidates = fitting().filter(|key| key.id.is_none()).collect();
        }
        if candidates.is_empty() {
            return Err(SignatureError::UnknownKey);
        }
        let is_signed = candidates
            .iter()
            .take(MAX_TRIED_KEYS)
            .any(|key| key.material.verifies(algorithm, message, signature));
        match candidates.len() {
            _ if is_signed => Ok(()),
            // The key that the token names may be published later.
            _ if is_id_unknown => Err(SignatureError::UnknownKey),
            ..=MAX_TRIED_KEYS => Err(SignatureError::WrongSignature),
            fitting => Err(SignatureError::TooManyKeys(fitting)),
        }
    }
}

/// Returns the keys of a key set (RFC 7517 5) or of a list. A single JWK is refused with its own message: API servers do not accept it
/// either, and there the cause would look like a wrong signature.
fn key_entries(document: Value) -> Result<Vec<Value>, &'static str> {
    let mut object = match document {
        Value::Object(object) => object,
        Value::Array(key_entries) => return Ok(key_entries),
        _ => return Err("it is no JSON object"),
    };
    match object.remove("keys") {
        Some(Value::Array(key_entries)) => Ok(key_entries),
        Some(key @ Value::Object(_)) => Ok(vec![key]),
        _ if object.contains_key("kty") => {
            Err("it is one bare key (JWK), and not a key set (JWK Set) with a list `keys`")
        }
        _ => Err("it is no key set (JWK Set): it has no list `keys`"),
    }
}

impl Key {
    /// Parses a key. Returns `None` if it is not for signatures, or if its type is not supported.
    fn parse(jwk: &Map<String, Value>) -> Option<Self> {
        if !is_for_signatures(jwk) || is_short_rsa(jwk) {
            return None;
        }
        let bytes = |name| json::text(jwk, name).and_then(decode);
        let material = match json::text(jwk, "kty")?.to_ascii_uppercase().as_str() {
            "RSA" => Material::Rsa {
                n: without_leading_zeros(bytes("n")?),
                e: without_leading_zeros(bytes("e")?),
            },
            "EC" => {
                let curve = Curve::by_name(json::text(jwk, "crv")?)?;
                let mut point = vec![4];
                for name in ["x", "y"] {
                    let coordinate = without_leading_zeros(bytes(name)?);
                    let missing = curve.coordinate_len().checked_sub(coordinate.len())?;
                    point.extend(std::iter::repeat_n(0, missing));
                    point.extend(coordinate);
                }
                Material::Ec { curve, point }
            }
            "OKP" if has_value(jwk, "crv", "Ed25519") => Material::Ed25519 { point: bytes("x")? },
            _ => return None,
        };
        Some(Self {
            id: json::text(jwk, "kid").map(str::to_owned),
            material,
        })
    }

    /// Whether the key has the type and curve of the algorithm. The key's `alg` is ignored, as by the API server: some providers sign with
    /// another algorithm than they publish there.
    fn fits(&self, algorithm: &Algorithm) -> bool {
        match (&algorithm.scheme, &self.material) {
            (Scheme::Rsa(_), Material::Rsa { .. }) | (Scheme::Ed25519, Material::Ed25519 { .. }) => true,
            (Scheme::Ecdsa(wanted, _), Material::Ec { curve, .. }) => wanted == curve,
            (Scheme::Rsa(_), Material::Ec { .. } | Material::Ed25519 { .. })
            | (Scheme::Ecdsa(..), Material::Rsa { .. } | Material::Ed25519 { .. })
            | (Scheme::Ed25519, Material::Rsa { .. } | Material::Ec { .. }) => false,
        }
    }
}

impl Material {
    fn verifies(&self, algorithm: &Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (&algorithm.scheme, self) {
            (Scheme::Rsa(parameters), Self::Rsa { n, e }) => {
                PublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Scheme::Ecdsa(_, ecdsa), Self::Ec { point, .. }) => {
                UnparsedPublicKey::new(*ecdsa, point).verify(message, signature)
            }
            (Scheme::Ed25519, Self::Ed25519 { point }) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
            (Scheme::Rsa(_), Self::Ec { .. } | Self::Ed25519 { .. })
            | (Scheme::Ecdsa(..), Self::Rsa { .. } | Self::Ed25519 { .. })
            | (Scheme::Ed25519, Self::Rsa { .. } | Self::Ec { .. }) => return false,
        };
        verified.is_ok()
    }
}

/// Whether a key may be used for signatures. Only a clear statement of another use excludes it (RFC 7517 4.2, 4.3).
fn is_for_signatures(jwk: &Map<String, Value>) -> bool {
    let is_for_encryption = json::text(jwk, "use") == Some("enc");
    let operations = jwk.get("key_ops").and_then(Value::as_array);
    let is_for_other_operations = operations.is_some_and(|operations| {
        let mut names = operations.iter().filter_map(Value::as_str).peekable();
        let is_signature_operation =
            |name: &str| name.eq_ignore_ascii_case("verify") || name.eq_ignore_ascii_case("sign");
        names.peek().is_some() && !names.any(is_signature_operation)
    });
    !is_for_encryption && !is_for_other_operations
}

fn is_short_rsa(jwk: &Map<String, Value>) -> bool {
    let is_rsa = has_value(jwk, "kty", "RSA");
    let modulus = json::text(jwk, "n").and_then(decode);
    is_rsa && modulus.is_some_and(|n| bit_length(&without_leading_zeros(n)) < MIN_RSA_BITS)
}

/// Whether a member has this value. Case is ignored, because no two names of types or curves differ only in case.
fn has_value(jwk: &Map<String, Value>, member: &str, name: &str) -> bool {
    json::text(jwk, member).is_some_and(|text| text.eq_ignore_ascii_case(name))
}

fn bit_length(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(leading)
}

fn without_leading_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

/// Decodes base64url. In a public key, padding, white space and the characters of standard base64 are also accepted.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests;
