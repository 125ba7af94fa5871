//! Nothing secret is ever told: every way a call can go, at the highest verbosity.

use crate::support::{Outcome, Sandbox};
use okta::{Callback, Defect, Endpoint, Fault, FaultBody, FaultKind, MockOkta};

/// Asserts that none of the provider's secrets is on stderr, nor one beside the credential on stdout.
#[track_caller]
fn tells_nothing(outcome: &Outcome, okta: &MockOkta) {
    let secrets = okta.secrets();
    assert!(secrets.len() >= 3, "the scenario had secrets");
    for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
        let encoded = data_encoding::BASE64.encode(secret.as_bytes());
        assert!(
            !outcome.stderr.contains(secret.as_str()) && !outcome.stderr.contains(&encoded),
            "{outcome}"
        );
    }
}

#[test]
fn good_days_tell_no_secret() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().arg("-v=9");
    tells_nothing(&call.run(), &sandbox.okta);
    tells_nothing(&call.run(), &sandbox.okta);
    sandbox.expire();
    tells_nothing(&call.run(), &sandbox.okta);
    sandbox.okta.end_sessions();
    sandbox.expire();
    tells_nothing(&call.run(), &sandbox.okta);
}

#[test]
fn the_other_grants_tell_no_secret() {
    let sandbox = Sandbox::unattended();
    sandbox
        .okta
        .behave(|behaviour| behaviour.device_interval_secs = Some(0));
    let password = sandbox.okta.behaviour().user.password;
    let calls = [
        sandbox.get_token().arg("--grant-type=device-code"),
        sandbox
            .get_token()
            .arg("--username=alice@example.com")
            .arg(&format!("--password={password}")),
        sandbox
            .get_token()
            .arg("--oidc-use-access-token")
            .arg("--grant-type=device-code"),
    ];
    for call in calls {
        let outcome = call.arg("-v=9").arg("--force-refresh").run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        tells_nothing(&outcome, &sandbox.okta);
        assert!(!outcome.stderr.contains(&password), "{outcome}");
    }
}

#[test]
fn bad_days_tell_no_secret() {
    let defects = [
        Defect::BadSignature,
        Defect::WrongNonce,
        Defect::Encrypted,
        Defect::NotJson,
        Defect::WrongAtHash,
    ];
    for defect in defects {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.id_token_defect = defect);
        tells_nothing(&sandbox.get_token().arg("-v=9").run(), &sandbox.okta);
    }
    let faults = [
        FaultKind::BrokenJson,
        FaultKind::WrongContentType,
        FaultKind::Huge,
        FaultKind::Truncated,
        FaultKind::Missing("access_token".to_owned()),
        FaultKind::Replace {
            field: "token_type".to_owned(),
            value: "mac".into(),
        },
        FaultKind::Replace {
            field: "id_token".to_owned(),
            value: 5.into(),
        },
        FaultKind::status(500, FaultBody::Okta),
    ];
    for fault in faults {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![Fault::always(Endpoint::Token, fault)]);
        tells_nothing(&sandbox.get_token().arg("-v=9").run(), &sandbox.okta);
    }
    for callback in [Callback::CodeAndError, Callback::WrongIss] {
        let sandbox = Sandbox::new();
        sandbox.okta.behave(|behaviour| behaviour.callback = callback);
        tells_nothing(&sandbox.get_token().arg("-v=9").run(), &sandbox.okta);
    }
    #[cfg(target_os = "linux")]
    {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.callback = Callback::WrongState);
        let outcome = sandbox.too_late(sandbox.get_token().arg("-v=9"));
        tells_nothing(&outcome, &sandbox.okta);
    }
}

#[test]
fn a_client_secret_is_told_nowhere() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().by_web_app(&sandbox.okta).arg("-v=9");
    tells_nothing(&call.run(), &sandbox.okta);
    for file in sandbox.cache_files("") {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(
            !text.contains(&sandbox.okta.web_client_secret()),
            "{}",
            file.display()
        );
    }
}

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

