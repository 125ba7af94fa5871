//! What the API server's reader of ID tokens (go-oidc) demands of the claims that OpenID Connect defines, before it looks at a mapping.
//!
//! It takes `null` for the empty text, and its names of claims may be in other letters. A claim of another type makes it refuse the token.

use serde_json::{Map, Value};

/// How early a token is accepted before its `nbf` claim.
const NOT_BEFORE_LEEWAY_SECS: i64 = 60;

/// Whether a token is valid at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    Valid,
    /// It has expired, so many seconds ago if it says when.
    Expired(Option<i64>),
    /// It is not valid yet, for so many seconds.
    Early(i64),
}

/// The claims of a token that is not refused for their types.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) audiences: Vec<String>,
    expires_at: Option<i64>,
    not_before: Option<i64>,
}

/// Returns the issuer by which the API server chooses the entry; `None` if it cannot be read.
pub(super) fn issuer(claims: &Map<String, Value>) -> Option<String> {
    let issuer = text(claims, "iss").ok()?;
    // The one exception of go-oidc.
    Some(if issuer == "accounts.google.com" {
        "https://accounts.google.com".to_owned()
    } else {
        issuer
    })
}

/// Reads the claims.
pub(super) fn standard(claims: &Map<String, Value>) -> Result<Standard, String> {
    for name in ["iss", "sub", "nonce", "at_hash"] {
        text(claims, name)?;
    }
    time(claims, "iat")?;
    let standard = Standard {
        audiences: audiences(claims)?,
        expires_at: time(claims, "exp")?,
        // `null` is no time, but here alone it is none at all.
        not_before: match find(claims, "nbf") {
            Some(Value::Null) => None,
            _ => time(claims, "nbf")?,
        },
    };
    let (names, sources) = (names(claims)?, sources(claims)?);
    for (claim, source) in names {
        if source.is_empty() {
            return Err(format!("`_claim_names` has no source for `{claim}`"));
        }
        if !sources.iter().any(|(name, _)| *name == source) {
            return Err(format!("`_claim_sources` has no source `{source}`"));
        }
    }
    Ok(standard)
}

impl Standard {
    /// Says whether the token is valid at a time in seconds.
    pub(super) fn validity(&self, now: i64) -> Validity {
        match (self.expires_at, self.not_before) {
            (None, _) => Validity::Expired(None),
            (Some(end), _) if end <= now => Validity::Expired(Some(now.saturating_sub(end))),
            (_, Some(start)) if now + NOT_BEFORE_LEEWAY_SECS < start => Validity::Early(start - now),
            (Some(_), _) => Validity::Valid,
        }
    }
}

/// Returns where the API server asks for a claim that the token does not have (OpenID Connect Core 5.6.2).
pub(super) fn distributed(claims: &Map<String, Value>, claim: &str) -> Result<Option<String>, String> {
    if claims.contains_key(claim) || !claims.contains_key("_claim_names") {
        return Ok(None);
    }
    let names = names(claims)?;
    if !claims.contains_key("_claim_sources") {
        return Err("it has `_claim_names` and no `_claim_sources`".to_owned());
    }
    let sources = sources(claims)?;
    let Some((_, source)) = names.into_iter().find(|(name, _)| name == claim) else {
        return Ok(None);
    };
    let endpoint = sources.into_iter().find(|(name, _)| *name == source);
    Ok(endpoint
        .map(|(_, endpoint)| endpoint)
        .filter(|endpoint| !endpoint.is_empty()))
}

/// Returns a claim by its name, else in other letters.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let in_other_letters = || claims.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    claims
        .get(name)
        .or_else(|| in_other_letters().map(|(_, value)| value))
}

fn text(claims: &Map<String, Value>, name: &str) -> Result<String, String> {
    find(claims, name).map_or(Ok(String::new()), |value| text_of(value, name))
}

/// Takes a text, or `null` for the empty one.
pub(super) fn text_of(value: &Value, name: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("its claim `{name}` is no text"))
        }
    }
}

fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, String> {
    match find(claims, "aud") {
        None => Ok(Vec::new()),
        Some(Value::Array(all)) => all.iter().map(|one| text_of(one, "aud")).collect(),
        Some(one) => Ok(vec![text_of(one, "aud")?]),
    }
}

/// Reads a time: a number, or a text that is one.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, String> {
    let number = match find(claims, name) {
        None => return Ok(None),
        Some(Value::Number(number)) => Some(number.clone()),
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(_) => None,
    };
    let number = number.ok_or_else(|| format!("its claim `{name}` is no time"))?;
    let whole = |value: f64| {
        // Beyond its range Go makes it the least.
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        if (-9.2e18..9.2e18).contains(&value) {
            value as i64
        } else {
            i64::MIN
        }
    };
    Ok(number.as_i64().or_else(|| number.as_f64().map(whole)))
}

fn names(claims: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let wrong = || "its claim `_claim_names` is no object of texts".to_owned();
    match find(claims, "_claim_names") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(names)) => names
            .iter()
            .map(|(claim, source)| Ok((claim.clone(), text_of(source, claim).map_err(|_| wrong())?)))
            .collect(),
        Some(_) => Err(wrong()),
    }
}

fn sources(claims: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let wrong = || "its claim `_claim_sources` is no object of sources".to_owned();
    let endpoint = |source: &Value| match source {
        Value::Null => Ok(String::new()),
        Value::Object(source) => {
            text(source, "access_token")?;
            text(source, "endpoint")
        }
        _ => Err(wrong()),
    };
    match find(claims, "_claim_sources") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(sources)) => sources
            .iter()
            .map(|(name, source)| Ok((name.clone(), endpoint(source).map_err(|_| wrong())?)))
            .collect(),
        Some(_) => Err(wrong()),
    }
}
