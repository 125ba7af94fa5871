//! Dex, the provider of many clusters, with its password database.
//!
//! It rotates refresh tokens, and keeps one for each person and client. It refuses a dead one with `invalid_request`, where RFC 6749
//! section 5.2 has `invalid_grant`.

use std::{fs, process::Command};

use crate::{
    parts,
    person::{Person, claims, token},
    process::Process,
};

const SECRET: &str = "--oidc-client-secret=a secret with: colons & spaces";
const SCOPES: &str = "--oidc-extra-scope=email,offline_access";
const DEAD: &str = "refused refresh_token 400 invalid_request \
                    Refresh token is invalid or has already been claimed by another client.";
const SIGNED_IN: &str = "granted authorization_code";
const REFRESHED: &str = "granted refresh_token";

struct Dex {
    issuer: String,
    server: Process,
}

impl Dex {
    /// Starts a Dex at which a used refresh token is good for another `reuse_interval`.
    fn start(test: &str, reuse_interval: &str) -> Self {
        let logs = parts::folder(&format!("logs/dex-{test}"));
        let mut command = Command::new(parts::part("dex"));
        command.arg(format!("-reuse-interval={reuse_interval}"));
        let mut server = Process::start("dex", &logs, &mut command);
        let issuer = server.wait_for("issuer", |server| {
            let log = server.stdout();
            Some(log.split_once('\n')?.0.to_owned())
        });
        Self { issuer, server }
    }

    /// Alice, in a home of her own.
    fn alice(&self, client: &str) -> Person {
        Person::at(&self.issuer, client, &["--as", "alice@example.com"])
    }

    /// The answers of the token endpoint in order, without the polls for a device code that is not approved yet.
    fn answers(&self) -> Vec<String> {
        let log = self.server.stdout();
        let answers = log.lines().skip(1).map(str::to_owned);
        answers
            .filter(|answer| !answer.contains("authorization_pending"))
            .collect()
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_session_at_dex_is_refreshed_with_and_without_a_reuse_interval() {
    for (reuse_interval, client, more) in [
        ("", "kubectl", vec![SCOPES]),
        ("", "confidential", vec![SCOPES, SECRET]),
        ("30s", "kubectl", vec![SCOPES]),
    ] {
        let dex = Dex::start("refresh", reuse_interval);
        let alice = dex.alice(client);
        let first = claims(&token(&alice.run(&more)));
        assert_eq!(first["email"], "alice@example.com");
        assert_eq!(alice.refresh(&more)["sub"], first["sub"]);
        // Another app of the same person has a session of its own.
        token(&dex.alice("dashboard").run(&[SCOPES]));
        assert_eq!(alice.refresh(&more)["sub"], first["sub"]);
        assert_eq!(alice.refresh(&more)["sub"], first["sub"]);
        assert_eq!(
            dex.answers(),
            [SIGNED_IN, REFRESHED, SIGNED_IN, REFRESHED, REFRESHED]
        );
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_sign_in_on_another_machine_ends_the_session_at_dex_and_leads_to_one_sign_in_here() {
    let dex = Dex::start("two-machines", "");
    let (here, there) = (dex.alice("kubectl"), dex.alice("kubectl"));
    let first = claims(&token(&here.run(&[SCOPES])));
    token(&there.run(&[SCOPES]));
    assert_eq!(here.sign_in_again(&[SCOPES])["sub"], first["sub"]);
    assert_eq!(here.refresh(&[SCOPES])["sub"], first["sub"]);
    assert_eq!(dex.answers(), [SIGNED_IN, SIGNED_IN, DEAD, SIGNED_IN, REFRESHED]);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_refresh_token_that_dex_has_seen_before_leads_to_one_sign_in() {
    let dex = Dex::start("reuse", "");
    let alice = dex.alice("kubectl");
    token(&alice.run(&[SCOPES]));
    let session = alice.session();
    let copy = fs::read(&session).unwrap();
    alice.refresh(&[SCOPES]);
    fs::write(&session, copy).unwrap();
    alice.sign_in_again(&[SCOPES]);
    alice.refresh(&[SCOPES]);
    assert_eq!(dex.answers(), [SIGNED_IN, REFRESHED, DEAD, SIGNED_IN, REFRESHED]);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_device_code_of_dex_is_approved_in_a_browser_elsewhere() {
    let dex = Dex::start("device", "");
    let alice = dex.alice("kubectl");
    let more = [SCOPES, "--grant-type=device-code"];
    let outcome = alice.run_by_device(&more);
    let first = claims(&token(&outcome));
    assert!(outcome.stderr.contains("/device with the code "), "{outcome:?}");
    assert_eq!(alice.refresh(&more)["sub"], first["sub"]);
    assert_eq!(
        dex.answers(),
        ["granted urn:ietf:params:oauth:grant-type:device_code", REFRESHED]
    );
}
