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
    let cases = [
        (
            FaultKind::status(404, FaultBody::Okta),
            "HTTP 404",
            "--oidc-issuer-url",
        ),
        (
            FaultKind::status(503, FaultBody::Empty),
            "HTTP 503",
            "try again later",
        ),
        (FaultKind::status(429, FaultBody::Okta), "HTTP 429", "try again"),
        (
            FaultKind::status(403, FaultBody::Html),
            "not with JSON",
            "captive",
        ),
        (
            FaultKind::Redirect {
                to: "https://evil.example/x".to_owned(),
            },
            "redirects to https://evil.example/x",
            "issuer",
        ),
        (FaultKind::BrokenJson, "discovery document", "OpenID Connect"),
        (
            FaultKind::Raw(String::new()),
            "answered with nothing",
            "--oidc-issuer-url",
        ),
        (
            FaultKind::Raw("[]".to_owned()),
            "with a JSON list",
            "--oidc-issuer-url",
        ),
        (
            FaultKind::Raw("<html><title>Wi-Fi for guests</title></html>".to_owned()),
            "not with JSON: Wi-Fi for guests",
            "captive",
        ),
        (
            FaultKind::status(431, FaultBody::Empty),
            "HTTP 431",
            "--oidc-request-header",
        ),
        (
            FaultKind::Missing("jwks_uri".to_owned()),
            "jwks_uri",
            "OpenID Connect",
        ),
        (FaultKind::Huge, "more than 1048576 bytes", "--oidc-issuer-url"),
    ];
    for (fault, words, hint) in cases {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Discovery, fault)]);
        sandbox.get_token().run().fails(1, &[words, hint]);
        assert_eq!(sandbox.tabs(), 0);
    }
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
fn a_json_404_is_a_404() {
    let sandbox = Sandbox::new();
    let missing = FaultBody::OAuth {
        error: "Realm does not exist".to_owned(),
        description: String::new(),
    };
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![Fault::always(
            Endpoint::Discovery,
            FaultKind::status(404, missing),
        )];
    });
    sandbox
        .get_token()
        .run()
        .fails(1, &["HTTP 404: Realm does not exist", "--oidc-issuer-url"]);
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
        (FaultKind::status(500, FaultBody::Okta), "HTTP 500"),
        (
            FaultKind::Raw(r#"{"keys":[]}"#.to_owned()),
            "no key that can verify",
        ),
        (FaultKind::BrokenJson, "key set"),
        (FaultKind::status(404, FaultBody::Html), "not with JSON"),
    ];
    for (fault, words) in cases {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Keys, fault)]);
        sandbox.get_token().run().fails(1, &[words]);
        assert_eq!(sandbox.cache_files(".session.json").len(), 0);
    }
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
