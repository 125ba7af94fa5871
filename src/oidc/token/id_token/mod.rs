//! Whether a token can be accepted (OpenID Connect Core 3.1.3.7 and 12.2).
//!
//! Owns the rules T and F of docs/protocol.md: what protects the client is checked, everything else is left to the API server.
//! Pure: keys and times are given.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::digest;
use data_encoding::BASE64URL_NOPAD;
use openidconnect::Nonce;
use serde_json::{Map, Value};

use crate::initial_id_token::InitialIdToken;
use crate::oidc::json;
use crate::oidc::token::algorithm::Algorithm;
use crate::oidc::token::claims::{self, Ambiguous, Claims};
use crate::oidc::token::key_set::{KeySet, NotVerified};
use crate::oidc::token::verification_error::{CLOCK_LEEWAY_SECS, Error, MAX_LENGTH};
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// Types of tokens that are no ID tokens though they may look like one (RFC 9068 2.1, RFC 9449 4.2, Back-Channel Logout 2.4).
const OTHER_TYPES: [&str; 3] = ["at+jwt", "dpop+jwt", "logout+jwt"];

/// A difference of the clocks that is not worth a word, in seconds.
const UNTOLD_CLOCK_DIFFERENCE: i64 = 10;
/// A token of so many bytes fails at some of the load balancers that stand in front of clusters.
const LONG_TOKEN: usize = 16 * 1024;

/// What the token has to fit.
#[derive(Debug)]
pub(crate) struct TokenExpectation<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// As the discovery document lists them.
    pub(crate) algorithms: &'a [String],
    pub(crate) context: VerificationContext<'a>,
    /// Seconds since the epoch.
    pub(crate) now: i64,
    /// The same by the provider's clock, if it told its time.
    pub(crate) provider_now: Option<i64>,
}

#[derive(Debug)]
pub(crate) enum VerificationContext<'a> {
    Login {
        nonce: &'a Nonce,
    },
    /// A login without an authorization request, so there was no nonce to send.
    Direct,
    Refresh {
        initial_id_token: &'a InitialIdToken,
        /// The token that is replaced, which was verified when it came.
        replaced: &'a Secret,
    },
    /// Another program had it from the provider and stored it: nothing is known of the request, and it may be older.
    Stored,
}

/// What is worth telling about a token that was accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    /// Its times and this machine's clock differ by so many seconds; the clock is behind if that is positive.
    Clock { behind: i64 },
    /// So many bytes.
    Long(usize),
    /// Signed with an algorithm that no API server can be told to accept.
    Algorithm(&'static str),
}

/// A token that was accepted.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    pub(crate) remarks: Vec<Remark>,
}

/// Verifies an ID token, and that it belongs to the access token, if that is the one to be returned.
pub(crate) fn verify(
    token: &Secret,
    access_token: Option<&Secret>,
    keys: &KeySet,
    expected: &TokenExpectation<'_>,
) -> Result<Verified, Error> {
    let opened = Opened::read(token.expose(), expected)?;
    check_type(&opened.header)?;
    let claims = Claims::parse(opened.payload.clone())?;
    check_issuer(&claims, expected)?;
    check_parties(&claims, expected)?;
    check_times(&claims, expected)?;
    check_context(&claims, expected)?;
    opened.check_signature(keys)?;
    check_access_token(&claims, access_token, opened.algorithm)?;
    Ok(opened.accepted(claims, expected))
}

/// Verifies an access token in the form of a JWT, as far as the API server will: issuer, times, signature. For whom it is
/// differs from provider to provider, and so does its `sub` (Okta puts the login there), so that a refreshed one is compared
/// with the access token that it replaces, and with the subject of an ID token beside it as far as the replaced one agreed with that.
pub(crate) fn verify_access(
    token: &Secret,
    id_token_subject: Option<&str>,
    keys: &KeySet,
    expected: &TokenExpectation<'_>,
) -> Result<Verified, Error> {
    let opened = Opened::read(token.expose(), expected)?;
    let claims = Claims::parse_access(opened.payload.clone(), expected.now)?;
    check_issuer(&claims, expected)?;
    check_times(&claims, expected)?;
    if let VerificationContext::Refresh { replaced, .. } = &expected.context {
        replaced::check(&opened.payload, replaced, id_token_subject)?;
    }
    opened.check_signature(keys)?;
    Ok(opened.accepted(claims, expected))
}

