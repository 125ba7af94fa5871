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

/// A report has the claims, and nothing that could be used as a token.
#[test]
fn looking_at_a_token_tells_no_secret() {
    let sandbox = Sandbox::new();
    let token = sandbox.get_token().run().token();
    let session = sandbox.session();
    let refresh_token = session["refresh_token"].as_str().unwrap();
    let flags = [
        format!("--oidc-issuer-url={}", sandbox.okta.issuer()),
        format!("--oidc-client-id={}", sandbox.okta.client_id()),
        "--oidc-extra-scope=offline_access".to_owned(),
        "-v=9".to_owned(),
    ];
    for form in [None, Some("--output=json"), Some("--output=yaml")] {
        let args: Vec<&str> = ["token", "inspect"].into_iter().chain(form).collect();
        let call = sandbox.bare(&args);
        let outcome = flags.iter().fold(call, |call, flag| call.arg(flag)).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        tells_nothing(&outcome, &sandbox.okta);
        for secret in token.split('.').chain([refresh_token]) {
            assert!(!outcome.stdout.contains(secret), "{outcome}");
        }
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
