//! Step-up (RFC 9470): the provider demands a level or an age of the sign-in, and says so in an error.
//!
//! At Okta only APIs that take access tokens do this, with the error `insufficient_authentication_context`. A client of the token endpoint has
//! to be prepared for it all the same.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    behaviour::Behaviour,
    exchange::{Answer, first},
    grant::Grant,
};

/// Where a sign-in that does not meet the demand is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepUpAt {
    /// By the authorization response.
    Authorize,
    /// By the response to a refresh, in its body.
    Refresh,
    /// By the response to a refresh, in its header `WWW-Authenticate`.
    RefreshHeader,
}

/// What the provider demands of a sign-in, and says when it refuses one that does not meet it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepUp {
    /// Where it is refused.
    pub at: StepUpAt,
    /// `error`.
    pub error: String,
    /// The levels, one of which a sign-in has to have, as in the parameter `acr_values`. Empty: any.
    pub acr_values: String,
    /// How long ago the person may have signed in, in seconds.
    pub max_age: Option<i64>,
    /// The level of each sign-in, whatever the request asks for. `None`: the first that the request asks for, and no level without one.
    pub reached: Option<String>,
}

impl Default for StepUp {
    fn default() -> Self {
        Self {
            at: StepUpAt::Refresh,
            error: "insufficient_user_authentication".to_owned(),
            acr_values: "phr".to_owned(),
            max_age: None,
            reached: None,
        }
    }
}

const DESCRIPTION: &str = "A different authentication level is required";

/// Returns the level of a sign-in after this request.
pub(crate) fn level(rules: &Behaviour, parameters: &[(String, String)]) -> Option<String> {
    let reached = rules.step_up.as_ref().and_then(|demand| demand.reached.clone());
    reached.or_else(|| {
        let asked = first(parameters, "acr_values")?;
        asked.split_whitespace().next().map(str::to_owned)
    })
}

/// Refuses an authorization request that does not ask for what is demanded. Returns the parameters of the response.
pub(crate) fn check_request(
    rules: &Behaviour,
    parameters: &[(String, String)],
) -> Result<(), Vec<(&'static str, String)>> {
    let Some(demand) = demand_at(rules, &[StepUpAt::Authorize]) else {
        return Ok(());
    };
    let asked = first(parameters, "acr_values").unwrap_or_default();
    let age = first(parameters, "max_age").and_then(|age| age.parse().ok());
    let is_young = demand
        .max_age
        .is_none_or(|oldest| age.is_some_and(|age: i64| age <= oldest));
    if demand.is_level(asked.split_whitespace().next()) && is_young {
        return Ok(());
    }
    Err(demand.members())
}

/// Refuses to refresh a session whose sign-in does not meet the demand.
pub(crate) fn check_grant(rules: &Behaviour, grant: &Grant) -> Result<(), Answer> {
    let Some(demand) = demand_at(rules, &[StepUpAt::Refresh, StepUpAt::RefreshHeader]) else {
        return Ok(());
    };
    let age = rules.now().saturating_sub(grant.auth_time);
    if demand.is_level(grant.acr.as_deref()) && demand.max_age.is_none_or(|oldest| age <= oldest) {
        return Ok(());
    }
    let members = demand.members();
    if demand.at == StepUpAt::RefreshHeader {
        let parameters: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let challenge = format!("Bearer realm=\"mock, okta\", {}", parameters.join(", "));
        let answer = Answer::json(401, &Value::Object(Map::new()));
        return Err(answer.header("WWW-Authenticate", &challenge));
    }
    let mut body = Map::new();
    for (name, value) in members {
        let value = value.parse::<i64>().map_or(Value::String(value), Value::from);
        body.insert(name.to_owned(), value);
    }
    Err(Answer::json(400, &Value::Object(body)).not_cached())
}

fn demand_at<'r>(rules: &'r Behaviour, places: &[StepUpAt]) -> Option<&'r StepUp> {
    rules
        .step_up
        .as_ref()
        .filter(|demand| places.contains(&demand.at))
}

impl StepUp {
    fn is_level(&self, acr: Option<&str>) -> bool {
        let mut levels = self.acr_values.split_whitespace().peekable();
        levels.peek().is_none() || levels.any(|level| Some(level) == acr)
    }

    /// The members of the error, as RFC 9470 3 names them.
    fn members(&self) -> Vec<(&'static str, String)> {
        let mut members = vec![
            ("error", self.error.clone()),
            ("error_description", DESCRIPTION.to_owned()),
        ];
        if !self.acr_values.is_empty() {
            members.push(("acr_values", self.acr_values.clone()));
        }
        members.extend(self.max_age.map(|age| ("max_age", age.to_string())));
        members
    }
}
