//! Each defect of an ID token, met at a login: refused with its reason, and nothing is stored.

use std::fs;

use crate::support::Sandbox;
use okta::{Defect, Endpoint, Fault, FaultKind};

/// Signs in at a provider whose ID tokens have the defect.
fn refused(defect: Defect, words: &str) {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_defect = defect);
    let outcome = sandbox.get_token().run();
    outcome.fails(1, &[words]);
    assert_eq!(sandbox.cache_files(".session.json").len(), 0, "{defect:?}");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1, "{defect:?}");
}

fn all_refused(cases: &[(Defect, &str)]) {
    for (defect, words) in cases {
        refused(*defect, words);
    }
}

#[test]
fn claims_of_others_are_refused() {
    all_refused(&[
        (Defect::WrongIssuer, "its issuer is"),
        (Defect::DuplicateIss, "its member `iss` occurs twice"),
        (Defect::WrongAudience, "its audience is"),
        (Defect::AudEmptyArray, "its audience is"),
        (Defect::WrongAzp, "claim `azp`"),
        (Defect::WrongNonce, "its nonce is not the one"),
        (Defect::MissingNonce, "its nonce is not the one"),
        (Defect::DuplicateSub, "its member `sub` occurs twice"),
    ]);
}

/// The hash ties the access token to the ID token, so it counts where the access token is returned.
#[test]
fn a_hash_of_another_access_token_is_refused_where_that_token_is_used() {
    for defect in [Defect::WrongAtHash, Defect::LongAtHash] {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.id_token_defect = defect);
        let outcome = sandbox.get_token().arg("--oidc-use-access-token").run();
        outcome.fails(1, &["claim `at_hash`"]);
    }
}

#[test]
fn missing_claims_are_named() {
    all_refused(&[
        (Defect::MissingIss, "no `iss` claim"),
        (Defect::MissingSub, "no `sub` claim"),
        (Defect::MissingAud, "no `aud` claim"),
        (Defect::MissingIat, "no `iat` claim"),
        (Defect::MissingExp, "no `exp` claim"),
    ]);
}

#[test]
fn claims_of_a_wrong_type_are_named() {
    all_refused(&[
        (Defect::ExpZero, "`exp` claim is not a time"),
        (Defect::ExpNegative, "`exp` claim is not a time"),
        (Defect::ExpHuge, "`exp` claim is not a time"),
        (Defect::AudNumber, "`aud` claim is not a string"),
        (Defect::AudObject, "`aud` claim is not a string"),
        (Defect::NumberSub, "`sub` claim is not a string"),
        (Defect::EmptySub, "`sub` claim is not a text that is not empty"),
    ]);
}

#[test]
fn tokens_of_other_times_are_refused() {
    all_refused(&[
        (Defect::ExpPast, "it expired 6"),
        (Defect::IatFuture, "it is valid only in"),
        (Defect::NbfFuture, "it is valid only in"),
    ]);
}

#[test]
fn weak_foreign_or_missing_signatures_are_refused() {
    all_refused(&[
        (Defect::AlgNone, "its algorithm is `none`"),
        (Defect::AlgNoneUpperCase, "its algorithm is `NONE`"),
        (Defect::AlgLowerCase, "its algorithm is `rs256`"),
        (Defect::Hs256WithPublicKey, "its algorithm is `HS256`"),
        (Defect::Hs256WithPublicDer, "its algorithm is `HS256`"),
        (Defect::Hs256WithPublicJwk, "its algorithm is `HS256`"),
        (Defect::DuplicateAlg, "its member `alg` occurs twice"),
        (Defect::BadSignature, "its signature is wrong"),
        (Defect::EmptySignature, "its signature is wrong"),
        (Defect::SignedByOtherKey, "its signature is wrong"),
        (Defect::UnknownKid, "no key for it"),
        (Defect::KidPath, "no key for it"),
        (Defect::KidSql, "no key for it"),
    ]);
}

