//! Lines of text on standard output and standard error.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use super::input::{Reader, StdinText};
use super::last_line::{LastLine, TimeLeft};
use super::{input, secret_line};
use crate::cli::UsageError;
use crate::environment;
use crate::report::Report;
use crate::secret::Secret;
use crate::untrusted_text::{harmless_lines, without_tokens};

/// The writer of messages, with its settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    /// The verbosity: how often `-v` was given.
    pub(crate) level: u8,
    /// Whether a person sees the output.
    pub(crate) at_terminal: bool,
}

impl Ui {
    /// Writes the result of a command in one piece.
    ///
    /// # Errors
    /// When it cannot be written, or the reader has closed the pipe. For `get-token`, kubectl did not get its credential then.
    pub(crate) fn result(text: &str) -> io::Result<()> {
        check_stdout()?;
        write_stdout(text.as_bytes())
    }

    /// Writes the help or the version, as clap formats it.
    ///
    /// # Errors
    /// When it cannot be written. It is no error if the reader closes the pipe (`--help | head`).
    pub(crate) fn help(help: &clap::Error) -> io::Result<()> {
        check_stdout()?;
        or_closed_by_reader(help.print())
    }

    /// Writes text for a person, as [`Self::help`] does.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn information(text: &str) -> io::Result<()> {
        or_closed_by_reader(Self::result(text))
    }

    /// Writes a note: information that needs no action.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn note(self, text: &str) {
        write_line(text);
    }

    /// Writes what another program wrote to its standard error, part by part as it comes.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn pass_on(self, text: &str) {
        write(&harmless_lines(text));
    }

    /// Writes a picture made by kubesesame, with its control sequences. Only if there is a [`Self::canvas`].
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn picture(self, picture: &str) {
        write_above(picture);
    }

    /// Writes a warning: a failure that does not end the command.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn warn(self, text: &str) {
        write_line(&format!("warning: {text}"));
    }

    /// Asks a person on standard input, and returns the line without its end. The caller has checked that a prompt is possible. Only the
    /// main thread may pass a deadline.
    ///
    /// # Errors
    /// Of kind `TimedOut` after the deadline.
    pub(crate) fn ask(prompt: impl Into<Cow<'static, str>>, deadline: Option<Instant>) -> io::Result<Secret> {
        let prompt = prompt.into();
        let reader = deadline.map_or(Reader::PromptThread, |deadline| Reader::MainThread { deadline });
        // The lock is released before the wait, so that other messages can be written meanwhile.
        let text = input::read_line(reader, || {
            let mut last_line = LastLine::lock();
            last_line.may_have_unread_input = true;
            last_line.is_prompt = true;
            last_line.begin(prompt.clone());
        });
        let mut last_line = LastLine::lock();
        match &text {
            // Enter has moved the cursor to the next line.
            Ok(_) => last_line.text = None,
            Err(error) => {
                last_line.clear();
                if error.kind() == io::ErrorKind::TimedOut {
                    input::discard();
                }
            }
        }
        text
    }

    /// Asks for a secret on the terminal, without echo.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub(crate) fn ask_secret(prompt: &str, deadline: Option<Instant>) -> io::Result<Secret> {
        secret_line::read(prompt, deadline)
    }

    /// Reads all of standard input, or one line without echo if it is a terminal.
    ///
    /// # Errors
    /// Of kind `InvalidData` if the terminal has cut the line.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may ask")]
    pub(crate) fn stdin_text(self, prompt: &str, limit: usize) -> io::Result<StdinText> {
        if io::stdin().is_terminal() {
            let line = secret_line::read(prompt, None)?;
            return Ok(StdinText::Whole(line.expose().as_bytes().to_vec().into()));
        }
        input::read_all(limit)
    }

    /// Discards what a person typed before there was a prompt.
    pub(crate) fn discard_typed() {
        input::discard();
    }

    /// Writes the time left at the start of the last line, if standard error is a terminal. If there is no prompt, `waiting_for` follows
    /// it.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn status(self, left: TimeLeft, waiting_for: &'static str) {
        if !supports_drawing() {
            return;
        }
        let mut last_line = LastLine::lock();
        let text = last_line.update_time_left(left, waiting_for);
        if !text.is_empty() && !environment::is_background_job() {
            write(&text);
        }
    }

    /// Writes the last line again. After a stop (Ctrl-Z, then `fg`), the shell's lines follow the old one.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn redraw(self) {
        LastLine::lock().draw();
    }

    /// Writes the status again after a prompt has ended.
    pub(crate) fn resume_status(self, waiting_for: &'static str) {
        let left = LastLine::lock().time_left.clone();
        if let Some(left) = left {
            self.status(left, waiting_for);
        }
    }

    /// Removes the prompt and the status. Discards what was typed at the prompt and not read, since the shell would run it.
    #[expect(clippy::unused_self, reason = "only the holder of a `Ui` may write")]
    pub(crate) fn end_prompt(self) {
        let mut last_line = LastLine::lock();
        last_line.clear();
        last_line.time_left = None;
        if last_line.may_have_unread_input {
            input::discard();
        }
    }

    /// The levels of the log.
    const STEPS: u8 = 1;
    pub(crate) const REQUESTS: u8 = 2;
    pub(crate) const HEADERS: u8 = 3;

    /// Writes a step at `-v` (level 1) or more.
    pub(crate) fn step(self, text: impl FnOnce() -> String) {
        self.log(Self::STEPS, text);
    }

    /// Writes a line of the log at this level or more, with the time since [`start_log_time`].
    pub(crate) fn log(self, level: u8, text: impl FnOnce() -> String) {
        if self.level >= level {
            let elapsed = STARTED_AT.get_or_init(Instant::now).elapsed();
            write_line(&format!("[{:.3}s] {}", elapsed.as_secs_f64(), text()));
        }
    }

    /// The width and height in characters of a terminal that can show pictures, if there is one.
    pub(crate) fn canvas(self) -> Option<(usize, usize)> {
        let drawn = self.at_terminal && supports_drawing();
        let (width, height) = drawn.then(terminal_size)??;
        Some((usize::from(width.0), usize::from(height.0)))
    }
}

