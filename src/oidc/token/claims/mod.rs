//! Parses the claims of a token.
//!
//! A claim that is checked must have the right type. A required claim with a wrong type is an error and does not count as absent:
//! another program accepted expired tokens because of that (CVE-2026-25537). Other claims may have any value. Pure.

use serde_json::{Map, Number, Value};

use crate::clock::Timestamp;
use crate::initial_id_token::InitialIdToken;
use crate::oidc::json;
use crate::oidc::token::verification_error::Error;

/// The claims that contain a person's login name; providers differ in which they use.
const LOGIN_NAME_CLAIMS: [&str; 4] = ["preferred_username", "email", "upn", "login"];

/// Claims that must not occur twice, because two programs could use different ones (RFC 7519 4). For any other claim the last occurrence is
/// used, as the API server does.
const UNIQUE_CLAIMS: [&str; 9] = [
    "iss", "sub", "aud", "exp", "iat", "nbf", "azp", "nonce", "at_hash",
];
/// Header parameters that must not occur twice (RFC 7515 4).
const UNIQUE_HEADERS: [&str; 5] = ["alg", "kid", "typ", "crit", "b64"];

/// The claims of a token. They can be trusted only after the token was verified.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    /// `None` also if the claim is no valid time. It does not protect this client, and the API server checks it.
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) authorized_party: Option<String>,
    /// All claims, including those above.
    pub(crate) all: Map<String, Value>,
}

impl Claims {
    /// Parses the claims of an access token. `aud`, `sub` and `iat` are optional, because only RFC 9068 requires them. Without `iat`, the
    /// token counts as issued at `now`.
    pub(in crate::oidc) fn parse_access(all: Map<String, Value>, now: Timestamp) -> Result<Self, Error> {
        let has = |name: &str| json::member(&all, name).is_some();
        let audience = if has("aud") { audience(&all)? } else { Vec::new() };
        let subject = if has("sub") {
            text(&all, "sub")?
        } else {
            String::new()
        };
        let issued_at = if has("iat") { time(&all, "iat")? } else { now };
        Self::with(all, audience, subject, issued_at)
    }

    /// Parses the claims of an ID token.
    pub(in crate::oidc) fn parse(all: Map<String, Value>) -> Result<Self, Error> {
        let audience = audience(&all)?;
        // OpenID Connect Core 2 allows 255 ASCII characters. The length is not checked: Dex uses more, and neither kubelogin nor the API
        // server checks it.
        let subject = text(&all, "sub")?;
        if subject.is_empty() {
            return Err(Error::WrongType("sub", "a text of at least one character"));
        }
        let issued_at = time(&all, "iat")?;
        Self::with(all, audience, subject, issued_at)
    }

    fn with(
        all: Map<String, Value>,
        audience: Vec<String>,
        subject: String,
        issued_at: Timestamp,
    ) -> Result<Self, Error> {
        let authorized_party = match json::member(&all, "azp") {
            None => None,
            Some(Value::String(party)) => Some(party.clone()),
            Some(_) => return Err(Error::WrongType("azp", "a string")),
        };
        Ok(Self {
            issuer: text(&all, "iss")?,
            subject,
            audience,
            expires_at: time(&all, "exp")?,
            issued_at,
            not_before: not_before(&all),
            authorized_party,
            all,
        })
    }

    /// The claim `auth_time`: when the person signed in at the provider.
    pub(in crate::oidc) fn auth_time(&self) -> Result<Timestamp, Error> {
        time(&self.all, "auth_time")
    }

    /// The claim `nonce`, if it is text.
    pub(in crate::oidc) fn nonce(&self) -> Option<&str> {
        json::text(&self.all, "nonce")
    }

    /// The claim `at_hash`, if it is text.
    pub(in crate::oidc) fn access_token_hash(&self) -> Option<&str> {
        json::text(&self.all, "at_hash")
    }
}

/// The end of the year 9999. kubectl cannot parse a later time.
pub(in crate::oidc) const LATEST_TIME: Timestamp = Timestamp::from_secs(253_402_300_799);

/// Returns the claim `nbf`. A value that is no valid time is ignored. A number beyond the year 9999 counts as its
/// end: no token is valid that long.
fn not_before(all: &Map<String, Value>) -> Option<Timestamp> {
    const END_OF_YEAR_9999: f64 = 253_402_300_799.0;
    match json::member(all, "nbf").and_then(Value::as_f64) {
        Some(seconds) if seconds > END_OF_YEAR_9999 => Some(LATEST_TIME),
        _ => time(all, "nbf").ok(),
    }
}

impl Claims {
    /// Returns `iat` and `exp`.
    pub(in crate::oidc) fn validity(&self) -> (Timestamp, Timestamp) {
        (self.issued_at, self.expires_at)
    }

