//! The defects of an ID token, and the implementation of those in the claims and the payload.
//!
//! Each is named after what a client has to detect. Some, marked so, have to be accepted. Those of the header, the signature
//! and the key set are implemented in `jose_defects` and `ec_defects`. A defect changes only one thing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::bodies;

/// One defect of an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// Nothing is wrong.
    None,

    /// `iss` of another issuer.
    WrongIssuer,
    /// No `iss`.
    MissingIss,
    /// `iss` twice, the false one first.
    DuplicateIss,
    /// `aud` of another client.
    WrongAudience,
    /// `aud` with a second, unknown audience; to be accepted.
    SecondAudience,
    /// `aud` as an array of one; to be accepted.
    AudArrayOne,
    /// `aud` as an empty array.
    AudEmptyArray,
    /// `aud` as an array with a number beside the client id.
    AudArrayWithNumber,
    /// `aud` as a number.
    AudNumber,
    /// `aud` as an object.
    AudObject,
    /// No `aud`.
    MissingAud,
    /// `azp` of another client.
    WrongAzp,
    /// `azp` of this client; to be accepted.
    Azp,
    /// No `sub`.
    MissingSub,
    /// Empty `sub`.
    EmptySub,
    /// `sub` as a number.
    NumberSub,
    /// `sub` of 256 characters; to be accepted.
    LongSub,
    /// `sub` twice, the false one first.
    DuplicateSub,

    /// No `iat`.
    MissingIat,
    /// `iat` as a string.
    IatString,
    /// `iat` ten minutes ahead.
    IatFuture,
    /// `iat` a day ago; `exp` still ahead; to be accepted.
    IatOld,
    /// No `exp`.
    MissingExp,
    /// `exp` as a string.
    ExpString,
    /// `exp` ten minutes ago.
    ExpPast,
    /// `exp` 0.
    ExpZero,
    /// `exp` negative.
    ExpNegative,
    /// `exp` 1e30.
    ExpHuge,
    /// `exp` with a fraction, still ahead; RFC 7519 allows it.
    ExpFloat,
    /// `nbf` ten minutes ahead.
    NbfFuture,
    /// No `auth_time`.
    MissingAuthTime,
    /// `auth_time` of a day before the login.
    OldAuthTime,

    /// Another `nonce`.
    WrongNonce,
    /// No `nonce`.
    MissingNonce,
    /// `at_hash` of another access token.
    WrongAtHash,
    /// `at_hash` with the length of another algorithm.
    LongAtHash,
    /// No `at_hash`; to be accepted in the code flow.
    MissingAtHash,
    /// `email_verified` as a string, which a Kubernetes API server refuses.
    EmailVerifiedString,
    /// `email_verified` false.
    EmailNotVerified,

    /// After a refresh: another person.
    OtherSubject,
    /// After a refresh: the audience of another client.
    OtherAudience,
    /// After a refresh: another time of login; to be accepted.
    OtherAuthTime,
    /// After a refresh: a nonce that is not the login's; to be accepted.
    OtherNonce,

    /// `alg` none, no signature.
    AlgNone,
    /// `alg` NONE, no signature.
    AlgNoneUpperCase,
    /// `alg` rs256 with a correct RS256 signature.
    AlgLowerCase,
    /// HS256 keyed with the public key as PEM.
    Hs256WithPublicKey,
    /// HS256 keyed with the public key as DER.
    Hs256WithPublicDer,
    /// HS256 keyed with the public key as JWK text.
    Hs256WithPublicJwk,
    /// A bit of the signature flipped.
    BadSignature,
    /// An empty signature.
    EmptySignature,
    /// Signed by the other published key, with the `kid` of the signing key.
    SignedByOtherKey,
    /// A `kid` that is in no key set.
    UnknownKid,
    /// A `kid` that is a path.
    KidPath,
    /// A `kid` that is SQL.
    KidSql,
    /// No `kid` here and in the key set, with several keys; to be accepted.
    NoKidManyKeys,
    /// No `kid` here and in the key set, with one key; to be accepted.
    NoKidOneKey,
    /// Five parts: a JWE.
    Encrypted,
    /// `typ` at+jwt.
    TypAtJwt,
    /// `typ` dpop+jwt.
    TypDpopJwt,
    /// `typ` logout+jwt.
    TypLogoutJwt,
    /// `typ` JWT; to be accepted.
    TypJwt,
    /// `crit` with an unknown extension.
    Crit,
    /// `b64` false, marked critical.
    B64False,
    /// Signed by a key that is in the header.
    EmbeddedJwk,
    /// Signed by a key that the header's `jku` points to.
    Jku,
    /// Signed by a key that the header's `x5u` points to.
    X5u,
    /// Signed by a key with a certificate in the header's `x5c`.
    X5c,
    /// Base64 padding after the payload.
    Padding,
    /// A line break inside the payload.
    Whitespace,
    /// A header member twice.
    DuplicateAlg,
    /// Two parts.
    TwoParts,
    /// Four parts.
    FourParts,
    /// JWS JSON serialisation.
    JsonSerialisation,
    /// A correct signature over a payload of 1 MiB.
    Oversized,
    /// A claim nested 10,000 deep.
    DeepJson,
    /// A correct signature over a payload that is no JSON.
    NotJson,
    /// Signed by an RSA key of 1024 bits, which the key set publishes.
    WeakRsaKey,
    /// The key set marks the signing key for encryption.
    EncUseKey,
    /// The key set says PS256 for the signing key.
    KeyOtherAlg,
    /// The key set has the signer's `kid` twice, the false key first; to be accepted.
    DuplicateKid,
    /// The key set has the signer's `kid` on an elliptic curve key only.
    KidOnOtherKeyType,
    /// All keys have the same `kid`, like Hydra's after a rotation; to be accepted.
    ConstantKid,
    /// Signed with PS256 by the signing key, whose `alg` is RS256.
    Ps256,
    /// Signed with ES256 by a published key; to be accepted where it is announced.
    Es256,
    /// A bit of an ES256 signature flipped.
    Es256BadSignature,
    /// An ES256 signature in DER, which JWS does not have.
    Es256DerSignature,
    /// An ES256 signature whose `r` and `s` are 0.
    Es256ZeroSignature,
    /// Signed with ES256; the published key is a point that is not on the curve.
    Es256PointOffCurve,
    /// Signed with ES512 by a published key; to be accepted.
    Es512,
    /// The key set publishes private members of the signing key; to be accepted.
    PrivateMembers,
}

