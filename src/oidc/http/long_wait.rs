//! Reports that a response takes long, so that the person knows what kubesesame waits for.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use url::Url;

use crate::oidc::event::{Event, Interaction};
use crate::oidc::http::response::shown_origin;

/// A longer wait is reported.
const UNREPORTED_WAIT: Duration = Duration::from_secs(2);

/// Whether long waits are reported.
pub(super) struct LongWaits(AtomicBool);

impl LongWaits {
    pub(super) fn reported() -> Self {
        Self(AtomicBool::new(true))
    }

    pub(super) fn set_reported(&self, reported: bool) {
        self.0.store(reported, Ordering::Relaxed);
    }

    /// Waits for a request, and reports the server if that takes long.
    pub(super) async fn wait<T>(
        &self,
        interaction: Interaction<'_>,
        url: &Url,
        request: impl Future<Output = T>,
    ) -> T {
        let mut request = pin!(request);
        if let Ok(result) = timeout(UNREPORTED_WAIT, &mut request).await {
            return result;
        }
        if self.0.load(Ordering::Relaxed) {
            let origin = &shown_origin(url);
            interaction.report(Event::Waiting { origin });
        }
        request.await
    }
}
