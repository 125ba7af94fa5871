//! Linux: `/proc` tells.

use std::fs::{self, File};
use std::io::Read as _;
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{alarm, close, setsid};

use super::ParentProcess;

/// A detached process lives no longer than this, whatever it hangs in.
const LIFE_SECS: u32 = 90;

/// What is under way may end within this when the process is told to end: a refresh token that was sent may have been replaced.
const GRACE_SECS: u32 = 3;

pub(super) fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

pub(super) fn parent() -> ParentProcess {
    let pid = parent_id();
    ParentProcess {
        pid,
        started: started(pid),
    }
}

/// Field 22 of `/proc/PID/stat` (proc(5)); the name in field 2 may hold spaces, so count after its bracket.
#[expect(
    clippy::disallowed_methods,
    reason = "a process's start time is a file only by name"
)]
fn started(pid: u32) -> Option<u64> {
    // The file has no size to read it by; it is some 300 bytes, which one read brings.
    let mut stat = [0; 1024];
    let length = File::open(format!("/proc/{pid}/stat"))
        .ok()?
        .read(&mut stat)
        .ok()?;
    let stat = str::from_utf8(&stat[..length]).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

pub(super) fn detach() {
    let set = |signals: &[Signal]| signals.iter().copied().collect::<SigSet>();
    let _failed = set(&[Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM]).thread_block();
    // Whoever started us may have had it blocked.
    let _failed = set(&[Signal::SIGALRM]).thread_unblock();
    alarm::set(LIFE_SECS);
    let termination = set(&[Signal::SIGTERM]);
    let waiting = thread::Builder::new().spawn(move || {
        if termination.wait().is_ok() {
            alarm::set(GRACE_SECS);
        }
    });
    if waiting.is_err() {
        let _failed = termination.thread_unblock();
    }
    // Fails only for the leader of a group, which nobody made us.
    let _failed = setsid();
    // Ours are closed when a program is started; these came from elsewhere. Names first: the directory itself is one of them.
    let names: Vec<_> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
        Err(_) => return,
    };
    let inherited = names.iter().filter_map(|name| name.to_str()?.parse::<i32>().ok());
    for descriptor in inherited.filter(|descriptor| *descriptor > 2) {
        let _gone = close(descriptor);
    }
}
