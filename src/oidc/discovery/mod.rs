//! OpenID Connect Discovery: the provider's metadata and its key set.
//!
//! Owns fetching, validating and caching both documents. Never verifies a token.

pub(super) mod documents;
pub(super) mod metadata;
pub(super) mod signing_keys;
