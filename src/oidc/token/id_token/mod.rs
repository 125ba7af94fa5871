//! Verifies a token (OpenID Connect Core 3.1.3.7 and 12.2).
//!
//! Owns the rules T and F of docs/protocol.md: it checks what protects the client, and leaves everything else to the API server. Pure: the
//! caller passes the keys and the time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::digest;
use data_encoding::BASE64URL_NOPAD;
use openidconnect::Nonce;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::json;
use crate::oidc::token::algorithm::Algorithm;
use crate::oidc::token::claims::{self, Claims, MembersError};
use crate::oidc::token::key_set::{KeySet, SignatureError};
use crate::oidc::token::sign_in_demands::{SignInDemands, step_up_remark};
use crate::oidc::token::verification_error::{CLOCK_LEEWAY_SECS, Error, MAX_TOKEN_BYTES};
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// The `typ` values of JWTs that are no ID tokens (RFC 9068 2.1, RFC 9449 4.2, Back-Channel Logout 2.4).
const OTHER_TYPES: [&str; 3] = ["at+jwt", "dpop+jwt", "logout+jwt"];

/// A larger clock difference is reported.
const MAX_UNREPORTED_CLOCK_DIFFERENCE_SECS: i64 = 10;
/// A longer token is reported: some load balancers in front of clusters reject it.
const MAX_UNREPORTED_TOKEN_BYTES: usize = 16 * 1024;

/// What the token must match.
#[derive(Debug)]
pub(crate) struct TokenExpectation<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// The algorithms that the discovery document lists.
    pub(crate) algorithms: &'a [String],
    pub(crate) context: VerificationContext<'a>,
    pub(crate) now: Timestamp,
    /// The current time by the provider's clock, if a response had a `Date` header.
    pub(crate) provider_now: Option<Timestamp>,
}

#[derive(Debug)]
pub(crate) enum VerificationContext<'a> {
    Login {
        nonce: &'a Nonce,
        demands: &'a SignInDemands,
    },
    /// A login without an authorization request, and so without a nonce.
    Direct { demands: &'a SignInDemands },
    Refresh {
        initial_id_token: &'a InitialIdToken,
        /// The token that is replaced. It was verified when it was received.
        replaced: &'a Secret,
    },
    /// Another program received the token and stored it. The request is not known.
    Stored,
}

/// What a person should know about an accepted token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    /// The token's times show that this machine's clock is behind, or ahead if the number is negative.
    Clock { behind_secs: i64 },
    /// The token is long: its length in bytes.
    Long(usize),
    /// The token is signed with this algorithm, which no API server can be configured to accept.
    Algorithm(&'static str),
    /// The token does not show what the provider demanded of the sign-in: the level, or else the time of the sign-in.
    StepUpUnmet {
        demanded: UntrustedText,
        found: UntrustedText,
        is_level_met: bool,
    },
}

/// A token that was verified.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    pub(crate) remarks: Vec<Remark>,
}

/// Verifies an ID token. If `access_token` is given, also verifies that the ID token was issued with it.
pub(crate) fn verify(
    token: &Secret,
    access_token: Option<&Secret>,
    keys: &KeySet,
    expected: &TokenExpectation<'_>,
) -> Result<Verified, Error> {
    let parsed = ParsedToken::parse(token.expose(), expected.algorithms)?;
    check_type(&parsed.header)?;
    let claims = Claims::parse(parsed.payload.clone())?;
    check_issuer(&claims, expected)?;
    check_parties(&claims, expected)?;
    check_times(&claims, expected)?;
    check_context(&claims, expected)?;
    parsed.check_signature(keys)?;
    check_access_token(&claims, access_token, parsed.algorithm)?;
    Ok(parsed.verified(claims, expected))
}

