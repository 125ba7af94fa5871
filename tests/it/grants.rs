//! The other ways to a token: a password, the credentials of a program; and access tokens.

use crate::support::{Call, Sandbox, claims_of, with_claims};
use okta::{AccessTokenForm, Behaviour, Defect, Endpoint, Fault, FaultKind};

#[test]
fn a_password_signs_in_without_a_browser() {
    let sandbox = Sandbox::unattended();
    let user = sandbox.okta.behaviour().user;
    let call = sandbox.get_token().arg(&format!("--username={}", user.login));
    let right = call.arg(&format!("--password={}", user.password));
    let token = right.run().token();
    assert_eq!((sandbox.tabs(), right.run().token()), (0, token));
    sandbox.expire();
    right.run().token();
    assert_eq!(
        (sandbox.grants("password"), sandbox.grants("refresh_token")),
        (1, 1)
    );
}

#[test]
fn a_wrong_password_is_tried_once_without_a_terminal() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .arg("--grant-type=password")
        .arg("--username=alice@example.com");
    // Another session, since this one's failure is about to be remembered.
    let other = call.clone().arg("--oidc-extra-scope=email");
    call.arg("--password=wrong").run().fails(1, &["invalid_grant"]);
    assert_eq!(sandbox.grants("password"), 1);
    other
        .run()
        .fails(3, &["asks for a password, and nobody can be asked here"]);
    other
        .without("--username")
        .run()
        .fails(3, &["asks for a user name"]);
}

/// A confidential app that may ask for the scope `k8s`.
fn program(change: impl FnOnce(&mut Behaviour)) -> (Sandbox, Call) {
    let sandbox = Sandbox::unattended();
    sandbox.okta.behave(|behaviour| {
        behaviour.custom_scopes.push("k8s".to_owned());
        change(behaviour);
    });
    let call = sandbox
        .get_token()
        .without("--oidc-extra-scope")
        .without("--browser-command")
        .by_web_app(&sandbox.okta)
        .arg("--grant-type=client-credentials")
        .arg("--oidc-extra-scope=k8s")
        .arg("--oidc-auth-request-extra-params=audience=kubernetes");
    (sandbox, call)
}

/// kubelogin asks for `openid`, and some providers need it; Okta refuses it for a program, which is remembered.
#[test]
fn a_program_asks_for_openid_and_once_more_without_where_that_is_refused() {
    let (sandbox, call) = program(|_| ());
    let call = call.arg("--oidc-use-access-token");
    let outcome = call.run();
    let token = outcome.token();
    assert_eq!(outcome.stderr, "");
    let sent = |name: &str| -> Vec<String> {
        let requests = sandbox.okta.requests();
        let token_requests = requests
            .iter()
            .filter(|request| request.endpoint == Endpoint::Token);
        let forms = token_requests.flat_map(|request| &request.form);
        let values = forms.filter(|(known, _)| known == name);
        values.map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(sent("scope"), ["openid k8s", "k8s"]);
    assert_eq!(sent("audience"), ["kubernetes", "kubernetes"]);
    assert_eq!(call.run().token(), token);
    sandbox.expire();
    assert_ne!(call.run().token(), token);
    assert_eq!(sent("scope"), ["openid k8s", "k8s", "k8s"]);
}

#[test]
fn a_program_gets_an_id_token_where_the_provider_has_one_for_it() {
    let (sandbox, call) = program(|behaviour| behaviour.client_credentials_id_token = true);
    call.run().token();
    assert_eq!(sandbox.grants("client_credentials"), 1);
}

#[test]
fn a_program_can_name_its_scopes_as_a_parameter() {
    let (sandbox, call) = program(|_| ());
    let call = call
        .without("--oidc-extra-scope")
        .arg("--oidc-auth-request-extra-params=scope=k8s")
        .arg("--oidc-use-access-token");
    call.run().token();
    let requests = sandbox.okta.requests();
    let scopes: Vec<_> = requests
        .iter()
        .flat_map(|request| &request.form)
        .filter(|(name, _)| name == "scope")
        .collect();
    assert_eq!(scopes, [&("scope".to_owned(), "k8s".to_owned())]);
}

#[test]
fn a_program_without_an_id_token_is_told_what_it_needs() {
    let (_sandbox, call) = program(|_| ());
    call.run()
        .fails(1, &["sent no ID token", "--oidc-use-access-token"]);
    let (_sandbox, call) = program(|behaviour| behaviour.client_credentials_id_token = true);
    call.run().token();
    let (_sandbox, call) = program(|behaviour| behaviour.client_credentials_allowed = false);
    call.run().fails(1, &["unauthorized_client", "grant type"]);
}

/// The access token in place of the ID token, as an API server with that audience wants it.
fn with_access_token(form: AccessTokenForm) -> (Sandbox, Call) {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.access_token_form = form);
    let call = sandbox.get_token().arg("--oidc-use-access-token");
    (sandbox, call)
}

