//! Defects of the header, the signature, the serialization and the key set: attacks against a lenient verifier.
//!
//! If any key is sufficient, the attacker's key is the other published key. The weak key is a constant, because no current
//! library creates one. It protects nothing.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use openidconnect::{
    PrivateSigningKey,
    core::{CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey},
};
use serde_json::{Map, Value, json};

use super::{
    bodies,
    defects::Defect,
    ec_defects,
    keys::{KeyRing, SigningKey},
};

const CONSTANT_KID: &str = "the-key";
const WEAK_KID: &str = "weak-1024";
const WEAK_KEY: &str = include_str!("weak_rsa_1024.pem");
const WEAK_MODULUS: &str = "xkhN1EaRl0i6oJwJF4VTc0NtSEvm677kqSoaV_6gVPFRivzhnwNlYK1yItLd5JmMyTimOJMxRy3k_u_PbgtXsq1IUy\
    o2wVDtQKhEuzJuQ-s3SWdqxuxMnUlkMKvGaaxM4R4yyP55T0xmh28buoQaFZMediwmnAR0gtpToFDKeWE";

/// Returns the compact token with this payload and the defect.
pub(crate) fn seal(defect: Defect, ring: KeyRing, payload: &str) -> String {
    let signer = ring.signer();
    let mut header = json!({ "alg": "RS256", "kid": signer.kid })
        .as_object()
        .cloned()
        .unwrap_or_default();
    damage_header(defect, &mut header, ring);
    let header = header_text(defect, header);
    let message = format!(
        "{}.{}",
        bodies::base64url(header.as_bytes()),
        payload_part(defect, payload)
    );
    let signature = bodies::base64url(&signature(defect, ring, message.as_bytes()));
    match defect {
        Defect::TwoParts => message,
        Defect::FourParts => format!("{message}.{signature}.{signature}"),
        Defect::Encrypted => {
            let part = bodies::random();
            let header = bodies::base64url(br#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#);
            format!(
                "{header}.{part}{part}.{}.{part}{part}{part}.{}",
                &part[..16],
                &part[..22]
            )
        }
        Defect::JsonSerialisation => {
            let (protected, payload) = message.split_once('.').unwrap_or_default();
            json!({ "protected": protected, "payload": payload, "signature": signature }).to_string()
        }
        _ => format!("{message}.{signature}"),
    }
}

/// Changes the published key set.
pub(crate) fn damage_key_set(defect: Defect, keys: &mut Vec<Value>) {
    let signer_kid = keys.first().map(|key| key["kid"].clone()).unwrap_or_default();
    match defect {
        Defect::NoKidManyKeys => without_kids(keys),
        Defect::NoKidOneKey => {
            keys.truncate(1);
            without_kids(keys);
        }
        Defect::WeakRsaKey => keys.insert(0, weak_jwk()),
        Defect::EncUseKey => set(keys, "use", "enc".into()),
        Defect::KeyOtherAlg => set(keys, "alg", "PS256".into()),
        Defect::DuplicateKid => {
            let mut other = keys.last().cloned().unwrap_or_default();
            other["kid"] = signer_kid;
            keys.insert(0, other);
        }
        Defect::KidOnOtherKeyType => {
            // The base point of P-256, which is on the curve and is no real key.
            keys[0] = json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": signer_kid,
                "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
                "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
            });
        }
        Defect::PrivateMembers => set(keys, "d", bodies::random().into()),
        Defect::ConstantKid => set(keys, "kid", CONSTANT_KID.into()),
        _ => keys.extend(ec_defects::jwk(defect)),
    }
}

