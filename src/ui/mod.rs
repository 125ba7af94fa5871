//! The only writer to standard output and standard error.
//!
//! Rules: standard output is the protocol, written once, as the last act, and only on success. Everything for
//! people goes to standard error, one plain line at a time, lower case, no full stop, no colour. Verbose lines
//! tell steps, presence and times; never a token, a code or a URL's query.
//!
//! A prompt is the last line. What is told while it waits is written above it. In the background there is none: the last line is the
//! shell's then.

mod input;
mod last_line;
mod secret_line;
#[cfg(unix)]
mod terminal;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use crate::environment;
use crate::report::Report;
use crate::secret::Secret;
use crate::untrusted_text::harmless_lines;

pub(crate) use last_line::TimeLeft;

use last_line::LastLine;

/// How much to tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    pub(crate) level: u8,
    /// A person is there to see pictures.
    pub(crate) at_terminal: bool,
}

impl Ui {
    /// Writes the result of a command in one piece.
    ///
    /// # Errors
    /// When the reader is gone: for `get-token` that means that kubectl did not get its credential.
    #[expect(clippy::disallowed_methods, reason = "the access point to standard output")]
    pub(crate) fn result(text: &str) -> io::Result<()> {
        check_stdout()?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Writes the help or the version, as clap has it.
    ///
    /// # Errors
    /// When it cannot be written. A reader that is gone has read enough (`--help | head`).
    pub(crate) fn help(help: &clap::Error) -> io::Result<()> {
        check_stdout()?;
        or_read_enough(help.print())
    }

    /// Writes text for a person, as [`Self::help`] does.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn information(text: &str) -> io::Result<()> {
        or_read_enough(Self::result(text))
    }

    /// Tells something that the person should know and need not act upon.
    #[expect(clippy::unused_self, reason = "only who holds the `Ui` may speak")]
    pub(crate) fn note(self, text: &str) {
        write_line(text);
    }

    /// Shows a picture of our own making, with its colours; only where there is a [`Self::canvas`].
    #[expect(clippy::unused_self, reason = "only who holds the `Ui` may speak")]
    pub(crate) fn picture(self, picture: &str) {
        write_above(picture);
    }

    /// Tells something that went wrong without stopping us.
    #[expect(clippy::unused_self, reason = "only who holds the `Ui` may speak")]
    pub(crate) fn warn(self, text: &str) {
        write_line(&format!("warning: {text}"));
    }

    /// Asks a person on standard input and returns the line without its end. The caller has made sure that one may.
    ///
    /// # Errors
    /// Of kind `TimedOut` after the deadline; the thread that passes one is the main one.
    pub(crate) fn ask(prompt: impl Into<Cow<'static, str>>, deadline: Option<Instant>) -> io::Result<Secret> {
        let prompt = prompt.into();
        // Unlocked before the wait: whatever else happens meanwhile has to be told.
        let text = input::write_line(deadline, || {
            let mut last_line = LastLine::lock();
            last_line.was_asked = true;
            last_line.is_question = true;
            last_line.begin(prompt.clone());
        });
        let mut last_line = LastLine::lock();
        match &text {
            // The Enter of the person has left the line.
            Ok(_) => last_line.prompt = None,
            Err(error) => {
                last_line.clear();
                if error.kind() == io::ErrorKind::TimedOut {
                    input::discard();
                }
            }
        }
        text
    }

