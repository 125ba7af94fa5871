//! Why an ID token is not trusted, and what to do about it.

use crate::foreign_text::ForeignText;

/// How far two clocks may differ, in seconds.
pub(super) const LEEWAY: i64 = 60;
/// Longest token that is looked at.
pub(super) const MAX_LENGTH: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("it is encrypted (five parts), and the API server could not read it either")]
    Encrypted,
    #[error("it is not a signed token: {0}")]
    Malformed(&'static str),
    #[error("it is longer than {MAX_LENGTH} bytes")]
    TooLong,
    #[error("its algorithm is `{0}`, which the provider does not announce or nobody should use")]
    Algorithm(ForeignText),
    #[error("its type is `{0}`, so it is no ID token")]
    Type(ForeignText),
    #[error("it has critical header fields, which nobody here understands")]
    CriticalHeader,
    #[error("its member `{0}` occurs twice")]
    Repeated(ForeignText),
    #[error("it has no `{0}` claim")]
    Missing(&'static str),
    #[error("its `{0}` claim is not {1}")]
    WrongType(&'static str, &'static str),
    #[error("its issuer is `{got}`, not `{expected}`")]
    Issuer { expected: ForeignText, got: ForeignText },
    #[error("its audience is `{got}`, not the client `{expected}`")]
    Audience { expected: ForeignText, got: ForeignText },
    #[error("it was issued to `{0}` (claim `azp`), not to this client")]
    AuthorizedParty(ForeignText),
    #[error("it expired {0} s ago by this machine's clock")]
    Expired(i64),
    #[error("it is valid only in {0} s by this machine's clock")]
    NotYetValid(i64),
    #[error("it was issued {0} s ago by this machine's clock, though the sign-in was just now")]
    Stale(i64),
    #[error("its nonce is not the one of this sign-in")]
    Nonce,
    #[error("it does not fit the access token that came with it (claim `at_hash`)")]
    AccessTokenHash,
    #[error("the provider's key set has no key for it")]
    UnknownKey,
    #[error("it names no key, and the provider has several")]
    AmbiguousKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("the renewed token's `{0}` claim differs from the first token's")]
    Changed(&'static str),
}

impl Error {
    /// `clock_ahead`: how far the provider's clock is ahead of ours, in seconds.
    pub(crate) fn hint(&self, clock_ahead: i64) -> String {
        match self {
            Self::Expired(_) | Self::NotYetValid(_) | Self::Stale(_) if clock_ahead.abs() > LEEWAY => {
                let way = if clock_ahead > 0 { "behind" } else { "ahead of" };
                format!(
                    "this machine's clock is {} {way} the provider's: set it (timedatectl set-ntp true)",
                    roughly(clock_ahead.abs())
                )
            }
            Self::Expired(_) | Self::NotYetValid(_) | Self::Stale(_) => {
                "compare this machine's clock with the provider's".to_owned()
            }
            Self::Encrypted => "turn off the encryption of ID tokens for this app".to_owned(),
            Self::Issuer { .. } => {
                "the provider's issuer setting differs from its discovery document (Okta: Security > API > the \
                 server > Issuer)"
                    .to_owned()
            }
            Self::Audience { .. } | Self::AuthorizedParty(_) => {
                "compare --oidc-client-id with the app; a token for several audiences has to name the client in `azp`".to_owned()
            }
            Self::Nonce => "run the command again; if it comes back, answers are being mixed up or replayed".to_owned(),
            Self::UnknownKey => {
                "the app may have a signing key of its own, which an API server cannot find either: let it use the \
                 authorization server's keys"
                    .to_owned()
            }
            Self::Changed(_) => "another person or app answered for this session: tell whoever runs the provider".to_owned(),
            _ => "tell whoever runs the provider; an API server would refuse this token too".to_owned(),
        }
    }
}

fn roughly(seconds: i64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
