//! Defers signals while a response is pending that must not be lost.
//!
//! Owns how long a signal is deferred, and that it has its effect afterwards. Never decides which response must not be lost.

use std::sync::atomic::AtomicBool;

#[cfg(unix)]
use self::unix::Watched;

/// Until this is dropped, a signal that ends or stops this process is deferred while a response is pending, for three seconds at
/// most. It has its effect at the latest when this is dropped. Belongs to the main thread.
///
/// If signals cannot be watched, they have their effect at once.
#[derive(Debug)]
pub(crate) struct DeferredSignals(#[cfg(unix)] Option<Watched>);

impl DeferredSignals {
    pub(crate) fn begin() -> Self {
        Self(
            #[cfg(unix)]
            Watched::begin().ok(),
        )
    }

    /// Defers no signal.
    pub(crate) const fn none() -> Self {
        Self(
            #[cfg(unix)]
            None,
        )
    }

    /// Awaits `work` inside a runtime. While `must_finish` is set, a signal is deferred for three seconds, or until a person sends
    /// another one.
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

    /// The longest deferral. A person may wait after Ctrl-C, and nearly all responses arrive within this time.
    const MAX_DEFERRAL: Duration = Duration::from_secs(3);

    /// Signals within this time belong to one event. When a terminal is closed, both the shell and the system send SIGHUP, and `timeout`
    /// signals a process by its id and by its group.
    const SAME_EVENT_WINDOW: Duration = Duration::from_millis(500);

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
                            if ends_deferral(signal, first.elapsed()) {
                                break;
                            }
                        }
                        () = sleep_until(first + MAX_DEFERRAL) => break,
                    }
                }
                for signal in self.0.take_deferred() {
                    self.0.deliver(signal);
                }
            }
        }

        /// `None` if the system has no file descriptor left. Then the signals are handled when the watch ends.
        fn signals(&self) -> Option<Receiver> {
            Receiver::from_owned_fd(self.0.try_clone_fd().ok()?).ok()
        }
    }

    /// Whether a signal after the first one ends the deferral, because a person sent it.
    fn ends_deferral(signal: Signal, since_first: Duration) -> bool {
        matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM)
            && since_first >= SAME_EVENT_WINDOW
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
        // No more signals can be received.
        std::future::pending().await
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_second_interrupt_ends_the_deferral_unless_it_belongs_to_the_same_event() {
            let (soon, later) = (SAME_EVENT_WINDOW.mul_f32(0.9), SAME_EVENT_WINDOW);
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
                    ends_deferral(signal, since_first),
                    expected,
                    "{signal} {since_first:?}"
                );
            }
        }
    }
}
