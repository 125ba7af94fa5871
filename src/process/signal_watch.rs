//! Watches signals while a person types at a terminal whose settings were changed, and while a response is pending.

use std::cell::RefCell;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::thread::JoinHandleExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

/// The signals that end, stop or continue a process at a terminal.
const TERMINAL_SIGNALS: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// The signals that stop a background process that uses the terminal.
const BACKGROUND_STOPS: [Signal; 2] = [Signal::SIGTTIN, Signal::SIGTTOU];

/// Ends the wait of the thread that waits for signals. It is sent only to that thread.
const WAKE_UP: Signal = Signal::SIGUSR1;

/// Until this is dropped, [`TERMINAL_SIGNALS`] are reported and have no effect, and [`BACKGROUND_STOPS`] are blocked, so that a read in the
/// background is an error. Signal dispositions do not change, so that an ignored signal stays ignored and no handler remains.
///
/// It belongs to the main thread. Other threads must have called [`leave_signals_to_main_thread`].
#[derive(Debug)]
pub(crate) struct SignalWatch {
    before: SigSet,
    received: PipeReader,
    /// Signals that have their effect when this is dropped.
    deferred: RefCell<Vec<Signal>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The signal mask belongs to the thread, so this must not be sent to another one.
    _of_this_thread: std::marker::PhantomData<*const ()>,
}

impl SignalWatch {
    /// Starts the watch.
    ///
    /// # Errors
    /// When the system cannot make a pipe or a thread.
    pub(crate) fn begin() -> io::Result<Self> {
        let (received, report) = io::pipe()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let mut mask = terminal_signals();
        mask.extend(BACKGROUND_STOPS);
        // The new thread inherits the mask, which must block the wake-up before the first one is sent.
        mask.add(WAKE_UP);
        let mut watch = Self {
            before: mask.thread_swap_mask(SigmaskHow::SIG_BLOCK)?,
            received,
            deferred: RefCell::default(),
            is_over: Arc::clone(&is_over),
            thread: None,
            _of_this_thread: std::marker::PhantomData,
        };
        // If the thread cannot be started, the drop restores the mask.
        let thread = thread::Builder::new().name("signals".to_owned());
        watch.thread = Some(thread.spawn(move || wait_for_signals(report, &is_over))?);
        if !watch.before.contains(WAKE_UP) {
            SigSet::from(WAKE_UP).thread_unblock()?;
        }
        Ok(watch)
    }

    /// Returns the next signal. Blocks until there is one.
    pub(crate) fn next(&self) -> io::Result<Signal> {
        let mut number = [0];
        (&self.received).read_exact(&mut number)?;
        Ok(Signal::try_from(i32::from(number[0]))?)
    }

    /// Defers the effect of a signal until this is dropped, or until [`take_deferred`](Self::take_deferred).
    pub(crate) fn defer(&self, signal: Signal) {
        self.deferred.borrow_mut().push(signal);
    }

    /// Removes and returns the deferred signals that should have their effect, in the order for [`deliver`](Self::deliver).
    pub(crate) fn take_deferred(&self) -> Vec<Signal> {
        effective(self.deferred.take())
    }

    /// Duplicates the descriptor that [`next`](Self::next) reads.
    pub(crate) fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        Ok(self.received.try_clone()?.into())
    }

    /// Gives a signal the effect that it has without a watch. Returns when the process continues, unless the signal ended it.
    pub(crate) fn deliver(&self, signal: Signal) {
        let watched = self.before.thread_swap_mask(SigmaskHow::SIG_SETMASK);
        let _failed = raise(signal);
        if let Ok(watched) = watched {
            let _failed = watched.thread_set_mask();
        }
    }
}

impl AsFd for SignalWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.received.as_fd()
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let thread = self.thread.take();
        let has_ended = thread.is_none_or(|thread| {
            pthread_kill(thread.as_pthread_t(), WAKE_UP).is_ok() && thread.join().is_ok()
        });
        let _failed = self.before.thread_set_mask();
        // The thread has closed the pipe, so the loop ends. Signals that were not read yet have their effect now, too.
        while has_ended && let Ok(signal) = self.next() {
            self.defer(signal);
        }
        for signal in self.take_deferred() {
            let _failed = raise(signal);
        }
    }
}

/// Returns the signals that should have their effect. SIGCONT discards an earlier stop, as in the system itself (POSIX 2.4.1), and signals
/// that end the process come before the one that stops it.
fn effective(signals: Vec<Signal>) -> Vec<Signal> {
    let mut stop = None;
    let mut ends = Vec::new();
    for signal in signals {
        match signal {
            Signal::SIGTSTP => stop = Some(signal),
            Signal::SIGCONT => stop = None,
            signal => ends.push(signal),
        }
    }
    ends.extend(stop);
    ends
}

fn wait_for_signals(mut report: io::PipeWriter, is_over: &AtomicBool) {
    let mut signals = terminal_signals();
    signals.add(WAKE_UP);
    while let Ok(signal) = signals.wait() {
        let is_reported = signal != WAKE_UP && report.write_all(&[signal as u8]).is_ok();
        if !is_reported && is_over.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn terminal_signals() -> SigSet {
    TERMINAL_SIGNALS.into_iter().collect()
}

/// Blocks the terminal signals in the current thread. Every other thread must call this, since a signal that the system delivers to it
/// would end or stop the process before the terminal's settings are restored.
pub(crate) fn leave_signals_to_main_thread() {
    let _failed = terminal_signals().thread_block();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_signal_is_reported_and_has_no_effect() {
        let watch = SignalWatch::begin().unwrap();
        // To the thread, since other tests run in this process.
        let thread = watch.thread.as_ref().unwrap().as_pthread_t();
        for signal in TERMINAL_SIGNALS {
            pthread_kill(thread, signal).unwrap();
            assert_eq!(watch.next().unwrap(), signal);
        }
    }

    #[test]
    fn sigcont_discards_a_stop_and_signals_that_end_come_first() {
        use Signal::{SIGCONT as CONT, SIGHUP as HUP, SIGINT as INT, SIGTERM as TERM, SIGTSTP as STOP};

        let table: [(&[Signal], &[Signal]); 6] = [
            (&[], &[]),
            (&[STOP], &[STOP]),
            (&[STOP, CONT], &[]),
            (&[STOP, CONT, STOP], &[STOP]),
            (&[STOP, TERM], &[TERM, STOP]),
            (&[HUP, CONT, INT], &[HUP, INT]),
        ];
        for (signals, expected) in table {
            assert_eq!(effective(signals.to_vec()), expected, "{signals:?}");
        }
    }

    #[test]
    fn a_dropped_watch_restores_the_mask() {
        let before = SigSet::thread_get_mask().unwrap();
        let watch = SignalWatch::begin().unwrap();
        assert!(SigSet::thread_get_mask().unwrap().contains(Signal::SIGINT));
        drop(watch);
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }
}
