//! `token inspect`: what is in a token, and what the API server makes of it.

mod issuers;
mod sessions;

use std::fs;

use crate::support::{Call, Outcome, Sandbox, claims_of, with_claims};
use data_encoding::BASE64URL_NOPAD;

/// Writes a token into a file of the sandbox, and inspects it.
fn inspect(sandbox: &Sandbox, token: &str) -> Call {
    fs::write(sandbox.path("token"), token).unwrap();
    sandbox.bare(&["token", "inspect", &sandbox.path("token").to_string_lossy()])
}

/// The call by which the sandbox's provider is named.
fn with_flags(call: Call, sandbox: &Sandbox) -> Call {
    call.arg(&format!("--oidc-issuer-url={}", sandbox.okta.issuer()))
        .arg(&format!("--oidc-client-id={}", sandbox.okta.client_id()))
}

/// Replaces what differs from run to run in a report, and the token that must not be in it.
#[track_caller]
fn stable(sandbox: &Sandbox, outcome: &Outcome, token: &str) -> String {
    let signature = token.rsplit('.').next().unwrap_or_default();
    assert!(
        signature.len() < 20 || !outcome.to_string().contains(signature),
        "the token is told: {outcome}"
    );
    assert!(
        outcome
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 80 || line.contains("://")),
        "{outcome}"
    );
    let text = sandbox.filtered(outcome);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        if ["at_hash", "jti", "nonce", "kid"].contains(&name) && line.starts_with("  ") {
            let start = line.find(name).unwrap_or_default() + name.len();
            let value = line[start..].trim_start();
            lines.push(line.replace(value, "…"));
        } else {
            lines.push(line.to_owned());
        }
    }
    // A time is as long as any other, so that the columns stay.
    let text = lines.join("\n");
    let mut masked = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('T').filter(|_| rest.len() > 20) {
        let is_time = at >= 10
            && rest.is_char_boundary(at - 10)
            && rest[at - 10..at].chars().all(|c| c.is_ascii_digit() || c == '-')
            && rest[at..].chars().nth(9) == Some('Z');
        if is_time {
            masked += &rest[..at - 10];
            masked += "[TIME]";
            rest = &rest[at + 10..];
        } else {
            masked += &rest[..=at];
            rest = &rest[at + 1..];
        }
    }
    masked + rest
}

