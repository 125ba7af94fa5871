//! Work that waits for the system, away from the one thread that futures run on.

use std::thread;

use tokio::sync::oneshot;

use crate::process;

/// Does some work on a thread of its own, or where the system has none to give, right here: tokio's own way panics then. `None` if the
/// work itself has panicked.
pub(in crate::oidc) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Clone + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let on_thread = work.clone();
    let started = thread::Builder::new().spawn(move || {
        process::leave_signals_to_main_thread();
        drop(done.send(on_thread()));
    });
    match started {
        Ok(_) => result.await.ok(),
        Err(_) => Some(work()),
    }
}