    /// Whether the token belongs to this account. `None` if the token contains no login name.
    ///
    /// Login names are compared ignoring case, and the part before the `@` is enough.
    pub(in crate::oidc) fn is_account(&self, account: &str) -> Option<bool> {
        let names: Vec<&str> = LOGIN_NAME_CLAIMS
            .iter()
            .filter_map(|name| self.all.get(*name)?.as_str())
            .collect();
        let is_account_name = |name: &str| {
            let local = name.split_once('@').map(|(local, _)| local);
            name.eq_ignore_ascii_case(account)
                || local.is_some_and(|local| local.eq_ignore_ascii_case(account))
        };
        let is_subject = self.subject == account;
        (!names.is_empty() || is_subject).then(|| is_subject || names.into_iter().any(is_account_name))
    }

    /// Whether the two tokens belong to different persons: their subjects differ, and so do all login names that both have, of which there
    /// is at least one.
    pub(in crate::oidc) fn contradicts(&self, other: &Self) -> bool {
        let both_values = |name: &&str| Some((json::text(&self.all, name)?, json::text(&other.all, name)?));
        let mut names = LOGIN_NAME_CLAIMS.iter().filter_map(both_values).peekable();
        names.peek().is_some()
            && self.subject != other.subject
            && names.all(|(ours, theirs)| !ours.eq_ignore_ascii_case(theirs))
    }

    /// Returns the login name of the account, or its subject if there is no login name.
    pub(in crate::oidc) fn name(&self) -> &str {
        login_name(&self.all).unwrap_or(&self.subject)
    }

    /// Returns what later ID tokens of the session are compared with.
    pub(in crate::oidc) fn initial_id_token(&self) -> InitialIdToken {
        InitialIdToken::with_subject(self.subject.clone())
    }
}

fn login_name(all: &Map<String, Value>) -> Option<&str> {
    LOGIN_NAME_CLAIMS.iter().find_map(|name| all.get(*name)?.as_str())
}

/// Returns the name by which a person is known: the login name, else `name`, else the subject.
pub(in crate::oidc) fn person(all: &Map<String, Value>) -> Option<&str> {
    let text = |name| json::text(all, name);
    login_name(all).or_else(|| text("name")).or_else(|| text("sub"))
}

fn text(all: &Map<String, Value>, name: &'static str) -> Result<String, Error> {
    match all.get(name) {
        None => Err(Error::Missing(name)),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Error::WrongType(name, "a string")),
    }
}

/// Reads a NumericDate (RFC 7519 2): seconds since the epoch. A fraction is cut off. A string that contains a number is accepted, as by the
/// API server. Only `iat` may be zero.
fn time(all: &Map<String, Value>, name: &'static str) -> Result<Timestamp, Error> {
    let number = match all.get(name) {
        None => return Err(Error::Missing(name)),
        Some(Value::Number(number)) => Some(number.clone()),
        Some(Value::String(text)) => text.parse::<Number>().ok(),
        Some(_) => None,
    };
    let seconds = number.and_then(|number| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, the range is checked, and the fraction is not needed"
        )]
        let whole = |seconds: f64| (seconds >= 0.0).then_some(seconds as i64);
        number.as_i64().or_else(|| number.as_f64().and_then(whole))
    });
    let earliest = Timestamp::from_secs(i64::from(name != "iat"));
    seconds
        .map(Timestamp::from_secs)
        .filter(|time| (earliest..=LATEST_TIME).contains(time))
        .ok_or(Error::WrongType(name, "a time in seconds"))
}

/// Reads `aud`: a string or a list of strings (RFC 7519 4.1.3). Entries of another type are ignored.
fn audience(all: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let wrong = || Error::WrongType("aud", "a string or a list of strings");
    match all.get("aud") {
        None => Err(Error::Missing("aud")),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) => {
            let texts: Vec<_> = many.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            if texts.is_empty() && !many.is_empty() {
                return Err(wrong());
            }
            Ok(texts)
        }
        Some(_) => Err(wrong()),
    }
}

/// Why bytes cannot be parsed as an object with unique members.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::oidc) enum MembersError {
    Repeated(&'static str),
    NotAnObject,
}

/// Parses the claims. A claim of `UNIQUE_CLAIMS` that occurs twice is an error.
pub(in crate::oidc) fn parse_payload(bytes: &[u8]) -> Result<Map<String, Value>, MembersError> {
    parse_unique_members(bytes, &UNIQUE_CLAIMS)
}

/// Parses the header. A parameter of `UNIQUE_HEADERS` that occurs twice is an error.
pub(in crate::oidc) fn parse_header(bytes: &[u8]) -> Result<Map<String, Value>, MembersError> {
    parse_unique_members(bytes, &UNIQUE_HEADERS)
}

fn parse_unique_members(bytes: &[u8], unique: &[&'static str]) -> Result<Map<String, Value>, MembersError> {
    let members = json::members(bytes).ok_or(MembersError::NotAnObject)?;
    let mut map = Map::new();
    for (name, value) in members {
        let repeated = unique.iter().find(|unique| **unique == name);
        if let Some(repeated) = repeated.filter(|_| map.contains_key(&name)) {
            return Err(MembersError::Repeated(repeated));
        }
        map.insert(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
