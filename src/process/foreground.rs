//! When this job has the terminal.

use std::time::Duration;

use crate::environment;

/// How often a background job checks whether it is in the foreground. The system sends no signal for that.
pub(crate) const FOREGROUND_POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Waits until the terminal of standard input belongs to this job. Must run inside a runtime.
pub(crate) async fn in_foreground() {
    while environment::is_background_job() {
        tokio::time::sleep(FOREGROUND_POLL_INTERVAL).await;
    }
}

/// Reports each time that this process comes to the foreground, after a stop or from the background.
pub(crate) struct ForegroundEvents {
    in_background: bool,
    /// `None` if the signal cannot be received.
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl ForegroundEvents {
    /// Starts to listen. Must run inside a runtime.
    pub(crate) fn listen() -> Self {
        Self {
            in_background: environment::is_background_job(),
            #[cfg(unix)]
            signal: {
                let kind =
                    tokio::signal::unix::SignalKind::from_raw(nix::sys::signal::Signal::SIGCONT as i32);
                tokio::signal::unix::signal(kind).ok()
            },
        }
    }

    /// Waits for the next time. Cancel safe: if the future is dropped, call it again.
    pub(crate) async fn next(&mut self) {
        loop {
            if self.in_background {
                in_foreground().await;
            } else {
                self.signal().await;
            }
            // SIGCONT may continue this job in the background. A job gets into the background in no other way.
            self.in_background = environment::is_background_job();
            if !self.in_background {
                return;
            }
        }
    }

    async fn signal(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
