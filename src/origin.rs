//! What ties a renewed token to the login that began its session.
//!
//! Known to `oidc`, which compares, and to `session`, which keeps it.

use serde::{Deserialize, Serialize};

/// The claims of the first ID token that every refreshed one must repeat (OpenID Connect Core 12.2); the default is that of
/// a session whose first ID token nobody has seen.
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

impl Origin {
    /// Whether there is anything to compare with: no ID token is without a subject.
    pub(crate) fn is_known(&self) -> bool {
        !self.subject.is_empty()
    }

    /// Returns the origin of a session that began so and was renewed by a token of another origin: the first one that is known.
    pub(crate) fn or_later(&self, later: Self) -> Self {
        if self.is_known() { self.clone() } else { later }
    }
}
