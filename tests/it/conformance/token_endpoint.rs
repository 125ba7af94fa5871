//! Cases that the suite lacks: the token response.

use std::net::TcpListener;
use std::sync::LazyLock;

use serde_json::json;

use super::case::{Case, Played, accepts, all_came_out, play, refuses};
use super::found::{Found, of_refresh, of_sign_in};
use super::plays::{dpop, fault, refresh_fault, response, with};
use crate::support::Sandbox;
use okta::{Dpop, Endpoint, Fault, FaultBody, FaultKind};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = responses_that_fail();
    cases.extend(members());
    cases.extend(of_refreshes());
    cases.extend(proofs());
    cases
}

fn responses_that_fail() -> Vec<Case> {
    vec![
        refuses(
            "ours: `error` with status 200",
            "take it for an error",
            "invalid_grant",
            fault(
                Endpoint::Token,
                FaultKind::Raw(r#"{"error":"invalid_grant","error_description":"in a 200"}"#.to_owned()),
            ),
        ),
        refuses(
            "ours: 400 with a page",
            "show what came, and not an error of JSON",
            "HTTP 400",
            fault(Endpoint::Token, FaultKind::status(400, FaultBody::Html)),
        ),
        refuses(
            "ours: 307 to another host",
            "send nothing there (RFC 9700 4.12)",
            "redirects to",
            redirected,
        ),
        refuses(
            "ours: broken JSON",
            "refuse the response",
            "broken JSON",
            fault(Endpoint::Token, FaultKind::BrokenJson),
        ),
        refuses(
            "ours: a body of 8 MiB",
            "stop reading at a limit",
            "more than 4194304 bytes",
            fault(Endpoint::Token, FaultKind::Huge),
        ),
    ]
}

fn members() -> Vec<Case> {
    let replaced = |field: &str, value| {
        let field = field.to_owned();
        fault(Endpoint::Token, FaultKind::Replace { field, value })
    };
    let missing = |field: &str| fault(Endpoint::Token, FaultKind::Missing(field.to_owned()));
    vec![
        accepts(
            "ours: `token_type` mac",
            "not use an access token of a type that it does not know (RFC 6749 7.1)",
            replaced("token_type", json!("mac")),
        ),
        refuses(
            "ours: `token_type` mac, access token used",
            "not use an access token of a type that it does not know (RFC 6749 7.1)",
            "mac",
            with(&["--oidc-use-access-token"], |behaviour| {
                let field = "token_type".to_owned();
                let value = json!("mac");
                behaviour.faults = vec![Fault::always(
                    Endpoint::Token,
                    FaultKind::Replace { field, value },
                )];
            }),
        ),
        refuses(
            "ours: no `id_token`",
            "refuse the response of a sign-in (OpenID Connect Core 3.1.3.3)",
            "no ID token",
            missing("id_token"),
        ),
        refuses(
            "ours: `id_token` an object",
            "refuse it",
            "`id_token` is no text",
            replaced("id_token", json!({"a": 1})),
        ),
        accepts(
            "ours: no `access_token`",
            "refuse the response (RFC 6749 5.1)",
            missing("access_token"),
        )
        .differs("Only what a call uses can fail it, and an ID token is enough for a sign-in (C4)"),
        accepts(
            "ours: no `token_type`",
            "refuse the response (RFC 6749 5.1)",
            missing("token_type"),
        )
        .differs("Only what a call uses can fail it (C4)"),
    ]
}

fn of_refreshes() -> Vec<Case> {
    let rate_limit = FaultBody::OAuth {
        error: "invalid_grant".to_owned(),
        description: "API call exceeded rate limit due to too many requests.".to_owned(),
    };
    vec![
        accepts(
            "ours: a refresh without a new `refresh_token`",
            "go on with the old one (RFC 6749 6)",
            refresh_fault(FaultKind::Missing("refresh_token".to_owned())),
        ),
        refuses(
            "ours: a refresh without `id_token`",
            "not use the old ID token as if it were new; a sign-in follows",
            "the session has ended",
            refresh_fault(FaultKind::Missing("id_token".to_owned())),
        ),
        refuses(
            "ours: 429 with `invalid_grant`",
            "keep the session",
            "slow down (HTTP 429)",
            refresh_fault(FaultKind::status(429, rate_limit)),
        ),
        refuses(
            "ours: 503 with a page",
            "keep the session",
            "HTTP 503",
            refresh_fault(FaultKind::status(503, FaultBody::Html)),
        ),
        refuses(
            "ours: 503 without a body",
            "keep the session",
            "HTTP 503",
            refresh_fault(FaultKind::status(503, FaultBody::Empty)),
        ),
        refuses(
            "ours: 403 of a gateway",
            "keep the session",
            "HTTP 403",
            refresh_fault(response(403, "application/json", r#"{"message":"Forbidden"}"#)),
        ),
        accepts(
            "ours: a connection that is reset after the request",
            "ask once more within the provider's leeway",
            refresh_fault(FaultKind::ResetAfterCommit),
        ),
        accepts(
            "ours: a body that is cut off",
            "ask once more within the provider's leeway",
            refresh_fault(FaultKind::Truncated),
        ),
    ]
}

fn proofs() -> Vec<Case> {
    vec![
        refuses(
            "ours: `use_dpop_nonce` again and again",
            "repeat the request once for it (RFC 9449 8)",
            "use_dpop_nonce",
            nonce_never_accepted,
        ),
        accepts(
            "ours: a DPoP nonce that changes",
            "use the nonce that was sent last",
            || refreshed_after_new_nonce(false),
        ),
        accepts(
            "ours: a new DPoP nonce with a success",
            "use it for the next request (RFC 9449 8.2)",
            || refreshed_after_new_nonce(true),
        ),
        refuses(
            "ours: a bearer token in answer to a proof",
            "not use a token without the binding that was agreed (RFC 9449 5)",
            "the provider sent a bearer token",
            dpop(|behaviour| behaviour.dpop.answers_bearer = true),
        ),
    ]
}

fn redirected() -> Found {
    let sandbox = Sandbox::new();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = format!("http://{}/token", elsewhere.local_addr().unwrap());
    let redirect = Fault::always(Endpoint::Token, FaultKind::Redirect { to });
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![redirect]);
    let outcome = sandbox.get_token().run();
    assert!(elsewhere.accept().is_err(), "nothing may go there");
    of_sign_in(&sandbox, &outcome)
}

fn nonce_never_accepted() -> Found {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.dpop.mode = Dpop::Required;
        behaviour.dpop.nonce_never_accepted = true;
    });
    let outcome = sandbox.get_token().run();
    // Without a proof, with one, and with the nonce of its refusal.
    assert_eq!(sandbox.okta.count(Endpoint::Token), 3);
    of_sign_in(&sandbox, &outcome)
}

/// The nonce is another one at the refresh. Where the success before it has announced it, the refresh is one request.
fn refreshed_after_new_nonce(is_announced: bool) -> Found {
    const NEXT: &str = "nonce-of-tomorrow";
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.dpop.mode = Dpop::Required;
        behaviour.dpop.next_nonce = is_announced.then(|| NEXT.to_owned());
    });
    let call = sandbox.get_token();
    call.run().token();
    let before = sandbox.okta.count(Endpoint::Token);
    sandbox
        .okta
        .behave(|behaviour| NEXT.clone_into(&mut behaviour.dpop.nonce));
    sandbox.expire();
    let outcome = call.run();
    let requests = sandbox.okta.count(Endpoint::Token) - before;
    assert_eq!(requests, if is_announced { 1 } else { 2 }, "{outcome}");
    of_refresh(&sandbox, &outcome)
}

#[test]
fn token_responses_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
