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

/// The API server's settings for the user name, in words.
pub(super) struct UsernameSettings {
    pub(super) flags: String,
    /// Whether a flag says them. Otherwise they are a guess.
    pub(super) is_given: bool,
}

pub(super) fn username_settings(args: &ClusterArgs) -> UsernameSettings {
    let claim = format!("--username-claim={}", username_claim(args));
    let prefix = args.username_prefix.as_deref();
    let flags = match prefix.filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{claim} and --username-prefix={prefix}"),
        None => format!("{claim} and the default prefix"),
    };
    let is_given = is_username_given(args);
    UsernameSettings { flags, is_given }
}

/// Whether a flag says how the API server makes the user name. Without one, its name is a guess.
pub(super) fn is_username_given(args: &ClusterArgs) -> bool {
    let given = [&args.username_claim, &args.username_prefix];
    given.into_iter().flatten().any(|value| !value.is_empty())
}
