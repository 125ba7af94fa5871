//! A terminal for a program under test.

use std::fs::File;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};

/// Both ends of a terminal. The programs of other tests do not inherit them: a program that has descriptors of other tests may reach its
/// limit of open files, and a program that has the far end of its own terminal never sees it closed.
pub(crate) struct Terminal {
    /// The end that the test reads and writes.
    pub(crate) far: File,
    /// The end for the program.
    pub(crate) near: OwnedFd,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        Self::open_with_size(None)
    }

    pub(crate) fn open_with_size(size: Option<&Winsize>) -> Self {
        let pty = openpty(size, None).expect("a terminal");
        for end in [&pty.master, &pty.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("a descriptor");
        }
        Self {
            far: File::from(pty.master),
            near: pty.slave,
        }
    }
}

/// Other tests open and close descriptors at the same time, so the numbers are compared roughly.
#[test]
fn a_program_inherits_no_terminal_of_another_test() {
    let descriptors = || {
        let mut list = std::process::Command::new("sh");
        list.args(["-c", "for fd in /dev/fd/*; do echo $fd; done"]);
        let list = list.output().unwrap().stdout;
        list.split(|byte| *byte == b'\n').count()
    };
    let before = descriptors();
    let terminals: Vec<Terminal> = (0..40).map(|_| Terminal::open()).collect();
    let inherited = descriptors().saturating_sub(before);
    assert!(inherited < terminals.len(), "{inherited}");
}
