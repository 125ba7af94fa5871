//! Tests that need more of a machine than each machine has: one that is skipped says so, and why.

use std::io::{self, Write};
use std::process::Command;

use nix::unistd::Uid;

/// Says on standard error that the running test is skipped. It is written past the harness, which keeps what `eprintln!` of a passing test says.
pub(crate) fn skip(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("skipped: {test}: {reason}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Whether root runs the tests. If not, this test is skipped.
pub(crate) fn is_root_or_skip() -> bool {
    let is_root = Uid::effective().is_root();
    if !is_root {
        skip("only root can act as another user, or give files away");
    }
    is_root
}

/// A wrapper that runs the program as a user who has nothing on this machine. None, and the test is skipped, where that cannot be.
pub(crate) fn as_user_or_skip(uid: u32, gid: u32) -> Option<Vec<String>> {
    if !is_root_or_skip() {
        return None;
    }
    let wrapper = vec![
        "setpriv".to_owned(),
        format!("--reuid={uid}"),
        format!("--regid={gid}"),
        "--clear-groups".to_owned(),
    ];
    let can_start = ["test", "-x", env!("CARGO_BIN_EXE_kubesesame")];
    works_or_skip(
        wrapper,
        &can_start,
        "needs `setpriv`, and a target directory that every user can enter",
    )
}

/// Returns the wrapper if a command succeeds in it. None, and the test is skipped, if not.
pub(crate) fn works_or_skip(wrapper: Vec<String>, command: &[&str], reason: &str) -> Option<Vec<String>> {
    let mut tried = Command::new(&wrapper[0]);
    let tried = tried.args(&wrapper[1..]).args(command).output();
    let works = tried.is_ok_and(|tried| tried.status.success());
    if !works {
        skip(reason);
    }
    works.then_some(wrapper)
}
