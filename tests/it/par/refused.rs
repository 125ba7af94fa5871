//! Pushed authorization requests that cannot be sent, or that the provider does not take.

use serde_json::{Value, json};

use super::{announce, provider, requests_to};
use crate::support::{Call, Sandbox};
use okta::{Behaviour, Endpoint, Fault, FaultBody, FaultKind, Par};

/// What goes wrong, the flags, and what is changed at the provider.
type Case = (&'static str, &'static [&'static str], fn(&mut Behaviour));

const CASES: [Case; 8] = [
    (
        "never, and the provider requires it",
        &["--oidc-par=never"],
        |_| (),
    ),
    (
        "the org does not have the feature",
        &["--oidc-par=always"],
        |behaviour| {
            behaviour.par.mode = Par::Absent;
        },
    ),
    ("a redirect URI that is not registered", &[], |behaviour| {
        behaviour.redirect_uris.clear();
    }),
    (
        "a scope that the provider does not have",
        &["--oidc-extra-scope=nonsense"],
        |_| (),
    ),
    ("no request_uri", &[], |behaviour| {
        fail(behaviour, FaultKind::Missing("request_uri".to_owned()));
    }),
    ("a request_uri that clears the screen", &[], |behaviour| {
        let value = json!("urn:x:\u{1b}[2J");
        fail(
            behaviour,
            FaultKind::Replace {
                field: "request_uri".to_owned(),
                value,
            },
        );
    }),
    ("a page in place of a response", &[], |behaviour| {
        fail(behaviour, FaultKind::status(502, FaultBody::Html));
    }),
    ("a redirect", &[], |behaviour| {
        let to = "https://elsewhere.example/par".to_owned();
        fail(behaviour, FaultKind::Redirect { to });
    }),
];

fn with_args(sandbox: &Sandbox, args: &[&str]) -> Call {
    args.iter().fold(sandbox.get_token(), |call, arg| call.arg(arg))
}

fn fail(behaviour: &mut Behaviour, kind: FaultKind) {
    behaviour.faults = vec![Fault::always(Endpoint::Par, kind)];
}

#[test]
fn an_endpoint_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let member = "pushed_authorization_request_endpoint";
    let mut told = String::new();
    for (heading, value) in [
        ("absent", Value::Null),
        ("http", json!("http://provider.example/par")),
        ("with a user name", json!("https://me:x@provider.example/par")),
        ("no text", json!(["https://provider.example/par"])),
    ] {
        let sandbox = provider(Par::Supported);
        announce(&sandbox, member, value);
        let outcome = sandbox.get_token().arg("--oidc-par=always").run();
        told += &sandbox.told(heading, &outcome);
        assert_eq!(
            (sandbox.tabs(), requests_to(&sandbox, Endpoint::Par).len()),
            (0, 0)
        );
        // Without need it does not matter.
        sandbox.get_token().run().token();
    }
    insta::assert_snapshot!(told, @"
    absent
    stderr: error: the provider has no endpoint for pushed authorization requests
    stderr: hint: leave out --oidc-par=always; if the provider takes no other requests, ask whoever runs it: its discovery document needs `pushed_authorization_request_endpoint`
    exit: 1

    http
    stderr: error: the discovery document at [ISSUER]/.well-known/openid-configuration cannot be used: `pushed_authorization_request_endpoint` is not https
    stderr: hint: check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect rules
    exit: 1

    with a user name
    stderr: error: the discovery document at [ISSUER]/.well-known/openid-configuration cannot be used: `pushed_authorization_request_endpoint` has a user name
    stderr: hint: check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect rules
    exit: 1

    no text
    stderr: error: the discovery document at [ISSUER]/.well-known/openid-configuration cannot be used: `pushed_authorization_request_endpoint` is no text
    stderr: hint: check --oidc-issuer-url; if it is right, ask whoever runs the provider: the document breaks the OpenID Connect rules
    exit: 1
    ");
}

#[test]
fn a_demand_that_cannot_be_met_is_told_and_not_remembered() {
    let sandbox = provider(Par::RequiredUnannounced);
    announce(&sandbox, "pushed_authorization_request_endpoint", Value::Null);
    let call = sandbox.get_token().at_terminal();
    for tabs in 1..=2 {
        let outcome = call.run();
        outcome.fails(
            1,
            &[
                "takes only pushed authorization requests, and announces no endpoint",
                "its discovery document needs",
            ],
        );
        assert!(!outcome.stderr.contains("--oidc-par"), "{outcome}");
        // Each asks anew, in a browser.
        assert_eq!(sandbox.tabs(), tabs);
    }
    sandbox.okta.behave(|behaviour| behaviour.par.mode = Par::Absent);
    call.run().token();
}

#[test]
fn what_goes_wrong_is_told_with_its_cause() {
    let mut told = String::new();
    for (heading, args, change) in CASES {
        let sandbox = provider(Par::Required);
        sandbox.okta.behave(change);
        let outcome = with_args(&sandbox, args).run();
        outcome.fails(1, &[]);
        told += &sandbox.told(heading, &outcome);
        assert!(requests_to(&sandbox, Endpoint::Token).is_empty(), "{heading}");
    }
    insta::assert_snapshot!(told, @"
    never, and the provider requires it
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the sign-in: invalid_request: Pushed authorization requests are required by the client.
    stderr: hint: leave out --oidc-par=never; if it is not there, the request was pushed, and whoever runs the provider has to see why it is refused
    exit: 1

    the org does not have the feature
    stderr: error: the provider takes no pushed authorization requests
    stderr: caused by: [ISSUER]/v1/par answered with HTTP 403: E0000015: You do not have permission to access the feature you are requesting (request id [ID])
    stderr: hint: turn pushed authorization requests (PAR) on at the provider, for the org and the app, or go without --oidc-par=always
    exit: 1

    a redirect URI that is not registered
    stderr: error: the provider refused the authorization request that was pushed to it: invalid_request: The 'redirect_uri' parameter must be a Login redirect URI in the client app settings. (request id [ID])
    stderr: hint: add the redirect URI, to the letter, to the app's redirect URIs at the provider
    exit: 1

    a scope that the provider does not have
    stderr: error: the provider refused the authorization request that was pushed to it: invalid_scope: One or more scopes are not configured for the authorization server resource. (request id [ID])
    stderr: hint: a scope does not exist at the provider: remove it from --oidc-extra-scope
    exit: 1

    no request_uri
    stderr: error: the answer of [ISSUER]/v1/par cannot be used: it has no `request_uri`
    stderr: hint: ask whoever runs the provider; its answer breaks the rules of OAuth
    exit: 1

    a request_uri that clears the screen
    stderr: error: the answer of [ISSUER]/v1/par cannot be used: it has no usable `request_uri`
    stderr: hint: ask whoever runs the provider; its answer breaks the rules of OAuth
    exit: 1

    a page in place of a response
    stderr: error: [ISSUER]/v1/par answered with HTTP 502 (request id [ID])
    stderr: hint: try again later
    exit: 1

    a redirect
    stderr: error: [ISSUER]/v1/par redirects to https://elsewhere.example/par, and kubesesame follows no redirect there
    stderr: hint: a network's sign-in page or a proxy may stand in between: check network, VPN and proxy; if the provider has moved there, give its new issuer, as your cluster has it
    exit: 1
    ");
}
