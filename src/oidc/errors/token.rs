//! Errors of the token endpoint: its refusals, its responses, and tokens that cannot be accepted. [`ResponseFault`] also serves the device
//! authorization endpoint.

use std::fmt;

use super::{is_at_okta, request_id_suffix};
use crate::catalogue::Id;
use crate::oidc::errors::oauth_error::OAuthError;
use crate::oidc::token::verification_error;
use crate::settings::TokenKind;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("{url} answered with HTTP 401 and no OAuth error: it does not accept this client")]
    ClientRefused { url: UntrustedText },
    /// RFC 6749 5.2 requires an `error`. Without one it is unknown whether the grant, the client or the request was refused.
    #[error("{url} answered with HTTP {status} and no OAuth error{}", request_id_suffix(.request_id.as_ref()))]
    NoReason {
        url: UntrustedText,
        status: u16,
        request_id: Option<UntrustedText>,
    },
    #[error("the provider refused the request for tokens: {0}")]
    Refused(OAuthError),
    /// The code was pasted without its address, so no state showed to which sign-in it belongs.
    #[error("the provider refused the request for tokens: {0}")]
    PastedCodeRefused(OAuthError),
    /// The code was pasted with its address, and the state was right.
    #[error("the provider refused the request for tokens: {0}")]
    PastedAddressRefused(OAuthError),
    #[error("the answer of {url} cannot be used: {fault}")]
    Malformed {
        url: UntrustedText,
        fault: ResponseFault,
    },
    /// A token that is bound to a key: of RFC 9449 5, or of the drafts of MAC and proof-of-possession tokens.
    #[error(
        "the provider sent an access token of type `{0}`, which is bound to a key, and not a bearer token"
    )]
    BoundToken(UntrustedText),
    #[error("the provider sent a bearer token, although tokens that are bound to a key (DPoP) were agreed")]
    BearerToken,
    #[error(
        "the provider sent an access token with control characters in it, which no HTTP header can carry"
    )]
    TokenCharacters,
    #[error("the provider sent no ID token")]
    NoIdToken,
    #[error("the provider does not say how long its access token lives")]
    NoLifetime,
    #[error("the {} cannot be trusted", .token.name())]
    Unverified {
        token: TokenKind,
        source: verification_error::Error,
        /// How far the provider's clock is ahead of ours, if that is known.
        clock_ahead_secs: Option<i64>,
        is_okta: bool,
    },
    /// The token is of another person than the settings require.
    #[error("signed in as `{got}`, not as `{wanted}`")]
    OtherAccount {
        wanted: UntrustedText,
        got: UntrustedText,
    },
}

const BOUND_TOKEN_HINT: &str = "leave out --oidc-use-access-token if the cluster takes ID tokens; else let the provider send bearer tokens to this \
                                app: turn off what binds tokens to a key (DPoP, client certificates)";
const BEARER_TOKEN_HINT: &str =
    "turn DPoP on for the app; or leave out --oidc-dpop=always, and sign in again: kubesesame login";

