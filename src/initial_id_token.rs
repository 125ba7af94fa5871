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
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct InitialIdToken {
    /// `None` if there are no claims to compare with. Every ID token has a subject (OpenID Connect Core 2).
    pub(crate) subject: Option<String>,
}

/// The stored form, in which no subject is an empty one.
#[derive(Serialize, Deserialize)]
struct Stored {
    subject: String,
}

impl InitialIdToken {
    /// Returns the claims of a token with this subject, which is empty if the token has none.
    pub(crate) fn with_subject(subject: String) -> Self {
        Self {
            subject: Some(subject).filter(|subject| !subject.is_empty()),
        }
    }

    /// Returns this one if it is known, and else `later`, the claims of a refreshed token.
    pub(crate) fn or_later(&self, later: Self) -> Self {
        match self.subject {
            Some(_) => self.clone(),
            None => later,
        }
    }
}

impl From<Stored> for InitialIdToken {
    fn from(stored: Stored) -> Self {
        Self::with_subject(stored.subject)
    }
}

impl From<InitialIdToken> for Stored {
    fn from(initial: InitialIdToken) -> Self {
        Self {
            subject: initial.subject.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_subject_is_stored_as_an_empty_one() {
        for (subject, stored) in [(Some("s"), r#"{"subject":"s"}"#), (None, r#"{"subject":""}"#)] {
            let initial = InitialIdToken {
                subject: subject.map(str::to_owned),
            };
            assert_eq!(serde_json::to_string(&initial).unwrap(), stored);
            assert_eq!(serde_json::from_str::<InitialIdToken>(stored).unwrap(), initial);
        }
    }
}
