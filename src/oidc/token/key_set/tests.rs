//! Every algorithm with its own key, and which keys are tried.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
};
use serde_json::json;

use super::*;

const MESSAGE: &[u8] = b"header.payload";

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

struct Signer {
    jwk: Value,
    signature: Vec<u8>,
}

fn rsa_pair() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).unwrap()
}

fn rsa_jwk(pair: &RsaKeyPair) -> Value {
    // RSAPublicKey of a 2048-bit key with e = 65537 has a fixed layout.
    let pkcs1 = pair.public_key().as_ref();
    json!({"kty": "RSA", "n": b64(&pkcs1[9..265]), "e": b64(&pkcs1[267..270])})
}

fn rsa_signature(pair: &RsaKeyPair, encoding: &'static dyn RsaEncoding) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), MESSAGE, &mut signature)
        .unwrap();
    signature
}

fn ec(curve: &str, algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(point.len() / 2);
    Signer {
        jwk: json!({"kty": "EC", "crv": curve, "x": b64(x), "y": b64(y)}),
        signature: pair
            .sign(&SystemRandom::new(), MESSAGE)
            .unwrap()
            .as_ref()
            .to_vec(),
    }
}

fn set(keys: &[Value]) -> Result<KeySet, &'static str> {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
}

fn with(jwk: &Value, name: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value;
    jwk
}

fn verified(
    keys: &[Value],
    algorithm: &str,
    id: Option<&str>,
    signature: &[u8],
) -> Result<(), SignatureError> {
    let algorithm = Algorithm::by_name(algorithm).unwrap();
    set(keys).unwrap().verify(algorithm, id, MESSAGE, signature)
}

#[test]
fn every_algorithm_is_verified_only_with_a_key_of_its_type() {
    let rsa = rsa_pair();
    let ed = Ed25519KeyPair::generate().unwrap();
    let ed_point = ed.public_key();
    let ed_jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(ed_point.as_ref())});
    let of_rsa = |encoding| Signer {
        jwk: rsa_jwk(&rsa),
        signature: rsa_signature(&rsa, encoding),
    };
    let signers = [
        ("RS256", of_rsa(&signature::RSA_PKCS1_SHA256)),
        ("RS384", of_rsa(&signature::RSA_PKCS1_SHA384)),
        ("RS512", of_rsa(&signature::RSA_PKCS1_SHA512)),
        ("PS256", of_rsa(&signature::RSA_PSS_SHA256)),
        ("PS384", of_rsa(&signature::RSA_PSS_SHA384)),
        ("PS512", of_rsa(&signature::RSA_PSS_SHA512)),
        ("ES256", ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)),
        ("ES384", ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING)),
        ("ES512", ec("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING)),
        (
            "EdDSA",
            Signer {
                jwk: ed_jwk,
                signature: ed.sign(MESSAGE).as_ref().to_vec(),
            },
        ),
    ];
    let all: Vec<Value> = signers.iter().map(|(_, signer)| signer.jwk.clone()).collect();
    for (name, signer) in &signers {
        assert_eq!(
            verified(std::slice::from_ref(&signer.jwk), name, None, &signer.signature),
            Ok(()),
            "{name}"
        );
        assert_eq!(
            verified(&all, name, Some("unknown"), &signer.signature),
            Ok(()),
            "{name}"
        );
        let mut forged = signer.signature.clone();
        forged[20] ^= 1;
        for wrong in [&forged[..], &[], &signer.signature[1..]] {
            assert_eq!(
                verified(&all, name, None, wrong),
                Err(SignatureError::WrongSignature),
                "{name}"
            );
        }
        for (other, _) in signers.iter().filter(|(other, _)| other != name) {
            assert!(
                verified(&all, other, None, &signer.signature).is_err(),
                "{name} as {other}"
            );
        }
    }
}

type Row<'r> = (&'r str, Vec<Value>, Option<&'r str>, Result<(), SignatureError>);

