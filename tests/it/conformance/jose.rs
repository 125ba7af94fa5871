//! Cases that the suite lacks: header, signature and form of an ID token.

use std::sync::LazyLock;

use super::case::{Case, Played, accepts, all_came_out, play, refuses};
use super::plays::{announced, id_token};
use okta::Defect;

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

const NO_KEY: &str = "the provider's key set has no key for it";
const NOT_SIGNED: &str = "it is not a signed token";
const WRONG: &str = "its signature is wrong";

/// A row of a token that has to be refused: name, what a client must do, the words, the defect.
type Row = (&'static str, &'static str, &'static str, Defect);

const HEADERS: [Row; 15] = [
    (
        "ours: `alg` NONE",
        "compare algorithms with case",
        "its algorithm is `NONE`",
        Defect::AlgNoneUpperCase,
    ),
    (
        "ours: `alg` rs256",
        "compare algorithms with case",
        "its algorithm is `rs256`",
        Defect::AlgLowerCase,
    ),
    (
        "ours: HS256 keyed with the public key as PEM",
        "never take a public key for a secret (RFC 8725 2.1)",
        "its algorithm is `HS256`",
        Defect::Hs256WithPublicKey,
    ),
    (
        "ours: HS256 keyed with the public key as DER",
        "never take a public key for a secret (RFC 8725 2.1)",
        "its algorithm is `HS256`",
        Defect::Hs256WithPublicDer,
    ),
    (
        "ours: HS256 keyed with the public key as JWK",
        "never take a public key for a secret (RFC 8725 2.1)",
        "its algorithm is `HS256`",
        Defect::Hs256WithPublicJwk,
    ),
    (
        "ours: a key in the header's `jwk`",
        "take no key from the header",
        WRONG,
        Defect::EmbeddedJwk,
    ),
    (
        "ours: a key at the header's `jku`",
        "take no key from the header's address",
        WRONG,
        Defect::Jku,
    ),
    (
        "ours: a certificate at the header's `x5u`",
        "take no key from the header's address",
        WRONG,
        Defect::X5u,
    ),
    (
        "ours: a certificate in the header's `x5c`",
        "take no key from the header",
        WRONG,
        Defect::X5c,
    ),
    (
        "ours: `crit`",
        "refuse critical members that it does not know (RFC 7515 4.1.11)",
        "critical header fields",
        Defect::Crit,
    ),
    (
        "ours: `b64` false",
        "refuse a payload that is not encoded (RFC 7797)",
        NOT_SIGNED,
        Defect::B64False,
    ),
    (
        "ours: `alg` twice",
        "refuse a header with a member twice",
        "its member `alg` occurs twice",
        Defect::DuplicateAlg,
    ),
    (
        "ours: `typ` at+jwt",
        "refuse a token of another kind (RFC 9068)",
        "its type is `at+jwt`",
        Defect::TypAtJwt,
    ),
    (
        "ours: `typ` dpop+jwt",
        "refuse a token of another kind",
        "its type is `dpop+jwt`",
        Defect::TypDpopJwt,
    ),
    (
        "ours: `typ` logout+jwt",
        "refuse a token of another kind",
        "its type is `logout+jwt`",
        Defect::TypLogoutJwt,
    ),
];

const SIGNATURES_AND_KEYS: [Row; 8] = [
    (
        "ours: an empty signature",
        "refuse it",
        WRONG,
        Defect::EmptySignature,
    ),
    (
        "ours: signed by another key of the set",
        "use the key that `kid` names",
        WRONG,
        Defect::SignedByOtherKey,
    ),
    (
        "ours: a `kid` that is a path",
        "look for it among the keys alone",
        NO_KEY,
        Defect::KidPath,
    ),
    (
        "ours: a `kid` that is SQL",
        "look for it among the keys alone",
        NO_KEY,
        Defect::KidSql,
    ),
    (
        "ours: `kid` on a key of another type",
        "use keys of the algorithm's type alone",
        NO_KEY,
        Defect::KidOnOtherKeyType,
    ),
    (
        "ours: a key with `use` enc",
        "not verify with a key for encryption",
        NO_KEY,
        Defect::EncUseKey,
    ),
    (
        "ours: RSA of 1024 bits",
        "refuse RSA keys of less than 2048 bits (RFC 7518 3.3)",
        NO_KEY,
        Defect::WeakRsaKey,
    ),
    (
        "ours: a `kid` that no key has",
        "refuse it",
        NO_KEY,
        Defect::UnknownKid,
    ),
];

const FORMS: [Row; 10] = [
    ("ours: two parts", "refuse it", NOT_SIGNED, Defect::TwoParts),
    ("ours: four parts", "refuse it", NOT_SIGNED, Defect::FourParts),
    (
        "ours: five parts (JWE)",
        "refuse an encrypted token",
        "it is encrypted",
        Defect::Encrypted,
    ),
    (
        "ours: JWS JSON serialization",
        "refuse it",
        NOT_SIGNED,
        Defect::JsonSerialisation,
    ),
    (
        "ours: padding in a part",
        "refuse it (RFC 7515 2)",
        NOT_SIGNED,
        Defect::Padding,
    ),
    (
        "ours: white space in a part",
        "refuse it (RFC 7515 2)",
        NOT_SIGNED,
        Defect::Whitespace,
    ),
    (
        "ours: a payload that is no JSON",
        "refuse it",
        NOT_SIGNED,
        Defect::NotJson,
    ),
    (
        "ours: deep JSON",
        "refuse it without using up the stack",
        NOT_SIGNED,
        Defect::DeepJson,
    ),
    (
        "ours: a token of 1.3 MiB",
        "refuse it, as no API server accepts such a header",
        "bytes",
        Defect::Oversized,
    ),
    (
        "ours: a flipped bit of the signature",
        "refuse it",
        WRONG,
        Defect::BadSignature,
    ),
];

fn cases() -> Vec<Case> {
    let rows = HEADERS.into_iter().chain(SIGNATURES_AND_KEYS).chain(FORMS);
    let refused = rows.map(|(name, must, words, defect)| refuses(name, must, words, id_token(defect)));
    refused.chain(elliptic_curves()).chain(accepted()).collect()
}

fn elliptic_curves() -> Vec<Case> {
    vec![
        accepts(
            "ours: ES256",
            "accept a correct signature",
            announced("ES256", Defect::Es256),
        ),
        accepts(
            "ours: ES512",
            "accept a correct signature",
            announced("ES512", Defect::Es512),
        ),
        accepts(
            "ours: PS256",
            "accept a correct signature where it is announced",
            announced("PS256", Defect::Ps256),
        ),
        refuses(
            "ours: an ES256 signature as DER",
            "refuse a signature that is not `r` and `s` side by side (RFC 7518 3.4)",
            WRONG,
            announced("ES256", Defect::Es256DerSignature),
        ),
        refuses(
            "ours: ES256 with `r` and `s` 0",
            "refuse it (CVE-2022-21449)",
            WRONG,
            announced("ES256", Defect::Es256ZeroSignature),
        ),
        refuses(
            "ours: a point off the curve",
            "refuse a key that is no point of its curve",
            "sign",
            announced("ES256", Defect::Es256PointOffCurve),
        ),
    ]
}

fn accepted() -> Vec<Case> {
    vec![
        accepts("ours: `typ` JWT", "accept it", id_token(Defect::TypJwt)),
        accepts(
            "ours: a `kid` twice in the key set",
            "try each key that has it",
            id_token(Defect::DuplicateKid),
        ),
        accepts(
            "ours: a key whose `alg` is another",
            "refuse to verify with a key that is meant for another algorithm (RFC 7517 4.4)",
            id_token(Defect::KeyOtherAlg),
        )
        .differs("The API server does not look at a key's `alg`; type and curve have to fit the token's algorithm, which is announced (T10)"),
    ]
}

#[test]
fn signed_tokens_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
