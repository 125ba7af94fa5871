//! One person's kubesesame at a plain provider: a home, `get-token` with arguments of the test, and no kubectl in between.

use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    parts,
    process::{Outcome, Process},
};

/// The product.
pub(crate) const KUBESESAME: &str = env!("CARGO_BIN_EXE_kubesesame");

/// A home with nothing in it yet.
pub(crate) struct Person {
    home: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// The command of the scripted browser, if there is one.
    browser: Vec<String>,
}

impl Person {
    /// Someone whose every call has these arguments.
    pub(crate) fn new(arguments: &[String]) -> Self {
        Self {
            home: TempDir::with_prefix_in("kubesesame-person-", env!("CARGO_TARGET_TMPDIR")).unwrap(),
            arguments: arguments.to_vec(),
            environment: Vec::new(),
            browser: Vec::new(),
        }
    }

    /// Someone who signs in at this issuer with this client, in the scripted browser with these options.
    pub(crate) fn at(issuer: &str, client: &str, browser: &[&str]) -> Self {
        let script = [parts::part("node"), parts::part("provider/person.mjs")];
        let script = script.iter().map(|path| path.to_str().unwrap());
        let words = script.chain(browser.iter().copied());
        let words: Vec<String> = words.map(str::to_owned).collect();
        let command = words.join(" ");
        let mut person = Self::new(&[
            "get-token".to_owned(),
            format!("--oidc-issuer-url={issuer}"),
            format!("--oidc-client-id={client}"),
            "--listen-address=127.0.0.1:0".to_owned(),
            "--authentication-timeout-sec=30".to_owned(),
            format!("--browser-command={command}"),
        ]);
        person.browser = words;
        person
    }

    /// The same home with these arguments for every call.
    pub(crate) fn with_arguments(self, arguments: &[String]) -> Self {
        Self {
            arguments: arguments.to_vec(),
            ..self
        }
    }

    /// Sets a variable for all calls to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
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
        self.usual(&mut command).args(more);
        let name = program.file_name().unwrap().to_string_lossy();
        Process::start_with(&name, self.home(), &mut command, stdin)
    }

    /// Adds the usual arguments to a command, at this person's home.
    pub(crate) fn usual<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.at_home(command).args(&self.arguments)
    }

    fn at_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(self.environment.clone())
    }

    pub(crate) fn run(&self, more: &[&str]) -> Outcome {
        self.start(Path::new(KUBESESAME), more).outcome()
    }

    /// Signs in with a device code: the URL with the code in it is opened in the browser of another machine.
    pub(crate) fn run_by_device(&self, more: &[&str]) -> Outcome {
        let more = [more, &["--skip-open-browser"]].concat();
        let mut signing_in = self.start(Path::new(KUBESESAME), &more);
        let url = signing_in.wait_for("URL with the code", |process| {
            let told = process.stderr();
            let (url, _) = told
                .split_once("which has the code in it:\n")?
                .1
                .split_once('\n')?;
            Some(url.to_owned())
        });
        let mut browser = Command::new(&self.browser[0]);
        browser.args(&self.browser[1..]).arg(url);
        let elsewhere = Process::start("browser", self.home(), &mut browser).outcome();
        assert_eq!(elsewhere.code, Some(0), "{elsewhere:?}");
        signing_in.outcome()
    }

    /// Runs kubesesame with these arguments and none of the usual ones.
    pub(crate) fn run_alone(&self, arguments: &[&str]) -> Outcome {
        self.start_alone(arguments).outcome()
    }

    /// Starts kubesesame with these arguments and none of the usual ones.
    pub(crate) fn start_alone(&self, arguments: &[&str]) -> Process {
        let mut command = Command::new(KUBESESAME);
        self.at_home(&mut command).args(arguments);
        Process::start("kubesesame", self.home(), &mut command)
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

    /// The file of the only session.
    pub(crate) fn session(&self) -> PathBuf {
        let mut files = self.files(".kube/cache/kubesesame", ".session.json");
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// Makes the token of the only session one that has to be refreshed.
    pub(crate) fn expire(&self) {
        let file = self.session();
        let mut session: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        session["expires_at"] = 1.into();
        fs::write(&file, session.to_string()).unwrap();
    }

    /// Expires the token and has it refreshed, with nothing on standard error; returns the new token's claims.
    #[track_caller]
    pub(crate) fn refresh(&self, more: &[&str]) -> Value {
        self.expire();
        let outcome = self.run(more);
        let claims = claims(&token(&outcome));
        assert_eq!(outcome.stderr, "", "{outcome:?}");
        claims
    }

    /// Expires the token of a session that has ended at the provider, which must lead to one sign-in; returns the new
    /// token's claims.
    #[track_caller]
    pub(crate) fn sign_in_again(&self, more: &[&str]) -> Value {
        self.expire();
        let outcome = self.run(more);
        let claims = claims(&token(&outcome));
        assert_eq!(outcome.stderr.matches("signing in at ").count(), 1, "{outcome:?}");
        claims
    }
}

/// Returns the claims of a token, without a look at its signature.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

/// Returns the token of a successful run.
pub(crate) fn token(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    credential["status"]["token"].as_str().unwrap().to_owned()
}
