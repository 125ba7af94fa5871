//! Why a token is not accepted, and what to do about it.

use crate::catalogue::Id;
use crate::oidc::token::key_set::MAX_TRIED_KEYS;
use crate::untrusted_text::UntrustedText;

/// How far two clocks may differ. With a smaller difference, the token is used and the difference is reported.
pub(crate) const CLOCK_LEEWAY_SECS: i64 = 300;
/// The longest accepted token. An API server accepts no more than this for all headers of a request together (Go's
/// `http.DefaultMaxHeaderBytes`).
pub(in crate::oidc) const MAX_TOKEN_BYTES: usize = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("it is encrypted (five parts)")]
    Encrypted,
    #[error("it is not a signed token: {0}")]
    Malformed(&'static str),
    #[error(
        "it has {0} bytes, and at most {MAX_TOKEN_BYTES} are accepted; most often a groups claim with thousands of groups makes a \
         token that long"
    )]
    TooLong(usize),
    #[error("its algorithm is `{0}`, which the provider does not announce or nobody should use")]
    Algorithm(UntrustedText),
    #[error("its type is `{0}`, so it is no ID token")]
    Type(UntrustedText),
    #[error("it has critical header fields, which nobody here understands")]
    CriticalHeader,
    #[error("its member `{0}` occurs twice")]
    Repeated(&'static str),
    #[error("it has no `{0}` claim")]
    Missing(&'static str),
    #[error("its `{0}` claim is not {1}")]
    WrongType(&'static str, &'static str),
    #[error("its issuer is `{got}`, not `{expected}`")]
    Issuer {
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("{}, not the client `{expected}`", audience(.got))]
    Audience {
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("it was issued to `{0}` (claim `azp`), not to this client")]
    AuthorizedParty(UntrustedText),
    /// An access token names another client than the token that it replaces.
    #[error("it was issued to `{got}` (claim `{claim}`), and the session's was issued to `{expected}`")]
    OtherClient {
        claim: &'static str,
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("it expired {secs_ago} s ago by this machine's clock")]
    Expired { secs_ago: i64 },
    #[error("it is valid only in {in_secs} s by this machine's clock")]
    NotYetValid { in_secs: i64 },
    /// `auth_time` is older than the request's `max_age` allows.
    #[error(
        "the person signed in at the provider {secs_ago} s ago (claim `auth_time`), and `max_age` allows {max_age_secs} s"
    )]
    SignInTooOld { secs_ago: i64, max_age_secs: i64 },
    #[error("{}, and the request demands another level", acr(.0))]
    Acr(UntrustedText),
    #[error("its nonce is not the one of this sign-in")]
    Nonce,
    #[error("it does not fit the access token that came with it (claim `at_hash`)")]
    AccessTokenHash,
    #[error("the provider's key set has no key for it")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error(
        "none of the first {MAX_TRIED_KEYS} keys that fit it made its signature, and the provider's key set has {0}"
    )]
    TooManyKeys(usize),
    #[error("it is of another person: its `sub` claim is `{got}`, and the session's is `{expected}`")]
    OtherSubject {
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("it is for another audience: its `aud` claim is `{got}`, and the session's was `{expected}`")]
    OtherAudience {
        expected: UntrustedText,
        got: UntrustedText,
    },
}

fn acr(got: &UntrustedText) -> String {
    if got.as_str().is_empty() {
        "it has no `acr` claim".to_owned()
    } else {
        format!("its `acr` claim is `{got}`")
    }
}

fn audience(got: &UntrustedText) -> String {
    if got.as_str().is_empty() {
        "its audience is empty".to_owned()
    } else {
        format!("its audience is `{got}`")
    }
}

impl Error {
    /// Whether fetching the key set again may help: the key is unknown, or the provider signs with a new key that has the `kid` of an old
    /// one.
    pub(in crate::oidc) fn may_be_outdated_keys(&self) -> bool {
        matches!(self, Self::UnknownKey | Self::Signature | Self::TooManyKeys(_))
    }

