//! Keys and settings that cannot be used, and assertions that the provider refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{Key, LONG_SECRET, by_key, file, pem};
use crate::support::Sandbox;
use okta::{AssertionAudience, Behaviour, ClientAuth, Endpoint, Fault, FaultBody, FaultKind};

#[test]
fn a_key_that_cannot_be_used_says_why_before_anybody_signs_in() {
    let sandbox = Sandbox::new();
    let key = Key::p256();
    let call = by_key(&sandbox, &key);
    let ed = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    let open = file(&sandbox, "open.pem", key.pem());
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let mut short = key.public.clone();
    short["kty"] = "RSA".into();
    short["n"] = BASE64URL_NOPAD.encode(&[0xff; 128]).into();
    short["d"] = "AQAB".into();
    let mut curve: Value = serde_json::from_str(&key.jwk()).unwrap();
    curve["crv"] = "secp256k1".into();
    let at = |name: &str, content: &str| file(&sandbox, name, content);
    let cases = [
        ("missing", sandbox.path("none.pem").to_str().unwrap().to_owned()),
        ("open to others", open),
        ("no key", at("text", "hunter2")),
        ("encrypted", at("encrypted", &pem("ENCRYPTED PRIVATE KEY", b"x"))),
        ("OpenSSH", at("openssh", &pem("OPENSSH PRIVATE KEY", b"x"))),
        ("public", at("public", &pem("PUBLIC KEY", b"x"))),
        ("public JWK", at("public.jwk", &key.public.to_string())),
        ("Ed25519", at("ed25519", &pem("PRIVATE KEY", ed.as_ref()))),
        ("curve", at("curve", &curve.to_string())),
        ("short RSA", at("rsa", &short.to_string())),
        ("damaged", at("damaged", &pem("EC PRIVATE KEY", b"x"))),
        ("set", at("set", &json!({"keys": [curve]}).to_string())),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(heading, path)| {
            let call = call.clone().with("--oidc-client-private-key-file", path);
            let outcome = call.run();
            outcome.fails(2, &["--oidc-client-private-key-file"]);
            sandbox.told(heading, &outcome)
        })
        .collect();
    assert_eq!((sandbox.tabs(), sandbox.okta.requests().len()), (0, 0));
    insta::assert_snapshot!(told.concat());
}

#[test]
fn settings_that_do_not_fit_each_other_say_what_is_missing() {
    let sandbox = Sandbox::new();
    let plain = sandbox.get_token();
    let with = |args: &[&str]| args.iter().fold(plain.clone(), |call, arg| call.arg(arg));
    let cases = [
        (
            "no secret",
            with(&["--oidc-client-auth-method=client_secret_jwt"]),
        ),
        ("no key", with(&["--oidc-client-auth-method=private_key_jwt"])),
        ("a name alone", with(&["--oidc-client-key-id=k"])),
        (
            "a secret and a key",
            with(&["--oidc-client-secret-file=s", "--oidc-client-private-key-file=k"]),
        ),
        ("an audience", with(&["--oidc-client-auth-audience=token"])),
        (
            "a short secret",
            with(&[
                "--oidc-client-auth-method=client_secret_jwt",
                "--oidc-client-secret=hunter2",
            ]),
        ),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(heading, call)| {
            let outcome = call.run();
            outcome.fails(2, &[]);
            sandbox.told(heading, &outcome)
        })
        .collect();
    assert_eq!((sandbox.tabs(), sandbox.okta.requests().len()), (0, 0));
    insta::assert_snapshot!(told.concat());
}

/// A way in which the provider comes to refuse an assertion.
type Refusal = fn(&mut Behaviour);

const REFUSALS: [(&str, Refusal); 9] = [
    ("audience", |behaviour| {
        behaviour.assertion_audience = AssertionAudience::Issuer;
    }),
    ("the clock is behind", |behaviour| {
        behaviour.clock_offset_secs = 7200;
    }),
    ("the clock is ahead", |behaviour| {
        behaviour.clock_offset_secs = -1800;
    }),
    ("the clock is far ahead", |behaviour| {
        behaviour.clock_offset_secs = -86_400;
    }),
    ("unknown key", |behaviour| {
        behaviour.web_client_keys[0]["kid"] = "other".into();
    }),
    ("other key", |behaviour| {
        behaviour.web_client_keys = vec![Key::p256().public];
    }),
    ("no key at the provider", |behaviour| {
        behaviour.web_client_keys.clear();
    }),
    ("other algorithm", |behaviour| {
        behaviour.web_client_auth = ClientAuth::SecretJwt;
        LONG_SECRET.clone_into(&mut behaviour.web_client_secret);
    }),
    ("used before", |behaviour| {
        let used = FaultBody::OAuth {
            error: "invalid_client".to_owned(),
            description: "The client_assertion token has already been used.".to_owned(),
        };
        behaviour.faults = vec![Fault::always(Endpoint::Token, FaultKind::status(401, used))];
    }),
];

/// What a person is told when the provider refuses an assertion. The session is as before.
#[test]
fn a_refused_assertion_has_a_cure() {
    let sandbox = Sandbox::new();
    let key = Key::p256();
    let call = by_key(&sandbox, &key);
    call.run().token();
    let told = REFUSALS.map(|(heading, refuse)| {
        let before = sandbox.okta.behaviour();
        sandbox.okta.behave(refuse);
        let outcome = call.clone().arg("--force-refresh").run();
        sandbox.okta.behave(|behaviour| *behaviour = before);
        outcome.fails(1, &["invalid_client", "the session is kept"]);
        sandbox.told(heading, &outcome)
    });
    insta::assert_snapshot!(told.concat());
    sandbox.expire();
    call.run().token();
    assert_eq!(sandbox.tabs(), 1);
}
