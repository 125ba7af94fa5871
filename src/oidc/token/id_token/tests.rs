use super::*;
use crate::clock::at;

const NONCE: &str = "the nonce of this sign-in";

fn checked(change: &Value, context: Option<&str>, now: i64, provider_now: Option<i64>) -> Result<(), Error> {
    let mut whole = serde_json::json!({
        "iss": "https://i", "sub": "s", "aud": "c", "exp": 4000, "iat": 1000, "nonce": NONCE,
    });
    for (name, value) in change.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let claims = Claims::parse(whole.as_object().unwrap().clone())?;
    let nonce = Nonce::new(NONCE.to_owned());
    let initial_id_token = InitialIdToken::with_subject(context.unwrap_or_default().to_owned());
    let replaced = Secret::new("");
    let expected = TokenExpectation {
        issuer: "https://i",
        client_id: "c",
        algorithms: &[],
        context: match context {
            None => VerificationContext::Login {
                nonce: &nonce,
                demands: &SignInDemands::default(),
            },
            Some(_) => VerificationContext::Refresh {
                initial_id_token: &initial_id_token,
                replaced: &replaced,
            },
        },
        now: at(now),
        provider_now: provider_now.map(at),
    };
    check_parties(&claims, &expected)?;
    check_issuer(&claims, &expected)?;
    check_times(&claims, &expected)?;
    check_context(&claims, &expected)
}

fn parties(change: &Value) -> bool {
    checked(change, None, 1000, None).is_ok()
}

#[test]
fn the_client_is_in_the_audience_and_is_the_authorized_party_if_there_is_one() {
    for (claims, accepted) in [
        (serde_json::json!({"aud": "c"}), true),
        (serde_json::json!({"aud": ["c", "d"], "azp": "c"}), true),
        (serde_json::json!({"aud": ["c", "d"]}), true),
        (serde_json::json!({"aud": ["d", "c"], "azp": null}), true),
        (serde_json::json!({"aud": ["c", "d"], "azp": "d"}), false),
        (serde_json::json!({"aud": "c", "azp": "d"}), false),
        (serde_json::json!({"aud": "c", "azp": 5}), false),
        (serde_json::json!({"aud": ["d"], "azp": "c"}), false),
        (serde_json::json!({"aud": []}), false),
        (serde_json::json!({"aud": [5, "c", null]}), true),
        (serde_json::json!({"aud": [["c"], "d"]}), false),
        (serde_json::json!({"aud": ["c", 5], "azp": "d"}), false),
        (serde_json::json!({"iss": "https://i/"}), false),
    ] {
        assert_eq!(parties(&claims), accepted, "{claims}");
    }
}

#[test]
fn the_nonce_is_checked_at_a_login_and_the_subject_after_a_refresh() {
    for (claims, session, accepted) in [
        (serde_json::json!({}), None, true),
        (serde_json::json!({"nonce": "another"}), None, false),
        (serde_json::json!({"nonce": null}), None, false),
        (
            serde_json::json!({"nonce": "another", "auth_time": 5, "azp": "c"}),
            Some("s"),
            true,
        ),
        (serde_json::json!({}), Some("other"), false),
        (serde_json::json!({"sub": "anybody"}), Some(""), true),
    ] {
        let result = checked(&claims, session, 1000, None);
        assert_eq!(result.is_ok(), accepted, "{claims} {session:?} {result:?}");
    }
}

#[test]
fn clocks_may_be_five_minutes_apart() {
    let table = [
        // now, provider_now, accepted
        (1000, None, true),
        (700, None, true),
        (699, None, false),
        (699, Some(1000), false),
        (3999, None, true),
        // Expired by our clock; the provider's clock is unknown or known.
        (4000, None, true),
        (4300, None, true),
        (4301, None, false),
        (4200, Some(3999), true),
        (4200, Some(4000), false),
        (4000, Some(4000), false),
        // Expired only by the provider's clock.
        (3999, Some(4010), true),
        (9000, Some(2000), false),
    ];
    for (now, provider_now, accepted) in table {
        let result = checked(&serde_json::json!({}), None, now, provider_now);
        assert_eq!(result.is_ok(), accepted, "{now} {provider_now:?}");
    }
    assert!(checked(&serde_json::json!({"nbf": 1250}), None, 1000, None).is_ok());
    assert!(checked(&serde_json::json!({"nbf": 1301}), None, 1000, None).is_err());
    for beyond in [253_402_300_800_f64, 1e18, 1e300] {
        assert!(checked(&serde_json::json!({"nbf": beyond}), None, 1000, None).is_err());
    }
    // A token that was issued long ago and has not expired is accepted.
    assert!(checked(&serde_json::json!({"iat": 1, "exp": 90_000}), None, 80_000, None).is_ok());
}

