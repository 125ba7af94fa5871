//! Why a token is not accepted, and what to do about it.

use crate::oidc::token::key_set::MAX_TRIED;
use crate::untrusted_text::UntrustedText;

/// How far two clocks may differ, in seconds. A difference within it is told, and the token is used.
pub(crate) const CLOCK_LEEWAY_SECS: i64 = 300;
/// Longest token that is accepted, in bytes. An API server reads no more than this for all headers of a request together (Go's
/// `http.DefaultMaxHeaderBytes`).
pub(in crate::oidc) const MAX_LENGTH: usize = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("it is encrypted (five parts)")]
    Encrypted,
    #[error("it is not a signed token: {0}")]
    Malformed(&'static str),
    #[error(
        "it has {0} bytes, and at most {MAX_LENGTH} are accepted; most often a groups claim with thousands of groups makes a \
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
    #[error("its audience is `{got}`, not the client `{expected}`")]
    Audience {
        expected: UntrustedText,
        got: UntrustedText,
    },
    #[error("it was issued to `{0}` (claim `azp`), not to this client")]
    AuthorizedParty(UntrustedText),
    #[error("it expired {0} s ago by this machine's clock")]
    Expired(i64),
    #[error("it is valid only in {0} s by this machine's clock")]
    NotYetValid(i64),
    #[error("its nonce is not the one of this sign-in")]
    Nonce,
    #[error("it does not fit the access token that came with it (claim `at_hash`)")]
    AccessTokenHash,
    #[error("the provider's key set has no key for it")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error(
        "none of the first {MAX_TRIED} keys that fit it made its signature, and the provider's key set has {0}"
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

impl Error {
    /// A new key set may change it: the key is unknown, or the provider signs with a new key under the name of an old one.
    pub(in crate::oidc) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::UnknownKey | Self::Signature | Self::TooManyKeys(_))
    }

    /// New metadata may change it: what the provider announces, or where its keys are, was kept and may have changed.
    pub(in crate::oidc) fn may_be_cured_by_new_metadata(&self) -> bool {
        self.may_be_cured_by_new_keys() || matches!(self, Self::Algorithm(_))
    }

    /// The same with what it quotes of the token as `shown` has it.
    pub(in crate::oidc) fn shown_by(self, shown: impl Fn(&UntrustedText) -> UntrustedText) -> Self {
        match self {
            Self::Algorithm(name) => Self::Algorithm(shown(&name)),
            Self::Type(name) => Self::Type(shown(&name)),
            Self::AuthorizedParty(party) => Self::AuthorizedParty(shown(&party)),
            Self::Issuer { expected, got } => Self::Issuer {
                expected,
                got: shown(&got),
            },
            Self::Audience { expected, got } => Self::Audience {
                expected,
                got: shown(&got),
            },
            Self::OtherSubject { expected, got } => Self::OtherSubject {
                expected,
                got: shown(&got),
            },
            Self::OtherAudience { expected, got } => Self::OtherAudience {
                expected,
                got: shown(&got),
            },
            other => other,
        }
    }

    /// A fault of a clock, which the same sign-in once more would meet again.
    pub(in crate::oidc) fn is_of_a_clock(&self) -> bool {
        matches!(self, Self::Expired(_) | Self::NotYetValid(_))
    }

    /// `clock_ahead`: how far the provider's clock is ahead of ours, in seconds. `is_okta`: the issuer is Okta's.
    pub(crate) fn hint(&self, clock_ahead: i64, is_okta: bool) -> String {
        match self {
            Self::Expired(_) | Self::NotYetValid(_) if clock_ahead.abs() > CLOCK_LEEWAY_SECS => {
                let way = if clock_ahead > 0 { "behind" } else { "ahead of" };
                format!(
                    "this machine's clock is {} {way} the provider's: set it (timedatectl set-ntp true)",
                    roughly(clock_ahead.abs())
                )
            }
            Self::Expired(_) | Self::NotYetValid(_) => "compare this machine's clock with the provider's".to_owned(),
            Self::Encrypted => {
                "turn off the encryption of ID tokens for this app: an API server cannot decrypt them".to_owned()
            }
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
            Self::Missing(name) | Self::WrongType(name, _) => format!(
                "the provider has to send `{name}` as OpenID Connect Core 2 has it, and no setting here replaces it: look at the \
                 app's claim mapping, or tell whoever runs the provider"
            ),
            Self::Audience { .. } | Self::AuthorizedParty(_) => "compare --oidc-client-id with the app".to_owned(),
            Self::Nonce => "run the command again; if it comes back, answers are being mixed up or replayed".to_owned(),
            Self::UnknownKey => {
                "try again in a minute, if the provider has just changed its keys; else the app may have a signing key of its own: let it use the keys of the provider's key set (`jwks_uri`), \
                 where API servers look too"
                    .to_owned()
            }
            Self::OtherSubject { .. } => {
                "sign in as the person whose session it is, or give each person a session with --account".to_owned()
            }
            _ => "tell whoever runs the provider".to_owned(),
        }
    }
}

/// What stands between a long token and its acceptance.
pub(crate) fn header_limits() -> &'static str {
    "an API server takes 1 MiB of headers per request, and a load balancer or ingress in front of it often 8 to 64 KiB"
}

/// To the nearest unit: what was measured over a network is off by a second or two.
fn roughly(seconds: i64) -> String {
    let nearest = |unit: i64| seconds.saturating_add(unit / 2) / unit;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7169 => format!("{} min", nearest(60)),
        _ => format!("{} h", nearest(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_to_the_nearest_unit() {
        let table = [
            (119, "119 s"),
            (120, "2 min"),
            (209, "3 min"),
            (7169, "119 min"),
            (7170, "2 h"),
            (10_799, "3 h"),
            (i64::MAX, "2562047788015215 h"),
        ];
        for (seconds, told) in table {
            assert_eq!(roughly(seconds), told);
        }
    }

    #[test]
    fn a_claim_that_is_missing_or_odd_is_named_with_who_can_correct_it() {
        for (error, name) in [
            (Error::Missing("iat"), "`iat`"),
            (Error::WrongType("iat", "a time in seconds"), "`iat`"),
            (Error::WrongType("azp", "a string"), "`azp`"),
        ] {
            let (said, hint) = (error.to_string(), error.hint(0, false));
            assert!(said.contains(name) && hint.contains(name), "{said}: {hint}");
            assert!(hint.contains("claim mapping"), "{hint}");
        }
    }
}
