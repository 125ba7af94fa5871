//! Secrets that the provider sends back: they are redacted wherever they occur.

use crate::support::Sandbox;
use okta::{Endpoint, Fault, FaultBody, FaultKind};

/// An encoder may escape any character of what it repeats: Go `&`, PHP `/`, others whatever is not ASCII.
#[test]
fn a_secret_that_the_provider_repeats_is_told_and_kept_nowhere() {
    let password = "Tr0ub4dor&3/\u{e4}y";
    for (body, words) in [
        (
            r#"{"error":"invalid_grant","error_description":"bad: Tr0ub4dor\u0026\u0033\/\u00e4y"}"#,
            "bad: …",
        ),
        (
            "error=invalid_grant&error_description=bad:+Tr0ub4dor%263%2f%c3%a4y",
            "bad: …",
        ),
        (
            r#"{"error":"invalid_request","error_description":"key HEADER\/SECRET1 is over"}"#,
            "key … is over",
        ),
        (
            r#"{"error":"invalid_request","error_description":"token BEARER\u0026SECRET is over"}"#,
            "token … is over",
        ),
    ] {
        let sandbox = Sandbox::unattended();
        let fault = Fault::always(Endpoint::Token, FaultKind::Raw(body.to_owned()));
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let call = sandbox
            .get_token()
            .arg("--username=alice@example.com")
            .arg(&format!("--password={password}"))
            .arg("--oidc-request-header=X-Api-Key=HEADER/SECRET1")
            .arg("--oidc-request-header=X-Auth=Bearer BEARER&SECRET");
        for _ in 0..2 {
            let outcome = call.clone().arg("-v=9").run();
            assert_ne!(outcome.code, Some(0), "{outcome}");
            assert!(outcome.stderr.contains(words), "{outcome}");
            assert!(
                !outcome.stderr.contains("SECRET") && !outcome.stderr.contains("Tr0ub"),
                "{outcome}"
            );
        }
        for file in sandbox.cache_files("") {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            assert!(
                !text.contains("SECRET") && !text.contains("Tr0ub"),
                "{}",
                file.display()
            );
        }
    }
}

/// Beside the body: the address of a redirect, the content type, a token.
#[test]
fn a_secret_that_comes_back_beside_the_body_is_told_nowhere() {
    let answer = FaultKind::Answer {
        code: 404,
        content_type: "text/x-Tr0ub4dor-SECRET".to_owned(),
        body: "no".to_owned(),
    };
    let redirect = FaultKind::Redirect {
        to: "/login/Tr0ub4dor-SECRET".to_owned(),
    };
    let payload = serde_json::json!({
        "iss": "https://i/Tr0ub4dor-SECRET", "sub": "s", "aud": "c", "exp": 4_000_000_000_i64, "iat": 1,
    });
    let payload = data_encoding::BASE64URL_NOPAD.encode(payload.to_string().as_bytes());
    let token = FaultKind::Replace {
        field: "id_token".to_owned(),
        value: format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln").into(),
    };
    for (fault, words) in [
        (answer, "and text/x-..., not"),
        (redirect, "redirects to /login/..., and"),
        (token, "its issuer is `https://i/…`"),
    ] {
        let sandbox = Sandbox::unattended();
        let user = sandbox.okta.behaviour().user.login;
        sandbox.okta.behave(|behaviour| {
            behaviour.user.password = "Tr0ub4dor-SECRET".to_owned();
            behaviour.faults = vec![Fault::always(Endpoint::Token, fault)];
        });
        let call = sandbox.get_token().arg("--grant-type=password").arg("-v=9");
        let call = call
            .arg(&format!("--username={user}"))
            .arg("--password=Tr0ub4dor-SECRET");
        let outcome = call.run();
        outcome.fails(1, &[words]);
        assert!(!outcome.stderr.contains("Tr0ub"), "{outcome}");
    }
}

/// The keys are fetched right after the password was sent.
#[test]
fn a_secret_that_the_answer_to_the_next_request_repeats_is_told_nowhere() {
    for body in [
        r#"{"error":"x","error_description":"seen Tr0ub4dor-SECRET"}"#,
        "seen Tr0ub4dor-SECRET",
    ] {
        let sandbox = Sandbox::unattended();
        let user = sandbox.okta.behaviour().user.login;
        let answer = FaultKind::Answer {
            code: 400,
            content_type: if body.starts_with('{') {
                "application/json"
            } else {
                "text/plain"
            }
            .to_owned(),
            body: body.to_owned(),
        };
        sandbox.okta.behave(|behaviour| {
            behaviour.user.password = "Tr0ub4dor-SECRET".to_owned();
            behaviour.faults = vec![Fault::always(Endpoint::Keys, answer)];
        });
        let call = sandbox.get_token().arg("--grant-type=password").arg("-v=9");
        let call = call
            .arg(&format!("--username={user}"))
            .arg("--password=Tr0ub4dor-SECRET");
        let outcome = call.run();
        outcome.fails(1, &["/v1/keys"]);
        assert!(!outcome.stderr.contains("Tr0ub"), "{outcome}");
    }
}

