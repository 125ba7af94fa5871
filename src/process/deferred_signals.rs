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

    /// Does some work inside a runtime. `must_finish` tells whether a signal waits now: three seconds, or until the next signal comes.
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
    use std::cell::Cell;
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use nix::sys::signal::{Signal, raise};
    use tokio::net::unix::pipe::Receiver;
    use tokio::time::sleep;

    use super::super::SignalWatch;

    /// A person who has pressed Ctrl-C waits this long at most; an answer that comes at all has nearly always come by then.
    const MAX_WAIT: Duration = Duration::from_secs(3);

    #[derive(Debug)]
    pub(super) struct Watched {
        /// Ended before what was deferred has its effect.
        watch: Option<SignalWatch>,
        deferred: Cell<Option<Signal>>,
    }

    impl Watched {
        pub(super) fn begin() -> io::Result<Self> {
            Ok(Self {
                watch: Some(SignalWatch::begin()?),
                deferred: Cell::new(None),
            })
        }

        pub(super) async fn wait_for<T>(
            &self,
            mut work: impl Future<Output = T> + Unpin,
            must_finish: &AtomicBool,
        ) -> T {
            let Some((watch, signals)) = self.watch.as_ref().zip(self.signals()) else {
                return work.await;
            };
            loop {
                let signal = tokio::select! {
                    biased;
                    result = &mut work => return result,
                    signal = next(&signals) => signal,
                };
                if must_finish.load(Ordering::Relaxed) {
                    self.deferred.set(Some(signal));
                    tokio::select! {
                        biased;
                        result = &mut work => return result,
                        _ = next(&signals) => {}
                        () = sleep(MAX_WAIT) => {}
                    }
                    self.deferred.set(None);
                }
                watch.let_through(signal);
            }
        }

        /// None where the system has no descriptor to give: what comes is looked at when the watch ends.
        fn signals(&self) -> Option<Receiver> {
            Receiver::from_owned_fd(self.watch.as_ref()?.try_clone_fd().ok()?).ok()
        }
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            drop(self.watch.take());
            if let Some(signal) = self.deferred.take() {
                let _failed = raise(signal);
            }
        }
    }

    /// Waits for a signal that ends or stops.
    async fn next(signals: &Receiver) -> Signal {
        let mut number = [0];
        while signals.readable().await.is_ok() {
            match signals.try_read(&mut number) {
                Ok(0) => break,
                Ok(_) => match Signal::try_from(i32::from(number[0])) {
                    Ok(Signal::SIGCONT) | Err(_) => {}
                    Ok(signal) => return signal,
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        // Nothing more can be heard.
        std::future::pending().await
    }
}
