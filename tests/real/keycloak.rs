//! Keycloak, with the realm of `keycloak/realm.json`: refresh tokens rotate, and a second use of one ends the session.
//!
//! A session there belongs to a person's browser and is shared by all apps: when one app has the person sign in anew, `auth_time`
//! moves in the tokens of all.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    parts,
    person::{Person, claims, token},
    process::{Process, wait_for},
};
use okta::visit;

const SECRET: &str = "--oidc-client-secret=a secret with: colons & spaces";
const OFFLINE: &str = "--oidc-extra-scope=offline_access";
const DEVICE: &str = "--grant-type=device-code";

struct Keycloak {
    issuer: String,
    home: TempDir,
    server: Process,
}

impl Keycloak {
    fn start(test: &str) -> Self {
        let home = home();
        let logs = parts::folder(&format!("logs/keycloak-{test}"));
        let mut server = Process::start("keycloak", &logs, &mut java(home.path()));
        let base = server.wait_for("address", |server| {
            let log = server.stdout();
            let (_, address) = log.split_once(" started in ")?.1.split_once(" on: ")?;
            Some(address.split_once('\n')?.0.trim().to_owned())
        });
        Self {
            issuer: format!("{base}/realms/kubesesame"),
            home,
            server,
        }
    }

    /// Alice, in a home of her own, but always in the same browser.
    fn alice(&self, client: &str) -> Person {
        let cookies = self.home.path().join("cookies");
        Person::at(&self.issuer, client, &["--cookies", cookies.to_str().unwrap()])
    }

    /// Waits until the realm has logged this many events, and compares them.
    #[track_caller]
    fn expect(&self, events: &[&str]) {
        wait_for("events", || (self.events().len() >= events.len()).then_some(()));
        assert_eq!(self.events(), events);
    }

    /// The events of the realm, each as its type, its client, and why it failed.
    fn events(&self) -> Vec<String> {
        let log = self.server.stdout();
        let events = log.lines().filter(|line| line.contains("[org.keycloak.events]"));
        events
            .map(|event| {
                let field = |name: &str| {
                    let (_, value) = event.split_once(&format!(" {name}=\""))?;
                    Some(value.split_once('"')?.0)
                };
                let fields = ["type", "clientId", "reason"];
                fields.into_iter().filter_map(field).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }
}

/// A Keycloak home with a database of its own, and everything else as `provision` has made it.
fn home() -> TempDir {
    let home = TempDir::with_prefix_in("kubesesame-keycloak-", env!("CARGO_TARGET_TMPDIR")).unwrap();
    let installed = parts::part("keycloak");
    for folder in ["conf", "lib", "providers", "themes"] {
        symlink(installed.join(folder), home.path().join(folder)).unwrap();
    }
    let database = Path::new("data/h2/keycloakdb.mv.db");
    let copy = home.path().join(database);
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(installed.join(database), copy).unwrap();
    home
}

/// Java, started directly: killing Keycloak's script would leave the Java process behind.
fn java(home: &Path) -> Command {
    let mut command = Command::new(parts::part("java"));
    command
        .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!("-Dkc.home.dir={}", home.display()))
        .arg("-Djava.util.logging.manager=org.jboss.logmanager.LogManager")
        .arg("-cp")
        .arg(home.join("lib/quarkus-run.jar"))
        .args([
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start",
            "--optimized",
        ])
        .args(["--http-enabled=true", "--http-host=127.0.0.1", "--http-port=0"])
        .args(["--hostname-strict=false", "--cache=local"])
        .arg("--spi-events-listener--jboss-logging--success-level=info");
    command
}

/// Waits until this second is over.
fn outwait(second: &Value) {
    let second = second.as_u64().unwrap();
    wait_for("next second", || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        (now > second).then_some(())
    });
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_session_at_keycloak_is_refreshed_while_another_app_has_the_person_sign_in_anew() {
    let keycloak = Keycloak::start("refresh");
    let alice = keycloak.alice("kubectl");
    let first = claims(&token(&alice.run(&[])));
    assert_eq!(first["groups"][0], "k8s-developers");
    assert_eq!(alice.refresh(&[])["sub"], first["sub"]);
    outwait(&first["auth_time"]);
    let anew = ["--oidc-auth-request-extra-params=prompt=login"];
    token(&keycloak.alice("dashboard").run(&anew));
    for _ in 0..2 {
        let next = alice.refresh(&[]);
        assert_eq!(next["sub"], first["sub"]);
        assert_eq!(next["sid"], first["sid"]);
        assert!(next["auth_time"].as_u64() > first["auth_time"].as_u64(), "{next}");
    }
    keycloak.expect(&[
        "LOGIN kubectl",
        "CODE_TO_TOKEN kubectl",
        "REFRESH_TOKEN kubectl",
        "LOGIN dashboard",
        "CODE_TO_TOKEN dashboard",
        "REFRESH_TOKEN kubectl",
        "REFRESH_TOKEN kubectl",
    ]);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_session_that_has_ended_at_keycloak_leads_to_one_sign_in() {
    let keycloak = Keycloak::start("ended");
    let alice = keycloak.alice("kubectl");
    let outcome = alice.run(&[]);
    let first = claims(&token(&outcome));
    let logout = format!(
        "{}/protocol/openid-connect/logout?id_token_hint={}",
        keycloak.issuer,
        token(&outcome)
    );
    assert_eq!(visit::visit(&logout, &[]).unwrap().status, 200);
    assert_eq!(alice.sign_in_again(&[])["sub"], first["sub"]);
    let copy = fs::read(alice.session()).unwrap();
    alice.refresh(&[]);
    fs::write(alice.session(), copy).unwrap();
    alice.sign_in_again(&[]);
    alice.refresh(&[]);
    keycloak.expect(&[
        "LOGIN kubectl",
        "CODE_TO_TOKEN kubectl",
        "LOGOUT kubectl",
        "REFRESH_TOKEN_ERROR kubectl Session not active",
        "LOGIN kubectl",
        "CODE_TO_TOKEN kubectl",
        "REFRESH_TOKEN kubectl",
        "REFRESH_TOKEN_ERROR kubectl Maximum allowed refresh token reuse exceeded",
        "LOGIN kubectl",
        "CODE_TO_TOKEN kubectl",
        "REFRESH_TOKEN kubectl",
    ]);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn each_kind_of_client_and_grant_works_at_keycloak() {
    let keycloak = Keycloak::start("grants");
    for (client, more) in [
        ("kubectl", vec![OFFLINE]),
        ("kubectl", vec![DEVICE]),
        ("confidential", vec![SECRET]),
        ("confidential", vec![SECRET, OFFLINE]),
        ("confidential", vec![SECRET, DEVICE]),
    ] {
        let alice = keycloak.alice(client);
        let outcome = if more.contains(&DEVICE) {
            alice.run_by_device(&more)
        } else {
            alice.run(&more)
        };
        let first = claims(&token(&outcome));
        for _ in 0..3 {
            assert_eq!(alice.refresh(&more)["sub"], first["sub"], "{client} {more:?}");
        }
    }
}
