//! Processes: the parent, the detached process of a background refresh, kubectl, and the program for the cluster's side.
//!
//! Owns the identity of the parent, how a process is detached from its caller, and how signals are held and deferred. (The browser's
//! process is started in `oidc/grants/browser.rs`.) Never decides what is reported to a caller.

mod attended;
mod bounded;
pub(crate) mod core_dump;
mod deferred_signals;
mod detached;
mod foreground;
mod forwarding;
mod interruption;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
mod other;
mod parent;
mod replacement;
#[cfg(unix)]
mod signal_watch;
mod signals;

pub(crate) use attended::{Finished, run_attended};
pub(crate) use bounded::{RunError, run_within};
pub(crate) use deferred_signals::DeferredSignals;
pub(crate) use detached::{can_spawn_detached, daemonize, read_handover, spawn_detached};
pub(crate) use foreground::{FOREGROUND_POLL_INTERVAL, ForegroundEvents, in_foreground};
pub(crate) use forwarding::run_forwarding;
pub(crate) use parent::{ParentProcess, parent_id};
pub(crate) use replacement::replace_by;
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

/// Whether a process is a kubesesame that is stopped (Ctrl-Z). `false` if the system does not say.
pub(crate) fn is_stopped_kubesesame(pid: u32) -> bool {
    platform::is_stopped_kubesesame(pid)
}
