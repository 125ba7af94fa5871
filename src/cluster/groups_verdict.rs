//! The verdict on the groups of a token.

use serde_json::{Map, Value};

use super::judgement::{State, Verdict};
use super::mapping::ClaimMapping;
use super::names::{GroupsNotTexts, RESERVED};

/// Okta puts at most so many groups into a token, and fails the sign-in if the claim matches more.
const MAX_OKTA_GROUPS: usize = 100;

pub(super) fn groups_verdict(
    claims: &Map<String, Value>,
    groups: &Result<Vec<String>, GroupsNotTexts>,
    mapping: &ClaimMapping,
    at_okta: bool,
) -> Verdict {
    let claim = &mapping.groups_claim;
    let Ok(groups) = groups else {
        let finding = format!("the claim `{claim}` is neither a string nor a list of strings");
        return Verdict::new("groups", State::Refused, finding).with_fix(
            "send a list of group names, or take the groups from another claim with --groups-claim",
        );
    };
    if groups.is_empty() {
        return no_groups(claims, claim, at_okta);
    }
    if let Some(group) = groups.iter().find(|group| group.starts_with(RESERVED)) {
        let finding =
            format!("the group {group} means rights inside Kubernetes (`system:masters` has all of them)");
        return Verdict::new("groups", State::Warning, finding)
            .with_fix("set a prefix with --groups-prefix=oidc:");
    }
    match groups.len() {
        1 => Verdict::new("groups", State::Ok, "1 group"),
        count @ 0..MAX_OKTA_GROUPS => Verdict::new("groups", State::Ok, format!("{count} groups")),
        count => {
            let limit = if at_okta {
                "; Okta refuses a sign-in with more than 100"
            } else {
                ""
            };
            let finding = format!("{count} groups, sent with every request{limit}");
            Verdict::new("groups", State::Warning, finding)
                .with_fix("narrow the groups claim, for example to groups that start with k8s-")
        }
    }
}

fn no_groups(claims: &Map<String, Value>, claim: &str, at_okta: bool) -> Verdict {
    let warning = |finding| Verdict::new("groups", State::Warning, finding);
    if has_distributed_claim(claims, claim) {
        return warning(format!(
            "the token refers to another place for `{claim}` (a distributed claim), which this check cannot follow"
        ))
        .with_fix("let the provider put fewer groups into the token, so that they fit");
    }
    if claims.contains_key(claim) {
        return warning(format!(
            "the claim `{claim}` is empty, so the user is in no group"
        ))
        .with_fix("put the person into a group that the groups claim matches");
    }
    warning(format!(
        "the token has no `{claim}` claim, so the user is in no group"
    ))
    .with_fix(if at_okta {
        "add a groups claim at Okta, \"Always\" in the ID token (Security > API > the server > Claims)"
    } else {
        "add one to the ID token at the provider"
    })
}

/// Whether the token refers to a place where the claim can be fetched (OpenID Connect Core 5.6.2).
fn has_distributed_claim(claims: &Map<String, Value>, claim: &str) -> bool {
    claims
        .get("_claim_names")
        .and_then(|names| names.get(claim))
        .is_some()
}
