//! Processes: who called us, and the one that we leave behind.
//!
//! Owns the identity of the parent, how a process is detached from those that wait for us, and how signals are held. (The browser's process is started
//! in `oidc/grants/browser.rs`.) Never decides what a caller is to be told.

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
pub(crate) use signals::{HeldSignals, survive_file_size_limits};

/// There are no such signals.
#[cfg(not(unix))]
pub(crate) fn leave_signals_to_main_thread() {}

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use other as platform;

/// What is passed to a process that is left behind is at most what a pipe takes without a reader: we do not wait for one.
const MAX_INPUT: usize = 60 * 1024;

/// The process that started us. A pid alone comes back after a while; with the start time it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParentProcess {
    pub(crate) pid: u32,
    /// In the system's own unit, where the system tells.
    pub(crate) started: Option<u64>,
}

impl ParentProcess {
    /// Looks at the process that started this one.
    pub(crate) fn of_this_process() -> Self {
        platform::parent()
    }

    /// Whether it was there already at a time of [`crate::clock::boot_ticks`].
    pub(crate) fn was_there_at(&self, boot_ticks: u64) -> bool {
        self.started.is_some_and(|started| started <= boot_ticks)
    }
}

/// Returns the id of the process that started us, which costs less than to look at it.
pub(crate) fn parent_id() -> u32 {
    platform::parent_id()
}

/// Whether a process of this program is stopped (Ctrl-Z), as far as the system tells.
pub(crate) fn is_stopped_like_us(pid: u32) -> bool {
    platform::is_stopped_like_us(pid)
}

/// How often a background job looks whether it is in the foreground: nothing tells it.
pub(crate) const BACKGROUND_LOOK: Duration = Duration::from_millis(200);

/// Waits until the terminal of standard input is no other job's; inside a runtime.
pub(crate) async fn in_foreground() {
    while environment::is_background_job() {
        tokio::time::sleep(BACKGROUND_LOOK).await;
    }
}

/// Tells each time that this process goes on in the foreground, after a stop or in the background.
pub(crate) struct Continued {
    in_background: bool,
    /// None where that cannot be heard.
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Continued {
    /// Listens from now on; inside a runtime.
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

    /// Waits for the next time; to be called again after it was dropped.
    pub(crate) async fn again(&mut self) {
        loop {
            if self.in_background {
                in_foreground().await;
            } else {
                self.signal().await;
            }
            // A job that is continued may be one in the background, and becomes one by no other way.
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

/// Whether a process that we leave behind would be looked after: the first process of a container takes all others
/// with it when it ends, and as a parent it may never collect those that it inherits.
pub(crate) fn can_spawn_detached() -> bool {
    cfg!(unix) && std::process::id() != 1 && parent_id() != 1
}

/// Starts this program once more with `argument`, detached from our pipes, and hands it `input`. It ends the rest of
/// its ties itself, see [`daemonize`].
///
/// # Errors
/// When it cannot be started, or the input is too long to be passed without waiting.
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn spawn_detached(argument: &str, input: &[u8]) -> io::Result<()> {
    if input.len() > MAX_INPUT {
        return Err(io::ErrorKind::ArgumentListTooLong.into());
    }
    // Nobody waits for it: we end in a moment, and then it is the system's.
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
        .take(2 * MAX_INPUT as u64)
        .read_to_end(&mut input);
    read.map_or_else(|_| Vec::new(), |_| input)
}

/// Leaves the session and terminal of whoever started us, and lets go of descriptors that came by inheritance: a script that
/// waits for a pipe's end must not wait for us. A signal that is meant for them (Ctrl-C, a terminal that is closed) is not for us either.
/// SIGTERM is: we end in a few seconds then, and by ourselves in a minute and a half at most.
pub(crate) fn daemonize() {
    platform::daemonize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_was_there_just_now_and_not_before_its_start() {
        let parent = ParentProcess::of_this_process();
        assert!(parent.was_there_at(crate::clock::boot_ticks()));
        assert!(!parent.was_there_at(parent.started.unwrap() - 1));
        assert_eq!(parent_id(), parent.pid);
    }

    #[test]
    fn the_parent_has_a_start_time_by_either_way() {
        assert!(ParentProcess::of_this_process().started.is_some());
        let other = other::parent();
        assert!(other.started.is_some());
        assert_eq!(other.pid, ParentProcess::of_this_process().pid);
    }
}
