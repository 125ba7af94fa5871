//! The user name and the groups that the API server takes from claims.

use serde_json::{Map, Value};

use super::mapping::ClaimMapping;

/// Names that begin so are Kubernetes' own. The API server's flags accept them all the same.
pub(super) const RESERVED: &str = "system:";

/// Why the API server rejects a token because of the claim of the user name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UsernameFault {
    Missing,
    NotText,
    /// The claim is `email`, and `email_verified` is something else than the boolean `true`.
    EmailNotVerified(&'static str),
}

/// Why the API server rejects a token because of the claim of the groups.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GroupsNotTexts;

/// Returns the user name with its prefix.
///
/// # Errors
/// If the API server rejects the token for this claim.
pub(super) fn username(claims: &Map<String, Value>, mapping: &ClaimMapping) -> Result<String, UsernameFault> {
    let name = match claims.get(&mapping.username_claim) {
        Some(Value::String(name)) => name,
        Some(_) => return Err(UsernameFault::NotText),
        None => return Err(UsernameFault::Missing),
    };
    // The API server checks this only for the claim `email`, and accepts only the boolean `true`.
    let verified = claims.get("email_verified");
    match verified.filter(|_| mapping.username_claim == "email") {
        None | Some(Value::Bool(true)) => Ok(format!("{}{name}", mapping.username_prefix)),
        Some(Value::Bool(false)) => Err(UsernameFault::EmailNotVerified("false")),
        Some(Value::String(_)) => Err(UsernameFault::EmailNotVerified(
            "a text, and not the boolean true",
        )),
        Some(_) => Err(UsernameFault::EmailNotVerified("not the boolean true")),
    }
}

/// Returns the groups with their prefix. A missing claim means no groups, a string means one group.
///
/// # Errors
/// If the claim has another type.
pub(super) fn groups(
    claims: &Map<String, Value>,
    mapping: &ClaimMapping,
) -> Result<Vec<String>, GroupsNotTexts> {
    let prefixed = |group: &str| format!("{}{group}", mapping.groups_prefix);
    match claims.get(&mapping.groups_claim) {
        None => Ok(Vec::new()),
        Some(Value::String(group)) => Ok(vec![prefixed(group)]),
        Some(Value::Array(groups)) => groups
            .iter()
            .map(|group| group.as_str().map(prefixed).ok_or(GroupsNotTexts))
            .collect(),
        Some(_) => Err(GroupsNotTexts),
    }
}
