//! Errors of the authorization response (RFC 6749 4.1.2) and of the device authorization (RFC 8628 3.5).

use crate::catalogue::Id;
use crate::oidc::errors::network::NetworkError;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorizationError {
    #[error("the provider refused the sign-in: {0}")]
    Refused(OAuthError),
    #[error("the provider refused the authorization request that was pushed to it: {0}")]
    PushRefused(OAuthError),
    /// The endpoint is announced, and answers that it is not there for this client.
    #[error("the provider takes no pushed authorization requests")]
    PushUnavailable(#[source] Box<NetworkError>),
    #[error("the answer to the sign-in came from issuer `{got}`, not from `{expected}`")]
    IssuerMismatch {
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("the answer to the sign-in does not name its issuer, though the provider promises to")]
    NoIssuer,
    #[error("the answer to the sign-in makes no sense: {0}")]
    Malformed(&'static str),
}

impl AuthorizationError {
    pub(in crate::oidc) fn hint(&self) -> String {
        let hint = match self {
            Self::Refused(refusal) | Self::PushRefused(refusal) => return refusal.hint(),
            Self::PushUnavailable(_) => {
                "turn pushed authorization requests (PAR) on at the provider, for the org and the app, or go without --oidc-par=always"
            }
            // RFC 9207 2.4.
            Self::NoIssuer => {
                "ask whoever runs the provider: its discovery document has \
                 `authorization_response_iss_parameter_supported`, so each answer needs the parameter `iss`"
            }
            Self::IssuerMismatch { .. } | Self::Malformed(_) => {
                "run the command again; if it comes back, something between browser and provider changes answers"
            }
        };
        hint.to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::Refused(refusal) | Self::PushRefused(refusal) => refusal.id(),
            Self::PushUnavailable(_) => Id::PUSHED_REQUESTS_UNSUPPORTED,
            Self::IssuerMismatch { .. } | Self::NoIssuer | Self::Malformed(_) => Id::ANSWER_MIXED_UP,
        }
    }

    /// Whether other callers that wait for the same provider fail in the same way.
    pub(super) fn is_shared_by_waiters(&self) -> bool {
        match self {
            Self::Refused(_) | Self::PushRefused(_) | Self::PushUnavailable(_) => true,
            Self::IssuerMismatch { .. } | Self::NoIssuer | Self::Malformed(_) => false,
        }
    }

    /// Returns the error response of the provider, if it sent one.
    pub(super) fn oauth_error(&self) -> Option<&OAuthError> {
        match self {
            Self::Refused(refusal) | Self::PushRefused(refusal) => Some(refusal),
            Self::PushUnavailable(_) | Self::IssuerMismatch { .. } | Self::NoIssuer | Self::Malformed(_) => {
                None
            }
        }
    }
}