#[test]
fn an_access_token_is_returned_verified_and_refreshed() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
    let token = call.run().token();
    assert_eq!(claims_of(&token)["aud"], "api://default");
    sandbox.expire();
    assert_ne!(call.run().token(), token);
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (1, 1));
    // The ID token is another session.
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 2);
}

/// Also beside an ID token; for whom it is may change there.
#[test]
fn a_refreshed_access_token_is_of_the_same_person_and_client_as_the_one_before() {
    for (claim, value, words) in [
        ("uid", "00umallory", "it is of another person"),
        ("cid", "another-client", "it was issued to `another-client`"),
        ("aud", "api://moved", ""),
    ] {
        let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
        call.run().token();
        sandbox.expire();
        sandbox.okta.behave(|behaviour| {
            behaviour.refresh_defect = Defect::MissingAtHash;
            behaviour
                .access_token_claims
                .insert(claim.to_owned(), value.into());
        });
        let outcome = call.run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stderr.contains(words), "{claim}: {outcome}");
        let signs_in_again = !words.is_empty();
        assert_eq!(
            sandbox.tabs(),
            1 + usize::from(signs_in_again),
            "{claim}: {outcome}"
        );
    }
}

#[test]
fn an_opaque_access_token_lives_as_long_as_the_answer_says() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Opaque);
    sandbox
        .okta
        .behave(|behaviour| behaviour.access_token_lifetime_secs = 600);
    let token = call.run().token();
    assert!(!token.contains('.'));
    let life = sandbox.session()["expires_at"].as_i64().unwrap() - crate::support::now();
    assert!((590..=600).contains(&life), "{life}");
    sandbox.expire();
    assert_ne!(call.run().token(), token);
    let (sandbox, call) = with_access_token(AccessTokenForm::Opaque);
    sandbox
        .okta
        .behave(|behaviour| behaviour.expires_in_absent = true);
    call.run()
        .fails(1, &["does not say how long its access token lives"]);
}

/// kubectl reads no year beyond 9999.
#[test]
fn an_opaque_access_token_ends_with_the_year_9999_at_the_latest() {
    for seconds in [251_700_000_000_i64, 253_402_300_799] {
        let (sandbox, call) = with_access_token(AccessTokenForm::Opaque);
        let replaced = FaultKind::Replace {
            field: "expires_in".to_owned(),
            value: seconds.into(),
        };
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, replaced)]);
        for _ in 0..2 {
            let outcome = call.run();
            outcome.token();
            assert!(outcome.stdout.contains("\"9999-12-31T23:59:"), "{outcome:?}");
        }
        assert_eq!(sandbox.session()["expires_at"], 253_402_300_799_i64);
    }
}

/// RFC 6749 knows no ID token, and a provider need not send one to who wants the other.
#[test]
fn an_access_token_needs_no_id_token_beside_it() {
    for form in [AccessTokenForm::Jwt, AccessTokenForm::Opaque] {
        let (sandbox, call) = with_access_token(form);
        let without = Fault::always(Endpoint::Token, FaultKind::Missing("id_token".to_owned()));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![without]);
        let first = call.run().token();
        sandbox.expire();
        let second = call.run().token();
        // One that comes later is of the person whom later ones are compared with.
        sandbox.okta.behave(|behaviour| behaviour.faults = Vec::new());
        sandbox.expire();
        let third = call.run().token();
        assert!(first != second && second != third);
        assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 2));
        sandbox
            .okta
            .behave(|behaviour| behaviour.user.sub = "00umallory".to_owned());
        sandbox.expire();
        let outcome = call.arg("-v1").run();
        assert!(outcome.stderr.contains("another person"), "{outcome}");
        assert_eq!(sandbox.tabs(), 2);
    }
}

/// Without an ID token beside it, the access token itself says whose it is.
#[test]
fn a_refreshed_access_token_of_somebody_else_or_for_something_else_is_refused() {
    for words in ["another person", "another audience"] {
        let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
        call.run().token();
        let without = Fault::always(Endpoint::Token, FaultKind::Missing("id_token".to_owned()));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![without]);
        sandbox.expire();
        call.run().token();
        assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
        sandbox.okta.behave(|behaviour| {
            if words == "another person" {
                behaviour.user.login = "mallory@example.com".to_owned();
            } else {
                behaviour.access_token_audience = Some("another-client".to_owned());
            }
        });
        sandbox.expire();
        let outcome = call.run();
        assert!(outcome.stderr.contains(words), "{outcome}");
        assert_eq!(sandbox.tabs(), 2, "a sign-in followed");
    }
}

