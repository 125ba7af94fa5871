//! The sign-in: what is asked, what the browser shows, what is refused.

use std::net::TcpListener;

use crate::support::{Sandbox, free_port, url_from_stderr};
use okta::{AuthorizeError, ClientAuth, Endpoint, Recorded};

fn query<'a>(request: &'a Recorded, name: &str) -> Option<&'a str> {
    request
        .query
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn form<'a>(request: &'a Recorded, name: &str) -> Option<&'a str> {
    request
        .form
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn asked(sandbox: &Sandbox, endpoint: Endpoint) -> Recorded {
    sandbox
        .okta
        .requests()
        .into_iter()
        .find(|request| request.endpoint == endpoint)
        .expect("it was asked")
}

#[test]
fn the_authorization_request_has_pkce_state_nonce_and_each_scope_once() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .arg("--oidc-extra-scope=email profile,openid")
        .arg("--oidc-extra-scope=email");
    call.run().token();
    let request = asked(&sandbox, Endpoint::Authorize);
    assert_eq!(query(&request, "response_type"), Some("code"));
    assert_eq!(
        query(&request, "scope"),
        Some("openid offline_access email profile")
    );
    assert_eq!(query(&request, "code_challenge_method"), Some("S256"));
    assert_eq!(query(&request, "code_challenge").map(str::len), Some(43));
    for name in ["state", "nonce"] {
        assert!(
            query(&request, name).is_some_and(|value| value.len() >= 22),
            "{name}"
        );
    }
    let redirect = query(&request, "redirect_uri").unwrap();
    assert!(
        redirect.starts_with("http://localhost:") && !redirect.ends_with('/'),
        "{redirect}"
    );
    let token = asked(&sandbox, Endpoint::Token);
    assert_eq!(form(&token, "redirect_uri"), Some(redirect));
    assert_eq!(form(&token, "client_id"), Some(sandbox.okta.client_id().as_str()));
    assert!(form(&token, "client_secret").is_none() && form(&token, "code_verifier").is_some());
}

#[test]
fn pkce_is_sent_whatever_discovery_says_and_only_a_flag_turns_it_off() {
    let sandbox = Sandbox::new();
    sandbox
        .okta
        .behave(|behaviour| behaviour.pkce_methods_advertised = false);
    sandbox.get_token().run().token();
    assert_eq!(
        query(&asked(&sandbox, Endpoint::Authorize), "code_challenge_method"),
        Some("S256")
    );
    let off = sandbox
        .get_token()
        .arg("--oidc-pkce-method=no")
        .arg("--force-refresh")
        .arg("--oidc-extra-scope=email");
    let outcome = off.run();
    outcome.fails(
        1,
        &[
            "warning: --oidc-pkce-method=no",
            "PKCE",
            "hint: the app requires PKCE",
        ],
    );
}

#[test]
fn a_secret_goes_by_the_method_that_discovery_lists_first() {
    for (listed, method) in [
        ("client_secret_basic", ClientAuth::SecretBasic),
        ("client_secret_post", ClientAuth::SecretPost),
    ] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.token_auth = vec![listed.to_owned()];
            behaviour.web_client_auth = method;
        });
        let call = sandbox.get_token().by_web_app(&sandbox.okta);
        call.run().token();
        let request = asked(&sandbox, Endpoint::Token);
        let basic = request.headers.iter().any(|(name, _)| name == "authorization");
        assert_eq!(basic, listed == "client_secret_basic");
        assert_eq!(form(&request, "client_secret").is_some(), !basic);
        let wrong = call
            .with("--oidc-client-secret", "wrong-secret-0123456789")
            .arg("--oidc-extra-scope=email");
        sandbox.okta.clear_requests();
        wrong.run().fails(1, &["invalid_client", "--oidc-client-secret"]);
        // Once by the method that is listed, once by the other one.
        assert_eq!(sandbox.okta.count(Endpoint::Token), 2);
    }
}

#[test]
fn a_secret_in_a_private_file_is_used_and_a_public_one_refused() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    let file = sandbox.path("app.secret");
    std::fs::write(&file, format!("{}\n", sandbox.okta.web_client_secret())).unwrap();
    let call = sandbox
        .get_token()
        .with("--oidc-client-id", &sandbox.okta.web_client_id())
        .arg("--oidc-client-secret-file=~/app.secret");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    call.run().fails(
        2,
        &[
            "cannot read the file of --oidc-client-secret-file",
            "is open to other users",
            "chmod 600 ",
        ],
    );
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    call.run().token();
    let both = call.clone().arg("--oidc-client-secret=x");
    both.run().fails(2, &["are both there"]);
    std::fs::write(&file, "\n").unwrap();
    let refreshed = call.arg("--force-refresh");
    refreshed.run().fails(2, &["holds no text"]);
    std::fs::remove_file(&file).unwrap();
    let outcome = refreshed.run();
    outcome.fails(
        2,
        &[
            "No such file",
            "correct the path that --oidc-client-secret-file has",
        ],
    );
    assert!(!outcome.stderr.contains("--token-cache-dir"), "{outcome}");
}

