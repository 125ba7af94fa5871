//! Signatures with elliptic curves: a correct one on each of two curves, and the forms that a verifier has to refuse.

use std::sync::OnceLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, KeyPair as _,
    },
};
use serde_json::{Value, json};

use super::{bodies, defects::Defect};

const P256_KID: &str = "p-256";
const P521_KID: &str = "p-521";

static P256: OnceLock<EcdsaKeyPair> = OnceLock::new();
static P521: OnceLock<EcdsaKeyPair> = OnceLock::new();

/// Returns the `alg` and the `kid` of a token whose defect is one of these.
pub(crate) fn algorithm(defect: Defect) -> Option<(&'static str, &'static str)> {
    match defect {
        Defect::Es256
        | Defect::Es256BadSignature
        | Defect::Es256DerSignature
        | Defect::Es256ZeroSignature
        | Defect::Es256PointOffCurve => Some(("ES256", P256_KID)),
        Defect::Es512 => Some(("ES512", P521_KID)),
        _ => None,
    }
}

/// Returns the key that the key set publishes for it.
pub(crate) fn jwk(defect: Defect) -> Option<Value> {
    let (algorithm, kid) = algorithm(defect)?;
    let (pair, curve) = match algorithm {
        "ES512" => (p521(), "P-521"),
        _ => (p256(), "P-256"),
    };
    // An uncompressed point: 04 <x> <y>.
    let mut point = pair.public_key().as_ref().to_vec();
    if defect == Defect::Es256PointOffCurve {
        *point.last_mut()? ^= 1;
    }
    let (x, y) = point[1..].split_at(point.len() / 2);
    Some(json!({
        "kty": "EC", "crv": curve, "alg": algorithm, "use": "sig", "kid": kid,
        "x": bodies::base64url(x), "y": bodies::base64url(y),
    }))
}

/// Returns the signature of such a token.
pub(crate) fn signature(defect: Defect, message: &[u8]) -> Option<Vec<u8>> {
    let (algorithm, _) = algorithm(defect)?;
    if defect == Defect::Es256ZeroSignature {
        return Some(vec![0; 64]);
    }
    let pair = match algorithm {
        "ES512" => p521(),
        _ => p256(),
    };
    let mut signature = signed(pair, message);
    match defect {
        Defect::Es256BadSignature => signature[40] ^= 1,
        Defect::Es256DerSignature => signature = signed(&same_key_with_der(pair), message),
        _ => {}
    }
    Some(signature)
}

fn signed(pair: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    let signature = pair.sign(&SystemRandom::new(), message);
    signature.expect("a key signs").as_ref().to_vec()
}

fn same_key_with_der(pair: &EcdsaKeyPair) -> EcdsaKeyPair {
    let document = pair.to_pkcs8v1().expect("a key has an encoding");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).expect("it is the same key")
}

fn p256() -> &'static EcdsaKeyPair {
    P256.get_or_init(|| {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("aws-lc makes a P-256 key")
    })
}

fn p521() -> &'static EcdsaKeyPair {
    P521.get_or_init(|| {
        EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).expect("aws-lc makes a P-521 key")
    })
}