#[test]
fn headers_that_point_elsewhere_gain_nothing() {
    all_refused(&[
        (Defect::EmbeddedJwk, "its signature is wrong"),
        (Defect::Jku, "its signature is wrong"),
        (Defect::X5u, "its signature is wrong"),
        (Defect::X5c, "its signature is wrong"),
        (Defect::Crit, "critical header"),
        (Defect::B64False, "it is not a signed token"),
        (Defect::TypAtJwt, "its type is `at+jwt`"),
        (Defect::TypDpopJwt, "its type is `dpop+jwt`"),
        (Defect::TypLogoutJwt, "its type is `logout+jwt`"),
    ]);
}

#[test]
fn what_is_no_signed_token_is_refused() {
    all_refused(&[
        (Defect::Encrypted, "it is encrypted (five parts)"),
        (Defect::TwoParts, "it has not three parts"),
        (Defect::FourParts, "it has not three parts"),
        (Defect::JsonSerialisation, "it is not a signed token"),
        (Defect::Padding, "it is not a signed token"),
        (Defect::Whitespace, "it is not a signed token"),
        (Defect::NotJson, "its payload is no JSON object"),
        (Defect::DeepJson, "its payload is no JSON object"),
        (Defect::Oversized, "bytes"),
    ]);
}

#[test]
fn keys_that_may_not_sign_are_not_used() {
    all_refused(&[
        (Defect::WeakRsaKey, "no key"),
        (Defect::EncUseKey, "no key"),
        (Defect::KidOnOtherKeyType, "no key"),
    ]);
}

#[test]
fn what_is_unusual_and_allowed_is_accepted() {
    let accepted = [
        Defect::AudArrayOne,
        Defect::AudArrayWithNumber,
        Defect::SecondAudience,
        Defect::Azp,
        Defect::LongSub,
        Defect::IatOld,
        Defect::NoKidManyKeys,
        Defect::DuplicateKid,
        Defect::ConstantKid,
        Defect::ExpFloat,
        Defect::KeyOtherAlg,
        Defect::MissingAtHash,
        Defect::WrongAtHash,
        Defect::LongAtHash,
        Defect::ExpString,
        Defect::IatString,
        Defect::MissingAuthTime,
        Defect::NoKidOneKey,
        Defect::TypJwt,
        Defect::PrivateMembers,
        Defect::EmailVerifiedString,
    ];
    for defect in accepted {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.id_token_defect = defect);
        let outcome = sandbox.get_token().arg("--oidc-extra-scope=email").run();
        assert_eq!(outcome.code, Some(0), "{defect:?}: {outcome}");
    }
}

#[test]
fn an_unknown_key_is_looked_for_exactly_once_more() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox
        .okta
        .behave(|behaviour| behaviour.refresh_defect = Defect::UnknownKid);
    sandbox.expire();
    let outcome = sandbox.get_token().run();
    outcome.fails(
        1,
        &["no key for it", "try again in a minute", "the session is kept"],
    );
    assert_eq!((sandbox.okta.count(Endpoint::Keys), sandbox.tabs()), (1, 1));
    // The refresh token that came with it is kept, and refreshes once the key set has the key.
    sandbox
        .okta
        .behave(|behaviour| behaviour.refresh_defect = Defect::None);
    sandbox.get_token().in_new_command().run().token();
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

#[test]
fn keys_that_change_right_before_signing_are_found() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox
        .okta
        .behave(|behaviour| behaviour.rotate_before_signing = true);
    sandbox.get_token().arg("--oidc-extra-scope=email").run().token();
}

#[test]
fn token_answers_that_lack_something_are_named() {
    let cases = [
        (
            FaultKind::Missing("id_token".to_owned()),
            "the provider sent no ID token",
        ),
        (
            FaultKind::Replace {
                field: "id_token".to_owned(),
                value: serde_json::json!({"a": 1}),
            },
            "/token cannot be used: `id_token` is no text",
        ),
        (
            FaultKind::Raw("{}".to_owned()),
            "/token cannot be used: it has neither tokens nor an error",
        ),
        (
            FaultKind::Raw(r#"{"error":{"code":"invalid_grant","message":"in an object"}}"#.to_owned()),
            "invalid_grant: in an object",
        ),
        (
            FaultKind::Raw(r#"{"error":"invalid_grant","error_description":"in a 200"}"#.to_owned()),
            "in a 200",
        ),
        (
            FaultKind::Raw("[]".to_owned()),
            "/token cannot be used: it is no JSON object",
        ),
    ];
    for (fault, words) in cases {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, fault)]);
        sandbox.get_token().run().fails(1, &[words]);
        assert_eq!(sandbox.cache_files(".session.json").len(), 0);
    }
}

