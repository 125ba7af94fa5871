//! The claims of a token: those that are checked, each of the type it has to be, and all others as they are.
//!
//! A required claim of a wrong type is a failure, never an absent claim: that confusion let expired tokens through
//! elsewhere (CVE-2026-25537). Claims that nobody checks here may be anything. Pure.

use serde_json::{Map, Number, Value};

use crate::initial_id_token::InitialIdToken;
use crate::oidc::json;
use crate::oidc::token::verification_error::Error;

/// Claims that hold a person's login name, at one provider or another.
const NAMES: [&str; 4] = ["preferred_username", "email", "upn", "login"];

/// Claims that must not occur twice: two readers could take different ones (RFC 7519 4). For any other claim the last one
/// counts, as it does for the API server.
const UNIQUE_CLAIMS: [&str; 9] = [
    "iss", "sub", "aud", "exp", "iat", "nbf", "azp", "nonce", "at_hash",
];
/// The same for the header (RFC 7515 4).
const UNIQUE_HEADERS: [&str; 5] = ["alg", "kid", "typ", "crit", "b64"];

/// Claims of a token; trusted only once the token was verified.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    /// Seconds since the epoch, as all times here.
    pub(crate) expires_at: i64,
    pub(crate) issued_at: i64,
    /// `None` as well if it is no time: it protects nobody here, and the API server reads it too.
    pub(crate) not_before: Option<i64>,
    pub(crate) authorized_party: Option<String>,
    /// All of them.
    pub(crate) all: Map<String, Value>,
}

impl Claims {
    /// The claims of an access token, which need not say for whom it is, of whom, or since when: only RFC 9068 wants that.
    ///
    /// One without `iat` counts as issued at `now`.
    pub(in crate::oidc) fn parse_access(all: Map<String, Value>, now: i64) -> Result<Self, Error> {
        let is_there = |name: &str| json::member(&all, name).is_some();
        let audience = if is_there("aud") {
            audience(&all)?
        } else {
            Vec::new()
        };
        let subject = if is_there("sub") {
            text(&all, "sub")?
        } else {
            String::new()
        };
        let issued_at = if is_there("iat") { time(&all, "iat")? } else { now };
        Self::with(all, audience, subject, issued_at)
    }

    pub(in crate::oidc) fn parse(all: Map<String, Value>) -> Result<Self, Error> {
        let audience = audience(&all)?;
        // OpenID Connect Core 2 allows 255 ASCII characters; Dex has more, and neither kubelogin nor the API server counts.
        let subject = text(&all, "sub")?;
        if subject.is_empty() {
            return Err(Error::WrongType("sub", "a text that is not empty"));
        }
        let issued_at = time(&all, "iat")?;
        Self::with(all, audience, subject, issued_at)
    }

    fn with(
        all: Map<String, Value>,
        audience: Vec<String>,
        subject: String,
        issued_at: i64,
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

    /// The claim `nonce`, if it is text.
    pub(in crate::oidc) fn nonce(&self) -> Option<&str> {
        json::text(&self.all, "nonce")
    }

    /// The claim `at_hash`, if it is text.
    pub(in crate::oidc) fn access_token_hash(&self) -> Option<&str> {
        json::text(&self.all, "at_hash")
    }
}

/// The end of the year 9999, in seconds since the epoch: kubectl reads no later time.
pub(in crate::oidc) const LATEST_TIME_SECS: i64 = 253_402_300_799;

/// The claim `nbf`. One of another type says nothing; one that is far beyond all times has not come.
fn not_before(all: &Map<String, Value>) -> Option<i64> {
    const END_OF_YEAR_9999: f64 = 253_402_300_799.0;
    match json::member(all, "nbf").and_then(Value::as_f64) {
        Some(seconds) if seconds > END_OF_YEAR_9999 => Some(i64::MAX),
        _ => time(all, "nbf").ok(),
    }
}

impl Claims {
    /// From when until when, in seconds since the epoch.
    pub(in crate::oidc) fn life(&self) -> (i64, i64) {
        (self.issued_at, self.expires_at)
    }

