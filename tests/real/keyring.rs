//! Sealed sessions with a real Secret Service: gnome-keyring on a bus of its own, unlocked, locked, and not there at all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use linux_keyutils::{KeyRing, KeyRingIdentifier};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{
    okta::{MockOkta, Rotation},
    parts,
    person::{Person, token},
    process::{Process, wait_for},
};

const CACHE: &str = ".kube/cache/kubesesame";
/// The keyring's own limit, and what a loaded machine needs besides.
const BOUND: Duration = Duration::from_secs(13);

/// A bus that starts nothing by itself, and the Secret Service on it if there is one.
struct Bus {
    address: String,
    service: Option<Process>,
    _daemon: Process,
    dir: TempDir,
}

impl Bus {
    fn without_service() -> Self {
        let dir = TempDir::with_prefix("kubesesame-bus-").unwrap();
        let address = format!("unix:path={}", dir.path().join("bus").display());
        let config = dir.path().join("bus.conf");
        let policy =
            "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>";
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context=\"default\">{policy}</policy></busconfig>"
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new(parts::part("dbus-daemon"));
        command
            .arg(format!("--config-file={}", config.display()))
            .arg("--nofork");
        let daemon = Process::start("dbus-daemon", dir.path(), &mut command);
        wait_for("the bus", || dir.path().join("bus").exists().then_some(()));
        Self {
            address,
            service: None,
            _daemon: daemon,
            dir,
        }
    }

    fn unlocked() -> Self {
        let mut bus = Self::without_service();
        let dir = bus.dir.path();
        let password = dir.join("password");
        fs::write(&password, "pw").unwrap();
        let mut command = Command::new(parts::part("gnome-keyring-daemon"));
        command
            .args(["--unlock", "--foreground", "--components=secrets"])
            .env_clear()
            .env("HOME", dir)
            .env("XDG_RUNTIME_DIR", dir)
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        let stdin = Stdio::from(fs::File::open(password).unwrap());
        bus.service = Some(Process::start_with("gnome-keyring", dir, &mut command, stdin));
        wait_for("the Secret Service", || {
            let answer = bus.call(
                "/org/freedesktop/secrets/collection/login",
                "org.freedesktop.DBus.Peer.Ping",
                &[],
            );
            answer.then_some(())
        });
        bus
    }

    /// Calls a method of the Secret Service; returns whether it answered.
    fn call(&self, object: &str, method: &str, arguments: &[&str]) -> bool {
        let status = Command::new(parts::part("dbus-send"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                object,
                method,
            ])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    }

    fn lock(&self) {
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let done = self.call(
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &[collection],
        );
        assert!(done, "the keyring is locked");
    }
}

/// Someone whose sessions are sealed.
struct Someone {
    okta: MockOkta,
    person: Person,
}

impl Someone {
    fn new(bus: &Bus, storage: &str) -> Self {
        let okta = MockOkta::start();
        okta.behave(|behaviour| {
            behaviour.any_loopback_port = true;
            behaviour.refresh = Rotation::Rotate;
        });
        let browser = format!(
            "{} {}",
            parts::part("node").display(),
            parts::part("provider/person.mjs").display()
        );
        let mut person = Person::new(&[
            "get-token".to_owned(),
            format!("--oidc-issuer-url={}", okta.issuer()),
            format!("--oidc-client-id={}", okta.client_id()),
            "--oidc-extra-scope=offline_access".to_owned(),
            "--listen-address=127.0.0.1:0".to_owned(),
            format!("--browser-command={browser}"),
            format!("--token-cache-storage={storage}"),
        ]);
        person.set("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        Self { okta, person }
    }

    fn token(&self) -> String {
        token(&self.person.run(&[]))
    }

    fn sealed(&self) -> PathBuf {
        let mut files = self.person.files(CACHE, ".session.sealed");
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    fn plain(&self) -> Vec<PathBuf> {
        self.person.files(CACHE, ".session.json")
    }

    fn logins(&self) -> usize {
        let requests = self.okta.requests().into_iter();
        requests
            .filter(|request| request.grant_type.as_deref() == Some("authorization_code"))
            .count()
    }

    /// Takes the key out of the kernel's keyring, as a new login session would find it.
    fn forget_in_kernel(&self) {
        let name = self.sealed().file_name().unwrap().to_string_lossy().into_owned();
        let name = format!("kubesesame:{}", name.split_once('.').unwrap().0);
        let user = KeyRing::from_special_id(KeyRingIdentifier::User, false).unwrap();
        if let Ok(key) = user.search(&name) {
            user.unlink_key(key).unwrap();
        }
    }

    fn fails(&self, words: &[&str]) {
        let began = Instant::now();
        let outcome = self.person.run(&[]);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(1), ""),
            "{outcome:?}"
        );
        for word in words.iter().chain(&["error: ", "hint: "]) {
            assert!(outcome.stderr.contains(word), "`{word}` is missing: {outcome:?}");
        }
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    }
}