    /// Whether fetching the metadata again may help: the announced algorithms or the address of the key set may have changed.
    pub(in crate::oidc) fn may_be_outdated_metadata(&self) -> bool {
        self.may_be_outdated_keys() || matches!(self, Self::Algorithm(_))
    }

    /// Applies a function to each text that is quoted from the token.
    pub(in crate::oidc) fn map_quoted(self, map: impl Fn(&UntrustedText) -> UntrustedText) -> Self {
        match self {
            Self::Algorithm(name) => Self::Algorithm(map(&name)),
            Self::Type(name) => Self::Type(map(&name)),
            Self::Acr(acr) => Self::Acr(map(&acr)),
            Self::AuthorizedParty(party) => Self::AuthorizedParty(map(&party)),
            Self::Issuer { expected, got } => Self::Issuer {
                expected,
                got: map(&got),
            },
            Self::Audience { expected, got } => Self::Audience {
                expected,
                got: map(&got),
            },
            Self::OtherSubject { expected, got } => Self::OtherSubject {
                expected,
                got: map(&got),
            },
            Self::OtherAudience { expected, got } => Self::OtherAudience {
                expected,
                got: map(&got),
            },
            Self::OtherClient { claim, expected, got } => Self::OtherClient {
                claim,
                expected,
                got: map(&got),
            },
            error @ (Self::Encrypted
            | Self::Malformed(_)
            | Self::TooLong(_)
            | Self::CriticalHeader
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::WrongType(..)
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::SignInTooOld { .. }
            | Self::Nonce
            | Self::AccessTokenHash
            | Self::UnknownKey
            | Self::Signature
            | Self::TooManyKeys(_)) => error,
        }
    }

    /// Returns the id by which the error is explained.
    pub(in crate::oidc) fn id(&self) -> Id {
        match self {
            Self::Expired { .. } | Self::NotYetValid { .. } => Id::CLOCK,
            Self::TooLong(_) => Id::TOKEN_TOO_LONG,
            Self::Issuer { .. } => Id::ISSUER_MISMATCH,
            Self::Audience { .. }
            | Self::AuthorizedParty(_)
            | Self::OtherClient { .. }
            | Self::OtherAudience { .. } => Id::AUDIENCE_MISMATCH,
            Self::Nonce => Id::ANSWER_MIXED_UP,
            Self::UnknownKey | Self::Signature | Self::TooManyKeys(_) => Id::SIGNATURE_NOT_VERIFIED,
            Self::OtherSubject { .. } => Id::OTHER_ACCOUNT,
            Self::SignInTooOld { .. }
            | Self::Acr(_)
            | Self::Encrypted
            | Self::Malformed(_)
            | Self::Algorithm(_)
            | Self::Type(_)
            | Self::CriticalHeader
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::WrongType(..)
            | Self::AccessTokenHash => Id::TOKEN_INVALID,
        }
    }