/// Verifies an access token that is a JWT: its issuer, times and signature, as the API server does.
///
/// The meaning of `aud` and `sub` differs between providers (Okta's `sub` is the login name). So after a refresh they are compared with
/// those of the access token that is replaced. If there is an ID token, its subject (`id_token_subject`) is compared only with the claims
/// that had the same value in the replaced token.
pub(crate) fn verify_access(
    token: &Secret,
    id_token_subject: Option<&str>,
    keys: &KeySet,
    expected: &TokenExpectation<'_>,
) -> Result<Verified, Error> {
    let parsed = ParsedToken::parse(token.expose(), expected.algorithms)?;
    let claims = Claims::parse_access(parsed.payload.clone(), expected.now)?;
    check_issuer(&claims, expected)?;
    check_times(&claims, expected)?;
    if let VerificationContext::Refresh { replaced, .. } = &expected.context {
        replaced::check(&parsed.payload, replaced, id_token_subject)?;
    }
    parsed.check_signature(keys)?;
    Ok(parsed.verified(claims, expected))
}

/// Verifies the signature of a token and nothing else: a good signature of an expired token is good. `algorithms` are those that the
/// discovery document lists.
pub(in crate::oidc) fn verify_signature(
    token: &str,
    keys: &KeySet,
    algorithms: &[String],
) -> Result<(), Error> {
    ParsedToken::parse(token, algorithms)?.check_signature(keys)
}

/// The parts of a token. Nothing in it is verified yet.
struct ParsedToken<'a> {
    text: &'a str,
    header: Map<String, Value>,
    algorithm: &'static Algorithm,
    payload: Map<String, Value>,
    /// The signed text: header and payload, with the dot between them.
    message: &'a str,
    signature: Vec<u8>,
}

impl<'a> ParsedToken<'a> {
    /// Splits and decodes a token, and checks its header (RFC 7515 5.2).
    fn parse(text: &'a str, algorithms: &[String]) -> Result<Self, Error> {
        if text.len() > MAX_TOKEN_BYTES {
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
        let header = parse_part(
            header,
            claims::parse_header,
            "its header is no JSON object in base64url",
        )?;
        let name = header.get("alg").and_then(Value::as_str).unwrap_or("none");
        let algorithm = Algorithm::allowed(name, algorithms)
            .ok_or_else(|| Error::Algorithm(UntrustedText::with_limit(name, 30)))?;
        if json::member(&header, "crit").is_some() || header.get("b64") == Some(&Value::Bool(false)) {
            return Err(Error::CriticalHeader);
        }
        let payload = parse_part(
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
                SignatureError::UnknownKey => Error::UnknownKey,
                SignatureError::WrongSignature => Error::Signature,
                SignatureError::TooManyKeys(count) => Error::TooManyKeys(count),
            })
    }

    /// Returns the verified token with the remarks about it. Remarks that would be repeated at every refresh are made only at the login.
    fn verified(&self, claims: Claims, expected: &TokenExpectation<'_>) -> Verified {
        let is_login = matches!(
            expected.context,
            VerificationContext::Login { .. } | VerificationContext::Direct { .. }
        );
        let is_long = is_login && self.text.len() > MAX_UNREPORTED_TOKEN_BYTES;
        let has_unsupported_algorithm = is_login && !self.algorithm.is_supported_by_api_servers;
        let remarks = [
            clock_remark(&claims, expected),
            is_long.then_some(Remark::Long(self.text.len())),
            has_unsupported_algorithm.then_some(Remark::Algorithm(self.algorithm.name)),
            step_up_remark(&claims, &expected.context, expected.now),
        ];
        Verified {
            claims,
            remarks: remarks.into_iter().flatten().collect(),
        }
    }
}

/// Returns the claims of a token without verifying it.
pub(in crate::oidc) fn unverified_claims(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (Some(_header), Some(payload), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    parse_part(payload, claims::parse_payload, "").ok()
}

/// Returns the `alg` of the header of a token.
pub(in crate::oidc) fn header_algorithm(token: &str) -> Option<String> {
    header_of(token)?.get("alg")?.as_str().map(str::to_owned)
}

/// Whether a token says that it is no ID token (RFC 8725 3.11).
pub(in crate::oidc) fn is_of_other_type(token: &str) -> bool {
    header_of(token).is_some_and(|header| check_type(&header).is_err())
}

fn header_of(token: &str) -> Option<Map<String, Value>> {
    let header = BASE64URL_NOPAD.decode(token.split('.').next()?.as_bytes()).ok()?;
    serde_json::from_slice(&header).ok()
}

/// Whether a token has the form of a signed JWT: three parts, of which the first is a JSON object. An opaque token may contain dots too.
pub(in crate::oidc) fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let header = parts.next().unwrap_or_default();
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).unwrap_or_default();
    let is_object = serde_json::from_slice::<Map<String, Value>>(&header).is_ok();
    is_object && parts.count() == 2
}

