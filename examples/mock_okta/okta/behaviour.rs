//! The switches of the provider, with Okta's defaults.
//!
//! A plain value. It is read once at the start of a request, so a change does not affect a request that is being handled. The
//! control endpoint accepts it as JSON, and refuses an unknown field, because a misspelled switch would test nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    WEB_CLIENT_SECRET,
    choices::{
        AccessTokenForm, AssertionAudience, AuthorizeError, Callback, ClientAuth, DeviceVerification,
        DpopSwitches, ParSwitches, RefreshRepeats, Rotation, User,
    },
    defects::Defect,
    faults::Fault,
    step_up::StepUp,
};

/// How the provider behaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each with its own name in the control JSON"
)]
pub struct Behaviour {
    /// Redirect URIs registered for both apps, compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// Accept any port of a registered loopback redirect URI (RFC 8252 7.3; Okta does not).
    pub any_loopback_port: bool,
    /// Where the logout page may send the browser.
    pub post_logout_redirect_uris: Vec<String>,
    /// Respond to an authorization request immediately, like for a browser with a session; `false` shows the sign-in page.
    pub auto_approve: bool,
    /// The one user.
    pub user: User,
    /// Whether the user is assigned to the app.
    pub assigned: bool,
    /// Scopes of the custom authorization server; `groups` is not among them by default.
    pub custom_scopes: Vec<String>,
    /// Scopes of the org authorization server.
    pub org_scopes: Vec<String>,
    /// The services that tokens may be asked for (RFC 8707). `None`: the parameter is not looked at.
    pub resources: Option<Vec<String>>,
    /// Whether the app has the Refresh Token grant.
    pub offline_access_allowed: bool,
    /// The client authentication method that the web app is registered for.
    pub web_client_auth: ClientAuth,
    /// The secret of the web app. Okta wants 14 to 100 characters, and 32 for `client_secret_jwt`.
    pub web_client_secret: String,
    /// The public keys of the web app, each a JWK.
    pub web_client_keys: Vec<Value>,
    /// Who a client assertion has to be for.
    pub assertion_audience: AssertionAudience,
    /// What the apps do with DPoP proofs.
    pub dpop: DpopSwitches,
    /// Whether authorization requests are pushed.
    pub par: ParSwitches,
    /// Whether the web app has the Device Authorization grant, which only native apps have at Okta.
    pub web_device_grant_allowed: bool,
    /// Whether the native app has the Device Authorization grant.
    pub device_grant_allowed: bool,
    /// Whether the apps have the Resource Owner Password grant.
    pub password_grant_allowed: bool,
    /// Whether the web app has the Client Credentials grant.
    pub client_credentials_allowed: bool,
    /// Whether a client credentials response has an ID token, like that of some other providers. Then `openid` and no scope are accepted.
    pub client_credentials_id_token: bool,

    /// What happens to a device code while the client polls.
    pub device_verification: DeviceVerification,
    /// Lifetime of a device code and its user code.
    pub device_expires_in_secs: i64,
    /// The shortest time between two polls. `None` omits `interval`, which means 5 (RFC 8628 3.2).
    pub device_interval_secs: Option<u32>,
    /// So many polls of a device code first get `slow_down`. Each adds 5 seconds to the interval.
    pub device_slow_down_polls: u32,
    /// Whether a device response has `verification_uri_complete`.
    pub device_complete_uri: bool,
    /// Refuse a device request without a S256 challenge, as Keycloak does for a PKCE client.
    pub device_requires_pkce: bool,

    /// Whether the ID token carries groups (fat) or leaves them to userinfo (thin).
    pub groups_in_id_token: bool,
    /// Generate this many groups instead of the user's own.
    pub group_count: Option<usize>,
    /// Allow more than 100 groups, where Okta fails with `server_error`.
    pub groups_limit_lifted: bool,
    /// Whether a refreshed ID token still carries groups.
    pub groups_after_refresh: bool,

    /// Whether a refreshed ID token is like Keycloak's after another sign-in in the same browser: another `auth_time`, another `nonce`, and
    /// an `azp`.
    pub keycloak_refresh: bool,

    /// Lifetime of an ID token.
    pub id_token_lifetime_secs: i64,
    /// Lifetime of an access token; also `expires_in`.
    pub access_token_lifetime_secs: i64,
    /// What an access token of the custom server looks like.
    pub access_token_form: AccessTokenForm,
    /// `aud` of the custom server's access tokens instead of `api://default`.
    pub access_token_audience: Option<String>,
    /// Claims that are added to the custom server's access tokens, or replace theirs.
    pub access_token_claims: Map<String, Value>,
    /// Lifetime of an authorization code.
    pub code_lifetime_secs: i64,
    /// Whether refresh tokens rotate.
    pub refresh: Rotation,
    /// What a refresh response says about the refresh token.
    pub refresh_repeats: RefreshRepeats,
    /// The grace period: how long a rotated refresh token stays valid.
    pub leeway_secs: i64,
    /// A refresh token that is not used for this long expires.
    pub refresh_idle_secs: i64,
    /// A family of refresh tokens expires this long after the login.
    pub refresh_absolute_secs: i64,
    /// Moves the provider's clock: claims, expiries and the `Date` header.
    pub clock_offset_secs: i64,
    /// Stops the provider's clock at this many seconds since the epoch. The offset is ignored.
    pub clock_stopped_at: Option<i64>,

