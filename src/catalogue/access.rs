//! Errors about what a person may do: access to the app, and scopes.

use super::entry::{AccessLayer, Entry};

const CHECK_SCOPES_OKTA_FIX: &str =
    "check --oidc-extra-scope; `offline_access` needs the grant type Refresh Token on the app";
const CHECK_SCOPES_FIX: &str =
    "check --oidc-extra-scope; `offline_access` has to be allowed for the app at the provider";

/// Entries that tell which of Okta's three access checks failed.
pub(super) const ACCESS_LAYERS: [(&str, AccessLayer); 7] = [
    ("app-not-assigned", AccessLayer::AppAssignment),
    ("sign-in-denied", AccessLayer::AuthenticationPolicy),
    ("network-zone-not-permitted", AccessLayer::AuthenticationPolicy),
    ("factor-not-met", AccessLayer::AuthenticationPolicy),
    ("no-access-policy", AccessLayer::AccessPolicy),
    ("all-scopes-rejected", AccessLayer::AccessPolicy),
    ("scopes-denied-by-policy", AccessLayer::AccessPolicy),
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "app-not-assigned",
        error_codes: &["access_denied"],
        phrases: &["not assigned to the client application"],
        grants: &[],
        cause: "The app is not assigned to the person who signed in, nor to a group of theirs.",
        okta_fix: Some(
            "ask an Okta administrator to assign you, or a group of yours, to the app (Applications > the app > \
             Assignments)",
        ),
        generic_fix: "ask an administrator of the provider to allow you, or a group of yours, to use the app",
    },
    Entry {
        id: "no-access-policy",
        error_codes: &["access_denied"],
        phrases: &["policy evaluation failed"],
        grants: &[],
        cause: "No access policy of the authorization server allows this app, person, grant and set of scopes.",
        okta_fix: Some(
            "no access policy fits: Okta > Security > API > the server > Access Policies needs a policy for this \
             app and a rule with the grant Authorization Code, your group and these scopes",
        ),
        generic_fix: "no policy of the provider allows this app, user, grant and scopes: ask its administrator",
    },
    Entry {
        id: "all-scopes-rejected",
        error_codes: &["access_denied"],
        phrases: &["all the requested scopes were rejected"],
        grants: &[],
        cause: "The rule of the access policy that applies allows none of the requested scopes.",
        okta_fix: Some(
            "the access policy's rule allows none of the scopes: widen it (Okta > Security > API > the server > \
             Access Policies), or ask for fewer with --oidc-extra-scope",
        ),
        generic_fix: "a policy of the provider allows none of the scopes: ask for fewer with --oidc-extra-scope, or have \
             it widened",
    },
    Entry {
        id: "refresh-scopes-not-granted",
        error_codes: &["access_denied"],
        phrases: &["scopes requested for the refresh request were not granted"],
        grants: &[],
        cause: "The refresh asks for scopes that the sign-in did not grant.",
        okta_fix: None,
        generic_fix: "what the session may ask for has changed at the provider: sign in anew",
    },
    Entry {
        id: "scopes-denied-by-policy",
        error_codes: &["access_denied"],
        phrases: &["requested scopes were denied by the policy"],
        grants: &[],
        cause: "The rule of the access policy that applies denies some of the requested scopes.",
        okta_fix: Some(
            "drop these scopes from --oidc-extra-scope, or widen the access policy's rule (Okta > Security > API)",
        ),
        generic_fix: "drop these scopes from --oidc-extra-scope, or have the provider's policy widened",
    },
    Entry {
        id: "network-zone-not-permitted",
        error_codes: &["access_denied"],
        phrases: &["permitted network zones"],
        grants: &[],
        cause: "The app is restricted to networks that this machine is not in.",
        okta_fix: Some(
            "connect from a network that the app allows (Okta > the app > General > network restrictions)",
        ),
        generic_fix: "connect from a network that the provider allows for this app",
    },
    Entry {
        id: "sign-in-denied",
        error_codes: &["access_denied"],
        phrases: &["resource owner or authorization server denied"],
        grants: &[],
        cause: "The person cancelled the sign-in, or a sign-on policy denied it.",
        okta_fix: None,
        generic_fix: "the sign-in was cancelled, or a sign-on policy denied it: try again, or look at the app's \
             authentication policy",
    },
    Entry {
        id: "factor-not-met",
        error_codes: &["unmet_authentication_requirements"],
        phrases: &[],
        grants: &[],
        cause: "The person has not signed in with the factors that the app or the request asks for.",
        okta_fix: Some(
            "enroll the factor that the app's authentication policy asks for (Okta > Security > Authentication Policies > the app's \
             policy), or have the policy changed",
        ),
        generic_fix: "enroll the factor that the provider asks for, or have what it asks for changed",
    },
    Entry {
        id: "scope-unknown",
        error_codes: &["invalid_scope"],
        phrases: &["not configured for the authorization server"],
        grants: &[],
        cause: "The authorization server does not have one of the requested scopes.",
        okta_fix: Some(
            "a scope does not exist there, most often `groups` on an authorization server of your own: remove it \
             from --oidc-extra-scope (a groups claim needs no scope) or create it (Okta > Security > API > the \
             server > Scopes)",
        ),
        generic_fix: "a scope does not exist at the provider: remove it from --oidc-extra-scope",
    },
    Entry {
        id: "custom-scope-not-allowed",
        error_codes: &["invalid_scope"],
        phrases: &["custom scopes are not allowed"],
        grants: &[],
        cause: "The org authorization server of Okta has only the scopes of OpenID Connect and `groups`.",
        okta_fix: Some(
            "this issuer is the org's own server: use the custom server's issuer (https://…/oauth2/default) or \
             drop the scope",
        ),
        generic_fix: "remove the scopes from --oidc-extra-scope that OpenID Connect does not define",
    },
    Entry {
        id: "scope-invalid",
        error_codes: &["invalid_scope"],
        phrases: &[
            "invalid, unknown, malformed",
            "invalid, unknown, or malformed",
            "scopes are not allowed for this request",
        ],
        grants: &[],
        cause: "A requested scope is misspelled, or the app may not request it.",
        okta_fix: Some(CHECK_SCOPES_OKTA_FIX),
        generic_fix: CHECK_SCOPES_FIX,
    },
];
