//! What a configuration makes of the claims of a token: the user, or why it is refused.
//!
//! Follows the order of kube-apiserver's authenticator: issuer, audience, user name, groups, UID, extra values, rules about claims, rules about the
//! user. Signature and times are not looked at.

use serde_json::{Map, Value, json};

use super::evaluate::{Evaluation, evaluate};
use super::model::{ClaimRule, Configuration, Extra, Jwt, Mapping};

/// What comes of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Entry `entry` of `jwt` accepts it.
    Accepted { entry: usize, user: User },
    /// Entry `entry` refuses it for this reason; without one, no entry looks at it.
    Refused { entry: Option<usize>, reason: String },
    /// That depends on an expression that cannot be evaluated here.
    Unknown { entry: usize, reason: String },
}

/// A user of the cluster, and where each value is from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) name_source: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) groups_source: String,
    pub(crate) extra: Vec<(String, Vec<String>)>,
}

enum Stop {
    Refused(String),
    Unknown(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Refused(reason)
    }
}

/// Judges the claims of a token.
pub(crate) fn log_in(configuration: &Configuration, claims: &Map<String, Value>) -> Login {
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    // The one exception of go-oidc.
    let issuer = if issuer == "accounts.google.com" {
        "https://accounts.google.com"
    } else {
        issuer
    };
    let Some(entry) = configuration.jwt.iter().position(|jwt| jwt.issuer.url == issuer) else {
        let reason = format!(
            "no entry has the issuer `{issuer}`, byte for byte: the API server says only `invalid bearer token`"
        );
        return Login::Refused { entry: None, reason };
    };
    match user(&configuration.jwt[entry], claims) {
        Ok(user) => Login::Accepted { entry, user },
        Err(Stop::Refused(reason)) => Login::Refused {
            entry: Some(entry),
            reason,
        },
        Err(Stop::Unknown(reason)) => Login::Unknown { entry, reason },
    }
}

fn user(jwt: &Jwt, claims: &Map<String, Value>) -> Result<User, Stop> {
    audience(jwt, claims)?;
    let mut user = User::default();
    (user.name, user.name_source) = name(&jwt.username, claims)?;
    (user.groups, user.groups_source) = groups(&jwt.groups, claims)?;
    user.uid = uid(&jwt.uid, claims)?;
    for extra in &jwt.extra {
        let values = extra_values(extra, claims)?;
        if !values.is_empty() {
            user.extra.push((extra.key.clone(), values));
        }
    }
    jwt.claim_rules
        .iter()
        .try_for_each(|rule| claim_rule(rule, claims))?;
    let variable = as_variable(&user);
    for rule in &jwt.user_rules {
        rule_holds(&rule.expression, "user", &variable, &rule.message)?;
    }
    Ok(user)
}

