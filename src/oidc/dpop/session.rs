//! The DPoP of one session: its key, and whether bound tokens were agreed.

use std::sync::{Arc, Mutex, PoisonError};

use super::key::DpopKey;
use crate::oidc::errors::Error;
use crate::oidc::errors::token::TokenError;
use crate::oidc::token::response::TokenResponse;
use crate::secret::Secret;
use crate::settings::{Dpop, TokenKind};

/// What is kept of DPoP with a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DpopSession {
    /// The private key, as text.
    pub(crate) key: Secret,
    /// The nonce for the next proof at the token endpoint.
    pub(crate) nonce: Option<String>,
}

/// The key that requests are proved with, if there is one.
#[derive(Debug)]
pub(in crate::oidc) struct DpopState {
    pub(in crate::oidc) policy: Dpop,
    current: Mutex<Option<Current>>,
}

#[derive(Debug, Clone)]
struct Current {
    key: Arc<DpopKey>,
    /// Bearer tokens are refused: the settings or the provider demand DPoP, or the session has bound tokens already (RFC 9449 5).
    is_agreed: bool,
}

impl DpopState {
    pub(in crate::oidc) fn new(policy: Dpop) -> Self {
        Self {
            policy,
            current: Mutex::default(),
        }
    }

    /// Begins a login: with a key if DPoP is demanded, or if the provider announces it. An access token that is bound is no use for kubectl,
    /// so it is not bound without need.
    pub(in crate::oidc) fn begin(&self, is_announced: bool, token: TokenKind) -> Result<(), Error> {
        let is_agreed = self.policy == Dpop::Always;
        let is_useful = self.policy == Dpop::Auto && is_announced && token == TokenKind::Id;
        let current = if is_agreed || is_useful {
            let key = Arc::new(DpopKey::generate()?);
            Some(Current { key, is_agreed })
        } else {
            None
        };
        self.set(current);
        Ok(())
    }

    /// Whether a stored session can go on: with `always`, one without a key of its own would stay unbound.
    pub(in crate::oidc) fn can_resume(&self, session: Option<&DpopSession>) -> bool {
        self.policy != Dpop::Always || session.is_some_and(|session| DpopKey::parse(&session.key).is_some())
    }

    /// Goes on with the key of a stored session. A key that cannot be read is none: then the provider ends the session.
    pub(in crate::oidc) fn resume(&self, session: Option<&DpopSession>) {
        let key = session
            .filter(|_| self.policy != Dpop::Never)
            .and_then(|session| DpopKey::parse(&session.key));
        self.set(key.map(|key| Current {
            key: Arc::new(key),
            is_agreed: true,
        }));
    }

    /// Makes a key, because the provider refused a request without a proof.
    pub(in crate::oidc) fn comply(&self) -> Result<(), Error> {
        let key = Arc::new(DpopKey::generate()?);
        self.set(Some(Current { key, is_agreed: true }));
        Ok(())
    }

    pub(in crate::oidc) fn key(&self) -> Option<Arc<DpopKey>> {
        self.lock().as_ref().map(|current| Arc::clone(&current.key))
    }

    /// Refuses bearer tokens where bound ones were agreed (RFC 9449 5). A response without an access token binds nothing.
    pub(in crate::oidc) fn check(&self, response: &TokenResponse) -> Result<(), TokenError> {
        let is_agreed = self.lock().as_ref().is_some_and(|current| current.is_agreed);
        if is_agreed && !response.is_dpop() && response.access_token.token().is_some() {
            return Err(TokenError::BearerToken);
        }
        Ok(())
    }

    /// Returns what is kept with the refresh token of a response; `None` if its tokens are not bound.
    pub(in crate::oidc) fn session(
        &self,
        response: &TokenResponse,
        nonce: Option<String>,
    ) -> Option<DpopSession> {
        let current = self.lock().clone()?;
        (current.is_agreed || response.is_dpop()).then(|| DpopSession {
            key: current.key.stored().clone(),
            nonce,
        })
    }

    fn set(&self, current: Option<Current>) {
        *self.lock() = current;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