    /// What is wrong with the ID token of a code response.
    pub id_token_defect: Defect,
    /// What is wrong with the ID token of a refresh response.
    pub refresh_defect: Defect,
    /// Failures by endpoint; the first one that matches a request applies.
    pub faults: Vec<Fault>,
    /// Refuse every authorization request with this error.
    pub authorize_error: Option<AuthorizeError>,
    /// What a sign-in has to be like (RFC 9470). `None`: nothing is demanded.
    pub step_up: Option<StepUp>,
    /// What is wrong with the authorization response.
    pub callback: Callback,

    /// Metadata promises `iss` in the authorization response (RFC 9207). `callback` decides whether it is there.
    pub advertise_iss: bool,
    /// Metadata lists `code_challenge_methods_supported`.
    pub pkce_methods_advertised: bool,
    /// Members that are set in the discovery document last. `null` removes a member.
    pub discovery: Map<String, Value>,
    /// Client authentication methods that metadata lists.
    pub token_auth: Vec<String>,
    /// `Cache-Control` of discovery.
    pub discovery_cache_control: Option<String>,
    /// `Cache-Control` of the key set.
    pub keys_cache_control: Option<String>,
    /// More keys of the key set, published unchanged.
    pub extra_keys: Vec<Value>,
    /// The org server shows the signing key only at `/keys?client_id=`.
    pub key_pinned_to_app: bool,
    /// Rotate the keys right before the tokens of a response are signed.
    pub rotate_before_signing: bool,

    /// `token_type` of a token response.
    pub token_type: String,
    /// Omit `expires_in` in a token response.
    pub expires_in_absent: bool,
}

impl Behaviour {
    /// Returns the provider's time in milliseconds since the epoch.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        let machine = i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX);
        let now = match self.clock_stopped_at {
            Some(seconds) => seconds.saturating_mul(1000),
            None => machine.saturating_add(self.clock_offset_secs.saturating_mul(1000)),
        };
        // Limited to years of four digits, like dates in headers.
        now.clamp(0, 253_402_300_799_000)
    }

    /// Returns the provider's time in seconds since the epoch, like in claims.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now_millis().div_euclid(1000)
    }

    /// Returns the groups that the groups claim matches.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        match self.group_count {
            Some(count) => (1..=count).map(|n| format!("k8s-group-{n:04}")).collect(),
            None => self.user.groups.clone(),
        }
    }
}

/// Returns the machine's time, without the provider's offset.
#[expect(
    clippy::disallowed_methods,
    reason = "the provider's one reading of the clock"
)]
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Default for Behaviour {
    #[expect(clippy::too_many_lines, reason = "one line a switch")]
    fn default() -> Self {
        Self {
            post_logout_redirect_uris: strings(REDIRECT_URIS),
            redirect_uris: strings(REDIRECT_URIS),
            any_loopback_port: false,
            dpop: DpopSwitches::default(),
            par: ParSwitches::default(),
            auto_approve: true,
            user: User::default(),
            assigned: true,
            custom_scopes: strings(CUSTOM_SCOPES),
            org_scopes: strings(ORG_SCOPES),
            resources: None,
            offline_access_allowed: true,
            web_client_auth: ClientAuth::Either,
            web_client_secret: WEB_CLIENT_SECRET.to_owned(),
            web_client_keys: Vec::new(),
            assertion_audience: AssertionAudience::Endpoint,
            web_device_grant_allowed: false,
            device_grant_allowed: true,
            password_grant_allowed: true,
            client_credentials_allowed: true,
            client_credentials_id_token: false,
            device_verification: DeviceVerification::ApproveAfterPolls(1),
            device_expires_in_secs: 600,
            device_interval_secs: Some(5),
            device_slow_down_polls: 0,
            device_complete_uri: true,
            device_requires_pkce: false,
            groups_in_id_token: true,
            group_count: None,
            groups_limit_lifted: false,
            groups_after_refresh: true,
            keycloak_refresh: false,
            id_token_lifetime_secs: 3600,
            access_token_lifetime_secs: 3600,
            access_token_form: AccessTokenForm::Jwt,
            access_token_audience: None,
            access_token_claims: Map::new(),
            code_lifetime_secs: 300,
            refresh: Rotation::Static,
            refresh_repeats: RefreshRepeats::ByRotation,
            leeway_secs: 30,
            refresh_idle_secs: 7 * 86_400,
            refresh_absolute_secs: 90 * 86_400,
            clock_offset_secs: 0,
            clock_stopped_at: None,
            id_token_defect: Defect::None,
            refresh_defect: Defect::None,
            faults: Vec::new(),
            authorize_error: None,
            step_up: None,
            callback: Callback::Normal,
            advertise_iss: false,
            pkce_methods_advertised: true,
            discovery: Map::new(),
            token_auth: strings(AUTH_METHODS),
            discovery_cache_control: Some("max-age=86400, must-revalidate".to_owned()),
            keys_cache_control: Some("max-age=3832304, must-revalidate".to_owned()),
            extra_keys: Vec::new(),
            key_pinned_to_app: false,
            rotate_before_signing: false,
            token_type: "Bearer".to_owned(),
            expires_in_absent: false,
        }
    }
}

/// The redirect URIs that are registered for kubesesame.
const REDIRECT_URIS: &[&str] = &[
    "http://localhost:8000",
    "http://localhost:18000",
    "http://127.0.0.1:8000",
    "http://127.0.0.1:18000",
];
/// Scopes that a custom authorization server starts with. `groups` is an ordinary custom scope there, to be created.
const CUSTOM_SCOPES: &[&str] = &[
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
    "device_sso",
];
/// The fixed scopes of the org authorization server.
const ORG_SCOPES: &[&str] = &[
    "openid",
    "email",
    "profile",
    "address",
    "phone",
    "offline_access",
    "groups",
];
/// The methods that Okta's metadata lists.
const AUTH_METHODS: &[&str] = &[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
];

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
