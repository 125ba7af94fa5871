//! Waits that end: for a condition, for a run, for what is told meanwhile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStderr};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::outcome::Outcome;

/// What takes longer hangs, however slow and busy the machine is.
pub(super) const HANG: Duration = Duration::from_mins(10);

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + HANG;
    while !is_so() {
        assert!(Instant::now() < deadline, "it hangs: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for the end of a run and returns what it had said.
#[track_caller]
pub(crate) fn finish(child: Child) -> Outcome {
    let pid = Pid::from_raw(child.id().cast_signed());
    let (sender, ended) = channel();
    thread::spawn(move || drop(sender.send(child.wait_with_output())));
    let Ok(output) = ended.recv_timeout(HANG) else {
        kill(pid, Signal::SIGKILL).ok();
        panic!("the program does not end");
    };
    output.expect("the program ends").into()
}

/// Mode bits of a path.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Seconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    since.as_secs().cast_signed()
}

/// Standard error, read byte by byte: what comes after a line that a test waits for is still there for the outcome.
pub(crate) fn unread(child: &mut Child) -> BufReader<ChildStderr> {
    BufReader::with_capacity(1, child.stderr.take().unwrap())
}

/// Reads standard error up to the URL that a person is to open.
pub(crate) fn url_from_stderr(mut child: Child) -> (Child, String, String) {
    let mut reader = unread(&mut child);
    let mut told = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no URL in:\n{told}");
        told.push_str(&line);
        if line.starts_with("http") {
            child.stderr = Some(reader.into_inner());
            return (child, told, line.trim().to_owned());
        }
    }
}