    /// Whether the token is this account's; `None` if it does not tell who a person is to other people.
    ///
    /// A login name is compared without regard to case, and its part before an `@` will do.
    pub(in crate::oidc) fn is_of(&self, account: &str) -> Option<bool> {
        let names: Vec<&str> = NAMES
            .iter()
            .filter_map(|name| self.all.get(*name)?.as_str())
            .collect();
        let is = |name: &str| {
            let local = name.split_once('@').map(|(local, _)| local);
            name.eq_ignore_ascii_case(account)
                || local.is_some_and(|local| local.eq_ignore_ascii_case(account))
        };
        let is_subject = self.subject == account;
        (!names.is_empty() || is_subject).then(|| is_subject || names.into_iter().any(is))
    }

    /// Whether the two name two persons: in no claim that both have, by which people or the provider know them, do they agree.
    pub(in crate::oidc) fn contradicts(&self, other: &Self) -> bool {
        let both = |name: &&str| Some((json::text(&self.all, name)?, json::text(&other.all, name)?));
        let mut names = NAMES.iter().filter_map(both).peekable();
        names.peek().is_some()
            && self.subject != other.subject
            && names.all(|(ours, theirs)| !ours.eq_ignore_ascii_case(theirs))
    }

    /// What a person would call this account.
    pub(in crate::oidc) fn name(&self) -> &str {
        let named = NAMES.iter().find_map(|name| self.all.get(*name)?.as_str());
        named.unwrap_or(&self.subject)
    }

    /// What later tokens of the session are compared with.
    pub(in crate::oidc) fn initial_id_token(&self) -> InitialIdToken {
        InitialIdToken {
            subject: self.subject.clone(),
        }
    }
}

fn text(all: &Map<String, Value>, name: &'static str) -> Result<String, Error> {
    match all.get(name) {
        None => Err(Error::Missing(name)),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Error::WrongType(name, "a string")),
    }
}

/// A NumericDate (RFC 7519 2): seconds since the epoch, a fraction allowed and cut off. A number in text is one as well, as for
/// the API server; only `iat` may be zero.
fn time(all: &Map<String, Value>, name: &'static str) -> Result<i64, Error> {
    let number = match all.get(name) {
        None => return Err(Error::Missing(name)),
        Some(Value::Number(number)) => Some(number.clone()),
        Some(Value::String(text)) => text.parse::<Number>().ok(),
        Some(_) => None,
    };
    let seconds = number.and_then(|number| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast saturates and the range is checked, the fraction is not needed"
        )]
        let whole = |seconds: f64| (seconds >= 0.0).then_some(seconds as i64);
        number.as_i64().or_else(|| number.as_f64().and_then(whole))
    });
    let earliest = i64::from(name != "iat");
    seconds
        .filter(|seconds| (earliest..=LATEST_TIME_SECS).contains(seconds))
        .ok_or(Error::WrongType(name, "a time in seconds"))
}

/// A string or a list of strings (RFC 7519 4.1.3). An entry of another type names nobody.
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

/// Why bytes are no JSON object that can be read in one way only.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::oidc) enum Ambiguous {
    Repeated(&'static str),
    NoObject,
}

/// Parses the claims, and refuses one that is checked here and occurs twice.
pub(in crate::oidc) fn parse_payload(bytes: &[u8]) -> Result<Map<String, Value>, Ambiguous> {
    unique_members(bytes, &UNIQUE_CLAIMS)
}

/// Parses the header in the same way.
pub(in crate::oidc) fn parse_header(bytes: &[u8]) -> Result<Map<String, Value>, Ambiguous> {
    unique_members(bytes, &UNIQUE_HEADERS)
}

fn unique_members(bytes: &[u8], unique: &[&'static str]) -> Result<Map<String, Value>, Ambiguous> {
    let members = json::members(bytes).ok_or(Ambiguous::NoObject)?;
    let mut map = Map::new();
    for (name, value) in members {
        let repeated = unique.iter().find(|unique| **unique == name);
        if let Some(repeated) = repeated.filter(|_| map.contains_key(&name)) {
            return Err(Ambiguous::Repeated(repeated));
        }
        map.insert(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