/// A token taken apart; nobody has vouched for it yet.
struct Opened<'a> {
    text: &'a str,
    header: Map<String, Value>,
    algorithm: &'static Algorithm,
    payload: Map<String, Value>,
    /// Header and payload, as they were signed.
    message: &'a str,
    signature: Vec<u8>,
}

impl<'a> Opened<'a> {
    /// Checks form and header (RFC 7515 5.2).
    fn read(text: &'a str, expected: &TokenExpectation<'_>) -> Result<Self, Error> {
        if text.len() > MAX_LENGTH {
            return Err(Error::TooLong(text.len()));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(if parts.len() == 5 {
                Error::Encrypted
            } else {
                Error::Malformed("it has not three parts")
            });
        };
        let message = &text[..text.len() - signature.len() - 1];
        let header = object(
            header,
            claims::parse_header,
            "its header is no JSON object in base64url",
        )?;
        let name = header.get("alg").and_then(Value::as_str).unwrap_or("none");
        let algorithm = Algorithm::allowed(name, expected.algorithms)
            .ok_or_else(|| Error::Algorithm(UntrustedText::with_limit(name, 30)))?;
        if json::member(&header, "crit").is_some() || header.get("b64") == Some(&Value::Bool(false)) {
            return Err(Error::CriticalHeader);
        }
        let payload = object(
            payload,
            claims::parse_payload,
            "its payload is no JSON object in base64url",
        )?;
        let signature = BASE64URL_NOPAD
            .decode(signature.as_bytes())
            .map_err(|_| Error::Malformed("its signature is not base64url"))?;
        Ok(Self {
            text,
            header,
            algorithm,
            payload,
            message,
            signature,
        })
    }

    fn check_signature(&self, keys: &KeySet) -> Result<(), Error> {
        let id = json::text(&self.header, "kid");
        keys.verify(self.algorithm, id, self.message.as_bytes(), &self.signature)
            .map_err(|error| match error {
                NotVerified::UnknownKey => Error::UnknownKey,
                NotVerified::Signature => Error::Signature,
                NotVerified::TooManyKeys(fitting) => Error::TooManyKeys(fitting),
            })
    }

    /// What stays the same from refresh to refresh is told at the sign-in alone.
    fn accepted(&self, claims: Claims, expected: &TokenExpectation<'_>) -> Verified {
        let is_first = matches!(
            expected.context,
            VerificationContext::Login { .. } | VerificationContext::Direct
        );
        let long = is_first && self.text.len() > LONG_TOKEN;
        let is_unknown = is_first && !self.algorithm.known_to_api_servers;
        let remarks = [
            clock_remark(&claims, expected),
            long.then_some(Remark::Long(self.text.len())),
            is_unknown.then_some(Remark::Algorithm(self.algorithm.name)),
        ];
        Verified {
            claims,
            remarks: remarks.into_iter().flatten().collect(),
        }
    }
}

/// Returns the claims of a token without trusting them.
pub(in crate::oidc) fn payload(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (Some(_header), Some(payload), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    object(payload, claims::parse_payload, "").ok()
}

/// Whether a token is a signed JWT by its form; one with dots in it may be opaque all the same.
pub(in crate::oidc) fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let header = parts.next().unwrap_or_default();
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).unwrap_or_default();
    let is_object = serde_json::from_slice::<Map<String, Value>>(&header).is_ok();
    is_object && parts.count() == 2
}

fn object(
    part: &str,
    parse: impl Fn(&[u8]) -> Result<Map<String, Value>, Ambiguous>,
    otherwise: &'static str,
) -> Result<Map<String, Value>, Error> {
    let bytes = BASE64URL_NOPAD
        .decode(part.as_bytes())
        .map_err(|_| Error::Malformed(otherwise))?;
    parse(&bytes).map_err(|error| match error {
        Ambiguous::Repeated(name) => Error::Repeated(name),
        Ambiguous::NoObject => Error::Malformed(otherwise),
    })
}

/// Refuses what says of itself that it is another kind of token (RFC 8725 3.11); any other type, or none, will do.
fn check_type(header: &Map<String, Value>) -> Result<(), Error> {
    let Some(typ) = json::text(header, "typ") else {
        return Ok(());
    };
    let short = typ.to_ascii_lowercase();
    let short = short.strip_prefix("application/").unwrap_or(&short);
    if OTHER_TYPES.contains(&short) {
        return Err(Error::Type(UntrustedText::with_limit(typ, 30)));
    }
    Ok(())
}

