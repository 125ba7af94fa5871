//! Passes the signals that end this process on to a program that it waits for. They would reach this process alone if `kill` sent them, and the
//! program would stay.

#[cfg(unix)]
use std::fs::File;
#[cfg(unix)]
use std::io::Read as _;
#[cfg(unix)]
use std::sync::mpsc;
#[cfg(unix)]
use std::thread;

#[cfg(unix)]
use nix::sys::signal::Signal;

#[cfg(unix)]
use super::SignalWatch;

/// The signals from now until this is dropped, when they have their effect on this process.
pub(super) struct Interruption {
    #[cfg(unix)]
    watch: Option<(SignalWatch, mpsc::Receiver<Signal>)>,
}

impl Interruption {
    /// Without a watch, signals have their effect at once.
    pub(super) fn watch() -> Self {
        Self {
            #[cfg(unix)]
            watch: SignalWatch::begin().ok().and_then(|watch| {
                let signals = forwarded(&watch)?;
                Some((watch, signals))
            }),
        }
    }

    /// Passes a signal that ends this process on to a program and to what that has started, which may clean up. Then it has its effect here.
    /// Signals that stop this process or let it go on have their effect at once.
    pub(super) fn pass_on(&mut self, program: u32) {
        #[cfg(unix)]
        if let Some((watch, signals)) = &self.watch
            && let Ok(signal) = signals.try_recv()
        {
            if matches!(signal, Signal::SIGTSTP | Signal::SIGCONT) || is_ignored(signal) {
                watch.deliver(signal);
                return;
            }
            send(program, signal);
            watch.defer(signal);
            self.watch = None;
        }
        #[cfg(not(unix))]
        let _there_are_no_such_signals = program;
    }
}

#[cfg(target_os = "linux")]
fn send(program: u32, signal: Signal) {
    super::linux::signal_with_descendants(program, signal);
}

#[cfg(all(unix, not(target_os = "linux")))]
fn send(program: u32, signal: Signal) {
    let program = nix::unistd::Pid::from_raw(program.cast_signed());
    let _gone = nix::sys::signal::kill(program, signal);
}

/// Passes the signals on without blocking the receiver.
#[cfg(unix)]
fn forwarded(watch: &SignalWatch) -> Option<mpsc::Receiver<Signal>> {
    let mut received = File::from(watch.try_clone_fd().ok()?);
    let (sender, signals) = mpsc::channel();
    thread::spawn(move || {
        super::leave_signals_to_main_thread();
        let mut number = [0];
        // The pipe is closed when the watch ends.
        while received.read_exact(&mut number).is_ok() {
            let signal = Signal::try_from(i32::from(number[0]));
            if signal.is_ok_and(|signal| sender.send(signal).is_err()) {
                return;
            }
        }
    });
    Some(signals)
}

/// Whether this process ignores a signal, as `nohup` has it: the program ignores it too. `false` if the system does not say.
#[cfg(target_os = "linux")]
fn is_ignored(signal: Signal) -> bool {
    let bit = 1_u64 << (signal as u32 - 1);
    super::linux::ignored_signals().is_some_and(|ignored| ignored & bit != 0)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_ignored(_signal: Signal) -> bool {
    false
}
