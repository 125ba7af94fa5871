//! The values of the switches that are not booleans: who signs in, whether tokens rotate, how a response is built.

use serde::{Deserialize, Serialize};

/// A person who can sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// Login and e-mail address.
    pub login: String,
    /// Password for the sign-in page.
    pub password: String,
    /// User id.
    pub sub: String,
    /// Display name.
    pub name: String,
    /// Groups that the groups claim matches.
    pub groups: Vec<String>,
    /// Value of `email_verified`.
    pub email_verified: bool,
}

/// Okta's `rotation_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// One refresh token for the whole session; Okta's default for native and web apps.
    Static,
    /// A new refresh token with each response.
    Rotate,
}

/// What the apps are configured for (`dpop_bound_access_tokens`), and what a proof does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dpop {
    /// A proof is not looked at, and all tokens are bearer tokens.
    Ignored,
    /// Metadata announce DPoP; a request with a proof gets bound tokens, and one without gets bearer tokens.
    Supported,
    /// A request without a proof is refused, and metadata say nothing of it, as at Okta.
    Required,
}

/// The switches of DPoP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DpopSwitches {
    /// What a proof does.
    pub mode: Dpop,
    /// The nonce that a proof must have. Empty: none is needed.
    pub nonce: String,
    /// The nonce that a token response announces for later proofs (RFC 9449 8.2).
    pub next_nonce: Option<String>,
    /// Challenge each proof with another nonce.
    pub nonce_never_accepted: bool,
    /// Answer with `Bearer` although the request had a proof.
    pub answers_bearer: bool,
    /// Refuse each proof, and repeat it in the description.
    pub repeats_proof: bool,
}

impl Default for DpopSwitches {
    fn default() -> Self {
        Self {
            mode: Dpop::Ignored,
            nonce: "nonce-of-the-day".to_owned(),
            next_nonce: None,
            nonce_never_accepted: false,
            answers_bearer: false,
            repeats_proof: false,
        }
    }
}

/// Who may push authorization requests, and who must (RFC 9126).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Par {
    /// The org does not have the feature, as most of Okta's. Metadata name the endpoint all the same.
    Absent,
    /// A request may be pushed.
    Supported,
    /// A request has to be pushed, and metadata say so.
    Required,
    /// A request has to be pushed, and only the refusal says so: the app is configured for it.
    RequiredUnannounced,
}

/// The switches of pushed authorization requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParSwitches {
    /// Whether requests may or must be pushed.
    pub mode: Par,
    /// How long a pushed request is kept.
    pub lifetime_secs: i64,
    /// The status of a successful response: 201 (RFC 9126 2.2), or 200 as in Okta's description.
    pub status: u16,
}

impl Default for ParSwitches {
    fn default() -> Self {
        Self {
            mode: Par::Absent,
            lifetime_secs: 60,
            status: 201,
        }
    }
}

/// The `refresh_token` member of a refresh response. Okta's guides show all three, so clients must handle them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRepeats {
    /// Depends on the rotation: the same token if static, a new one if rotating.
    ByRotation,
    /// Always another token. A static one stays valid in addition.
    New,
    /// The token of the request.
    Same,
    /// No member at all.
    Absent,
}

/// How the web app authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// By Basic header or in the form.
    Either,
    /// `client_secret_basic` only.
    SecretBasic,
    /// `client_secret_post` only.
    SecretPost,
    /// `client_secret_jwt` only.
    SecretJwt,
    /// `private_key_jwt` only.
    PrivateKeyJwt,
}

/// The `aud` of a client assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssertionAudience {
    /// The endpoint of the request, as Okta demands.
    Endpoint,
    /// The issuer, as some other providers demand.
    Issuer,
}

/// An error sent to the redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizeError {
    /// `error`.
    pub error: String,
    /// `error_description`.
    #[serde(default)]
    pub description: String,
}

/// How the authorization response is built. The faults of `state` and `iss` apply to error responses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callback {
    /// Correct. Okta sends no `iss`.
    Normal,
    /// Another `state`.
    WrongState,
    /// No `state`.
    NoState,
    /// Another issuer in `iss`.
    WrongIss,
    /// The right issuer in `iss`.
    CorrectIss,
    /// `code` twice.
    DuplicateCode,
    /// `code` and `error` together.
    CodeAndError,
    /// Neither `code` nor `error`.
    NoCode,
}

/// What happens to a device code while the client polls. A decision on the page at `/activate` stands in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceVerification {
    /// This many polls get `authorization_pending`, and the next one gets tokens. Polls that are too early do not count.
    ApproveAfterPolls(u32),
    /// The first poll gets `access_denied`: the person has refused.
    Deny,
    /// Nobody decides; the code expires.
    NeverAnswer,
    /// A person decides on the page.
    ByPage,
}

/// The form of the custom authorization server's access tokens. Those of the org server are only for Okta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenForm {
    /// A JWT, signed with a published key, like Okta's.
    Jwt,
    /// A random text, like that of some other providers.
    Opaque,
}

impl Default for User {
    fn default() -> Self {
        Self {
            login: "alice@example.com".to_owned(),
            password: "correct horse".to_owned(),
            sub: "00ualice".to_owned(),
            name: "Alice Example".to_owned(),
            groups: ["k8s-developers", "k8s-oncall"].map(str::to_owned).to_vec(),
            email_verified: true,
        }
    }
}
