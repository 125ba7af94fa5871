//! The HTTP client. Sends requests, and converts responses and failures to values and errors of this module.
//!
//! Owns the size limits and the rules for redirects. A redirect of a POST is never followed, because it would send secrets to another
//! endpoint (RFC 9700 4.12). Reports the method, the URL without its query, the status, the time and the headers of each request (values only
//! where they may be shown), and no body.

pub(super) mod blocking;
mod body;
mod client;
pub(super) mod content_encoding;
mod dpop_nonces;
pub(super) mod json_document;
mod long_wait;
mod provider_clock;
pub(super) mod proxy;
pub(super) mod redaction;
pub(super) mod redirects;
pub(super) mod response;
pub(super) mod retry_after;
pub(super) mod tls_fault;
pub(super) mod tls_trust;
pub(super) mod transport;

pub(super) use client::ResponseContent;
pub(crate) use client::{Document, HttpClient};
