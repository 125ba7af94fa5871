//! Further modules of `oidcc-client-test-plan` and of the plans for form posts, refreshes and logout.

use std::sync::LazyLock;

use super::basic::NO_USERINFO;
use super::case::{Case, Played, accepts, all_came_out, not_applicable, play, refuses};
use super::found::{Found, of_refresh, of_sign_in, value};
use super::plays::{access_token, announced, at, id_token, refreshed_token};
use crate::support::Sandbox;
use okta::{AuthorizeError, Defect, Endpoint};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

const CODE_FLOW_ALONE: &str = "kubesesame has the code flow alone";
const NO_LOGOUT: &str = "kubesesame ends its own session on this machine, and none in the browser";
const NO_SERVER: &str =
    "it needs a client that is a web server; this one listens only while somebody signs in";
const LOGOUT_TOKENS: [(&str, &str); 8] = [
    (
        "oidcc-client-test-rp-backchannel-logout",
        "end the session for a logout token",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-alg-none",
        "reject an unsigned logout token",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-wrong-alg",
        "reject a logout token with another algorithm",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-wrong-iss",
        "reject a logout token of another issuer",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-wrong-aud",
        "reject a logout token for another client",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-no-event",
        "reject a logout token without its event",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-wrong-event",
        "reject a logout token with another event",
    ),
    (
        "oidcc-client-test-rp-backchannel-logout-with-nonce",
        "reject a logout token with a `nonce`",
    ),
];

fn cases() -> Vec<Case> {
    let mut cases = tokens();
    cases.extend(front_channel_and_userinfo());
    cases.extend(other_flows());
    cases.extend(refreshes());
    cases.extend(logout());
    cases
}

fn tokens() -> Vec<Case> {
    vec![
        refuses(
            "oidcc-client-test-missing-aud",
            "reject an ID token without `aud`",
            "it has no `aud` claim",
            id_token(Defect::MissingAud),
        ),
        refuses(
            "oidcc-client-test-invalid-sig-es256",
            "reject a wrong ES256 signature of a provider that announces ES256 alone",
            "its signature is wrong",
            announced("ES256", Defect::Es256BadSignature),
        ),
        refuses(
            "oidcc-client-test-invalid-sig-hs256",
            "reject a wrong HS256 signature of a provider that announces HS256 alone",
            "its algorithm is `HS256`",
            announced("HS256", Defect::Hs256WithPublicKey),
        ),
        accepts(
            "oidcc-client-test-nonce-unless-code-flow",
            "send a `nonce` (outside the code flow it is required)",
            sends_a_nonce,
        ),
        not_applicable(
            "oidcc-client-test-missing-athash",
            "reject an ID token of the front channel without `at_hash`",
            CODE_FLOW_ALONE,
        ),
        refuses(
            "oidcc-client-test-invalid-athash",
            "reject an `at_hash` that does not fit the access token",
            "claim `at_hash`",
            access_token(Defect::WrongAtHash),
        ),
    ]
}

fn front_channel_and_userinfo() -> Vec<Case> {
    vec![
        not_applicable(
            "oidcc-client-test-missing-chash",
            "reject an ID token of the front channel without `c_hash`",
            CODE_FLOW_ALONE,
        ),
        not_applicable(
            "oidcc-client-test-invalid-chash",
            "reject a `c_hash` that does not fit the code",
            CODE_FLOW_ALONE,
        ),
        not_applicable(
            "oidcc-client-test-userinfo-bearer-header",
            "send the access token to userinfo in the header",
            NO_USERINFO,
        ),
        not_applicable(
            "oidcc-client-test-userinfo-bearer-body",
            "send the access token to userinfo in the form",
            NO_USERINFO,
        ),
        not_applicable(
            "oidcc-client-test-aggregated-claims",
            "read claims that the provider passes on for others",
            "an API server reads the claims, and a client that fetched them would ask addresses that a token names",
        ),
        not_applicable(
            "oidcc-client-test-distributed-claims",
            "fetch claims from the addresses that `_claim_sources` names",
            "an API server reads the claims, and a client that fetched them would ask addresses that a token names",
        ),
    ]
}

