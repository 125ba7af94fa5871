//! Linux: reads the state of processes from `/proc`, and detaches this process from its caller.

use std::fs::{self, File};
use std::io::Read as _;
use std::thread;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, alarm, close, setsid};

use super::ParentProcess;

/// SIGALRM ends a detached process after this time, even if a request hangs.
const MAX_LIFE_SECS: u32 = 90;

/// How long a detached process may finish its request after SIGTERM: the provider may have rotated the refresh token that it received.
const TERMINATION_GRACE_SECS: u32 = 3;

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

fn started(pid: u32) -> Option<u64> {
    let (_, after_name) = stat(pid)?;
    // Field 22.
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// The signals that this process ignores, by bits from 0.
#[expect(
    clippy::disallowed_methods,
    reason = "what the system says of a process is a file only by name"
)]
pub(super) fn ignored_signals() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// State T, which is field 3: stopped by a signal. Only for a process with the name of this one, since the id may belong to another
/// container.
pub(super) fn is_stopped_kubesesame(pid: u32) -> bool {
    let (Some((name, after_name)), Some((ours, _))) = (stat(pid), stat(std::process::id())) else {
        return false;
    };
    name == ours && after_name.trim_start().starts_with('T')
}

/// Whether there is such a process, and it has not ended.
#[cfg(test)]
pub(super) fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|(_, after_name)| !after_name.trim_start().starts_with(['Z', 'X']))
}

/// Ends the processes that a process has started, and those that these have. One that has left them, such as an agent, stays.
pub(super) fn end_descendants(pid: u32) {
    // It starts no more while they are looked for.
    let _gone = kill(process_id(pid), Signal::SIGSTOP);
    for descendant in with_descendants(pid).into_iter().skip(1) {
        let _gone = kill(process_id(descendant), Signal::SIGKILL);
    }
}

/// Sends a signal to a process, to those that it has started, and to those that these have.
pub(super) fn signal_with_descendants(pid: u32, signal: Signal) {
    for process in with_descendants(pid) {
        let _gone = kill(process_id(process), signal);
    }
}

fn with_descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = numbers_in("/proc")
        .filter_map(|child| Some((child, parent_of(child)?)))
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(
            parents
                .iter()
                .filter(|(_, known)| *known == parent)
                .map(|(child, _)| child),
        );
        next += 1;
    }
    found
}

fn process_id(pid: u32) -> Pid {
    Pid::from_raw(pid.cast_signed())
}

fn parent_of(pid: u32) -> Option<u32> {
    let (_, after_name) = stat(pid)?;
    // Field 4.
    after_name.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the names in a directory of `/proc` that are numbers.
fn numbers_in(dir: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Returns the name of a process in `/proc/PID/stat` (proc(5)), and the fields after it. The name may contain spaces and brackets.
#[expect(
    clippy::disallowed_methods,
    reason = "what the system says of a process is a file only by name"
)]
fn stat(pid: u32) -> Option<(String, String)> {
    // The file reports no size. It has about 300 bytes, so one read returns all of it.
    let mut stat = [0; 1024];
    let length = File::open(format!("/proc/{pid}/stat"))
        .ok()?
        .read(&mut stat)
        .ok()?;
    let stat = str::from_utf8(&stat[..length]).ok()?;
    let (name, after_name) = stat.split_once('(')?.1.rsplit_once(')')?;
    Some((name.to_owned(), after_name.to_owned()))
}

/// Leaves the caller's session and terminal, closes inherited descriptors, and limits the life of this process. SIGINT and SIGHUP have no
/// effect, and SIGTERM has it after some seconds.
pub(super) fn daemonize() {
    let set = |signals: &[Signal]| signals.iter().copied().collect::<SigSet>();
    let _failed = set(&[Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM]).thread_block();
    // The parent process may have blocked it.
    let _failed = set(&[Signal::SIGALRM]).thread_unblock();
    alarm::set(MAX_LIFE_SECS);
    let termination = set(&[Signal::SIGTERM]);
    let waiting = thread::Builder::new().spawn(move || {
        if termination.wait().is_ok() {
            alarm::set(TERMINATION_GRACE_SECS);
        }
    });
    if waiting.is_err() {
        let _failed = termination.thread_unblock();
    }
    // Fails only for the leader of a process group, which this process is not.
    let _failed = setsid();
    // Rust opens descriptors with close-on-exec, so these were inherited. The names are collected first, since reading the directory uses a
    // descriptor, too.
    let names: Vec<_> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
        Err(_) => return,
    };
    let inherited = names.iter().filter_map(|name| name.to_str()?.parse::<i32>().ok());
    for descriptor in inherited.filter(|descriptor| *descriptor > 2) {
        let _gone = close(descriptor);
    }
}
