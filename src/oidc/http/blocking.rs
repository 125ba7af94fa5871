//! Runs blocking work outside the thread that runs the futures.

use std::thread;

use tokio::sync::oneshot;

use crate::process;

/// Runs `work` on a new thread, or on the current thread if the system cannot start one (tokio's `spawn_blocking` would panic then).
/// Returns `None` if the work panicked.
pub(in crate::oidc) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Clone + Send + 'static,
) -> Option<T> {
    let (sender, result) = oneshot::channel();
    let on_thread = work.clone();
    let started = thread::Builder::new().spawn(move || {
        process::leave_signals_to_main_thread();
        drop(sender.send(on_thread()));
    });
    match started {
        Ok(_) => result.await.ok(),
        Err(_) => Some(work()),
    }
}