#[test]
fn an_id_selects_keys_and_excludes_none_without_an_id() {
    let (signer, other) = (rsa_pair(), rsa_pair());
    let (jwk, foreign) = (rsa_jwk(&signer), rsa_jwk(&other));
    let signature = rsa_signature(&signer, &signature::RSA_PKCS1_SHA256);
    let named = |jwk: &Value, id: &str| with(jwk, "kid", id.into());
    let table: &[Row<'_>] = &[
        (
            "its own",
            vec![named(&foreign, "a"), named(&jwk, "b")],
            Some("b"),
            Ok(()),
        ),
        ("no id anywhere", vec![foreign.clone(), jwk.clone()], None, Ok(())),
        (
            "none in the token",
            vec![named(&foreign, "a"), named(&jwk, "b")],
            None,
            Ok(()),
        ),
        (
            "one id twice",
            vec![named(&foreign, "a"), named(&jwk, "a")],
            Some("a"),
            Ok(()),
        ),
        (
            "none in the set",
            vec![foreign.clone(), jwk.clone()],
            Some("b"),
            Ok(()),
        ),
        (
            "an id that is no text",
            vec![with(&jwk, "kid", 5.into())],
            Some("5"),
            Ok(()),
        ),
        (
            "another's id",
            vec![named(&foreign, "a"), named(&jwk, "b")],
            Some("a"),
            Err(SignatureError::WrongSignature),
        ),
        (
            "an unknown id",
            vec![named(&jwk, "b")],
            Some("a"),
            Err(SignatureError::UnknownKey),
        ),
        (
            "an unknown id, and another's key without one",
            vec![foreign.clone()],
            Some("a"),
            Err(SignatureError::UnknownKey),
        ),
    ];
    for (what, keys, id, expected) in table {
        assert_eq!(verified(keys, "RS256", *id, &signature), *expected, "{what}");
    }
}

#[test]
fn only_the_first_of_very_many_keys_are_tried() {
    let (foreign, pair) = (rsa_jwk(&rsa_pair()), rsa_pair());
    let signature = rsa_signature(&pair, &signature::RSA_PKCS1_SHA256);
    let after = |others: usize| {
        let mut keys = vec![foreign.clone(); others];
        keys.push(rsa_jwk(&pair));
        verified(&keys, "RS256", None, &signature)
    };
    assert_eq!(after(MAX_TRIED_KEYS - 1), Ok(()));
    assert_eq!(
        after(MAX_TRIED_KEYS),
        Err(SignatureError::TooManyKeys(MAX_TRIED_KEYS + 1))
    );
}

#[test]
fn only_a_clear_statement_of_another_use_excludes_a_key() {
    let pair = rsa_pair();
    let jwk = rsa_jwk(&pair);
    let signature = rsa_signature(&pair, &signature::RSA_PKCS1_SHA256);
    let accepted = [
        ("use", json!("sig")),
        ("use", json!(null)),
        ("use", json!(["sig"])),
        ("use", json!("signature")),
        ("key_ops", json!(["verify"])),
        ("key_ops", json!([])),
        ("key_ops", json!("verify")),
        ("key_ops", json!(null)),
        ("key_ops", json!(["Verify"])),
        ("key_ops", json!([null, 5])),
        ("kty", json!("rsa")),
        ("x5c", json!(null)),
        ("x5t#S256", json!({"a": [1]})),
        ("exp", json!(1)),
        ("new", json!(null)),
        ("alg", json!("RS256")),
        ("alg", json!("RSA")),
        ("alg", json!("RS512")),
        ("alg", json!("PS256")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!(null)),
        ("alg", json!(5)),
        ("x5c", json!(5)),
        ("kid", json!(null)),
        ("d", json!("private")),
    ];
    for (name, value) in accepted {
        let key = with(&jwk, name, value.clone());
        assert_eq!(
            verified(&[key], "RS256", None, &signature),
            Ok(()),
            "{name} {value}"
        );
    }
    for (name, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt", "wrapKey"]))] {
        assert_eq!(
            set(&[with(&jwk, name, value)]).unwrap_err(),
            "it has no key that can verify a signature"
        );
    }
}

