//! Each defect of an ID token, met at a login: refused with its reason, and nothing is stored.

use std::fs;

use crate::support::Sandbox;
use okta::{Defect, Endpoint, Fault, FaultKind};

const NOT_THREE_PARTS: &str = "it is not a signed token: it has not three parts";
const NO_OBJECT: &str = "it is not a signed token: its payload is no JSON object in base64url";
const NO_KEY: &str = "the provider's key set has no key for it";

/// Signs in at a provider whose ID tokens have the defect: that is told as this cause, and nothing more is told. A cause that ends in `…` is
/// the beginning of one.
fn refused(defect: Defect, cause: &str) {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_defect = defect);
    let outcome = sandbox.get_token().run();
    outcome.fails(1, &["error: the ID token cannot be trusted\n"]);
    let [_, _, told, _] = outcome.stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("{defect:?}: {outcome}")
    };
    let cause = format!("caused by: {cause}").replace("[ISSUER]", &sandbox.okta.issuer());
    match cause.strip_suffix('…') {
        Some(start) => assert!(told.starts_with(start), "{defect:?}: {outcome}"),
        None => assert_eq!(told, cause, "{defect:?}"),
    }
    assert_eq!(sandbox.cache_files(".session.json").len(), 0, "{defect:?}");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 1, "{defect:?}");
}

fn all_refused(cases: &[(Defect, &str)]) {
    for (defect, cause) in cases {
        refused(*defect, cause);
    }
}

#[test]
fn claims_of_others_are_refused() {
    all_refused(&[
        (
            Defect::WrongIssuer,
            "its issuer is `https://evil.example/oauth2/default`, not `[ISSUER]`",
        ),
        (Defect::DuplicateIss, "its member `iss` occurs twice"),
        (
            Defect::WrongAudience,
            "its audience is `0oasomeoneelse`, not the client `0oakubesesamemock`",
        ),
        (
            Defect::AudEmptyArray,
            "its audience is empty, not the client `0oakubesesamemock`",
        ),
        (
            Defect::WrongAzp,
            "it was issued to `0oasomeoneelse` (claim `azp`), not to this client",
        ),
        (Defect::WrongNonce, "its nonce is not the one of this sign-in"),
        (Defect::MissingNonce, "its nonce is not the one of this sign-in"),
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
        (Defect::MissingIss, "it has no `iss` claim"),
        (Defect::MissingSub, "it has no `sub` claim"),
        (Defect::MissingAud, "it has no `aud` claim"),
        (Defect::MissingIat, "it has no `iat` claim"),
        (Defect::MissingExp, "it has no `exp` claim"),
    ]);
}

#[test]
fn claims_of_a_wrong_type_are_named() {
    all_refused(&[
        (Defect::ExpZero, "its `exp` claim is not a time in seconds"),
        (Defect::ExpNegative, "its `exp` claim is not a time in seconds"),
        (Defect::ExpHuge, "its `exp` claim is not a time in seconds"),
        (
            Defect::AudNumber,
            "its `aud` claim is not a string or a list of strings",
        ),
        (
            Defect::AudObject,
            "its `aud` claim is not a string or a list of strings",
        ),
        (Defect::NumberSub, "its `sub` claim is not a string"),
        (
            Defect::EmptySub,
            "its `sub` claim is not a text of at least one character",
        ),
    ]);
}

#[test]
fn tokens_of_other_times_are_refused() {
    all_refused(&[
        (Defect::ExpPast, "it expired 6…"),
        (Defect::IatFuture, "it is valid only in …"),
        (Defect::NbfFuture, "it is valid only in …"),
    ]);
}

#[test]
fn weak_foreign_or_missing_signatures_are_refused() {
    all_refused(&[
        (
            Defect::AlgNone,
            "its algorithm is `none`, which the provider does not announce…",
        ),
        (
            Defect::AlgNoneUpperCase,
            "its algorithm is `NONE`, which the provider does not announce…",
        ),
        (
            Defect::AlgLowerCase,
            "its algorithm is `rs256`, which the provider does not announce…",
        ),
        (
            Defect::Hs256WithPublicKey,
            "its algorithm is `HS256`, which the provider does not announce…",
        ),
        (
            Defect::Hs256WithPublicDer,
            "its algorithm is `HS256`, which the provider does not announce…",
        ),
        (
            Defect::Hs256WithPublicJwk,
            "its algorithm is `HS256`, which the provider does not announce…",
        ),
        (Defect::DuplicateAlg, "its member `alg` occurs twice"),
        (Defect::BadSignature, "its signature is wrong"),
        (Defect::EmptySignature, "its signature is wrong"),
        (Defect::SignedByOtherKey, "its signature is wrong"),
        (Defect::UnknownKid, NO_KEY),
        (Defect::KidPath, NO_KEY),
        (Defect::KidSql, NO_KEY),
    ]);
}

#[test]
fn headers_that_point_elsewhere_gain_nothing() {
    all_refused(&[
        (Defect::EmbeddedJwk, "its signature is wrong"),
        (Defect::Jku, "its signature is wrong"),
        (Defect::X5u, "its signature is wrong"),
        (Defect::X5c, "its signature is wrong"),
        (
            Defect::Crit,
            "it has critical header fields, which nobody here understands",
        ),
        (Defect::B64False, NOT_THREE_PARTS),
        (Defect::TypAtJwt, "its type is `at+jwt`, so it is no ID token"),
        (Defect::TypDpopJwt, "its type is `dpop+jwt`, so it is no ID token"),
        (
            Defect::TypLogoutJwt,
            "its type is `logout+jwt`, so it is no ID token",
        ),
    ]);
}

#[test]
fn what_is_no_signed_token_is_refused() {
    all_refused(&[
        (Defect::Encrypted, "it is encrypted (five parts)"),
        (Defect::TwoParts, NOT_THREE_PARTS),
        (Defect::FourParts, NOT_THREE_PARTS),
        (Defect::JsonSerialisation, NOT_THREE_PARTS),
        (Defect::Padding, "it is not a signed token: …"),
        (Defect::Whitespace, "it is not a signed token: …"),
        (Defect::NotJson, NO_OBJECT),
        (Defect::DeepJson, NO_OBJECT),
        (Defect::Oversized, "it has 1399…"),
    ]);
}

#[test]
fn keys_that_may_not_sign_are_not_used() {
    all_refused(&[
        (Defect::WeakRsaKey, NO_KEY),
        (Defect::EncUseKey, NO_KEY),
        (Defect::KidOnOtherKeyType, NO_KEY),
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
