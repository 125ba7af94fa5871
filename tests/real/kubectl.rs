//! kubectl with a kubeconfig and a home of its own, in an environment that holds nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    parts,
    process::{Outcome, Process},
};

/// Where a cluster is and how to trust it.
#[derive(Debug, Clone)]
pub(crate) struct ClusterAddress {
    pub(crate) server: String,
    pub(crate) certificate_authority: PathBuf,
}

/// One kubectl and one kubeconfig.
pub(crate) struct Kubectl {
    binary: PathBuf,
    home: TempDir,
}

impl Kubectl {
    /// Takes the `oldest` or `newest` kubectl, for a user as kubeconfig describes one.
    pub(crate) fn new(age: &str, cluster: &ClusterAddress, user: &Value) -> Self {
        let home = TempDir::with_prefix("kubesesame-home-").unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "real", "cluster": {
                "server": cluster.server,
                "certificate-authority": cluster.certificate_authority,
            }}],
            "users": [{ "name": "user", "user": user }],
            "contexts": [{ "name": "real", "context": { "cluster": "real", "user": "user" } }],
            "current-context": "real",
        });
        fs::write(home.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        Self {
            binary: parts::part(&format!("{age}/kubectl")),
            home,
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        self.start_with(&[], arguments)
    }

    /// Starts it with more variables than its own; what is in `bin` of its home is on the `PATH`.
    pub(crate) fn start_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Process {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", format!("{}/bin:/usr/bin:/bin", self.home().display()))
            .envs(variables.iter().copied())
            .env("KUBECONFIG", self.home().join("kubeconfig"))
            .args(arguments);
        Process::start("kubectl", self.home(), &mut command)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).outcome()
    }
}
