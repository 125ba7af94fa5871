//! Another program that may ask the person, who sees what it writes to standard error. It is ended after its time.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::interruption::Interruption;
use super::platform;
use zeroize::{Zeroize as _, Zeroizing};

/// More output than this is not read.
pub(super) const MAX_OUTPUT_BYTES: u64 = 4 * 1024 * 1024;
/// How many parts of the output wait to be read.
const CHUNKS_IN_ADVANCE: usize = 16;
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long the output is read after the program has ended. A program that it started may hold the pipes for longer.
const GRACE: Duration = Duration::from_secs(1);

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

/// A part of the output.
enum Chunk {
    Stdout(Zeroizing<Vec<u8>>),
    Stderr(Vec<u8>),
}

/// Runs a program that is found on the `PATH`. It has this process's standard input, and its environment without `hidden_variables`. What it
/// writes to standard error is passed to `on_stderr` as it comes. It is ended when it has printed more than `max_printed` bytes, and
/// gets the signals that end this process.
///
/// # Errors
/// When it cannot be started.
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn run_attended(
    program: &str,
    arguments: &[impl AsRef<OsStr>],
    hidden_variables: &[OsString],
    limit: Duration,
    max_printed: usize,
    on_stderr: &dyn Fn(&str),
) -> io::Result<Finished> {
    let deadline = Instant::now() + limit;
    let mut command = Command::new(program);
    // It stays in this process group: in another one, it could not ask at the terminal.
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in hidden_variables {
        command.env_remove(name);
    }
    let mut child = command.spawn()?;
    // Begun after the start of the program, which must not inherit the signal mask.
    let mut interruption = Interruption::watch();
    let output = Output::of(&mut child);
    let mut status = None;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut read_until = deadline;
    let mut is_open = true;
    while Instant::now() < read_until && (is_open || status.is_none()) && stdout.len() <= max_printed {
        match output.0.recv_timeout(POLL_INTERVAL) {
            Ok(Chunk::Stdout(chunk)) => append(&mut stdout, &chunk),
            Ok(Chunk::Stderr(chunk)) => {
                on_stderr(&String::from_utf8_lossy(&chunk));
                append(&mut stderr, &chunk);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                is_open = false;
                if status.is_none() {
                    thread::sleep(POLL_INTERVAL);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if status.is_none() {
            interruption.pass_on(child.id());
            status = child.try_wait()?;
            if status.is_some() {
                read_until = Instant::now() + GRACE;
            }
        }
    }
    let is_too_long = stdout.len() > max_printed;
    let timed_out = status.is_none() && !is_too_long;
    if status.is_none() {
        // It may be a shell that waits for another program. Nobody else ends that one.
        platform::end_descendants(child.id());
        end(&mut child);
    }
    if timed_out {
        stdout.zeroize();
        stderr.zeroize();
    }
    Ok(Finished {
        success: status.is_some_and(|status| status.success()),
        code: status.and_then(|status| status.code()),
        timed_out,
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// The output of a program as it comes, until all its pipes are closed.
struct Output(mpsc::Receiver<Chunk>);

impl Output {
    fn of(child: &mut Child) -> Self {
        // A program that prints faster than it is read has to wait.
        let (sender, chunks) = mpsc::sync_channel(CHUNKS_IN_ADVANCE);
        let on_stderr = sender.clone();
        // The receiver is gone if the program was ended. Then its output is read no more.
        if let Some(pipe) = child.stdout.take() {
            let send = move |chunk: &[u8]| sender.send(Chunk::Stdout(chunk.to_vec().into())).is_ok();
            thread::spawn(move || read_chunks(pipe, send));
        }
        if let Some(pipe) = child.stderr.take() {
            let send = move |chunk: &[u8]| on_stderr.send(Chunk::Stderr(chunk.to_vec())).is_ok();
            thread::spawn(move || read_chunks(pipe, send));
        }
        Self(chunks)
    }
}

fn append(all: &mut Vec<u8>, chunk: &[u8]) {
    if all.len() as u64 <= MAX_OUTPUT_BYTES {
        all.extend_from_slice(chunk);
    }
}

pub(super) fn end(child: &mut Child) {
    // Either fails only if it has ended already.
    drop(child.kill());
    drop(child.wait());
}

/// Reads a pipe to its end in a thread.
pub(super) fn read_in_thread(pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        read_chunks(pipe, |chunk| {
            append(&mut all, chunk);
            true
        });
        all
    })
}

/// Reads a pipe to its end, and passes on each part, as long as the parts are wanted. In a thread of its own.
fn read_chunks(mut pipe: impl Read, mut on_chunk: impl FnMut(&[u8]) -> bool) {
    super::leave_signals_to_main_thread();
    let mut chunk = Zeroizing::new([0; 4096]);
    while let Ok(length @ 1..) = pipe.read(&mut *chunk) {
        if !on_chunk(&chunk[..length]) {
            return;
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn run(script: &str, limit: Duration) -> (Finished, String) {
        let seen = RefCell::new(String::new());
        let finished = run_attended("sh", &["-c", script], &["HOME".into()], limit, 65_536, &|text| {
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

    /// A password manager in a pipe of a shell would wait for ever for somebody to answer.
    #[cfg(target_os = "linux")]
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the program has written"
    )]
    fn what_a_program_that_is_killed_has_started_is_killed_too() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("pids");
        // The `true` at the end keeps each shell from being replaced by its last command.
        let script = format!(
            "sh -c 'sleep 600 & echo $$ $! >{}; wait; true'; true",
            file.display()
        );
        let (finished, _) = run(&script, Duration::from_secs(1));
        assert!(finished.timed_out);
        let pids = std::fs::File::open(&file)
            .map(io::read_to_string)
            .expect("the file");
        let pids = pids.expect("its text");
        assert_eq!(pids.split_whitespace().count(), 2);
        for pid in pids.split_whitespace() {
            let deadline = Instant::now() + Duration::from_mins(1);
            while super::super::linux::is_running(pid.parse().expect("a number")) {
                assert!(Instant::now() < deadline, "{pid} lives on");
                thread::sleep(POLL_INTERVAL);
            }
        }
    }

    #[test]
    fn what_a_program_started_does_not_hold_up_its_output() {
        let begin = Instant::now();
        let (finished, seen) = run("sleep 30 & echo err >&2; echo out", Duration::from_mins(1));
        assert!(finished.success && !finished.timed_out);
        assert_eq!(
            (finished.stdout.as_slice(), seen.as_str()),
            (&b"out\n"[..], "err\n")
        );
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_program_that_prints_without_an_end_is_ended() {
        let (finished, _) = run("yes; true", Duration::from_mins(1));
        assert!(!finished.success && !finished.timed_out);
        assert!((65_537..=65_536 + 4096).contains(&finished.stdout.len()));
    }

    #[test]
    fn a_hidden_variable_is_not_inherited() {
        let (finished, _) = run("echo ${HOME-none} ${PATH:+path}", Duration::from_mins(1));
        assert_eq!(finished.stdout, b"none path\n");
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let missing = run_attended(
            "no-such-program-here",
            &["x"],
            &[],
            Duration::from_secs(1),
            1,
            &|_| (),
        );
        assert_eq!(
            missing.expect_err("no such program").kind(),
            io::ErrorKind::NotFound
        );
    }
}
