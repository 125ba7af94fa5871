//! The claims of a session's first ID token, which bind refreshed tokens to the login.
//!
//! `oidc` compares them, and `session` stores them.

use serde::{Deserialize, Serialize};

/// The claims of the first ID token of a session that every refreshed one must repeat (OpenID Connect Core 12.2). The default is that of a
/// session without an ID token so far.
///
/// The issuer is part of the session's key. `auth_time`, `azp` and `nonce` are not compared: providers with one session per
/// person and browser (Keycloak) change all three when the same person signs in once more elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InitialIdToken {
    pub(crate) subject: String,
}

impl InitialIdToken {
    /// Whether there are claims to compare with. Every ID token has a subject (OpenID Connect Core 2).
    pub(crate) fn is_known(&self) -> bool {
        !self.subject.is_empty()
    }

    /// Returns this one if it is known, and else `later`, the claims of a refreshed token.
    pub(crate) fn or_later(&self, later: Self) -> Self {
        if self.is_known() { self.clone() } else { later }
    }
}
