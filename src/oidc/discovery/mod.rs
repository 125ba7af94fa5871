//! OpenID Connect Discovery: the provider's metadata and its key set.
//!
//! Owns fetching, validating and caching both documents. Never verifies a token.

pub(super) mod document_cache;
pub(super) mod metadata;
pub(super) mod provider_cache;
pub(super) mod signing_keys;