/// Whether the text stands in any file of the directory.
fn stands_in(dir: &Path, text: &str) -> bool {
    let entries = fs::read_dir(dir).unwrap();
    entries.into_iter().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_session_is_sealed_and_renewed_without_the_keyring_and_opened_by_it() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    let first = someone.token();
    assert!(
        !stands_in(&someone.person.home().join(CACHE), &first),
        "the token lies open"
    );
    assert_eq!(someone.plain().len(), 0);
    assert_eq!(someone.token(), first);
    // Locked: the key is at hand in the kernel, and a renewal has nothing to write to the keyring.
    bus.lock();
    let renewed = token(&someone.person.run(&["--force-refresh"]));
    assert_ne!(renewed, first);
    assert_eq!(someone.token(), renewed);
    // A new login session: the keyring is needed, and says that it is locked.
    someone.forget_in_kernel();
    let before = fs::read(someone.sealed()).unwrap();
    someone.fails(&["the OS keyring is locked", "--token-cache-storage=disk"]);
    assert_eq!(
        (fs::read(someone.sealed()).unwrap(), someone.plain().len()),
        (before, 0)
    );
    assert_eq!(someone.logins(), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_keyring_opens_what_the_kernel_has_forgotten() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    let first = someone.token();
    someone.forget_in_kernel();
    assert_eq!(someone.token(), first);
    assert_eq!(someone.logins(), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_key_that_is_lost_or_wrong_costs_a_sign_in_and_puts_the_record_aside() {
    let bus = Bus::unlocked();
    let mut someone = Someone::new(&bus, "keyring");
    let first = someone.token();
    // Another machine's keyring with the same home.
    let other = Bus::unlocked();
    someone.person.set("DBUS_SESSION_BUS_ADDRESS", &other.address);
    someone.forget_in_kernel();
    let sealed = fs::read(someone.sealed()).unwrap();
    let lost = someone.person.run(&[]);
    assert_ne!(token(&lost), first);
    assert!(
        lost.stderr.contains("its key is not in the OS keyring"),
        "{lost:?}"
    );
    let aside = someone.person.files(CACHE, ".session.sealed.set-aside");
    assert_eq!(fs::read(&aside[0]).unwrap(), sealed);
    // Back with the first keyring, whose key is now a wrong one.
    someone.person.set("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    someone.forget_in_kernel();
    let wrong = someone.person.run(&[]);
    assert!(
        wrong
            .stderr
            .contains("cannot be opened with the key in the OS keyring"),
        "{wrong:?}"
    );
    token(&wrong);
    assert_eq!(someone.logins(), 3);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_keyring_that_does_not_answer_ends_in_bounded_time() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    someone.token();
    someone.forget_in_kernel();
    let service = Pid::from_raw(bus.service.as_ref().unwrap().id().cast_signed());
    kill(service, Signal::SIGSTOP).unwrap();
    someone.fails(&["did not answer within 3 s", "--token-cache-storage=disk"]);
    kill(service, Signal::SIGCONT).unwrap();
    someone.token();
    assert_eq!(someone.logins(), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn without_a_keyring_it_is_an_error_and_with_auto_a_plain_file_that_is_told() {
    let bus = Bus::without_service();
    let someone = Someone::new(&bus, "keyring");
    someone.fails(&["there is no OS keyring here", "--token-cache-storage=auto"]);
    assert_eq!((someone.plain().len(), someone.logins()), (0, 0));
    let someone = Someone::new(&bus, "auto");
    let outcome = someone.person.run(&[]);
    let first = token(&outcome);
    assert!(
        outcome.stderr.contains(
            "the session is kept in a file that only you can read, since there is no OS keyring here"
        ),
        "{outcome:?}"
    );
    assert_eq!(someone.plain().len(), 1);
    let second = someone.person.run(&[]);
    assert_eq!((token(&second), second.stderr.as_str()), (first, ""));
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn auto_seals_where_there_is_a_keyring_and_says_so() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "auto");
    let outcome = someone.person.run(&[]);
    assert!(
        outcome
            .stderr
            .contains("the session is kept sealed, with its key in the OS keyring"),
        "{outcome:?}"
    );
    someone.sealed();
    assert_eq!(someone.token(), token(&outcome));
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_plain_session_is_taken_in_and_clean_removes_the_key() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "disk");
    let first = someone.token();
    let sealed = token(&someone.person.run(&["--token-cache-storage=keyring"]));
    assert_eq!(
        (sealed, someone.plain().len(), someone.logins()),
        (first.clone(), 0, 1)
    );
    let file = fs::read(someone.sealed()).unwrap();
    let path = someone.sealed();
    let cleaned = someone.person.run_alone(&["clean"]);
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned:?}");
    // Whoever kept a copy of the file has nothing of it.
    fs::write(&path, file).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let after = someone.person.run(&["--token-cache-storage=keyring"]);
    assert!(
        after.stderr.contains("its key is not in the OS keyring"),
        "{after:?}"
    );
    assert_ne!(token(&after), first);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_token_with_three_hundred_groups_fits() {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, "keyring");
    someone.okta.behave(|behaviour| {
        behaviour.group_count = Some(300);
        behaviour.groups_limit_lifted = true;
    });
    let first = token(&someone.person.run(&[]));
    assert!(first.len() > 6000, "{}", first.len());
    assert_eq!(token(&someone.person.run(&[])), first);
}
