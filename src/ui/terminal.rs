//! Waits for input at a terminal that several jobs of a shell share.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use crate::environment;
use crate::process::{FOREGROUND_POLL_INTERVAL, SignalWatch};

/// Why a wait ended.
pub(super) enum Ready {
    /// There is input, and this process is in the foreground.
    Input,
    /// This process is in the foreground now, and the prompt is not shown.
    Foreground,
    /// Another job is in the foreground. If this process read from the terminal, wrote to it or set it, the system would stop this process.
    Background,
    /// A signal, to be passed to [`Wait::deliver`].
    Signal(Signal),
}

/// Waits for input until a deadline.
pub(super) struct Wait<'a> {
    terminal: &'a File,
    signals: Option<&'a SignalWatch>,
    deadline: Option<Instant>,
    prompt_is_shown: bool,
}

impl<'a> Wait<'a> {
    pub(super) fn new(
        terminal: &'a File,
        signals: Option<&'a SignalWatch>,
        deadline: Option<Instant>,
        prompt_is_shown: bool,
    ) -> Self {
        Self {
            terminal,
            signals,
            deadline,
            prompt_is_shown,
        }
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// Of kind `TimedOut` after the deadline, also in the background.
    pub(super) fn next(&mut self) -> io::Result<Ready> {
        loop {
            let in_foreground = !environment::is_background_of(self.terminal);
            // First, so that no prompt is shown after the deadline.
            let timeout = timeout(self.deadline, in_foreground, Instant::now())?;
            if !std::mem::replace(&mut self.prompt_is_shown, in_foreground) && in_foreground {
                return Ok(Ready::Foreground);
            }
            let mut watched: Vec<PollFd<'_>> =
                self.signals.iter().map(|signals| readable(*signals)).collect();
            if self.prompt_is_shown {
                watched.push(readable(self.terminal));
            }
            match poll(&mut watched, timeout) {
                // After a stop.
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
            let is_ready = |watched: Option<&PollFd<'_>>| watched.and_then(PollFd::any).unwrap_or(false);
            if let Some(signals) = self.signals
                && is_ready(watched.first())
            {
                return Ok(Ready::Signal(signals.next()?));
            }
            if !self.prompt_is_shown {
                return Ok(Ready::Background);
            }
            // The shell may have taken the terminal since the poll.
            if is_ready(watched.last()) && !environment::is_background_of(self.terminal) {
                return Ok(Ready::Input);
            }
        }
    }

    /// Gives a signal its effect. Afterwards the prompt has to be shown again.
    pub(super) fn deliver(&mut self, signal: Signal) {
        self.prompt_is_shown = false;
        if let Some(signals) = self.signals {
            signals.deliver(signal);
        }
    }
}

fn readable(source: &impl AsFd) -> PollFd<'_> {
    PollFd::new(source.as_fd(), PollFlags::POLLIN)
}

/// How long to wait before the next check of the deadline and the foreground.
fn timeout(deadline: Option<Instant>, in_foreground: bool, now: Instant) -> io::Result<PollTimeout> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
    if left.is_some_and(|left| left.is_zero()) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let look = (!in_foreground).then_some(FOREGROUND_POLL_INTERVAL);
    let Some(wait) = [left, look].into_iter().flatten().min() else {
        return Ok(PollTimeout::NONE);
    };
    // Rounded up, since a rest of less than a millisecond would be no wait.
    let millis = i32::try_from(wait.as_millis() + 1).unwrap_or(i32::MAX);
    Ok(PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wait_ends_at_its_deadline_and_polls_in_the_background() {
        let now = Instant::now();
        let millis = |left: Option<u64>, in_foreground| {
            let deadline = left.map(|millis| now + Duration::from_millis(millis));
            timeout(deadline, in_foreground, now)
                .map(i32::from)
                .map_err(|error| error.kind())
        };
        for (left, in_foreground, expected) in [
            (None, true, Ok(-1)),
            (None, false, Ok(201)),
            (Some(5000), true, Ok(5001)),
            (Some(5000), false, Ok(201)),
            (Some(50), false, Ok(51)),
            (Some(0), true, Err(io::ErrorKind::TimedOut)),
            (Some(0), false, Err(io::ErrorKind::TimedOut)),
        ] {
            assert_eq!(millis(left, in_foreground), expected, "{left:?} {in_foreground}");
        }
    }
}
