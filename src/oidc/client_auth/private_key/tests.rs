//! Keys in every form that is taken, and why others are not.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P521_SHA512_FIXED, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::*;

const MESSAGE: &[u8] = b"header.claims";

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
    .into_bytes()
}

fn pkcs8(pair: &RsaKeyPair) -> Vec<u8> {
    AsDer::<Pkcs8V1Der<'_>>::as_der(pair).unwrap().as_ref().to_vec()
}

pub(in crate::oidc::client_auth) fn pkcs8_pem(pair: &RsaKeyPair) -> Vec<u8> {
    pem("PRIVATE KEY", &pkcs8(pair))
}

/// The PKCS#1 key in a PKCS#8 key of 2048 bits, whose beginning has a fixed length.
fn pkcs1(pair: &RsaKeyPair) -> Vec<u8> {
    pkcs8(pair)[26..].to_vec()
}

/// The integers of a PKCS#1 key: its version, `n`, `e`, `d`, `p`, `q`, `dp`, `dq`, `qi`.
fn integers(der: &[u8]) -> Vec<Vec<u8>> {
    fn part(der: &[u8]) -> (&[u8], &[u8]) {
        let (start, len) = match der[1] {
            0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
            0x81 => (3, usize::from(der[2])),
            len => (2, usize::from(len)),
        };
        (&der[start..start + len], &der[start + len..])
    }
    let (mut rest, _) = part(der);
    let mut integers = Vec::new();
    while !rest.is_empty() {
        let (integer, others) = part(rest);
        integers.push(integer.strip_prefix(&[0]).unwrap_or(integer).to_vec());
        rest = others;
    }
    integers
}

fn rsa_jwk(pair: &RsaKeyPair) -> Value {
    let integers = integers(&pkcs1(pair));
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let members = names.into_iter().zip(&integers[1..]);
    let mut jwk: Value = members
        .map(|(name, integer)| (name, BASE64URL_NOPAD.encode(integer)))
        .collect();
    jwk["kty"] = "RSA".into();
    jwk
}

fn ec_jwk(pair: &EcdsaKeyPair, curve: &str) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(point.len() / 2);
    let d = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&pair.private_key()).unwrap();
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y), "d": text(d.as_ref())})
}

fn read(text: impl AsRef<[u8]>) -> Result<PrivateKey, KeyFault> {
    PrivateKey::parse(text.as_ref(), None)
}

#[track_caller]
fn signs(key: &PrivateKey, algorithm: &str, verify: &'static dyn VerificationAlgorithm, public: &[u8]) {
    assert_eq!(key.algorithm(), algorithm);
    let signature = key.sign(MESSAGE).unwrap();
    UnparsedPublicKey::new(verify, public)
        .verify(MESSAGE, &signature)
        .unwrap();
}

#[test]
fn an_rsa_key_is_read_in_each_form() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let jwk = rsa_jwk(&pair);
    let mut for_signatures = jwk.clone();
    for_signatures["use"] = "sig".into();
    for_signatures["alg"] = "RS256".into();
    let certificate = pem("CERTIFICATE", b"x");
    for text in [
        pkcs8_pem(&pair),
        pem("RSA PRIVATE KEY", &pkcs1(&pair)),
        [certificate, pkcs8_pem(&pair)].concat(),
        jwk.to_string().into_bytes(),
        format!("\n {for_signatures}\n").into_bytes(),
    ] {
        let key = read(&text).unwrap();
        let public = pair.public_key().as_ref();
        signs(&key, "RS256", &RSA_PKCS1_2048_8192_SHA256, public);
    }
}

#[test]
fn an_ec_key_is_read_in_each_form() {
    let verify: [&'static dyn VerificationAlgorithm; 3] = [
        &ECDSA_P256_SHA256_FIXED,
        &ECDSA_P384_SHA384_FIXED,
        &ECDSA_P521_SHA512_FIXED,
    ];
    for (curve, verify) in CURVES.iter().zip(verify) {
        let pair = EcdsaKeyPair::generate(curve.signing).unwrap();
        let private = pair.private_key();
        let sec1 = AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&private).unwrap();
        let parameters = pem("EC PARAMETERS", curve.oid);
        for text in [
            pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref()),
            pem("EC PRIVATE KEY", sec1.as_ref()),
            [parameters, pem("EC PRIVATE KEY", sec1.as_ref())].concat(),
            ec_jwk(&pair, curve.name).to_string().into_bytes(),
        ] {
            let key = read(&text).unwrap();
            signs(&key, curve.algorithm, verify, pair.public_key().as_ref());
        }
    }
}

