//! One table of tokens, and what the API server makes of each.

use serde_json::json;

use super::*;
use crate::clock::at;
use crate::cluster::username_prefix;

const ISSUER: &str = "https://example.okta.com/oauth2/default";
const CLIENT: &str = "0oaclient";
const NOW: i64 = 1_800_000_000;

/// A token, and the server that judges it.
struct Case {
    form: Form<'static>,
    bytes: usize,
    algorithm: &'static str,
    signature: Signature,
    claims: Value,
    issuer: Option<&'static str>,
    client_id: Option<&'static str>,
    username_claim: &'static str,
}

/// A good ID token.
fn good() -> Case {
    Case {
        form: Form::Signed,
        bytes: 900,
        algorithm: "RS256",
        signature: Signature::Verified("verified".into()),
        claims: json!({
            "iss": ISSUER, "aud": CLIENT, "sub": "00u1", "exp": NOW + 2520, "iat": NOW - 1080,
            "email": "alice@example.com", "groups": ["dev", "oncall"],
        }),
        issuer: Some(ISSUER),
        client_id: Some(CLIENT),
        username_claim: "sub",
    }
}

/// A good token but for some claims.
fn claims(changes: Value) -> Case {
    let mut case = good();
    let Value::Object(changes) = changes else {
        panic!("not an object")
    };
    for (name, value) in changes {
        case.claims[name] = value;
    }
    case
}

fn without(claim: &str) -> Case {
    let mut case = good();
    case.claims.as_object_mut().unwrap().remove(claim);
    case
}

fn form(form: Form<'static>) -> Case {
    Case {
        form,
        claims: json!({}),
        ..good()
    }
}

fn judged(case: &Case) -> TokenJudgement {
    let claims = case.claims.as_object().unwrap();
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).map(at);
    let facts = TokenFacts {
        form: case.form,
        bytes: case.bytes,
        algorithm: case.algorithm,
        signature: case.signature.clone(),
        claims,
        expires_at: time("exp"),
        not_before: time("nbf"),
        issued_at: time("iat"),
    };
    let mapping = ClaimMapping {
        username_claim: case.username_claim.into(),
        username_prefix: username_prefix(Some("okta:"), case.username_claim, ISSUER),
        groups_claim: "groups".into(),
        groups_prefix: "okta:".into(),
    };
    let server = ServerSettings {
        issuer: case.issuer,
        client_id: case.client_id,
        mapping: &mapping,
        now: at(NOW),
    };
    judge_token(&facts, &server)
}

/// The verdict, and what was noted, in one text.
fn told(case: &Case) -> String {
    let TokenJudgement { checks, verdict, .. } = judged(case);
    let mut text = match verdict {
        TokenVerdict::Accepted { username, groups } => {
            format!("accepted: {username} [{}]", groups.join(", "))
        }
        TokenVerdict::Refused(reason) => format!("refused: {reason}"),
        TokenVerdict::Unknown(reason) => format!("unknown: {reason}"),
    };
    for check in checks.iter().filter(|check| check.state == CheckState::Noted) {
        text.extend(["\n  ", check.name, ": ", &check.text]);
    }
    text
}

/// Compares the verdicts on the tokens with the expected ones.
#[track_caller]
fn expect<const N: usize>(start: &str, cases: [(&str, Case, &str); N]) {
    for (name, case, verdict) in cases {
        assert_eq!(told(&case), format!("{start}{verdict}"), "{name}");
    }
}

#[test]
fn a_good_token_is_accepted_with_its_user_and_groups() {
    let cases = [
        ("good", good(), "accepted: okta:00u1 [okta:dev, okta:oncall]"),
        (
            "several audiences",
            claims(json!({"aud": ["x", CLIENT]})),
            "accepted: okta:00u1 [okta:dev, okta:oncall]",
        ),
        (
            "email",
            Case {
                username_claim: "email",
                ..good()
            },
            "accepted: okta:alice@example.com [okta:dev, okta:oncall]",
        ),
        (
            "one group",
            claims(json!({"groups": "dev"})),
            "accepted: okta:00u1 [okta:dev]",
        ),
    ];
    expect("", cases);
}

