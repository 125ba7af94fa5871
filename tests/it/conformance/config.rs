//! The Config RP plan and the Dynamic RP plan (`oidcc-client-config-…`, `oidcc-client-dynamic-certification-test-plan`).

use std::sync::LazyLock;

use serde_json::json;

use super::case::{Case, Played, accepts, all_came_out, not_applicable, play, refuses};
use super::found::{Found, of_sign_in, value};
use super::plays::{announce, id_token};
use super::{basic::NO_USERINFO, plays::with_args};
use crate::support::Sandbox;
use okta::{Defect, Endpoint};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = config_plan();
    cases.extend(dynamic_plan());
    cases
}

fn config_plan() -> Vec<Case> {
    vec![
        accepts(
            "oidcc-client-test-discovery-openid-config",
            "read the discovery document and use its endpoints",
            endpoints_of_the_document,
        ),
        accepts(
            "oidcc-client-test-discovery-jwks-uri-keys",
            "use the `jwks_uri` of the document, which is another in each run",
            another_jwks_uri,
        ),
        refuses(
            "oidcc-client-test-discovery-issuer-mismatch",
            "stop before the authorization request where `issuer` is another",
            "the discovery document is of issuer",
            another_issuer,
        ),
        refuses(
            "oidcc-client-test-idtoken-sig-none (discovery)",
            "accept an unsigned ID token in the code flow, or reject it",
            "its algorithm is `none`",
            id_token(Defect::AlgNone),
        )
        .or_not(),
        accepts(
            "oidcc-client-test-signing-key-rotation-just-before-signing",
            "fetch the key set again for a `kid` that it lacks, and accept the token",
            || rotated(true),
        ),
        accepts(
            "oidcc-client-test-signing-key-rotation",
            "sign in twice, with a rotation of the keys in between",
            || rotated(false),
        ),
    ]
}

fn dynamic_plan() -> Vec<Case> {
    const NO_WEBFINGER: &str = "the issuer is a setting, as it is in the API server";
    const NO_REQUEST_OBJECT: &str = "kubesesame has no request objects (JAR)";
    vec![
        not_applicable(
            "oidcc-client-test-discovery-webfinger-acct",
            "find the issuer of an `acct:` URI by WebFinger",
            NO_WEBFINGER,
        ),
        not_applicable(
            "oidcc-client-test-discovery-webfinger-url",
            "find the issuer of a URL by WebFinger",
            NO_WEBFINGER,
        ),
        not_applicable(
            "oidcc-client-test-dynamic-registration",
            "register itself at the provider",
            "a cluster trusts one client, so the client is registered once by an administrator",
        ),
        not_applicable(
            "oidcc-client-test-request-uri-signed-rs256",
            "pass a signed request object by reference",
            NO_REQUEST_OBJECT,
        ),
        not_applicable(
            "oidcc-client-test-request-uri-signed-none",
            "pass an unsigned request object by reference",
            NO_REQUEST_OBJECT,
        ),
        not_applicable(
            "oidcc-client-test-userinfo-signed",
            "accept a userinfo response that is a signed JWT",
            NO_USERINFO,
        ),
    ]
}

fn endpoints_of_the_document() -> Found {
    let sandbox = Sandbox::new();
    let of_document = [
        (Endpoint::Authorize, "authorization_endpoint", "authorize"),
        (Endpoint::Token, "token_endpoint", "token"),
        (Endpoint::Keys, "jwks_uri", "keys"),
    ];
    sandbox.okta.behave(|behaviour| {
        for (_, member, path) in of_document {
            let moved = format!("{}/v1/{path}?moved=yes", sandbox.okta.issuer());
            announce(behaviour, member, json!(moved));
        }
    });
    let outcome = sandbox.get_token().run();
    for (endpoint, member, _) in of_document {
        let requests = sandbox.okta.requests();
        let mut asked = requests.iter().filter(|request| request.endpoint == endpoint);
        assert!(
            asked.all(|request| value(&request.query, "moved") == Some("yes")),
            "{member}"
        );
        assert_eq!(sandbox.okta.count(endpoint), 1, "{member}");
    }
    of_sign_in(&sandbox, &outcome)
}

fn another_jwks_uri() -> Found {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    let moved = format!("{}/oauth2/v1/keys", sandbox.okta.origin());
    sandbox
        .okta
        .behave(|behaviour| announce(behaviour, "jwks_uri", json!(moved)));
    let outcome = with_args(&sandbox, &["--oidc-extra-scope=email"]).run();
    let requests = sandbox.okta.requests();
    let keys: Vec<&str> = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Keys)
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(keys, ["/oauth2/default/v1/keys", "/oauth2/v1/keys"]);
    of_sign_in(&sandbox, &outcome)
}

pub(super) fn another_issuer() -> Found {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| announce(behaviour, "issuer", json!("https://evil.example/oauth2/default")));
    let outcome = sandbox.get_token().run();
    assert_eq!((sandbox.tabs(), sandbox.okta.count(Endpoint::Authorize)), (0, 0));
    of_sign_in(&sandbox, &outcome)
}

/// Signs in, rotates the keys, and signs in for another session, while the key set is cached.
fn rotated(just_before_signing: bool) -> Found {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    if just_before_signing {
        sandbox
            .okta
            .behave(|behaviour| behaviour.rotate_before_signing = true);
    } else {
        sandbox.okta.rotate_keys();
    }
    let outcome = with_args(&sandbox, &["--oidc-extra-scope=email"]).run();
    assert_eq!(sandbox.okta.count(Endpoint::Keys), 2, "{outcome}");
    of_sign_in(&sandbox, &outcome)
}

#[test]
fn the_config_and_dynamic_plans_come_out_as_their_tables_say() {
    all_came_out(&PLAYED);
}