    /// Whether a wrong clock is the cause, so that another sign-in would fail too.
    pub(in crate::oidc) fn is_clock_fault(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::NotYetValid { .. })
    }

    /// Returns what to do about the error. `clock_ahead_secs` is how far the provider's clock is ahead of ours, if that is known,
    /// `is_okta` says whether Okta is the issuer.
    pub(crate) fn hint(&self, clock_ahead_secs: Option<i64>, is_okta: bool) -> String {
        match self {
            Self::Expired { .. } | Self::NotYetValid { .. } => {
                match clock_ahead_secs.filter(|secs| secs.abs() > CLOCK_LEEWAY_SECS) {
                    Some(secs) => clock_hint(secs),
                    None => "compare this machine's clock with the provider's".to_owned(),
                }
            }
            Self::Encrypted => "turn off the encryption of ID tokens for this app: an API server cannot decrypt them".to_owned(),
            Self::TooLong(_) => format!(
                "narrow the groups claim to the groups that the cluster uses; {}",
                header_limits()
            ),
            Self::Issuer { .. } if is_okta => {
                "the provider's issuer setting differs from its discovery document (Okta: Security > API > the \
                 server > Issuer)"
                    .to_owned()
            }
            Self::Issuer { .. } => {
                "the provider's issuer setting differs from its discovery document".to_owned()
            }
            Self::SignInTooOld { .. } | Self::Missing("auth_time") | Self::WrongType("auth_time", _) => {
                "let the provider send `auth_time` and sign you in anew (at most providers `prompt=login` does that), or remove `max_age` from \
                 --oidc-auth-request-extra-params"
                    .to_owned()
            }
            Self::Acr(_) => {
                "let the provider sign you in at the level that `claims` demands, or change it in --oidc-auth-request-extra-params".to_owned()
            }
            Self::Missing(name) | Self::WrongType(name, _) => format!(
                "the provider has to send `{name}` as OpenID Connect Core 2 has it, and no setting here replaces it: look at the \
                 app's claim mapping, or tell whoever runs the provider"
            ),
            Self::Audience { .. } | Self::AuthorizedParty(_) | Self::OtherClient { .. } => {
                "compare --oidc-client-id with the app".to_owned()
            }
            Self::Nonce => "run the command again; if it comes back, answers are being mixed up or replayed".to_owned(),
            Self::UnknownKey => {
                "try again in a minute, if the provider has just changed its keys; else the app may have a signing key of its own: let it use the keys of the provider's key set (`jwks_uri`), \
                 where API servers look too"
                    .to_owned()
            }
            Self::OtherSubject { .. } => {
                "sign in as the person whose session it is, or give each person a session with --account".to_owned()
            }
            Self::Malformed(_)
            | Self::Algorithm(_)
            | Self::Type(_)
            | Self::CriticalHeader
            | Self::Repeated(_)
            | Self::AccessTokenHash
            | Self::Signature
            | Self::TooManyKeys(_)
            | Self::OtherAudience { .. } => "tell whoever runs the provider".to_owned(),
        }
    }
}

/// Returns a text about the limits that a long token may exceed.
pub(crate) fn header_limits() -> &'static str {
    "an API server takes 1 MiB of headers per request, and a load balancer or ingress in front of it often 8 to 64 KiB"
}

/// Returns what to do about a clock that differs from the provider's.
pub(in crate::oidc) fn clock_hint(ahead_secs: i64) -> String {
    let way = if ahead_secs > 0 { "behind" } else { "ahead of" };
    format!(
        "this machine's clock is {} {way} the provider's: set it (timedatectl set-ntp true)",
        rounded(ahead_secs.abs())
    )
}

/// Formats a duration, rounded to the nearest unit: a clock difference that was measured over a network is off by a second or two.
fn rounded(secs: i64) -> String {
    let nearest = |unit: i64| secs.saturating_add(unit / 2) / unit;
    match secs {
        0..=119 => format!("{secs} s"),
        120..=7169 => format!("{} min", nearest(60)),
        _ => format!("{} h", nearest(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_difference_is_rounded_to_the_nearest_unit() {
        let table = [
            (119, "119 s"),
            (120, "2 min"),
            (209, "3 min"),
            (7169, "119 min"),
            (7170, "2 h"),
            (10_799, "3 h"),
            (i64::MAX, "2562047788015215 h"),
        ];
        for (seconds, text) in table {
            assert_eq!(rounded(seconds), text);
        }
    }

    #[test]
    fn a_missing_or_invalid_claim_is_named_with_who_can_correct_it() {
        for (error, name) in [
            (Error::Missing("iat"), "`iat`"),
            (Error::WrongType("iat", "a time in seconds"), "`iat`"),
            (Error::WrongType("azp", "a string"), "`azp`"),
        ] {
            let (message, hint) = (error.to_string(), error.hint(None, false));
            assert!(message.contains(name) && hint.contains(name), "{message}: {hint}");
            assert!(hint.contains("claim mapping"), "{hint}");
        }
    }
}
