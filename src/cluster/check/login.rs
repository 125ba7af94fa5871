//! What a configuration makes of the claims of a token: the user, or why it is refused.
//!
//! Follows the order of kube-apiserver's authenticator: issuer, the types of the claims of OpenID Connect, audience, times, user name, groups, UID,
//! extra values, rules about claims, rules about the user. The signature is not looked at.

use serde_json::{Map, Value, json};

use super::evaluate::{Evaluation, Outcome, evaluate};
use super::model::{ClaimRule, Configuration, Extra, Jwt, Mapping};
use super::token_form::{self, Validity, text_of};

/// The extra value by which the API server tells tokens apart, made of the claim `jti`.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// What comes of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Entry `entry` of `jwt` accepts it, while it is valid.
    Accepted {
        entry: usize,
        user: User,
        validity: Validity,
    },
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

/// Judges the claims of a token at a time in seconds.
pub(crate) fn log_in(configuration: &Configuration, claims: &Map<String, Value>, now: i64) -> Login {
    let Some(issuer) = token_form::issuer(claims) else {
        return Login::Refused {
            entry: None,
            reason: "its claim `iss` is no text, so no entry has its issuer".to_owned(),
        };
    };
    let Some(entry) = configuration.jwt.iter().position(|jwt| jwt.issuer.url == issuer) else {
        let reason = format!(
            "no entry has the issuer `{issuer}`, byte for byte: the API server says only `invalid bearer token`"
        );
        return Login::Refused { entry: None, reason };
    };
    match user(&configuration.jwt[entry], claims, now) {
        Ok((user, validity)) => Login::Accepted {
            entry,
            user,
            validity,
        },
        Err(Stop::Refused(reason)) => Login::Refused {
            entry: Some(entry),
            reason,
        },
        Err(Stop::Unknown(reason)) => Login::Unknown { entry, reason },
    }
}

fn user(jwt: &Jwt, claims: &Map<String, Value>, now: i64) -> Result<(User, Validity), Stop> {
    let standard = token_form::standard(claims)?;
    audience(jwt, &standard.audiences)?;
    if !jwt.groups.claim.is_empty()
        && let Some(endpoint) = token_form::distributed(claims, &jwt.groups.claim)?
    {
        return Err(Stop::Unknown(format!(
            "the API server asks `{endpoint}` for the claim `{}` (`_claim_names`)",
            jwt.groups.claim
        )));
    }
    let mut user = User::default();
    (user.name, user.name_source) = name(&jwt.username, claims)?;
    (user.groups, user.groups_source) = groups(&jwt.groups, claims)?;
    user.uid = uid(&jwt.uid, claims)?;
    if let Some(Value::String(id)) = claims.get("jti").filter(|id| *id != "") {
        user.extra
            .push((CREDENTIAL_ID.to_owned(), vec![format!("JTI={id}")]));
    }
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
    Ok((user, standard.validity(now)))
}

fn audience(jwt: &Jwt, found: &[String]) -> Result<(), Stop> {
    if jwt
        .issuer
        .audiences
        .iter()
        .any(|audience| found.contains(audience))
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
        let refused = |text: &str| Err(Stop::Refused(format!("the expression of the user name {text}")));
        return match value(&mapping.expression, claims)? {
            Outcome::Text(name) if !name.is_empty() => Ok((name, "expression".to_owned())),
            Outcome::Text(_) => refused("results in an empty text"),
            Outcome::Null | Outcome::Bool(_) | Outcome::List(_) | Outcome::Other => {
                refused("does not result in a text")
            }
        };
    }
    let claim = &mapping.claim;
    let name = claims
        .get(claim)
        .ok_or_else(|| format!("oidc: parse username claims \"{claim}\": claim not present"))?;
    let name =
        text_of(name, claim).map_err(|_| format!("the claim `{claim}` of the user name is no text"))?;
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
    let one = |group: &Value| {
        text_of(group, claim)
            .map_err(|_| format!("the claim `{claim}` of the groups is neither a text nor a list of texts"))
    };
    let groups: Vec<String> = match found {
        Value::Null => vec![],
        Value::Array(groups) => groups.iter().map(one).collect::<Result<_, _>>()?,
        group => vec![one(group)?],
    };
    Ok((
        groups.iter().map(|group| format!("{prefix}{group}")).collect(),
        source(claim, prefix),
    ))
}

