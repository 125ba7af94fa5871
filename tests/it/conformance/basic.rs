//! The Basic RP plan (`oidcc-client-basic-certification-test-plan`): code flow.

use std::sync::LazyLock;

use super::case::{Case, Played, accepts, all_came_out, not_applicable, play, refuses};
use super::found::{Found, of_sign_in, value};
use super::plays::{at, id_token};
use crate::support::Sandbox;
use okta::{ClientAuth, Defect, Endpoint};

pub(super) const NO_USERINFO: &str =
    "kubesesame asks no userinfo endpoint. An API server reads the claims of the token alone";

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = claims();
    cases.extend(signatures());
    cases.extend(nonce_scope_and_secret());
    cases
}

fn claims() -> Vec<Case> {
    vec![
        accepts(
            "oidcc-client-test",
            "complete the authorization request, the token request and the validation",
            at(|_| ()),
        ),
        refuses(
            "oidcc-client-test-invalid-iss",
            "reject an ID token whose `iss` is not the issuer",
            "its issuer is `https://evil.example/oauth2/default`",
            id_token(Defect::WrongIssuer),
        ),
        refuses(
            "oidcc-client-test-missing-sub",
            "reject an ID token without `sub`",
            "it has no `sub` claim",
            id_token(Defect::MissingSub),
        ),
        refuses(
            "oidcc-client-test-invalid-aud",
            "reject an ID token whose `aud` lacks the client",
            "its audience is `0oasomeoneelse`",
            id_token(Defect::WrongAudience),
        ),
        refuses(
            "oidcc-client-test-missing-iat",
            "reject an ID token without `iat`",
            "it has no `iat` claim",
            id_token(Defect::MissingIat),
        ),
    ]
}

fn signatures() -> Vec<Case> {
    vec![
        accepts(
            "oidcc-client-test-kid-absent-single-jwks",
            "accept a token without `kid` where the key set has one key that fits",
            id_token(Defect::NoKidOneKey),
        ),
        accepts(
            "oidcc-client-test-kid-absent-multiple-jwks",
            "either reject a token without `kid` where several keys fit, or try each",
            id_token(Defect::NoKidManyKeys),
        )
        .or_not(),
        accepts(
            "oidcc-client-test-idtoken-sig-rs256",
            "accept a correct RS256 signature",
            id_token(Defect::None),
        ),
        refuses(
            "oidcc-client-test-idtoken-sig-none",
            "accept an unsigned ID token in the code flow, or reject it",
            "its algorithm is `none`",
            id_token(Defect::AlgNone),
        )
        .or_not(),
        refuses(
            "oidcc-client-test-invalid-sig-rs256",
            "reject a wrong signature (a client of the code flow may leave the check out)",
            "its signature is wrong",
            id_token(Defect::BadSignature),
        ),
    ]
}

fn nonce_scope_and_secret() -> Vec<Case> {
    vec![
        not_applicable(
            "oidcc-client-test-userinfo-invalid-sub",
            "discard a userinfo response whose `sub` differs from the ID token's",
            NO_USERINFO,
        ),
        refuses(
            "oidcc-client-test-nonce-invalid",
            "reject an ID token with another `nonce`",
            "its nonce is not the one of this sign-in",
            id_token(Defect::WrongNonce),
        ),
        not_applicable(
            "oidcc-client-test-scope-userinfo-claims",
            "ask for the scopes `profile`, `email`, `phone` and `address`, and get their claims from userinfo",
            NO_USERINFO,
        ),
        accepts(
            "oidcc-client-test-client-secret-basic",
            "authenticate with `client_secret_basic`",
            by_basic,
        ),
    ]
}

fn by_basic() -> Found {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.web_client_auth = ClientAuth::SecretBasic);
    let outcome = sandbox.get_token().by_web_app(&sandbox.okta).run();
    for request in sandbox.okta.requests() {
        let header = value(&request.headers, "authorization");
        assert!(
            request.endpoint != Endpoint::Token || header.is_some_and(|header| header.starts_with("Basic "))
        );
        assert_eq!(value(&request.form, "client_secret"), None);
    }
    of_sign_in(&sandbox, &outcome)
}

#[test]
fn the_basic_plan_comes_out_as_its_table_says() {
    all_came_out(&PLAYED);
}
