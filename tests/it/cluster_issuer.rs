//! An issuer that a cluster named: a stranger's, who would like the code, the password or the device code of another provider.

use std::io::Write;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::cluster_config::{own_redirect, provider, told, untyped, with};
use crate::prompts::{typing, up_to};
use crate::support::{Call, Sandbox, finish, redirect_of, url_from_stderr, visit, wait_until};
use okta::{Callback, Endpoint, Fault, FaultKind};

/// As kubectl calls when a person sits at a terminal.
fn at_terminal(call: &Call, config: &Value) -> Call {
    let info = json!({
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": { "interactive": true, "cluster": { "server": "https://prod.example", "config": config } },
    });
    call.clone().env("KUBERNETES_EXEC_INFO", &info.to_string())
}

/// The request for another provider, as a stranger would hand it on: with the redirect URI that the app has there.
fn handed_on(url: &str, origin: &str) -> String {
    let asked = Url::parse(url).unwrap();
    let mut other = Url::parse(&format!("{origin}{}", asked.path())).unwrap();
    for (name, value) in asked.query_pairs() {
        let value = match &*name {
            "redirect_uri" => Url::parse(&value).unwrap().origin().ascii_serialization(),
            _ => value.into_owned(),
        };
        other.query_pairs_mut().append_pair(&name, &value);
    }
    other.into()
}

/// RFC 9700 4.4: mix-up. What a stranger's issuer promises of itself (RFC 9207) changes nothing: it could name itself in the redirect URI
/// that it hands on.
#[cfg(target_os = "linux")]
#[test]
fn a_code_of_another_provider_does_not_reach_an_issuer_that_the_cluster_named() {
    for iss_promised in [false, true] {
        let own = Sandbox::unattended();
        let origin = own.okta.origin();
        let stranger = Sandbox::with_habit(Box::new(move |url| {
            let page = visit(&handed_on(url, &origin));
            assert_eq!(page.status, 403, "{}", page.body);
            let title = "This answer may be another provider's";
            assert!(page.body.contains(title), "{}", page.body);
        }));
        stranger
            .okta
            .behave(|behaviour| behaviour.advertise_iss = iss_promised);
        let call = untyped(&stranger, &provider(&stranger));
        let words = [
            "one answer was ignored, since it did not come to this issuer's redirect URI",
            "hint: another provider may have sent that answer",
            &own_redirect(&stranger.okta.issuer()).replace("http://localhost:8000", ""),
        ];
        stranger.too_late(call).fails(1, &words);
        assert_eq!(stranger.okta.count(Endpoint::Token), 0);
        assert_eq!(own.okta.count(Endpoint::Token), 0);
    }
}

#[test]
fn an_issuer_that_promises_to_name_itself_has_a_redirect_uri_of_its_own_too_and_keeps_its_promise() {
    for (callback, error) in [
        (Callback::CorrectIss, None),
        (Callback::WrongIss, Some("came from issuer")),
        (Callback::Normal, Some("does not name its issuer")),
    ] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.advertise_iss = true;
            behaviour.callback = callback;
        });
        let outcome = untyped(&sandbox, &provider(&sandbox)).run();
        if let Some(words) = error {
            outcome.fails(1, &[words]);
        } else {
            outcome.token();
        }
        assert!(sandbox.wait_for_tabs(1).contains("issuer%2F"));
    }
}

#[test]
fn a_redirect_url_of_the_user_s_own_is_kept() {
    let sandbox = Sandbox::new();
    let port = crate::support::free_port();
    let config =
        json!({ "oidc-issuer-url": sandbox.okta.issuer(), "oidc-client-id": sandbox.okta.client_id() });
    let call = untyped(&sandbox, &config).without("--listen-address");
    let call = call.arg(&format!("--oidc-redirect-url=http://localhost:{port}"));
    call.run().token();
}

#[cfg(target_os = "linux")]
#[test]
fn an_app_that_lacks_the_redirect_uri_is_told_which() {
    let sandbox = Sandbox::with_habit(Box::new(|url| assert_eq!(visit(url).status, 400)));
    let config =
        json!({ "oidc-issuer-url": sandbox.okta.issuer(), "oidc-client-id": sandbox.okta.client_id() });
    let path = own_redirect(&sandbox.okta.issuer()).replace("http://localhost:8000", "");
    let outcome = sandbox.too_late(untyped(&sandbox, &config));
    outcome.fails(
        1,
        &[
            "about the redirect URI (\"400 Bad Request\"): the app needs the redirect URI http://localhost:",
            &format!("{path}, to the letter, since the cluster's entry in the kubeconfig chose the issuer"),
        ],
    );
}

