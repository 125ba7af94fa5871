//! Whether an ID token can be trusted (OpenID Connect Core 3.1.3.7 and 12.2).
//!
//! Owns the rules. Pure: keys and time are given. Signature, key choice and the first checks are
//! `openidconnect`'s; what it leaves open is checked here: JSON types and repeated members, `azp`, `nbf`, `iat`,
//! `at_hash`, and what a refreshed token must have in common with the first.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, EmptyAdditionalClaims, IdToken,
    IdTokenVerifier, IssuerUrl, Nonce, SignatureVerificationError,
};
use serde_json::{Map, Value};

use super::claims::{self, Claims};
use super::distrust::{Error, LEEWAY, MAX_LENGTH};
use crate::foreign_text::ForeignText;
use crate::origin::Origin;
use crate::secret::Secret;

type StandardIdToken = IdToken<
    EmptyAdditionalClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// Algorithms that a Kubernetes API server verifies too; never `none`, never a shared secret (RFC 8725 3.1).
const ALGORITHMS: [(&str, CoreJwsSigningAlgorithm); 8] = [
    ("RS256", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
    ("RS384", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384),
    ("RS512", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512),
    ("PS256", CoreJwsSigningAlgorithm::RsaSsaPssSha256),
    ("PS384", CoreJwsSigningAlgorithm::RsaSsaPssSha384),
    ("PS512", CoreJwsSigningAlgorithm::RsaSsaPssSha512),
    ("ES256", CoreJwsSigningAlgorithm::EcdsaP256Sha256),
    ("ES384", CoreJwsSigningAlgorithm::EcdsaP384Sha384),
];

/// How old a token of a fresh login may be, in seconds.
const MAX_AGE: i64 = 600;

/// What the token has to fit.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// As the discovery document lists them; RS256 when it lists none.
    pub(crate) algorithms: &'a [String],
    pub(crate) occasion: Occasion<'a>,
    /// Seconds since the epoch.
    pub(crate) now: i64,
}

#[derive(Debug)]
pub(crate) enum Occasion<'a> {
    Login {
        nonce: &'a Nonce,
    },
    /// A login without an authorization request, so there was no nonce to send.
    Direct,
    Refresh {
        origin: &'a Origin,
    },
    /// Another program had it from the provider and stored it: nothing is known of the request, and it may be older.
    Stored,
}

