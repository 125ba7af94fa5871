//! A private key as a JWK (RFC 7517, RFC 7518 6.2 and 6.3).

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{EcdsaKeyPair, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::{CURVES, Pair, PrivateKey, rsa_fault};
use crate::oidc::errors::private_key::KeyFault;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

#[derive(Deserialize)]
struct Jwk {
    kty: Option<String>,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<Secret>,
    e: Option<Secret>,
    x: Option<Secret>,
    y: Option<Secret>,
    d: Option<Secret>,
    p: Option<Secret>,
    q: Option<Secret>,
    dp: Option<Secret>,
    dq: Option<Secret>,
    qi: Option<Secret>,
    /// A set of keys has it.
    keys: Option<IgnoredAny>,
}

/// The bytes of a number. The memory is overwritten on drop.
type Number = Zeroizing<Vec<u8>>;

pub(super) fn parse(json: &[u8]) -> Result<PrivateKey, KeyFault> {
    let jwk: Jwk = serde_json::from_slice(json).map_err(|_| KeyFault::NoKey)?;
    if jwk.keys.is_some() {
        return Err(KeyFault::KeySet);
    }
    let key_type = match jwk.kty.as_deref() {
        Some(key_type @ ("RSA" | "EC")) => key_type,
        Some("OKP") => return Err(unsupported_key_type(jwk.crv.as_deref().unwrap_or("OKP"))),
        Some(key_type) => return Err(unsupported_key_type(key_type)),
        None => return Err(KeyFault::Member("kty")),
    };
    if jwk.d.is_none() {
        return Err(KeyFault::PublicOnly);
    }
    if let Some(other) = jwk.r#use.as_deref().filter(|purpose| *purpose != "sig") {
        return Err(KeyFault::Use(UntrustedText::with_limit(other, 40)));
    }
    let pair = if key_type == "RSA" { rsa(&jwk)? } else { ec(&jwk)? };
    let used = pair.algorithm();
    match jwk.alg.as_deref() {
        Some(got) if got != used => Err(KeyFault::Algorithm {
            got: UntrustedText::with_limit(got, 40),
            used,
        }),
        _ => Ok(PrivateKey {
            pair,
            id: jwk.kid.filter(|id| !id.is_empty()),
        }),
    }
}

fn unsupported_key_type(key_type: &str) -> KeyFault {
    KeyFault::KeyType(UntrustedText::with_limit(key_type, 40))
}

fn rsa(jwk: &Jwk) -> Result<Pair, KeyFault> {
    let n = number("n", jwk.n.as_ref())?;
    // 2048 bits: 256 bytes, of which the first has its highest bit set.
    if n.len() < 256 || (n.len() == 256 && n[0] < 0x80) {
        return Err(KeyFault::RsaTooShort);
    }
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n,
            e: number("e", jwk.e.as_ref())?,
        },
        d: number("d", jwk.d.as_ref())?,
        p: number("p", jwk.p.as_ref())?,
        q: number("q", jwk.q.as_ref())?,
        dP: number("dp", jwk.dp.as_ref())?,
        dQ: number("dq", jwk.dq.as_ref())?,
        qInv: number("qi", jwk.qi.as_ref())?,
    };
    let pair = RsaKeyPair::from_components(&components).map_err(rsa_fault)?;
    Ok(Pair::Rsa(Box::new(pair)))
}

fn ec(jwk: &Jwk) -> Result<Pair, KeyFault> {
    let name = jwk.crv.as_deref().ok_or(KeyFault::Member("crv"))?;
    let curve = CURVES.iter().find(|curve| curve.name == name);
    let curve = curve.ok_or(KeyFault::Curve)?;
    // An uncompressed point (SEC 1 2.3.3). Some libraries leave out zeros at the beginning of a number.
    let padded = |member, value| -> Result<Number, KeyFault> {
        let number = number(member, value)?;
        let zeros = curve.bytes.checked_sub(number.len());
        let zeros = zeros.ok_or(KeyFault::Member(member))?;
        Ok(Zeroizing::new([vec![0; zeros].as_slice(), &number].concat()))
    };
    let mut point = vec![4];
    point.extend_from_slice(&padded("x", jwk.x.as_ref())?);
    point.extend_from_slice(&padded("y", jwk.y.as_ref())?);
    let d = padded("d", jwk.d.as_ref())?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing, &d, &point);
    pair.map(|pair| Pair::Ec(pair, curve))
        .map_err(|_| KeyFault::Damaged)
}

/// Decodes a number, without zeros at its beginning.
fn number(member: &'static str, text: Option<&Secret>) -> Result<Number, KeyFault> {
    let text = text.ok_or(KeyFault::Member(member))?;
    let bytes = BASE64URL_NOPAD.decode(text.expose().trim_end_matches('=').as_bytes());
    let bytes = Zeroizing::new(bytes.map_err(|_| KeyFault::Member(member))?);
    match bytes.iter().position(|byte| *byte != 0) {
        Some(first) => Ok(Zeroizing::new(bytes[first..].to_vec())),
        None => Err(KeyFault::Member(member)),
    }
}
