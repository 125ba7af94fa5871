//! Signals that are seen while a person types at a terminal whose settings were changed.

use std::cell::RefCell;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::thread::JoinHandleExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

/// What ends or stops a process at a terminal, and what continues it.
const OF_TERMINALS: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// What stops a process that touches the terminal in the background.
const BACKGROUND_STOPS: [Signal; 2] = [Signal::SIGTTIN, Signal::SIGTTOU];

/// Wakes the thread that waits for signals, and only that thread.
const WAKE_UP: Signal = Signal::SIGUSR1;

/// Until this is dropped, signals of terminals are reported and have no effect, and what stops background jobs is held: a read is an
/// error there. Dispositions stay as they are, so that an ignored signal is ignored afterwards, and no handler stays behind.
///
/// It belongs to the main thread; threads that may live beside it have called [`leave_signals_to_main_thread`].
#[derive(Debug)]
pub(crate) struct SignalWatch {
    before: SigSet,
    received: PipeReader,
    /// What was looked at and is to have its effect when this is dropped.
    deferred: RefCell<Vec<Signal>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The mask is the thread's.
    _of_this_thread: std::marker::PhantomData<*const ()>,
}

impl SignalWatch {
    /// # Errors
    /// When the system has no pipe or no thread to give.
    pub(crate) fn begin() -> io::Result<Self> {
        let (received, report) = io::pipe()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let mut mask = signals_of_terminals();
        mask.extend(BACKGROUND_STOPS);
        // The thread inherits it, and has to have it before the first wake-up.
        mask.add(WAKE_UP);
        let mut watch = Self {
            before: mask.thread_swap_mask(SigmaskHow::SIG_BLOCK)?,
            received,
            deferred: RefCell::default(),
            is_over: Arc::clone(&is_over),
            thread: None,
            _of_this_thread: std::marker::PhantomData,
        };
        // Where there is no thread to give, the drop puts the mask back.
        let thread = thread::Builder::new().name("signals".to_owned());
        watch.thread = Some(thread.spawn(move || wait_for_signals(report, &is_over))?);
        if !watch.before.contains(WAKE_UP) {
            SigSet::from(WAKE_UP).thread_unblock()?;
        }
        Ok(watch)
    }

    /// Returns the signal that made this ready to be read.
    pub(crate) fn next(&self) -> io::Result<Signal> {
        let mut number = [0];
        (&self.received).read_exact(&mut number)?;
        Ok(Signal::try_from(i32::from(number[0]))?)
    }

    /// Puts the effect of a signal off until this is dropped, or until it is taken back.
    pub(crate) fn defer(&self, signal: Signal) {
        self.deferred.borrow_mut().push(signal);
    }

    /// Returns what was put off and is to have its effect, in the order for [`let_through`](Self::let_through).
    pub(crate) fn take_deferred(&self) -> Vec<Signal> {
        effective(self.deferred.take())
    }

    /// Another descriptor of what [`next`](Self::next) reads.
    pub(crate) fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        Ok(self.received.try_clone()?.into())
    }

    /// Gives a signal the effect that it has without a watch. Returns when this process goes on.
    pub(crate) fn let_through(&self, signal: Signal) {
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
        // The pipe has ended with the thread. What it took and nobody has looked at has its effect now, too.
        while has_ended && let Ok(signal) = self.next() {
            self.defer(signal);
        }
        for signal in self.take_deferred() {
            let _failed = raise(signal);
        }
    }
}

/// Returns which of some signals are to have their effect after all: SIGCONT takes back a stop, as the system itself does it (POSIX
/// 2.4.1), and what ends a process comes before what stops it.
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
    let mut signals = signals_of_terminals();
    signals.add(WAKE_UP);
    while let Ok(signal) = signals.wait() {
        let is_reported = signal != WAKE_UP && report.write_all(&[signal as u8]).is_ok();
        if !is_reported && is_over.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn signals_of_terminals() -> SigSet {
    OF_TERMINALS.into_iter().collect()
}

/// For a thread that may still be there when a person is asked: a signal that comes to it would end or stop the process before a terminal has its settings
/// back.
pub(crate) fn leave_signals_to_main_thread() {
    let _failed = signals_of_terminals().thread_block();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_signal_is_reported_and_has_no_effect() {
        let watch = SignalWatch::begin().unwrap();
        // To the thread, since other tests run in this process.
        let thread = watch.thread.as_ref().unwrap().as_pthread_t();
        for signal in OF_TERMINALS {
            pthread_kill(thread, signal).unwrap();
            assert_eq!(watch.next().unwrap(), signal);
        }
    }

    #[test]
    fn what_continues_takes_back_a_stop_and_what_ends_comes_first() {
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
    fn the_mask_is_put_back() {
        let before = SigSet::thread_get_mask().unwrap();
        let watch = SignalWatch::begin().unwrap();
        assert!(SigSet::thread_get_mask().unwrap().contains(Signal::SIGINT));
        drop(watch);
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }
}