fn check_issuer(claims: &Claims, expected: &TokenExpectation<'_>) -> Result<(), Error> {
    // Google left the scheme out for years; kubelogin and the API server know that too.
    let is_google =
        expected.issuer == "https://accounts.google.com" && claims.issuer == "accounts.google.com";
    if claims.issuer == expected.issuer || is_google {
        return Ok(());
    }
    Err(Error::Issuer {
        expected: UntrustedText::new(expected.issuer),
        got: UntrustedText::new(&claims.issuer),
    })
}

/// The token has to be for us, and if it says to whom it was issued, to us (rules T5, T6). Others may be in its audience.
fn check_parties(claims: &Claims, expected: &TokenExpectation<'_>) -> Result<(), Error> {
    if !claims
        .audience
        .iter()
        .any(|audience| audience == expected.client_id)
    {
        return Err(Error::Audience {
            expected: UntrustedText::new(expected.client_id),
            got: UntrustedText::new(&claims.audience.join(", ")),
        });
    }
    match &claims.authorized_party {
        Some(party) if party != expected.client_id => {
            Err(Error::AuthorizedParty(UntrustedText::with_limit(party, 80)))
        }
        _ => Ok(()),
    }
}

/// A token that has only just come may look too old or too new because the clocks differ (rules T12, T20, T21). One that has ended by the
/// provider's clock too is of no use to anybody.
fn check_times(claims: &Claims, expected: &TokenExpectation<'_>) -> Result<(), Error> {
    let ended_since = expected.now.saturating_sub(claims.expires_at);
    let ended_there = expected.provider_now.is_some_and(|now| claims.expires_at <= now);
    if ended_since >= 0 && (ended_there || ended_since > CLOCK_LEEWAY_SECS) {
        return Err(Error::Expired(ended_since));
    }
    let early = starts_at(claims).saturating_sub(expected.now);
    if early > CLOCK_LEEWAY_SECS {
        return Err(Error::NotYetValid(early));
    }
    Ok(())
}

fn starts_at(claims: &Claims) -> i64 {
    claims
        .not_before
        .unwrap_or(claims.issued_at)
        .max(claims.issued_at)
}

/// A token that was accepted though its times do not fit this machine's clock.
fn clock_remark(claims: &Claims, expected: &TokenExpectation<'_>) -> Option<Remark> {
    let early = starts_at(claims).saturating_sub(expected.now);
    if early > UNTOLD_CLOCK_DIFFERENCE {
        return Some(Remark::Clock { behind: early });
    }
    let late = expected.now.saturating_sub(claims.expires_at);
    (late > UNTOLD_CLOCK_DIFFERENCE).then_some(Remark::Clock { behind: -late })
}

fn check_context(claims: &Claims, expected: &TokenExpectation<'_>) -> Result<(), Error> {
    match expected.context {
        VerificationContext::Login { nonce } => {
            let got = claims.nonce().unwrap_or_default();
            verify_slices_are_equal(got.as_bytes(), nonce.secret().as_bytes()).map_err(|_| Error::Nonce)
        }
        VerificationContext::Refresh { initial_id_token, .. }
            if initial_id_token.is_known() && claims.subject != initial_id_token.subject =>
        {
            Err(Error::OtherSubject {
                expected: UntrustedText::with_limit(&initial_id_token.subject, 80),
                got: UntrustedText::with_limit(&claims.subject, 80),
            })
        }
        VerificationContext::Direct | VerificationContext::Refresh { .. } | VerificationContext::Stored => {
            Ok(())
        }
    }
}

/// Rule T17: the left half of the access token's hash (OpenID Connect Core 3.1.3.8).
fn check_access_token(
    claims: &Claims,
    access_token: Option<&Secret>,
    algorithm: &Algorithm,
) -> Result<(), Error> {
    let (Some(access_token), Some(hash)) = (access_token, claims.access_token_hash()) else {
        return Ok(());
    };
    let computed = digest(algorithm.hash, access_token.expose().as_bytes());
    let half = &computed.as_ref()[..computed.as_ref().len() / 2];
    if hash.trim_end_matches('=') == BASE64URL_NOPAD.encode(half) {
        Ok(())
    } else {
        Err(Error::AccessTokenHash)
    }
}

mod replaced;

#[cfg(test)]
mod tests;
