//! The DPoP nonces that servers sent in their responses (RFC 9449 8), and the headers of proof and nonce.

use std::sync::{Mutex, PoisonError};

use reqwest::header::{HeaderMap, HeaderName};
use url::Url;

use crate::oidc::dpop::Nonces;
use crate::oidc::http::response::header;

/// The header of a proof (RFC 9449 4.1).
pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

#[derive(Default)]
pub(in crate::oidc) struct DpopNonces(Mutex<Nonces>);

impl DpopNonces {
    /// Keeps the nonce of a response, if it has one.
    pub(super) fn record(&self, url: &Url, headers: &HeaderMap) {
        if let Some(nonce) = header(headers, &DPOP_NONCE) {
            self.keep(url, nonce);
        }
    }

    /// Keeps a nonce for the next proof to the server of `url`.
    pub(in crate::oidc) fn keep(&self, url: &Url, nonce: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keep(url, nonce);
    }

    /// Returns the newest nonce of the server of `url`.
    pub(in crate::oidc) fn of(&self, url: &Url) -> Option<String> {
        let nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.of(url).map(str::to_owned)
    }
}
