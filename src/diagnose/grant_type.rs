//! The grant types (RFC 6749 1.3), with their names and the hints for their failures. Pure.

/// The type of the grant in a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantType {
    AuthorizationCode,
    RefreshToken,
    DeviceCode,
    Password,
    ClientCredentials,
}

impl GrantType {
    /// Returns the value of the parameter `grant_type` of a token request.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// Returns the name that an app's settings use for the grant, in Okta's console or at other providers.
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

    /// Whether a browser is part of the sign-in, so that the provider can ask the person something.
    pub(super) fn uses_browser(self) -> bool {
        matches!(
            self,
            Self::AuthorizationCode | Self::DeviceCode | Self::RefreshToken
        )
    }

    /// Returns the hint for `invalid_grant` with an unknown description.
    pub(super) fn invalid_grant_hint(self) -> &'static str {
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
