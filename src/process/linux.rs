//! Linux: `/proc` tells.

use std::fs;

use nix::unistd::{close, setsid};

use super::Parent;

pub(super) fn parent() -> Parent {
    let pid = std::os::unix::process::parent_id();
    Parent {
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
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

pub(super) fn detach() {
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
