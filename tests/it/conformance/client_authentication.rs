//! The variants of the suite for the client's authentication (`client_auth_type`): the happy path with each.

use std::sync::LazyLock;

use super::case::{Case, Played, accepts, all_came_out, not_applicable, play, refuses};
use super::found::{Found, of_refresh, of_sign_in, value};
use crate::client_assertions::{Key, by_key, by_secret};
use crate::support::{Call, Sandbox};
use okta::{ClientAuth, Endpoint};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    const NO_CERTIFICATES: &str = "kubesesame has no client certificates (RFC 8705)";
    vec![
        accepts(
            "oidcc-client-test [client_auth_type=none]",
            "name itself in the form, and send no secret",
            || signed_in_and_refreshed(Sandbox::get_token, "client_id"),
        ),
        accepts(
            "oidcc-client-test [client_auth_type=client_secret_basic]",
            "send the secret in the `Authorization` header alone",
            || signed_in_and_refreshed(by_basic, "authorization"),
        ),
        accepts(
            "oidcc-client-test [client_auth_type=client_secret_post]",
            "send the secret in the form alone",
            || signed_in_and_refreshed(by_post, "client_secret"),
        ),
        accepts(
            "oidcc-client-test [client_auth_type=client_secret_jwt]",
            "send an assertion that is signed with the secret, and not the secret",
            || signed_in_and_refreshed(by_secret, "client_assertion"),
        ),
        accepts(
            "oidcc-client-test [client_auth_type=private_key_jwt]",
            "send an assertion that is signed with the private key",
            || signed_in_and_refreshed(|sandbox| by_key(sandbox, &Key::p256()), "client_assertion"),
        ),
        not_applicable(
            "oidcc-client-test [client_auth_type=tls_client_auth]",
            "authenticate with a certificate of an authority",
            NO_CERTIFICATES,
        ),
        not_applicable(
            "oidcc-client-test [client_auth_type=self_signed_tls_client_auth]",
            "authenticate with a certificate of its own",
            NO_CERTIFICATES,
        ),
        accepts(
            "ours: a secret with characters that a form escapes",
            "encode client and secret as a form does before Basic (RFC 6749 2.3.1)",
            secret_with_special_characters,
        ),
        refuses(
            "ours: a wrong secret",
            "show the provider's error",
            "invalid_client",
            wrong_secret,
        ),
    ]
}

/// All token requests of a sign-in and a refresh have this one way to authenticate. An assertion is used once, which the mock checks.
fn signed_in_and_refreshed(call: impl Fn(&Sandbox) -> Call, way: &str) -> Found {
    let sandbox = Sandbox::new();
    let call = call(&sandbox);
    call.run().token();
    sandbox.expire();
    let outcome = call.run();
    for request in sandbox.okta.requests() {
        if request.endpoint != Endpoint::Token {
            continue;
        }
        let header = value(&request.headers, "authorization").map(|_| "authorization");
        let form = ["client_secret", "client_assertion"];
        let form = form.into_iter().find(|name| value(&request.form, name).is_some());
        assert_eq!(header.or(form).unwrap_or("client_id"), way);
    }
    of_refresh(&sandbox, &outcome)
}

fn by_basic(sandbox: &Sandbox) -> Call {
    sandbox
        .okta
        .behave(|behaviour| behaviour.web_client_auth = ClientAuth::SecretBasic);
    sandbox.get_token().by_web_app(&sandbox.okta)
}

fn by_post(sandbox: &Sandbox) -> Call {
    sandbox.okta.behave(|behaviour| {
        behaviour.web_client_auth = ClientAuth::SecretPost;
        behaviour.token_auth = vec!["client_secret_post".to_owned()];
    });
    sandbox.get_token().by_web_app(&sandbox.okta)
}

fn secret_with_special_characters() -> Found {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        "a:b%c+d e&f=g-ö-0123456789".clone_into(&mut behaviour.web_client_secret);
    });
    of_sign_in(&sandbox, &by_basic(&sandbox).run())
}

fn wrong_secret() -> Found {
    let sandbox = Sandbox::new();
    let call = by_basic(&sandbox).with("--oidc-client-secret", "another-secret-0123456789");
    of_sign_in(&sandbox, &call.run())
}

#[test]
fn client_authentication_comes_out_as_its_table_says() {
    all_came_out(&PLAYED);
}
