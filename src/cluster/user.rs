//! The user that the API server takes from the claims of a token.
//!
//! Follows kube-apiserver's OpenID Connect authenticator: its claims, its prefixes, and the tokens that it rejects.

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use crate::settings::is_okta;
use crate::untrusted_text::UntrustedText;

/// The API server's configuration for claims.
#[derive(Debug)]
pub(crate) struct ClaimMapping {
    pub(crate) username_claim: String,
    pub(crate) username_prefix: String,
    pub(crate) groups_claim: String,
    pub(crate) groups_prefix: String,
}

/// Returns the prefix that the API server's flag `--oidc-username-prefix` sets. Without the flag it is `ISSUER#`, but empty for the
/// claim `email`. The value `-` means no prefix.
pub(crate) fn username_prefix(flag: Option<&str>, username_claim: &str, issuer: &str) -> String {
    match flag {
        None | Some("") if username_claim == "email" => String::new(),
        None | Some("") => format!("{issuer}#"),
        Some("-") => String::new(),
        Some(prefix) => prefix.to_owned(),
    }
}

/// A user as `kubectl auth whoami` shows it, or why the API server rejects the token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClusterUser {
    username: Result<String, String>,
    groups: Result<Vec<String>, String>,
    /// What the administrator should know: no groups, or groups of Kubernetes itself.
    notes: Vec<String>,
}

impl ClusterUser {
    pub(crate) fn new(claims: &Map<String, Value>, mapping: &ClaimMapping) -> Self {
        let username = username(claims, mapping);
        let groups = groups(claims, mapping);
        let mut notes = Vec::new();
        if !claims.contains_key(&mapping.groups_claim) {
            let issuer = claims.get("iss").and_then(Value::as_str).map(Url::parse);
            let fix = match issuer {
                Some(Ok(issuer)) if is_okta(&issuer) => {
                    "add a groups claim at Okta, \"Always\" in the ID token"
                }
                _ => "add one to the ID token at the provider",
            };
            notes.push(format!(
                "the token has no `{}` claim, so the user is in no group: {fix}",
                mapping.groups_claim
            ));
        }
        if groups.iter().flatten().any(|group| group.starts_with("system:")) {
            notes.push(
                "a group begins with `system:`, which means rights inside Kubernetes: set a groups prefix in the API \
                 server"
                    .to_owned(),
            );
        }
        Self {
            username,
            groups,
            notes,
        }
    }

    /// Returns why the API server will reject the token, if it will.
    pub(crate) fn rejection(&self) -> Option<&str> {
        match (&self.username, &self.groups) {
            (Ok(_), Ok(_)) => None,
            (Err(reason), _) | (_, Err(reason)) => Some(reason),
        }
    }
}

fn username(claims: &Map<String, Value>, mapping: &ClaimMapping) -> Result<String, String> {
    let claim = &mapping.username_claim;
    let name = match claims.get(claim) {
        Some(Value::String(name)) => name,
        Some(_) => return Err(format!("the claim `{claim}` is not a string")),
        None => return Err(format!("the token has no `{claim}` claim{}", scope_advice(claim))),
    };
    // The API server checks this only for the claim `email`, and accepts only the boolean `true`.
    if claim == "email"
        && claims
            .get("email_verified")
            .is_some_and(|verified| *verified != Value::Bool(true))
    {
        return Err("the claim `email_verified` is not true".to_owned());
    }
    Ok(format!("{}{name}", mapping.username_prefix))
}

/// Returns the advice which scope requests a claim (OpenID Connect Core 5.4).
fn scope_advice(claim: &str) -> &'static str {
    match claim {
        "email" => "; ask for it with --oidc-extra-scope=email",
        "name" | "preferred_username" | "nickname" => "; ask for it with --oidc-extra-scope=profile",
        _ => "",
    }
}

