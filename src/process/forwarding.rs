//! Another program that changes something: it is given a text, and gets the signals that end this process, so that both end together.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::attended::{end, read_in_thread};
use super::bounded::RunError;
use super::interruption::Interruption;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Runs a program of the PATH as [`super::run_within`] does. A signal that ends this process is passed on to it.
///
/// # Errors
/// If it cannot be started, or does not end in time.
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn run_forwarding(
    program: &str,
    args: &[OsString],
    stdin: Vec<u8>,
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
    let deadline = Instant::now() + limit;
    let mut child = command.spawn().map_err(RunError::Start)?;
    // Begun after the start of the program, which must not inherit the signal mask.
    let mut interruption = Interruption::watch();
    let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (sender, receiver) = channel();
    let exchange = thread::Builder::new().spawn(move || {
        super::leave_signals_to_main_thread();
        let stdout = stdout.map(read_in_thread);
        let stderr = stderr.map(read_in_thread);
        if let Some(mut pipe) = input {
            // A program that does not read its input says why itself.
            drop(pipe.write_all(&stdin));
        }
        let bytes = |thread: Option<thread::JoinHandle<Vec<u8>>>| {
            thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
        };
        drop(sender.send((bytes(stdout), bytes(stderr))));
    });
    exchange.map_err(RunError::Start)?;
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok((stdout, stderr)) => {
                let status = child.wait().map_err(RunError::Start)?;
                return Ok(Output {
                    status,
                    stdout,
                    stderr,
                });
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => interruption.pass_on(child.id()),
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child);
                return Err(RunError::Timeout);
            }
            Err(RecvTimeoutError::Disconnected) => {
                end(&mut child);
                return Err(RunError::Start(io::ErrorKind::BrokenPipe.into()));
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, stdin: Vec<u8>, limit: Duration) -> Result<Output, RunError> {
        run_forwarding("sh", &["-c".into(), script.into()], stdin, limit)
    }

    #[test]
    fn a_long_text_is_read_while_the_program_writes() {
        let text = vec![b'x'; 1_000_000];
        let output = shell("cat; echo err >&2; exit 1", text.clone(), Duration::from_mins(1)).unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b"err\n"[..]));
        assert!(output.stdout == text, "{} bytes", output.stdout.len());
    }

    #[test]
    fn a_program_that_does_not_end_or_is_missing_is_an_error() {
        let result = shell("exec sleep 600", Vec::new(), Duration::from_millis(100));
        assert!(matches!(result, Err(RunError::Timeout)));
        let result = run_forwarding("no-such-program-here", &[], Vec::new(), Duration::from_secs(1));
        assert!(matches!(result, Err(RunError::Start(error)) if error.kind() == io::ErrorKind::NotFound));
    }
}
