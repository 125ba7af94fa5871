//! Processes: the parent, and the detached process of a background refresh.
//!
//! Owns the identity of the parent, how a process is detached from its caller, and how signals are held and deferred. (The browser's
//! process is started in `oidc/grants/browser.rs`.) Never decides what is reported to a caller.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::environment;

pub(crate) mod core_dump;
mod deferred_signals;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
mod other;
#[cfg(unix)]
mod signal_watch;
mod signals;

pub(crate) use deferred_signals::DeferredSignals;
#[cfg(unix)]
pub(crate) use signal_watch::{SignalWatch, leave_signals_to_main_thread};
pub(crate) use signals::{HeldSignals, block_file_size_signal};

/// There are no such signals.
#[cfg(not(unix))]
pub(crate) fn leave_signals_to_main_thread() {}

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use other as platform;

/// The most bytes that are passed to a detached process. A pipe takes them without a reader, so this process does not wait.
const MAX_HANDOVER_BYTES: usize = 60 * 1024;

/// The process that started this one. The system reuses a pid, but not a pid with a start time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParentProcess {
    pub(crate) pid: u32,
    /// The start time in the system's own unit, if it is known.
    pub(crate) started: Option<u64>,
}

impl ParentProcess {
    /// Looks up the process that started this one.
    pub(crate) fn of_this_process() -> Self {
        platform::parent()
    }

    /// Whether it was running at a time of [`crate::clock::boot_ticks`].
    pub(crate) fn was_running_at(&self, boot_ticks: u64) -> bool {
        self.started.is_some_and(|started| started <= boot_ticks)
    }
}

/// Returns the id of the process that started this one. Cheaper than [`ParentProcess::of_this_process`].
pub(crate) fn parent_id() -> u32 {
    platform::parent_id()
}

/// Whether a process is a kubesesame that is stopped (Ctrl-Z). `false` if the system does not say.
pub(crate) fn is_stopped_kubesesame(pid: u32) -> bool {
    platform::is_stopped_kubesesame(pid)
}

/// How often a background job checks whether it is in the foreground. The system sends no signal for that.
pub(crate) const FOREGROUND_POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Waits until the terminal of standard input belongs to this job. Must run inside a runtime.
pub(crate) async fn in_foreground() {
    while environment::is_background_job() {
        tokio::time::sleep(FOREGROUND_POLL_INTERVAL).await;
    }
}

/// Reports each time that this process comes to the foreground, after a stop or from the background.
pub(crate) struct ForegroundEvents {
    in_background: bool,
    /// `None` if the signal cannot be received.
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl ForegroundEvents {
    /// Starts to listen. Must run inside a runtime.
    pub(crate) fn listen() -> Self {
        Self {
            in_background: environment::is_background_job(),
            #[cfg(unix)]
            signal: {
                let kind =
                    tokio::signal::unix::SignalKind::from_raw(nix::sys::signal::Signal::SIGCONT as i32);
                tokio::signal::unix::signal(kind).ok()
            },
        }
    }

    /// Waits for the next time. Cancel safe: if the future is dropped, call it again.
    pub(crate) async fn next(&mut self) {
        loop {
            if self.in_background {
                in_foreground().await;
            } else {
                self.signal().await;
            }
            // SIGCONT may continue this job in the background. A job gets into the background in no other way.
            self.in_background = environment::is_background_job();
            if !self.in_background {
                return;
            }
        }
    }

    async fn signal(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Whether a detached process would survive and be reaped. When the first process of a container ends, all others end with it, and as a
/// parent it may never reap the processes that it inherits.
pub(crate) fn can_spawn_detached() -> bool {
    cfg!(unix) && std::process::id() != 1 && parent_id() != 1
}

/// Starts this program once more with `argument`, without this process's standard streams, and passes `input` to it. The new process
/// detaches itself from the rest, see [`daemonize`].
///
/// # Errors
/// When it cannot be started, or the input is too long to be passed without waiting.
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn spawn_detached(argument: &str, input: &[u8]) -> io::Result<()> {
    if input.len() > MAX_HANDOVER_BYTES {
        return Err(io::ErrorKind::ArgumentListTooLong.into());
    }
    // No `wait`: this process ends soon, and then init reaps the child.
    let mut child = Command::new(std::env::current_exe()?)
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(input))
}

/// Returns what [`spawn_detached`] passed to this process.
pub(crate) fn read_handover() -> Vec<u8> {
    let mut input = Vec::new();
    let read = io::stdin()
        .lock()
        .take(2 * MAX_HANDOVER_BYTES as u64)
        .read_to_end(&mut input);
    read.map_or_else(|_| Vec::new(), |_| input)
}

/// Detaches this process from its caller: leaves its session and terminal, and closes inherited descriptors, so that a script that waits
/// for the end of a pipe does not wait for this process. It ignores Ctrl-C and the close of the terminal. It ends a few seconds after
/// SIGTERM, and after a minute and a half at most.
pub(crate) fn daemonize() {
    platform::daemonize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_running_now_and_was_not_before_its_start() {
        let parent = ParentProcess::of_this_process();
        assert!(parent.was_running_at(crate::clock::boot_ticks()));
        assert!(!parent.was_running_at(parent.started.unwrap() - 1));
        assert_eq!(parent_id(), parent.pid);
    }

    #[test]
    fn the_parent_has_a_start_time_on_linux_and_by_the_library() {
        assert!(ParentProcess::of_this_process().started.is_some());
        let other = other::parent();
        assert!(other.started.is_some());
        assert_eq!(other.pid, ParentProcess::of_this_process().pid);
    }
}
