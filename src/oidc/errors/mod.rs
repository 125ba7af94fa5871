//! The errors of `oidc`: one enum for each stage of a login or a refresh, each with its hints beside its variants.
//!
//! A match here names every variant, so that a new one cannot be forgotten. Okta's console is named only for issuers of Okta. The hints for
//! error responses of a provider are in `catalogue`.

pub(super) mod authorization;
pub(super) mod documents;
pub(super) mod login;
pub(super) mod network;
pub(super) mod oauth_error;
pub(super) mod paste;
pub(super) mod private_key;
pub(super) mod secret_source;
pub(super) mod setup;
pub(super) mod stage;
pub(super) mod token;

use url::Url;

use self::authorization::AuthorizationError;
use self::documents::DocumentError;
use self::login::LoginError;
use self::network::NetworkError;
use self::oauth_error::OAuthError;
use self::paste::PasteRefusal;
use self::setup::SetupError;
use self::token::TokenError;
use crate::catalogue::Id;
use crate::clock::Timestamp;
use crate::grant_type::GrantType;
use crate::settings::is_okta;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A response to a password that does not clearly blame the client or the request.
    #[error("{0}")]
    PasswordRefused(Box<Self>),
    /// A bug.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Setup(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Document(error) => error.hint(),
            Self::Login(error) => error.hint(),
            Self::Authorization(error) => error.hint(),
            Self::Token(error) => error.hint(),
            Self::PasswordRefused(refusal) => format!(
                "check the user name and the password; if they are right: {}",
                refusal.hint()
            ),
            Self::Internal(_) => "this is a fault of kubesesame: please report it".to_owned(),
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Setup(error) => error.id(),
            Self::Network(error) => error.id(),
            Self::Document(error) => error.id(),
            Self::Login(error) => error.id(),
            Self::Authorization(error) => error.id(),
            Self::Token(error) => error.id(),
            Self::PasswordRefused(refusal) => refusal.id(),
            Self::Internal(_) => Id::INTERNAL_ERROR,
        }
    }

    /// Records the grant of the request that the provider refused.
    pub(in crate::oidc) fn with_grant(mut self, grant: GrantType) -> Self {
        if let Self::Token(TokenError::Refused(refusal)) = &mut self {
            refusal.grant = grant;
        }
        self
    }

    /// Returns the flag whose value, or whose file, cannot be used.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        if let Self::Setup(error) = self {
            error.flag()
        } else {
            None
        }
    }

    /// Whether a clock is wrong, most often the one of this machine.
    pub(crate) fn is_clock_fault(&self) -> bool {
        match self {
            Self::Token(error) => error.is_clock_fault(),
            error => error.oauth_error().is_some_and(OAuthError::is_clock_fault),
        }
    }

    /// Whether other callers that wait for the same provider fail in the same way.
    pub(crate) fn is_shared_by_waiters(&self) -> bool {
        match self {
            Self::Network(error) => error.is_shared_by_waiters(),
            Self::Document(error) => error.is_shared_by_waiters(),
            Self::Authorization(error) => error.is_shared_by_waiters(),
            Self::Token(error) => error.is_shared_by_waiters(),
            Self::Setup(_) | Self::Login(_) | Self::PasswordRefused(_) | Self::Internal(_) => false,
        }
    }

    /// Whether a refresh may fail in this way each time, so that a new login is the way out.
    pub(crate) fn may_need_new_login(&self) -> bool {
        match self {
            Self::Network(error) => error.may_need_new_login(),
            Self::Token(error) => error.may_need_new_login(),
            Self::PasswordRefused(refusal) => refusal.may_need_new_login(),
            Self::Setup(_)
            | Self::Document(_)
            | Self::Login(_)
            | Self::Authorization(_)
            | Self::Internal(_) => false,
        }
    }

    /// Whether the cached metadata of the provider may be out of date.
    pub(crate) fn may_mean_stale_metadata(&self) -> bool {
        match self {
            Self::Network(error) => error.may_mean_stale_metadata(),
            Self::Document(error) => error.may_mean_stale_metadata(),
            Self::Token(error) => error.may_mean_stale_metadata(),
            Self::Setup(_)
            | Self::Login(_)
            | Self::Authorization(_)
            | Self::PasswordRefused(_)
            | Self::Internal(_) => false,
        }
    }

    /// Whether the provider did not accept the client or its authentication.
    pub(crate) fn is_invalid_client(&self) -> bool {
        matches!(self, Self::Token(error) if error.is_invalid_client())
    }

    /// Whether the connection ended after the request was sent: the provider may have processed it, and its response is lost.
    pub(crate) fn is_lost_response(&self) -> bool {
        matches!(self, Self::Network(error) if error.is_lost_response())
    }

    /// Whether a login is needed, and not possible here.
    pub(crate) fn is_login_impossible(&self) -> bool {
        matches!(self, Self::Login(error) if error.is_login_impossible())
    }

    /// When the provider accepts the next request, if a rate limit says so.
    pub(crate) fn retry_after(&self) -> Option<Timestamp> {
        if let Self::Network(error) = self {
            error.retry_after()
        } else {
            None
        }
    }

    /// Returns why a pasted text is not accepted, if that is the error.
    pub(in crate::oidc) fn paste_refusal(&self) -> Option<PasteRefusal> {
        if let Self::Login(LoginError::PasteRefused(refusal)) = self {
            Some(*refusal)
        } else {
            None
        }
    }

    /// Returns the error response of the provider, if it sent one.
    pub(crate) fn oauth_error(&self) -> Option<&OAuthError> {
        match self {
            Self::Authorization(error) => error.oauth_error(),
            Self::Token(error) => error.oauth_error(),
            Self::Setup(_)
            | Self::Network(_)
            | Self::Document(_)
            | Self::Login(_)
            | Self::PasswordRefused(_)
            | Self::Internal(_) => None,
        }
    }
}

fn reason_suffix(text: Option<&UntrustedText>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

fn request_id_suffix(text: Option<&UntrustedText>) -> String {
    text.map(|text| format!(" (request id {text})"))
        .unwrap_or_default()
}

fn is_at_okta(url: &UntrustedText) -> bool {
    Url::parse(url.as_str()).is_ok_and(|url| is_okta(&url))
}

#[cfg(test)]
mod tests;