fn parse_part(
    part: &str,
    parse: impl Fn(&[u8]) -> Result<Map<String, Value>, MembersError>,
    malformed: &'static str,
) -> Result<Map<String, Value>, Error> {
    let bytes = BASE64URL_NOPAD
        .decode(part.as_bytes())
        .map_err(|_| Error::Malformed(malformed))?;
    parse(&bytes).map_err(|error| match error {
        MembersError::Repeated(name) => Error::Repeated(name),
        MembersError::NotAnObject => Error::Malformed(malformed),
    })
}

/// Refuses a token whose `typ` names another kind of token (RFC 8725 3.11). Any other `typ`, or none, is accepted.
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
    // Google's issuer had no scheme for years. kubelogin and the API server accept that too.
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

/// Checks that the audience contains this client and that the authorized party, if there is one, is this client (rules T5, T6). The
/// audience may have other members.
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
    let other = claims
        .authorized_party
        .as_ref()
        .filter(|party| *party != expected.client_id);
    let refused = other.map(|party| Error::AuthorizedParty(UntrustedText::with_limit(party, 80)));
    refused.map_or(Ok(()), Err)
}

/// Checks the times of a token. A new token may look expired or not yet valid because the clocks differ (rules T12, T20, T21). A token that
/// has expired by both clocks, the provider's and this machine's, is refused.
fn check_times(claims: &Claims, expected: &TokenExpectation<'_>) -> Result<(), Error> {
    let expired_secs = expected.now.secs_since(claims.expires_at);
    let is_expired_at_provider = expected.provider_now.is_some_and(|now| claims.expires_at <= now);
    if expired_secs >= 0 && (is_expired_at_provider || expired_secs > CLOCK_LEEWAY_SECS) {
        return Err(Error::Expired {
            secs_ago: expired_secs,
        });
    }
    let early_secs = valid_from(claims).secs_since(expected.now);
    if early_secs > CLOCK_LEEWAY_SECS {
        return Err(Error::NotYetValid { in_secs: early_secs });
    }
    Ok(())
}

/// Returns the later one of `nbf` and `iat`.
fn valid_from(claims: &Claims) -> Timestamp {
    claims
        .not_before
        .unwrap_or(claims.issued_at)
        .max(claims.issued_at)
}

/// Returns a remark if the times of an accepted token do not fit this machine's clock.
fn clock_remark(claims: &Claims, expected: &TokenExpectation<'_>) -> Option<Remark> {
    let early_secs = valid_from(claims).secs_since(expected.now);
    if early_secs > MAX_UNREPORTED_CLOCK_DIFFERENCE_SECS {
        return Some(Remark::Clock {
            behind_secs: early_secs,
        });
    }
    let expired_secs = expected.now.secs_since(claims.expires_at);
    (expired_secs > MAX_UNREPORTED_CLOCK_DIFFERENCE_SECS).then_some(Remark::Clock {
        behind_secs: -expired_secs,
    })
}

fn check_context(claims: &Claims, expected: &TokenExpectation<'_>) -> Result<(), Error> {
    match expected.context {
        VerificationContext::Login { nonce, demands } => {
            let got = claims.nonce().unwrap_or_default();
            verify_slices_are_equal(got.as_bytes(), nonce.secret().as_bytes()).map_err(|_| Error::Nonce)?;
            demands.check(claims, expected.now)
        }
        VerificationContext::Refresh {
            initial_id_token: InitialIdToken {
                subject: Some(expected),
            },
            ..
        } if claims.subject != *expected => Err(Error::OtherSubject {
            expected: UntrustedText::with_limit(expected, 80),
            got: UntrustedText::with_limit(&claims.subject, 80),
        }),
        VerificationContext::Direct { demands } => demands.check(claims, expected.now),
        VerificationContext::Refresh { .. } | VerificationContext::Stored => Ok(()),
    }
}

/// Compares `at_hash` with the left half of the access token's hash (rule T17, OpenID Connect Core 3.1.3.8).
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
