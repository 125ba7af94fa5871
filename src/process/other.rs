//! Systems without `/proc`: looks up processes with the `sysinfo` library.
//!
//! Not tested on a real macOS or Windows. A test runs the same code on Linux.

use std::ffi::OsString;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::ParentProcess;

#[cfg(not(target_os = "linux"))]
pub(super) fn parent_id() -> u32 {
    parent().pid
}

pub(super) fn parent() -> ParentProcess {
    // If the parent is unknown, every call counts as one of a new process.
    known_parent().unwrap_or_else(|| ParentProcess {
        pid: std::process::id(),
        started: None,
    })
}

fn known_parent() -> Option<ParentProcess> {
    let mut system = System::new().ok()?;
    let parent = look(&mut system, Pid::from_u32(std::process::id()))?.parent()?;
    let mut found = look(&mut system, parent)?;
    // On Unix, kubectl replaces itself by its plugin. On Windows it stays as a process between this one and the client.
    if cfg!(windows) && is_wrapper(found.cmd()) {
        let caller = found.parent()?;
        found = look(&mut system, caller)?;
    }
    Some(ParentProcess {
        pid: found.pid().as_u32(),
        started: Some(found.start_time()),
    })
}

fn look(system: &mut System, pid: Pid) -> Option<&Process> {
    let what = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
    system.process(pid)
}

/// Whether a process is `kubectl oidc-login …`, which only waits for this process and is not the client.
fn is_wrapper(command: &[OsString]) -> bool {
    command.iter().skip(1).any(|word| word == "oidc-login")
}

/// Not implemented on these systems.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_stopped_kubesesame(_pid: u32) -> bool {
    false
}

/// On Windows, a new session needs unsafe code. The process has no standard streams of its caller, which is enough.
#[cfg(not(target_os = "linux"))]
pub(super) fn daemonize() {
    #[cfg(unix)]
    let _failed = nix::unistd::setsid();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubectl_that_runs_the_plugin_is_a_wrapper() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(is_wrapper(&words("kubectl oidc-login get-token")));
        assert!(is_wrapper(&words("kubectl.exe --v=1 oidc-login get-token")));
        assert!(!is_wrapper(&words("oidc-login get-token")));
        assert!(!is_wrapper(&words("kubectl get pods")));
    }
}