/// What a call does not use cannot fail it.
#[test]
fn an_answer_with_an_id_token_is_enough_whatever_stands_beside_it() {
    let replaced = |field: &str, value: serde_json::Value| FaultKind::Replace {
        field: field.to_owned(),
        value,
    };
    let mut faults: Vec<FaultKind> = [
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "refresh_token",
    ]
    .iter()
    .map(|field| FaultKind::Missing((*field).to_owned()))
    .collect();
    faults.extend([
        replaced("token_type", "DPoP".into()),
        replaced("token_type", serde_json::Value::Null),
        replaced("expires_in", "3599".into()),
        replaced("expires_in", 3599.5.into()),
        replaced("expires_in", "soon".into()),
        replaced("scope", serde_json::json!(["openid"])),
        replaced("refresh_token", serde_json::Value::Null),
        replaced("access_token", serde_json::json!([])),
        FaultKind::WrongContentType,
    ]);
    for fault in faults {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.faults = vec![Fault::once(Endpoint::Token, fault.clone())];
        });
        let outcome = sandbox.get_token().run();
        assert_eq!(outcome.code, Some(0), "{fault:?}: {outcome}");
    }
}

#[test]
fn documents_are_known_by_their_content_and_read_member_by_member() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        for (name, value) in [
            ("token_endpoint_auth_methods_supported", serde_json::json!("none")),
            ("scopes_supported", serde_json::json!("openid email")),
            ("device_authorization_endpoint", "".into()),
            ("authorization_response_iss_parameter_supported", "false".into()),
            ("userinfo_endpoint", "/relative".into()),
        ] {
            behaviour.discovery.insert(name.to_owned(), value);
        }
        behaviour.extra_keys = vec![
            serde_json::json!({"kty": "unheard-of", "use": 5}),
            serde_json::json!("no key"),
            serde_json::Value::Null,
        ];
        behaviour.faults = vec![
            Fault::once(Endpoint::Discovery, FaultKind::WrongContentType),
            Fault::once(Endpoint::Keys, FaultKind::WrongContentType),
        ];
    });
    sandbox.get_token().run().token();
}

#[test]
fn a_key_set_that_is_none_is_named() {
    let sandbox = Sandbox::new();
    let fault = Fault::once(Endpoint::Keys, FaultKind::Raw(r#"{"jwks":[]}"#.to_owned()));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let named = format!("the key set at {}/v1/keys cannot be used", sandbox.okta.issuer());
    sandbox
        .get_token()
        .run()
        .fails(1, &[&named, "it has no list `keys`"]);
}

#[test]
fn a_bare_list_of_keys_is_read_in_place_of_a_key_set() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let cached = sandbox.cache_file(".provider.json");
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let documents = json(&fs::read_to_string(&cached).unwrap());
    let set = json(documents["keys"]["body"].as_str().unwrap());
    fs::remove_file(cached).unwrap();
    let fault = Fault::once(Endpoint::Keys, FaultKind::Raw(set["keys"].to_string()));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    // The second time the list is read from disk.
    for _ in 0..2 {
        sandbox.expire();
        sandbox.get_token().run().token();
    }
    assert_eq!((sandbox.okta.count(Endpoint::Keys), sandbox.tabs()), (1, 1));
}

#[test]
fn a_token_signed_with_es512_is_verified() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.id_token_defect = Defect::Es512;
        let name = "id_token_signing_alg_values_supported".to_owned();
        behaviour.discovery.insert(name, serde_json::json!(["ES512"]));
    });
    sandbox.get_token().run().token();
}

#[test]
fn the_token_type_is_compared_without_case_and_expires_in_may_be_missing() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.token_type = "bEaReR".to_owned();
        behaviour.expires_in_absent = true;
    });
    sandbox.get_token().run().token();
}