#[test]
fn what_an_administrator_should_know_of_a_good_token_is_noted() {
    let cases = [
        (
            "no groups",
            without("groups"),
            "accepted: okta:00u1 []\n  groups: the token has no `groups` claim, so the user is in no group: add a groups claim at Okta, \
             \"Always\" in the ID token (Security > API > the server > Claims)",
        ),
        (
            "provider without https",
            Case {
                issuer: Some("http://127.0.0.1:1"),
                ..claims(json!({"iss": "http://127.0.0.1:1"}))
            },
            "accepted: okta:00u1 [okta:dev, okta:oncall]\n  issuer: `http://127.0.0.1:1` is http, and an API server takes https only",
        ),
        (
            "no client id to compare with",
            Case {
                client_id: None,
                ..good()
            },
            "accepted: okta:00u1 [okta:dev, okta:oncall]\n  audience: `0oaclient`; not compared with a client id: give --oidc-client-id",
        ),
        (
            "algorithm that has to be allowed",
            Case {
                algorithm: "ES256",
                ..good()
            },
            "accepted: okta:00u1 [okta:dev, okta:oncall]\n  algorithm: ES256: the API server accepts it only with \
             --oidc-signing-algs=ES256, or by an AuthenticationConfiguration",
        ),
        (
            "not before a moment from now",
            claims(json!({"nbf": NOW + 60})),
            "accepted: okta:00u1 [okta:dev, okta:oncall]\n  times: it is not valid before 2027-01-15T08:01:00Z, in 60 seconds: look at \
             this machine's clock",
        ),
        (
            "issued in the future",
            claims(json!({"iat": NOW + 600})),
            "accepted: okta:00u1 [okta:dev, okta:oncall]\n  times: valid for 42 more minutes, until 2027-01-15T08:42:00Z; issued in 10 \
             minutes: look at this machine's clock",
        ),
        (
            "long",
            Case {
                bytes: 40_000,
                ..good()
            },
            "accepted: okta:00u1 [okta:dev, okta:oncall]\n  form: a signed token (JWT) of 39 KiB, most often because of its groups: some \
             load balancers refuse that",
        ),
    ];
    expect("", cases);
}

#[test]
fn a_token_at_the_wrong_time_is_refused() {
    let cases = [
        (
            "expired",
            claims(json!({"exp": NOW - 10_800})),
            "it expired 3 hours ago, at 2027-01-15T05:00:00Z",
        ),
        (
            "expires now",
            claims(json!({"exp": NOW})),
            "it expired 0 seconds ago, at 2027-01-15T08:00:00Z",
        ),
        (
            "without a time",
            without("exp"),
            "it has no `exp` claim that is a time, so it counts as expired",
        ),
        (
            "not yet valid",
            claims(json!({"nbf": NOW + 61})),
            "it is not valid before 2027-01-15T08:01:01Z, in 61 seconds: look at this machine's clock",
        ),
    ];
    expect("refused: ", cases);
}

#[test]
fn a_token_for_another_issuer_or_audience_is_refused() {
    let cases = [
        (
            "issuer with a slash",
            claims(json!({"iss": format!("{ISSUER}/")})),
            "its issuer `https://example.okta.com/oauth2/default/` differs from `https://example.okta.com/oauth2/default` by a slash at \
             the end, and has to be the same to the letter",
        ),
        (
            "other issuer",
            claims(json!({"iss": "https://other.example"})),
            "its issuer is `https://other.example`, not `https://example.okta.com/oauth2/default`",
        ),
        (
            "no issuer",
            without("iss"),
            "it has no `iss` claim that is a text, so no API server takes it for its own",
        ),
        (
            "other audience",
            claims(json!({"aud": ["a", "b"]})),
            "its audience is `a`, `b`, not the client id `0oaclient`",
        ),
        (
            "access token",
            claims(json!({"aud": "api://default", "cid": CLIENT, "scp": ["openid"]})),
            "its audience is `api://default`, not the client id `0oaclient`; it looks like an access token, and an API server needs the ID \
             token",
        ),
        ("no audience", without("aud"), "it has no audience (`aud` claim)"),
    ];
    expect("refused: ", cases);
}

