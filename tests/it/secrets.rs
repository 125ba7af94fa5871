//! Nothing secret is ever told: every way a call can go, at the highest verbosity.

use crate::okta::{Callback, Defect, Endpoint, Fault, FaultBody, FaultKind, MockOkta};
use crate::support::{Outcome, Sandbox};

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
    let call = sandbox
        .get_token()
        .with("--oidc-client-id", &sandbox.okta.web_client_id())
        .arg(&format!(
            "--oidc-client-secret={}",
            sandbox.okta.web_client_secret()
        ))
        .arg("-v=9");
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
