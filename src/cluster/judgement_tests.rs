use serde_json::json;

use super::*;

fn mapping() -> ClaimMapping {
    ClaimMapping {
        username_claim: "sub".into(),
        username_prefix: "okta:".into(),
        groups_claim: "groups".into(),
        groups_prefix: "okta:".into(),
    }
}

const ISSUER: &str = "https://example.okta.com/oauth2/default";

/// Judges a good token with these changes to its claims; a null removes a claim.
fn judged(changes: &Value, mapping: &ClaimMapping) -> Judgement {
    let mut claims = json!({"iss": ISSUER, "aud": "0oa1", "sub": "00u1", "groups": ["dev"]});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let claims: Map<String, Value> = claims.as_object().unwrap().clone();
    let claims = claims.into_iter().filter(|(_, value)| !value.is_null()).collect();
    judge(token(&claims), mapping)
}

fn token(claims: &Map<String, Value>) -> Presented<'_> {
    Presented {
        claims,
        algorithm: Some("RS256"),
        bytes: 900,
        issuer: ISSUER,
        client_id: "0oa1",
    }
}

fn verdict<'a>(judgement: &'a Judgement, subject: &str) -> &'a Verdict {
    judgement
        .verdicts
        .iter()
        .find(|verdict| verdict.subject == subject)
        .unwrap_or_else(|| panic!("{subject}: {judgement:?}"))
}

#[test]
fn a_good_token_has_a_name_groups_and_no_complaint() {
    let judgement = judged(&json!({}), &mapping());
    assert_eq!(judgement.username.as_deref(), Some("okta:00u1"));
    assert_eq!(judgement.groups, ["okta:dev"]);
    assert_eq!(judgement.audience, "0oa1");
    assert!(
        judgement
            .verdicts
            .iter()
            .all(|verdict| verdict.state == State::Ok),
        "{judgement:?}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn each_claim_has_its_verdict_and_each_complaint_a_fix() {
    use State::{Note, Ok, Refused, Warning};
    let many: Vec<String> = (0..101).map(|number| format!("g{number}")).collect();
    for (changes, subject, state, words) in [
        (json!({"sub": null}), "username", Refused, "has no `sub`"),
        (json!({"sub": 7}), "username", Refused, "is not a string"),
        (
            json!({"groups": null}),
            "groups",
            Warning,
            "has no `groups` claim",
        ),
        (json!({"groups": []}), "groups", Warning, "is empty"),
        (json!({"groups": "one"}), "groups", Ok, "1 group"),
        (json!({"groups": [1]}), "groups", Refused, "neither a string nor"),
        (json!({"groups": {}}), "groups", Refused, "neither a string nor"),
        (json!({"groups": many}), "groups", Warning, "101 groups"),
        (
            json!({"groups": null, "_claim_names": {"groups": "src1"}}),
            "groups",
            Warning,
            "distributed",
        ),
        (
            json!({"iss": format!("{ISSUER}/")}),
            "issuer",
            Refused,
            "by a slash",
        ),
        (
            json!({"iss": "https://EXAMPLE.okta.com/oauth2/default"}),
            "issuer",
            Refused,
            "upper and lower case",
        ),
        (
            json!({"iss": "https://other"}),
            "issuer",
            Refused,
            "which differs from",
        ),
        (json!({"aud": ["api", "0oa1"]}), "audience", Ok, "one of 2"),
        (
            json!({"aud": "api://default"}),
            "audience",
            Note,
            "in place of the client id",
        ),
        (json!({"aud": null}), "audience", Refused, "names no audience"),
        (
            json!({"aud": "x --anonymous-auth=true"}),
            "audience",
            Refused,
            "which no flag of the API server can name",
        ),
        (
            json!({"aud": ["x\n--anonymous-auth=true", "api"]}),
            "audience",
            Refused,
            "which no flag of the API server can name",
        ),
    ] {
        let judgement = judged(&changes, &mapping());
        let found = verdict(&judgement, subject);
        assert_eq!(found.state, state, "{changes}: {found:?}");
        assert!(found.finding.contains(words), "{changes}: {found:?}");
        assert_eq!(judgement.refusal().is_some(), state == Refused, "{changes}");
        if matches!(state, Warning | Refused) {
            assert!(found.fix.is_some(), "{found:?}");
        }
    }
}

#[test]
fn an_address_has_to_be_verified_by_the_boolean_true() {
    let by_email = ClaimMapping {
        username_claim: "email".into(),
        ..mapping()
    };
    for (claims, state, words) in [
        (json!({"email": "a@b"}), State::Ok, "okta:a@b"),
        (
            json!({"email": "a@b", "email_verified": true}),
            State::Ok,
            "okta:a@b",
        ),
        (
            json!({"email": "a@b", "email_verified": false}),
            State::Refused,
            "it is false",
        ),
        (
            json!({"email": "a@b", "email_verified": "true"}),
            State::Refused,
            "it is a text",
        ),
        (
            json!({"email_verified": true}),
            State::Refused,
            "has no `email` claim",
        ),
    ] {
        let judgement = judged(&claims, &by_email);
        let found = verdict(&judgement, "username");
        assert_eq!(found.state, state, "{claims}");
        assert!(found.finding.contains(words), "{claims}: {found:?}");
    }
    // For another claim nobody looks at it.
    let judgement = judged(&json!({"email_verified": false}), &mapping());
    assert_eq!(judgement.refusal(), None);
}

#[test]
fn reserved_names_and_missing_prefixes_are_pointed_out() {
    let bare = ClaimMapping {
        username_prefix: String::new(),
        groups_prefix: String::new(),
        ..mapping()
    };
    let judgement = judged(
        &json!({"sub": "system:admin", "groups": ["system:masters"]}),
        &bare,
    );
    assert_eq!(verdict(&judgement, "username").state, State::Warning);
    assert_eq!(verdict(&judgement, "groups").state, State::Warning);
    assert_eq!(verdict(&judgement, "prefixes").state, State::Warning);
    let prefixed = judged(&json!({"groups": ["system:masters"]}), &mapping());
    assert_eq!(verdict(&prefixed, "groups").state, State::Ok);
}

#[test]
fn algorithm_size_and_an_opaque_token_are_judged() {
    let claims = json!({"iss": ISSUER, "aud": "0oa1", "sub": "s", "groups": ["g"]});
    let claims = claims.as_object().unwrap();
    let with = |algorithm, bytes| {
        let token = Presented {
            algorithm,
            bytes,
            ..token(claims)
        };
        judge(token, &mapping())
    };
    assert_eq!(verdict(&with(Some("ES256"), 1), "signature").state, State::Note);
    assert_eq!(
        verdict(&with(Some("EdDSA"), 1), "signature").state,
        State::Refused
    );
    assert_eq!(verdict(&with(None, 1), "signature").state, State::Refused);
    assert_eq!(
        verdict(&with(Some("RS256"), 20_480), "size").state,
        State::Warning
    );
    let opaque = judge(token(&Map::new()), &mapping());
    assert_eq!(opaque.refusal().unwrap().subject, "token");
}

#[test]
fn an_http_issuer_is_good_for_a_trial_only() {
    let claims = json!({"iss": "http://127.0.0.1:9", "aud": "0oa1", "sub": "s", "groups": ["g"]});
    let token = Presented {
        issuer: "http://127.0.0.1:9",
        ..token(claims.as_object().unwrap())
    };
    let judgement = judge(token, &mapping());
    assert_eq!(verdict(&judgement, "issuer").state, State::Warning);
    assert_eq!(judgement.refusal(), None);
}
