//! A home of its own, a provider of its own, and the program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::sys::stat::{Mode, umask};
use tempfile::TempDir;

use super::browser::{Browser, Habit, visit};
use super::call::Call;
use super::masked::masked;
use super::outcome::Outcome;
use super::waits::wait_until;
use okta::{Endpoint, Fault, FaultKind, MockOkta, Options, Rotation};

/// What kubectl says without a terminal.
const EXEC_INFO: &str = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;

/// Everything one test needs, gone with it.
pub(crate) struct Sandbox {
    pub(crate) okta: MockOkta,
    browser: Browser,
    home: TempDir,
    #[cfg(target_os = "linux")]
    pub(super) clock_zero: std::sync::OnceLock<i64>,
}

impl Sandbox {
    /// A person who signs in as soon as a tab opens.
    pub(crate) fn new() -> Self {
        Self::with_habit(Box::new(|url| drop(visit(url))))
    }

    /// A person who lets tabs be.
    pub(crate) fn unattended() -> Self {
        Self::with_habit(Box::new(|_| ()))
    }

    pub(crate) fn with_habit(habit: Habit) -> Self {
        Self::build(MockOkta::start(), habit)
    }

    /// A provider with https, whose authority is in `ca.pem`.
    pub(crate) fn with_tls() -> Self {
        let okta = MockOkta::start_with(Options {
            tls: true,
            ..Options::default()
        });
        let sandbox = Self::build(okta, Box::new(|url| drop(visit(url))));
        fs::write(sandbox.path("ca.pem"), sandbox.okta.ca_pem().expect("a CA")).unwrap();
        sandbox
    }

    fn build(okta: MockOkta, habit: Habit) -> Self {
        // For what the tests make themselves and for the program, whatever the caller's is.
        umask(Mode::S_IWGRP | Mode::S_IWOTH);
        // Free ports, so that tests run side by side; strict rotation, so that a second use of a refresh token shows.
        okta.behave(|behaviour| {
            behaviour.any_loopback_port = true;
            behaviour.refresh = Rotation::Rotate;
        });
        // Not below /tmp, where stricter rules hold: tests of those make a shared directory of their own.
        let home = tempfile::Builder::new()
            .prefix("it-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self {
            browser: Browser::start(home.path(), habit),
            okta,
            home,
            #[cfg(target_os = "linux")]
            clock_zero: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn cache_dir(&self) -> PathBuf {
        self.path(".kube/cache/kubesesame")
    }

    /// Returns the one file of the cache whose name ends so.
    #[track_caller]
    pub(crate) fn cache_file(&self, suffix: &str) -> PathBuf {
        let mut found = self.cache_files(suffix);
        assert_eq!(found.len(), 1, "files *{suffix}: {found:?}");
        found.remove(0)
    }

    pub(crate) fn cache_files(&self, suffix: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.cache_dir()) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_string_lossy().ends_with(suffix))
            .collect()
    }

    /// Sessions in another directory of the home.
    pub(crate) fn session_count(&self, dir: &str) -> usize {
        let entries = fs::read_dir(self.path(dir)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().ends_with(".session.json"))
            .count()
    }

    pub(crate) fn session_file(&self) -> PathBuf {
        self.cache_file(".session.json")
    }