#[test]
fn what_is_pasted_shows_which_provider_it_is_from() {
    let sandbox = Sandbox::unattended();
    let call = untyped(&sandbox, &provider(&sandbox)).without("--browser-command");
    let (child, mut terminal) = typing(&at_terminal(&call, &provider(&sandbox)));
    let (child, _, url) = url_from_stderr(child);
    let whole = redirect_of(&url);
    let of_other = whole.replace(Url::parse(&whole).unwrap().path(), "/");
    let refused = |child: Child, mut terminal: std::fs::File, line: &str, why: &str| {
        writeln!(terminal, "{line}").unwrap();
        (up_to(child, why).0, terminal)
    };
    let alone = "a code alone does not show which provider it is from";
    let (child, again) = refused(child, terminal.try_clone().unwrap(), "some-code", alone);
    let (child, _again) = refused(child, again, &of_other, "may be of another provider");
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
    writeln!(terminal, "{whole}").unwrap();
    finish(child).token();
}

/// Nobody listens, so that no path shows whose code it is, whatever the issuer promises.
#[test]
fn a_code_by_hand_needs_an_issuer_of_the_user_s_own() {
    let sandbox = Sandbox::unattended();
    let config = provider(&sandbox);
    for iss_promised in [false, true] {
        sandbox
            .okta
            .behave(|behaviour| behaviour.advertise_iss = iss_promised);
        let call = untyped(&sandbox, &config)
            .without("--browser-command")
            .without("--listen-address")
            .arg("--grant-type=authcode-keyboard")
            .arg("--oidc-redirect-url=http://localhost:18000");
        let (child, _terminal) = typing(&at_terminal(&call.in_new_command(), &config));
        finish(child).fails(
            1,
            &[
                "a pasted code does not show which provider issued it",
                "hint: use another --grant-type (authcode, device-code), or name issuer and client in the user's exec entry",
            ],
        );
    }
    assert_eq!(sandbox.okta.count(Endpoint::Authorize), 0);
}

/// What a prompt shows and what is asked would be two hosts.
#[test]
fn an_issuer_that_is_not_what_it_looks_like_is_refused() {
    let sandbox = Sandbox::new();
    for (hidden, words) in [
        ("\t".repeat(400), "space or control character"),
        ("\n".repeat(400), "space or control character"),
        ("\u{ad}".to_owned(), "host name that is not ASCII"),
    ] {
        let issuer = sandbox
            .okta
            .issuer()
            .replace("127.0.0.1", &format!("127.0.0.1{hidden}"));
        let config = with(provider(&sandbox), "oidc-issuer-url", &json!(issuer));
        untyped(&sandbox, &config).run().fails(2, &[words]);
    }
    assert_eq!(sandbox.okta.requests().len(), 0);
}

/// A cluster chooses the scopes, and its server would be passed what they allow.
#[test]
fn an_access_token_does_not_go_to_the_cluster_that_named_the_issuer() {
    let sandbox = Sandbox::new();
    let call = untyped(&sandbox, &provider(&sandbox));
    let access = call.clone().arg("--oidc-use-access-token");
    let outcome = access.run();
    let token = outcome.token();
    assert_eq!(
        told(&outcome, "these flags are not used: --oidc-use-access-token\n"),
        1,
        "{outcome}"
    );
    assert_eq!((call.run().token(), sandbox.tabs()), (token, 1));
    let variable = call
        .env("KUBESESAME_OIDC_USE_ACCESS_TOKEN", "true")
        .arg("--force-refresh");
    let outcome = variable.run();
    assert_eq!(
        told(&outcome, "these flags are not used: --oidc-use-access-token\n"),
        1,
        "{outcome}"
    );
}

