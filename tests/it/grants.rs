//! The other ways to a token: a pasted code, a device code, a password.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::process::Child;

use crate::okta::{AccessTokenForm, Behaviour, DeviceVerification, Endpoint, Fault, FaultBody, FaultKind};
use crate::support::{Call, Sandbox, finish};

/// As kubectl calls when a person sits at a terminal.
const INTERACTIVE: &str =
    r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}"#;

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

/// A run with a terminal that the test types into.
fn typing(call: &Call) -> (Child, std::fs::File) {
    let pty = nix::pty::openpty(None, None).expect("a terminal");
    let slave: OwnedFd = pty.slave;
    let child = call.clone().with_stdin(slave).spawn();
    (child, std::fs::File::from(pty.master))
}

/// Reads standard error up to the prompt, and returns the URL in it.
fn url_before_prompt(child: &mut Child) -> String {
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut url = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no URL");
        if line.starts_with("http") {
            url.push_str(line.trim());
            break;
        }
    }
    let mut prompt = [0; 10];
    reader.read_exact(&mut prompt).unwrap();
    assert_eq!(&prompt, b"Enter code");
    child.stderr = Some(reader.into_inner());
    url
}

fn keyboard(sandbox: &Sandbox) -> Call {
    sandbox
        .get_token()
        .without("--listen-address")
        .without("--browser-command")
        .arg("--grant-type=authcode-keyboard")
        .arg("--oidc-redirect-url=http://localhost:18000")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE)
}

#[test]
fn a_pasted_code_or_the_whole_address_signs_in() {
    for whole in [true, false] {
        let sandbox = Sandbox::unattended();
        let (mut child, mut terminal) = typing(&keyboard(&sandbox));
        let address = crate::support::redirect_of(&url_before_prompt(&mut child));
        assert!(address.starts_with("http://localhost:18000"), "{address}");
        let code = url::Url::parse(&address)
            .unwrap()
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned();
        writeln!(terminal, "{}", if whole { &address } else { &code }).unwrap();
        finish(child).token();
    }
}

#[test]
fn a_pasted_address_of_another_sign_in_is_refused() {
    let sandbox = Sandbox::unattended();
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    url_before_prompt(&mut child);
    writeln!(terminal, "http://localhost:18000/?code=stolen&state=other").unwrap();
    let outcome = finish(child);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{outcome}"
    );
    assert!(outcome.stderr.contains("it is of another sign-in"), "{outcome}");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
}

/// Over SSH: the URL is printed, the browser is on another machine, and where it ended is pasted.
#[test]
fn at_a_terminal_without_a_desktop_the_answer_can_be_pasted() {
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .env("KUBERNETES_EXEC_INFO", INTERACTIVE);
    let (mut child, mut terminal) = typing(&call);
    let (back, _, url) = crate::support::url_from_stderr(child);
    child = back;
    let address = crate::support::redirect_of(&url);
    writeln!(terminal, "http://localhost:1/?code=x&state=other").unwrap();
    writeln!(terminal, "{address}").unwrap();
    let outcome = finish(child);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("it is of another sign-in"), "{outcome}");
}

#[test]
fn nobody_is_asked_where_kubectl_has_not_handed_over_the_terminal() {
    let sandbox = Sandbox::unattended();
    let not_handed_over = INTERACTIVE.replace("true", "false");
    let call = keyboard(&sandbox)
        .env("KUBERNETES_EXEC_INFO", &not_handed_over)
        .at_terminal();
    call.run()
        .fails(3, &["asks for a code, and nobody can be asked here"]);
    keyboard(&sandbox)
        .run()
        .fails(3, &["asks for a code, and nobody can be asked here"]);
}
