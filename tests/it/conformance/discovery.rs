//! Cases that the suite lacks: the discovery document.

use std::net::TcpListener;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::case::{Case, Played, accepts, all_came_out, play, refuses};
use super::found::{Found, of_sign_in};
use super::plays::{announce, at, document, fault};
use crate::support::Sandbox;
use okta::{Endpoint, Fault, FaultKind};

pub(super) static PLAYED: Played = LazyLock::new(|| play(&cases()));

fn cases() -> Vec<Case> {
    let mut cases = redirects_and_endpoints();
    cases.extend(issuers());
    cases.extend(documents());
    cases
}

fn redirects_and_endpoints() -> Vec<Case> {
    vec![
        accepts(
            "ours: a redirect within the provider's origin",
            "follow it for a document",
            redirected_within_the_origin,
        ),
        refuses(
            "ours: a redirect to another port",
            "send nothing there",
            "follows no redirect there",
            redirected_to_another_port,
        ),
        refuses(
            "ours: a redirect to another host",
            "send nothing there",
            "follows no redirect there",
            fault(
                Endpoint::Discovery,
                FaultKind::Redirect {
                    to: "https://evil.example/x".to_owned(),
                },
            ),
        ),
        refuses(
            "ours: a token endpoint of plain http",
            "refuse it (RFC 6749 3.2)",
            "is not https",
            document("token_endpoint", json!("http://example.com/token")),
        ),
        refuses(
            "ours: a `jwks_uri` of plain http",
            "refuse it",
            "is not https",
            document("jwks_uri", json!("http://example.com/keys")),
        ),
        accepts(
            "ours: a `jwks_uri` of another origin",
            "accept it, as some providers have one",
            keys_of_another_origin,
        ),
    ]
}

fn issuers() -> Vec<Case> {
    vec![
        refuses(
            "ours: an issuer with a slash at its end",
            "compare issuers to the letter (OpenID Connect Discovery 4.3)",
            "the discovery document is of issuer",
            || issued_as(|issuer| format!("{issuer}/")),
        ),
        refuses(
            "ours: an issuer with a scheme in capitals",
            "compare issuers to the letter (OpenID Connect Discovery 4.3)",
            "the discovery document is of issuer",
            || issued_as(|issuer| issuer.replace("http://", "HTTP://")),
        ),
        refuses(
            "ours: `issuer` twice, another one last",
            "refuse a document whose issuer is not clear (RFC 8259 4)",
            "the discovery document is of issuer",
            || issuer_twice(false),
        ),
        accepts(
            "ours: `issuer` twice, the right one last",
            "refuse a document whose issuer is not clear (RFC 8259 4)",
            || issuer_twice(true),
        )
        .differs("The last one counts, as for the API server, and it is the one that is compared"),
        refuses(
            "ours: an issuer with a user name",
            "refuse the setting",
            "issuer",
            || configured_as("https://user@login.example.com"),
        ),
        refuses(
            "ours: an issuer with a host that is not ASCII",
            "refuse the setting, since it may look like another",
            "issuer",
            || configured_as("https://lögin.example.com"),
        ),
        accepts(
            "ours: the right issuer after another one",
            "keep nothing of a document that was refused",
            right_after_another,
        ),
    ]
}

fn documents() -> Vec<Case> {
    vec![
        refuses(
            "ours: a document of 8 MiB",
            "stop reading at a limit",
            "more than 1048576 bytes",
            fault(Endpoint::Discovery, FaultKind::Huge),
        ),
        accepts(
            "ours: a document after a byte order mark",
            "ignore the mark (RFC 8259 8.1)",
            after_a_byte_order_mark,
        ),
        accepts(
            "ours: no `code_challenge_methods_supported`",
            "send a challenge by S256 all the same",
            at(|behaviour| behaviour.pkce_methods_advertised = false),
        ),
        refuses(
            "ours: no `jwks_uri`",
            "refuse the document",
            "it has no `jwks_uri`",
            document("jwks_uri", Value::Null),
        ),
        accepts(
            "ours: members of other types",
            "read the members that it needs",
            at(|behaviour| {
                announce(behaviour, "scopes_supported", json!("openid email"));
                announce(behaviour, "userinfo_endpoint", json!(5));
            }),
        ),
    ]
}

