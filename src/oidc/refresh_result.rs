//! What a login or a refresh needs and returns.

use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::dpop::DpopSession;
use crate::oidc::errors::Error;
use crate::oidc::token::id_token::header_algorithm;
use crate::secret::Secret;
use crate::step_up::StepUp;

/// The verified tokens of a login or a refresh.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The token for the API server.
    pub(crate) token: Secret,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The claims of `token`. Empty if it is opaque.
    pub(crate) claims: Map<String, Value>,
    /// What later ID tokens of this session are compared with. Its subject is unknown if there was no ID token.
    pub(crate) initial_id_token: InitialIdToken,
    pub(crate) refresh_token: Option<Secret>,
    /// The scopes that the provider granted, separated by spaces.
    pub(crate) granted_scope: String,
    /// The endpoint that issued the tokens, and that refreshes them.
    pub(crate) token_endpoint: String,
    /// The key that the refresh token is bound to, if it is.
    pub(crate) dpop: Option<DpopSession>,
}

impl Tokens {
    /// Returns the `alg` of the header of `token` (RFC 7515 4.1.1); `None` if the token is opaque.
    pub(crate) fn algorithm(&self) -> Option<String> {
        header_algorithm(self.token.expose())
    }
}

/// How a refresh ended.
///
/// No outcome can repeat for ever: `SessionEnded` and `NoIdToken` lead to a login, and `Failed` is either temporary or names what to
/// change.
#[derive(Debug)]
pub(crate) enum RefreshOutcome {
    /// The new tokens, verified.
    Refreshed(Box<Tokens>),
    /// The session cannot be refreshed any more: the provider refused the refresh token (with any HTTP status and error code), or the new
    /// token is not acceptable for this session (its signature, its issuer, or its subject). A login must follow. The text says why, in
    /// one line.
    SessionEnded {
        reason: String,
        /// What the provider demands of that login (RFC 9470).
        step_up: Option<StepUp>,
    },
    /// The provider refreshed only the access token, which OpenID Connect Core 12.2 allows. A login must follow.
    NoIdToken,
    /// The session may still be valid. It is kept, and no browser opens. Either the fault is temporary (the network, a rate limit, a fault
    /// of the provider, keys that could not be fetched), or the settings are wrong (`invalid_client`, `unauthorized_client`, HTTP 401
    /// without an error code, this machine's clock), and the error says so.
    Failed(Error),
}

/// The parts of a session that a refresh needs.
pub(crate) struct Refresh<'a> {
    pub(crate) token: &'a Secret,
    pub(crate) granted_scope: &'a str,
    /// Where the session was refreshed last. If the cached metadata name another endpoint, they are fetched again: whoever can change the
    /// cache must not get the refresh token.
    pub(crate) token_endpoint: Option<&'a str>,
    pub(crate) initial_id_token: &'a InitialIdToken,
    /// The key that the refresh token is bound to, if it is.
    pub(crate) dpop: Option<&'a DpopSession>,
    /// The token that is replaced.
    pub(crate) replaced: &'a Secret,
    /// Called with the new refresh token, and the key that it is bound to, before a step that may take time or fail. The previous refresh
    /// token may be invalid already, so the new one must be stored first. Without its key it could not be used (RFC 9449 5).
    pub(crate) on_rotated: &'a (dyn Fn(&Secret, Option<DpopSession>) + Send + Sync),
    /// Set before the refresh token is sent. From then on, only the response shows whether the refresh token is still valid.
    pub(crate) is_sent: &'a AtomicBool,
}