#[test]
fn a_token_whose_signature_proves_nothing_is_refused() {
    let cases = [
        (
            "bad signature",
            Case {
                signature: Signature::Wrong("its signature is wrong".into()),
                ..good()
            },
            "its signature is wrong",
        ),
        (
            "alg none",
            Case {
                algorithm: "none",
                ..good()
            },
            "it is not signed (`alg` is none)",
        ),
        (
            "HS256",
            Case {
                algorithm: "HS256",
                ..good()
            },
            "it is signed with HS256, a shared secret, which no API server accepts: set the app to RS256",
        ),
        (
            "EdDSA",
            Case {
                algorithm: "EdDSA",
                ..good()
            },
            "it is signed with `EdDSA`, which no API server accepts: set the app to RS256 or ES256",
        ),
    ];
    expect("refused: ", cases);
}

#[test]
fn a_token_whose_claims_make_no_user_is_refused() {
    let cases = [
        (
            "no user name",
            Case {
                username_claim: "preferred_username",
                ..good()
            },
            "the token has no `preferred_username` claim: ask for it with --oidc-extra-scope=profile, or use --username-claim=sub",
        ),
        (
            "email not verified",
            Case {
                username_claim: "email",
                ..claims(json!({"email_verified": false}))
            },
            "the claim `email_verified` is not true: it is false: have the address verified (Okta > Directory > People > the person), or use \
             --username-claim=sub",
        ),
        (
            "groups of a wrong type",
            claims(json!({"groups": [1, 2]})),
            "the claim `groups` is neither a string nor a list of strings: send a list of group names, or take the groups from another claim \
             with --groups-claim",
        ),
    ];
    expect("refused: ", cases);
}

#[test]
fn a_text_that_is_no_signed_token_is_refused() {
    let cases = [
        (
            "encrypted",
            form(Form::Encrypted),
            "it is encrypted (JWE): no API server can read it; switch encryption off for this app at the provider",
        ),
        (
            "opaque",
            form(Form::Opaque),
            "it is no JWT but an opaque token, which only the provider can read: an API server needs an ID token",
        ),
        (
            "cut",
            form(Form::Broken("it has 2 parts")),
            "it is no whole token: it has 2 parts",
        ),
        (
            "garbage",
            form(Form::NoToken),
            "it is no token: it has characters that no token has",
        ),
    ];
    expect("refused: ", cases);
}

#[test]
fn a_signature_that_was_not_verified_leaves_the_verdict_open_unless_something_else_fails() {
    let unchecked = || Signature::Unchecked("not verified: no keys".into());
    let case = Case {
        signature: unchecked(),
        ..good()
    };
    assert_eq!(told(&case), "unknown: not verified: no keys");
    let expired = Case {
        signature: unchecked(),
        ..claims(json!({"exp": 1}))
    };
    assert!(
        told(&expired).starts_with("refused: it expired "),
        "{}",
        told(&expired)
    );
}

/// Only the first reason is the verdict; each rule says what it found.
#[test]
fn all_faults_are_in_the_checks() {
    let case = Case {
        algorithm: "none",
        ..claims(json!({"exp": 1, "aud": "x", "iss": "y", "groups": 1}))
    };
    let failed = judged(&case)
        .checks
        .into_iter()
        .filter(|check| check.state == CheckState::Failed);
    let names: Vec<_> = failed.map(|check| check.name).collect();
    assert_eq!(names, ["algorithm", "issuer", "audience", "times", "groups"]);
}