/// The last line of a report.
fn verdict(outcome: &Outcome) -> String {
    let (_, verdict) = outcome.stdout.rsplit_once("\nverdict:").unwrap_or_default();
    verdict.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The length of the report's tokens differs with the port of the provider.
#[cfg(target_os = "linux")]
#[test]
fn a_good_token_in_a_file_is_shown_with_its_verdict() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.get_token().by_clock_of(&sandbox).run().token();
    sandbox.set_clock(1080);
    sandbox.okta.clear_requests();
    let call = with_flags(inspect(&sandbox, &token), &sandbox)
        .arg("--username-prefix=okta:")
        .arg("--groups-prefix=okta:")
        .by_clock_of(&sandbox);
    let outcome = call.run();
    let shown = stable(&sandbox, &outcome, &token);
    let shown = shown.replace(&format!("{} bytes", token.len()), "[LENGTH] bytes");
    insta::assert_snapshot!(shown, @"
    Token     [HOME]/token

    Header
      alg  RS256
      kid  …

    Claims
      amr        pwd
      at_hash    …
      aud        0oakubesesamemock
      auth_time  [TIME] (18 minutes ago)
      exp        [TIME] (in 42 minutes)
      groups     k8s-developers, k8s-oncall
      iat        [TIME] (18 minutes ago)
      idp        00omockokta
      iss        [ISSUER]
      jti        …
      nonce      …
      sub        00ualice
      ver        1

    What the API server makes of it
      ok       form       a signed token (JWT), [LENGTH] bytes
      ok       algorithm  RS256, which every API server accepts
      ok       signature  by a key of `[ISSUER]`
      note     issuer     `[ISSUER]` is http, and an
                          API server takes https only
      ok       audience   is the client id `0oakubesesamemock`
      ok       times      valid for 42 more minutes, until [TIME]
      ok       user       okta:00ualice
      ok       groups     2 groups

    verdict:  good for a trial: an API server takes no issuer of http; with
              --username-claim=sub and --username-prefix=okta: it would take you for
              `okta:00ualice`, in 2 groups
    exit: 0
    ");
    // Fresh metadata and fresh keys.
    assert_eq!(sandbox.okta.requests().len(), 2);
}

#[test]
fn a_token_is_taken_from_standard_input_in_any_wrapping() {
    let sandbox = Sandbox::new();
    let credential = sandbox.get_token().run();
    let token = credential.token();
    for text in [
        token.clone(),
        format!("  {token}\n\n"),
        format!("\"{token}\""),
        format!("Authorization: Bearer {token}\n"),
        credential.stdout,
    ] {
        fs::write(sandbox.path("input"), text).unwrap();
        let call = with_flags(sandbox.bare(&["token", "inspect", "-"]), &sandbox);
        let outcome = call
            .through(&["sh", "-c", "exec \"$@\" < \"$HOME/input\"", "sh"])
            .run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(
            verdict(&outcome)
                .starts_with("good for a trial: an API server takes no issuer of http; with --username-claim=sub and the default prefix it"),
            "{outcome}"
        );
    }
}

#[test]
fn a_token_on_the_command_line_is_refused_and_not_repeated() {
    let sandbox = Sandbox::new();
    let token = sandbox.get_token().run().token();
    let outcome = sandbox.bare(&["token", "inspect", &token]).run();
    outcome.fails(2, &["the argument is a token", "kubesesame token inspect -"]);
    assert!(!outcome.stderr.contains(&token[..30]), "{outcome}");
    let opaque = "00aBcDeFgHiJkLmNoPqRsTuVwXyZ012345";
    let outcome = sandbox.bare(&["token", "inspect", opaque]).run();
    outcome.fails(2, &["the argument is a token"]);
    assert!(!outcome.stderr.contains(opaque), "{outcome}");
    for args in [
        &["token", &token][..],
        &["token", "inspect", "-", &token],
        &["token", "inspect", &format!("--token={token}")],
        &["token", "inspect", "--output", &token],
        &[&token],
    ] {
        let outcome = sandbox.bare(args).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{outcome}");
        assert!(!outcome.stderr.contains(&token[..60]), "{outcome}");
    }
    sandbox
        .bare(&["token", "inspect", "token.txt"])
        .run()
        .fails(1, &["token.txt", "the name of a file"]);
}

#[test]
fn an_input_without_a_token_is_an_error() {
    let sandbox = Sandbox::new();
    for (text, words) in [
        ("\n".to_owned(), "the file is empty"),
        ("{\"kind\":\"ExecCredential\"}".to_owned(), "JSON without a token"),
        ("a".repeat(1024 * 1024 + 1), "larger than 1048576 bytes"),
    ] {
        inspect(&sandbox, &text).run().fails(1, &[words]);
    }
}

/// Tokens that can be made without the provider's help, each with the start of its verdict.
fn bad_tokens(token: &str) -> Vec<(&'static str, String, &'static str)> {
    let changed = |name: &str, value: serde_json::Value| with_claims(token, |claims| claims[name] = value);
    let header = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let parts: Vec<&str> = token.split('.').collect();
    let with_header = |text: &str| format!("{}.{}.{}", header(text), parts[1], parts[2]);
    vec![
        (
            "bad signature",
            changed("sub", "00umallory".into()),
            "refused: its signature is wrong",
        ),
        (
            "unknown kid",
            with_header(r#"{"alg":"RS256","kid":"no\u001b[31mne"}"#),
            "refused: the provider's key set has no key for it",
        ),
        (
            "none",
            with_header(r#"{"alg":"none"}"#),
            "refused: it is not signed",
        ),
        (
            "HS256",
            with_header(r#"{"alg":"HS256"}"#),
            "refused: it is signed with HS256",
        ),
        (
            "cut",
            format!("{}.{}", parts[0], parts[1]),
            "refused: it is no whole token: it has 2 parts",
        ),
        (
            "encrypted",
            format!("{}.a.b.c.d", header(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#)),
            "refused: it is encrypted (JWE)",
        ),
        (
            "opaque",
            "00aBcDeFgHiJkLmNoPqR".to_owned(),
            "refused: it is no JWT but an opaque token",
        ),
        (
            "garbage",
            "\u{1b}[2J\u{202e}hello \u{7}world".to_owned(),
            "refused: it is no token",
        ),
        (
            "control characters",
            changed("name\u{1b}[2J", "a\u{9b}31m\u{202e}b\r\nverdict: good".into()),
            "refused: its signature is wrong",
        ),
        (
            "long",
            changed("groups", "g".repeat(300_000).into()),
            "refused: its signature is wrong",
        ),
    ]
}

#[test]
fn a_bad_token_is_shown_as_far_as_it_can_be_read_and_the_exit_code_says_no() {
    let sandbox = Sandbox::new();
    let token = sandbox.get_token().run().token();
    let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    for (name, text, expected) in bad_tokens(&token) {
        let call = with_flags(inspect(&sandbox, &text), &sandbox);
        let outcome = call.run();
        assert_eq!(
            (outcome.code, &*outcome.stderr),
            (Some(1), ""),
            "{name}: {outcome}"
        );
        assert!(verdict(&outcome).starts_with(expected), "{name}: {outcome}");
        assert!(!outcome.stdout.contains(is_harmful), "{name}: {outcome:?}");
        assert!(outcome.stdout.len() < 10_000, "{name}: {}", outcome.stdout.len());
        stable(&sandbox, &outcome, &text);
        for form in ["json", "yaml"] {
            let outcome = call.clone().arg(&format!("--output={form}")).run();
            assert_eq!(outcome.code, Some(1), "{name}: {outcome}");
            assert!(!outcome.stdout.contains(is_harmful), "{name}: {outcome:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_expired_token_says_since_when() {
    let sandbox = Sandbox::new();
    sandbox.set_clock(0);
    let token = sandbox.get_token().by_clock_of(&sandbox).run().token();
    sandbox.set_clock(3600 + 3 * 3600);
    let outcome = with_flags(inspect(&sandbox, &token), &sandbox)
        .by_clock_of(&sandbox)
        .run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        verdict(&outcome).starts_with("refused: it expired 3 hours ago, at "),
        "{outcome}"
    );
    assert!(outcome.stdout.contains("ok       signature"), "{outcome}");
}

#[test]
fn the_report_for_programs_is_json_or_yaml() {
    let sandbox = Sandbox::new();
    let token = sandbox.get_token().run().token();
    let call = with_flags(inspect(&sandbox, &token), &sandbox).arg("--groups-prefix=okta:");
    let outcome = call.clone().arg("--output=json").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["claims"], claims_of(&token));
    assert_eq!(report["verdict"]["result"], "good");
    assert_eq!(
        report["user"]["groups"],
        serde_json::json!(["okta:k8s-developers", "okta:k8s-oncall"])
    );
    assert_eq!(
        report["keys"],
        serde_json::json!({"from": "provider", "fetchedAt": null})
    );
    let names: Vec<_> = report.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "bytes",
            "checks",
            "claims",
            "expiresAt",
            "form",
            "header",
            "issuedAt",
            "keys",
            "notBefore",
            "source",
            "user",
            "verdict"
        ]
    );
    let outcome = call.arg("-oyaml").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("\n  result: good\n"), "{outcome}");
    assert!(
        outcome.stdout.contains("\n  groups:\n  - okta:k8s-developers\n"),
        "{outcome}"
    );
    assert!(!outcome.stdout.contains(&token), "{outcome}");
}

#[test]
fn the_help_is_short_and_begins_with_what_it_does() {
    insta::assert_snapshot!(
        "help_of_token_inspect",
        Sandbox::new().bare(&["token", "inspect", "--help"]).run()
    );
}
