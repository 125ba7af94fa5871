//! The claims of an ID token, each of the type it has to be.
//!
//! A claim of a wrong type is a failure, never an absent claim: that confusion let expired tokens through
//! elsewhere (CVE-2026-25537). Pure.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::distrust::Error;
use crate::origin::Origin;

/// Claims that hold a person's login name, at one provider or another.
const NAMES: [&str; 4] = ["preferred_username", "email", "upn", "login"];

/// Claims of a token; believed only once the token was verified.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    /// Seconds since the epoch, as all times here.
    pub(crate) expires_at: i64,
    pub(crate) issued_at: i64,
    pub(crate) not_before: Option<i64>,
    pub(crate) auth_time: Option<i64>,
    pub(crate) authorized_party: Option<String>,
    pub(crate) nonce: Option<String>,
    /// All of them.
    pub(crate) all: Map<String, Value>,
}

impl Claims {
    /// The claims of an access token, which need not say for whom it is.
    pub(super) fn parse_access(all: Map<String, Value>) -> Result<Self, Error> {
        let audience = if all.contains_key("aud") {
            audience(&all)?
        } else {
            Vec::new()
        };
        Self::with_audience(all, audience)
    }

    pub(super) fn parse(all: Map<String, Value>) -> Result<Self, Error> {
        let audience = audience(&all)?;
        Self::with_audience(all, audience)
    }

    fn with_audience(all: Map<String, Value>, audience: Vec<String>) -> Result<Self, Error> {
        let subject = text(&all, "sub")?.ok_or(Error::Missing("sub"))?;
        // OpenID Connect Core 2: at most 255 ASCII characters.
        if subject.is_empty() || subject.len() > 255 || !subject.is_ascii() {
            return Err(Error::WrongType("sub", "1 to 255 ASCII characters"));
        }
        Ok(Self {
            issuer: text(&all, "iss")?.ok_or(Error::Missing("iss"))?,
            subject,
            audience,
            expires_at: time(&all, "exp")?.ok_or(Error::Missing("exp"))?,
            issued_at: time(&all, "iat")?.ok_or(Error::Missing("iat"))?,
            not_before: time(&all, "nbf")?,
            auth_time: time(&all, "auth_time")?,
            authorized_party: text(&all, "azp")?,
            nonce: text(&all, "nonce")?,
            all,
        })
    }
}

impl Claims {
    /// From when until when, in seconds since the epoch.
    pub(super) fn life(&self) -> (i64, i64) {
        (self.issued_at, self.expires_at)
    }

    /// Whether the token is this account's; `None` if it does not tell who a person is to other people.
    ///
    /// A login name is compared without regard to case, and its part before an `@` will do.
    pub(super) fn is_of(&self, account: &str) -> Option<bool> {
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

    /// What a person would call this account.
    pub(super) fn name(&self) -> &str {
        let named = NAMES.iter().find_map(|name| self.all.get(*name)?.as_str());
        named.unwrap_or(&self.subject)
    }

    /// What later tokens of the session are compared with.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            subject: self.subject.clone(),
            authorized_party: self.authorized_party.clone(),
            auth_time: self.auth_time,
            nonce_hash: self.nonce.as_deref().map(nonce_hash).unwrap_or_default(),
        }
    }
}

/// Hash of a nonce, as it is kept to compare a refreshed token with.
pub(super) fn nonce_hash(nonce: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, nonce.as_bytes()).as_ref())
}

fn text(all: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Error> {
    match all.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::WrongType(name, "a string")),
    }
}

/// A NumericDate (RFC 7519 2): seconds since the epoch, a fraction allowed and cut off.
fn time(all: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, Error> {
    let wrong = Error::WrongType(name, "a time in seconds");
    match all.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(seconds), _) if (1..=253_402_300_799).contains(&seconds) => Ok(Some(seconds)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range is checked, the fraction is not needed"
            )]
            (None, Some(seconds)) if (1.0..=253_402_300_799.0).contains(&seconds) => Ok(Some(seconds as i64)),
            _ => Err(wrong),
        },
        Some(_) => Err(wrong),
    }
}

