//! What ties a refreshed token to the login that began its session.
//!
//! Known to `oidc`, which compares, and to `session`, which keeps it.

use serde::{Deserialize, Serialize};

/// What the first ID token of a session says of whose it is; every refreshed one must repeat it (OpenID Connect Core 12.2). The
/// default is that of a session whose first ID token nobody has seen.
///
/// The issuer is part of the session's key. `auth_time`, `azp` and `nonce` are not compared: providers with one session per
/// person and browser (Keycloak) change all three when the same person signs in once more elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InitialIdToken {
    pub(crate) subject: String,
}

impl InitialIdToken {
    /// Whether there is anything to compare with: no ID token is without a subject.
    pub(crate) fn is_known(&self) -> bool {
        !self.subject.is_empty()
    }

    /// Returns the origin of a session that began so and was refreshed by a token of another origin: the first one that is known.
    pub(crate) fn or_later(&self, later: Self) -> Self {
        if self.is_known() { self.clone() } else { later }
    }
}
