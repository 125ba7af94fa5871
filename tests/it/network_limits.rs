//! A provider that is slow, and a machine that has too little of something.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::prompts::up_to;
use crate::support::{Sandbox, as_user_or_skip, finish, url_from_stderr, visit};
use okta::{Endpoint, Fault, FaultKind};

#[cfg(target_os = "linux")]
#[test]
fn a_provider_that_does_not_answer_ends_in_bounded_time() {
    // It accepts and never says a word; the login's time does not cover discovery.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", &format!("http://127.0.0.1:{port}"))
        .by_timers_of(&sandbox);
    let child = call.spawn();
    let asked = silent.accept().unwrap();
    sandbox.let_pass(30);
    let outcome = finish(child);
    outcome.fails(1, &["did not answer within 30 s"]);
    assert!(!outcome.stderr.contains("waiting for an answer"), "{outcome}");
    drop(asked);
}

/// At a terminal a person hears what is waited for after two seconds, once, and has the failure sooner.
#[cfg(target_os = "linux")]
#[test]
fn a_person_hears_what_is_waited_for_and_waits_ten_seconds_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", silent.local_addr().unwrap());
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().with("--oidc-issuer-url", &issuer);
    let child = call.at_terminal().by_timers_of(&sandbox).spawn();
    let asked = silent.accept().unwrap();
    sandbox.let_pass(3);
    let waiting = format!("waiting for an answer from {issuer}\n");
    let (child, told) = up_to(child, &waiting);
    assert_eq!(told, waiting);
    sandbox.let_pass(7);
    let outcome = finish(child);
    outcome.fails(1, &["did not answer within 10 s", "try again"]);
    assert!(!outcome.stderr.contains("waiting"), "{outcome}");
    drop(asked);
}

#[test]
fn a_slow_provider_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.faults = vec![Fault::once(Endpoint::Token, FaultKind::Slow { millis: 700 })];
    });
    sandbox.get_token().run().token();
}

/// A user who may have one process, and no thread beside it (`ulimit -u`, `pids.max` of a container): that takes a user who has no process
/// yet; nor may that user enter this sandbox. None, and the test is skipped, where that cannot be.
#[cfg(target_os = "linux")]
fn without_threads_or_skip() -> Option<Vec<String>> {
    let by_user = as_user_or_skip(4243, 4243)?;
    Some([by_user, ["prlimit", "--nproc=1"].map(str::to_owned).into()].concat())
}

/// Nor with a name to look up.
#[cfg(target_os = "linux")]
#[test]
fn without_a_thread_to_be_had_there_is_an_error_and_no_panic() {
    let Some(limited) = without_threads_or_skip() else {
        return;
    };
    let outcome = Sandbox::unattended()
        .get_token()
        .with("--oidc-issuer-url", "http://localhost:9")
        .arg("--token-cache-storage=none")
        .through(&limited)
        .run();
    outcome.fails(1, &["localhost:9", "hint: "]);
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
}

/// Whose connection brings the answer is looked up then, too.
#[cfg(target_os = "linux")]
#[test]
fn without_a_thread_to_be_had_a_sign_in_ends_well() {
    let Some(limited) = without_threads_or_skip() else {
        return;
    };
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .without("--browser-command")
        .arg("--skip-open-browser")
        .arg("--token-cache-storage=none")
        .arg("--authentication-timeout-sec=20")
        .through(&limited);
    let (child, _, url) = url_from_stderr(call.spawn());
    visit(&url);
    finish(child).token();
}

/// One limit for all that it takes to get a document: each redirect of a chain could take as long as a request may.
#[cfg(target_os = "linux")]
#[test]
fn a_chain_of_slow_redirects_ends_in_the_time_of_one_request() {
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", slow.local_addr().unwrap());
    let asked = || {
        let (mut stream, _) = slow.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        stream
    };
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().with("--oidc-issuer-url", &issuer);
    let child = call.by_timers_of(&sandbox).spawn();
    let mut first = asked();
    sandbox.let_pass(20);
    let answer = "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    first.write_all(answer.as_bytes()).unwrap();
    let second = asked();
    sandbox.let_pass(20);
    let outcome = finish(child);
    let words = format!("{issuer}/.well-known/openid-configuration did not answer within 30 s");
    outcome.fails(1, &[&words, "slow or hangs"]);
    drop(second);
}

/// Each value takes much more memory than it has bytes.
#[test]
fn an_answer_with_very_many_values_is_refused_and_named() {
    let sandbox = Sandbox::new();
    let many = FaultKind::Replace {
        field: "odd".to_owned(),
        value: vec![0; 70_000].into(),
    };
    let fault = Fault::always(Endpoint::Token, many);
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let outcome = sandbox.get_token().run();
    outcome.fails(1, &["it has far more values than a token response"]);
}
