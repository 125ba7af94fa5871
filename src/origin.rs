//! What ties a renewed token to the login that began its session.
//!
//! Known to `oidc`, which compares, and to `session`, which keeps it.

use serde::{Deserialize, Serialize};

/// The claims of the first ID token that every refreshed one must repeat (OpenID Connect Core 12.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authorized_party: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<i64>,
    /// SHA-256 of the nonce, hexadecimal.
    pub(crate) nonce_hash: String,
}