/// Why a successful response of the token endpoint or the device authorization endpoint cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseFault {
    BrokenJson,
    NotObject,
    /// It has neither tokens nor an error.
    Empty,
    TooManyValues,
    Missing(&'static str),
    NotText(&'static str),
    Unusable(&'static str),
    /// A member that a person sees contains the device code (RFC 8628 5.4): anybody who reads that can get the tokens.
    ContainsDeviceCode(&'static str),
    /// The next call could not read a session with it.
    TooLong(&'static str),
}

impl fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenJson => f.write_str("it is broken JSON"),
            Self::NotObject => f.write_str("it is no JSON object"),
            Self::Empty => f.write_str("it has neither tokens nor an error"),
            Self::TooManyValues => f.write_str("it has far more values than a token response"),
            Self::Missing(name) => write!(f, "it has no `{name}`"),
            Self::NotText(name) => write!(f, "`{name}` is no text"),
            Self::Unusable(name) => write!(f, "it has no usable `{name}`"),
            Self::ContainsDeviceCode(member) => write!(f, "its `{member}` has the `device_code` in it"),
            Self::TooLong(name) => write!(f, "its `{name}` is longer than 1 MiB"),
        }
    }
}

impl ResponseFault {
    /// Whether a gateway may have sent or cut the response, so that the next one may be complete.
    pub(in crate::oidc) fn may_come_from_gateway(self) -> bool {
        match self {
            Self::BrokenJson | Self::NotObject | Self::Empty | Self::TooManyValues => true,
            Self::Missing(_)
            | Self::NotText(_)
            | Self::Unusable(_)
            | Self::ContainsDeviceCode(_)
            | Self::TooLong(_) => false,
        }
    }
}

impl TokenError {
    pub(in crate::oidc) fn hint(&self) -> String {
        let hint = match self {
            Self::Refused(refusal) => return refusal.hint(),
            Self::Unverified {
                token,
                source,
                clock_ahead_secs,
                is_okta,
            } => {
                let hint = source.hint(*clock_ahead_secs, *is_okta);
                return match token {
                    TokenKind::Id => hint,
                    TokenKind::Access => {
                        format!(
                            "{hint}; or leave --oidc-use-access-token out, if the cluster accepts ID tokens"
                        )
                    }
                };
            }
            Self::ClientRefused { .. } => {
                "compare --oidc-client-id and --oidc-client-secret with the app; a gateway in front of \
                 the provider may want a header (--oidc-request-header)"
            }
            Self::NoReason { .. } => {
                "the provider gives no reason, and its log may: compare --oidc-issuer-url, --oidc-client-id and \
                 --oidc-client-secret with the app, and look at what stands in front of the provider"
            }
            Self::PastedCodeRefused(_) => {
                "what was pasted is not the code of this sign-in, or was used before: run the command again, and paste the whole \
                 address that the browser ended on"
            }
            Self::PastedAddressRefused(_) => {
                "the code in the pasted address is damaged, was used before, or has expired: run the command again, and paste the \
                 whole address that the browser ended on"
            }
            Self::Malformed { url, .. } if is_at_okta(url) => {
                "ask Okta's support, and quote the request id (-v shows it)"
            }
            Self::Malformed { .. } => "ask whoever runs the provider; its answer breaks the rules of OAuth",
            Self::BoundToken(_) => BOUND_TOKEN_HINT,
            Self::BearerToken => BEARER_TOKEN_HINT,
            Self::TokenCharacters => {
                "leave --oidc-use-access-token out, if the cluster takes ID tokens; else ask whoever runs the provider: its tokens break \
                 RFC 6750 2.1"
            }
            Self::NoIdToken => {
                "the provider has to grant the scope `openid` to this app; a program that signs in for itself needs \
                 --oidc-use-access-token"
            }
            Self::NoLifetime => {
                "let the provider send `expires_in` with its tokens, or leave --oidc-use-access-token out: the cluster needs a token that \
                 says when it ends"
            }
            Self::OtherAccount { .. } => {
                "sign out at the provider in your browser and try again, or give the other name with --account"
            }
        };
        hint.to_owned()
    }

    /// Returns the id by which the error is explained.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::ClientRefused { .. } | Self::NoReason { .. } => Id::CLIENT_REFUSED,
            Self::Refused(refusal) => refusal.id(),
            Self::PastedCodeRefused(_) | Self::PastedAddressRefused(_) => Id::PASTED_TEXT_REFUSED,
            Self::Malformed { .. } | Self::TokenCharacters | Self::NoLifetime => Id::PROVIDER_ANSWER_INVALID,
            Self::BoundToken(_) => Id::TOKEN_BOUND_TO_KEY,
            Self::BearerToken => Id::TOKEN_NOT_BOUND,
            Self::NoIdToken => Id::ID_TOKEN_MISSING,
            Self::Unverified { source, .. } => source.id(),
            Self::OtherAccount { .. } => Id::OTHER_ACCOUNT,
        }
    }

    /// Whether a clock is wrong, most often the one of this machine.
    pub(super) fn is_clock_fault(&self) -> bool {
        match self {
            Self::Unverified { source, .. } => source.is_clock_fault(),
            error => error.oauth_error().is_some_and(OAuthError::is_clock_fault),
        }
    }

    /// Whether other callers that wait for the same provider fail in the same way.
    pub(super) fn is_shared_by_waiters(&self) -> bool {
        match self {
            Self::ClientRefused { .. }
            | Self::NoReason { .. }
            | Self::Refused(_)
            | Self::PastedCodeRefused(_)
            | Self::PastedAddressRefused(_)
            | Self::Malformed { .. }
            | Self::BoundToken(_)
            | Self::BearerToken
            | Self::TokenCharacters
            | Self::Unverified { .. } => true,
            Self::NoIdToken | Self::NoLifetime | Self::OtherAccount { .. } => false,
        }
    }

    /// Whether a refresh may fail in this way each time, so that a new login is the way out: the provider answered, and reported no temporary
    /// fault. Without an ID token, or with another account, no refresh fails: the session ends.
    pub(super) fn may_need_new_login(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.status.is_none_or(|status| status < 500),
            Self::ClientRefused { .. }
            | Self::NoReason { .. }
            | Self::PastedCodeRefused(_)
            | Self::PastedAddressRefused(_)
            | Self::Malformed { .. }
            | Self::BoundToken(_)
            | Self::BearerToken
            | Self::TokenCharacters
            | Self::NoLifetime
            | Self::Unverified { .. } => true,
            Self::NoIdToken | Self::OtherAccount { .. } => false,
        }
    }

    /// Whether the cached metadata of the provider may be out of date, so that something else than the token endpoint answered.
    pub(super) fn may_mean_stale_metadata(&self) -> bool {
        matches!(self, Self::NoReason { .. })
    }

    /// Whether the provider did not accept the client or its authentication (RFC 6749 5.2, `invalid_client`).
    pub(super) fn is_invalid_client(&self) -> bool {
        match self {
            Self::ClientRefused { .. } => true,
            Self::Refused(refusal)
            | Self::PastedCodeRefused(refusal)
            | Self::PastedAddressRefused(refusal) => {
                refusal.code() == "invalid_client"
                    || (refusal.status == Some(401) && refusal.is_from_gateway())
            }
            Self::NoReason { .. }
            | Self::Malformed { .. }
            | Self::BoundToken(_)
            | Self::BearerToken
            | Self::TokenCharacters
            | Self::NoIdToken
            | Self::NoLifetime
            | Self::Unverified { .. }
            | Self::OtherAccount { .. } => false,
        }
    }

    /// Returns the error response of the provider, if it sent one.
    pub(super) fn oauth_error(&self) -> Option<&OAuthError> {
        match self {
            Self::Refused(refusal)
            | Self::PastedCodeRefused(refusal)
            | Self::PastedAddressRefused(refusal) => Some(refusal),
            Self::ClientRefused { .. }
            | Self::NoReason { .. }
            | Self::Malformed { .. }
            | Self::BoundToken(_)
            | Self::BearerToken
            | Self::TokenCharacters
            | Self::NoIdToken
            | Self::NoLifetime
            | Self::Unverified { .. }
            | Self::OtherAccount { .. } => None,
        }
    }
}
