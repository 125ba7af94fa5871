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

/// Ends the processes that a process has started, and those that these have. One that has left them, such as an agent, stays.
pub(super) fn end_descendants(pid: u32) {
    let Ok(mut system) = System::new() else {
        return;
    };
    system.refresh_processes_specifics(ProcessesToUpdate::All, false, ProcessRefreshKind::nothing());
    let mut found = vec![Pid::from_u32(pid)];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = system.processes().iter();
        found.extend(
            children
                .filter(|(_, process)| process.parent() == Some(parent))
                .map(|(child, _)| *child),
        );
        next += 1;
    }
    for descendant in found.iter().skip(1) {
        if let Some(process) = system.process(*descendant) {
            let _was_sent = process.kill();
        }
    }
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

    #[cfg(target_os = "linux")]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test starts a program")]
    fn what_a_program_has_started_is_ended() {
        // The shell ends by itself once its child is gone.
        let mut shell = std::process::Command::new("sh")
            .args(["-c", "sleep 600; true"])
            .spawn()
            .expect("a shell");
        while shell.try_wait().expect("its state").is_none() {
            end_descendants(shell.id());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    #[test]
    fn a_kubectl_that_runs_the_plugin_is_a_wrapper() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(is_wrapper(&words("kubectl oidc-login get-token")));
        assert!(is_wrapper(&words("kubectl.exe --v=1 oidc-login get-token")));
        assert!(!is_wrapper(&words("oidc-login get-token")));
        assert!(!is_wrapper(&words("kubectl get pods")));
    }
}
