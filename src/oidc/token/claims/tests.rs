use super::*;
use crate::clock::at;

fn parse(change: impl FnOnce(&mut Map<String, Value>)) -> Result<Claims, Error> {
    let claims = serde_json::json!({"iss": "https://i", "sub": "s", "aud": "c", "exp": 20, "iat": 10});
    let mut claims = claims.as_object().unwrap().clone();
    change(&mut claims);
    Claims::parse(claims)
}

fn with(name: &str, value: Value) -> Result<Claims, Error> {
    parse(|claims| drop(claims.insert(name.to_owned(), value)))
}

#[test]
fn a_missing_required_claim_is_named() {
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        let result = parse(|claims| drop(claims.remove(name)));
        assert!(
            matches!(result, Err(Error::Missing(missing)) if missing == name),
            "{name}"
        );
    }
}

#[test]
fn a_claim_of_a_wrong_type_does_not_count_as_absent() {
    let wrong: &[(&str, Value)] = &[
        ("exp", "soon".into()),
        ("exp", " 20".into()),
        ("exp", "".into()),
        ("exp", "2000000000000".into()),
        ("exp", 2_000_000_000_000_i64.into()),
        ("exp", "0".into()),
        ("iat", (-1).into()),
        ("iat", "NaN".into()),
        ("exp", 1e30.into()),
        ("exp", (-5).into()),
        ("exp", 0.into()),
        ("exp", Value::Null),
        ("iat", true.into()),
        ("aud", 5.into()),
        ("aud", serde_json::json!([5, null])),
        ("aud", Value::Null),
        ("iat", Value::Null),
        ("iat", "".into()),
        ("iat", serde_json::json!([10])),
        ("aud", serde_json::json!({"c": 1})),
        ("sub", 5.into()),
        ("sub", "".into()),
        ("sub", Value::Null),
        ("azp", 5.into()),
        ("iss", Value::Null),
    ];
    for (name, value) in wrong {
        let result = with(name, value.clone());
        assert!(
            matches!(&result, Err(Error::WrongType(wrong, _)) if wrong == name),
            "{name} {value}"
        );
    }
}

#[test]
fn a_subject_may_be_any_text() {
    for subject in ["x".repeat(4000), "zoë|1".to_owned(), " ".to_owned()] {
        assert_eq!(with("sub", subject.clone().into()).unwrap().subject, subject);
    }
}

#[test]
fn a_claim_that_is_not_checked_may_have_any_value() {
    let odd = [
        Value::Null,
        5.into(),
        "soon".into(),
        serde_json::json!(["a"]),
        serde_json::json!({}),
    ];
    let names = [
        "nbf",
        "auth_time",
        "nonce",
        "at_hash",
        "email",
        "email_verified",
        "groups",
        "name",
        "amr",
        "updated_at",
    ];
    for name in names {
        for value in &odd {
            assert!(with(name, value.clone()).is_ok(), "{name} {value}");
        }
    }
    assert!(with("azp", Value::Null).unwrap().authorized_party.is_none());
    assert!(with("email", 5.into()).unwrap().is_account("sam").is_none());
}

#[test]
fn an_access_token_needs_only_an_issuer_and_an_expiry() {
    let read = |value: Value| Claims::parse_access(value.as_object().unwrap().clone(), at(15));
    let claims = read(serde_json::json!({"iss": "https://i", "exp": 20})).unwrap();
    assert_eq!((claims.issued_at, claims.subject.as_str()), (at(15), ""));
    for wrong in [
        serde_json::json!({"exp": 20}),
        serde_json::json!({"iss": "https://i"}),
        serde_json::json!({"iss": "https://i", "exp": 20, "iat": "soon"}),
        serde_json::json!({"iss": "https://i", "exp": 20, "aud": 5}),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_time_may_be_a_string_and_a_token_may_be_issued_at_zero() {
    assert_eq!(with("exp", "20".into()).unwrap().expires_at, at(20));
    assert_eq!(with("exp", "20.9".into()).unwrap().expires_at, at(20));
    assert_eq!(with("nbf", "15".into()).unwrap().not_before, Some(at(15)));
    assert_eq!(with("iat", "11".into()).unwrap().issued_at, at(11));
    assert_eq!(with("iat", 0.into()).unwrap().issued_at, at(0));
    for ten in [
        serde_json::json!(10.5),
        "1e1".into(),
        "10.9".into(),
        serde_json::json!(1.0e1),
    ] {
        assert_eq!(with("iat", ten.clone()).unwrap().issued_at, at(10), "{ten}");
        assert_eq!(with("exp", ten).unwrap().expires_at, at(10));
    }
}

/// Such an entry names no client, so it neither accepts nor rejects a token.
#[test]
fn entries_of_the_audience_that_are_no_strings_are_ignored() {
    for (audience, read) in [
        (serde_json::json!(["c", 5, null, ["d"], {"e": 1}]), vec!["c"]),
        (serde_json::json!([["c"], "d"]), vec!["d"]),
        (serde_json::json!([]), vec![]),
    ] {
        assert_eq!(
            with("aud", audience.clone()).unwrap().audience,
            read,
            "{audience}"
        );
    }
}

#[test]
fn an_unreadable_claim_is_an_error_only_if_it_is_needed() {
    let head = br#"{"iss":"https://i","sub":"s","aud":"c","exp":20,"iat":10,"#;
    let read = |rest: &[u8]| parse_payload(&[&head[..], rest, b"}"].concat());
    let deep = format!(r#""d":{}{}"#, "[".repeat(150), "]".repeat(150));
    for rest in [
        &b"\"n\":1e999"[..],
        b"\"n\":\"\xe9\"",
        b"\"n\":\"\\ud83d\"",
        deep.as_bytes(),
    ] {
        let claims = Claims::parse(read(rest).unwrap()).unwrap();
        assert_eq!(claims.expires_at, at(20));
    }
    // An unreadable claim does not count as absent, and it does not hide a repeated claim.
    for rest in [&b"\"azp\":1e999"[..], b"\"azp\":\"\\ud83d\""] {
        let result = Claims::parse(read(rest).unwrap());
        assert!(matches!(result, Err(Error::WrongType("azp", _))), "{result:?}");
    }
    assert_eq!(
        read(b"\"n\":1e999,\"exp\":30"),
        Err(MembersError::Repeated("exp"))
    );
    assert_eq!(read(b"\"n\":"), Err(MembersError::NotAnObject));
}

#[test]
fn a_fraction_of_a_second_is_cut_off() {
    assert_eq!(with("exp", 20.9.into()).unwrap().expires_at, at(20));
}

#[test]
fn a_repeated_claim_is_refused_if_it_is_checked() {
    for name in UNIQUE_CLAIMS {
        let text = format!(r#"{{"{name}":1,"b":2,"{name}":3}}"#);
        assert_eq!(parse_payload(text.as_bytes()), Err(MembersError::Repeated(name)));
    }
    assert_eq!(
        parse_header(br#"{"alg":1,"alg":2}"#),
        Err(MembersError::Repeated("alg"))
    );
    let last = parse_payload(br#"{"groups":1,"groups":2}"#).unwrap();
    assert_eq!(last["groups"], 2);
    assert_eq!(parse_payload(br#"{"a":1} x"#), Err(MembersError::NotAnObject));
    assert_eq!(parse_payload(b"[]"), Err(MembersError::NotAnObject));
    assert_eq!(parse_payload(br#"{"a":{"b":1}}"#).unwrap().len(), 1);
}
