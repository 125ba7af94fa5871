//! A device code: shown, polled for, and what the provider may do differently.

use std::io::Read;

use crate::opener::desktop;
use crate::prompts::typing;
use crate::support::{Call, Outcome, Sandbox, Terminal, finish, wait_until};
use okta::{AccessTokenForm, Behaviour, DeviceVerification, Endpoint, Fault, FaultBody, FaultKind, Recorded};

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

/// A sign-in that goes on once its tab is open: nobody waits for the browser, and it may come too late else.
fn with_tab(sandbox: &Sandbox, call: &Call) -> Outcome {
    sandbox.hold_token_answers();
    let child = call.clone().spawn();
    sandbox.wait_for_tabs(1);
    sandbox.let_answers_go();
    finish(child)
}

#[test]
fn a_device_code_is_shown_and_polled_until_the_person_agrees() {
    let (sandbox, call) =
        device(|behaviour| behaviour.device_verification = DeviceVerification::ApproveAfterPolls(2));
    let outcome = with_tab(&sandbox, &call);
    outcome.token();
    assert!(outcome.stderr.contains("/activate with the code "), "{outcome}");
    assert_eq!(sandbox.grants("urn:ietf:params:oauth:grant-type:device_code"), 3);
    let opened = sandbox.wait_for_tabs(1);
    assert!(opened.ends_with("/activate"), "{opened}");
    let whole = format!("or open this URL, which has the code in it:\n{opened}?user_code=");
    assert!(outcome.stderr.contains(&whole), "{outcome}");
    // The session is like any other: cached, and refreshed without anybody.
    assert_eq!(call.run().stderr, "");
    sandbox.expire();
    call.run().token();
    assert_eq!(sandbox.grants("refresh_token"), 1);
}

