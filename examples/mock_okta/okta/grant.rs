//! One grant: its person, app and scopes.

use super::{client_auth::App, exchange::AuthorizationServer};

/// The subject of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The person who signed in.
    Person,
    /// The app itself: client credentials.
    App,
}

/// What a person has granted to an app, or an app has got for itself.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) server: AuthorizationServer,
    /// Empty for grants without one.
    pub(crate) redirect_uri: String,
    pub(crate) scope: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// The S256 challenge of a code. Only a confidential client may omit it.
    pub(crate) challenge: Option<String>,
    pub(crate) subject: Subject,
    /// The thumbprint of the key that the tokens are bound to (RFC 9449). In a code's grant: `dpop_jkt` of the authorization request.
    pub(crate) jkt: Option<String>,
    /// When the person signed in, in seconds.
    pub(crate) auth_time: i64,
    /// The level of the sign-in.
    pub(crate) acr: Option<String>,
}

impl Grant {
    /// Returns a grant without an authorization request: without redirect URI, nonce and challenge.
    pub(crate) fn direct(
        app: App,
        server: AuthorizationServer,
        scope: Vec<String>,
        subject: Subject,
        auth_time: i64,
    ) -> Self {
        Self {
            client_id: app.id().to_owned(),
            server,
            redirect_uri: String::new(),
            scope,
            nonce: None,
            challenge: None,
            subject,
            jkt: None,
            auth_time,
            acr: None,
        }
    }
}
