//! Of the sessions of `kubectl oidc-login`, which one comes along to whom: never that of another account, nor a token of another kind.

use std::fs;

use serde_json::json;

use crate::support::{Call, Kubelogin, OTHER_RECORD, RECORD, Sandbox, with_claims};
use okta::AccessTokenForm;

#[test]
fn another_session_of_the_same_person_takes_the_next_record() {
    let kubelogin = Kubelogin::new().live();
    kubelogin.write(OTHER_RECORD, &json!({ "id_token": kubelogin.token }));
    kubelogin.call().run().token();
    kubelogin.call().arg("--oidc-extra-scope=email").run().token();
    assert!(!kubelogin.has(RECORD) && !kubelogin.has(OTHER_RECORD));
    assert_eq!(kubelogin.tabs(), 0);
}

/// Records of two people; the refresh token tells which one came along, since neither token has a signature that fits.
fn of_bob_and_alice() -> Kubelogin {
    let kubelogin = Kubelogin::new();
    let named = |name: &str| with_claims(&kubelogin.token, |claims| claims["email"] = name.into());
    kubelogin.write(
        RECORD,
        &json!({ "id_token": named("bob@example.com"), "refresh_token": "bobs" }),
    );
    kubelogin.write(
        OTHER_RECORD,
        &json!({ "id_token": named("alice@example.com"), "refresh_token": kubelogin.refresh_token }),
    );
    kubelogin
}

#[test]
fn an_account_takes_its_own_session_only() {
    let kubelogin = of_bob_and_alice();
    kubelogin.call().arg("--account=alice").run().token();
    assert!(kubelogin.has(RECORD) && !kubelogin.has(OTHER_RECORD));
    assert_eq!(kubelogin.tabs(), 0);
}

/// kubelogin's own way to two accounts at one provider.
#[test]
fn a_login_hint_takes_its_own_session_only() {
    let hint = |name: &str| format!("--oidc-auth-request-extra-params=login_hint={name}@example.com");
    let kubelogin = of_bob_and_alice();
    kubelogin.call().arg(&hint("alice")).run().token();
    assert!(kubelogin.has(RECORD) && !kubelogin.has(OTHER_RECORD));
    assert_eq!(kubelogin.tabs(), 0);
    kubelogin.call().arg(&hint("carol")).run().token();
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
}

#[test]
fn a_user_name_takes_its_own_session_only() {
    let kubelogin = of_bob_and_alice();
    let password = format!("--password={}", kubelogin.sandbox.okta.behaviour().user.password);
    let call = |name: &str| kubelogin.call().arg(&format!("--username={name}")).arg(&password);
    call("alice@example.com").run().token();
    assert!(kubelogin.has(RECORD) && !kubelogin.has(OTHER_RECORD));
    assert_eq!(kubelogin.sandbox.grants("password"), 0);
    call("carol@example.com").run().fails(1, &["invalid_grant"]);
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.sandbox.grants("password"), 1);
}

#[test]
fn a_token_that_tells_no_name_is_nobodys_who_was_named() {
    let kubelogin = Kubelogin::new().live();
    kubelogin.call().arg("--account=alice").run().token();
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
}

/// The workaround for two accounts before there was a better one.
#[test]
fn a_directory_of_ones_own_takes_no_session_of_the_usual_one() {
    let kubelogin = Kubelogin::new().live();
    kubelogin.call().arg("--token-cache-dir=~/second").run().token();
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
    assert_eq!(kubelogin.call().run().token(), kubelogin.token);
}

/// A session of kubelogin that hands out access tokens.
fn with_access_token() -> Kubelogin {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.access_token_form = AccessTokenForm::Jwt);
    Kubelogin::signed_in(sandbox, &["--oidc-use-access-token"])
}

#[test]
fn an_access_token_comes_along_where_one_is_wanted() {
    let kubelogin = with_access_token().live();
    // It is none for who wants an ID token.
    kubelogin.call().run().token();
    assert!(kubelogin.has(RECORD));
    let access = kubelogin.call().arg("--oidc-use-access-token");
    assert_eq!(access.run().token(), kubelogin.token);
    assert!(kubelogin.moved());
}

/// Its `sub` is a login name, and that of the ID token which comes beside a refreshed one is not.
#[test]
fn a_session_of_an_access_token_is_tied_to_a_person_from_its_first_refresh_on() {
    for expired in [false, true] {
        let kubelogin = with_access_token();
        let kubelogin = if expired {
            kubelogin.expired()
        } else {
            kubelogin.live()
        };
        let access = kubelogin.call().arg("--oidc-use-access-token");
        access.run().token();
        if !expired {
            kubelogin.sandbox.expire();
            assert_ne!(access.run().token(), kubelogin.token);
        }
        assert_eq!(
            (kubelogin.tabs(), kubelogin.sandbox.grants("refresh_token")),
            (0, 1)
        );
        kubelogin
            .sandbox
            .okta
            .behave(|behaviour| behaviour.user.sub = "00umallory".to_owned());
        kubelogin.sandbox.expire();
        // The session is over, and so it is Mallory who signs in.
        let outcome = access.arg("-v1").run();
        outcome.token();
        assert!(outcome.stderr.contains("another person"), "{outcome}");
        assert_eq!(kubelogin.tabs(), 1);
    }
}

#[test]
fn a_program_is_nobody_and_nobody_is_a_program() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.access_token_form = AccessTokenForm::Jwt;
        behaviour.custom_scopes.push("k8s".to_owned());
    });
    let as_program = |call: Call| {
        let call = call
            .arg("--grant-type=client-credentials")
            .arg("--oidc-extra-scope=k8s")
            .arg("--oidc-use-access-token");
        call.without("--oidc-extra-scope=offline_access")
    };
    let client = [sandbox.okta.web_client_id(), sandbox.okta.web_client_secret()];
    let with_client = |call: Call| {
        call.with("--oidc-client-id", &client[0])
            .arg(&format!("--oidc-client-secret={}", client[1]))
    };
    // A person's session of that app, and then a program that asks for itself.
    let person = with_client(sandbox.get_token().arg("--oidc-use-access-token"));
    let token = person.run().token();
    fs::remove_dir_all(sandbox.cache_dir()).unwrap();
    let kubelogin = Kubelogin {
        token,
        refresh_token: "x".to_owned(),
        sandbox,
    }
    .live();
    let program = as_program(with_client(kubelogin.call())).run();
    assert_ne!(program.token(), kubelogin.token);
    assert!(kubelogin.has(RECORD), "{program}");
    // The other way round.
    kubelogin.write(RECORD, &json!({ "id_token": program.token() }));
    person.run().token();
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
}
