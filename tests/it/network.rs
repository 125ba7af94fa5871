//! A provider that is down, slow, broken or not the one that was meant.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::json;

use crate::support::{Outcome, Sandbox, free_port};
use okta::{Endpoint, Fault, FaultBody, FaultKind};

#[test]
fn a_provider_that_is_down_is_named() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", &format!("http://127.0.0.1:{}", free_port()));
    call.run().fails(
        1,
        &[
            "cannot reach http://127.0.0.1:",
            "hint: nothing answers there on this machine",
        ],
    );
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn an_unknown_host_is_named() {
    let sandbox = Sandbox::new();
    // RFC 2606 promises that this name never exists; a resolver that is down gives the same words.
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", "https://okta.invalid/oauth2/default");
    call.run()
        .fails(1, &["cannot find the host of https://okta.invalid/", "typo"]);
}

#[test]
fn failures_of_discovery_are_told_apart() {
    let no_realm = FaultBody::OAuth {
        error: "Realm does not exist".to_owned(),
        description: String::new(),
    };
    let cases = [
        ("not found", FaultKind::status(404, FaultBody::Okta)),
        ("not found, by another server", FaultKind::status(404, no_realm)),
        ("down", FaultKind::status(503, FaultBody::Empty)),
        ("too many headers", FaultKind::status(431, FaultBody::Empty)),
        (
            "a redirect to somewhere else",
            FaultKind::Redirect {
                to: "https://evil.example/x".to_owned(),
            },
        ),
        ("far too much", FaultKind::Huge),
    ];
    insta::assert_snapshot!(Sandbox::told_of_faults(Endpoint::Discovery, cases), @"
    not found
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with HTTP 404: E0000007: Not found: Resource not found: (AuthorizationServer) (request id [ID])
    stderr: hint: check --oidc-issuer-url for a typo
    exit: 1

    not found, by another server
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with HTTP 404: Realm does not exist (request id [ID])
    stderr: hint: check --oidc-issuer-url for a typo
    exit: 1

    down
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with HTTP 503 (request id [ID])
    stderr: hint: try again later
    exit: 1

    too many headers
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with HTTP 431 and no content type, not with JSON
    stderr: hint: the request is too large for the server or the proxy in front of it: its headers (--oidc-request-header), or a refresh token that has grown with cookies or the user's groups; whoever runs it can raise the limit
    exit: 1

    a redirect to somewhere else
    stderr: error: [ISSUER]/.well-known/openid-configuration redirects to https://evil.example/x, and kubesesame follows no redirect there
    stderr: hint: a network's sign-in page or a proxy may stand in between: check network, VPN and proxy; if the provider has moved there, give its new issuer, as your cluster has it
    exit: 1

    far too much
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with more than 1048576 bytes
    stderr: hint: check --oidc-issuer-url; if it is right, ask whoever runs the provider or the proxy in front of it
    exit: 1
    ");
}

#[test]
fn answers_that_are_no_discovery_document_are_told_apart() {
    let cases = [
        ("a proxy's page", FaultKind::status(403, FaultBody::Html)),
        (
            "a page of a network",
            FaultKind::Raw("<html><title>Wi-Fi for guests</title></html>".to_owned()),
        ),
        ("broken JSON", FaultKind::BrokenJson),
        ("nothing", FaultKind::Raw(String::new())),
        ("a list", FaultKind::Raw("[]".to_owned())),
        ("no key set", FaultKind::Missing("jwks_uri".to_owned())),
    ];
    insta::assert_snapshot!(Sandbox::told_of_faults(Endpoint::Discovery, cases), @"
    a proxy's page
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with HTTP 403 and text/html; charset=utf-8, not with JSON: <html><body><h1>403 Service Unavailable</h1><p>proxy.example</p></body></html>
    stderr: hint: something else answers there: a wrong --oidc-issuer-url, a proxy, or the sign-in page of a network (captive portal)
    exit: 1

    a page of a network
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with HTTP 200 and application/json, not with JSON: Wi-Fi for guests
    stderr: hint: something else answers there: a wrong --oidc-issuer-url, a proxy, or the sign-in page of a network (captive portal)
    exit: 1

    broken JSON
    stderr: error: the discovery document at [ISSUER]/.well-known/openid-configuration cannot be used: it is no JSON object
    stderr: hint: check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect rules
    exit: 1

    nothing
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with nothing, not with a JSON object
    stderr: hint: check --oidc-issuer-url and the proxy in front of it; the provider has to send its documents as JSON objects
    exit: 1

    a list
    stderr: error: [ISSUER]/.well-known/openid-configuration answered with a JSON list, not with a JSON object
    stderr: hint: check --oidc-issuer-url and the proxy in front of it; the provider has to send its documents as JSON objects
    exit: 1

    no key set
    stderr: error: the discovery document at [ISSUER]/.well-known/openid-configuration cannot be used: it has no `jwks_uri`
    stderr: hint: check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect rules
    exit: 1
    ");
}

#[test]
fn a_provider_that_is_asked_too_often_says_when_to_ask_again() {
    let sandbox = Sandbox::new();
    let fault = Fault::always(Endpoint::Discovery, FaultKind::status(429, FaultBody::Okta));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    sandbox
        .get_token()
        .run()
        .fails(1, &["HTTP 429", "hint: try again in 1 min (after 20"]);
    assert_eq!(sandbox.tabs(), 0);
}

/// The web server in front of a provider may want another spelling of the path.
#[test]
fn a_redirect_within_the_provider_s_own_origin_is_followed_for_documents() {
    for (endpoint, path) in [
        (Endpoint::Discovery, ".well-known/openid-configuration"),
        (Endpoint::Keys, "v1/keys"),
    ] {
        let sandbox = Sandbox::new();
        let again = format!("{}/{path}?again", sandbox.okta.issuer());
        sandbox.okta.behave(|behaviour| {
            behaviour.faults = vec![Fault::once(endpoint, FaultKind::Redirect { to: again })];
        });
        sandbox.get_token().run().token();
        assert_eq!(sandbox.okta.count(endpoint), 2);
    }
}

#[test]
fn redirects_without_end_or_to_another_port_are_told() {
    let sandbox = Sandbox::new();
    let itself = format!("{}/.well-known/openid-configuration", sandbox.okta.issuer());
    let redirects = |to: &str| {
        let to = to.to_owned();
        sandbox.okta.behave(|behaviour| {
            behaviour.faults = vec![Fault::always(Endpoint::Discovery, FaultKind::Redirect { to })];
        });
        sandbox.okta.clear_requests();
        sandbox.get_token().run()
    };
    redirects(&itself).fails(1, &[&itself, "redirects without end"]);
    assert_eq!(sandbox.okta.count(Endpoint::Discovery), 1);
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let other_port = format!("http://{}/x", elsewhere.local_addr().unwrap());
    redirects(&other_port).fails(1, &[&itself, &format!("redirects to {other_port}")]);
    assert!(elsewhere.accept().is_err(), "nothing may go there");
}

#[test]
fn a_proxy_that_nobody_can_find_is_told_apart_from_the_provider() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", "https://okta.invalid")
        .env("HTTPS_PROXY", "http://proxy.invalid:3128");
    call.run().fails(
        1,
        &["cannot find the proxy `proxy.invalid`", "correct HTTPS_PROXY"],
    );
}

#[test]
fn an_issuer_that_differs_is_shown_beside_the_one_that_was_asked() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.discovery.insert(
            "issuer".to_owned(),
            json!("https://login.example.com/oauth2/default"),
        );
    });
    insta::assert_snapshot!(sandbox.filtered(&sandbox.get_token().run()), @"
    stderr: error: the discovery document is of issuer `https://login.example.com/oauth2/default`, not of `[ISSUER]`
    stderr: hint: use --oidc-issuer-url=https://login.example.com/oauth2/default here and in the API server, if that is the provider you mean
    exit: 1
    ");
    let with_slash = format!("{}/", sandbox.okta.issuer());
    sandbox.okta.behave(|behaviour| {
        behaviour.discovery.insert("issuer".to_owned(), json!(with_slash));
    });
    sandbox
        .get_token()
        .run()
        .fails(1, &["only the slash at the end differs"]);
}