    pub(crate) fn session(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.session_file()).unwrap()).unwrap()
    }

    /// Changes the stored session, as time or an accident would.
    pub(crate) fn change_session(&self, change: impl FnOnce(&mut serde_json::Value)) {
        let mut session = self.session();
        change(&mut session);
        fs::write(self.session_file(), session.to_string()).unwrap();
    }

    /// Makes the stored token one that has to be refreshed.
    pub(crate) fn expire(&self) {
        self.change_session(|session| session["expires_at"] = 1.into());
    }

    /// The command that hands a URL to the browser of this sandbox.
    pub(crate) fn browser_command(&self) -> String {
        self.browser.command()
    }

    pub(crate) fn tabs(&self) -> usize {
        self.browser.tabs()
    }

    pub(crate) fn wait_for_tabs(&self, wanted: usize) -> String {
        self.browser.wait_for_tabs(wanted)
    }

    /// Waits until the person is done with so many tabs.
    pub(crate) fn wait_for_visits(&self, wanted: usize) {
        wait_until("the tabs are visited", || self.browser.visited() >= wanted);
    }

    /// The provider does the work of its token endpoint, and keeps the answers back until they are let go.
    pub(crate) fn hold_token_answers(&self) {
        let held = Fault::always(Endpoint::Token, FaultKind::Held);
        self.okta.behave(|behaviour| behaviour.faults = vec![held]);
    }

    pub(crate) fn let_answers_go(&self) {
        self.okta.behave(|behaviour| behaviour.faults.clear());
    }

    /// Signs in, and forgets what was asked on the way.
    pub(crate) fn signed_in(&self) -> String {
        let token = self.get_token().run().token();
        self.okta.clear_requests();
        token
    }

    /// Requests at the token endpoint with this grant.
    pub(crate) fn grants(&self, grant_type: &str) -> usize {
        let requests = self.okta.requests();
        let token = requests
            .iter()
            .filter(|request| request.endpoint == Endpoint::Token);
        token
            .filter(|request| request.grant_type.as_deref() == Some(grant_type))
            .count()
    }

    /// `get-token` as a kubeconfig would have it, with a free port and this sandbox's browser.
    pub(crate) fn get_token(&self) -> Call {
        self.command("get-token")
            .arg("--oidc-extra-scope=offline_access")
            .env("KUBERNETES_EXEC_INFO", EXEC_INFO)
    }

    /// The arguments of [`Self::get_token`] as a flow sequence of YAML has them.
    pub(crate) fn entry_args(&self) -> String {
        self.get_token().entry_args()
    }

    /// No command, with a free port and this sandbox's browser.
    pub(crate) fn standalone(&self) -> Call {
        self.bare(&[
            "--listen-address=127.0.0.1:0",
            &format!("--browser-command={}", self.browser.command()),
        ])
    }

    pub(crate) fn setup(&self) -> Call {
        self.command("setup")
    }

    fn command(&self, name: &str) -> Call {
        self.bare(&[
            name,
            &format!("--oidc-issuer-url={}", self.okta.issuer()),
            &format!("--oidc-client-id={}", self.okta.client_id()),
            "--listen-address=127.0.0.1:0",
            &format!("--browser-command={}", self.browser.command()),
        ])
    }

    /// The program with these arguments and nothing more.
    pub(crate) fn bare(&self, args: &[&str]) -> Call {
        Call {
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: vec![
                ("HOME".into(), self.home.path().to_string_lossy().into_owned()),
                ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
                ("TMPDIR".into(), self.home.path().to_string_lossy().into_owned()),
            ],
            terminal: None,
            wrapper: Vec::new(),
        }
    }

    /// Replaces what differs from run to run, for snapshots.
    pub(crate) fn filtered(&self, outcome: &Outcome) -> String {
        let text = outcome.to_string();
        let text = text
            .replace(&self.okta.issuer(), "[ISSUER]")
            .replace(&self.okta.origin(), "[ORIGIN]");
        let text = text.replace(&*self.home.path().to_string_lossy(), "[HOME]");
        masked(&text)
    }

    /// Standard error and the exit code, where the result is looked at in another way.
    pub(crate) fn filtered_stderr(&self, outcome: &Outcome) -> String {
        let stdout = String::new();
        self.filtered(&Outcome {
            stdout,
            ..outcome.clone()
        })
    }

    /// What a run told, under a heading, for one snapshot of several runs.
    pub(crate) fn told(&self, heading: &str, outcome: &Outcome) -> String {
        format!("{heading}\n{}\n\n", self.filtered_stderr(outcome))
    }

    /// What a first call tells of each of these faults of an endpoint. No session comes of it.
    pub(crate) fn told_of_faults<const N: usize>(
        endpoint: Endpoint,
        cases: [(&str, FaultKind); N],
    ) -> String {
        let told = cases.map(|(heading, fault)| {
            let sandbox = Self::new();
            sandbox
                .okta
                .behave(|behaviour| behaviour.faults = vec![Fault::always(endpoint, fault)]);
            let outcome = sandbox.get_token().run();
            outcome.fails(1, &[]);
            assert_eq!(sandbox.cache_files(".session.json").len(), 0, "{heading}");
            sandbox.told(heading, &outcome)
        });
        told.concat()
    }

    /// A provider with https and a name that nobody here can resolve; its authority is in `ca.pem`. The person's browser knows the way.
    pub(crate) fn with_provider_at(host: &'static str) -> Self {
        let okta = MockOkta::start_with(Options {
            tls: true,
            host: host.to_owned(),
            ..Options::default()
        });
        let way = move |url: &str| drop(visit(&url.replacen(host, "127.0.0.1", 1)));
        let sandbox = Self::build(okta, Box::new(way));
        fs::write(sandbox.path("ca.pem"), sandbox.okta.ca_pem().expect("a CA")).unwrap();
        sandbox
    }
}