/// A login name may change, and the ID token beside it says that it is the same person.
#[test]
fn a_refreshed_access_token_with_an_id_token_beside_it_may_have_another_name_in_it() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
    call.run().token();
    sandbox
        .okta
        .behave(|behaviour| behaviour.user.login = "married@example.com".to_owned());
    sandbox.expire();
    call.run().token();
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
}

#[test]
fn an_access_token_whose_signature_is_wrong_is_refused() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
    let token = call.run().token();
    let forged = FaultKind::Replace {
        field: "access_token".to_owned(),
        value: with_claims(&token, |claims| claims["aud"] = "api://other".into()).into(),
    };
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![Fault::always(Endpoint::Token, forged)];
        // Else the ID token tells already that this is not its access token.
        behaviour.id_token_defect = Defect::MissingAtHash;
    });
    let another_session = call.arg("--oidc-extra-scope=email");
    insta::assert_snapshot!(sandbox.filtered(&another_session.run()), @"
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the access token cannot be trusted
    stderr: caused by: its signature is wrong
    stderr: hint: tell whoever runs the provider; or leave --oidc-use-access-token out, if the cluster accepts ID tokens
    exit: 1
    ");
}

#[test]
fn an_unknown_grant_is_refused_with_the_known_ones() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.get_token().arg("--grant-type=implicit").run(), @"
    stderr: error: invalid value 'implicit' for '--grant-type <GRANT>' [possible values: auto, authcode, authcode-keyboard, device-code, password, client-credentials]
    stderr: hint: see kubesesame get-token --help
    exit: 2
    ");
    insta::assert_snapshot!(sandbox.get_token().arg("--grant-type=devicecode").run(), @"
    stderr: error: invalid value 'devicecode' for '--grant-type <GRANT>' [possible values: auto, authcode, authcode-keyboard, device-code, password, client-credentials]
    stderr: hint: did you mean `device-code`? otherwise see kubesesame get-token --help
    exit: 2
    ");
}

/// What Go's HTTP client refuses in a header (`httpguts.ValidHeaderFieldValue`): kubectl would say no more than that.
#[test]
fn an_access_token_that_no_header_can_carry_is_refused_with_its_cause() {
    let answered = |token: &str| {
        let (sandbox, call) = with_access_token(AccessTokenForm::Opaque);
        let answer = serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600});
        let answered = Fault::always(Endpoint::Token, FaultKind::Raw(answer.to_string()));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![answered]);
        (call.run(), sandbox)
    };
    for odd in ["abc\ndef", "abc\r\nX-Y: z", "abc\0def", "abc\u{7f}"] {
        let (outcome, sandbox) = answered(odd);
        outcome.fails(
            1,
            &["access token", "control character", "--oidc-use-access-token"],
        );
        assert!(!outcome.stderr.contains("abc"), "{outcome}");
        assert_eq!(sandbox.cache_files(".session.json").len(), 0);
    }
    // Go sends these, and white space at an end is no part of a header's value.
    for (sent, handed_out) in [("abc d\u{e9}f", "abc d\u{e9}f"), (" abc\r\n", "abc")] {
        assert_eq!(answered(sent).0.token(), handed_out);
    }
}

#[test]
fn a_stored_access_token_that_no_header_can_carry_is_refreshed() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Opaque);
    call.run().token();
    for _ in 0..2 {
        sandbox.change_session(|session| session["token"] = "abc\ndef".into());
        assert!(!call.run().token().contains("abc"));
    }
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 2));
}

/// A provider may wait for the person's phone before it answers a password, or start in the cold.
#[cfg(target_os = "linux")]
#[test]
fn a_slow_answer_to_a_sign_in_is_waited_for_at_a_terminal() {
    use crate::support::{finish, wait_until};

    let password = |sandbox: &Sandbox| {
        let file = sandbox.path("password");
        std::fs::write(&file, sandbox.okta.behaviour().user.password).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let username = format!("--username={}", sandbox.okta.behaviour().user.login);
        let call = sandbox.get_token().arg("--grant-type=password");
        call.arg(&username).arg("--password-file=~/password")
    };
    for (is_password, seconds) in [(false, 25), (true, 110)] {
        let sandbox = if is_password {
            Sandbox::unattended()
        } else {
            Sandbox::new()
        };
        let call = if is_password {
            password(&sandbox)
        } else {
            sandbox.get_token()
        };
        sandbox.hold_token_answers();
        let child = call.by_timers_of(&sandbox).at_terminal().spawn();
        wait_until("tokens are asked for", || {
            sandbox.okta.count(Endpoint::Token) == 1
        });
        sandbox.let_pass(seconds);
        sandbox.let_answers_go();
        finish(child).token();
    }
}