/// The claims of the correct token, which are changed.
pub(crate) struct Truth<'a> {
    pub now: i64,
    pub client_id: &'a str,
    pub access_token: &'a str,
}

const MINUTES_10: i64 = 600;
const DAY: i64 = 86_400;

/// Changes the claims. A defect of another part does not change them.
pub(crate) fn damage_claims(defect: Defect, claims: &mut Map<String, Value>, truth: &Truth<'_>) {
    let change = identity_claim(defect, truth)
        .or_else(|| time_claim(defect, claims, truth))
        .or_else(|| binding_claim(defect, truth));
    match change {
        Some((name, Value::Null)) => drop(claims.remove(name)),
        Some((name, value)) => drop(claims.insert(name.to_owned(), value)),
        None => {}
    }
    if defect == Defect::Oversized {
        claims.insert("padding".to_owned(), "x".repeat(1 << 20).into());
    }
}

/// Returns the payload text, for defects that a JSON value cannot represent.
pub(crate) fn payload(defect: Defect, claims: &Map<String, Value>) -> String {
    let text = Value::Object(claims.clone()).to_string();
    let inside = text.trim_start_matches('{');
    match defect {
        Defect::DuplicateIss => format!("{{\"iss\":\"https://evil.example\",{inside}"),
        Defect::DuplicateSub => format!("{{\"sub\":\"00umallory\",{inside}"),
        Defect::DeepJson => format!("{{\"deep\":{}{},{inside}", "[".repeat(10_000), "]".repeat(10_000)),
        Defect::NotJson => "this is not JSON".to_owned(),
        _ => text,
    }
}

