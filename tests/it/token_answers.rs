//! What the token endpoint and the documents may lack or have too much of.

use crate::support::Sandbox;
use okta::{Endpoint, Fault, FaultKind};

#[test]
fn token_answers_that_lack_something_are_named() {
    let raw = |text: &str| FaultKind::Raw(text.to_owned());
    let cases = [
        ("no ID token", FaultKind::Missing("id_token".to_owned())),
        (
            "an ID token that is no text",
            FaultKind::Replace {
                field: "id_token".to_owned(),
                value: serde_json::json!({"a": 1}),
            },
        ),
        ("an empty object", raw("{}")),
        ("a list", raw("[]")),
        (
            "an error in an object",
            raw(r#"{"error":{"code":"invalid_grant","message":"in an object"}}"#),
        ),
        (
            "an error with status 200",
            raw(r#"{"error":"invalid_grant","error_description":"in a 200"}"#),
        ),
    ];
    insta::assert_snapshot!(Sandbox::told_of_faults(Endpoint::Token, cases), @"
    no ID token
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider sent no ID token
    stderr: hint: the provider has to grant the scope `openid` to this app; a program that signs in for itself needs --oidc-use-access-token
    exit: 1

    an ID token that is no text
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the answer of [ISSUER]/v1/token cannot be used: `id_token` is no text
    stderr: hint: ask whoever runs the provider; its answer breaks the rules of OAuth
    exit: 1

    an empty object
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the answer of [ISSUER]/v1/token cannot be used: it has neither tokens nor an error
    stderr: hint: ask whoever runs the provider; its answer breaks the rules of OAuth
    exit: 1

    a list
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the answer of [ISSUER]/v1/token cannot be used: it is no JSON object
    stderr: hint: ask whoever runs the provider; its answer breaks the rules of OAuth
    exit: 1

    an error in an object
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the request for tokens: invalid_grant: in an object (request id [ID])
    stderr: hint: run the command again to sign in anew
    exit: 1

    an error with status 200
    stderr: signing in at [ISSUER] in your browser
    stderr: error: the provider refused the request for tokens: invalid_grant: in a 200 (request id [ID])
    stderr: hint: run the command again to sign in anew
    exit: 1
    ");
}

/// What a call does not use cannot fail it.
#[test]
fn an_answer_with_an_id_token_is_enough_whatever_stands_beside_it() {
    let replaced = |field: &str, value: serde_json::Value| FaultKind::Replace {
        field: field.to_owned(),
        value,
    };
    let mut faults: Vec<FaultKind> = [
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "refresh_token",
    ]
    .iter()
    .map(|field| FaultKind::Missing((*field).to_owned()))
    .collect();
    faults.extend([
        replaced("token_type", "DPoP".into()),
        replaced("token_type", serde_json::Value::Null),
        replaced("expires_in", "3599".into()),
        replaced("expires_in", 3599.5.into()),
        replaced("expires_in", "soon".into()),
        replaced("scope", serde_json::json!(["openid"])),
        replaced("refresh_token", serde_json::Value::Null),
        replaced("access_token", serde_json::json!([])),
        FaultKind::WrongContentType,
    ]);
    for fault in faults {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| {
            behaviour.faults = vec![Fault::once(Endpoint::Token, fault.clone())];
        });
        let outcome = sandbox.get_token().run();
        assert_eq!(outcome.code, Some(0), "{fault:?}: {outcome}");
    }
}

#[test]
fn documents_are_known_by_their_content_and_read_member_by_member() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        for (name, value) in [
            ("token_endpoint_auth_methods_supported", serde_json::json!("none")),
            ("scopes_supported", serde_json::json!("openid email")),
            ("device_authorization_endpoint", "".into()),
            ("authorization_response_iss_parameter_supported", "false".into()),
            ("userinfo_endpoint", "/relative".into()),
        ] {
            behaviour.discovery.insert(name.to_owned(), value);
        }
        behaviour.extra_keys = vec![
            serde_json::json!({"kty": "unheard-of", "use": 5}),
            serde_json::json!("no key"),
            serde_json::Value::Null,
        ];
        behaviour.faults = vec![
            Fault::once(Endpoint::Discovery, FaultKind::WrongContentType),
            Fault::once(Endpoint::Keys, FaultKind::WrongContentType),
        ];
    });
    sandbox.get_token().run().token();
}
