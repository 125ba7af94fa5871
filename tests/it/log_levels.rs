//! The levels of `-v`: steps, requests, headers. Each line has the time since the start.

use crate::support::{Outcome, Sandbox};

/// Replaces what differs from run to run.
fn stable(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let text = sandbox.filtered_stderr(outcome);
    let is_hash = |word: &str| word.len() >= 64 && word[..64].chars().all(|c| c.is_ascii_hexdigit());
    let masked = text.lines().map(|line| {
        let line = line.strip_prefix("stderr: ").unwrap_or(line);
        let cut = |line: &str| {
            [
                ("request id ", "[ID]"),
                ("x-okta-request-id: ", "[ID]"),
                (" date: ", "[TIME]"),
            ]
            .iter()
            .fold(line.to_owned(), |line, (before, name)| {
                match line.split_once(before) {
                    Some((start, _)) => format!("{start}{before}{name}"),
                    None => line,
                }
            })
        };
        let line = cut(line);
        let words = line.split(' ').map(|word| {
            let start = word.rfind('/').map_or(0, |at| at + 1);
            let (dir, name) = word.split_at(start);
            let name = name.trim_start_matches('`');
            let is_number = !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_digit() || ".:,-TZs[]".contains(c));
            if is_hash(name) {
                format!("{dir}[HASH]{}", &name[64..])
            } else if is_number && word.chars().any(|c| c.is_ascii_digit()) && !["200", "1"].contains(&word) {
                "[N]".to_owned()
            } else {
                word.to_owned()
            }
        });
        words.collect::<Vec<_>>().join(" ")
    });
    masked.collect::<Vec<_>>().join("\n")
}

fn refreshed(sandbox: &Sandbox, level: &str) -> Outcome {
    let outcome = sandbox
        .get_token()
        .arg("--force-refresh")
        .arg("--oidc-request-header=X-Api-Key=SECRET")
        .arg(level)
        .run();
    outcome.token();
    assert!(!outcome.stderr.contains("SECRET"), "{outcome}");
    outcome
}

#[test]
fn level_0_logs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    assert_eq!(refreshed(&sandbox, "-v=0").stderr, "");
}

#[test]
fn level_1_has_the_steps_with_claims_expiry_and_files() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    insta::assert_snapshot!(stable(&sandbox, &refreshed(&sandbox, "-v1")), @"
    [N] read `[HOME]/.kube/cache/kubesesame/[HASH].session.json`: a token that expires in [N] minutes, with a refresh token
    [N] took the lock of the session
    [N] read [HASH].provider.json in the cache directory
    [N] the ID token was verified: iss=[ISSUER], sub=00ualice, aud=0oakubesesamemock, [N] groups; it expires in [N] minutes, at [N]
    [N] wrote `[HOME]/.kube/cache/kubesesame/[HASH].session.json`: a token until [N] with a refresh token
    exit: [N]
    ");
}

#[test]
fn level_2_has_the_requests_with_status_and_time() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let text = stable(&sandbox, &refreshed(&sandbox, "-v2"));
    let requests: Vec<_> = text.lines().filter(|line| line.contains("POST")).collect();
    insta::assert_snapshot!(requests.join("\n"), @"[N] POST [ISSUER]/v1/token: 200 in [N] ms, request id [ID]");
    let down = okta::Fault::always(okta::Endpoint::Token, okta::FaultKind::Reset);
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![down]);
    sandbox.expire();
    let outcome = sandbox.get_token().arg("-v2").run();
    assert!(
        outcome.stderr.contains("/v1/token: no response after "),
        "{outcome}"
    );
}

#[test]
fn level_3_has_the_headers_without_secrets() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let text = stable(&sandbox, &refreshed(&sandbox, "-v3"));
    let headers: Vec<_> = text
        .lines()
        .filter(|line| line.contains("  sent ") || line.contains("  received "))
        .collect();
    insta::assert_snapshot!(headers.join("\n"), @"
    [N]   sent accept: application/json
    [N]   sent content-type: application/x-www-form-urlencoded
    [N]   sent x-api-key: (not shown)
    [N]   received content-type: application/json
    [N]   received cache-control: no-cache, no-store
    [N]   received pragma: (not shown)
    [N]   received x-okta-request-id: [ID]
    [N]   received x-rate-limit-limit: [N]
    [N]   received x-rate-limit-remaining: [N]
    [N]   received x-rate-limit-reset: [N]
    [N]   received date: [TIME]
    [N]   received content-length: [N]
    ");
}

/// The number in front of each line is in seconds, and grows.
#[test]
fn each_line_of_the_log_has_the_time_since_the_start() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.get_token().arg("-v=3").run();
    let times: Vec<f64> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with('['))
        .map(|line| line[1..].split_once("s] ").unwrap().0.parse().unwrap())
        .collect();
    assert!(times.len() > 10, "{outcome}");
    assert!(times.is_sorted() && times[0] < 5.0, "{outcome}");
}