fn other_flows() -> Vec<Case> {
    vec![
        not_applicable(
            "oidcc-client-test-mtls-endpoint-aliases",
            "use the aliases of endpoints with mutual TLS",
            "kubesesame has no client certificates (RFC 8705)",
        ),
        not_applicable(
            "oidcc-client-formpost-basic-certification-test-plan",
            "accept the authorization response as a form post",
            "the listener takes the response by GET alone, so that a page cannot post one (L14)",
        ),
        refuses(
            "oidcc-client-test-form-post-error (in the query)",
            "show the error of an authorization response",
            "login_required: The client specified not to prompt, but the user is not logged in.",
            refused_request,
        ),
        not_applicable(
            "oidcc-client-implicit-certification-test-plan",
            "take the ID token from the front channel",
            CODE_FLOW_ALONE,
        ),
        not_applicable(
            "oidcc-client-hybrid-certification-test-plan",
            "take a code and tokens from the front channel",
            CODE_FLOW_ALONE,
        ),
    ]
}

fn refreshes() -> Vec<Case> {
    vec![
        accepts(
            "oidcc-client-test-refresh-token",
            "refresh, and use the new tokens",
            uses_the_new_tokens,
        ),
        refuses(
            "oidcc-client-test-refresh-token-invalid-issuer",
            "reject a refreshed ID token with another `iss`",
            "its issuer is `https://evil.example/oauth2/default`",
            refreshed_token(Defect::WrongIssuer),
        ),
        refuses(
            "oidcc-client-test-refresh-token-invalid-sub",
            "reject a refreshed ID token with another `sub`",
            "another person",
            refreshed_token(Defect::OtherSubject),
        ),
    ]
}

fn logout() -> Vec<Case> {
    let mut cases = vec![
        not_applicable(
            "oidcc-client-test-rp-init-logout",
            "go to `end_session_endpoint`, and handle the redirect back",
            NO_LOGOUT,
        ),
        not_applicable(
            "oidcc-client-test-rp-init-logout-other-state",
            "notice another `state` on the redirect back from a logout",
            NO_LOGOUT,
        ),
        not_applicable(
            "oidcc-client-test-rp-init-logout-no-state",
            "notice that `state` is missing on the redirect back from a logout",
            NO_LOGOUT,
        ),
        not_applicable(
            "oidcc-client-test-rp-frontchannel-logout (two modules)",
            "end the session when the provider's page loads the logout address",
            NO_SERVER,
        ),
    ];
    cases.extend(LOGOUT_TOKENS.map(|(name, must)| not_applicable(name, must, NO_SERVER)));
    cases.extend([
        not_applicable(
            "oidcc-client-test-session-management",
            "poll the provider's session in a frame",
            NO_SERVER,
        ),
        not_applicable(
            "oidcc-client-test-3rd-party-init-login",
            "begin a sign-in at `initiate_login_uri` for another site",
            "a sign-in begins on this machine alone; one that a site could begin would be a login CSRF",
        ),
    ]);
    cases
}

fn sends_a_nonce() -> Found {
    let sandbox = Sandbox::new();
    let outcome = sandbox.get_token().run();
    let requests = sandbox.okta.requests();
    let mut authorize = requests
        .iter()
        .filter(|request| request.endpoint == Endpoint::Authorize);
    assert!(authorize.all(|request| value(&request.query, "nonce").is_some_and(|nonce| nonce.len() >= 22)));
    of_sign_in(&sandbox, &outcome)
}

fn refused_request() -> Found {
    let refused = at(|behaviour| {
        behaviour.authorize_error = Some(AuthorizeError {
            error: "login_required".to_owned(),
            description: "The client specified not to prompt, but the user is not logged in.".to_owned(),
        });
    });
    refused()
}

/// The token that the caller gets, and the refresh token that the next refresh sends, are those of the refresh.
fn uses_the_new_tokens() -> Found {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token();
    let old = call.run().token();
    let first = sandbox.session()["refresh_token"].clone();
    sandbox.expire();
    let outcome = call.run();
    assert_ne!(outcome.token(), old);
    assert_eq!(call.run().token(), outcome.token());
    let second = sandbox.session()["refresh_token"].clone();
    assert_ne!(first, second);
    sandbox.expire();
    call.run().token();
    let sent = sandbox.okta.requests().pop().unwrap();
    assert_eq!(value(&sent.form, "refresh_token"), second.as_str());
    of_refresh(&sandbox, &outcome)
}

#[test]
fn further_modules_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
