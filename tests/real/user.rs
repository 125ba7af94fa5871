//! Someone at the mock Okta, with kubesesame set up: its arguments, its cache, the tabs that it opened.
//!
//! Its "browser" writes the URL down, so that a test counts the tabs and hands the URL to a browser it can drive.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{browser::Browser, process::Process};
use okta::{MockOkta, Options};

const KUBESESAME: &str = env!("CARGO_BIN_EXE_kubesesame");

/// Returns a provider over https that shows its sign-in page and takes any port of the loopback redirect.
pub(crate) fn okta() -> MockOkta {
    let okta = MockOkta::start_with(Options {
        tls: true,
        ..Options::default()
    });
    okta.behave(|behaviour| {
        behaviour.auto_approve = false;
        behaviour.any_loopback_port = true;
    });
    okta
}

/// Answers the sign-in page as the mock's user.
pub(crate) fn identify(browser: &Browser, okta: &MockOkta) {
    let user = okta.behaviour().user;
    browser.fill("username", &user.login);
    browser.fill("password", &user.password);
    browser.press("signin");
}

/// One person's kubesesame.
pub(crate) struct Kubesesame {
    issuer: String,
    client_id: String,
    dir: TempDir,
}

impl Kubesesame {
    pub(crate) fn new(okta: &MockOkta) -> Self {
        let dir = TempDir::with_prefix("kubesesame-user-").unwrap();
        fs::write(dir.path().join("ca.pem"), okta.ca_pem().unwrap()).unwrap();
        fs::write(dir.path().join("tabs"), "").unwrap();
        Self {
            issuer: okta.issuer(),
            client_id: okta.client_id(),
            dir,
        }
    }

    /// Returns the `user` of a kubeconfig that runs it.
    pub(crate) fn kubeconfig_user(&self, api_version: &str) -> Value {
        let mut exec = json!({
            "apiVersion": format!("client.authentication.k8s.io/{api_version}"),
            "command": KUBESESAME,
            "args": self.arguments(),
        });
        // Required with v1; v1beta1 says the same by leaving it out.
        if api_version == "v1" {
            exec["interactiveMode"] = "IfAvailable".into();
        }
        json!({ "exec": exec })
    }

    /// Runs `get-token` without kubectl.
    pub(crate) fn start(&self) -> Process {
        let mut command = Command::new(KUBESESAME);
        command
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", "/usr/bin:/bin")
            .args(self.arguments());
        Process::start("kubesesame", self.dir.path(), &mut command)
    }

    /// Makes the stored token one that was issued a minute ago.
    pub(crate) fn let_token_age(&self) {
        let entries = fs::read_dir(self.path("cache"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let sessions = entries.filter(|path| path.to_string_lossy().ends_with(".session.json"));
        for session in sessions {
            let mut record: Value = serde_json::from_slice(&fs::read(&session).unwrap()).unwrap();
            record["issued_at"] = (record["issued_at"].as_i64().unwrap() - 60).into();
            fs::write(&session, record.to_string()).unwrap();
        }
    }

    /// Returns the file with the provider's certificate authority.
    pub(crate) fn certificate_authority(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Returns the URLs of the tabs opened so far.
    pub(crate) fn tabs(&self) -> Vec<String> {
        let tabs = fs::read_to_string(self.path("tabs")).unwrap();
        tabs.lines().map(str::to_owned).collect()
    }

    /// Waits for the tab that a process opens, by way of kubesesame.
    pub(crate) fn first_tab(&self, opener: &mut Process) -> String {
        opener.wait_for("tab for the sign-in", |_| self.tabs().into_iter().next())
    }

    fn arguments(&self) -> Vec<String> {
        // Appended in one write, so a line is there whole or not at all.
        let browser = format!("sh -c 'printf \"%s\\n\" \"$1\" >>{}' sh", self.path("tabs"));
        vec![
            "get-token".to_owned(),
            format!("--oidc-issuer-url={}", self.issuer),
            format!("--oidc-client-id={}", self.client_id),
            "--oidc-extra-scope=email".to_owned(),
            "--oidc-extra-scope=offline_access".to_owned(),
            format!("--certificate-authority={}", self.path("ca.pem")),
            format!("--token-cache-dir={}", self.path("cache")),
            "--listen-address=127.0.0.1:0".to_owned(),
            format!("--browser-command={browser}"),
            "--authentication-timeout-sec=60".to_owned(),
        ]
    }

    fn path(&self, name: &str) -> String {
        Path::display(&self.dir.path().join(name)).to_string()
    }
}