fn uid(mapping: &Mapping, claims: &Map<String, Value>) -> Result<String, Stop> {
    let refused = || Stop::Refused("the UID is no text".to_owned());
    if !mapping.expression.is_empty() {
        return match value(&mapping.expression, claims)? {
            Outcome::Text(uid) => Ok(uid),
            Outcome::Null | Outcome::Bool(_) | Outcome::List(_) | Outcome::Other => Err(refused()),
        };
    }
    let claim = &mapping.claim;
    match claims.get(claim) {
        _ if claim.is_empty() => Ok(String::new()),
        Some(uid) => text_of(uid, claim).map_err(|_| refused()),
        None => Err(Stop::Refused(format!("the claim `{claim}` of the UID is absent"))),
    }
}

fn extra_values(extra: &Extra, claims: &Map<String, Value>) -> Result<Vec<String>, Stop> {
    texts(
        value(&extra.value_expression, claims)?,
        &format!("the value of `{}`", extra.key),
    )
}

/// Returns a text or a list of texts without empty ones.
fn texts(found: Outcome, what: &str) -> Result<Vec<String>, Stop> {
    let texts = match found {
        Outcome::Null => Some(vec![]),
        Outcome::Text(text) => Some(vec![text]),
        Outcome::List(items) => items.into_iter().collect(),
        Outcome::Bool(_) | Outcome::Other => None,
    };
    let mut texts: Vec<String> =
        texts.ok_or_else(|| format!("{what} is neither a text nor a list of texts"))?;
    texts.retain(|text| !text.is_empty());
    Ok(texts)
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
        Some(found) => match text_of(found, claim) {
            Ok(found) if found == rule.required_value => Ok(()),
            Ok(_) => Err(Stop::Refused(format!(
                "the required claim `{claim}` is not `{}`",
                rule.required_value
            ))),
            Err(_) => Err(Stop::Refused(format!(
                "the required claim `{claim}` is no text, so it equals none"
            ))),
        },
    }
}

fn rule_holds(expression: &str, name: &str, variable: &Value, message: &str) -> Result<(), Stop> {
    match evaluated(expression, name, variable)? {
        Outcome::Bool(true) => Ok(()),
        _ if message.is_empty() => Err(Stop::Refused(format!("the rule `{expression}` does not hold"))),
        _ => Err(Stop::Refused(format!(
            "the rule `{expression}` does not hold: {message}"
        ))),
    }
}

fn value(expression: &str, claims: &Map<String, Value>) -> Result<Outcome, Stop> {
    evaluated(expression, "claims", &Value::Object(claims.clone()))
}

fn evaluated(expression: &str, name: &str, variable: &Value) -> Result<Outcome, Stop> {
    match evaluate(expression, name, variable) {
        Evaluation::Value(value) => Ok(value),
        Evaluation::Failed(reason) => Err(Stop::Refused(format!("`{expression}` fails: {reason}"))),
        Evaluation::Impossible => Err(Stop::Unknown(format!(
            "`{expression}` calls what only the API server evaluates"
        ))),
    }
}

/// The variable `user`, each of whose fields is there, be it empty.
fn as_variable(user: &User) -> Value {
    let extra: Map<String, Value> = user
        .extra
        .iter()
        .map(|(key, values)| (key.clone(), json!(values)))
        .collect();
    json!({"username": user.name, "uid": user.uid, "groups": user.groups, "extra": extra})
}
