//! Pushed authorization requests (RFC 9126): the browser takes only a reference to the request.

mod refused;

use std::io::Write;

use serde_json::{Value, json};

use crate::client_assertions::{Key, by_key, by_secret};
use crate::prompts::{keyboard, typing, url_before_prompt};
use crate::support::{Sandbox, claims_of, finish, redirect_of, visit};
use okta::{Dpop, Endpoint, Fault, FaultBody, FaultKind, Par, Recorded};

/// A provider that does this with pushed requests.
fn provider(mode: Par) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.par.mode = mode);
    sandbox
}

fn requests_to(sandbox: &Sandbox, endpoint: Endpoint) -> Vec<Recorded> {
    let mut requests = sandbox.okta.requests();
    requests.retain(|request| request.endpoint == endpoint);
    requests
}

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let mut pairs = pairs.iter().filter(|(known, _)| known == name);
    pairs.next().map(|(_, value)| value.as_str())
}

/// Sets a member of the discovery document.
fn announce(sandbox: &Sandbox, member: &str, value: Value) {
    sandbox.okta.behave(|behaviour| {
        behaviour.discovery.insert(member.to_owned(), value);
    });
}

#[test]
fn a_provider_that_requires_it_gets_the_request_and_the_browser_a_reference() {
    let sandbox = provider(Par::Required);
    let call = sandbox
        .get_token()
        .arg("--account=alice@example.com")
        .arg("--oidc-auth-request-extra-params=ttl=60");
    let outcome = call.run();
    outcome.token();
    assert_eq!(
        sandbox.filtered_stderr(&outcome),
        "stderr: signing in at [ISSUER] in your browser\nexit: 0"
    );
    let pushed = requests_to(&sandbox, Endpoint::Par);
    assert_eq!(pushed.len(), 1);
    let (form, status) = (&pushed[0].form, pushed[0].status);
    assert_eq!(status, 201);
    for name in [
        "redirect_uri",
        "state",
        "nonce",
        "code_challenge",
        "login_hint",
        "ttl",
        "access_type",
    ] {
        assert!(value(form, name).is_some(), "{name}: {form:?}");
    }
    assert_eq!(names(form).iter().filter(|name| **name == "client_id").count(), 1);
    let visits = requests_to(&sandbox, Endpoint::Authorize);
    assert_eq!(visits.len(), 1);
    assert_eq!(names(&visits[0].query), ["client_id", "request_uri"]);
    let state = value(form, "state").unwrap();
    assert!(!sandbox.wait_for_tabs(1).contains(state));
    sandbox.expire();
    call.run().token();
    assert_eq!(
        requests_to(&sandbox, Endpoint::Par).len(),
        1,
        "a refresh pushes nothing"
    );
}

#[test]
fn it_is_pushed_where_the_flag_and_the_provider_say_so() {
    for (mode, flag, expected) in [
        (Par::Absent, "auto", 0),
        (Par::Supported, "auto", 0),
        (Par::Supported, "always", 1),
        (Par::Supported, "never", 0),
        (Par::Required, "auto", 1),
        (Par::Required, "always", 1),
    ] {
        let sandbox = provider(mode);
        sandbox.get_token().with("--oidc-par", flag).run().token();
        let pushed = requests_to(&sandbox, Endpoint::Par).len();
        assert_eq!(pushed, expected, "{mode:?} {flag}");
        let visit = requests_to(&sandbox, Endpoint::Authorize).remove(0);
        assert_eq!(
            value(&visit.query, "state").is_some(),
            expected == 0,
            "{mode:?} {flag}"
        );
    }
}

/// At Okta the status is 200.
#[test]
fn a_response_with_another_status_of_success_is_taken() {
    let sandbox = provider(Par::Required);
    sandbox.okta.behave(|behaviour| behaviour.par.status = 200);
    sandbox.get_token().run().token();
}