fn damage_header(defect: Defect, header: &mut Map<String, Value>, ring: KeyRing) {
    let mut put = |name: &str, value: Value| drop(header.insert(name.to_owned(), value));
    match defect {
        Defect::AlgNone => put("alg", "none".into()),
        Defect::AlgNoneUpperCase => put("alg", "NONE".into()),
        Defect::AlgLowerCase => put("alg", "rs256".into()),
        Defect::Hs256WithPublicKey | Defect::Hs256WithPublicDer | Defect::Hs256WithPublicJwk => {
            put("alg", "HS256".into());
        }
        Defect::UnknownKid => put("kid", bodies::random().into()),
        Defect::KidPath => put("kid", "../../../../dev/null".into()),
        Defect::KidSql => put("kid", "x' OR '1'='1".into()),
        Defect::WeakRsaKey => put("kid", WEAK_KID.into()),
        Defect::ConstantKid => put("kid", CONSTANT_KID.into()),
        Defect::Ps256 => put("alg", "PS256".into()),
        Defect::TypAtJwt => put("typ", "at+jwt".into()),
        Defect::TypDpopJwt => put("typ", "dpop+jwt".into()),
        Defect::TypLogoutJwt => put("typ", "logout+jwt".into()),
        Defect::TypJwt => put("typ", "JWT".into()),
        Defect::Crit => {
            put("crit", json!(["urn:example:unknown"]));
            put("urn:example:unknown", true.into());
        }
        Defect::B64False => {
            put("crit", json!(["b64"]));
            put("b64", false.into());
        }
        Defect::EmbeddedJwk => put("jwk", ring.bystander().jwk()),
        Defect::Jku => put("jku", "https://evil.example/keys".into()),
        Defect::X5u => put("x5u", "https://evil.example/cert.pem".into()),
        Defect::X5c => put("x5c", json!([BASE64.encode(&ring.bystander().public_der)])),
        Defect::NoKidManyKeys | Defect::NoKidOneKey => drop(header.remove("kid")),
        _ => {
            if let Some((algorithm, kid)) = ec_defects::algorithm(defect) {
                put("alg", algorithm.into());
                put("kid", kid.into());
            }
        }
    }
}

fn header_text(defect: Defect, header: Map<String, Value>) -> String {
    let text = Value::Object(header).to_string();
    match defect {
        Defect::DuplicateAlg => format!("{{\"alg\":\"none\",{}", text.trim_start_matches('{')),
        _ => text,
    }
}

fn payload_part(defect: Defect, payload: &str) -> String {
    match defect {
        Defect::B64False => payload.to_owned(),
        Defect::Padding => format!("{}=", bodies::base64url(payload.as_bytes())),
        Defect::Whitespace => {
            let mut part = bodies::base64url(payload.as_bytes());
            part.insert(part.len() / 2, '\n');
            part
        }
        _ => bodies::base64url(payload.as_bytes()),
    }
}

fn signature(defect: Defect, ring: KeyRing, message: &[u8]) -> Vec<u8> {
    let signer = ring.signer();
    match defect {
        Defect::AlgNone | Defect::AlgNoneUpperCase | Defect::EmptySignature => Vec::new(),
        Defect::Hs256WithPublicKey => hs256(public_pem(&signer).as_bytes(), message),
        Defect::Hs256WithPublicDer => hs256(&signer.public_der, message),
        Defect::Hs256WithPublicJwk => hs256(signer.jwk().to_string().as_bytes(), message),
        Defect::BadSignature => {
            let mut signature = signer.sign(message);
            signature[100] ^= 1;
            signature
        }
        Defect::SignedByOtherKey | Defect::EmbeddedJwk | Defect::Jku | Defect::X5u | Defect::X5c => {
            ring.bystander().sign(message)
        }
        Defect::WeakRsaKey => weak_signature(message),
        Defect::Ps256 => signer.sign_pss(message),
        _ => ec_defects::signature(defect, message).unwrap_or_else(|| signer.sign(message)),
    }
}

fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message)
        .as_ref()
        .to_vec()
}

fn public_pem(key: &SigningKey) -> String {
    let text = BASE64.encode(&key.public_der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}

fn weak_signature(message: &[u8]) -> Vec<u8> {
    CoreRsaPrivateSigningKey::from_pem(WEAK_KEY, None)
        .expect("the constant is a PKCS#1 key")
        .sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, message)
        .expect("an RSA key signs")
}

fn weak_jwk() -> Value {
    json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": WEAK_KID, "n": WEAK_MODULUS, "e": "AQAB" })
}

fn without_kids(keys: &mut [Value]) {
    for key in keys {
        if let Value::Object(members) = key {
            members.remove("kid");
        }
    }
}

/// Sets a member of the signing key, which is the first one.
fn set(keys: &mut [Value], member: &str, value: Value) {
    if let Some(key) = keys.first_mut() {
        key[member] = value;
    }
}