/// When the log begins.
static STARTED_AT: OnceLock<Instant> = OnceLock::new();

/// Starts the time that the log shows.
pub(crate) fn start_log_time() {
    STARTED_AT.get_or_init(Instant::now);
}

/// Whether standard error is a terminal that understands ECMA-48.
#[expect(clippy::disallowed_methods, reason = "the access point to standard error")]
pub(super) fn supports_drawing() -> bool {
    static DRAWS: OnceLock<bool> = OnceLock::new();
    *DRAWS.get_or_init(|| io::stderr().is_terminal() && environment::terminal_understands_ecma_48())
}

#[expect(clippy::disallowed_methods, reason = "the access point to standard error")]
fn terminal_size() -> Option<(terminal_size::Width, terminal_size::Height)> {
    terminal_size::terminal_size_of(io::stderr())
}

/// Prints a failure: the error, its causes, the hint and the note.
pub(crate) fn print_failure(report: &Report) {
    let print = |name: &str, text: &str| write_line(&format!("{name}: {}", text.replace('\n', " ")));
    print("error", &report.error);
    for cause in &report.causes {
        print("caused by", cause);
    }
    // Each line is a hint of its own.
    for hint in report.hint.iter().flat_map(|hint| hint.lines()) {
        print("hint", hint);
    }
    if let Some(note) = &report.note {
        print("note", note);
    }
}

/// Prints the command that explains a failure, after [`print_failure`].
pub(crate) fn print_explanation_command(id: &str) {
    write_line(&format!("help: kubesesame explain {id}"));
}

/// Prints an error about the command line as all other errors are printed.
pub(crate) fn print_usage_error(error: &clap::Error, args: &[OsString]) {
    match UsageError::new(error, args) {
        Some(UsageError { error, hint }) => {
            write_line(&format!("error: {error}"));
            write_line(&format!("hint: {hint}"));
        }
        // Without colours: with them, clap would print control characters from the user's values.
        None => write_line(without_tokens(&error.render().to_string()).trim_end()),
    }
}

/// Writes to standard output past Rust's own handle, which takes a descriptor that cannot be written to (`1</dev/null`) for one that
/// swallows everything.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the access point to standard output")]
fn write_stdout(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout().lock();
    while !bytes.is_empty() {
        match nix::unistd::write(&stdout, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "the access point to standard output")]
fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Whether the process started without a standard output. The runtime opened `/dev/null` in its place, so a result would be lost.
static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Makes every later result an error.
pub(crate) fn reject_results() {
    STDOUT_IS_CLOSED.store(true, Ordering::Relaxed);
}

fn check_stdout() -> io::Result<()> {
    if STDOUT_IS_CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed"));
    }
    Ok(())
}

fn or_closed_by_reader(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Warnings that are printed before the next line. A call that prints no line prints no warning either.
static DEFERRED_WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints a warning before the next line. If there is none, the warning is not printed.
pub(crate) fn warn_later(text: &str) {
    if let Ok(mut waiting) = DEFERRED_WARNINGS.lock() {
        waiting.push(format!("warning: {}\n", harmless_lines(text)));
    }
}

/// Prints the deferred warnings.
pub(crate) fn flush_warnings() {
    write("");
}

/// Writes a message without control characters, since it may contain a path, a URL or a flag that a stranger wrote.
fn write_line(text: &str) {
    write_above(&harmless_lines(text));
}

fn write_above(text: &str) {
    let last_line = LastLine::lock();
    let has_line = last_line.text.is_some() && !environment::is_background_job();
    write(&last_line.above(text, has_line.then(supports_drawing)));
}

/// A failure to write to standard error is ignored, since it cannot be reported.
#[expect(clippy::disallowed_methods, reason = "the access point to standard error")]
pub(super) fn write(text: &str) {
    let waiting = DEFERRED_WARNINGS
        .lock()
        .map(|mut waiting| std::mem::take(&mut *waiting));
    let warnings = waiting.unwrap_or_default().concat();
    drop(io::stderr().lock().write_all((warnings + text).as_bytes()));
}
