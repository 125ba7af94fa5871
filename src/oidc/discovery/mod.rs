//! What the provider says of itself, and its keys: OpenID Connect Discovery.
//!
//! Owns reading, checking and keeping both documents. Never decides what a token is worth.

pub(super) mod documents;
pub(super) mod metadata;