/// Something in between may answer in the provider's place.
#[test]
fn an_answer_that_is_none_of_the_provider_s_is_waited_through() {
    let answer = |code, content_type: &str, body: &str| FaultKind::Answer {
        code,
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    };
    let faults = [
        FaultKind::status(400, FaultBody::Empty),
        answer(403, "application/json", r#"{"message":"Forbidden"}"#),
        answer(403, "application/json", r#"{"error":true,"message":"blocked"}"#),
        answer(200, "application/json", r#"{"access_tok"#),
        answer(200, "application/json", "{}"),
        FaultKind::Redirect {
            to: "/login".to_owned(),
        },
        FaultKind::status(401, FaultBody::Empty),
        FaultKind::status(401, FaultBody::Html),
        answer(200, "application/json", "[]"),
        FaultKind::Huge,
    ];
    // All at the same time, since each waits for a second between two polls.
    let runs = faults.map(|fault| {
        let (sandbox, call) =
            device(|behaviour| behaviour.faults = vec![Fault::once(Endpoint::Token, fault.clone())]);
        (fault, sandbox, call.spawn())
    });
    for (fault, _sandbox, child) in runs {
        let outcome = finish(child);
        assert_eq!(outcome.code, Some(0), "{fault:?}: {outcome}");
    }
}

#[test]
fn a_device_code_that_is_denied_or_ends_is_told() {
    let (denied, call) = device(|behaviour| behaviour.device_verification = DeviceVerification::Deny);
    let mut told = denied.told("denied", &call.run());
    let (ended, call) = device(|behaviour| {
        behaviour.device_verification = DeviceVerification::NeverAnswer;
        behaviour.device_interval_secs = Some(1);
        behaviour.device_expires_in_secs = 2;
    });
    told += &ended.told("ended", &call.run());
    ended
        .okta
        .behave(|behaviour| behaviour.device_expires_in_secs = 600);
    let call = call.in_new_command().arg("--authentication-timeout-sec=1");
    told += &ended.told("waited for no longer", &call.run());
    insta::assert_snapshot!(told, @"
    denied
    stderr: sign in at [ORIGIN]/activate with the code [CODE]
    stderr: or open this URL, which has the code in it:
    stderr: [ORIGIN]/activate?user_code=[CODE]
    stderr: error: the provider refused the sign-in: access_denied: The resource owner or authorization server denied the request. (request id [ID])
    stderr: hint: the sign-in was cancelled, or a sign-on policy denied it: try again, or look at the app's authentication policy
    exit: 1

    ended
    stderr: sign in at [ORIGIN]/activate with the code [CODE]
    stderr: or open this URL, which has the code in it:
    stderr: [ORIGIN]/activate?user_code=[CODE]
    stderr: error: the device code ended before anybody signed in with it
    stderr: hint: run the command again, and sign in while it waits
    exit: 1

    waited for no longer
    stderr: sign in at [ORIGIN]/activate with the code [CODE]
    stderr: or open this URL, which has the code in it:
    stderr: [ORIGIN]/activate?user_code=[CODE]
    stderr: error: nobody signed in with the device code within 1 s
    stderr: hint: run the command again, and sign in while it waits; --authentication-timeout-sec gives you longer
    exit: 1
    ");
}

#[test]
fn at_a_terminal_the_time_left_of_a_device_code_is_shown_and_taken_back() {
    let (sandbox, call) = device(|_| ());
    sandbox.hold_token_answers();
    let call = call
        .env("TERM", "xterm")
        .through(&["sh", "-c", "exec \"$@\" 2>&0", "sh"]);
    let (child, mut terminal) = typing(&call);
    let mut byte = [0];
    let mut shown = Vec::new();
    while !shown.ends_with(b"[  3 min left] waiting for the sign-in ") {
        assert_eq!(terminal.read(&mut byte).unwrap(), 1);
        shown.push(byte[0]);
    }
    sandbox.let_answers_go();
    finish(child).token();
    let mut rest = Vec::new();
    // Linux tells the end of a terminal as an error.
    while terminal.read(&mut byte).is_ok_and(|length| length == 1) {
        rest.push(byte[0]);
    }
    let rest = String::from_utf8_lossy(&rest);
    let (before, line) = rest.rsplit_once("signed in as 00ualice for ").unwrap();
    assert!(before.ends_with("\r\x1b[2K"), "{rest}");
    assert_eq!(line.lines().count(), 1, "{rest}");
}

/// The picture first, then what a person without a camera needs.
#[test]
fn at_a_terminal_that_is_large_enough_the_code_is_drawn_and_written_out_after_it() {
    let (sandbox, call) = device(|_| ());
    let size = nix::pty::Winsize {
        ws_row: 60,
        ws_col: 120,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let Terminal {
        far: mut terminal,
        near,
    } = Terminal::open_with_size(Some(&size));
    let call = call
        .env("TERM", "xterm")
        .through(&["sh", "-c", "exec \"$@\" 2>&0", "sh"]);
    let child = call.with_stdin(near).spawn();
    let mut shown = Vec::new();
    let mut byte = [0];
    // Linux tells the end of a terminal as an error.
    while terminal.read(&mut byte).is_ok_and(|length| length == 1) {
        shown.push(byte[0]);
    }
    finish(child).token();
    let shown = String::from_utf8(shown).unwrap();
    let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text}: {shown}"));
    let (drawn, code) = (at("█▀▀▀▀▀█"), at("/activate with the code "));
    let whole = at("/activate?user_code=");
    // Black on white, whatever the terminal's own colours are.
    assert!(
        shown.contains("\u{1b}[38;5;16;48;5;231m    ") && !shown.contains('\u{fffd}'),
        "{shown}"
    );
    assert!(drawn < code && code < whole, "{shown}");
    assert!(sandbox.wait_for_tabs(1).ends_with("/activate"));
}

/// Every user sees it, and could sign in with the code as somebody else.
#[test]
fn no_program_gets_the_code_in_its_arguments() {
    let (sandbox, call) = device(|_| ());
    let opens = format!("printf '%s\\n' \"$*\" > '{}'", sandbox.path("browser").display());
    let at_desktop = desktop(&sandbox, &[("xdg-open", &opens)]).arg("--grant-type=device-code");
    let by_variable = at_desktop
        .clone()
        .env("BROWSER", "xdg-open --new %s")
        .arg("--oidc-extra-scope=email");
    let by_command = call.arg("--oidc-extra-scope=profile");
    for (tab, call) in [at_desktop, by_variable, by_command].iter().enumerate() {
        sandbox.hold_token_answers();
        let child = call.spawn();
        let opened = sandbox.wait_for_tabs(tab + 1);
        assert!(opened.ends_with("/activate"), "{opened}");
        sandbox.let_answers_go();
        let outcome = finish(child);
        outcome.token();
        assert!(outcome.stderr.contains("/activate with the code "), "{outcome}");
    }
}

/// A device endpoint that fails is named as what it is, and not as the token endpoint.
#[test]
fn a_device_endpoint_that_fails_is_named() {
    let refusal = |code: u16, error: &str| {
        let error = error.to_owned();
        let description = String::new();
        FaultKind::status(code, FaultBody::OAuth { error, description })
    };
    let cases = [
        ("down", FaultKind::status(503, FaultBody::Html)),
        ("not found", FaultKind::status(404, FaultBody::Html)),
        ("an empty object", FaultKind::Raw("{}".to_owned())),
        ("a refusal", refusal(400, "access_denied")),
    ];
    let told = cases.map(|(heading, fault)| {
        let (sandbox, call) = device(|behaviour| {
            behaviour.faults = vec![Fault::always(Endpoint::DeviceAuthorize, fault)];
        });
        let outcome = call.run();
        outcome.fails(1, &[]);
        assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
        sandbox.told(heading, &outcome)
    });
    insta::assert_snapshot!(told.concat(), @"
    down
    stderr: error: [ISSUER]/v1/device/authorize answered with HTTP 503 (request id [ID])
    stderr: hint: try again later
    exit: 1

    not found
    stderr: error: [ISSUER]/v1/device/authorize answered with HTTP 404 and text/html; charset=utf-8, not with JSON
    stderr: hint: something else answers there: a wrong --oidc-issuer-url, a proxy, or the sign-in page of a network (captive portal)
    exit: 1

    an empty object
    stderr: error: the answer of [ISSUER]/v1/device/authorize cannot be used: it has no usable `device_code`
    stderr: hint: ask whoever runs the provider; its answer breaks the rules of OAuth
    exit: 1

    a refusal
    stderr: error: the provider refused the sign-in: access_denied (request id [ID])
    stderr: hint: check that you may use the app, and what the provider asks of a sign-in to it; or you have cancelled
    exit: 1
    ");
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

/// The token endpoint may start in the cold, or wait for somebody's approval, and a code that was taken once is spent.
#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_tokens_and_their_keys_are_waited_for_longer_than_ten_seconds() {
    for endpoint in [Endpoint::Token, Endpoint::Keys] {
        let (sandbox, call) = device(|behaviour| {
            behaviour.device_verification = DeviceVerification::ApproveAfterPolls(0);
            behaviour.faults = vec![Fault::always(endpoint, FaultKind::Held)];
        });
        let child = call.by_timers_of(&sandbox).at_terminal().spawn();
        wait_until("it is asked", || sandbox.okta.count(endpoint) > 0);
        sandbox.let_pass(25);
        sandbox.let_answers_go();
        finish(child).token();
        assert_eq!(sandbox.okta.count(endpoint), 1, "{endpoint:?}");
    }
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

fn asked(sandbox: &Sandbox) -> Recorded {
    let mut requests = sandbox.okta.requests().into_iter();
    let found = requests.find(|request| request.endpoint == Endpoint::DeviceAuthorize);
    found.expect("a device code was asked for")
}

#[test]
fn an_address_without_the_code_in_it_will_do() {
    let (sandbox, call) = device(|behaviour| behaviour.device_complete_uri = false);
    let outcome = with_tab(&sandbox, &call);
    outcome.token();
    assert!(outcome.stderr.contains("/activate with the code "), "{outcome}");
    assert!(sandbox.wait_for_tabs(1).ends_with("/activate"));
}

#[test]
fn with_skip_open_browser_the_address_is_only_shown() {
    let (sandbox, call) = device(|_| ());
    let outcome = call.arg("--skip-open-browser").run();
    outcome.token();
    assert!(outcome.stderr.contains("/activate with the code "), "{outcome}");
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn an_app_with_a_secret_and_headers_of_ones_own_go_along() {
    let (sandbox, call) = device(|_| ());
    let call = call.arg("--oidc-request-header=X-Tenant=blue");
    call.run().token();
    let header = ("x-tenant".to_owned(), "blue".to_owned());
    assert!(asked(&sandbox).headers.contains(&header));
    sandbox.okta.clear_requests();
    let with_secret = call.by_web_app(&sandbox.okta);
    // As at Okta, the web app proves itself and may not do this all the same.
    with_secret.run().fails(1, &["unauthorized_client"]);
    let sent = asked(&sandbox).headers;
    // In the form, since many device endpoints read nothing else; never in two places.
    assert!(!sent.iter().any(|(name, _)| name == "authorization"), "{sent:?}");
    let form = asked(&sandbox).form;
    for name in ["client_id", "client_secret"] {
        assert_eq!(
            form.iter().filter(|(known, _)| known == name).count(),
            1,
            "{form:?}"
        );
    }
    let wrong = with_secret
        .with("--oidc-client-secret", "wrong-secret-0123456789")
        .arg("--oidc-extra-scope=email");
    wrong.run().fails(1, &["invalid_client", "--oidc-client-secret"]);
}
