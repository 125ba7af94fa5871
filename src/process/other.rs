//! Systems without `/proc`: a library asks them.
//!
//! Not verified on a real macOS or Windows; the same code runs on Linux in a test.

use std::ffi::OsString;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::ParentProcess;

#[cfg(not(target_os = "linux"))]
pub(super) fn parent_id() -> u32 {
    parent().pid
}

pub(super) fn parent() -> ParentProcess {
    // Where the system does not tell, every call counts as a new one.
    known_parent().unwrap_or_else(|| ParentProcess {
        pid: std::process::id(),
        started: None,
    })
}

fn known_parent() -> Option<ParentProcess> {
    let mut system = System::new().ok()?;
    let parent = look(&mut system, Pid::from_u32(std::process::id()))?.parent()?;
    let mut found = look(&mut system, parent)?;
    // On Unix kubectl becomes its plugin; elsewhere it stays between us and the kubectl that wants the token.
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

/// Whether a process is `kubectl oidc-login …`, which waits for us and is no client itself.
fn is_wrapper(command: &[OsString]) -> bool {
    command.iter().skip(1).any(|word| word == "oidc-login")
}

/// Not asked for here.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_stopped_like_us(_pid: u32) -> bool {
    false
}

/// Where another session of processes cannot be had without unsafe code, the pipes are what counts, and those are cut.
#[cfg(not(target_os = "linux"))]
pub(super) fn daemonize() {
    #[cfg(unix)]
    let _failed = nix::unistd::setsid();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_as_a_wrapper_is_known_by_the_plugin_that_it_runs() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(is_wrapper(&words("kubectl oidc-login get-token")));
        assert!(is_wrapper(&words("kubectl.exe --v=1 oidc-login get-token")));
        assert!(!is_wrapper(&words("oidc-login get-token")));
        assert!(!is_wrapper(&words("kubectl get pods")));
    }
}
