//! OpenID Connect: login, refresh, and the verification of tokens.
//!
//! Owns the network, the loopback listener and the browser. Types of `openidconnect`, `oauth2` and `reqwest` are not used outside this
//! module, because the `Debug` output of some of them contains tokens. Does not depend on stored sessions or on kubectl.

mod client_auth;
mod discovery;
mod errors;
mod event;
mod grants;
mod http;
mod json;
mod loopback;
mod token;

use std::sync::atomic::AtomicBool;

pub(crate) use discovery::documents::{DocumentCache, NoDocumentCache};
pub(crate) use errors::Error;
#[cfg(test)]
pub(crate) use errors::authorization::AuthorizationError;
pub(crate) use errors::oauth_error::OAuthError;
pub(crate) use errors::token::TokenError;
pub(crate) use event::{Continuation, Event, EventHandler, Person, Question};
pub(crate) use grants::login::LoginFailure;
pub(crate) use token::id_token::Remark;
pub(crate) use token::stored::{StoredToken, issuer_and_audience};
pub(crate) use token::verification_error::{CLOCK_LEEWAY_SECS, header_limits};

use discovery::documents::Documents;
use errors::setup::SetupError;
use http::Http;

use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::files;
use crate::initial_id_token::InitialIdToken;
use crate::secret::Secret;
use crate::settings::{Provider, SecretSource, TlsTrust};

/// The verified tokens of a login or a refresh.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// The token for the API server.
    pub(crate) token: Secret,
    /// Seconds since the epoch, like all times here.
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    /// The claims of `token`. Empty if it is opaque.
    pub(crate) claims: Map<String, Value>,
    /// What later ID tokens of this session are compared with. Its subject is unknown if there was no ID token.
    pub(crate) initial_id_token: InitialIdToken,
    pub(crate) refresh_token: Option<Secret>,
    /// The scopes that the provider granted, separated by spaces.
    pub(crate) granted_scope: String,
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
    SessionEnded(String),
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
    pub(crate) initial_id_token: &'a InitialIdToken,
    /// The token that is replaced.
    pub(crate) replaced: &'a Secret,
    /// Called with the new refresh token before a step that may take time or fail. The previous refresh token may be invalid already, so
    /// the new one must be stored first.
    pub(crate) on_rotated: &'a (dyn Fn(&Secret) + Send + Sync),
    /// Set before the refresh token is sent. From then on, only the response shows whether the refresh token is still valid.
    pub(crate) is_sent: &'a AtomicBool,
}

/// A client for one provider.
pub(crate) struct ProviderClient<'a> {
    provider: &'a Provider,
    client_secret: Option<Secret>,
    http: Http<'a>,
    trust: &'a TlsTrust,
    documents: &'a dyn DocumentCache,
    person: Person<'a>,
    clock: Clock,
}

impl<'a> ProviderClient<'a> {
    /// Creates a client. `documents` caches the provider's documents between calls.
    pub(crate) fn new(
        provider: &'a Provider,
        trust: &'a TlsTrust,
        documents: &'a dyn DocumentCache,
        person: Person<'a>,
        clock: Clock,
    ) -> Result<Self, Error> {
        if trust.insecure {
            person.report(Event::CertificatesUnchecked);
        }
        Ok(Self {
            client_secret: provider.client_secret.as_ref().map(read_secret).transpose()?,
            http: Http::new(provider, trust, person, clock)?,
            provider,
            trust,
            documents,
            person,
            clock,
        })
    }

    fn documents(&self) -> Documents<'_> {
        Documents::new(
            &self.http,
            &self.provider.issuer,
            self.trust,
            self.documents,
            (self.clock)(),
        )
    }
}

/// Reads a secret from its source. Line ends after it do not belong to it.
fn read_secret(source: &SecretSource) -> Result<Secret, SetupError> {
    let (path, flag) = match source {
        SecretSource::Inline(secret) => return Ok(secret.clone()),
        SecretSource::File { path, flag } => (path, *flag),
    };
    let bytes = files::read_secret(path).map_err(|source| SetupError::FlagFile { flag, source })?;
    let text = String::from_utf8(bytes).map_err(|_| SetupError::SecretNotText(flag))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(SetupError::SecretNotText(flag)),
        text => Ok(Secret::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Login;

    /// A server that serves several requests needs futures that can move between threads.
    #[test]
    fn futures_of_the_client_are_send() {
        fn is_send<T: Send>(_: impl FnOnce() -> T) {}
        fn check(client: &ProviderClient<'_>, login: &Login, refresh: &Refresh<'_>, token: &Secret) {
            is_send(|| client.login(login));
            is_send(|| client.refresh(refresh));
            is_send(|| client.verify_imported(token));
        }
        std::hint::black_box(check);
    }
}
