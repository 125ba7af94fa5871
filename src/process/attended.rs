//! Another program that may ask the person, who sees what it writes to standard error. It is ended after its time.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// More output than this is not read.
pub(super) const MAX_OUTPUT_BYTES: u64 = 4 * 1024 * 1024;
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) success: bool,
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// It was killed because its time was over.
    pub(crate) timed_out: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// Runs a program that is found on the `PATH`. It has this process's standard input. What it writes to standard error is passed to
/// `on_stderr` as it comes.
///
/// # Errors
/// When it cannot be started.
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn run_attended(
    program: &str,
    arguments: &[impl AsRef<OsStr>],
    limit: Duration,
    on_stderr: &dyn Fn(&str),
) -> io::Result<Finished> {
    let deadline = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, chunks) = mpsc::channel();
    let stdout = child.stdout.take().map(|stdout| read_in_thread(stdout, |_| ()));
    let stderr = child.stderr.take().map(|stderr| {
        read_in_thread(stderr, move |chunk| {
            // The receiver is gone if the time is over.
            drop(sender.send(chunk.to_vec()));
        })
    });
    let mut status = None;
    while status.is_none() && Instant::now() < deadline {
        match chunks.recv_timeout(POLL_INTERVAL) {
            Ok(chunk) => on_stderr(&String::from_utf8_lossy(&chunk)),
            Err(mpsc::RecvTimeoutError::Disconnected) => thread::sleep(POLL_INTERVAL),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        status = child.try_wait()?;
    }
    let timed_out = status.is_none();
    if timed_out {
        end(&mut child);
        // A program that it started may hold the pipes, so they are not read to their ends.
        return Ok(Finished {
            success: false,
            code: None,
            timed_out,
            stdout: Vec::new(),
            stderr: String::new(),
        });
    }
    let bytes = |thread: Option<thread::JoinHandle<Vec<u8>>>| {
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    };
    let (stdout, stderr) = (bytes(stdout), bytes(stderr));
    for chunk in chunks.try_iter() {
        on_stderr(&String::from_utf8_lossy(&chunk));
    }
    Ok(Finished {
        success: status.is_some_and(|status| status.success()),
        code: status.and_then(|status| status.code()),
        timed_out,
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

pub(super) fn end(child: &mut Child) {
    // Either fails only if it has ended already.
    drop(child.kill());
    drop(child.wait());
}

/// Reads a pipe to its end, and passes on each part.
pub(super) fn read_in_thread(
    mut pipe: impl Read + Send + 'static,
    on_chunk: impl Fn(&[u8]) + Send + 'static,
) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        super::leave_signals_to_main_thread();
        let mut all = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut chunk) {
            on_chunk(&chunk[..length]);
            if all.len() as u64 <= MAX_OUTPUT_BYTES {
                all.extend_from_slice(&chunk[..length]);
            }
        }
        all
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn run(script: &str, limit: Duration) -> (Finished, String) {
        let seen = RefCell::new(String::new());
        let finished = run_attended("sh", &["-c", script], limit, &|text| {
            seen.borrow_mut().push_str(text);
        });
        (finished.expect("a shell"), seen.into_inner())
    }

    #[test]
    fn output_and_success_are_returned_and_errors_are_passed_on() {
        let (finished, seen) = run("echo out; echo err >&2; exit 3", Duration::from_mins(1));
        assert!(!finished.success && !finished.timed_out);
        assert_eq!(finished.code, Some(3));
        assert_eq!(
            (finished.stdout.as_slice(), finished.stderr.as_str()),
            (&b"out\n"[..], "err\n")
        );
        assert_eq!(seen, "err\n");
        assert!(run("true", Duration::from_mins(1)).0.success);
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let (finished, _) = run("exec sleep 60", Duration::from_millis(100));
        assert!(finished.timed_out && !finished.success);
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let missing = run_attended("no-such-program-here", &["x"], Duration::from_secs(1), &|_| ());
        assert_eq!(
            missing.expect_err("no such program").kind(),
            io::ErrorKind::NotFound
        );
    }
}
