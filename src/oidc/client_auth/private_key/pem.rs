//! Private keys in PEM: PKCS#8, PKCS#1 and SEC 1.

use aws_lc_rs::signature::{EcdsaKeyPair, RsaKeyPair};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::{CURVES, Pair, rsa_fault};
use crate::oidc::errors::private_key::KeyFault;
use crate::untrusted_text::UntrustedText;

/// The encoded object identifier of the algorithm of a PKCS#8 key, and the name of its key type.
const UNSUPPORTED_KEY_TYPES: [(&[u8], &str); 7] = [
    (&[0x06, 0x03, 0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x71], "Ed448"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x6e], "X25519"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x6f], "X448"),
    (&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
    (
        &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01],
        "Diffie-Hellman",
    ),
    (
        &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a],
        "RSA-PSS",
    ),
];
const EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Parses the first private key.
pub(super) fn parse(text: &[u8]) -> Result<Pair, KeyFault> {
    let Ok(key) = PrivateKeyDer::from_pem_slice(text) else {
        return Err(fault_of_text(&Zeroizing::new(
            String::from_utf8_lossy(text).into_owned(),
        )));
    };
    let key = Zeroizing::new(key);
    match &*key {
        PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
        PrivateKeyDer::Sec1(der) => ec(der.secret_sec1_der()),
        PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
        _ => Err(KeyFault::NoKey),
    }
}

fn pkcs8(der: &[u8]) -> Result<Pair, KeyFault> {
    // The algorithm is near the beginning: what follows is the key, in which any bytes may occur.
    let head = &der[..der.len().min(48)];
    let names = |oid: &[u8]| contains(head, oid);
    if let Some((_, key_type)) = UNSUPPORTED_KEY_TYPES.iter().find(|(oid, _)| names(oid)) {
        return Err(KeyFault::KeyType(UntrustedText::new(key_type)));
    }
    if names(EC) {
        ec(der)
    } else {
        rsa(RsaKeyPair::from_pkcs8(der))
    }
}

fn rsa(pair: Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>) -> Result<Pair, KeyFault> {
    pair.map(|pair| Pair::Rsa(Box::new(pair))).map_err(rsa_fault)
}

fn ec(der: &[u8]) -> Result<Pair, KeyFault> {
    let curve = CURVES.iter().find(|curve| contains(der, curve.oid));
    // A key that is cut off at its very beginning is no sequence.
    let is_sequence = der.first() == Some(&0x30);
    let curve = curve.ok_or(if is_sequence {
        KeyFault::Curve
    } else {
        KeyFault::Damaged
    })?;
    let pair = EcdsaKeyPair::from_private_key_der(curve.signing, der);
    pair.map(|pair| Pair::Ec(pair, curve))
        .map_err(|_| KeyFault::Damaged)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Why a text has no private key that can be read.
fn fault_of_text(text: &str) -> KeyFault {
    let has = |words: &str| text.contains(words);
    if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
        KeyFault::Encrypted
    } else if has("BEGIN OPENSSH PRIVATE KEY") {
        KeyFault::OpenSsh
    } else if has("BEGIN DSA PRIVATE KEY") {
        KeyFault::KeyType(UntrustedText::new("DSA"))
    } else if has("PRIVATE KEY-----") {
        KeyFault::Damaged
    } else if has("PUBLIC KEY-----") || has("BEGIN CERTIFICATE") {
        KeyFault::PublicOnly
    } else {
        KeyFault::NoKey
    }
}
