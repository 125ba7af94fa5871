//! The detached process of a background refresh.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};

use super::{parent_id, platform};

/// The most bytes that are passed to a detached process. A pipe takes them without a reader, so this process does not wait.
const MAX_HANDOVER_BYTES: usize = 60 * 1024;

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