    /// Asks for a secret on the terminal, without showing it.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub(crate) fn ask_secret(prompt: &str, deadline: Option<Instant>) -> io::Result<Secret> {
        secret_line::read(prompt, deadline)
    }

    /// Throws away what a person typed before there was a question.
    pub(crate) fn discard_typed() {
        input::discard();
    }

    /// Shows the time that is left at the start of the last line, where that is a terminal's; `waiting_for` stands behind it where
    /// nothing is asked for.
    #[expect(clippy::unused_self, reason = "only who holds the `Ui` may speak")]
    pub(crate) fn status(self, left: TimeLeft, waiting_for: &'static str) {
        if !draws() {
            return;
        }
        let mut last_line = LastLine::lock();
        let text = last_line.with_status(left, waiting_for);
        if !text.is_empty() && !environment::is_background_job() {
            write(&text);
        }
    }

    /// Writes the last line anew: after a stop (Ctrl-Z, then `fg`) the shell's lines stand in its place.
    #[expect(clippy::unused_self, reason = "only who holds the `Ui` may speak")]
    pub(crate) fn redraw(self) {
        LastLine::lock().draw();
    }

    /// Shows the status again, where a question has ended.
    pub(crate) fn resume_status(self, waiting_for: &'static str) {
        let status = LastLine::lock().status.clone();
        if let Some(status) = status {
            self.status(status, waiting_for);
        }
    }

    /// Takes the prompt and the status back, and what was typed at the prompt and not read: the shell would run it.
    #[expect(clippy::unused_self, reason = "only who holds the `Ui` may speak")]
    pub(crate) fn end_prompt(self) {
        let mut last_line = LastLine::lock();
        last_line.clear();
        last_line.status = None;
        if last_line.was_asked {
            input::discard();
        }
    }

    /// Tells a step at `-v` (level 1) or more.
    pub(crate) fn step(self, text: impl FnOnce() -> String) {
        if self.level >= 1 {
            write_line(&text());
        }
    }

    /// Width and height of the terminal that pictures can be drawn on, if there is one.
    pub(crate) fn canvas(self) -> Option<(usize, usize)> {
        let drawn = self.at_terminal && draws();
        let (width, height) = drawn.then(terminal_size)??;
        Some((usize::from(width.0), usize::from(height.0)))
    }
}

/// Whether standard error is a terminal that understands ECMA-48.
#[expect(clippy::disallowed_methods, reason = "the access point to standard error")]
fn draws() -> bool {
    static DRAWS: OnceLock<bool> = OnceLock::new();
    *DRAWS.get_or_init(|| io::stderr().is_terminal() && environment::terminal_understands_ecma_48())
}

#[expect(clippy::disallowed_methods, reason = "the access point to standard error")]
fn terminal_size() -> Option<(terminal_size::Width, terminal_size::Height)> {
    terminal_size::terminal_size_of(io::stderr())
}

/// Prints a failure: the error, its causes, and what to do.
pub(crate) fn failure(report: &Report) {
    let tell = |name: &str, text: &str| write_line(&format!("{name}: {}", text.replace('\n', " ")));
    tell("error", &report.error);
    for cause in &report.causes {
        tell("caused by", cause);
    }
    if let Some(hint) = &report.hint {
        tell("hint", hint);
    }
    if let Some(note) = &report.note {
        tell("note", note);
    }
}

/// Prints what clap says of a command line, without its colours: at a terminal clap lets through what a value has of its own.
pub(crate) fn refusal(error: &clap::Error) {
    write_line(error.render().to_string().trim_end());
}

/// There was no standard output when the process started, and what stands in its place is not read by anybody.
static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// From now on a result is an error.
pub(crate) fn refuse_results() {
    STDOUT_IS_CLOSED.store(true, Ordering::Relaxed);
}

fn check_stdout() -> io::Result<()> {
    if STDOUT_IS_CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed"));
    }
    Ok(())
}

fn or_read_enough(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Warnings that wait for the first line that is told anyway: who has nothing else to tell stays silent.
static WAITING: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Warns before the next line that is told, or never.
pub(crate) fn warn_later(text: &str) {
    if let Ok(mut waiting) = WAITING.lock() {
        waiting.push(format!("warning: {}\n", harmless_lines(text)));
    }
}

/// Tells the warnings that wait.
pub(crate) fn flush_warnings() {
    write("");
}

/// Whatever is told goes this way: a path, a URL or a flag may have been written by a stranger.
fn write_line(text: &str) {
    write_above(&harmless_lines(text));
}

fn write_above(text: &str) {
    let last_line = LastLine::lock();
    let has_line = last_line.prompt.is_some() && !environment::is_background_job();
    write(&last_line.above(text, has_line.then(draws)));
}

/// A lost standard error is nothing to fail for.
#[expect(clippy::disallowed_methods, reason = "the access point to standard error")]
fn write(text: &str) {
    let waiting = WAITING.lock().map(|mut waiting| std::mem::take(&mut *waiting));
    let warnings = waiting.unwrap_or_default().concat();
    drop(io::stderr().lock().write_all((warnings + text).as_bytes()));
}
