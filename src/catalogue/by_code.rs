//! Errors without a known description: the error code has to tell, and the grant of the request.

use super::entry::Entry;
use super::fixes::{ENABLE_CODE_FIX, ENABLE_CODE_OKTA_FIX, ENABLE_GRANT_FIX, ENABLE_GRANT_OKTA_FIX};
use crate::grant_type::GrantType;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "access-denied",
        error_codes: &["access_denied"],
        phrases: &[],
        grants: &[],
        cause: "The provider does not let this person use the app, or the person cancelled the sign-in.",
        okta_fix: Some(
            "check that you are assigned to the app (Applications > the app), and the app's sign-on policy",
        ),
        generic_fix: "check that you may use the app, and what the provider asks of a sign-in to it; or you have cancelled",
    },
    Entry {
        id: "client-rejected",
        error_codes: &["invalid_client", "unauthorized_client"],
        phrases: &[],
        grants: &[],
        cause: "The provider does not accept the client or the way in which it authenticates.",
        okta_fix: None,
        generic_fix: "compare --oidc-client-id and the secret with the app's client authentication setting",
    },
    Entry {
        id: "scope-refused",
        error_codes: &["invalid_scope"],
        phrases: &[],
        grants: &[],
        cause: "The provider does not allow one of the requested scopes for the app.",
        okta_fix: None,
        generic_fix: "compare --oidc-extra-scope with the scopes that the provider allows for this app",
    },
    Entry {
        id: "password-rejected",
        error_codes: &["invalid_grant"],
        phrases: &[],
        grants: &[GrantType::Password],
        cause: "The provider does not accept the user name or the password.",
        okta_fix: None,
        generic_fix: "check the user name and the password",
    },
    Entry {
        id: "client-credentials-rejected",
        error_codes: &["invalid_grant"],
        phrases: &[],
        grants: &[GrantType::ClientCredentials],
        cause: "The provider does not let the app sign in for itself.",
        okta_fix: None,
        generic_fix: "compare --oidc-client-id and the secret with the app; it has to be allowed to sign in for itself",
    },
    Entry {
        id: "grant-rejected",
        error_codes: &["invalid_grant"],
        phrases: &[],
        grants: &[],
        cause: "The code or the refresh token has expired, was used before or was revoked.",
        okta_fix: None,
        generic_fix: "run the command again to sign in anew",
    },
    Entry {
        id: "provider-fault",
        error_codes: &["temporarily_unavailable", "server_error"],
        phrases: &[],
        grants: &[],
        cause: "The provider has a fault or is overloaded.",
        okta_fix: None,
        generic_fix: "the provider's own fault: try again later",
    },
    Entry {
        id: "person-required",
        error_codes: &["login_required", "consent_required", "interaction_required"],
        phrases: &[],
        grants: &[GrantType::Password, GrantType::ClientCredentials],
        cause: "The provider wants to ask the person something, and no browser takes part in this grant.",
        okta_fix: None,
        generic_fix: "the provider wants to ask the person something, which this grant cannot do: use --grant-type=authcode",
    },
    Entry {
        id: "interaction-required",
        error_codes: &["login_required", "consent_required", "interaction_required"],
        phrases: &[],
        grants: &[],
        cause: "The provider wants to ask the person something before it continues.",
        okta_fix: None,
        generic_fix: "run the command again and answer what the browser asks",
    },
    Entry {
        id: "slow-down",
        error_codes: &["slow_down"],
        phrases: &[],
        grants: &[],
        cause: "The provider gets too many requests from this machine.",
        okta_fix: None,
        generic_fix: "try again in a minute",
    },
    Entry {
        id: "response-type-not-supported",
        error_codes: &["unsupported_response_type"],
        phrases: &[],
        grants: &[],
        cause: "The authorization code flow is not enabled for the app.",
        okta_fix: Some(ENABLE_CODE_OKTA_FIX),
        generic_fix: ENABLE_CODE_FIX,
    },
    Entry {
        id: "grant-type-not-supported",
        error_codes: &["unsupported_grant_type"],
        phrases: &[],
        grants: &[],
        cause: "The grant type of the request is not enabled for the app, or the provider does not have it.",
        okta_fix: Some(ENABLE_GRANT_OKTA_FIX),
        generic_fix: ENABLE_GRANT_FIX,
    },
];

/// Matches every error, so it is the last one.
pub(super) const UNKNOWN: &Entry = &Entry {
    id: "unknown-error",
    error_codes: &[],
    phrases: &[],
    grants: &[],
    cause: "The catalogue does not have this error.",
    okta_fix: Some("Okta's log says more (Reports > System Log)"),
    generic_fix: "the provider's log says more",
};