#[test]
fn the_name_of_a_key_comes_from_the_flag_or_from_the_jwk() {
    let pair = EcdsaKeyPair::generate(CURVES[0].signing).unwrap();
    let mut jwk = ec_jwk(&pair, "P-256");
    jwk["kid"] = "own".into();
    let jwk = jwk.to_string().into_bytes();
    let pem = pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
    for (text, flag, expected) in [
        (&jwk, None, Some("own")),
        (&jwk, Some("flag"), Some("flag")),
        (&pem, Some("flag"), Some("flag")),
        (&pem, None, None),
    ] {
        assert_eq!(PrivateKey::parse(text, flag).unwrap().id(), expected);
    }
}

/// PKCS#8 keys that have nothing but the name of their algorithm.
fn pkcs8_of(oid: &[u8]) -> Vec<u8> {
    let algorithm = [&[0x30, u8::try_from(oid.len()).unwrap()], oid].concat();
    let content = [&[2, 1, 0], algorithm.as_slice(), &[4, 2, 4, 0]].concat();
    let der = [&[0x30, u8::try_from(content.len()).unwrap()], content.as_slice()].concat();
    pem("PRIVATE KEY", &der)
}

#[test]
fn a_pem_file_without_a_key_that_signs_says_why() {
    let ed = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    let k1 = EcdsaKeyPair::generate(&ECDSA_P256K1_SHA256_FIXED_SIGNING).unwrap();
    let p256 = EcdsaKeyPair::generate(CURVES[0].signing).unwrap();
    let p256 = p256.to_pkcs8v1().unwrap();
    let x25519 = [0x06, 0x03, 0x2b, 0x65, 0x6e];
    let dsa = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
    let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let kind = |name| KeyFault::KeyType(crate::untrusted_text::UntrustedText::new(name));
    for (text, expected) in [
        (Vec::new(), KeyFault::NoKey),
        (b"\xff\xfe\0".to_vec(), KeyFault::NoKey),
        (b"hunter2".to_vec(), KeyFault::NoKey),
        (pem("ENCRYPTED PRIVATE KEY", b"x"), KeyFault::Encrypted),
        (legacy.as_bytes().to_vec(), KeyFault::Encrypted),
        (pem("OPENSSH PRIVATE KEY", b"x"), KeyFault::OpenSsh),
        (pem("PUBLIC KEY", b"x"), KeyFault::PublicOnly),
        (pem("RSA PUBLIC KEY", b"x"), KeyFault::PublicOnly),
        (pem("CERTIFICATE", b"x"), KeyFault::PublicOnly),
        (pem("DSA PRIVATE KEY", b"x"), kind("DSA")),
        (pkcs8_of(&dsa), kind("DSA")),
        (pkcs8_of(&x25519), kind("X25519")),
        (pem("PRIVATE KEY", ed.as_ref()), kind("Ed25519")),
        (
            pem("PRIVATE KEY", k1.to_pkcs8v1().unwrap().as_ref()),
            KeyFault::Curve,
        ),
        (SHORT_RSA.as_bytes().to_vec(), KeyFault::RsaTooShort),
        (
            pem("PRIVATE KEY", &p256.as_ref()[..p256.as_ref().len() - 9]),
            KeyFault::Damaged,
        ),
        (pem("PRIVATE KEY", b"x"), KeyFault::Damaged),
        (pem("RSA PRIVATE KEY", b"x"), KeyFault::Damaged),
        (pem("EC PRIVATE KEY", b"x"), KeyFault::Damaged),
        (
            b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n".to_vec(),
            KeyFault::Damaged,
        ),
    ] {
        let fault = read(&text).map(drop).unwrap_err();
        assert_eq!(fault, expected, "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn a_jwk_that_cannot_sign_says_why() {
    let rsa = rsa_jwk(&RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
    let ec = ec_jwk(&EcdsaKeyPair::generate(CURVES[0].signing).unwrap(), "P-256");
    let other = ec_jwk(&EcdsaKeyPair::generate(CURVES[0].signing).unwrap(), "P-256");
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let text = crate::untrusted_text::UntrustedText::new;
    let algorithm = |got, used| KeyFault::Algorithm { got: text(got), used };
    for (jwk, expected) in [
        (json!({}), KeyFault::Member("kty")),
        (json!({"kty": 1}), KeyFault::NoKey),
        (json!({"keys": [rsa]}), KeyFault::KeySet),
        (json!({"kty": "oct", "k": "AAAA"}), KeyFault::KeyType(text("oct"))),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "d": "AAAA"}),
            KeyFault::KeyType(text("Ed25519")),
        ),
        (with(&rsa, "d", Value::Null), KeyFault::PublicOnly),
        (with(&ec, "d", Value::Null), KeyFault::PublicOnly),
        (with(&rsa, "qi", Value::Null), KeyFault::Member("qi")),
        (with(&rsa, "p", "!".into()), KeyFault::Member("p")),
        (with(&rsa, "dq", "AAAA".into()), KeyFault::Member("dq")),
        (with(&rsa, "n", "AQAB".into()), KeyFault::RsaTooShort),
        (with(&rsa, "d", "AQAB".into()), KeyFault::Damaged),
        (with(&rsa, "use", "enc".into()), KeyFault::Use(text("enc"))),
        (with(&rsa, "alg", "PS256".into()), algorithm("PS256", "RS256")),
        (with(&ec, "alg", "ES384".into()), algorithm("ES384", "ES256")),
        (with(&ec, "crv", "secp256k1".into()), KeyFault::Curve),
        (with(&ec, "crv", Value::Null), KeyFault::Member("crv")),
        (with(&ec, "crv", "P-384".into()), KeyFault::Damaged),
        (with(&ec, "d", other["d"].clone()), KeyFault::Damaged),
        (
            with(&ec, "x", BASE64URL_NOPAD.encode(&[1; 33]).into()),
            KeyFault::Member("x"),
        ),
    ] {
        let fault = read(jwk.to_string()).map(drop).unwrap_err();
        assert_eq!(fault, expected, "{jwk}");
    }
}