/// The name of the note that makes the next call short is a hash over the command line: a secret could be guessed by it.
#[test]
fn no_name_of_a_file_is_a_hash_over_a_secret() {
    let sandbox = Sandbox::new();
    let user = sandbox.okta.behaviour().user;
    let secret = sandbox.okta.web_client_secret();
    let web = sandbox
        .get_token()
        .with("--oidc-client-id", &sandbox.okta.web_client_id());
    let by_password = sandbox.get_token().arg(&format!("--username={}", user.login));
    for call in [
        web.clone().arg(&format!("--oidc-client-secret={secret}")),
        web.env("KUBESESAME_OIDC_CLIENT_SECRET", &secret),
        by_password.clone().arg(&format!("--password={}", user.password)),
        by_password.env("KUBESESAME_PASSWORD", &user.password),
    ] {
        for _ in 0..2 {
            call.run().token();
        }
        assert_eq!(sandbox.cache_files(".fast-path.json").len(), 0);
    }
    // Also where it is not used: by another grant, or beside a file, or under a name that nothing reads.
    for call in [
        sandbox.get_token().arg("--password=hunter2"),
        sandbox.get_token().env("KUBESESAME_PASSWORD", "hunter2"),
        sandbox
            .get_token()
            .arg("--password-file=~/none")
            .env("KUBESESAME_PASSWORD", "hunter2"),
        sandbox.get_token().arg("--password=hunter2").arg("--password="),
        sandbox
            .get_token()
            .arg("--oidc-client-secret")
            .arg("hunter2")
            .arg("--oidc-client-secret="),
        sandbox.get_token().arg("--oidc-request-header=X-Key=hunter2"),
        sandbox.get_token().env("KUBESESAME_CLIENT_SECRET", "hunter2"),
    ] {
        for _ in 0..2 {
            call.run().token();
        }
        assert_eq!(sandbox.cache_files(".fast-path.json").len(), 0, "{call:?}");
    }
    let empty = sandbox
        .get_token()
        .arg("--oidc-client-secret=")
        .env("KUBESESAME_PASSWORD", "");
    for call in [sandbox.get_token(), empty] {
        for file in sandbox.cache_files(".fast-path.json") {
            std::fs::remove_file(file).unwrap();
        }
        for _ in 0..2 {
            call.run().token();
        }
        assert_eq!(sandbox.cache_files(".fast-path.json").len(), 1);
    }
}

/// A core file would hold the refresh token; other programs that are started have theirs as before.
#[cfg(target_os = "linux")]
#[test]
fn no_core_file_is_left_and_the_browser_keeps_its_own_limit() {
    use std::fs;
    use std::os::unix::process::ExitStatusExt;

    use crate::support::wait_until;

    let sandbox = Sandbox::new();
    let cores = sandbox.path("cores");
    fs::create_dir(&cores).unwrap();
    let script = sandbox.path("limit");
    fs::write(&script, "#!/bin/sh\nulimit -S -c > \"$HOME/limit.txt\"\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let shell = "cd \"$HOME/cores\"; ulimit -S -c \"$(ulimit -H -c)\"; ulimit -S -c > \"$HOME/expected.txt\"; exec \"$@\"";
    let call = sandbox
        .get_token()
        .with("--browser-command", &script.to_string_lossy())
        .through(&["sh", "-c", shell, "sh"])
        .by_clock_of(&sandbox);
    let child = call.spawn();
    let limit = || fs::read_to_string(sandbox.path("limit.txt")).unwrap_or_default();
    wait_until("the browser was started", || limit().ends_with('\n'));
    // The browser has started a moment before the program's own limit is back.
    let limits = format!("/proc/{}/limits", child.id());
    wait_until("core files are off again", || {
        let limits = fs::read_to_string(&limits).unwrap();
        let core = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max core file size"));
        let soft = core.and_then(|limits| limits.split_whitespace().next());
        matches!(soft, Some("0" | "1"))
    });
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT).unwrap();
    let status = child.wait_with_output().unwrap().status;
    assert_eq!(status.signal(), Some(3));
    assert!(!status.core_dumped());
    assert_eq!(limit(), fs::read_to_string(sandbox.path("expected.txt")).unwrap());
    assert_eq!(fs::read_dir(cores).unwrap().count(), 0);
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
