//! An OIDC provider on loopback that behaves as Okta does: two authorization servers (org and custom), the authorization
//! code flow with PKCE, the device, password and client credentials grants, rotating refresh tokens, Okta's error texts,
//! and a switch for every fault that a client has to handle.
//!
//! Tests, the demo and the bench use the public items of this file. The provider uses only the loopback network, stores nothing on disk,
//! and refuses whatever Okta refuses.
#![forbid(unsafe_code)]

mod access_token;
mod assertion;
mod authorize;
mod authorize_request;
mod behaviour;
mod bodies;
mod callback;
mod choices;
mod client_auth;
mod control;
mod defects;
mod device;
mod device_codes;
mod direct;
mod dpop;
mod ec_defects;
mod errors;
mod exchange;
mod faults;
mod grant;
mod grants;
mod id_token;
mod jose_defects;
mod keys;
mod metadata;
mod pages;
mod par;
mod pkce;
mod policy;
mod provider;
mod refresh;
mod revocation;
mod router;
mod server;
mod sessions;
mod step_up;
mod tls;
mod token;
mod userinfo;
#[path = "../visit.rs"]
pub mod visit;

use std::{io, sync::Arc};

pub use behaviour::Behaviour;
pub use choices::{
    AccessTokenForm, AssertionAudience, AuthorizeError, Callback, ClientAuth, DeviceVerification, Dpop,
    DpopSwitches, Par, ParSwitches, RefreshRepeats, Rotation, User,
};
pub use defects::Defect;
pub use exchange::{Endpoint, Recorded};
pub use faults::{Fault, FaultBody, FaultKind};
pub use step_up::{StepUp, StepUpAt};

use provider::Provider;
use server::Running;

/// The native app: public client, PKCE required.
const CLIENT_ID: &str = "0oakubesesamemock";
/// The web app: confidential client.
const WEB_CLIENT_ID: &str = "0oakubesesameweb";
/// The web app's secret by default.
const WEB_CLIENT_SECRET: &str = "mock-web-secret-0123456789";

/// A running provider. It owns a background thread; dropping it stops the thread and closes every connection.
pub struct MockOkta {
    provider: Arc<Provider>,
    running: Running,
}

/// Where the provider listens and what it calls itself.
#[derive(Debug, Clone)]
pub struct Options {
    /// Serve https with a fresh certificate authority.
    pub tls: bool,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The host in the issuer: `127.0.0.1` or `localhost`, or a name that only a proxy knows. All are bound to loopback only.
    pub host: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: false,
            port: 0,
            host: "127.0.0.1".to_owned(),
        }
    }
}

impl MockOkta {
    /// Starts a provider over plain http on a free port of 127.0.0.1.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// Starts a provider with these options.
    ///
    /// # Panics
    /// If the port is taken.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the contract: options are made for one provider"
    )]
    #[must_use]
    pub fn start_with(options: Options) -> Self {
        Self::try_start(&options).expect("the mock provider could not listen on loopback")
    }

    /// Starts a provider as the options say.
    pub fn try_start(options: &Options) -> io::Result<Self> {
        let (provider, running) = server::start(options)?;
        Ok(Self { provider, running })
    }

    /// Returns `http(s)://HOST:PORT`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.provider.origin().to_owned()
    }

    /// Returns the issuer of the custom authorization server `default`.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.provider.issuer(exchange::AuthorizationServer::Custom)
    }

    /// Returns the issuer of the org authorization server: the origin, without a path.
    #[must_use]
    pub fn org_issuer(&self) -> String {
        self.provider.issuer(exchange::AuthorizationServer::Org)
    }

    /// Returns the CA certificate to trust, when serving https.
    #[must_use]
    pub fn ca_pem(&self) -> Option<String> {
        self.running.ca_pem()
    }

    /// Returns the id of the native app.
    #[must_use]
    pub fn client_id(&self) -> String {
        CLIENT_ID.to_owned()
    }

    /// Returns the id of the web app.
    #[must_use]
    pub fn web_client_id(&self) -> String {
        WEB_CLIENT_ID.to_owned()
    }

    /// Returns the secret of the web app.
    #[must_use]
    pub fn web_client_secret(&self) -> String {
        self.provider.behaviour().web_client_secret
    }

    /// Changes the behaviour of every later request.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.provider.behave(change);
    }

    /// Returns the behaviour as it is now.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        self.provider.behaviour()
    }

    /// Returns every request so far, in order of arrival, except those to `/control`.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.provider.requests()
    }

    /// Returns how many requests an endpoint got.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.provider.count(endpoint)
    }

    /// Forgets the recorded requests.
    pub fn clear_requests(&self) {
        self.provider.clear_requests();
    }

    /// Returns every secret that was received or issued: tokens of all kinds, codes, states, nonces, verifiers, client secrets.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.provider.secrets()
    }

    /// Signs with a new key from now on, and removes the old one from the key set.
    pub fn rotate_keys(&self) {
        self.provider.rotate_keys();
    }

    /// Revokes all refresh and access tokens and browser sessions, as an administrator would.
    pub fn end_sessions(&self) {
        self.provider.grants().end_all();
    }

    /// Returns how often a rotated refresh token was used after its grace period.
    #[must_use]
    pub fn reuse_detected(&self) -> usize {
        self.provider.grants().reuse_detected
    }
}
