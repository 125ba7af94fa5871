//! One person's kubesesame at a plain provider: a home, `get-token` with arguments of the test, and no kubectl in between.

use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Outcome, Process};

/// The product.
pub(crate) const KUBESESAME: &str = env!("CARGO_BIN_EXE_kubesesame");

/// A home with nothing in it yet.
pub(crate) struct Person {
    home: TempDir,
    arguments: Vec<String>,
}

impl Person {
    /// Someone whose every call has these arguments.
    pub(crate) fn new(arguments: &[String]) -> Self {
        Self {
            home: TempDir::with_prefix_in("kubesesame-person-", env!("CARGO_TARGET_TMPDIR")).unwrap(),
            arguments: arguments.to_vec(),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs kubesesame, or another program that takes the same flags.
    pub(crate) fn start(&self, program: &Path, more: &[&str]) -> Process {
        self.start_with(program, more, Stdio::null())
    }

    /// The same with a terminal to type into.
    pub(crate) fn start_at(&self, terminal: OwnedFd, more: &[&str]) -> Process {
        self.start_with(Path::new(KUBESESAME), more, Stdio::from(terminal))
    }

    fn start_with(&self, program: &Path, more: &[&str], stdin: Stdio) -> Process {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .args(&self.arguments)
            .args(more);
        let name = program.file_name().unwrap().to_string_lossy();
        Process::start_with(&name, self.home(), &mut command, stdin)
    }

    pub(crate) fn run(&self, more: &[&str]) -> Outcome {
        self.start(Path::new(KUBESESAME), more).outcome()
    }

    /// The files of a directory of the home whose names end so.
    pub(crate) fn files(&self, dir: &str, suffix: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.home().join(dir)) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_string_lossy().ends_with(suffix))
            .collect()
    }

    /// Makes the token of the only session one that has to be renewed.
    pub(crate) fn expire(&self) {
        let files = self.files(".kube/cache/kubesesame", ".session.json");
        assert_eq!(files.len(), 1, "{files:?}");
        let mut session: Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
        session["expires_at"] = 1.into();
        fs::write(&files[0], session.to_string()).unwrap();
    }
}

/// Returns the token of a successful run.
pub(crate) fn token(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    credential["status"]["token"].as_str().unwrap().to_owned()
}
