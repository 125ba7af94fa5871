//! How far a request to the provider came before it failed, for a person who looks for the cause.

use super::Error;
use super::documents::DocumentError;
use super::network::NetworkError;

/// Where a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the request: a flag or a file that it names cannot be used.
    Setup,
    /// Name resolution, proxy, connection, time.
    Connection,
    Tls,
    /// Something else than the provider's document came.
    Response,
    /// The document came, and breaks a rule.
    Document,
    /// The document is of another issuer.
    Issuer,
    Other,
}

impl Error {
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Setup(_) => Stage::Setup,
            Self::Network(error) => error.stage(),
            Self::Document(DocumentError::IssuerMismatch { .. }) => Stage::Issuer,
            Self::Document(_) => Stage::Document,
            Self::Token(_) => Stage::Response,
            Self::Login(_) | Self::Authorization(_) | Self::PasswordRefused(_) | Self::Internal(_) => {
                Stage::Other
            }
        }
    }
}

impl NetworkError {
    fn stage(&self) -> Stage {
        match self {
            Self::Unreachable { .. }
            | Self::UnknownHost { .. }
            | Self::UnknownProxy { .. }
            | Self::Timeout { .. }
            | Self::NotHttp { .. } => Stage::Connection,
            Self::Tls { .. } => Stage::Tls,
            Self::RateLimited { .. }
            | Self::Status { .. }
            | Self::NotJson { .. }
            | Self::ContentEncoding { .. }
            | Self::ResponseTooLarge { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. } => Stage::Response,
        }
    }
}
