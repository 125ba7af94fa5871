//! Client tests of the FAPI 2.0 Security Profile. It is not our profile, but its negative cases fit.

use std::sync::LazyLock;

use serde_json::json;

use super::case::{Case, Played, accepts, all_came_out, not_applicable, play, refuses};
use super::config::another_issuer;
use super::found::{Found, of_sign_in};
use super::plays::{announced, at, dpop, fault, id_token};
use crate::support::Sandbox;
use okta::{Callback, Defect, Endpoint, Fault, FaultKind, Par};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = whole_flows();
    cases.extend(responses());
    cases.extend(claims());
    cases.extend(algorithms_and_token_responses());
    cases
}

fn whole_flows() -> Vec<Case> {
    vec![
        accepts(
            "fapi2-security-profile-final-client-test-happy-path (DPoP, without PAR)",
            "sign in with DPoP at a server that sends a nonce, and answer its challenge",
            dpop(|_| ()),
        ),
        accepts(
            "fapi2-security-profile-final-client-test-happy-path (PAR)",
            "push the authorization request (RFC 9126), and send the browser with `client_id` and `request_uri` alone",
            dpop(|behaviour| behaviour.par.mode = Par::Required),
        ),
        accepts(
            "fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce",
            "sign in with DPoP at a server that never sends a nonce",
            dpop(|behaviour| behaviour.dpop.nonce.clear()),
        ),
        refuses(
            "fapi2-security-profile-final-client-test-discovery-issuer-mismatch",
            "stop after a discovery document of another issuer",
            "the discovery document is of issuer",
            another_issuer,
        ),
        accepts(
            "fapi2-security-profile-final-client-refresh-token-test",
            "refresh, with a proof by the key of the sign-in",
            refreshes_with_the_same_key,
        ),
    ]
}

fn responses() -> Vec<Case> {
    vec![
        refuses(
            "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails",
            "send no token request after a response with another `state`, and say so",
            "nobody signed in within",
            || without_our_state(Callback::WrongState),
        ),
        refuses(
            "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails",
            "send no token request after a response without `state`, and say so",
            "nobody signed in within",
            || without_our_state(Callback::NoState),
        ),
        refuses(
            "fapi2-security-profile-final-client-test-invalid-authorization-response-iss",
            "reject a response with another `iss`",
            "came from issuer",
            || response_of_another_issuer(Callback::WrongIss),
        ),
        refuses(
            "fapi2-security-profile-final-client-test-remove-authorization-response-iss",
            "reject a response without `iss` where the metadata promise it",
            "does not name its issuer",
            || response_of_another_issuer(Callback::Normal),
        ),
        not_applicable(
            "fapi2-security-profile-final-client-test-ensure-jarm-… (eight modules)",
            "check a signed authorization response",
            "kubesesame has no signed authorization responses (JARM)",
        ),
        not_applicable(
            "fapi2-security-profile-final-… (modules of open banking)",
            "keep the rules of a bank's ecosystem",
            "they are about the interfaces of banks",
        ),
    ]
}

/// A claim that has to be refused: the module, what a client must do, the words, the defect.
const INVALID_CLAIMS: [(&str, &str, &str, Defect); 8] = [
    (
        "fapi2-security-profile-final-client-test-invalid-iss",
        "reject an ID token of another issuer",
        "its issuer is",
        Defect::WrongIssuer,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-aud",
        "reject an ID token for another client",
        "its audience is",
        Defect::WrongAudience,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-nonce",
        "reject an ID token with another `nonce`",
        "its nonce is not",
        Defect::WrongNonce,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-missing-iss",
        "reject an ID token without `iss`",
        "no `iss` claim",
        Defect::MissingIss,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-missing-aud",
        "reject an ID token without `aud`",
        "no `aud` claim",
        Defect::MissingAud,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-missing-exp",
        "reject an ID token without `exp`",
        "no `exp` claim",
        Defect::MissingExp,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-missing-nonce",
        "reject an ID token without `nonce`",
        "its nonce is not",
        Defect::MissingNonce,
    ),
    (
        "fapi2-security-profile-final-client-test-invalid-expired-exp",
        "reject an ID token that expired more than five minutes ago",
        "it expired",
        Defect::ExpPast,
    ),
];

fn claims() -> Vec<Case> {
    let mut cases: Vec<Case> = INVALID_CLAIMS
        .into_iter()
        .map(|(name, must, words, defect)| refuses(name, must, words, id_token(defect)))
        .collect();
    cases.extend([
        accepts(
            "fapi2-security-profile-final-client-test-invalid-secondary-aud",
            "reject an `aud` with a second audience that the client does not know",
            id_token(Defect::SecondAudience),
        )
        .differs(
            "Providers add an audience for the API server, which checks its own; `azp`, if there, has to be this client (T5, T6)",
        ),
        accepts(
            "fapi2-security-profile-final-client-test-valid-aud-as-array",
            "accept an `aud` that is a list of this client alone",
            id_token(Defect::AudArrayOne),
        ),
    ]);
    cases
}

fn algorithms_and_token_responses() -> Vec<Case> {
    vec![
        refuses(
            "fapi2-security-profile-final-client-test-invalid-null-alg",
            "reject an unsigned ID token",
            "its algorithm is `none`",
            id_token(Defect::AlgNone),
        ),
        refuses(
            "fapi2-security-profile-final-client-test-invalid-alternate-alg",
            "reject an algorithm that was not agreed, here PS256 with a correct signature",
            "its algorithm is `PS256`",
            announced("RS256", Defect::Ps256),
        ),
        accepts(
            "fapi2-security-profile-final-client-test-token-type-case-insensitivity (bEaReR)",
            "compare the token's type without case",
            at(|behaviour| "bEaReR".clone_into(&mut behaviour.token_type)),
        ),
        accepts(
            "fapi2-security-profile-final-client-test-token-type-case-insensitivity (dPoP)",
            "compare the token's type without case",
            dpop(|behaviour| {
                let spelled = FaultKind::Replace {
                    field: "token_type".to_owned(),
                    value: json!("dPoP"),
                };
                behaviour.faults = vec![Fault::always(Endpoint::Token, spelled)];
            }),
        ),
        accepts(
            "fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in",
            "accept a token response without `expires_in`",
            fault(Endpoint::Token, FaultKind::Missing("expires_in".to_owned())),
        ),
        not_applicable(
            "fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity",
            "compare the scheme of a resource server's challenge without case",
            "kubesesame calls no resource server; kubectl sends the ID token to the API server as a bearer token",
        ),
    ]
}

/// The time for the sign-in passes after the browser has come back with such a response.
fn without_our_state(callback: Callback) -> Found {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.callback = callback);
    let outcome = sandbox.too_late(sandbox.get_token());
    assert!(outcome.stderr.contains("one answer was ignored"), "{outcome}");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
    of_sign_in(&sandbox, &outcome)
}

fn response_of_another_issuer(callback: Callback) -> Found {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.advertise_iss = true;
        behaviour.callback = callback;
    });
    let outcome = sandbox.get_token().run();
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
    of_sign_in(&sandbox, &outcome)
}

/// The mock refuses a refresh by another key.
fn refreshes_with_the_same_key() -> Found {
    dpop(|behaviour| behaviour.leeway_secs = 0)()
}

#[test]
fn the_fapi_modules_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