#[test]
fn a_provider_that_refuses_what_is_not_pushed_gets_it_pushed_and_that_is_remembered() {
    let sandbox = provider(Par::RequiredUnannounced);
    let call = sandbox.get_token();
    let outcome = call.run();
    outcome.token();
    insta::assert_snapshot!(sandbox.filtered_stderr(&outcome), @"
    stderr: signing in at [ISSUER] in your browser
    stderr: the provider takes only requests that are pushed to it (PAR), so the sign-in begins once more
    stderr: signing in at [ISSUER] in your browser
    exit: 0
    ");
    assert_eq!(
        (sandbox.tabs(), requests_to(&sandbox, Endpoint::Par).len()),
        (2, 1)
    );
    call.clone().arg("--force-refresh").run().token();
    sandbox.okta.end_sessions();
    sandbox.expire();
    call.run().token();
    assert_eq!(
        (sandbox.tabs(), requests_to(&sandbox, Endpoint::Par).len()),
        (3, 2)
    );
    // The provider has changed its mind: the error is told once, and the next sign-in goes through the browser.
    sandbox.okta.behave(|behaviour| behaviour.par.mode = Par::Absent);
    sandbox.okta.end_sessions();
    sandbox.expire();
    call.run().fails(1, &["E0000015"]);
    call.run().token();
    assert_eq!(requests_to(&sandbox, Endpoint::Par).len(), 3);
}

#[test]
fn the_first_tab_says_that_another_follows() {
    let page = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&page);
    let sandbox = Sandbox::with_habit(Box::new(move |url| seen.lock().unwrap().push(visit(url).body)));
    sandbox
        .okta
        .behave(|behaviour| behaviour.par.mode = Par::RequiredUnannounced);
    sandbox.get_token().run().token();
    sandbox.wait_for_visits(2);
    let pages = page.lock().unwrap();
    assert!(pages[0].contains("goes on in another tab"), "{}", pages[0]);
    assert!(pages[1].contains("You are signed in"), "{}", pages[1]);
}

#[test]
fn the_client_authenticates_as_at_the_token_endpoint_with_an_assertion_of_its_own() {
    for by_own_key in [false, true] {
        let sandbox = provider(Par::Required);
        let key = Key::p256();
        let call = if by_own_key {
            by_key(&sandbox, &key)
        } else {
            by_secret(&sandbox)
        };
        call.run().token();
        let claims = |endpoint| {
            let request = requests_to(&sandbox, endpoint).remove(0);
            assert!(value(&request.form, "client_secret").is_none());
            claims_of(value(&request.form, "client_assertion").expect("an assertion"))
        };
        let (par, token) = (claims(Endpoint::Par), claims(Endpoint::Token));
        assert_eq!(par["aud"], format!("{}/v1/par", sandbox.okta.issuer()));
        assert_eq!(token["aud"], format!("{}/v1/token", sandbox.okta.issuer()));
        assert_ne!(par["jti"], token["jti"]);
    }
}

#[test]
fn a_secret_is_sent_where_the_provider_takes_it() {
    let sandbox = provider(Par::Required);
    sandbox.okta.behave(|behaviour| {
        behaviour.web_client_auth = okta::ClientAuth::SecretPost;
        behaviour.token_auth = vec!["client_secret_post".to_owned()];
    });
    sandbox.get_token().by_web_app(&sandbox.okta).run().token();
    let pushed = requests_to(&sandbox, Endpoint::Par);
    assert_eq!(pushed.len(), 1);
    assert!(value(&pushed[0].form, "client_secret").is_some());
    let visit = requests_to(&sandbox, Endpoint::Authorize).remove(0);
    assert_eq!(names(&visit.query), ["client_id", "request_uri"]);
}

#[test]
fn a_wrong_secret_is_told_before_anybody_signs_in() {
    let sandbox = provider(Par::Required);
    let call = sandbox.get_token().by_web_app(&sandbox.okta);
    let outcome = call.with("--oidc-client-secret", "wrong-secret-0123456789").run();
    outcome.fails(1, &["invalid_client", "that was pushed to it"]);
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn a_pushed_request_has_the_key_and_the_nonce_of_the_session() {
    for mode in [Dpop::Required, Dpop::Supported] {
        let sandbox = provider(Par::Required);
        sandbox.okta.behave(|behaviour| behaviour.dpop.mode = mode);
        sandbox.get_token().run().token();
        let pushed = requests_to(&sandbox, Endpoint::Par);
        let last = pushed.last().unwrap();
        let proof = value(&last.headers, "dpop").map(claims_of).expect("a proof");
        assert_eq!(proof["nonce"], "nonce-of-the-day");
        assert_eq!(proof["htu"], format!("{}/v1/par", sandbox.okta.issuer()));
        // The nonce of one server serves its other endpoint too (RFC 9449 8.2).
        let token = requests_to(&sandbox, Endpoint::Token);
        assert_eq!(token.len(), 1, "{mode:?}");
        // A provider that announces DPoP also gets the thumbprint, which has to be that of the proof.
        assert_eq!(value(&last.form, "dpop_jkt").is_some(), mode == Dpop::Supported);
        assert!(sandbox.session().get("dpop_key").is_some());
    }
}

#[test]
fn a_code_that_is_pasted_comes_of_a_pushed_request() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.par.mode = Par::Required);
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    let url = url_before_prompt(&mut child);
    assert!(url.contains("request_uri=") && !url.contains("state="), "{url}");
    writeln!(terminal, "{}", redirect_of(&url)).unwrap();
    let outcome = finish(child);
    outcome.token();
}

