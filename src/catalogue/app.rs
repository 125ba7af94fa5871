//! Errors of providers about the app: its grants, redirect URIs, claims and credentials, and the authorization codes that are issued to it. Also
//! the sign-in page that expired: it names no part of the app, but none of the other topics fits it better.

use super::entry::Entry;
use super::fixes::{ENABLE_CODE_FIX, ENABLE_CODE_OKTA_FIX, ENABLE_GRANT_FIX, ENABLE_GRANT_OKTA_FIX};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "sign-in-page-expired",
        error_codes: &["login_required"],
        phrases: &["request expired"],
        grants: &[],
        cause: "The person did not finish the sign-in in the time that the provider allows.",
        okta_fix: None,
        generic_fix: "the sign-in page was open for too long: run the command again",
    },
    Entry {
        id: "interaction-code-flow",
        error_codes: &["interaction_required"],
        phrases: &["interaction code flow"],
        grants: &[],
        cause: "The app uses Okta's interaction code flow, and not the authorization code flow.",
        okta_fix: Some(ENABLE_CODE_OKTA_FIX),
        generic_fix: ENABLE_CODE_FIX,
    },
    Entry {
        id: "custom-server-not-allowed",
        error_codes: &["unauthorized_client"],
        phrases: &["cannot use a custom authorization server"],
        grants: &[],
        cause: "The app belongs to the org authorization server and cannot use a custom one.",
        okta_fix: Some("use the org's issuer, without /oauth2/…, here and in the API server"),
        generic_fix: "use the issuer that the app belongs to, here and in the API server",
    },
    Entry {
        id: "grant-type-not-enabled",
        error_codes: &["unauthorized_client"],
        phrases: &["not authorized to use the provided grant type"],
        grants: &[],
        cause: "The grant type of the request is not enabled for the app.",
        okta_fix: Some(ENABLE_GRANT_OKTA_FIX),
        generic_fix: ENABLE_GRANT_FIX,
    },
    Entry {
        id: "pkce-required",
        error_codes: &["invalid_request"],
        phrases: &["code challenge is required", "code verifier is required"],
        grants: &[],
        cause: "The app requires PKCE, and the request had none.",
        okta_fix: None,
        generic_fix: "the app requires PKCE: remove --oidc-pkce-method=no",
    },
    Entry {
        id: "redirect-uri-not-registered",
        error_codes: &["invalid_request"],
        phrases: &["redirect_uri"],
        grants: &[],
        cause: "The redirect URI of the request is not one of the app's redirect URIs.",
        okta_fix: Some(
            "add the redirect URI, to the letter, to the app's sign-in redirect URIs (Okta > the app > General)",
        ),
        generic_fix: "add the redirect URI, to the letter, to the app's redirect URIs at the provider",
    },
    Entry {
        id: "several-client-credentials",
        error_codes: &["invalid_request", "invalid_client"],
        phrases: &["multiple client credentials"],
        grants: &[],
        cause: "The request authenticated the client in more than one way.",
        okta_fix: None,
        generic_fix: "the app takes one way of client authentication: compare --oidc-client-auth-method with it",
    },
    Entry {
        id: "too-many-groups",
        error_codes: &["server_error"],
        phrases: &["groups claim matched too many groups"],
        grants: &[],
        cause: "The groups claim matches more groups than the provider puts into a token.",
        okta_fix: Some(
            "more than 100 groups match: narrow the filter of the groups claim, for example to those that start \
             with k8s-",
        ),
        generic_fix: "narrow the groups claim at the provider, for example to groups that start with k8s-",
    },
    Entry {
        id: "claim-expression-failed",
        error_codes: &["server_error"],
        phrases: &["claim could not be evaluated"],
        grants: &[],
        cause: "The expression of a claim fails for this person.",
        okta_fix: Some(
            "a claim's expression fails for this user: Okta > Security > API > the server > Claims",
        ),
        generic_fix: "a claim's expression fails for this user: ask whoever runs the provider",
    },
    Entry {
        id: "client-secret-wrong",
        error_codes: &["invalid_client"],
        phrases: &["client secret supplied for a confidential client is invalid"],
        grants: &[],
        cause: "The client secret is wrong, or was replaced at the provider.",
        okta_fix: Some(
            "the secret is wrong or was changed at Okta: give the new one with --oidc-client-secret, or make the \
             app a native one",
        ),
        generic_fix: "the secret is wrong or was changed at the provider: give the new one with --oidc-client-secret",
    },
    Entry {
        id: "client-secret-missing",
        error_codes: &["invalid_client"],
        phrases: &["no client credentials found"],
        grants: &[],
        cause: "The app is a confidential client, and the request had no client secret.",
        okta_fix: Some(
            "the app expects a client secret or an assertion: give --oidc-client-secret or --oidc-client-private-key-file, or make the app a native \
             one without",
        ),
        generic_fix: "the app expects a client secret or an assertion: give --oidc-client-secret or --oidc-client-private-key-file, or make the app a public \
             client",
    },
    Entry {
        id: "client-credentials-invalid",
        error_codes: &["invalid_client"],
        phrases: &["client credentials are invalid"],
        grants: &[],
        cause: "The provider does not know this client ID, or the client secret is not the one of the app.",
        okta_fix: Some(
            "compare --oidc-client-id and --oidc-client-secret with the app; a native app has no secret",
        ),
        generic_fix: "compare --oidc-client-id and --oidc-client-secret with the app; a public client has no secret",
    },
    Entry {
        id: "client-id-unknown",
        error_codes: &["invalid_client"],
        phrases: &["client_id"],
        grants: &[],
        cause: "The provider has no active app with this client ID.",
        okta_fix: Some("compare --oidc-client-id with the app, and the issuer's domain with your org's"),
        generic_fix: "compare --oidc-client-id with the app, and --oidc-issuer-url with the provider that has it",
    },
    Entry {
        id: "code-invalid",
        error_codes: &["invalid_grant"],
        phrases: &["authorization code is invalid or has expired"],
        grants: &[],
        cause: "The authorization code is too old, was used before, or is of another authorization server.",
        okta_fix: None,
        generic_fix: "run the command again; if it comes back, something opens the redirect URI before the browser does",
    },
    Entry {
        id: "pkce-verification-failed",
        error_codes: &["invalid_grant"],
        phrases: &["pkce verification failed"],
        grants: &[],
        cause: "The code verifier of the token request does not belong to the authorization code.",
        okta_fix: None,
        generic_fix: "run the command again; two sign-ins may have got hold of each other's answer",
    },
];
