//! A Secret Service on a bus of its own: gnome-keyring, unlocked, locked, or not there at all.

use std::{
    fs,
    process::{Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{
    parts,
    process::{Process, wait_for},
};

/// A bus that starts nothing by itself, and the Secret Service on it if there is one.
pub(crate) struct Bus {
    pub(crate) address: String,
    service: Option<Process>,
    _daemon: Process,
    dir: TempDir,
}

impl Bus {
    pub(crate) fn without_service() -> Self {
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

    pub(crate) fn unlocked() -> Self {
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

    /// The entries that have this attribute.
    fn found(&self, attribute: &str, value: &str) -> Vec<String> {
        let output = Command::new(parts::part("dbus-send"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .args([
                "--session",
                "--print-reply=literal",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.SearchItems",
                &format!("dict:string:string:{attribute},{value}"),
            ])
            .output();
        let answer = String::from_utf8(output.unwrap().stdout).unwrap();
        let words = answer.split_whitespace();
        let paths = words.filter(|word| word.starts_with("/org/freedesktop/secrets/collection/"));
        paths.map(str::to_owned).collect()
    }

    /// How many entries of kubesesame there are.
    pub(crate) fn entries(&self) -> usize {
        self.found("service", "kubesesame").len()
    }

    /// Stores a secret with the command that the pages tell a person to type.
    pub(crate) fn store(&self, service: &str, account: &str, secret: &str) {
        let file = self.dir.path().join("typed");
        fs::write(&file, secret).unwrap();
        let status = Command::new(parts::part("secret-tool"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .args(["store", "--label=kubectl", "service", service])
            .args(["username", account])
            .stdin(Stdio::from(fs::File::open(&file).unwrap()))
            .status();
        assert!(status.unwrap().success(), "the secret is stored");
        fs::remove_file(file).unwrap();
    }

    /// Removes an entry of kubesesame.
    pub(crate) fn forget(&self, name: &str) {
        let found = self.found("username", name);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(self.call(&found[0], "org.freedesktop.Secret.Item.Delete", &[]));
    }

    pub(crate) fn lock(&self) {
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let done = self.call(
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &[collection],
        );
        assert!(done, "the keyring is locked");
    }

    /// Stops the service, or lets it go on.
    pub(crate) fn send(&self, signal: Signal) {
        let service = self.service.as_ref().unwrap().id();
        kill(Pid::from_raw(service.cast_signed()), signal).unwrap();
    }
}