/// Returns the groups with their prefix. A missing claim means no groups, a string means one group.
///
/// # Errors
/// If the claim has another type.
fn groups(claims: &Map<String, Value>, mapping: &ClaimMapping) -> Result<Vec<String>, String> {
    let wrong_type = || {
        format!(
            "the claim `{}` is neither a string nor a list of strings",
            mapping.groups_claim
        )
    };
    let prefixed = |group: &str| format!("{}{group}", mapping.groups_prefix);
    match claims.get(&mapping.groups_claim) {
        None => Ok(Vec::new()),
        Some(Value::String(group)) => Ok(vec![prefixed(group)]),
        Some(Value::Array(groups)) => groups
            .iter()
            .map(|group| group.as_str().map(prefixed).ok_or_else(wrong_type))
            .collect(),
        Some(_) => Err(wrong_type()),
    }
}

impl fmt::Display for ClusterUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.username, &self.groups) {
            (Ok(name), Ok(groups)) => {
                writeln!(f, "The API server will say that you are:\n")?;
                writeln!(f, "  user    {}", UntrustedText::new(name))?;
                for group in groups {
                    writeln!(f, "  group   {}", UntrustedText::new(group))?;
                }
                writeln!(f, "  group   system:authenticated")?;
            }
            (Err(reason), _) | (_, Err(reason)) => {
                writeln!(
                    f,
                    "The API server will refuse this token: {}\n\
                     kubectl would get `Unauthorized` with it: correct this first, and run setup again.",
                    UntrustedText::new(reason)
                )?;
            }
        }
        for note in &self.notes {
            writeln!(f, "\nNote: {}", UntrustedText::new(note))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(claims: Value, change: impl FnOnce(&mut ClaimMapping)) -> ClusterUser {
        let mut mapping = ClaimMapping {
            username_claim: "sub".into(),
            username_prefix: String::new(),
            groups_claim: "groups".into(),
            groups_prefix: "okta:".into(),
        };
        change(&mut mapping);
        let Value::Object(claims) = claims else {
            panic!("not an object")
        };
        ClusterUser::new(&claims, &mapping)
    }

    #[test]
    fn the_prefixes_default_as_in_the_api_server() {
        let prefix = |flag, claim| username_prefix(flag, claim, "https://i");
        assert_eq!(prefix(None, "sub"), "https://i#");
        assert_eq!(prefix(None, "email"), "");
        assert_eq!(prefix(Some("-"), "sub"), "");
        assert_eq!(prefix(Some("okta:"), "email"), "okta:");
        let user = user(serde_json::json!({"sub": "00u1", "groups": ["dev"]}), |mapping| {
            mapping.username_prefix = "okta:".into();
        });
        assert_eq!(
            (user.username.unwrap(), user.groups.unwrap()),
            ("okta:00u1".into(), vec!["okta:dev".into()])
        );
    }

    #[test]
    fn an_unverified_address_is_rejected() {
        let is_rejected = |verified: Value| {
            user(
                serde_json::json!({"email": "a@b", "email_verified": verified}),
                |mapping| {
                    mapping.username_claim = "email".into();
                },
            )
            .username
            .is_err()
        };
        assert!(is_rejected(false.into()) && is_rejected("true".into()) && !is_rejected(true.into()));
    }

    #[test]
    fn the_groups_claim_is_a_string_a_list_or_missing() {
        let groups = |value: Value| user(serde_json::json!({"sub": "s", "groups": value}), |_| ()).groups;
        assert_eq!(groups("one".into()).unwrap(), ["okta:one"]);
        assert!(groups(serde_json::json!([1])).is_err());
        assert!(groups(serde_json::json!({})).is_err());
        assert_eq!(user(serde_json::json!({"sub": "s"}), |_| ()).notes.len(), 1);
    }

    #[test]
    fn a_system_group_without_a_prefix_gets_a_note() {
        let user = user(
            serde_json::json!({"sub": "s", "groups": ["system:masters"]}),
            |mapping| {
                mapping.groups_prefix.clear();
            },
        );
        assert!(user.notes[0].contains("system:"));
    }
}
