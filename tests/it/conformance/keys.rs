//! Cases that the suite lacks: the key set.

use std::sync::LazyLock;

use serde_json::json;

use super::case::{Case, Played, accepts, all_came_out, play, refuses};
use super::found::{Found, of_refresh, of_sign_in};
use super::plays::{at, fault, id_token};
use crate::support::Sandbox;
use okta::{Defect, Endpoint, FaultBody, FaultKind};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = vec![
        refuses(
            "ours: 404 at `jwks_uri`",
            "refuse the token",
            "HTTP 404",
            fault(Endpoint::Keys, FaultKind::status(404, FaultBody::Okta)),
        ),
        refuses(
            "ours: 500 at `jwks_uri`",
            "refuse the token",
            "HTTP 500",
            fault(Endpoint::Keys, FaultKind::status(500, FaultBody::Okta)),
        ),
        refuses(
            "ours: a page at `jwks_uri`",
            "refuse the token",
            "not with JSON",
            fault(Endpoint::Keys, FaultKind::status(200, FaultBody::Html)),
        ),
        refuses(
            "ours: an empty key set",
            "refuse the token",
            "it has no key that can verify a signature",
            fault(Endpoint::Keys, FaultKind::Raw(r#"{"keys":[]}"#.to_owned())),
        ),
        accepts(
            "ours: keys of an unknown `kty`",
            "pass over keys that it does not know (RFC 7517 5)",
            at(|behaviour| {
                behaviour.extra_keys = vec![
                    json!({"kty": "unheard-of", "use": 5}),
                    json!("no key"),
                    json!(null),
                ];
            }),
        ),
        accepts(
            "ours: private members in a published key",
            "not fail: the key verifies all the same",
            id_token(Defect::PrivateMembers),
        ),
        accepts(
            "ours: all keys with one `kid`",
            "try each key that has it",
            id_token(Defect::ConstantKid),
        ),
    ];
    cases.extend(changes());
    cases
}

fn changes() -> Vec<Case> {
    vec![
        refuses(
            "ours: an unknown `kid`, twice",
            "fetch the key set once more for each token, and not again and again",
            "no key for it",
            unknown_kid_twice,
        ),
        accepts(
            "ours: a rotation before each refresh",
            "fetch the key set once for each rotation",
            endless_rotation,
        ),
        accepts(
            "ours: a signing key that is gone from the set",
            "use the next key after one more fetch",
            key_removed,
        ),
        refuses(
            "ours: a key that is shown only with `client_id`",
            "refuse the token, since an API server does not find the key either",
            "no key for it",
            key_pinned_to_the_app,
        ),
    ]
}

fn unknown_kid_twice() -> Found {
    let sandbox = Sandbox::new();
    sandbox.get_token().run().token();
    sandbox
        .okta
        .behave(|behaviour| behaviour.refresh_defect = Defect::UnknownKid);
    sandbox.expire();
    let mut outcomes = (1..=2).map(|refresh| {
        let outcome = sandbox.get_token().run();
        assert_eq!(sandbox.okta.count(Endpoint::Keys), 1 + refresh, "{outcome}");
        outcome
    });
    let first = outcomes.next().unwrap();
    outcomes.next().unwrap().fails(1, &["no key for it"]);
    of_refresh(&sandbox, &first)
}

fn endless_rotation() -> Found {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token();
    let mut outcome = call.run();
    sandbox
        .okta
        .behave(|behaviour| behaviour.rotate_before_signing = true);
    for rotations in 1..=3 {
        sandbox.expire();
        outcome = call.run();
        assert_eq!(sandbox.okta.count(Endpoint::Keys), 1 + rotations, "{outcome}");
    }
    of_refresh(&sandbox, &outcome)
}

fn key_removed() -> Found {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token();
    call.run().token();
    sandbox.okta.rotate_keys();
    sandbox.expire();
    let outcome = call.run();
    assert_eq!(sandbox.okta.count(Endpoint::Keys), 2);
    of_refresh(&sandbox, &outcome)
}

fn key_pinned_to_the_app() -> Found {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.key_pinned_to_app = true);
    let issuer = sandbox.okta.org_issuer();
    let outcome = sandbox.get_token().with("--oidc-issuer-url", &issuer).run();
    of_sign_in(&sandbox, &outcome)
}

#[test]
fn key_sets_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
