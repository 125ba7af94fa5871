//! A home and a mock Okta of its own for the commands of a page.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::stat::{Mode, umask};
use tempfile::TempDir;

use okta::MockOkta;
use okta::visit::visit;

/// Where the mock runs in the docs; here it has a free port.
const DOCUMENTED_MOCK: &str = "http://127.0.0.1:9443";
const DOCUMENTED_ORG: &str = "https://YOUR-ORG.okta.com";
const DOCUMENTED_CLIENT: &str = "YOUR-CLIENT-ID";
const DOCUMENTED_HOME: &str = "/home/you";

/// What the placeholders of the docs stand for.
pub(crate) struct Sandbox {
    okta: MockOkta,
    home: TempDir,
    /// Whether the page that is played is about somebody's Okta org rather than the mock.
    is_about_org: bool,
}

impl Sandbox {
    /// For a page about the mock.
    pub(crate) fn for_mock() -> Self {
        Self::new(false)
    }

    /// For a page about an Okta org, whose place the mock takes.
    pub(crate) fn for_org() -> Self {
        Self::new(true)
    }

    fn new(is_about_org: bool) -> Self {
        // For what the test makes and for the program, whatever the caller's is.
        umask(Mode::S_IWGRP | Mode::S_IWOTH);
        let okta = MockOkta::start();
        okta.behave(|behaviour| {
            behaviour.any_loopback_port = true;
            behaviour.auto_approve = true;
            // The one that the recipe for CI has made.
            behaviour.custom_scopes.push("kubernetes".to_owned());
        });
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        let sandbox = Self {
            okta,
            home,
            is_about_org,
        };
        sandbox.start_browser();
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file that only its owner can read, with the values for the placeholders.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, self.filled_in(text)).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn web_client_secret(&self) -> String {
        self.okta.web_client_secret()
    }

    /// Runs a documented command line, and returns its exit code and what a terminal would show, in the words of the docs.
    pub(crate) fn run(&self, args: &[String]) -> (i32, String) {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame"));
        command
            .args(args.iter().map(|arg| self.filled_in(arg)))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            // Neither sessions nor a keyring of the person who runs the tests.
            .env("TMPDIR", self.home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
            .env("KUBESESAME_LISTEN_ADDRESS", "127.0.0.1:0")
            .env("KUBESESAME_BROWSER_COMMAND", self.browser_command())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer);
        let mut child = command.spawn().unwrap();
        // It holds the pipe's other end.
        drop(command);
        let mut shown = String::new();
        reader.read_to_string(&mut shown).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        (code, self.as_documented(&shown))
    }

    fn filled_in(&self, text: &str) -> String {
        text.replace(DOCUMENTED_MOCK, &self.okta.origin())
            .replace(DOCUMENTED_ORG, &self.okta.origin())
            .replace(DOCUMENTED_CLIENT, &self.okta.client_id())
            .replace("YOUR-SERVICE-CLIENT-ID", &self.okta.web_client_id())
    }

    fn as_documented(&self, shown: &str) -> String {
        // `setup` repeats what was set, and so what is set here alone.
        let lines = shown.lines().filter(|line| {
            !line.contains("--listen-address=127.0.0.1:0") && !line.contains("--browser-command=")
        });
        let shown = lines.collect::<Vec<_>>().join("\n");
        let shown = shown.replace(&self.home.path().display().to_string(), DOCUMENTED_HOME);
        if self.is_about_org {
            shown
                .replace(&self.okta.origin(), DOCUMENTED_ORG)
                .replace(&self.okta.client_id(), DOCUMENTED_CLIENT)
        } else {
            shown.replace(&self.okta.origin(), DOCUMENTED_MOCK)
        }
    }

    /// A command that hands the URL to the browser of this sandbox.
    fn browser_command(&self) -> String {
        let fifo = self.path("browser");
        format!("sh -c 'printf \"%s\\n\" \"$1\" > {}' sh", fifo.display())
    }

    /// Visits every URL that is written to a FIFO, as a person with a session at the provider does.
    fn start_browser(&self) {
        let fifo = self.path("browser");
        nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
        // Open for both, so that it neither waits for a writer nor ends with the first one.
        let urls: File = OpenOptions::new().read(true).write(true).open(fifo).unwrap();
        std::thread::spawn(move || {
            for url in BufReader::new(urls).lines() {
                drop(visit(&url.unwrap(), &[]));
            }
        });
    }
}