#[test]
fn endpoints_that_leave_for_plain_http_are_refused() {
    for endpoint in ["token_endpoint", "jwks_uri", "authorization_endpoint"] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour
                .discovery
                .insert(endpoint.to_owned(), json!("http://example.com/x"));
        });
        sandbox.get_token().run().fails(1, &[endpoint, "is not https"]);
        assert_eq!(sandbox.tabs(), 0);
    }
}

#[test]
fn a_failing_key_set_fails_the_login() {
    let cases = [
        ("down", FaultKind::status(500, FaultBody::Okta)),
        ("no keys", FaultKind::Raw(r#"{"keys":[]}"#.to_owned())),
        ("another document", FaultKind::Raw(r#"{"jwks":[]}"#.to_owned())),
        ("broken JSON", FaultKind::BrokenJson),
        ("a proxy's page", FaultKind::status(404, FaultBody::Html)),
    ];
    insta::assert_snapshot!(Sandbox::told_of_faults(Endpoint::Keys, cases), @"
    down
    stderr: signing in at [ISSUER] in your browser
    stderr: error: [ISSUER]/v1/keys answered with HTTP 500: E0000009: Internal Server Error (request id [ID])
    stderr: hint: try again later
    exit: 1

    no keys
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the key set at [ISSUER]/v1/keys cannot be used: it has no key that can verify a signature
    stderr: hint: ask whoever runs the provider; its documents break the OpenID Connect rules
    exit: 1

    another document
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the key set at [ISSUER]/v1/keys cannot be used: it is no key set (JWK Set): it has no list `keys`
    stderr: hint: ask whoever runs the provider; its documents break the OpenID Connect rules
    exit: 1

    broken JSON
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the key set at [ISSUER]/v1/keys cannot be used: it is no JSON
    stderr: hint: ask whoever runs the provider; its documents break the OpenID Connect rules
    exit: 1

    a proxy's page
    stderr: signing in at [ISSUER] in your browser
    stderr: error: [ISSUER]/v1/keys answered with HTTP 404 and text/html; charset=utf-8, not with JSON: <html><body><h1>404 Service Unavailable</h1><p>proxy.example</p></body></html>
    stderr: hint: something else answers there: a wrong --oidc-issuer-url, a proxy, or the sign-in page of a network (captive portal)
    exit: 1
    ");
}

#[test]
fn a_redirecting_token_endpoint_gets_no_second_request() {
    let sandbox = Sandbox::new();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = format!("http://{}/token", elsewhere.local_addr().unwrap());
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![Fault::always(Endpoint::Token, FaultKind::Redirect { to })];
    });
    sandbox.get_token().run().fails(1, &["redirects to"]);
    assert!(
        elsewhere.accept().is_err(),
        "nothing may go to where it redirects"
    );
}

/// Reads one request's head; false at the end of the connection.
fn request(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return false;
        }
        head.push(byte[0]);
    }
    true
}

/// A discovery document of another issuer: the failure shows that it was read.
const ELSEWHERE: &[u8] = br#"{"issuer":"https://elsewhere.example"}"#;
const READ: &[&str] = &["is of issuer `https://elsewhere.example`"];

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// What a call says to a server that does this.
fn outcome(serve: impl FnOnce(TcpListener) + Send + 'static) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || serve(listener));
    let sandbox = Sandbox::unattended();
    sandbox.get_token().with("--oidc-issuer-url", &issuer).run()
}

fn outcome_of_answer(answer: Vec<u8>) -> Outcome {
    outcome(move |listener| {
        let mut stream = listener.accept().unwrap().0;
        request(&mut stream);
        stream.write_all(&answer).unwrap();
    })
}

#[test]
fn a_document_that_is_sent_as_gzip_is_read_and_another_encoding_is_named() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(ELSEWHERE).unwrap();
    let gzip = encoder.finish().unwrap();
    for name in ["gzip", "x-gzip"] {
        let headers = format!("content-encoding: {name}\r\n");
        outcome_of_answer(answer(&headers, &gzip)).fails(1, READ);
    }
    outcome_of_answer(answer("content-encoding: br\r\n", b"\x0b\x02"))
        .fails(1, &["the content encoding `br`", "unencoded or as gzip"]);
    outcome_of_answer(answer("content-encoding: gzip\r\n", ELSEWHERE)).fails(1, &["its gzip is broken"]);
}

#[test]
fn an_answer_with_two_hundred_headers_is_read() {
    let headers = "x-header: v\r\n".repeat(200);
    outcome_of_answer(answer(&headers, ELSEWHERE)).fails(1, READ);
}

#[test]
fn a_get_is_repeated_once_if_its_reused_connection_ends_without_an_answer() {
    let redirect = |stream: &mut TcpStream| {
        request(stream);
        let answer = "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        request(stream)
    };
    let repeated = outcome(move |listener| {
        assert!(redirect(&mut listener.accept().unwrap().0));
        let mut second = listener.accept().unwrap().0;
        request(&mut second);
        second.write_all(&answer("", ELSEWHERE)).unwrap();
    });
    repeated.fails(1, READ);
    let given_up = outcome(move |listener| {
        assert!(redirect(&mut listener.accept().unwrap().0));
        request(&mut listener.accept().unwrap().0);
        // A third attempt would be answered.
        let mut third = listener.accept().unwrap().0;
        request(&mut third);
        third.write_all(&answer("", ELSEWHERE)).unwrap();
    });
    given_up.fails(1, &["cannot reach"]);
}
