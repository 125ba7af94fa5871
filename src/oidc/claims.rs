//! The claims of a token: those that are checked, each of the type it has to be, and all others as they are.
//!
//! A required claim of a wrong type is a failure, never an absent claim: that confusion let expired tokens through
//! elsewhere (CVE-2026-25537). Claims that nobody checks here may be anything. Pure.

use serde_json::{Map, Number, Value};

use super::distrust::Error;
use super::json;
use crate::origin::Origin;

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
    pub(super) fn parse_access(all: Map<String, Value>, now: i64) -> Result<Self, Error> {
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

    pub(super) fn parse(all: Map<String, Value>) -> Result<Self, Error> {
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
            not_before: time(&all, "nbf").ok(),
            authorized_party,
            all,
        })
    }

    /// The claim `nonce`, if it is text.
    pub(super) fn nonce(&self) -> Option<&str> {
        json::text(&self.all, "nonce")
    }

    /// The claim `at_hash`, if it is text.
    pub(super) fn access_token_hash(&self) -> Option<&str> {
        json::text(&self.all, "at_hash")
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
    const LATEST: i64 = 253_402_300_799;
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
        .filter(|seconds| (earliest..=LATEST).contains(seconds))
        .ok_or(Error::WrongType(name, "a time in seconds"))
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

/// Why bytes are no JSON object that can be read in one way only.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ambiguous {
    Repeated(&'static str),
    NoObject,
}

/// Parses the claims, and refuses one that is checked here and occurs twice.
pub(super) fn parse_payload(bytes: &[u8]) -> Result<Map<String, Value>, Ambiguous> {
    unique_members(bytes, &UNIQUE_CLAIMS)
}

/// Parses the header in the same way.
pub(super) fn parse_header(bytes: &[u8]) -> Result<Map<String, Value>, Ambiguous> {
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
            ("exp", "soon".into()),
            ("exp", " 20".into()),
            ("exp", "".into()),
            ("exp", "2000000000000".into()),
            ("exp", 2_000_000_000_000_i64.into()),
            ("exp", "0".into()),
            ("iat", (-1).into()),
            ("iat", "NaN".into()),
            ("exp", 1e30.into()),
            ("exp", (-5).into()),
            ("exp", 0.into()),
            ("exp", Value::Null),
            ("iat", true.into()),
            ("aud", 5.into()),
            ("aud", serde_json::json!(["c", 5])),
            ("aud", serde_json::json!({"c": 1})),
            ("sub", 5.into()),
            ("sub", "".into()),
            ("sub", Value::Null),
            ("azp", 5.into()),
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
    fn a_subject_may_be_any_text() {
        for subject in ["x".repeat(4000), "zoë|1".to_owned(), " ".to_owned()] {
            assert_eq!(with("sub", subject.clone().into()).unwrap().subject, subject);
        }
    }

    #[test]
    fn a_claim_that_nobody_checks_may_be_anything() {
        let odd = [
            Value::Null,
            5.into(),
            "soon".into(),
            serde_json::json!(["a"]),
            serde_json::json!({}),
        ];
        let names = [
            "nbf",
            "auth_time",
            "nonce",
            "at_hash",
            "email",
            "email_verified",
            "groups",
            "name",
            "amr",
            "updated_at",
        ];
        for name in names {
            for value in &odd {
                assert!(with(name, value.clone()).is_ok(), "{name} {value}");
            }
        }
        assert!(with("azp", Value::Null).unwrap().authorized_party.is_none());
        assert!(with("email", 5.into()).unwrap().is_of("sam").is_none());
    }

    #[test]
    fn an_access_token_needs_an_issuer_and_an_end_alone() {
        let read = |value: Value| Claims::parse_access(value.as_object().unwrap().clone(), 15);
        let claims = read(serde_json::json!({"iss": "https://i", "exp": 20})).unwrap();
        assert_eq!((claims.issued_at, claims.subject.as_str()), (15, ""));
        for wrong in [
            serde_json::json!({"exp": 20}),
            serde_json::json!({"iss": "https://i"}),
            serde_json::json!({"iss": "https://i", "exp": 20, "iat": "soon"}),
            serde_json::json!({"iss": "https://i", "exp": 20, "aud": 5}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_may_be_a_number_in_text_and_a_token_may_be_issued_at_zero() {
        assert_eq!(with("exp", "20".into()).unwrap().expires_at, 20);
        assert_eq!(with("exp", "20.9".into()).unwrap().expires_at, 20);
        assert_eq!(with("nbf", "15".into()).unwrap().not_before, Some(15));
        assert_eq!(with("iat", "11".into()).unwrap().issued_at, 11);
        assert_eq!(with("iat", 0.into()).unwrap().issued_at, 0);
    }

    #[test]
    fn a_claim_that_cannot_be_read_fails_only_what_needs_it() {
        let head = br#"{"iss":"https://i","sub":"s","aud":"c","exp":20,"iat":10,"#;
        let read = |rest: &[u8]| parse_payload(&[&head[..], rest, b"}"].concat());
        let deep = format!(r#""d":{}{}"#, "[".repeat(150), "]".repeat(150));
        for rest in [
            &b"\"n\":1e999"[..],
            b"\"n\":\"\xe9\"",
            b"\"n\":\"\\ud83d\"",
            deep.as_bytes(),
        ] {
            let claims = Claims::parse(read(rest).unwrap()).unwrap();
            assert_eq!(claims.expires_at, 20);
        }
        // What cannot be read is no absence, and a repeated member is seen beside it.
        for rest in [&b"\"azp\":1e999"[..], b"\"azp\":\"\\ud83d\""] {
            let result = Claims::parse(read(rest).unwrap());
            assert!(matches!(result, Err(Error::WrongType("azp", _))), "{result:?}");
        }
        assert_eq!(read(b"\"n\":1e999,\"exp\":30"), Err(Ambiguous::Repeated("exp")));
        assert_eq!(read(b"\"n\":"), Err(Ambiguous::NoObject));
    }

    #[test]
    fn a_fraction_of_a_second_is_cut_off() {
        assert_eq!(with("exp", 20.9.into()).unwrap().expires_at, 20);
    }

    #[test]
    fn a_repeated_claim_is_refused_if_it_is_checked() {
        for name in UNIQUE_CLAIMS {
            let text = format!(r#"{{"{name}":1,"b":2,"{name}":3}}"#);
            assert_eq!(parse_payload(text.as_bytes()), Err(Ambiguous::Repeated(name)));
        }
        assert_eq!(
            parse_header(br#"{"alg":1,"alg":2}"#),
            Err(Ambiguous::Repeated("alg"))
        );
        let last = parse_payload(br#"{"groups":1,"groups":2}"#).unwrap();
        assert_eq!(last["groups"], 2);
        assert_eq!(parse_payload(br#"{"a":1} x"#), Err(Ambiguous::NoObject));
        assert_eq!(parse_payload(b"[]"), Err(Ambiguous::NoObject));
        assert_eq!(parse_payload(br#"{"a":{"b":1}}"#).unwrap().len(), 1);
    }
}