#[test]
fn a_refusal_that_is_pasted_leads_to_a_pushed_request() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.par.mode = Par::RequiredUnannounced);
    let (mut child, mut terminal) = typing(&keyboard(&sandbox));
    let url = url_before_prompt(&mut child);
    writeln!(terminal, "{}", redirect_of(&url)).unwrap();
    let url = url_before_prompt(&mut child);
    assert!(url.contains("request_uri="), "{url}");
    writeln!(terminal, "{}", redirect_of(&url)).unwrap();
    finish(child).token();
}

#[test]
fn who_opens_the_address_by_hand_learns_how_long_it_lives() {
    let sandbox = provider(Par::Required);
    sandbox.okta.behave(|behaviour| behaviour.par.lifetime_secs = 90);
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .arg("--skip-open-browser");
    let outcome = call.arg("--authentication-timeout-sec=1").run();
    outcome.fails(1, &["the URL works once, and within 90 seconds from now"]);
}

/// The mock refuses the second visit, the visit of another client, and one that is late.
#[test]
fn a_reference_serves_one_visit_of_one_client_for_a_time() {
    let sandbox = Sandbox::unattended();
    sandbox.okta.behave(|behaviour| {
        behaviour.par.mode = Par::Required;
        behaviour.auto_approve = false;
    });
    let refused = |url: &str| visit(url).body.contains("invalid_request");
    let pushed = || {
        let (mut child, terminal) = typing(&keyboard(&sandbox));
        let url = url_before_prompt(&mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        drop(terminal);
        url
    };
    let url = pushed();
    assert!(!refused(&url), "the first visit");
    assert!(refused(&url), "the second visit");
    let other = pushed().replace(&sandbox.okta.client_id(), &sandbox.okta.web_client_id());
    assert!(refused(&other), "another client");
    assert!(refused(&format!("{}&state=x", pushed())), "more parameters");
    let late = pushed();
    sandbox.okta.behave(|behaviour| behaviour.clock_offset_secs = 61);
    assert!(refused(&late), "late");
}

/// Whoever named the endpoint could use the assertion at another provider (CVE-2025-27370).
#[test]
fn an_endpoint_of_another_origin_gets_no_assertion() {
    let sandbox = provider(Par::Required);
    announce(
        &sandbox,
        "pushed_authorization_request_endpoint",
        json!("http://127.0.0.1:1/par"),
    );
    let outcome = by_secret(&sandbox).run();
    outcome.fails(2, &["a client assertion for", "/par is not sent"]);
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn a_fault_that_passes_leads_nowhere_else() {
    let sandbox = provider(Par::Required);
    let call = sandbox.get_token();
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![Fault::once(
            Endpoint::Par,
            FaultKind::status(503, FaultBody::Empty),
        )];
    });
    call.run().fails(1, &["503"]);
    call.run().token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn nothing_that_was_pushed_is_told() {
    let sandbox = provider(Par::Required);
    sandbox
        .okta
        .behave(|behaviour| behaviour.dpop.mode = Dpop::Required);
    let outcome = by_secret(&sandbox).arg("-v=9").run();
    outcome.token();
    let secrets = sandbox.okta.secrets();
    let pushed = requests_to(&sandbox, Endpoint::Par).pop().unwrap();
    for name in ["state", "nonce", "client_assertion"] {
        assert!(
            secrets
                .iter()
                .any(|secret| Some(&**secret) == value(&pushed.form, name)),
            "{name}"
        );
    }
    for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
        assert!(!outcome.stderr.contains(secret.as_str()), "{secret}\n{outcome}");
    }
}
