//! Another program, whose output is read within a limit of time.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Why there is no output.
#[derive(Debug)]
pub(crate) enum RunError {
    Start(io::Error),
    Timeout,
}

/// Runs a program of the PATH, with this standard input, and returns what it printed. After the limit it is ended, with the programs that it
/// has started (on Windows it is left alone).
///
/// # Errors
/// If it cannot be started, or does not end in time.
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn run_within(
    program: &str,
    args: &[OsString],
    stdin: &[u8],
    limit: Duration,
) -> Result<Output, RunError> {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(RunError::Start)?;
    let id = child.id();
    if let Some(mut pipe) = child.stdin.take() {
        // A program that does not read its input says why itself. Such a short text never waits for the reader.
        drop(pipe.write_all(stdin));
    }
    let (sender, receiver) = channel();
    let waiting = thread::Builder::new().spawn(move || {
        super::leave_signals_to_main_thread();
        drop(sender.send(child.wait_with_output()));
    });
    waiting.map_err(RunError::Start)?;
    if let Ok(output) = receiver.recv_timeout(limit) {
        return output.map_err(RunError::Start);
    }
    end_group(id);
    Err(RunError::Timeout)
}

#[cfg(unix)]
fn end_group(id: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    if let Ok(id) = i32::try_from(id) {
        // It may have ended just now.
        let _ended = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn end_group(_: u32) {}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<Output, RunError> {
        run_within("sh", &["-c".into(), script.into()], b"in", limit)
    }

    #[test]
    fn a_program_that_ends_in_time_gives_its_output() {
        let output = shell("cat; echo err >&2; exit 3", Duration::from_mins(1)).unwrap();
        assert_eq!((&*output.stdout, &*output.stderr), (&b"in"[..], &b"err\n"[..]));
        assert_eq!(output.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_what_it_started() {
        let started = Instant::now();
        let result = shell("sleep 600 & sleep 600", Duration::from_millis(50));
        assert!(matches!(result, Err(RunError::Timeout)));
        assert!(started.elapsed() < Duration::from_mins(5));
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let result = run_within("no-such-program-here", &[], b"", Duration::from_secs(1));
        assert!(matches!(result, Err(RunError::Start(error)) if error.kind() == io::ErrorKind::NotFound));
    }
}
