//! Signals that wait for an answer which must not be lost.
//!
//! Owns how long a signal waits, and that it has its effect afterwards. Never decides what must not be lost.

use std::sync::atomic::AtomicBool;

#[cfg(unix)]
use self::unix::Watched;

/// Until this is dropped, a signal that ends or stops this process waits while an answer is on its way, for a moment at most. It has its
/// effect when this is dropped, if not before. Belongs to the main thread.
///
/// Where signals cannot be watched, they have their effect at once.
#[derive(Debug)]
pub(crate) struct DeferredSignals(#[cfg(unix)] Option<Watched>);

impl DeferredSignals {
    pub(crate) fn begin() -> Self {
        Self(
            #[cfg(unix)]
            Watched::begin().ok(),
        )
    }

    /// Each signal has its effect at once.
    pub(crate) const fn none() -> Self {
        Self(
            #[cfg(unix)]
            None,
        )
    }

    /// Does some work inside a runtime. `must_finish` tells whether a signal waits now: three seconds, or until a person
    /// presses a key once more.
    #[cfg_attr(not(unix), expect(unused_variables, reason = "there are no such signals"))]
    pub(crate) async fn wait_for<T>(
        &self,
        work: impl Future<Output = T> + Unpin,
        must_finish: &AtomicBool,
    ) -> T {
        #[cfg(unix)]
        if let Some(watched) = &self.0 {
            return watched.wait_for(work, must_finish).await;
        }
        work.await
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use nix::sys::signal::Signal;
    use tokio::net::unix::pipe::Receiver;
    use tokio::time::{Instant, sleep_until};

    use super::super::SignalWatch;

    /// A person who has pressed Ctrl-C waits this long at most; an answer that comes at all has nearly always come by then.
    const MAX_WAIT: Duration = Duration::from_secs(3);

    /// Signals within this time are of one event: a terminal that is closed ends a job by its shell and by the system, and `timeout` a
    /// process by its id and by its group.
    const ONE_EVENT: Duration = Duration::from_millis(500);

    #[derive(Debug)]
    pub(super) struct Watched(SignalWatch);

    impl Watched {
        pub(super) fn begin() -> io::Result<Self> {
            Ok(Self(SignalWatch::begin()?))
        }

        pub(super) async fn wait_for<T>(
            &self,
            mut work: impl Future<Output = T> + Unpin,
            must_finish: &AtomicBool,
        ) -> T {
            let Some(signals) = self.signals() else {
                return work.await;
            };
            loop {
                let signal = tokio::select! {
                    biased;
                    result = &mut work => return result,
                    signal = next(&signals) => signal,
                };
                self.0.defer(signal);
                let first = Instant::now();
                while must_finish.load(Ordering::Relaxed) {
                    tokio::select! {
                        biased;
                        result = &mut work => return result,
                        signal = next(&signals) => {
                            self.0.defer(signal);
                            if is_impatient(signal, first.elapsed()) {
                                break;
                            }
                        }
                        () = sleep_until(first + MAX_WAIT) => break,
                    }
                }
                for signal in self.0.take_deferred() {
                    self.0.let_through(signal);
                }
            }
        }

        /// None where the system has no descriptor to give: what comes is looked at when the watch ends.
        fn signals(&self) -> Option<Receiver> {
            Receiver::from_owned_fd(self.0.try_clone_fd().ok()?).ok()
        }
    }

    /// Whether a signal after the first one says that nothing is to be waited for.
    fn is_impatient(signal: Signal, since_first: Duration) -> bool {
        matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM) && since_first >= ONE_EVENT
    }

    /// Waits for a signal.
    async fn next(signals: &Receiver) -> Signal {
        let mut number = [0];
        while signals.readable().await.is_ok() {
            match signals.try_read(&mut number) {
                Ok(0) => break,
                Ok(_) => {
                    if let Ok(signal) = Signal::try_from(i32::from(number[0])) {
                        return signal;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        // Nothing more can be heard.
        std::future::pending().await
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_second_key_is_impatient_and_a_second_signal_of_one_event_is_not() {
            let (soon, later) = (ONE_EVENT.mul_f32(0.9), ONE_EVENT);
            for (signal, since_first, expected) in [
                (Signal::SIGINT, later, true),
                (Signal::SIGTERM, later, true),
                (Signal::SIGINT, soon, false),
                (Signal::SIGTERM, soon, false),
                (Signal::SIGHUP, later, false),
                (Signal::SIGTSTP, later, false),
                (Signal::SIGCONT, later, false),
            ] {
                assert_eq!(
                    is_impatient(signal, since_first),
                    expected,
                    "{signal} {since_first:?}"
                );
            }
        }
    }
}