#[test]
fn a_clock_difference_is_reported_with_its_direction() {
    let claims = |iat: i64, exp: i64| {
        let all = serde_json::json!({"iss": "i", "sub": "s", "aud": "c", "iat": iat, "exp": exp});
        Claims::parse(all.as_object().unwrap().clone()).unwrap()
    };
    let remark_on = |claims: &Claims| {
        let expected = TokenExpectation {
            issuer: "i",
            client_id: "c",
            algorithms: &[],
            context: VerificationContext::Direct {
                demands: &SignInDemands::default(),
            },
            now: at(1000),
            provider_now: Some(at(930)),
        };
        clock_remark(claims, &expected)
    };
    let remark = |iat, exp| remark_on(&claims(iat, exp));
    assert_eq!(remark(1000, 4000), None);
    assert_eq!(remark(1010, 4000), None);
    assert_eq!(remark(1045, 4000), Some(Remark::Clock { behind_secs: 45 }));
    assert_eq!(remark(500, 940), Some(Remark::Clock { behind_secs: -60 }));
    let mut not_before = claims(1000, 4000);
    not_before.not_before = Some(at(1250));
    assert_eq!(remark_on(&not_before), Some(Remark::Clock { behind_secs: 250 }));
}

/// A token whose signature is not verified.
fn unsigned(algorithm: &str, groups: usize) -> String {
    let payload = serde_json::json!({
        "iss": "https://i", "sub": "s", "aud": "c", "exp": 4000, "iat": 1000, "groups": "g".repeat(groups),
    });
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!(
        "{}.{}.AA",
        part(&serde_json::json!({"alg": algorithm})),
        part(&payload)
    )
}

/// A token that the API server may reject is reported only at the login. It is not refused.
#[test]
fn a_token_that_an_api_server_may_reject_is_reported_once() {
    let (initial_id_token, replaced) = (InitialIdToken::default(), Secret::new(""));
    let demands = SignInDemands::default();
    let remarks = |token: &str, context| {
        let expected = TokenExpectation {
            issuer: "https://i",
            client_id: "c",
            algorithms: &[],
            context,
            now: at(1000),
            provider_now: None,
        };
        let parsed = ParsedToken::parse(token, expected.algorithms).expect("a token");
        let claims = Claims::parse(parsed.payload.clone()).expect("its claims");
        parsed.verified(claims, &expected).remarks
    };
    let (eddsa, long) = (unsigned("EdDSA", 0), unsigned("RS256", 20_000));
    for (token, expected_remarks) in [
        (&unsigned("RS256", 0), vec![]),
        (&unsigned("ES512", 0), vec![]),
        (&eddsa, vec![Remark::Algorithm("EdDSA")]),
        (&long, vec![Remark::Long(long.len())]),
    ] {
        let direct = VerificationContext::Direct { demands: &demands };
        assert_eq!(remarks(token, direct), expected_remarks);
        let refresh = VerificationContext::Refresh {
            initial_id_token: &initial_id_token,
            replaced: &replaced,
        };
        assert_eq!(remarks(token, refresh), []);
    }
}

#[test]
fn a_token_may_have_a_mebibyte() {
    let expected = TokenExpectation {
        issuer: "https://i",
        client_id: "c",
        algorithms: &[],
        context: VerificationContext::Direct {
            demands: &SignInDemands::default(),
        },
        now: at(1000),
        provider_now: None,
    };
    let mut token = unsigned("RS256", 780_000);
    assert!((1_030_000..1_048_576).contains(&token.len()), "{}", token.len());
    while token.len() < 1_048_576 {
        token.push('A');
    }
    let refused = |token: &str| ParsedToken::parse(token, expected.algorithms).err();
    assert!(!matches!(refused(&token), Some(Error::TooLong(_))));
    token.push('A');
    assert!(matches!(refused(&token), Some(Error::TooLong(1_048_577))));
}

#[test]
fn only_the_types_of_other_tokens_are_refused() {
    let check = |typ: Value| check_type(&Map::from_iter([("typ".to_owned(), typ)])).is_ok();
    for typ in ["JWT", "jwt", "application/jwt", "id_token+jwt", "ID", ""] {
        assert!(check(typ.into()), "{typ}");
    }
    assert!(check(Value::Null) && check(5.into()));
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "dpop+jwt", "logout+jwt"] {
        assert!(!check(typ.into()), "{typ}");
    }
}

/// The example of OpenID Connect Core A.3.
#[test]
fn the_hash_of_the_access_token_is_checked_if_both_are_present() {
    let token = Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    let check = |hash: Value, token: Option<&Secret>, algorithm: &str| {
        let all = serde_json::json!({
            "iss": "https://i", "sub": "s", "aud": "c", "exp": 20, "iat": 10, "at_hash": hash,
        });
        let claims = Claims::parse(all.as_object().unwrap().clone()).unwrap();
        check_access_token(&claims, token, Algorithm::allowed(algorithm, &[]).unwrap())
    };
    let right = "77QmUPtjPfzWtF2AnpK9RQ";
    for (hash, token, algorithm) in [
        (right.into(), Some(&token), "RS256"),
        (format!("{right}==").into(), Some(&token), "ES256"),
        (Value::Null, Some(&token), "RS256"),
        (5.into(), Some(&token), "RS256"),
        ("of another".into(), None, "RS256"),
    ] {
        assert!(check(hash, token, algorithm).is_ok(), "{algorithm}");
    }
    let other = Secret::new("another access token");
    for (hash, token, algorithm) in [
        (right, &other, "RS256"),
        (right, &token, "RS384"),
        (&right[..21], &token, "RS256"),
        ("77QmUPtjPfzWtF2AnpK9RWpXrWlrecdbLUyJDIb7S6Q", &token, "RS256"),
    ] {
        let result = check(hash.into(), Some(token), algorithm);
        assert!(
            matches!(result, Err(Error::AccessTokenHash)),
            "{hash} {algorithm}"
        );
    }
}
