//! The last line of standard error, while something is waited for: a question, or what is waited for.
//!
//! Owns what stands in it. In the background nothing of it is written: the last line is the shell's then.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{draws, write};
use crate::environment;

/// ECMA-48: to the line's start, and clear it.
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// How much time is left, as the start of the last line.
#[derive(Debug, Clone)]
pub(crate) struct TimeLeft {
    /// Where nothing is asked for. Of a fixed width, since it is written over the one before.
    pub(crate) counted: String,
    /// Before a question, where it stays as it is: true of the moment at which it was written.
    pub(crate) at_question: String,
}

/// The last line of standard error, while something is waited for.
pub(super) struct LastLine {
    /// What is asked for or waited for; the cursor stands behind it.
    pub(super) prompt: Option<Cow<'static, str>>,
    /// A person may be typing behind it.
    pub(super) is_question: bool,
    /// At the line's start; only at a terminal.
    pub(super) status: Option<TimeLeft>,
    /// A person was asked for a line.
    pub(super) was_asked: bool,
}

static LAST_LINE: Mutex<LastLine> = Mutex::new(LastLine {
    prompt: None,
    is_question: false,
    status: None,
    was_asked: false,
});

impl LastLine {
    /// Never held while anything is waited for.
    pub(super) fn lock() -> MutexGuard<'static, Self> {
        LAST_LINE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&mut self, prompt: Cow<'static, str>) {
        if self.prompt.replace(prompt).is_some() {
            self.draw();
        } else if !environment::is_background_job() {
            write(&self.shown());
        }
    }

    /// Takes a status, and returns the text that shows it.
    pub(super) fn with_status(&mut self, left: TimeLeft, waiting_for: &'static str) -> String {
        // DECSC and DECRC: the cursor comes back behind the line.
        let over_the_one_before = format!("\u{1b}7\r{}\u{1b}8", left.counted);
        let shown_before = self.status.replace(left).is_some();
        match (&self.prompt, self.is_question, shown_before) {
            (None, ..) => {
                self.prompt = Some(waiting_for.into());
                self.is_question = false;
                self.shown()
            }
            (Some(_), _, false) => format!("{CLEAR_LINE}{}", self.shown()),
            // What is being typed may have gone on to further rows, and the cursor alone does not tell where the line began.
            (Some(_), true, true) => String::new(),
            (Some(_), false, true) => over_the_one_before,
        }
    }

    /// Where the shell wrote meanwhile, or another draw.
    pub(super) fn draw(&self) {
        if self.prompt.is_some() && !environment::is_background_job() {
            let clear = if draws() { CLEAR_LINE } else { "" };
            write(&format!("{clear}{}", self.shown()));
        }
    }

    pub(super) fn shown(&self) -> String {
        match (&self.status, &self.prompt) {
            (_, None) => String::new(),
            (Some(left), Some(prompt)) if self.is_question => format!("{} {prompt}", left.at_question),
            (Some(left), Some(prompt)) => format!("{} {prompt}", left.counted),
            (None, Some(prompt)) => prompt.clone().into_owned(),
        }
    }

    pub(super) fn clear(&mut self) {
        if self.prompt.take().is_some() && !environment::is_background_job() {
            write(if draws() { CLEAR_LINE } else { "\n" });
        }
    }

    /// Text that puts lines above the prompt, where the last line is ours: by drawing, or by writing on.
    pub(super) fn above(&self, text: &str, draws: Option<bool>) -> String {
        match (&self.prompt, draws) {
            (None, _) | (_, None) => format!("{text}\n"),
            (Some(_), Some(true)) => format!("{CLEAR_LINE}{text}\n{}", self.shown()),
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
    fn the_time_left_is_counted_where_nobody_types_and_written_once_before_a_question() {
        let mut line = LastLine {
            prompt: None,
            is_question: true,
            status: None,
            was_asked: false,
        };
        assert_eq!(line.with_status(left(3), "waiting"), "[3 left] waiting");
        assert_eq!(line.with_status(left(2), "waiting"), "\u{1b}7\r[2 left]\u{1b}8");
        // A question that was there before the first status.
        (line.prompt, line.is_question, line.status) = (Some("paste: ".into()), true, None);
        assert_eq!(
            line.with_status(left(3), "waiting"),
            "\r\u{1b}[2K[within 3] paste: "
        );
        // What a person has typed may have more than one row.
        assert_eq!(line.with_status(left(2), "waiting"), "");
        assert_eq!(line.shown(), "[within 2] paste: ");
    }

    #[test]
    fn what_is_told_while_a_prompt_waits_stands_above_it() {
        let with = |minutes: Option<u32>, prompt: Option<&'static str>| LastLine {
            prompt: prompt.map(Cow::Borrowed),
            is_question: true,
            status: minutes.map(left),
            was_asked: false,
        };
        let idle = with(Some(3), None);
        assert_eq!(idle.above("told", None), "told\n");
        let waiting = with(Some(3), Some("paste: "));
        assert_eq!(
            waiting.above("told", Some(true)),
            "\r\u{1b}[2Ktold\n[within 3] paste: "
        );
        // In the background the last line is the shell's.
        assert_eq!(waiting.above("told", None), "told\n");
        // Nothing but text where no terminal shows it.
        let piped = with(None, Some("paste: "));
        assert_eq!(piped.above("told", Some(false)), "\ntold\npaste: ");
    }
}
