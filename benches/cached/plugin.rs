//! The release binary, with a session at the mock provider.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use okta::MockOkta;

/// The request of kubectl.
const EXEC_INFO: &str = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;

pub(crate) struct Plugin {
    pub(crate) program: PathBuf,
    home: PathBuf,
    args: Vec<String>,
}

impl Plugin {
    /// Builds the binary like a release. The build of a bench would also enable features of the test crates.
    pub(crate) fn build(okta: &MockOkta, home: &Path) -> Self {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet"])
            .status()
            .unwrap();
        assert!(status.success(), "cargo build --release");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .unwrap()
            .join("release/kubesesame");
        let args = [
            "get-token".to_owned(),
            format!("--oidc-issuer-url={}", okta.issuer()),
            format!("--oidc-client-id={}", okta.client_id()),
            "--oidc-extra-scope=offline_access".to_owned(),
            "--listen-address=127.0.0.1:0".to_owned(),
        ];
        Self {
            program: target,
            home: home.to_owned(),
            args: args.to_vec(),
        }
    }

    /// Returns how many of the names in `order.txt` the linker has found, and how many there are. `None` if another linker was used.
    pub(crate) fn names_in_order(&self) -> Option<(usize, usize)> {
        let builds = fs::read_dir(self.program.parent()?.join("build")).ok()?;
        let maps = builds.filter_map(|build| Some(build.ok()?.path().join("out/kubesesame.map")));
        let newest = maps.max_by_key(|map| fs::metadata(map).and_then(|map| map.modified()).ok())?;
        let map = fs::read_to_string(newest).ok()?;
        // The map names a function by its section, `(.text.NAME)`. Code from assembly has only a symbol.
        let found: HashSet<&str> = map
            .lines()
            .filter_map(|line| match line.rsplit_once("(.text.") {
                Some((_, section)) => section.strip_suffix(')'),
                None => line.split_whitespace().last(),
            })
            .collect();
        let order = include_str!("order.txt");
        let names = || order.lines();
        Some((
            names().filter(|name| found.contains(name)).count(),
            names().count(),
        ))
    }

    /// Returns a static build with the same sessions. On Linux with glibc, its static C library is used instead of musl, which a release
    /// uses.
    pub(crate) fn build_static(&self) -> Option<Self> {
        let target = host().filter(|host| host.ends_with("-linux-gnu"))?;
        let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .unwrap()
            .join("static");
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--release",
                "--quiet",
                "--bin",
                "kubesesame",
                "--target",
                &target,
            ])
            .env("CARGO_TARGET_DIR", &target_dir)
            .env("RUSTFLAGS", "-C target-feature=+crt-static")
            .status();
        status.unwrap().success().then(|| Self {
            program: target_dir.join(target).join("release/kubesesame"),
            home: self.home.clone(),
            args: self.args.clone(),
        })
    }

    /// Returns the command like in a kubeconfig.
    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .args(more)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("KUBERNETES_EXEC_INFO", EXEC_INFO);
        // Each call is one of a new kubectl. Otherwise it would look like a repeated request of the same process.
        for slots in self.files(".issued") {
            let size = fs::metadata(&slots).unwrap().len();
            fs::OpenOptions::new()
                .write(true)
                .open(slots)
                .and_then(|mut slots| slots.write_all(&vec![0; usize::try_from(size).unwrap()]))
                .unwrap();
        }
        command
    }

    /// Returns the command as a person types it. One process may run any number of these at the same time.
    pub(crate) fn typed(&self) -> Command {
        let mut command = self.command(&[]);
        command.env_remove("KUBERNETES_EXEC_INFO");
        command
    }

    /// Signs in, and runs one more call, which writes the fast path entry. All later calls are cached calls.
    pub(crate) fn sign_in(&self, more: &[&str]) {
        let browser = browser();
        let output = self.command(&[more, &[&browser]].concat()).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            self.command(more)
                .stdout(Stdio::null())
                .status()
                .unwrap()
                .success()
        );
    }

    /// Signs in with a sealed session, and with a keyring that is stopped afterwards. Returns false if there is no keyring.
    pub(crate) fn sign_in_with_keyring(&self) -> bool {
        const SCRIPT: &str =
            "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && \"$@\" >/dev/null";
        let mut command = Command::new("dbus-run-session");
        command
            .args(["--", "sh", "-c", SCRIPT, "sh"])
            .arg(&self.program)
            .args(&self.args)
            .args([browser(), "--token-cache-storage=keyring".to_owned()])
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("KUBERNETES_EXEC_INFO", EXEC_INFO)
            .stderr(Stdio::null());
        let signed_in = command.status().is_ok_and(|status| status.success());
        let call = || {
            let mut command = self.command(&["--token-cache-storage=keyring"]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.status().unwrap().success()
        };
        signed_in && call()
    }

    /// Returns the file of the cache whose name has this suffix.
    pub(crate) fn session_file(&self, suffix: &str) -> PathBuf {
        self.files(suffix).next().expect("a session")
    }

    fn files(&self, suffix: &str) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(self.home.join(".kube/cache/kubesesame"));
        let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        paths.filter(move |path| path.to_string_lossy().ends_with(suffix))
    }
}

fn browser() -> String {
    let browser = std::env::current_exe().unwrap();
    format!("--browser-command='{}' visit", browser.display())
}

/// Returns the target of the current compiler.
fn host() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
}
