//! What was presented to the token endpoint (RFC 6749 1.3), and what its refusal means. Pure.

/// A grant, as far as its name and its failures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantType {
    AuthorizationCode,
    RefreshToken,
    DeviceCode,
    Password,
    ClientCredentials,
}

impl GrantType {
    /// The parameter `grant_type` of a token request.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// The name in the settings of an app: in Okta's console, or elsewhere.
    pub(super) fn name(self, is_okta: bool) -> &'static str {
        match (self, is_okta) {
            (Self::AuthorizationCode, true) => "Authorization Code",
            (Self::AuthorizationCode, false) => "authorization code",
            (Self::RefreshToken, true) => "Refresh Token",
            (Self::RefreshToken, false) => "refresh token",
            (Self::DeviceCode, true) => "Device Authorization",
            (Self::DeviceCode, false) => "device code",
            (Self::Password, true) => "Resource Owner Password",
            (Self::Password, false) => "password",
            (Self::ClientCredentials, true) => "Client Credentials",
            (Self::ClientCredentials, false) => "client credentials",
        }
    }

    /// Whether a person answers in a browser.
    pub(super) fn has_browser(self) -> bool {
        matches!(
            self,
            Self::AuthorizationCode | Self::DeviceCode | Self::RefreshToken
        )
    }

    /// What to do when the provider does not accept what was presented, and does not say why.
    pub(super) fn refused_hint(self) -> &'static str {
        match self {
            Self::Password => "check the user name and the password",
            Self::ClientCredentials => {
                "compare --oidc-client-id and the secret with the app; it has to be allowed to sign in for itself"
            }
            Self::AuthorizationCode | Self::RefreshToken | Self::DeviceCode => {
                "run the command again to sign in anew"
            }
        }
    }
}
