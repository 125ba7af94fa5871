//! The other ways to a token: a device code, a password, the credentials of a program; and access tokens.

use crate::okta::{AccessTokenForm, Behaviour, DeviceVerification, Endpoint, Fault, FaultBody, FaultKind};
use crate::support::{Call, Sandbox};

fn device(change: impl FnOnce(&mut Behaviour)) -> (Sandbox, Call) {
    let sandbox = Sandbox::unattended();
    sandbox.okta.behave(|behaviour| {
        behaviour.device_interval_secs = Some(0);
        behaviour.access_token_form = AccessTokenForm::Jwt;
        change(behaviour);
    });
    let call = sandbox.get_token().arg("--grant-type=device-code");
    (sandbox, call)
}

#[test]
fn a_device_code_is_shown_and_polled_until_the_person_agrees() {
    let (sandbox, call) =
        device(|behaviour| behaviour.device_verification = DeviceVerification::ApproveAfterPolls(2));
    let outcome = call.run();
    outcome.token();
    assert!(outcome.stderr.contains("/activate with the code "), "{outcome}");
    assert_eq!(sandbox.grants("urn:ietf:params:oauth:grant-type:device_code"), 3);
    assert!(sandbox.wait_for_tabs(1).contains("/activate?user_code="));
    // The session is like any other: cached, and renewed without anybody.
    assert_eq!(call.run().stderr, "");
    sandbox.expire();
    call.run().token();
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

#[test]
fn a_device_code_that_is_denied_or_ends_is_told() {
    let (_sandbox, call) = device(|behaviour| behaviour.device_verification = DeviceVerification::Deny);
    call.run().fails(1, &["access_denied"]);
    let (_sandbox, call) = device(|behaviour| {
        behaviour.device_verification = DeviceVerification::NeverAnswer;
        behaviour.device_interval_secs = Some(1);
        behaviour.device_expires_in_secs = 2;
    });
    call.run()
        .fails(1, &["the device code ended before anybody signed in"]);
}

#[test]
fn a_network_that_fails_for_a_while_does_not_end_a_device_code() {
    let (sandbox, call) = device(|behaviour| {
        behaviour.faults = vec![
            Fault::once(Endpoint::Token, FaultKind::Reset),
            Fault::once(Endpoint::Token, FaultKind::status(503, FaultBody::Html)),
        ];
    });
    call.run().token();
    assert!(sandbox.okta.count(Endpoint::Token) >= 3);
}

#[test]
fn a_provider_that_wants_fewer_polls_gets_fewer() {
    let (sandbox, call) = device(|behaviour| {
        behaviour.device_slow_down_polls = 1;
        behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
    });
    let began = std::time::Instant::now();
    call.run().token();
    // RFC 8628 3.5: five seconds more from then on. The mock refuses who asks before that once more.
    assert!(began.elapsed() >= std::time::Duration::from_secs(5));
    assert_eq!(sandbox.grants("urn:ietf:params:oauth:grant-type:device_code"), 2);
}

#[test]
fn a_provider_that_wants_pkce_for_a_device_code_gets_it() {
    let (sandbox, call) = device(|behaviour| behaviour.device_requires_pkce = true);
    call.run().token();
    assert_eq!(sandbox.okta.count(Endpoint::DeviceAuthorize), 2);
}

#[test]
fn a_provider_or_app_without_device_codes_is_told() {
    let (sandbox, call) = device(|behaviour| {
        behaviour.discovery.insert(
            "device_authorization_endpoint".to_owned(),
            serde_json::Value::Null,
        );
    });
    call.run()
        .fails(1, &["no device authorization endpoint", "another --grant-type"]);
    sandbox.okta.behave(|behaviour| {
        behaviour.discovery.clear();
        behaviour.device_grant_allowed = false;
    });
    call.run().fails(1, &["unauthorized_client"]);
}

#[test]
fn a_device_code_needs_no_browser_and_no_terminal() {
    let (_sandbox, call) = device(|_| ());
    call.without("--browser-command").run().token();
}

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
        .with("--oidc-client-id", &sandbox.okta.web_client_id())
        .arg(&format!(
            "--oidc-client-secret={}",
            sandbox.okta.web_client_secret()
        ))
        .arg("--grant-type=client-credentials")
        .arg("--oidc-extra-scope=k8s")
        .arg("--oidc-auth-request-extra-params=audience=kubernetes");
    (sandbox, call)
}

#[test]
fn a_program_signs_in_for_itself_and_asks_for_no_openid() {
    let (sandbox, call) = program(|_| ());
    let call = call.arg("--oidc-use-access-token");
    let outcome = call.run();
    let token = outcome.token();
    assert_eq!(outcome.stderr, "");
    let request = sandbox
        .okta
        .requests()
        .into_iter()
        .find(|request| request.endpoint == Endpoint::Token)
        .unwrap();
    let form = |name: &str| {
        request
            .form
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(
        (form("scope").as_deref(), form("audience").as_deref()),
        (Some("k8s"), Some("kubernetes"))
    );
    assert_eq!(call.run().token(), token);
    sandbox.expire();
    assert_ne!(call.run().token(), token);
    assert_eq!(sandbox.grants("client_credentials"), 2);
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
fn an_access_token_is_handed_out_verified_and_renewed() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
    let token = call.run().token();
    let payload = data_encoding::BASE64URL_NOPAD
        .decode(token.split('.').nth(1).unwrap().as_bytes())
        .unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["aud"], "api://default");
    sandbox.expire();
    assert_ne!(call.run().token(), token);
    assert_eq!((sandbox.grants("refresh_token"), sandbox.tabs()), (1, 1));
    // The ID token is another session.
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 2);
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

#[test]
fn an_access_token_whose_signature_is_wrong_is_refused() {
    let (sandbox, call) = with_access_token(AccessTokenForm::Jwt);
    let forged = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln";
    let forged = FaultKind::Replace {
        field: "access_token".to_owned(),
        value: forged.into(),
    };
    sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, forged)]);
    call.run().fails(1, &["cannot be trusted"]);
}

#[test]
fn an_unknown_grant_is_refused_with_the_known_ones() {
    let sandbox = Sandbox::new();
    sandbox.get_token().arg("--grant-type=implicit").run().fails(
        2,
        &["none of `auto`", "`device-code`", "hint: leave the flag out"],
    );
    sandbox
        .get_token()
        .arg("--grant-type=devicecode")
        .run()
        .fails(2, &["hint: did you mean --grant-type=device-code?"]);
}
