//! The terminal: the only writer to standard output and standard error, and the reader of what a person types.
//!
//! Rules: standard output is the protocol, written once, as the last act, and only with a result. Messages
//! go to standard error, one plain line at a time, lower case, no full stop, no colour. Verbose lines
//! contain steps, presence and times, and never a token, a code or a URL's query.
//!
//! A prompt is the last line of the terminal, and other lines are written above it. A background job writes no prompt, since the last line
//! belongs to the shell then.

mod input;
mod last_line;
mod output;
mod secret_line;
#[cfg(unix)]
mod terminal;

pub(crate) use input::StdinText;
pub(crate) use last_line::TimeLeft;
pub(crate) use output::{
    Ui, flush_warnings, print_explanation_command, print_failure, print_usage_error, reject_results,
    start_log_time, warn_later,
};
