//! The last line of standard error during a wait: a prompt, or a status.
//!
//! Owns the content of that line. A background job does not write it, since the last line belongs to the shell then.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::output::{supports_drawing, write};
use crate::environment;

/// ECMA-48: to the line's start, and clear it.
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// The time left, as text for the start of the last line.
#[derive(Debug, Clone)]
pub(crate) struct TimeLeft {
    /// For a line that is updated. It has a fixed width, since it overwrites the previous one.
    pub(crate) counted: String,
    /// For a prompt, which is not updated. It is correct at the time of writing.
    pub(crate) at_question: String,
}

/// The last line of standard error during a wait.
pub(super) struct LastLine {
    /// The prompt, or what the process waits for. The cursor is behind it.
    pub(super) text: Option<Cow<'static, str>>,
    /// Whether it is a prompt, so that a person may be typing behind it.
    pub(super) is_prompt: bool,
    /// The time left, at the start of the line. Only at a terminal.
    pub(super) time_left: Option<TimeLeft>,
    /// Whether there was a prompt, at which a person may have typed what was not read.
    pub(super) may_have_unread_input: bool,
}

static LAST_LINE: Mutex<LastLine> = Mutex::new(LastLine {
    text: None,
    is_prompt: false,
    time_left: None,
    may_have_unread_input: false,
});

impl LastLine {
    /// The lock must not be held during a wait.
    pub(super) fn lock() -> MutexGuard<'static, Self> {
        LAST_LINE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&mut self, prompt: Cow<'static, str>) {
        if self.text.replace(prompt).is_some() {
            self.draw();
        } else if !environment::is_background_job() {
            write(&self.rendered());
        }
    }

    /// Sets the time left, and returns the text to write for it.
    pub(super) fn update_time_left(&mut self, left: TimeLeft, waiting_for: &'static str) -> String {
        // DECSC and DECRC save and restore the cursor behind the line.
        let over_the_one_before = format!("\u{1b}7\r{}\u{1b}8", left.counted);
        let had_time_left = self.time_left.replace(left).is_some();
        match (&self.text, self.is_prompt, had_time_left) {
            (None, ..) => {
                self.text = Some(waiting_for.into());
                self.is_prompt = false;
                self.rendered()
            }
            (Some(_), _, false) => format!("{CLEAR_LINE}{}", self.rendered()),
            // The typed text may fill several rows, so the start of the line is unknown.
            (Some(_), true, true) => String::new(),
            (Some(_), false, true) => over_the_one_before,
        }
    }

    /// Writes the line again, after the shell or other output has replaced it.
    pub(super) fn draw(&self) {
        if self.text.is_some() && !environment::is_background_job() {
            let clear = if supports_drawing() { CLEAR_LINE } else { "" };
            write(&format!("{clear}{}", self.rendered()));
        }
    }

    pub(super) fn rendered(&self) -> String {
        match (&self.time_left, &self.text) {
            (_, None) => String::new(),
            (Some(left), Some(prompt)) if self.is_prompt => format!("{} {prompt}", left.at_question),
            (Some(left), Some(prompt)) => format!("{} {prompt}", left.counted),
            (None, Some(prompt)) => prompt.clone().into_owned(),
        }
    }

    pub(super) fn clear(&mut self) {
        if self.text.take().is_some() && !environment::is_background_job() {
            write(if supports_drawing() { CLEAR_LINE } else { "\n" });
        }
    }

    /// Returns the text that writes lines above the prompt. `drawing` says whether the terminal can be drawn on; `None` if the last line
    /// belongs to the shell.
    pub(super) fn above(&self, text: &str, drawing: Option<bool>) -> String {
        match (&self.text, drawing) {
            (None, _) | (_, None) => format!("{text}\n"),
            (Some(_), Some(true)) => format!("{CLEAR_LINE}{text}\n{}", self.rendered()),
            (Some(prompt), Some(false)) => format!("\n{text}\n{prompt}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(minutes: u32) -> TimeLeft {
        TimeLeft {
            counted: format!("[{minutes} left]"),
            at_question: format!("[within {minutes}]"),
        }
    }

    #[test]
    fn the_time_left_is_updated_in_a_status_and_written_once_before_a_prompt() {
        let mut line = LastLine {
            text: None,
            is_prompt: true,
            time_left: None,
            may_have_unread_input: false,
        };
        assert_eq!(line.update_time_left(left(3), "waiting"), "[3 left] waiting");
        assert_eq!(
            line.update_time_left(left(2), "waiting"),
            "\u{1b}7\r[2 left]\u{1b}8"
        );
        // A prompt that was written before the first status.
        (line.text, line.is_prompt, line.time_left) = (Some("paste: ".into()), true, None);
        assert_eq!(
            line.update_time_left(left(3), "waiting"),
            "\r\u{1b}[2K[within 3] paste: "
        );
        // The typed text may fill more than one row.
        assert_eq!(line.update_time_left(left(2), "waiting"), "");
        assert_eq!(line.rendered(), "[within 2] paste: ");
    }

    #[test]
    fn a_line_during_a_prompt_is_written_above_it() {
        let with = |minutes: Option<u32>, prompt: Option<&'static str>| LastLine {
            text: prompt.map(Cow::Borrowed),
            is_prompt: true,
            time_left: minutes.map(left),
            may_have_unread_input: false,
        };
        let idle = with(Some(3), None);
        assert_eq!(idle.above("text", None), "text\n");
        let waiting = with(Some(3), Some("paste: "));
        assert_eq!(
            waiting.above("text", Some(true)),
            "\r\u{1b}[2Ktext\n[within 3] paste: "
        );
        // In the background, the last line belongs to the shell.
        assert_eq!(waiting.above("text", None), "text\n");
        // Without a terminal, there are no control sequences.
        let piped = with(None, Some("paste: "));
        assert_eq!(piped.above("text", Some(false)), "\ntext\npaste: ");
    }
}
