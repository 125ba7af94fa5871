//! Each grant at a certified provider, npm's `oidc-provider`: another reading of the specifications than ours and the mock's.
//!
//! It has no password grant, as OAuth 2.1 has none. It rotates refresh tokens and ends the session when one is used twice.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use serde_json::Value;

use crate::{
    parts,
    person::{Person, claims, token},
    process::{Outcome, Process},
};

const SECRET: &str = "--oidc-client-secret=a secret with: colons & spaces";
const API: &str = "--oidc-auth-request-extra-params=resource=https://api.example.com";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A running provider.
pub(crate) struct Certified {
    pub(crate) issuer: String,
    server: Process,
}

impl Certified {
    fn start(test: &str) -> Self {
        Self::start_with(test, &[])
    }

    pub(crate) fn start_with(test: &str, variables: &[(&str, &str)]) -> Self {
        let logs = parts::folder(&format!("logs/certified-{test}"));
        let mut command = node("server.mjs");
        command.envs(variables.iter().copied());
        let mut server = Process::start("oidc-provider", &logs, &mut command);
        let issuer = server.wait_for("issuer", |server| {
            let told = server.stdout();
            let line = told.lines().find(|line| line.starts_with("http"))?.to_owned();
            told.ends_with('\n').then_some(line)
        });
        Self { issuer, server }
    }

    /// Someone who signs in with this client.
    fn person(&self, client: &str) -> Person {
        Person::at(&self.issuer, client, &[])
    }

    /// The grants that it gave and refused, in order, without the polls of a device that waits; it has more to say.
    fn told(&self) -> Vec<String> {
        let log = self.server.stdout();
        let lines = log.lines().map(|line| line.trim().to_owned());
        let grants = lines.filter(|line| line.starts_with("granted ") || line.starts_with("refused "));
        grants
            .filter(|line| !line.contains("authorization_pending"))
            .collect()
    }
}

fn node(script: &str) -> Command {
    let script: PathBuf = parts::part(&format!("provider/{script}"));
    let mut command = Command::new(parts::part("node"));
    command.arg(script);
    command
}

#[track_caller]
fn fails(outcome: &Outcome, words: &[&str]) {
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{outcome:?}"
    );
    for word in words {
        assert!(outcome.stderr.contains(word), "`{word}`: {outcome:?}");
    }
}

