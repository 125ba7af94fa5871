//! Makes claims of tokens as JSON: most are as providers write them, some are missing or of another type.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;

use crate::config_generator::Generator;

const TEXTS: [&str; 12] = [
    "\"a\"",
    "\"alice\"",
    "\"Alice@example.com\"",
    "\"é\"",
    "\"\"",
    "\"dev,ops\"",
    "\"system:masters\"",
    "\"😀 x\"",
    "\"\\u0000\"",
    "\"1\"",
    "\"a b\"",
    "\"<&>\"",
];
const LISTS: [&str; 16] = [
    "[\"dev\",\"ops\"]",
    "[\"a\",\"dev\",\"e\"]",
    "[\"dev\",\"é\"]",
    "[\"a\"]",
    "[\"dev\",\"ops\"]",
    "[\"dev\"]",
    "[]",
    "\"dev\"",
    "\"\"",
    "[\"\",\"a\"]",
    "[\"a\",null]",
    "[1,2]",
    "[[\"a\"]]",
    "[\"b\",\"a\",\"b\"]",
    "[\"system:masters\"]",
    "[\"é\",\"dev\"]",
];
const NUMBERS: [&str; 13] = [
    "1",
    "0",
    "-1",
    "1.0",
    "2.5",
    "1e3",
    "12345678",
    "9007199254740993",
    "1e21",
    "\"1\"",
    "1e-7",
    "100000",
    "1234567.5",
];
const OTHERS: [&str; 10] = [
    "null",
    "true",
    "false",
    "{}",
    "{\"b\":\"c\"}",
    "[]",
    "1",
    "\"true\"",
    "[null]",
    "[{\"a\":1}]",
];
const OBJECTS: [&str; 10] = [
    "{\"b\":\"c\",\"list\":[\"x\"]}",
    "{\"b\":\"d\",\"list\":[\"a\",\"dev\"],\"c\":\"y\"}",
    "{\"b\":\"é\",\"list\":[]}",
    "{\"b\":\"c\"}",
    "{\"b\":\"c\",\"list\":[\"a\",\"dev\"]}",
    "{\"b\":1,\"list\":\"a\"}",
    "{}",
    "{\"list\":[1]}",
    "{\"b\":null}",
    "{\"c\":\"n\",\"list\":[]}",
];

/// Returns a token without a signature that means something.
pub(crate) fn token(generator: &mut Generator, issuer: &str) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    format!(
        "{}.{}.{}",
        part("{\"alg\":\"RS256\"}"),
        part(&claims(generator, issuer)),
        part("signature")
    )
}

/// Returns the claims.
#[expect(clippy::too_many_lines, reason = "a list of the claims")]
pub(crate) fn claims(generator: &mut Generator, issuer: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut pairs = Vec::new();
    // Most tokens have the types that providers give their claims.
    let is_odd = generator.chance(40);
    let mut add = |generator: &mut Generator, name: &str, presence: usize, of: &[&str]| {
        if generator.chance(presence) || (!is_odd && presence > 80) {
            let value = if !is_odd || generator.chance(96) {
                generator.pick(of)
            } else {
                generator.pick(&OTHERS)
            };
            pairs.push(format!("\"{name}\":{value}"));
        }
    };
    let issuer = format!("\"{issuer}\"");
    let other = [
        "\"accounts.google.com\"",
        "\"https://a.example/\"",
        "\"https://b.example/x\"",
        "\"\"",
    ];
    let issuer = if is_odd && generator.chance(12) {
        generator.pick(&other)
    } else {
        &issuer
    };
    let name = if !is_odd || generator.chance(95) {
        "iss"
    } else {
        "Iss"
    };
    add(generator, name, 99, &[issuer]);
    let audience = [
        "\"x\"",
        "[\"x\",\"z\"]",
        "[\"y\"]",
        "\"z\"",
        "[\"x\",1]",
        "[]",
        "[\"x\",null]",
    ];
    let at = if !is_odd || generator.chance(85) {
        generator.below(2)
    } else {
        generator.below(audience.len())
    };
    let name = if !is_odd || generator.chance(95) {
        "aud"
    } else {
        "AUD"
    };
    add(generator, name, 99, &[audience[at]]);
    let expiry = if !is_odd || generator.chance(88) {
        (now + 100_000).to_string()
    } else {
        [
            (now - 3000).to_string(),
            format!("\"{}\"", now + 100_000),
            format!("{}.5", now + 100_000),
            "1e300".to_owned(),
            "\"abc\"".to_owned(),
        ][generator.below(5)]
        .clone()
    };
    add(generator, "exp", 99, &[&expiry]);
    let issue_times = [
        (now - 600).to_string(),
        (now - 600).to_string(),
        "1700000000".to_owned(),
        (now + 90_000).to_string(),
    ];
    add(generator, "iat", 90, &issue_times.each_ref().map(String::as_str));
    let before = [
        (now - 600).to_string(),
        (now - 600).to_string(),
        (now + 200).to_string(),
        (now + 20_000).to_string(),
    ];
    let at = if !is_odd || generator.chance(70) {
        0
    } else {
        generator.below(4)
    };
    add(generator, "nbf", 15, &[&before[at]]);
    add(generator, "sub", 99, &TEXTS);
    add(generator, "email", 95, &TEXTS);
    add(
        generator,
        "email_verified",
        60,
        &["true", "true", "true", "false", "\"true\"", "null"],
    );
    add(generator, "groups", 95, &LISTS);
    add(generator, "roles", 90, &LISTS);
    for name in ["upn", "tenant", "hd", "x-y", "a.b", "jti"] {
        add(generator, name, 93, &TEXTS);
    }
    add(generator, "n", 93, &NUMBERS);
    add(generator, "a", 93, &OBJECTS);
    add(
        generator,
        "amr",
        50,
        &["[\"mfa\"]", "[\"pwd\",\"mfa\"]", "\"mfa\""],
    );
    add(generator, "nonce", 20, &["\"n\""]);
    add(generator, "at_hash", 10, &["\"h\""]);
    if is_odd && generator.chance(12) {
        add(
            generator,
            "_claim_names",
            100,
            &[
                "{\"groups\":\"s\"}",
                "{\"other\":\"s\"}",
                "{\"groups\":\"t\"}",
                "{\"groups\":\"\"}",
                "{\"groups\":1}",
            ],
        );
        add(
            generator,
            "_claim_sources",
            90,
            &[
                "{\"s\":{\"endpoint\":\"https://d.example\"}}",
                "{\"s\":{\"JWT\":\"x\"}}",
                "{}",
                "[]",
                "{\"s\":1}",
            ],
        );
    }
    if is_odd && generator.chance(5) {
        add(generator, "upn", 100, &TEXTS);
    }
    format!("{{{}}}", pairs.join(","))
}
