//! Waits for a refresh, as long as the token that it replaces can be used.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

/// How long to wait until a refresh is sent if the token that it replaces is still usable.
const MAX_WAIT_TO_SEND: Duration = Duration::from_secs(10);

/// Waits for a refresh, but not longer than the replaced token can be used, if it can be used. Returns `None` after this time.
pub(super) async fn await_refresh<T>(
    remaining_use: Option<Duration>,
    is_sent: &AtomicBool,
    refresh: impl Future<Output = T>,
) -> Option<T> {
    let mut refresh = pin!(refresh);
    let Some(remaining_use) = remaining_use else {
        return Some(refresh.await);
    };
    let wait_to_send = remaining_use.min(MAX_WAIT_TO_SEND);
    match timeout(wait_to_send, &mut refresh).await {
        Ok(outcome) => Some(outcome),
        // The refresh token was sent, so the session may be lost without the response. It comes within the timeout of one request.
        Err(_) if is_sent.load(Ordering::Relaxed) => {
            timeout(remaining_use.saturating_sub(wait_to_send), refresh)
                .await
                .ok()
        }
        Err(_) => None,
    }
}