/// A claim and its value. Null removes the claim.
type Change = (&'static str, Value);

fn identity_claim(defect: Defect, truth: &Truth<'_>) -> Option<Change> {
    let client = truth.client_id;
    Some(match defect {
        Defect::WrongIssuer => ("iss", "https://evil.example/oauth2/default".into()),
        Defect::MissingIss => ("iss", Value::Null),
        Defect::WrongAudience | Defect::OtherAudience => ("aud", "0oasomeoneelse".into()),
        Defect::SecondAudience => ("aud", json!([client, "0oasomeoneelse"])),
        Defect::AudArrayOne => ("aud", json!([client])),
        Defect::AudEmptyArray => ("aud", json!([])),
        Defect::AudArrayWithNumber => ("aud", json!([client, 1])),
        Defect::AudNumber => ("aud", 1.into()),
        Defect::AudObject => ("aud", json!({ "id": client })),
        Defect::MissingAud => ("aud", Value::Null),
        Defect::WrongAzp => ("azp", "0oasomeoneelse".into()),
        Defect::Azp => ("azp", client.into()),
        Defect::MissingSub => ("sub", Value::Null),
        Defect::EmptySub => ("sub", "".into()),
        Defect::NumberSub => ("sub", 1.into()),
        Defect::LongSub => ("sub", "u".repeat(256).into()),
        Defect::OtherSubject => ("sub", "00umallory".into()),
        _ => return None,
    })
}

fn time_claim(defect: Defect, claims: &Map<String, Value>, truth: &Truth<'_>) -> Option<Change> {
    let now = truth.now;
    let honest = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or(now);
    Some(match defect {
        Defect::MissingIat => ("iat", Value::Null),
        Defect::IatString => ("iat", now.to_string().into()),
        Defect::IatFuture => ("iat", (now + MINUTES_10).into()),
        Defect::IatOld => ("iat", (now - DAY).into()),
        Defect::MissingExp => ("exp", Value::Null),
        Defect::ExpString => ("exp", honest("exp").to_string().into()),
        Defect::ExpPast => ("exp", (now - MINUTES_10).into()),
        Defect::ExpZero => ("exp", 0.into()),
        Defect::ExpNegative => ("exp", (-now).into()),
        Defect::ExpHuge => ("exp", 1e30.into()),
        #[expect(clippy::cast_precision_loss, reason = "times of this millennium fit 52 bits")]
        Defect::ExpFloat => ("exp", (honest("exp") as f64 + 0.5).into()),
        Defect::NbfFuture => ("nbf", (now + MINUTES_10).into()),
        Defect::MissingAuthTime => ("auth_time", Value::Null),
        Defect::OldAuthTime => ("auth_time", (honest("auth_time") - DAY).into()),
        Defect::OtherAuthTime => ("auth_time", (honest("auth_time") + 1).into()),
        _ => return None,
    })
}

fn binding_claim(defect: Defect, truth: &Truth<'_>) -> Option<Change> {
    Some(match defect {
        Defect::WrongNonce | Defect::OtherNonce => ("nonce", bodies::random().into()),
        Defect::MissingNonce => ("nonce", Value::Null),
        Defect::WrongAtHash => ("at_hash", bodies::half_hash("another access token").into()),
        Defect::LongAtHash => ("at_hash", bodies::sha256_base64url(truth.access_token).into()),
        Defect::MissingAtHash | Defect::Es512 => ("at_hash", Value::Null),
        Defect::EmailVerifiedString => ("email_verified", "true".into()),
        Defect::EmailNotVerified => ("email_verified", false.into()),
        _ => return None,
    })
}
