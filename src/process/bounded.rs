//! Another program, whose output is read within a limit of time.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::attended::{end, read_in_thread};

/// Why there is no output.
#[derive(Debug)]
pub(crate) enum RunError {
    Start(io::Error),
    Timeout,
}

/// Runs a program of the PATH, with this standard input, and returns what it printed, up to [`super::attended::MAX_OUTPUT_BYTES`] of each stream. After the
/// limit it is killed. A program that it has started is not: kubectl starts get-token, and a refresh that is killed before its result is
/// stored loses the session.
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
    if let Some(mut pipe) = child.stdin.take() {
        // A program that does not read its input says why itself. Such a short text never waits for the reader.
        drop(pipe.write_all(stdin));
    }
    let (sender, receiver) = channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reading = thread::Builder::new().spawn(move || {
        super::leave_signals_to_main_thread();
        let stdout = stdout.map(read_in_thread);
        let stderr = stderr.map(read_in_thread);
        let bytes = |thread: Option<thread::JoinHandle<Vec<u8>>>| {
            thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
        };
        drop(sender.send((bytes(stdout), bytes(stderr))));
    });
    reading.map_err(RunError::Start)?;
    if let Ok((stdout, stderr)) = receiver.recv_timeout(limit) {
        let status = child.wait().map_err(RunError::Start)?;
        return Ok(Output {
            status,
            stdout,
            stderr,
        });
    }
    end(&mut child);
    Err(RunError::Timeout)
}

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
    #[expect(
        clippy::disallowed_methods,
        reason = "a test tells the program with a file to go on"
    )]
    fn a_program_that_does_not_end_is_killed_and_what_it_started_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (go, done) = (dir.path().join("go"), dir.path().join("done"));
        // The inner one waits until the outer one is gone.
        let script = format!(
            "(until test -e {}; do sleep 0.05; done; touch {}) & sleep 600",
            go.display(),
            done.display()
        );
        let result = shell(&script, Duration::from_millis(200));
        assert!(matches!(result, Err(RunError::Timeout)));
        std::fs::write(&go, "").unwrap();
        let deadline = Instant::now() + Duration::from_mins(1);
        while !done.exists() {
            assert!(Instant::now() < deadline, "the inner program was ended, too");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn output_without_end_is_cut() {
        let limit = usize::try_from(super::super::attended::MAX_OUTPUT_BYTES).unwrap();
        let output = shell("head -c 20000000 /dev/zero", Duration::from_mins(1)).unwrap();
        assert!(
            (limit..limit + 8192).contains(&output.stdout.len()),
            "{}",
            output.stdout.len()
        );
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let result = run_within("no-such-program-here", &[], b"", Duration::from_secs(1));
        assert!(matches!(result, Err(RunError::Start(error)) if error.kind() == io::ErrorKind::NotFound));
    }
}
