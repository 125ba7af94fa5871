//! The values of those switches that are more than on and off: who signs in, what rotates, how an answer is built.

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
    /// A new refresh token with each answer.
    Rotate,
}

/// The `refresh_token` member of a refresh answer. Okta's guides show all three, so clients have to cope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRepeats {
    /// As the rotation says: the same when static, a new one when rotating.
    ByRotation,
    /// Always another token; a static one goes on working beside it.
    New,
    /// The token that was presented.
    Same,
    /// No member at all.
    Absent,
}

/// How the web app may send its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// By Basic header or in the form.
    Either,
    /// `client_secret_basic` only.
    SecretBasic,
    /// `client_secret_post` only.
    SecretPost,
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

/// How the authorization response is built. The tricks with `state` and `iss` apply to error answers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callback {
    /// As it should be; Okta sends no `iss`.
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
    /// This many polls get `authorization_pending`, the next one tokens. Polls that were too fast do not count.
    ApproveAfterPolls(u32),
    /// The first poll hears that the person said no.
    Deny,
    /// Nobody decides; the code expires.
    NeverAnswer,
    /// A person decides on the page.
    ByPage,
}

/// What an access token of the custom authorization server looks like. Those of the org server are for Okta alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenForm {
    /// A JWT, signed with a published key; Okta's.
    Jwt,
    /// Random text, as of other providers.
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