/// What every session has to do: be there at the next call without a request, and be refreshed under strict rotation.
fn lives_on(certified: &Certified, person: &Person, first: &str, more: &[&str]) {
    let told = certified.told().len();
    let again = person.run(more);
    assert_eq!((token(&again).as_str(), again.stderr.as_str()), (first, ""));
    for _ in 0..2 {
        person.expire();
        let refreshed = person.run(more);
        // Within a second the token may be the same to the last byte; that it was asked for shows below.
        let subject = claims(&token(&refreshed))["sub"].clone();
        assert_eq!((subject, refreshed.stderr.as_str()), ("alice".into(), ""));
    }
    assert_eq!(
        certified.told()[told..],
        ["granted refresh_token", "granted refresh_token"]
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_person_signs_in_by_browser_with_each_kind_of_client_and_key() {
    let certified = Certified::start("browser");
    for (client, more) in [
        ("kubectl", None),
        ("kubectl-es256", None),
        ("confidential", Some(SECRET)),
    ] {
        let person = certified.person(client);
        let mut more: Vec<&str> = more.into_iter().collect();
        more.extend(["--oidc-extra-scope=email,groups,offline_access"]);
        // OpenID Connect Core 11 wants the consent of a person for `offline_access`, and this provider insists.
        more.push("--oidc-auth-request-extra-params=prompt=consent");
        let outcome = person.run(&more);
        let first = token(&outcome);
        let claims = claims(&first);
        assert_eq!(
            (&claims["email"], &claims["groups"][0]),
            (&"alice@example.com".into(), &"k8s-developers".into())
        );
        lives_on(&certified, &person, &first, &more);
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_provider_that_wants_consent_for_a_refresh_token_is_named_with_the_cure() {
    let certified = Certified::start("consent");
    let person = certified.person("kubectl");
    let outcome = person.run(&["--oidc-extra-scope=offline_access"]);
    token(&outcome);
    assert!(
        outcome
            .stderr
            .contains("--oidc-auth-request-extra-params=prompt=consent"),
        "{outcome:?}"
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_person_who_cancels_is_told_so() {
    let certified = Certified::start("cancelled");
    let script = parts::part("provider/person.mjs");
    let node = parts::part("node");
    let cancelling = format!(
        "--browser-command={} {} --cancel",
        node.display(),
        script.display()
    );
    let outcome = certified.person("kubectl").run(&[&cancelling]);
    fails(&outcome, &["refused the sign-in: access_denied", "hint: "]);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_device_code_is_approved_in_a_browser_elsewhere() {
    let certified = Certified::start("device");
    let person = certified.person("kubectl");
    let more = ["--grant-type=device-code", "--oidc-extra-scope=offline_access"];
    let outcome = person.run_by_device(&more);
    let first = token(&outcome);
    assert!(outcome.stderr.contains("/device with the code "), "{outcome:?}");
    assert_eq!(certified.told(), [format!("granted {DEVICE_CODE}")]);
    lives_on(&certified, &person, &first, &more);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_address_that_a_browser_elsewhere_ended_on_is_pasted() {
    let certified = Certified::start("keyboard");
    let person = certified.person("kubectl");
    let pty = nix::pty::openpty(None, None).unwrap();
    let more = [
        "--grant-type=authcode-keyboard",
        "--oidc-redirect-url=http://localhost:18000",
        "--oidc-extra-scope=offline_access",
        "--oidc-auth-request-extra-params=prompt=consent",
    ];
    let mut signing_in = person.start_at(pty.slave, &more);
    let url = signing_in.wait_for("URL", |process| {
        let told = process.stderr();
        let asked = told.contains("Enter code");
        told.lines()
            .find(|line| line.starts_with("http") && asked)
            .map(str::to_owned)
    });
    let mut browser = node("person.mjs");
    browser.args(["--stop", &url]);
    let elsewhere = Process::start("browser", person.home(), &mut browser).outcome();
    let mut terminal = fs::File::from(pty.master);
    terminal.write_all(elsewhere.stdout.as_bytes()).unwrap();
    let first = token(&signing_in.outcome());
    lives_on(
        &certified,
        &person,
        &first,
        &["--oidc-extra-scope=offline_access", more[3]],
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn access_tokens_are_returned_opaque_or_as_a_jwt() {
    let certified = Certified::start("access");
    let person = certified.person("kubectl");
    let opaque = token(&person.run(&["--oidc-use-access-token"]));
    assert!(!opaque.contains('.'));
    let jwt = token(&person.run(&["--oidc-use-access-token", "--oidc-extra-scope=k8s", API]));
    assert_eq!(claims(&jwt)["aud"], "https://api.example.com");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_program_signs_in_for_itself() {
    let certified = Certified::start("program");
    let program = certified.person("program");
    let more = [
        "--grant-type=client-credentials",
        "--oidc-use-access-token",
        SECRET,
    ];
    let opaque = token(&program.run(&more));
    assert_eq!(token(&program.run(&more)), opaque);
    program.expire();
    assert_ne!(token(&program.run(&more)), opaque);
    let jwt = token(&program.run(&[&more[..], &["--oidc-extra-scope=k8s", API]].concat()));
    assert_eq!(claims(&jwt)["scope"], "k8s");
    let wrong = [
        "--grant-type=client-credentials",
        "--oidc-use-access-token",
        "--oidc-client-secret=wrong",
    ];
    fails(
        &certified.person("program").run(&wrong),
        &["invalid_client", "hint: "],
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn an_app_proves_itself_with_an_assertion_by_its_secret_or_its_key() {
    let certified = Certified::start("assertions");
    let told = certified.server.stdout();
    let key = told
        .lines()
        .find_map(|line| line.strip_prefix("client key "))
        .unwrap();
    let usual = [
        "--oidc-extra-scope=offline_access",
        "--oidc-auth-request-extra-params=prompt=consent",
    ];
    for client in ["hmac", "signed"] {
        let person = with_key(&certified, client, key);
        let own: &[&str] = if client == "hmac" {
            &[
                "--oidc-client-auth-method=client_secret_jwt",
                "--oidc-client-secret=a secret of more than thirty-two bytes",
            ]
        } else {
            &["--oidc-client-private-key-file=~/client-key"]
        };
        let more = [&usual[..], own].concat();
        let first = token(&person.run(&more));
        lives_on(&certified, &person, &first, &more);
        // The draft of RFC 7523bis wants the issuer as the audience.
        person.expire();
        let issuer = [&more[..], &["--oidc-client-auth-audience=issuer"]].concat();
        token(&person.run(&issuer));
        let other = with_key(&certified, client, key);
        token(&other.run_by_device(&[&more[..], &["--grant-type=device-code"]].concat()));
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn apps_that_require_dpop_sign_in_refresh_and_sign_out() {
    let certified = Certified::start_with("dpop", &[("DPOP", "1")]);
    let told = certified.server.stdout();
    let key = told
        .lines()
        .find_map(|line| line.strip_prefix("client key "))
        .unwrap();
    let usual = [
        "--oidc-extra-scope=offline_access",
        "--oidc-auth-request-extra-params=prompt=consent",
    ];
    let secret = [
        "--oidc-client-auth-method=client_secret_jwt",
        "--oidc-client-secret=a secret of more than thirty-two bytes",
    ];
    for (client, own) in [
        ("kubectl", &[][..]),
        ("hmac", &secret),
        ("signed", &["--oidc-client-private-key-file=~/client-key"]),
    ] {
        let person = with_key(&certified, client, key);
        let more = [&usual[..], own].concat();
        token(&person.run(&more));
        let session: Value = serde_json::from_slice(&fs::read(person.session()).unwrap()).unwrap();
        assert!(session["dpop_key"].is_string(), "{client}");
        for _ in 0..2 {
            person.refresh(&more);
        }
        // A client with a secret or a key is known by an entry alone, so only the public one is revoked here.
        if client == "kubectl" {
            let outcome = person.run_alone(&["logout", "--all"]);
            assert!(
                outcome.stderr.contains("its refresh token is revoked"),
                "{outcome:?}"
            );
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
        }
    }
}

/// Someone who has the key of the app.
fn with_key(certified: &Certified, client: &str, key: &str) -> Person {
    let person = certified.person(client);
    let file = person.home().join("client-key");
    fs::write(&file, key).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    person
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_refresh_token_that_somebody_else_has_used_ends_in_a_sign_in() {
    let certified = Certified::start("reuse");
    let person = certified.person("kubectl");
    let more = [
        "--oidc-extra-scope=offline_access",
        "--oidc-auth-request-extra-params=prompt=consent",
    ];
    token(&person.run(&more));
    let session = person.session();
    let copy = fs::read(&session).unwrap();
    person.expire();
    token(&person.run(&more));
    fs::write(&session, copy).unwrap();
    person.expire();
    let outcome = person.run(&more);
    token(&outcome);
    assert!(outcome.stderr.contains("signing in at "), "{outcome:?}");
    let told = certified.told();
    assert!(
        told[2].starts_with("refused refresh_token invalid_grant"),
        "{told:?}"
    );
    assert_eq!(told.last().unwrap(), "granted authorization_code");
}