fn redirected_within_the_origin() -> Found {
    let sandbox = Sandbox::new();
    let to = format!("{}/.well-known/openid-configuration?again", sandbox.okta.issuer());
    let redirect = Fault::once(Endpoint::Discovery, FaultKind::Redirect { to });
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![redirect]);
    let outcome = sandbox.get_token().run();
    assert_eq!(sandbox.okta.count(Endpoint::Discovery), 2);
    of_sign_in(&sandbox, &outcome)
}

fn redirected_to_another_port() -> Found {
    let sandbox = Sandbox::new();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = format!("http://{}/x", elsewhere.local_addr().unwrap());
    let redirect = Fault::always(Endpoint::Discovery, FaultKind::Redirect { to });
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![redirect]);
    let outcome = sandbox.get_token().run();
    assert!(elsewhere.accept().is_err(), "nothing may go there");
    of_sign_in(&sandbox, &outcome)
}

fn keys_of_another_origin() -> Found {
    let sandbox = Sandbox::new();
    let other = sandbox.okta.issuer().replace("127.0.0.1", "localhost");
    sandbox
        .okta
        .behave(|behaviour| announce(behaviour, "jwks_uri", json!(format!("{other}/v1/keys"))));
    of_sign_in(&sandbox, &sandbox.get_token().run())
}

fn issued_as(change: fn(String) -> String) -> Found {
    let sandbox = Sandbox::new();
    let issuer = change(sandbox.okta.issuer());
    sandbox
        .okta
        .behave(|behaviour| announce(behaviour, "issuer", json!(issuer)));
    let outcome = sandbox.get_token().run();
    assert_eq!(sandbox.tabs(), 0);
    of_sign_in(&sandbox, &outcome)
}

/// The provider's own document, as text.
fn text_of_document(sandbox: &Sandbox) -> String {
    sandbox.get_token().run().token();
    let cached = std::fs::read(sandbox.cache_file(".provider.json")).unwrap();
    let documents: Value = serde_json::from_slice(&cached).unwrap();
    documents["metadata"]["body"].as_str().unwrap().to_owned()
}

/// Signs in for another session, while the discovery document is this text.
fn with_text(text: impl FnOnce(String) -> String) -> Found {
    let sandbox = Sandbox::new();
    let text = text(text_of_document(&sandbox));
    std::fs::remove_dir_all(sandbox.cache_dir()).unwrap();
    let raw = Fault::always(Endpoint::Discovery, FaultKind::Raw(text));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![raw]);
    of_sign_in(&sandbox, &sandbox.get_token().run())
}

fn issuer_twice(is_right_one_last: bool) -> Found {
    const OTHER: &str = r#""issuer":"https://evil.example""#;
    with_text(|text| {
        if is_right_one_last {
            text.replacen('{', &format!("{{{OTHER},"), 1)
        } else {
            format!("{},{OTHER}}}", text.trim_end().trim_end_matches('}'))
        }
    })
}

fn after_a_byte_order_mark() -> Found {
    with_text(|text| format!("\u{feff}{text}"))
}

fn configured_as(issuer: &str) -> Found {
    let sandbox = Sandbox::new();
    let outcome = sandbox.get_token().with("--oidc-issuer-url", issuer).run();
    assert_eq!(sandbox.okta.requests().len(), 0);
    of_sign_in(&sandbox, &outcome)
}

fn right_after_another() -> Found {
    let sandbox = Sandbox::new();
    let other = Fault::once(
        Endpoint::Discovery,
        FaultKind::Replace {
            field: "issuer".to_owned(),
            value: json!("https://evil.example"),
        },
    );
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![other]);
    sandbox.get_token().run().fails(1, &["is of issuer"]);
    of_sign_in(&sandbox, &sandbox.get_token().run())
}

#[test]
fn documents_come_out_as_their_table_says() {
    all_came_out(&PLAYED);
}
