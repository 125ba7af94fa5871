//! OpenID Connect: login, refresh, and the verification of tokens.
//!
//! Owns the network, the loopback listener and the browser. Types of `openidconnect`, `oauth2` and `reqwest` are not used outside this
//! module, because the `Debug` output of some of them contains tokens. Does not depend on stored sessions or on kubectl.

mod client_auth;
mod discovery;
mod dpop;
mod end_session;
mod errors;
mod event;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod grants;
mod http;
mod json;
mod jws;
mod loopback;
mod provider_client;
mod refresh_result;
mod revocation;
mod survey;
mod token;

pub(crate) use discovery::document_cache::{DocumentCache, NoDocumentCache};
pub(crate) use discovery::provider_cache::is_known_issuer;
pub(crate) use discovery::signing_keys::SigningKeys;
pub(crate) use dpop::DpopSession;
pub(crate) use end_session::{BrowserSignOut, SignOutHint};
pub(crate) use errors::Error;
#[cfg(test)]
pub(crate) use errors::authorization::AuthorizationError;
pub(crate) use errors::oauth_error::OAuthError;
pub(crate) use errors::stage::Stage;
pub(crate) use errors::token::TokenError;
pub(crate) use event::{
    Event, EventHandler, Interaction, LogEvent, LoggedHeader, Question, ReturnTo, Warning,
};
pub(crate) use grants::login::LoginFailure;
pub(crate) use http::transport::{ProxyChoice, proxy_for};
pub(crate) use loopback::listener::{ListenerProbe, ListenerState, probe_listener};
pub(crate) use provider_client::ProviderClient;
pub(crate) use refresh_result::{Refresh, RefreshOutcome, Tokens};
pub(crate) use revocation::Revocation;
pub(crate) use survey::{Announced, Survey};
pub(crate) use token::id_token::Remark;
pub(crate) use token::inspection::{InspectedToken, TokenForm};
pub(crate) use token::stored::{
    StoredToken, UnverifiedToken, claims_of_stored, issuer_and_audience, person_in,
};
pub(crate) use token::verification_error::{CLOCK_LEEWAY_SECS, header_limits};
