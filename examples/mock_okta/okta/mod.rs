//! An OIDC provider on loopback that behaves as Okta does: two authorization servers (org and custom), the authorization
//! code flow with PKCE, the device, password and client credentials grants, rotating refresh tokens, Okta's error texts,
//! and a switch for everything that can go wrong.
//!
//! This file is the contract. Tests and the demo include it by `#[path]` and use nothing below it but what is named here.
//! The provider asks for no network beyond loopback, keeps nothing on disk, and is strict: what Okta refuses, it refuses.
#![allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "several crates include this module by path and each uses its own part"
)]

mod access_token;
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
mod pkce;
mod policy;
mod provider;
mod refresh;
mod revocation;
mod router;
mod server;
mod sessions;
mod tls;
mod token;
mod userinfo;

use std::{io, sync::Arc};

pub(crate) use behaviour::Behaviour;
pub(crate) use choices::{
    AccessTokenForm, AuthorizeError, Callback, ClientAuth, DeviceVerification, RefreshRepeats, Rotation, User,
};
pub(crate) use defects::Defect;
pub(crate) use exchange::{Endpoint, Recorded};
pub(crate) use faults::{Fault, FaultBody, FaultKind};

use provider::Provider;
use server::Running;

/// The native app: public client, PKCE required.
const CLIENT_ID: &str = "0oakubesesamemock";
/// The web app: confidential client.
const WEB_CLIENT_ID: &str = "0oakubesesameweb";
/// The web app's secret; Okta wants 14 to 100 characters.
const WEB_CLIENT_SECRET: &str = "mock-web-secret-0123456789";

/// A running provider. It owns a background thread; dropping it stops the thread and closes every connection.
pub(crate) struct MockOkta {
    provider: Arc<Provider>,
    running: Running,
}

/// Where the provider listens and what it calls itself.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Serve https with a fresh certificate authority.
    pub(crate) tls: bool,
    /// The port; 0 takes a free one.
    pub(crate) port: u16,
    /// The host in the issuer: `127.0.0.1` or `localhost`, or a name that only a proxy knows. All are bound to loopback only.
    pub(crate) host: String,
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
    pub(crate) fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// Starts a provider as the options say; panics if the port is taken.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the contract: options are made for one provider"
    )]
    pub(crate) fn start_with(options: Options) -> Self {
        Self::try_start(&options).expect("the mock provider could not listen on loopback")
    }

    /// Starts a provider as the options say.
    pub(crate) fn try_start(options: &Options) -> io::Result<Self> {
        let (provider, running) = server::start(options)?;
        Ok(Self { provider, running })
    }

    /// Returns `http(s)://HOST:PORT`.
    pub(crate) fn origin(&self) -> String {
        self.provider.origin().to_owned()
    }

    /// Returns the issuer of the custom authorization server `default`.
    pub(crate) fn issuer(&self) -> String {
        self.provider.issuer(exchange::AuthorizationServer::Custom)
    }

    /// Returns the issuer of the org authorization server: the origin, without a path.
    pub(crate) fn org_issuer(&self) -> String {
        self.provider.issuer(exchange::AuthorizationServer::Org)
    }

    /// Returns the CA certificate to trust, when serving https.
    pub(crate) fn ca_pem(&self) -> Option<String> {
        self.running.ca_pem()
    }

    /// Returns the id of the native app.
    #[expect(
        clippy::unused_self,
        reason = "the contract: a caller asks the provider it talks to"
    )]
    pub(crate) fn client_id(&self) -> String {
        CLIENT_ID.to_owned()
    }

    /// Returns the id of the web app.
    #[expect(
        clippy::unused_self,
        reason = "the contract: a caller asks the provider it talks to"
    )]
    pub(crate) fn web_client_id(&self) -> String {
        WEB_CLIENT_ID.to_owned()
    }

    /// Returns the secret of the web app.
    #[expect(
        clippy::unused_self,
        reason = "the contract: a caller asks the provider it talks to"
    )]
    pub(crate) fn web_client_secret(&self) -> String {
        WEB_CLIENT_SECRET.to_owned()
    }

    /// Changes the behaviour of every later request.
    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.provider.behave(change);
    }

    /// Returns the behaviour as it is now.
    pub(crate) fn behaviour(&self) -> Behaviour {
        self.provider.behaviour()
    }

    /// Returns every request so far, in order of arrival; those to `/control` are left out.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.provider.requests()
    }

    /// Returns how many requests an endpoint got.
    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        self.provider.count(endpoint)
    }

    /// Forgets the recorded requests.
    pub(crate) fn clear_requests(&self) {
        self.provider.clear_requests();
    }

    /// Returns every secret seen or minted: tokens of all kinds, codes, states, nonces, verifiers, client secrets.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.provider.secrets()
    }

    /// Puts a new signing key in front and drops the old one from the key set.
    pub(crate) fn rotate_keys(&self) {
        self.provider.rotate_keys();
    }

    /// Revokes all refresh and access tokens and browser sessions, as an administrator would.
    pub(crate) fn end_sessions(&self) {
        self.provider.grants().end_all();
    }

    /// Returns how often a rotated refresh token came back after the leeway.
    pub(crate) fn reuse_detected(&self) -> usize {
        self.provider.grants().reuse_detected
    }
}