#[test]
fn unsupported_broken_and_weak_keys_are_ignored() {
    let pair = rsa_pair();
    let jwk = rsa_jwk(&pair);
    let signature = rsa_signature(&pair, &signature::RSA_PKCS1_SHA256);
    let others = [
        json!({"kty": "new"}),
        json!({"kty": "RSA"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "x": b64(&[1; 40]), "y": "AA"}),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"kty": 5}),
        json!("no object"),
        json!(null),
    ];
    let mut keys = others.to_vec();
    keys.push(jwk);
    assert_eq!(verified(&keys, "RS256", None, &signature), Ok(()));
    assert!(set(&others).is_err());
    let short = json!({"kty": "RSA", "n": b64(&[0xff; 128]), "e": "AQAB"});
    assert_eq!(
        set(&[short]).unwrap_err(),
        "its RSA keys are shorter than 2048 bits"
    );
    // Leading zeros do not count towards the length of a modulus.
    let mut padded = vec![0; 128];
    padded.extend([0xff; 128]);
    let padded = json!({"kty": "RSA", "n": b64(&padded), "e": "AQAB"});
    assert_eq!(
        set(&[padded]).unwrap_err(),
        "its RSA keys are shorter than 2048 bits"
    );
}

#[test]
fn numbers_may_be_written_with_padding_and_leading_zeros_or_without() {
    let pair = rsa_pair();
    let pkcs1 = pair.public_key().as_ref();
    let mut n = vec![0];
    n.extend(&pkcs1[9..265]);
    let plain = data_encoding::BASE64.encode(&n);
    let jwk = json!({"kty": "RSA", "n": plain, "e": "AAEAAQ=="});
    let signature = rsa_signature(&pair, &signature::RSA_PKCS1_SHA256);
    assert_eq!(verified(&[jwk], "RS256", None, &signature), Ok(()));
}

#[test]
fn names_of_types_and_curves_are_read_in_any_case() {
    let ed = Ed25519KeyPair::generate().unwrap();
    let ed_jwk = json!({"kty": "okp", "crv": "ED25519", "x": b64(ed.public_key().as_ref())});
    let es = ec("p-384", &ECDSA_P384_SHA384_FIXED_SIGNING);
    let elliptic = with(&es.jwk, "kty", "Ec".into());
    let keys = [ed_jwk, elliptic];
    assert_eq!(verified(&keys, "EdDSA", None, ed.sign(MESSAGE).as_ref()), Ok(()));
    assert_eq!(verified(&keys, "ES384", None, &es.signature), Ok(()));
    let short = json!({"kty": "rsa", "n": b64(&[0xff; 128]), "e": "AQAB"});
    assert_eq!(
        set(&[short]).unwrap_err(),
        "its RSA keys are shorter than 2048 bits"
    );
}

#[test]
fn keys_are_read_without_the_set_around_them() {
    let pair = rsa_pair();
    let jwk = rsa_jwk(&pair);
    let signature = rsa_signature(&pair, &signature::RSA_PKCS1_SHA256);
    for body in [json!([null, jwk]), json!({"keys": jwk})] {
        let keys = KeySet::parse(body.to_string().as_bytes()).expect("a key set");
        let algorithm = Algorithm::by_name("RS256").unwrap();
        assert_eq!(keys.verify(algorithm, None, MESSAGE, &signature), Ok(()));
    }
}

#[test]
fn a_document_that_is_no_key_set_is_described() {
    let why = |body: &str| KeySet::parse(body.as_bytes()).unwrap_err();
    let without_key = "it has no key that can verify a signature";
    assert_eq!(why(r#"[{"kty":"RSA"}]"#), without_key);
    assert_eq!(why("[]"), without_key);
    assert_eq!(why(r#"{"keys":{"kty":"RSA"}}"#), without_key);
    assert!(why("{}").starts_with("it is no key set"));
    let one = rsa_jwk(&rsa_pair());
    assert!(why(&one.to_string()).starts_with("it is one bare key (JWK)"));
    assert!(why(&with(&one, "keys", json!(null)).to_string()).starts_with("it is one bare key (JWK)"));
    assert!(why(r#"{"keys":"RSA"}"#).starts_with("it is no key set"));
    assert_eq!(why("<html>"), "it is no JSON");
    assert_eq!(why("5"), "it is no JSON object");
    let with_mark = format!("\u{feff}{}\0", json!({"keys": [rsa_jwk(&rsa_pair())]}));
    assert!(KeySet::parse(with_mark.as_bytes()).is_ok());
}