fn audience(jwt: &Jwt, claims: &Map<String, Value>) -> Result<(), Stop> {
    let found: Vec<&str> = match claims.get("aud") {
        Some(Value::String(audience)) => vec![audience],
        Some(Value::Array(audiences)) => audiences.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if jwt
        .issuer
        .audiences
        .iter()
        .any(|audience| found.contains(&audience.as_str()))
    {
        return Ok(());
    }
    let wanted = jwt.issuer.audiences.join("`, `");
    Err(Stop::Refused(format!(
        "its audience `{}` is none of `{wanted}`",
        found.join("`, `")
    )))
}

fn name(mapping: &Mapping, claims: &Map<String, Value>) -> Result<(String, String), Stop> {
    if !mapping.expression.is_empty() {
        let name = match value(&mapping.expression, claims)? {
            Value::String(name) if !name.is_empty() => name,
            Value::String(_) => {
                return Err(Stop::Refused(
                    "the expression of the user name results in an empty text".to_owned(),
                ));
            }
            _ => {
                return Err(Stop::Refused(
                    "the expression of the user name does not result in a text".to_owned(),
                ));
            }
        };
        return Ok((name, "expression".to_owned()));
    }
    let claim = &mapping.claim;
    let name = match claims.get(claim) {
        Some(Value::String(name)) => name,
        Some(_) => {
            return Err(Stop::Refused(format!(
                "the claim `{claim}` of the user name is no text"
            )));
        }
        None => {
            return Err(Stop::Refused(format!(
                "oidc: parse username claims \"{claim}\": claim not present"
            )));
        }
    };
    if claim == "email" && !matches!(claims.get("email_verified"), None | Some(Value::Bool(true))) {
        return Err(Stop::Refused("oidc: email not verified".to_owned()));
    }
    let prefix = mapping.prefix.as_deref().unwrap_or_default();
    Ok((format!("{prefix}{name}"), source(claim, prefix)))
}

fn source(claim: &str, prefix: &str) -> String {
    if prefix.is_empty() {
        format!("claim `{claim}`")
    } else {
        format!("claim `{claim}`, prefix `{prefix}`")
    }
}

fn groups(mapping: &Mapping, claims: &Map<String, Value>) -> Result<(Vec<String>, String), Stop> {
    if !mapping.expression.is_empty() {
        let groups = texts(
            value(&mapping.expression, claims)?,
            "the expression of the groups",
        )?;
        return Ok((groups, "expression".to_owned()));
    }
    let claim = &mapping.claim;
    if claim.is_empty() {
        return Ok((Vec::new(), "no mapping".to_owned()));
    }
    let prefix = mapping.prefix.as_deref().unwrap_or_default();
    let Some(found) = claims.get(claim) else {
        return Ok((Vec::new(), format!("claim `{claim}` is absent")));
    };
    let groups = match found {
        Value::String(group) => vec![group.clone()],
        Value::Array(_) => texts(found.clone(), &format!("the claim `{claim}` of the groups"))?,
        _ => {
            return Err(Stop::Refused(format!(
                "the claim `{claim}` of the groups is neither a text nor a list of texts"
            )));
        }
    };
    Ok((
        groups.iter().map(|group| format!("{prefix}{group}")).collect(),
        source(claim, prefix),
    ))
}

fn uid(mapping: &Mapping, claims: &Map<String, Value>) -> Result<String, Stop> {
    let found = match (mapping.expression.is_empty(), mapping.claim.is_empty()) {
        (true, true) => return Ok(String::new()),
        (false, _) => Some(value(&mapping.expression, claims)?),
        (true, false) => claims.get(&mapping.claim).cloned(),
    };
    match found {
        Some(Value::String(uid)) => Ok(uid),
        Some(_) => Err(Stop::Refused("the UID is no text".to_owned())),
        None => Err(Stop::Refused(format!(
            "the claim `{}` of the UID is absent",
            mapping.claim
        ))),
    }
}

fn extra_values(extra: &Extra, claims: &Map<String, Value>) -> Result<Vec<String>, Stop> {
    texts(
        value(&extra.value_expression, claims)?,
        &format!("the value of `{}`", extra.key),
    )
}

/// Returns a text or a list of texts without empty ones.
fn texts(found: Value, what: &str) -> Result<Vec<String>, Stop> {
    let values = match found {
        Value::Null => vec![],
        Value::Array(values) => values,
        other => vec![other],
    };
    let texts = values.into_iter().map(|value| match value {
        Value::String(text) => Ok(text),
        _ => Err(Stop::Refused(format!(
            "{what} is neither a text nor a list of texts"
        ))),
    });
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

fn claim_rule(rule: &ClaimRule, claims: &Map<String, Value>) -> Result<(), Stop> {
    let claim = &rule.claim;
    if claim.is_empty() {
        return rule_holds(
            &rule.expression,
            "claims",
            &Value::Object(claims.clone()),
            &rule.message,
        );
    }
    match claims.get(claim) {
        None => Err(Stop::Refused(format!(
            "oidc: required claim {claim} not present in ID token"
        ))),
        Some(Value::String(found)) if *found == rule.required_value => Ok(()),
        Some(Value::String(_)) => Err(Stop::Refused(format!(
            "the required claim `{claim}` is not `{}`",
            rule.required_value
        ))),
        Some(_) => Err(Stop::Refused(format!(
            "the required claim `{claim}` is no text, so it equals none"
        ))),
    }
}

fn rule_holds(expression: &str, name: &str, variable: &Value, message: &str) -> Result<(), Stop> {
    match evaluated(expression, name, variable)? {
        Value::Bool(true) => Ok(()),
        _ if message.is_empty() => Err(Stop::Refused(format!("the rule `{expression}` does not hold"))),
        _ => Err(Stop::Refused(format!(
            "the rule `{expression}` does not hold: {message}"
        ))),
    }
}

fn value(expression: &str, claims: &Map<String, Value>) -> Result<Value, Stop> {
    evaluated(expression, "claims", &Value::Object(claims.clone()))
}

fn evaluated(expression: &str, name: &str, variable: &Value) -> Result<Value, Stop> {
    match evaluate(expression, name, variable) {
        Evaluation::Value(value) => Ok(value),
        Evaluation::Failed(reason) => Err(Stop::Refused(format!("`{expression}` fails: {reason}"))),
        Evaluation::Impossible => Err(Stop::Unknown(format!(
            "`{expression}` calls what only the API server evaluates"
        ))),
    }
}

/// The variable `user`: what is empty is absent.
fn as_variable(user: &User) -> Value {
    let mut all = Map::new();
    all.insert("username".to_owned(), json!(user.name));
    if !user.uid.is_empty() {
        all.insert("uid".to_owned(), json!(user.uid));
    }
    if !user.groups.is_empty() {
        all.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        let extra: Map<String, Value> = user
            .extra
            .iter()
            .map(|(key, values)| (key.clone(), json!(values)))
            .collect();
        all.insert("extra".to_owned(), Value::Object(extra));
    }
    Value::Object(all)
}