/// Verifies the token and returns its claims.
pub(crate) fn verify(
    token: &Secret,
    access_token: Option<&AccessToken>,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<Claims, Error> {
    let (typ, payload) = open(token.expose(), expected)?;
    check_type(typ.as_deref())?;
    let claims = Claims::parse(payload)?;
    check_issuer(&claims, expected)?;
    check_parties(&claims, expected)?;
    check_times(&claims, expected.now)?;
    check_age(&claims, expected)?;
    check_occasion(&claims, expected)?;
    let nonce = match expected.occasion {
        Occasion::Login { nonce } => Some(nonce),
        Occasion::Direct | Occasion::Refresh { .. } | Occasion::Stored => None,
    };
    check_signature(token, access_token, keys, expected, nonce)?;
    Ok(claims)
}

/// Verifies an access token in the form of a JWT, as far as the API server will: issuer, times, signature. For whom it is
/// differs from provider to provider, and so does its `sub` (Okta puts the login there), so that a renewed one is compared
/// with the first by the ID token that comes beside it.
pub(crate) fn verify_access(
    token: &Secret,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<Claims, Error> {
    let (_, payload) = open(token.expose(), expected)?;
    let claims = Claims::parse_access(payload)?;
    check_issuer(&claims, expected)?;
    check_times(&claims, expected.now)?;
    check_signature(token, None, keys, expected, None)?;
    Ok(claims)
}

/// Checks form and header, and returns the payload, which nobody has vouched for yet.
fn open(token: &str, expected: &Expected<'_>) -> Result<(Option<String>, Map<String, Value>), Error> {
    if token.len() > MAX_LENGTH {
        return Err(Error::TooLong);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, _signature] = parts[..] else {
        return Err(if parts.len() == 5 {
            Error::Encrypted
        } else {
            Error::Malformed("it has not three parts")
        });
    };
    let header = part(header, "its header is no JSON object in base64url")?;
    let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or("none");
    if !allowed(expected.algorithms).any(|(name, _)| *name == algorithm) {
        return Err(Error::Algorithm(ForeignText::with_limit(algorithm, 30)));
    }
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(Error::CriticalHeader);
    }
    let typ = header.get("typ").and_then(Value::as_str).map(str::to_owned);
    Ok((typ, part(payload, "its payload is no JSON object in base64url")?))
}

/// Returns the claims of a token without believing them.
pub(super) fn payload(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (Some(_header), Some(payload), Some(_signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    part(payload, "").ok()
}

/// `openidconnect` accepts `JWT` alone; a plain check here gives the better words (RFC 8725 3.11).
fn check_type(typ: Option<&str>) -> Result<(), Error> {
    match typ {
        Some(typ)
            if !["jwt", "application/jwt"]
                .iter()
                .any(|known| typ.eq_ignore_ascii_case(known)) =>
        {
            Err(Error::Type(ForeignText::with_limit(typ, 30)))
        }
        _ => Ok(()),
    }
}

fn part(text: &str, otherwise: &'static str) -> Result<Map<String, Value>, Error> {
    let bytes = BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| Error::Malformed(otherwise))?;
    claims::unique_members(&bytes).map_err(|error| match error {
        claims::NotUnique::Repeated(name) => Error::Repeated(ForeignText::with_limit(&name, 40)),
        claims::NotUnique::NoObject => Error::Malformed(otherwise),
    })
}

/// What the provider announces and we allow; a provider that announces nothing means RS256.
fn allowed(announced: &[String]) -> impl Iterator<Item = &'static (&'static str, CoreJwsSigningAlgorithm)> {
    ALGORITHMS.iter().filter(move |(name, _)| {
        if announced.is_empty() {
            *name == "RS256"
        } else {
            announced.iter().any(|other| other == name)
        }
    })
}

fn check_issuer(claims: &Claims, expected: &Expected<'_>) -> Result<(), Error> {
    if claims.issuer == expected.issuer {
        return Ok(());
    }
    Err(Error::Issuer {
        expected: ForeignText::new(expected.issuer),
        got: ForeignText::new(&claims.issuer),
    })
}

fn check_parties(claims: &Claims, expected: &Expected<'_>) -> Result<(), Error> {
    // The token has to be for us. If it is for others too, it has to say that it was issued to us (rules T5, T6).
    let for_us = claims
        .audience
        .iter()
        .any(|audience| audience == expected.client_id);
    let for_us_alone = claims.audience.len() == 1 || claims.authorized_party.is_some();
    if !for_us || !for_us_alone {
        return Err(Error::Audience {
            expected: ForeignText::new(expected.client_id),
            got: ForeignText::new(&claims.audience.join(", ")),
        });
    }
    match &claims.authorized_party {
        Some(party) if party != expected.client_id => {
            Err(Error::AuthorizedParty(ForeignText::with_limit(party, 80)))
        }
        _ => Ok(()),
    }
}

fn check_times(claims: &Claims, now: i64) -> Result<(), Error> {
    if claims.expires_at.saturating_add(LEEWAY) <= now {
        return Err(Error::Expired(now.saturating_sub(claims.expires_at)));
    }
    let earliest = claims
        .not_before
        .unwrap_or(claims.issued_at)
        .max(claims.issued_at);
    if earliest > now.saturating_add(LEEWAY) {
        return Err(Error::NotYetValid(earliest.saturating_sub(now)));
    }
    Ok(())
}

/// A token of a login was made for it; a provider may repeat an older one when it renews.
fn check_age(claims: &Claims, expected: &Expected<'_>) -> Result<(), Error> {
    let age = expected.now.saturating_sub(claims.issued_at);
    match expected.occasion {
        Occasion::Login { .. } | Occasion::Direct if age > MAX_AGE => Err(Error::Stale(age)),
        _ => Ok(()),
    }
}

fn check_occasion(claims: &Claims, expected: &Expected<'_>) -> Result<(), Error> {
    let origin = match expected.occasion {
        // The comparison proper is `openidconnect`'s, in constant time; here only for the words.
        Occasion::Login { .. } | Occasion::Direct | Occasion::Stored => return Ok(()),
        Occasion::Refresh { origin } if !origin.is_known() => return Ok(()),
        Occasion::Refresh { origin } => origin,
    };
    let changed = [
        ("sub", claims.subject != origin.subject),
        ("azp", claims.authorized_party != origin.authorized_party),
        (
            "auth_time",
            claims.auth_time.is_some() && claims.auth_time != origin.auth_time,
        ),
        (
            "nonce",
            claims
                .nonce
                .as_deref()
                .is_some_and(|nonce| claims::nonce_hash(nonce) != origin.nonce_hash),
        ),
    ];
    match changed.into_iter().find(|(_, changed)| *changed) {
        Some((claim, _)) => Err(Error::Changed(claim)),
        None => Ok(()),
    }
}

/// Checks the signature, the nonce if there has to be one, and `at_hash` if an access token came with an ID token.
fn check_signature(
    token: &Secret,
    access_token: Option<&AccessToken>,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
    nonce: Option<&Nonce>,
) -> Result<(), Error> {
    let malformed = |_| Error::Malformed("its claims are not those of an ID token");
    let id_token = StandardIdToken::from_str(token.expose()).map_err(malformed)?;
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(|_| Error::Malformed("issuer"))?;
    let client_id = ClientId::new(expected.client_id.to_owned());
    let now = expected.now;
    let verifier: IdTokenVerifier<'_, CoreJsonWebKey> =
        IdTokenVerifier::new_public_client(client_id, issuer, keys.clone())
            .set_allowed_algs(allowed(expected.algorithms).map(|(_, algorithm)| algorithm.clone()))
            // Types, audiences and `azp` were checked by whoever called.
            .allow_all_jose_types()
            .require_audience_match(false)
            .set_time_fn(move || at(now.saturating_sub(LEEWAY)));
    let claims = match nonce {
        Some(nonce) => id_token.claims(&verifier, nonce),
        None => id_token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
    }
    .map_err(from_library)?;

    // `openidconnect` leaves `at_hash` to its caller (rule T17); an algorithm without a hash fails closed.
    if let (Some(access_token), Some(hash)) = (access_token, claims.access_token_hash()) {
        let key = id_token
            .signing_key(&verifier)
            .map_err(|error| from_signature(&error))?;
        let algorithm = id_token.signing_alg().map_err(|error| from_signature(&error))?;
        let computed = AccessTokenHash::from_token(access_token, algorithm, key);
        if computed.map_err(|_| Error::AccessTokenHash)? != *hash {
            return Err(Error::AccessTokenHash);
        }
    }
    Ok(())
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn from_library(error: ClaimsVerificationError) -> Error {
    match error {
        ClaimsVerificationError::InvalidNonce(_) => Error::Nonce,
        ClaimsVerificationError::SignatureVerification(error) => from_signature(&error),
        _ => Error::Malformed("its claims are not those of an ID token"),
    }
}

fn from_signature(error: &SignatureVerificationError) -> Error {
    match error {
        SignatureVerificationError::NoMatchingKey => Error::UnknownKey,
        SignatureVerificationError::AmbiguousKeyId(_) => Error::AmbiguousKey,
        SignatureVerificationError::DisallowedAlg(_) | SignatureVerificationError::UnsupportedAlg(_) => {
            Error::Algorithm(ForeignText::new("not allowed"))
        }
        _ => Error::Signature,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parties(claims: &Value) -> Result<(), Error> {
        let mut whole = serde_json::json!({"iss": "https://i", "sub": "s", "exp": 20, "iat": 10});
        for (name, value) in claims.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let claims = Claims::parse(whole.as_object().unwrap().clone()).unwrap();
        let nonce = Nonce::new("n".to_owned());
        let occasion = Occasion::Login { nonce: &nonce };
        let expected = Expected {
            issuer: "https://i",
            client_id: "c",
            algorithms: &[],
            occasion,
            now: 15,
        };
        check_parties(&claims, &expected)
    }

    #[test]
    fn several_audiences_need_a_word_on_whom_the_token_was_issued_to() {
        assert!(parties(&serde_json::json!({"aud": "c"})).is_ok());
        assert!(parties(&serde_json::json!({"aud": ["c", "d"], "azp": "c"})).is_ok());
        assert!(parties(&serde_json::json!({"aud": ["c", "d"]})).is_err());
        assert!(parties(&serde_json::json!({"aud": ["c", "d"], "azp": "d"})).is_err());
        assert!(parties(&serde_json::json!({"aud": ["d"], "azp": "c"})).is_err());
    }
}
