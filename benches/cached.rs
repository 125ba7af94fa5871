//! The budgets of the cached path and of a warm refresh, as whole processes against the floor.
//!
//! `cargo bench` prints a table; it needs a C compiler for the floor and, for peak memory, GNU time. The two
//! programs run in turn, so that the machine's mood hits both, and medians and the median of the pairs' ratios are
//! told. It judges nothing: budgets are in the README.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench starts programs and looks at their files"
)]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![expect(
    clippy::unwrap_used,
    reason = "a bench ends where its world is not as it has to be"
)]

#[path = "../examples/mock_okta/okta/mod.rs"]
mod okta;
#[path = "../examples/mock_okta/visit.rs"]
mod visit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use okta::{Endpoint, MockOkta};

const ROUNDS: usize = 500;
const WARM_UP: usize = 20;

fn main() {
    // Started by the plugin as its browser.
    if std::env::args().nth(1).as_deref() == Some("visit") {
        visit::visit(&std::env::args().next_back().unwrap(), &[]).unwrap();
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let okta = MockOkta::start();
    okta.behave(|behaviour| behaviour.any_loopback_port = true);
    let plugin = Plugin::build(&okta, home.path());
    let browser = std::env::current_exe().unwrap();
    plugin.run(&[&format!("--browser-command='{}' visit", browser.display())]);
    let session = session_file(&home.path().join(".kube/cache/kubesesame"));
    let floor = build_floor(home.path());

    let mut floor_times = Vec::new();
    let mut plugin_times = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        let floor_time = time(Command::new(&floor).arg(&session));
        let plugin_time = time(&mut plugin.command(&[]));
        if round >= WARM_UP {
            floor_times.push(floor_time);
            plugin_times.push(plugin_time);
        }
    }
    let mut ratios: Vec<f64> = plugin_times
        .iter()
        .zip(&floor_times)
        .map(|(plugin, floor)| plugin.as_secs_f64() / floor.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);

    okta.clear_requests();
    let refresh = time(&mut plugin.command(&["--force-refresh"]));
    let requests = okta.requests().len();
    assert_eq!(
        (okta.count(Endpoint::Token), okta.count(Endpoint::Authorize)),
        (1, 0),
        "it was a refresh"
    );

    println!("| what | measured |");
    println!("|---|---|");
    println!(
        "| floor (static C, reads and writes the session file), median of {ROUNDS} | {} |",
        millis(median(&mut floor_times))
    );
    println!(
        "| cached `get-token`, median of {ROUNDS} | {} |",
        millis(median(&mut plugin_times))
    );
    println!(
        "| ratio to the floor, median of pairs | {:.2} |",
        ratios[ratios.len() / 2]
    );
    println!("| peak memory of a cached call | {} |", peak_memory(&plugin));
    println!("| a warm refresh: requests | {requests} |");
    println!(
        "| a warm refresh: time, provider on loopback | {} |",
        millis(refresh)
    );
    println!(
        "| binary | {:.1} MiB |",
        mebibytes(fs::metadata(&plugin.program).unwrap().len())
    );
}

/// The release binary with its settings.
struct Plugin {
    program: PathBuf,
    home: PathBuf,
    args: Vec<String>,
}

impl Plugin {
    /// Builds the very binary that is released: a bench's own build has the features of the test crates too.
    fn build(okta: &MockOkta, home: &Path) -> Self {
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

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).args(more);
        self.at_home(&mut command);
        command
    }

    fn at_home(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
    }

    fn run(&self, more: &[&str]) {
        let output = self.command(more).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn build_floor(dir: &Path) -> PathBuf {
    let floor = dir.join("floor");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/floor.c");
    let status = Command::new("cc")
        .args(["-O2", "-static", "-o"])
        .arg(&floor)
        .arg(source)
        .status();
    assert!(status.expect("a C compiler").success(), "cc");
    floor
}

fn session_file(dir: &Path) -> PathBuf {
    let mut entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .find(|path| path.to_string_lossy().ends_with(".session.json"))
        .expect("a session")
}

/// Times a whole process, from its start to its end.
fn time(command: &mut Command) -> Duration {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().unwrap();
    let took = began.elapsed();
    assert!(status.success());
    took
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// GNU time's "maximum resident set size".
fn peak_memory(plugin: &Plugin) -> String {
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M"]).arg(&plugin.program).args(&plugin.args);
    plugin.at_home(&mut command);
    match command.output() {
        Ok(output) if output.status.success() => {
            let kibibytes: u64 = String::from_utf8_lossy(&output.stderr)
                .trim()
                .parse()
                .unwrap_or(0);
            format!("{:.1} MiB", mebibytes(kibibytes * 1024))
        }
        _ => "GNU time is not here".to_owned(),
    }
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
