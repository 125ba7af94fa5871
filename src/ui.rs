//! The only writer to standard output and standard error.
//!
//! Rules: standard output is the protocol, written once, as the last act, and only on success. Everything for
//! people goes to standard error, one plain line at a time, lower case, no full stop, no colour. Verbose lines
//! tell steps, presence and times; never a token, a code or a URL's query.

use std::io::{self, BufRead as _, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::report::Report;
use crate::secret::Secret;

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
    #[expect(clippy::disallowed_methods, reason = "the door to standard output")]
    pub(crate) fn result(text: &str) -> io::Result<()> {
        check_stdout()?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Writes the help or the version, as clap has it.
    ///
    /// # Errors
    /// As for [`Self::result`].
    pub(crate) fn help(help: &clap::Error) -> io::Result<()> {
        check_stdout()?;
        help.print()
    }

    /// Tells something that the person should know and need not act upon.
    #[expect(clippy::unused_self, reason = "only who was handed the `Ui` may speak")]
    pub(crate) fn note(self, text: &str) {
        line(text);
    }

    /// Tells something that went wrong without stopping us.
    #[expect(clippy::unused_self, reason = "only who was handed the `Ui` may speak")]
    pub(crate) fn warn(self, text: &str) {
        line(&format!("warning: {text}"));
    }

    /// Asks a person on standard input and returns the line without its end. The caller has made sure that one may.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to standard error"
    )]
    pub(crate) fn ask(prompt: &str) -> io::Result<Secret> {
        // Unlocked before the wait: whatever else happens meanwhile has to be told.
        io::stderr().lock().write_all(prompt.as_bytes())?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(Secret::new(line.trim()))
    }

    /// Asks for a secret on the terminal, without showing it.
    pub(crate) fn ask_secret(prompt: &str) -> io::Result<Secret> {
        rpassword::prompt_password(prompt).map(Secret::new)
    }

    /// Tells a step at `-v` (level 1) or more.
    pub(crate) fn step(self, text: impl FnOnce() -> String) {
        if self.level >= 1 {
            line(&text());
        }
    }
}

/// Prints a failure: the error, its causes, and what to do.
pub(crate) fn failure(report: &Report) {
    line(&format!("error: {}", report.error));
    for cause in &report.causes {
        line(&format!("caused by: {cause}"));
    }
    if let Some(hint) = &report.hint {
        line(&format!("hint: {hint}"));
    }
    if let Some(note) = &report.note {
        line(&format!("note: {note}"));
    }
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

/// Warnings that wait for the first line that is told anyway: who has nothing else to tell stays silent.
static WAITING: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Warns before the next line that is told, or never.
pub(crate) fn warn_later(text: &str) {
    if let Ok(mut waiting) = WAITING.lock() {
        waiting.push(format!("warning: {text}\n"));
    }
}

/// Tells the warnings that wait.
pub(crate) fn warn_now() {
    write("");
}

fn line(text: &str) {
    let mut whole = String::with_capacity(text.len() + 1);
    whole.push_str(text);
    whole.push('\n');
    write(&whole);
}

/// A lost standard error is nothing to fail for.
#[expect(clippy::disallowed_methods, reason = "the door to standard error")]
fn write(text: &str) {
    let waiting = WAITING.lock().map(|mut waiting| std::mem::take(&mut *waiting));
    let warnings = waiting.unwrap_or_default().concat();
    drop(io::stderr().lock().write_all((warnings + text).as_bytes()));
}