/// Some libraries leave out zeros at the beginning of a number.
#[test]
fn a_short_number_of_an_ec_key_is_filled_with_zeros() {
    let pair = loop {
        let pair = EcdsaKeyPair::generate(CURVES[0].signing).unwrap();
        if pair.public_key().as_ref()[1] == 0 {
            break pair;
        }
    };
    let mut jwk = ec_jwk(&pair, "P-256");
    jwk["x"] = BASE64URL_NOPAD.encode(&pair.public_key().as_ref()[2..33]).into();
    let key = read(jwk.to_string()).unwrap();
    signs(
        &key,
        "ES256",
        &ECDSA_P256_SHA256_FIXED,
        pair.public_key().as_ref(),
    );
}

#[test]
fn a_key_is_not_shown() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    assert_eq!(format!("{:?}", read(pkcs8_pem(&pair)).unwrap()), "[redacted]");
}

/// A key of 1024 bits, which the library does not make.
const SHORT_RSA: &str = "\
-----BEGIN RSA PRIVATE KEY-----\n\
MIICXgIBAAKBgQC9KCsp8Ibu9yuivantl80ppQDIN5yBk7ctT1YxTs83ufCwFQEl\n\
PKFjWmFbcjFTu4ToMJ8T5U1A2+GUgCobpmjBDEAHodtNMMJ7gPC5dimu/pYjYeCp\n\
/PxQi547H1Qe0D0PfDI4YSIT5aYBXsXF3M4Wk6AxI6DEywoa2mPZBQvO9QIDAQAB\n\
AoGBALSGK3uhNAXIGvr767r3DzRZZz+t402+/ijd+LKiNh1G9a/2u9sf3B6H2TZ+\n\
6xiwdA1sqcVBJ9NohgdFseoljP5bBf3tq2mJa5YYUJvKe6RVTLigVKysjW6GLuie\n\
uysD3JgKKl9K/r4sWRIDkRg8P0pVZjLrpmdbIc5J0T80UyvZAkEA7zZE6aT3cj8q\n\
X47r2TMa6SrEz/SO2Snz/Drj+bynO6Uq3eO0Qae8DF3d6vPbIHjSOumFJ8nDZ30l\n\
GAq97MiQlwJBAMpumYmODQhvlzgYYfq+egQC/5/whbdfnUWV6xO7EacUMHVVjuon\n\
gSaVxdXCuX3VyM8lZN1XeNUTwKy25YTyQlMCQQDWHUhfrfaC/4EJGZ+HwZOz40FZ\n\
Nnjqbv/h5ECNGEzEOZn+FMQTBHVwyFBL7sxT63GZo845CALszfp2456OpBOvAkEA\n\
k8KJRfOvJbI2ghaiJiG09IqvxjINmJ0tMibNEXjh2MAO4waRq+8sAVsfrflV5jkP\n\
O8zCxCHeLEIfyLIz9IfUywJASCTVWXenvgSqqjHiuEDOgby4sFhucK1A1yGmNWuf\n\
proxAFRqTG9rniczVPSR4iptf/vCZbH5iLsJz0w8op7qFg==\n\
-----END RSA PRIVATE KEY-----\n\
";
