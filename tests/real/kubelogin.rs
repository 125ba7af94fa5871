//! The day of the change, with kubelogin itself: int128/kubelogin signs in, kubesesame takes its session over, and neither ends the
//! other's, at a provider that ends a session when a refresh token is used twice.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    kubelogin_flags::{GROUPS, HIDDEN},
    parts,
    person::{KUBESESAME, Person, token},
    process::{Process, wait_for},
};
use okta::{MockOkta, Rotation};

const PEER_CACHE: &str = ".kube/cache/oidc-login";

struct Change {
    okta: MockOkta,
    person: Person,
}

impl Change {
    fn new(lifetime: Duration) -> Self {
        let okta = MockOkta::start();
        okta.behave(|behaviour| {
            behaviour.any_loopback_port = true;
            behaviour.refresh = Rotation::Rotate;
            behaviour.leeway_secs = 0;
            behaviour.id_token_lifetime_secs = lifetime.as_secs().try_into().unwrap();
        });
        let person = Person::new(&[
            "get-token".to_owned(),
            format!("--oidc-issuer-url={}", okta.issuer()),
            format!("--oidc-client-id={}", okta.client_id()),
            "--oidc-extra-scope=offline_access".to_owned(),
            "--listen-address=127.0.0.1:0".to_owned(),
        ]);
        // kubelogin's browser command is one word.
        for (name, script) in [
            (
                "browser",
                format!(
                    "exec {} {} \"$1\"",
                    parts::part("node").display(),
                    parts::part("provider/person.mjs").display()
                ),
            ),
            ("nobody", "printf '%s\\n' \"$1\" >>\"$HOME/tabs\"".to_owned()),
        ] {
            let file = person.home().join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { okta, person }
    }

    fn start(&self, program: &Path, browser: &str) -> Process {
        let browser = self.person.home().join(browser);
        let browser = format!("--browser-command={}", browser.display());
        self.person.start(program, &[&browser])
    }

    fn kubelogin(&self) -> String {
        token(&self.start(&parts::part("kubelogin"), "browser").outcome())
    }

    /// A call that has nobody to sign in.
    fn ours(&self) -> String {
        token(&self.start(Path::new(KUBESESAME), "nobody").outcome())
    }

    fn grants(&self) -> Vec<String> {
        let requests = self.okta.requests().into_iter();
        requests.filter_map(|request| request.grant_type).collect()
    }

    fn record(&self) -> PathBuf {
        let mut records = self.person.files(PEER_CACHE, "");
        records.retain(|path| path.extension().is_none());
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }
}

/// Waits until tokens of this life that are there now have ended.
fn outlive(lifetime: Duration) {
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + lifetime.as_secs() + 1;
    wait_for("end of the token", || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        (now > end).then_some(())
    });
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_live_session_of_the_peer_comes_along() {
    let change = Change::new(Duration::from_hours(1));
    let token = change.kubelogin();
    assert_eq!(change.ours(), token);
    assert_eq!(change.grants(), ["authorization_code"]);
    // Whichever runs next: kubelogin has a session of its own again, and ours is refreshed all the same.
    assert_ne!(change.kubelogin(), token);
    change.person.expire();
    change.ours();
    change.kubelogin();
    change.person.expire();
    change.ours();
    assert_eq!(
        change.grants(),
        [
            "authorization_code",
            "authorization_code",
            "refresh_token",
            "refresh_token"
        ]
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn an_ended_session_of_the_peer_comes_along_and_is_refreshed() {
    let lifetime = Duration::from_secs(2);
    let change = Change::new(lifetime);
    change.kubelogin();
    outlive(lifetime);
    change.ours();
    assert_eq!(change.grants(), ["authorization_code", "refresh_token"]);
    // Both refresh theirs from here on, and neither spends a token of the other's.
    change.kubelogin();
    for _ in 0..2 {
        outlive(lifetime);
        change.ours();
        change.kubelogin();
    }
    assert_eq!(
        change.grants()[2..],
        [
            "authorization_code",
            "refresh_token",
            "refresh_token",
            "refresh_token",
            "refresh_token"
        ]
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_peer_that_is_signing_in_is_waited_for() {
    let lifetime = Duration::from_secs(4);
    let change = Change::new(lifetime);
    change.kubelogin();
    let record = change.record();
    let revoked = fs::read_to_string(&record).unwrap();
    let mut revoked: serde_json::Value = serde_json::from_str(&revoked).unwrap();
    revoked["refresh_token"] = "revoked".into();
    fs::write(&record, revoked.to_string()).unwrap();
    outlive(lifetime);

    let mut kubelogin = change.start(&parts::part("kubelogin"), "nobody");
    let tabs = change.person.home().join("tabs");
    let url = kubelogin.wait_for("tab of kubelogin", |_| fs::read_to_string(&tabs).ok());
    let mut ours = change.start(Path::new(KUBESESAME), "nobody");
    ours.wait_for("word that it waits", |ours| {
        ours.stderr()
            .contains("waiting for kubectl oidc-login")
            .then_some(())
    });
    change
        .okta
        .behave(|behaviour| behaviour.id_token_lifetime_secs = 3600);
    let mut browser = Command::new(parts::part("node"));
    browser.arg(parts::part("provider/person.mjs")).arg(url.trim());
    let browser = Process::start("person", change.person.home(), &mut browser).outcome();
    assert_eq!(browser.code, Some(0), "{browser:?}");
    assert_eq!(token(&ours.outcome()), token(&kubelogin.outcome()));
    assert_eq!(fs::read_to_string(&tabs).unwrap().lines().count(), 1);
}

/// The flags that a command's help names.
fn flags_of(program: &str, command: &str) -> BTreeSet<String> {
    let home = tempfile::tempdir().unwrap();
    let mut help = Command::new(parts::part(program));
    help.env_clear().env("HOME", home.path());
    help.args([command, "--help"].iter().filter(|word| !word.is_empty()));
    let outcome = Process::start("help", home.path(), &mut help).outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let flags = outcome.stdout.lines().filter_map(|line| {
        let line = line.trim_start();
        let flag = line.strip_prefix("-v, ").unwrap_or(line).strip_prefix("--")?;
        // The help of `setup` has an example in it, with values.
        flag.split([' ', ',', '=']).next().map(str::to_owned)
    });
    // `-h, --help` has another beginning.
    flags.filter(|flag| flag != "version").collect()
}

/// What the other tests take for kubelogin's flags is what it says itself.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_list_of_the_peers_flags_is_its_own() {
    for command in ["get-token", "setup", "clean", ""] {
        let listed: BTreeSet<String> = GROUPS
            .iter()
            .filter(|group| group.commands.contains(&command))
            .flat_map(|group| group.flags)
            .filter(|(flag, _)| *flag != HIDDEN)
            .map(|(flag, _)| (*flag).to_owned())
            .collect();
        assert_eq!(flags_of("kubelogin", command), listed, "{command}");
    }
}