/// A string or a list of strings (RFC 7519 4.1.3).
fn audience(all: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let wrong = || Error::WrongType("aud", "a string or a list of strings");
    match all.get("aud") {
        None => Err(Error::Missing("aud")),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) => many
            .iter()
            .map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        Some(_) => Err(wrong()),
    }
}

/// Why bytes are not one JSON object with each member once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotUnique {
    Repeated(String),
    NoObject,
}

/// Parses an object and refuses a repeated member, of which one reader takes the first and another the last
/// (RFC 7515 section 4).
pub(super) fn unique_members(bytes: &[u8]) -> Result<Map<String, Value>, NotUnique> {
    let mut repeated = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = reader.deserialize_map(UniqueMembers {
        repeated: &mut repeated,
    });
    match (parsed, repeated) {
        (_, Some(name)) => Err(NotUnique::Repeated(name)),
        (Ok(map), None) if reader.end().is_ok() => Ok(map),
        _ => Err(NotUnique::NoObject),
    }
}

struct UniqueMembers<'a> {
    repeated: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for UniqueMembers<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if map.contains_key(&name) {
                *self.repeated = Some(name);
                return Err(A::Error::custom("repeated member"));
            }
            map.insert(name, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(change: impl FnOnce(&mut Map<String, Value>)) -> Result<Claims, Error> {
        let claims = serde_json::json!({"iss": "https://i", "sub": "s", "aud": "c", "exp": 20, "iat": 10});
        let mut claims = claims.as_object().unwrap().clone();
        change(&mut claims);
        Claims::parse(claims)
    }

    fn with(name: &str, value: Value) -> Result<Claims, Error> {
        parse(|claims| drop(claims.insert(name.to_owned(), value)))
    }

    #[test]
    fn each_required_claim_is_missed_by_name() {
        for name in ["iss", "sub", "aud", "exp", "iat"] {
            let result = parse(|claims| drop(claims.remove(name)));
            assert!(
                matches!(result, Err(Error::Missing(missing)) if missing == name),
                "{name}"
            );
        }
    }

    #[test]
    fn a_wrong_type_is_a_failure_and_no_absence() {
        let wrong: &[(&str, Value)] = &[
            ("exp", "20".into()),
            ("exp", 1e30.into()),
            ("exp", (-5).into()),
            ("exp", 0.into()),
            ("exp", Value::Null),
            ("iat", true.into()),
            ("nbf", "soon".into()),
            ("auth_time", Value::Null),
            ("aud", 5.into()),
            ("aud", serde_json::json!(["c", 5])),
            ("aud", serde_json::json!({"c": 1})),
            ("sub", 5.into()),
            ("sub", "".into()),
            ("sub", "x".repeat(256).into()),
            ("azp", 5.into()),
            ("nonce", 5.into()),
            ("iss", Value::Null),
        ];
        for (name, value) in wrong {
            let result = with(name, value.clone());
            assert!(
                matches!(&result, Err(Error::WrongType(wrong, _)) if wrong == name),
                "{name} {value}"
            );
        }
    }

    #[test]
    fn a_subject_may_have_255_characters_and_no_more() {
        assert!(with("sub", "x".repeat(255).into()).is_ok());
        assert!(with("sub", "x".repeat(256).into()).is_err());
    }

    #[test]
    fn a_fraction_of_a_second_is_cut_off() {
        assert_eq!(with("exp", 20.9.into()).unwrap().expires_at, 20);
    }

    #[test]
    fn a_repeated_member_is_found() {
        assert_eq!(
            unique_members(br#"{"a":1,"b":2,"a":3}"#),
            Err(NotUnique::Repeated("a".into()))
        );
        assert_eq!(unique_members(br#"{"a":1} x"#), Err(NotUnique::NoObject));
        assert_eq!(unique_members(b"[]"), Err(NotUnique::NoObject));
        assert_eq!(unique_members(br#"{"a":{"b":1}}"#).unwrap().len(), 1);
    }
}