#[test]
fn neither_an_account_nor_a_parameter_goes_to_an_issuer_that_the_cluster_named() {
    let sandbox = Sandbox::new();
    let call = untyped(&sandbox, &provider(&sandbox));
    let outcome = call
        .arg("--account=mine@example.com")
        .arg("--oidc-auth-request-extra-params=login_hint=mine,api_key=mine")
        .run();
    outcome.token();
    let warning = "these flags are not used: --account, --oidc-auth-request-extra-params\n";
    assert_eq!(told(&outcome, warning), 1, "{outcome}");
    assert!(!sandbox.wait_for_tabs(1).contains("mine"));
    let requests = format!("{:?}", sandbox.okta.requests());
    assert!(!requests.contains("mine"), "{requests}");
}

/// A stranger can relay a device code of another provider.
#[test]
fn a_device_code_comes_with_the_issuer_that_the_cluster_named() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.device_interval_secs = Some(0));
    let call = untyped(&sandbox, &provider(&sandbox)).arg("--grant-type=device-code");
    let outcome = call.run();
    outcome.token();
    let notice = format!(
        "the cluster's entry in the kubeconfig chose {} to sign in at: enter no code of another provider\n",
        sandbox.okta.issuer()
    );
    let (before, after) = outcome.stderr.split_once(&notice).expect(&outcome.stderr);
    // It comes last, so that nothing of the issuer pushes it off the screen, and no address has the code in it.
    assert!(
        before.contains("with the code") && !after.contains("code"),
        "{outcome}"
    );
    assert!(!outcome.stderr.contains("has the code in it"), "{outcome}");
    // A page that is opened may have another provider's code filled in.
    assert_eq!(sandbox.tabs(), 0);
    // The user knows what the user has named.
    let own = sandbox.get_token().arg("--grant-type=device-code").run();
    own.token();
    assert_eq!(told(&own, "the cluster's entry"), 0, "{own}");
}

/// A stranger's issuer is as slow as it likes, and its addresses are as long.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_told_of_a_slow_issuer_while_a_person_enters_the_code() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.device_interval_secs = Some(0));
    let call = at_terminal(&untyped(&sandbox, &provider(&sandbox)), &provider(&sandbox));
    sandbox.hold_token_answers();
    let call = call.arg("--grant-type=device-code").at_terminal();
    let mut child = call.by_timers_of(&sandbox).spawn();
    wait_until("the first poll", || sandbox.okta.count(Endpoint::Token) == 1);
    sandbox.let_pass(3);
    sleep(Duration::from_millis(300));
    sandbox.let_answers_go();
    wait_until("the sign-in", || {
        sandbox.let_pass(1);
        sleep(Duration::from_millis(200));
        child.try_wait().unwrap().is_some()
    });
    let outcome = finish(child);
    outcome.token();
    assert!(!outcome.stderr.contains("waiting for an answer"), "{outcome}");
}

/// The address may be another provider's.
#[test]
fn an_address_that_a_person_opens_comes_with_the_issuer_that_the_cluster_named() {
    let sandbox = Sandbox::new();
    let call = untyped(&sandbox, &provider(&sandbox))
        .arg("--skip-open-browser")
        .arg("--authentication-timeout-sec=1");
    let outcome = call.run();
    let notice = format!(
        "signing in at {}, which the cluster's entry in the kubeconfig chose\n",
        sandbox.okta.issuer()
    );
    let (_, after) = outcome.stderr.split_once(&notice).expect(&outcome.stderr);
    assert!(after.contains("open this URL"), "{outcome}");
    // Not above a URL that may fill the screen.
    let endpoint = format!("{}/v1/authorize?{}", sandbox.okta.issuer(), "a".repeat(1500));
    let long = Fault::always(
        Endpoint::Discovery,
        FaultKind::Replace {
            field: "authorization_endpoint".to_owned(),
            value: endpoint.into(),
        },
    );
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![long]);
    let outcome = call.with("--authentication-timeout-sec", "2").run();
    let (_, after) = outcome.stderr.rsplit_once(&notice).expect(&outcome.stderr);
    assert!(!after.contains("/v1/authorize"), "{outcome}");
    sandbox.okta.behave(|behaviour| behaviour.faults.clear());
    let own = sandbox
        .get_token()
        .arg("--skip-open-browser")
        .arg("--authentication-timeout-sec=1")
        .run();
    assert_eq!(told(&own, "the cluster's entry"), 0, "{own}");
}
