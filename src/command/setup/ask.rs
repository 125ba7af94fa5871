//! A yes or no of the person at the terminal.

use std::time::Instant;

use crate::ui::Ui;

/// Asks a question. No answer, and any other answer than a yes, is a no.
pub(super) fn confirmed(question: &str, deadline: Instant) -> bool {
    let answer = Ui::ask(format!("{question} [y/N] "), Some(deadline));
    answer.is_ok_and(|answer| matches!(answer.expose().to_ascii_lowercase().as_str(), "y" | "yes"))
}
