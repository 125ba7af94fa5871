//! The cached path: a stored token that is good.

use std::fs;

use crate::support::{Sandbox, finish, mode};
use okta::Endpoint;

#[test]
fn the_first_call_signs_in_and_the_second_is_silent() {
    let sandbox = Sandbox::new();
    let first = sandbox.get_token().run();
    assert_eq!(
        sandbox.filtered(&first).lines().nth(1),
        Some("stderr: signing in at [ISSUER] in your browser")
    );
    sandbox.okta.clear_requests();
    let second = sandbox.get_token().run();
    assert_eq!(
        (second.stdout.clone(), second.stderr.as_str()),
        (first.stdout, "")
    );
    assert_eq!(sandbox.okta.requests().len(), 0);
    assert_eq!(sandbox.tabs(), 1);
}

#[test]
fn the_credential_ends_ten_seconds_before_the_token() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.get_token().run();
    let credential: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let until = credential["status"]["expirationTimestamp"]
        .as_str()
        .unwrap()
        .to_owned();
    let exp = sandbox.session()["expires_at"].as_i64().unwrap();
    let expected = chrono::DateTime::from_timestamp(exp - 10, 0)
        .unwrap()
        .format("%Y-%m-%dT%H:%M:%SZ");
    assert_eq!(until, expected.to_string());
}

#[test]
fn files_and_directories_are_private_from_the_start() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    assert_eq!(mode(&sandbox.cache_dir()), 0o700);
    for file in sandbox.cache_files("") {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(sandbox.cache_files(".tmp").len(), 0);
}

#[test]
fn a_call_under_umask_000_leaves_nothing_open() {
    let sandbox = Sandbox::new();
    sandbox
        .get_token()
        .through(&["sh", "-c", "umask 000; exec \"$@\"", "sh"])
        .run()
        .token();
    for file in sandbox.cache_files("") {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn the_cached_path_does_not_wait_for_a_lock() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let lock = fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(sandbox.get_token().run().token(), token);
}

#[test]
fn sessions_of_other_scopes_and_clients_are_other_sessions() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let with_email = sandbox.get_token().arg("--oidc-extra-scope=email").run().token();
    assert_ne!(token, with_email);
    assert_eq!(sandbox.cache_files(".session.json").len(), 2);
    // The order of scopes and where they stand does not count.
    let reordered = sandbox
        .get_token()
        .without("--oidc-extra-scope")
        .arg("--oidc-extra-scope=email,offline_access");
    assert_eq!(reordered.run().token(), with_email);
}

#[test]
fn the_cache_is_where_the_flag_says_and_a_tilde_is_the_home() {
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().arg("--token-cache-dir=~/elsewhere");
    let token = call.run().token();
    assert!(sandbox.path("elsewhere").is_dir() && !sandbox.cache_dir().exists());
    assert_eq!(call.run().token(), token);
    let by_variable = sandbox
        .get_token()
        .env("KUBECACHEDIR", &sandbox.path("k").to_string_lossy());
    by_variable.run().token();
    assert!(sandbox.path("k/kubesesame").is_dir());
}

#[test]
fn verbose_tells_the_steps() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let outcome = sandbox.get_token().arg("-v1").run();
    let shown = sandbox.filtered_stderr(&outcome);
    let session = sandbox
        .session_file()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let shown = shown.replace(&session, "[SESSION]");
    insta::assert_snapshot!(shown.replace(|c: char| c.is_ascii_digit(), "0"), @"
    stderr: [0.000s] read `[HOME]/.kube/cache/kubesesame/[SESSION]`: a token that expires in 00 minutes, with a refresh token
    stderr: [0.000s] the stored token is good until 0000-00-00T00:00:00Z
    exit: 0
    ");
}

/// Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_call_that_kubectl_no_longer_listens_to_ends_with_an_error() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let outcome = sandbox
        .get_token()
        .through(&["sh", "-c", "\"$@\" 2>&1 >/dev/full; exit $?", "sh"])
        .run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        outcome.stdout.contains("error: the result could not be written"),
        "{outcome}"
    );
}

#[test]
fn a_call_without_stderr_still_serves() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let outcome = sandbox
        .get_token()
        .through(&["sh", "-c", "exec \"$@\" 2>&-", "sh"])
        .run();
    assert_eq!(outcome.token(), token);
}

#[test]
fn fifty_warm_callers_get_their_token_without_a_request() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let children: Vec<_> = (0..50)
        .map(|_| sandbox.get_token().in_new_command().spawn())
        .collect();
    for child in children {
        assert_eq!(finish(child).token(), token);
    }
    assert_eq!(sandbox.okta.count(Endpoint::Token), 0);
}

/// A stranger's FIFO under the session's name must not hold us up: opening it waits for a writer, for ever.
#[test]
fn a_fifo_in_place_of_the_session_is_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let session = sandbox.session_file();
    fs::remove_file(&session).unwrap();
    nix::unistd::mkfifo(&session, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let outcome = finish(sandbox.get_token().spawn());
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: the stored session"),
        "{outcome}"
    );
}
