//! The provider's key set (RFC 7517), and whether one of its keys signed a token.
//!
//! Each key is read by itself: one that cannot be used is left out, and only the members that a signature needs are looked
//! at. Which keys may verify an ID token is rule T10, which one is tried is rule T11 of docs/protocol.md. Pure.

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
    /// Absent where it is no text.
    id: Option<String>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The point, uncompressed (SEC 1 2.3.3).
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519 {
        point: Vec<u8>,
    },
}

/// Why no key of the set vouches for a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotVerified {
    /// No key has the token's id and fits its algorithm.
    UnknownKey,
    /// None of the keys that fit made the signature.
    Signature,
    /// None of those that were tried; so many fit.
    TooManyKeys(usize),
}

/// So many keys are tried for a token: a set has a handful, and a flood of them would take minutes.
pub(crate) const MAX_TRIED: usize = 200;

/// Shortest RSA modulus that is accepted, in bits (RFC 7518 3.3).
const MIN_RSA_BITS: usize = 2048;

impl KeySet {
    /// Reads a key set, or keys without the object around them; an error says what is there in place of one.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let entries = entries(json::value(body).ok_or("it is no JSON")?)?;
        let objects = || entries.iter().filter_map(Value::as_object);
        let keys: Vec<Key> = objects().filter_map(Key::parse).collect();
        if keys.is_empty() {
            let all_short = !entries.is_empty() && objects().all(is_short_rsa);
            return Err(if all_short {
                "its RSA keys are shorter than 2048 bits"
            } else {
                "it has no key that can verify a signature"
            });
        }
        Ok(Self { keys })
    }

    /// Verifies a signature with the key that the token names, or with each one that fits if it names none.
    ///
    /// Ids are a help to choose and no protection: where several keys have the same one each is tried, and keys without an id
    /// are tried for a token whose id no key has.
    pub(crate) fn verify(
        &self,
        algorithm: &Algorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), NotVerified> {
        let fitting = || self.keys.iter().filter(|key| key.fits(algorithm));
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut candidates: Vec<&Key> = fitting().filter(named).collect();
        if candidates.is_empty() && !self.keys.iter().any(|key| key.id.as_deref() == id) {
            candidates = fitting().filter(|key| key.id.is_none()).collect();
        }
        if candidates.is_empty() {
            return Err(NotVerified::UnknownKey);
        }
        let is_signed = candidates
            .iter()
            .take(MAX_TRIED)
            .any(|key| key.material.verifies(algorithm, message, signature));
        match candidates.len() {
            _ if is_signed => Ok(()),
            ..=MAX_TRIED => Err(NotVerified::Signature),
            fitting => Err(NotVerified::TooManyKeys(fitting)),
        }
    }
}

/// The keys of a set (RFC 7517 5), or of a bare list. One bare key is told: no API server verifies a token with it, and there the cause
/// would look like a wrong signature.
fn entries(document: Value) -> Result<Vec<Value>, &'static str> {
    let mut object = match document {
        Value::Object(object) => object,
        Value::Array(entries) => return Ok(entries),
        _ => return Err("it is no JSON object"),
    };
    match object.remove("keys") {
        Some(Value::Array(entries)) => Ok(entries),
        Some(key @ Value::Object(_)) => Ok(vec![key]),
        _ if object.contains_key("kty") => {
            Err("it is one bare key (JWK), and not a key set (JWK Set) with a list `keys`")
        }
        _ => Err("it is no key set (JWK Set): it has no list `keys`"),
    }
}

impl Key {
    /// Reads a key; `None` if it is not for signatures or is of a kind that nobody here knows.
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
            "OKP" if says(jwk, "crv", "Ed25519") => Material::Ed25519 { point: bytes("x")? },
            _ => return None,
        };
        Some(Self {
            id: json::text(jwk, "kid").map(str::to_owned),
            material,
        })
    }

    /// Whether type and curve are those of the algorithm. The key's own `alg` limits nothing, as for the API server: some
    /// providers publish another one than they sign with.
    fn fits(&self, algorithm: &Algorithm) -> bool {
        match (&algorithm.scheme, &self.material) {
            (Scheme::Rsa(_), Material::Rsa { .. }) | (Scheme::Ed25519, Material::Ed25519 { .. }) => true,
            (Scheme::Ecdsa(wanted, _), Material::Ec { curve, .. }) => wanted == curve,
            _ => false,
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
            _ => return false,
        };
        verified.is_ok()
    }
}

/// Only a plain statement that a key is for something else leaves it out (RFC 7517 4.2, 4.3).
fn is_for_signatures(jwk: &Map<String, Value>) -> bool {
    let is_for_encryption = json::text(jwk, "use") == Some("enc");
    let operations = jwk.get("key_ops").and_then(Value::as_array);
    let excluded = operations.is_some_and(|operations| {
        let mut names = operations.iter().filter_map(Value::as_str).peekable();
        let is_one_of_ours =
            |name: &str| name.eq_ignore_ascii_case("verify") || name.eq_ignore_ascii_case("sign");
        names.peek().is_some() && !names.any(is_one_of_ours)
    });
    !is_for_encryption && !excluded
}

fn is_short_rsa(jwk: &Map<String, Value>) -> bool {
    let is_rsa = says(jwk, "kty", "RSA");
    let modulus = json::text(jwk, "n").and_then(decode);
    is_rsa && modulus.is_some_and(|n| bits(&without_leading_zeros(n)) < MIN_RSA_BITS)
}

/// Whether a member is this name. Types and curves are read in any case: what they name decides, and one name means one thing.
fn says(jwk: &Map<String, Value>, member: &str, name: &str) -> bool {
    json::text(jwk, member).is_some_and(|text| text.eq_ignore_ascii_case(name))
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(leading)
}

fn without_leading_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

/// Decodes base64url; padding, line breaks and the letters of plain base64 are accepted in a public key.
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