/// In an address that the provider names: the target of a redirect, an endpoint, the name of a parameter.
#[test]
fn a_secret_in_an_address_of_the_provider_is_told_and_kept_nowhere() {
    let endpoint = |field: &str, address: &str| FaultKind::Replace {
        field: field.to_owned(),
        value: address.into(),
    };
    let redirect = FaultKind::Redirect {
        to: "/gone/SECRET-Header?SECRET-Header=1".to_owned(),
    };
    let sandbox = Sandbox::unattended();
    let origin = sandbox.okta.origin();
    for (fault, words) in [
        (redirect, "/gone/..."),
        (
            endpoint(
                "jwks_uri",
                &format!("{origin}/keys/SECRET-Header?p=1&SECRET-Header=1"),
            ),
            "/keys/...",
        ),
        (
            endpoint("token_endpoint", &format!("{origin}/SECRET%2dPassword/token")),
            "/.../token",
        ),
    ] {
        let user = sandbox.okta.behaviour().user.login;
        sandbox.okta.behave(|behaviour| {
            behaviour.user.password = "SECRET-Password".to_owned();
            behaviour.faults = vec![Fault::always(Endpoint::Discovery, fault)];
        });
        let call = sandbox
            .get_token()
            .arg("--grant-type=password")
            .arg(&format!("--username={user}"))
            .arg("--password=SECRET-Password")
            .arg("--oidc-request-header=X-Api-Key=SECRET-Header");
        for level in ["-v=0", "-v=9"] {
            let outcome = call.clone().in_new_command().arg(level).run();
            outcome.fails(1, &[words]);
            assert!(!outcome.stderr.contains("SECRET"), "{outcome}");
        }
        let notes = [
            sandbox.cache_files(".passing.json"),
            sandbox.cache_files(".failure.json"),
        ];
        for file in notes.concat() {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!text.contains("SECRET"), "{}: {text}", file.display());
        }
    }
}

/// Whoever reads it could fetch the tokens. What is far too long for an address would fill the screen.
#[test]
fn an_answer_that_repeats_the_code_of_the_device_or_is_far_too_long_is_not_shown() {
    const CODE: &str = "DEVICE-SECRET-0123456789";
    const PLAIN: &str = "https://i.example/activate";
    const CODE_IN_ADDRESS: &str = "its `verification_uri` has the `device_code` in it";
    let long = format!("https://i.example/?user_code=WDJB-MJHT&{}", "a".repeat(2048));
    let user_code = "WDJB-MJHT";
    for (user_code, plain, complete, refusal) in [
        (
            CODE,
            PLAIN,
            None,
            Some("its `user_code` has the `device_code` in it"),
        ),
        (
            user_code,
            "https://i.example/?d=DEVICE-SECRET-0123456789",
            None,
            Some(CODE_IN_ADDRESS),
        ),
        (
            user_code,
            "https://i.example/%44EVICE-SECRET-0123456789",
            None,
            Some(CODE_IN_ADDRESS),
        ),
        (user_code, &long, None, Some("is longer than 2048 characters")),
        (
            user_code,
            PLAIN,
            Some("https://i.example/?d=DEVICE-SECRET-0123456789"),
            None,
        ),
        (
            user_code,
            PLAIN,
            Some("https://i.example/?d=DEVICE%2DSECRET-0123456789"),
            None,
        ),
        (user_code, PLAIN, Some(&*long), None),
    ] {
        let answer = serde_json::json!({
            "device_code": CODE, "user_code": user_code, "verification_uri": plain,
            "verification_uri_complete": complete, "interval": 1, "expires_in": 60,
        });
        let raw = FaultKind::Raw(answer.to_string());
        let sandbox = Sandbox::unattended();
        let fault = Fault::once(Endpoint::DeviceAuthorize, raw);
        sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
        let outcome = sandbox.get_token().arg("--grant-type=device-code").run();
        // The mock knows no such device code.
        outcome.fails(1, &[refusal.unwrap_or("invalid_grant")]);
        assert!(!outcome.stderr.contains("SECRET"), "{outcome}");
        assert!(outcome.stderr.len() < 1500, "{outcome}");
        let shown = "https://i.example/activate with the code WDJB-MJHT";
        assert_eq!(outcome.stderr.contains(shown), refusal.is_none(), "{outcome}");
        if refusal.is_some() {
            assert_eq!(sandbox.tabs(), 0, "{outcome}");
        }
    }
}

/// A header value is redacted wherever it is sent back. The code of a fault decides whether the session stays, and reveals nothing.
#[test]
fn a_header_value_that_occurs_in_the_code_of_a_fault_ends_no_session() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().arg("--oidc-request-header=X-Zone=internal");
    call.run().token();
    sandbox.expire();
    let fault = FaultBody::OAuth {
        error: "internal_error".to_owned(),
        description: "down".to_owned(),
    };
    let fault = Fault::once(Endpoint::Token, FaultKind::status(400, fault));
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    call.clone().in_new_command().run().fails(1, &["internal_error"]);
    call.at_terminal().in_new_command().run().token();
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn a_header_value_in_the_issuer_of_the_discovery_document_is_not_shown() {
    let sandbox = Sandbox::new();
    let echo = FaultKind::Replace {
        field: "issuer".to_owned(),
        value: "https://s3cret-header.example".into(),
    };
    let fault = Fault::always(Endpoint::Discovery, echo);
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = sandbox
        .get_token()
        .arg("--oidc-request-header=X-Key=s3cret-header")
        .run();
    outcome.fails(1, &["the discovery document is of issuer"]);
    assert!(!outcome.stderr.contains("s3cret-header"), "{outcome}");
}
