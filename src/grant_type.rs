//! The types of grants (RFC 6749 1.3).

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
}
