//! What the flags of a command say of the API server's settings for claims.

use crate::cli::ClusterArgs;
use crate::cluster::{ClaimMapping, username_prefix};

/// The claim of the user name if no flag names one: every ID token has it.
const DEFAULT_USERNAME_CLAIM: &str = "sub";

pub(super) fn claim_mapping(args: &ClusterArgs, issuer: &str) -> ClaimMapping {
    let username_claim = username_claim(args);
    ClaimMapping {
        username_prefix: username_prefix(args.username_prefix.as_deref(), username_claim, issuer),
        username_claim: username_claim.to_owned(),
        groups_claim: args.groups_claim.clone(),
        groups_prefix: args.groups_prefix.clone(),
    }
}

fn username_claim(args: &ClusterArgs) -> &str {
    let given = args.username_claim.as_deref();
    given
        .filter(|claim| !claim.is_empty())
        .unwrap_or(DEFAULT_USERNAME_CLAIM)
}

/// Whether a flag says how the API server makes the user name. Without one, its name is a guess.
pub(super) fn is_username_given(args: &ClusterArgs) -> bool {
    let given = [&args.username_claim, &args.username_prefix];
    given.into_iter().flatten().any(|value| !value.is_empty())
}