#[test]
fn a_given_redirect_url_is_sent_and_answered_to_the_letter() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let redirect = format!("http://127.0.0.1:{port}/auth/callback");
    sandbox.okta.behave(|behaviour| {
        behaviour
            .redirect_uris
            .push("http://127.0.0.1:1/auth/callback".to_owned());
    });
    // Without --listen-address: the redirect URL tells where the browser comes back to.
    let call = sandbox
        .get_token()
        .without("--listen-address")
        .arg(&format!("--oidc-redirect-url={redirect}"));
    call.run().token();
    assert_eq!(
        query(&asked(&sandbox, Endpoint::Authorize), "redirect_uri"),
        Some(redirect.as_str())
    );
}

/// A gate in front of this machine ends TLS and passes the plain request on, with the name that it was asked by.
#[test]
fn a_redirect_url_of_https_elsewhere_comes_back_through_a_gate() {
    let gate = "https://gate.example/callback";
    let port = free_port();
    let sandbox = Sandbox::with_habit(Box::new(move |url| {
        let answer = url::Url::parse(&crate::support::redirect_of(url)).unwrap();
        let (path, query) = (answer.path(), answer.query().unwrap());
        let here = format!("http://127.0.0.1:{port}{path}?{query}");
        let page = crate::support::visit_with(&here, &[("host", "gate.example")]);
        assert_eq!(page.status, 200);
    }));
    sandbox
        .okta
        .behave(|behaviour| behaviour.redirect_uris.push(gate.to_owned()));
    let call = sandbox
        .get_token()
        .with("--listen-address", &format!("127.0.0.1:{port}"));
    call.arg(&format!("--oidc-redirect-url={gate}")).run().token();
    assert_eq!(
        query(&asked(&sandbox, Endpoint::Authorize), "redirect_uri"),
        Some(gate)
    );
}

#[test]
fn a_refused_sign_in_gives_oktas_words_and_ours() {
    let cases = [
        (
            "access_denied",
            "User is not assigned to the client application.",
            "allow you",
        ),
        (
            "access_denied",
            "Policy evaluation failed for this request, please check the policy configurations.",
            "no policy of the provider",
        ),
        (
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
            "--oidc-extra-scope",
        ),
        (
            "server_error",
            "The groups claim matched too many groups and must be configured to match fewer groups.",
            "narrow the groups claim",
        ),
        (
            "brand_new",
            "\u{1b}[31mA text with colour\u{7}",
            "the provider's log",
        ),
    ];
    for (error, description, hint) in cases {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.authorize_error = Some(AuthorizeError {
                error: error.to_owned(),
                description: description.to_owned(),
            });
        });
        let outcome = sandbox.get_token().run();
        outcome.fails(1, &["the provider refused the sign-in", error, hint]);
        assert!(!outcome.stderr.contains(['\u{1b}', '\u{7}']), "{outcome}");
    }
}

#[test]
fn a_refusal_is_told_in_three_lines() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| behaviour.assigned = false);
    insta::assert_snapshot!(sandbox.filtered(&sandbox.get_token().run()), @"
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the sign-in: access_denied: User is not assigned to the client application.
    stderr: hint: ask an administrator of the provider to allow you, or a group of yours, to use the app
    exit: 1
    ");
}

/// An issuer is compared to the letter, so it is also shown so: a URL without a path has no slash added.
#[test]
fn the_issuer_is_shown_as_it_was_given() {
    let sandbox = Sandbox::new();
    let issuer = sandbox.okta.org_issuer();
    let outcome = sandbox.get_token().with("--oidc-issuer-url", &issuer).run();
    let line = format!("signing in at {issuer} in your browser\n");
    assert!(outcome.stderr.contains(&line), "{outcome}");
}

#[test]
fn a_login_without_a_refresh_token_says_once_how_to_get_one() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().without("--oidc-extra-scope");
    let outcome = call.run();
    outcome.token();
    assert!(
        outcome.stderr.contains("add --oidc-extra-scope=offline_access"),
        "{outcome}"
    );
    assert_eq!(call.run().stderr, "");
}

#[test]
fn all_ports_taken_names_the_holder_and_what_to_register() {
    let sandbox = Sandbox::unattended();
    let port = free_port();
    let call = sandbox
        .get_token()
        .arg("--skip-open-browser")
        .with("--listen-address", &format!("127.0.0.1:{port}"));
    // A process that starts no other, which would hold the port too until it runs its own program.
    let (mut holder, _, _) = url_from_stderr(call.spawn());
    let outcome = call.arg("--oidc-extra-scope=email").run();
    outcome.fails(
        1,
        &[
            "no address is free",
            &format!("http://localhost:{port}"),
            "--listen-address",
        ],
    );
    if cfg!(target_os = "linux") {
        let named = format!("is taken by kubesesame (process {})", holder.id());
        assert!(outcome.stderr.contains(&named), "{outcome}");
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn the_second_listen_address_is_taken_when_the_first_is_not_free() {
    let sandbox = Sandbox::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let outcome = sandbox
        .get_token()
        .with("--listen-address", &format!("127.0.0.1:{port},127.0.0.1:0"))
        .run();
    outcome.token();
    let redirect = asked(&sandbox, Endpoint::Authorize);
    let redirect = query(&redirect, "redirect_uri").unwrap().to_owned();
    assert!(
        outcome.stderr.contains(&format!("127.0.0.1:{port} is taken by"))
            && outcome
                .stderr
                .contains(&format!("uses {redirect}, which has to be registered")),
        "{outcome}"
    );
}
