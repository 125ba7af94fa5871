//! Provider errors and their fixes. The first entry that matches counts, so specific phrases come before general ones.

/// A known error of a provider.
pub(super) struct Entry {
    /// Values of the parameter `error` that this entry matches.
    pub(super) error_codes: &'static [&'static str],
    /// A part of the description, in lower case and without quotes. An empty phrase matches every description.
    pub(super) phrase: &'static str,
    /// What to do if the provider is Okta, with the place in its console.
    pub(super) okta_fix: &'static str,
    /// What to do at all other providers.
    pub(super) generic_fix: &'static str,
}

/// An entry with the same fix for all providers.
const fn entry(error_codes: &'static [&'static str], phrase: &'static str, fix: &'static str) -> Entry {
    okta(error_codes, phrase, fix, fix)
}

/// An entry with a fix for Okta and one for all other providers.
const fn okta(
    error_codes: &'static [&'static str],
    phrase: &'static str,
    okta_fix: &'static str,
    generic_fix: &'static str,
) -> Entry {
    Entry {
        error_codes,
        phrase,
        okta_fix,
        generic_fix,
    }
}

const ENABLE_CODE_OKTA_FIX: &str =
    "enable the grant type Authorization Code on the app (Okta > the app > General)";
const ENABLE_CODE_FIX: &str = "enable the authorization code flow on the app at the provider";
/// The placeholder for the name of the grant in a fix.
pub(super) const GRANT_PLACEHOLDER: &str = "GRANT_TYPE";
const ENABLE_GRANT_OKTA_FIX: &str = "enable the grant type GRANT_TYPE on the app (Okta > the app > General)";
const ENABLE_GRANT_FIX: &str = "enable the grant type GRANT_TYPE on the app at the provider";
const CHECK_SCOPES_OKTA_FIX: &str =
    "check --oidc-extra-scope; `offline_access` needs the grant type Refresh Token on the app";
const CHECK_SCOPES_FIX: &str =
    "check --oidc-extra-scope; `offline_access` has to be allowed for the app at the provider";
const REQUIRE_PKCE_FIX: &str = "the app requires PKCE: remove --oidc-pkce-method=no";

pub(super) const CATALOGUE: &[Entry] = &[
    okta(
        &["access_denied"],
        "not assigned to the client application",
        "ask an Okta administrator to assign you, or a group of yours, to the app (Applications > the app > Assignments)",
        "ask an administrator of the provider to allow you, or a group of yours, to use the app",
    ),
    okta(
        &["access_denied"],
        "policy evaluation failed",
        "no access policy fits: Okta > Security > API > the server > Access Policies needs a policy for this app and \
         a rule with the grant Authorization Code, your group and these scopes",
        "no policy of the provider allows this app, user, grant and scopes: ask its administrator",
    ),
    okta(
        &["access_denied"],
        "all the requested scopes were rejected",
        "the access policy's rule allows none of the scopes: widen it (Okta > Security > API > the server > Access \
         Policies), or ask for fewer with --oidc-extra-scope",
        "a policy of the provider allows none of the scopes: ask for fewer with --oidc-extra-scope, or have it widened",
    ),
    entry(
        &["access_denied"],
        "scopes requested for the refresh request were not granted",
        "what the session may ask for has changed at the provider: sign in anew",
    ),
    okta(
        &["access_denied"],
        "requested scopes were denied by the policy",
        "drop these scopes from --oidc-extra-scope, or widen the access policy's rule (Okta > Security > API)",
        "drop these scopes from --oidc-extra-scope, or have the provider's policy widened",
    ),
    okta(
        &["access_denied"],
        "permitted network zones",
        "connect from a network that the app allows (Okta > the app > General > network restrictions)",
        "connect from a network that the provider allows for this app",
    ),
    entry(
        &["access_denied"],
        "resource owner or authorization server denied",
        "the sign-in was cancelled, or a sign-on policy denied it: try again, or look at the app's authentication policy",
    ),
    okta(
        &["invalid_scope"],
        "not configured for the authorization server",
        "a scope does not exist there, most often `groups` on an authorization server of your own: remove it from \
         --oidc-extra-scope (a groups claim needs no scope) or create it (Okta > Security > API > the server > Scopes)",
        "a scope does not exist at the provider: remove it from --oidc-extra-scope",
    ),
    okta(
        &["invalid_scope"],
        "custom scopes are not allowed",
        "this issuer is the org's own server: use the custom server's issuer (https://…/oauth2/default) or drop the scope",
        "remove the scopes from --oidc-extra-scope that OpenID Connect does not define",
    ),
    okta(
        &["invalid_scope"],
        "invalid, unknown, malformed",
        CHECK_SCOPES_OKTA_FIX,
        CHECK_SCOPES_FIX,
    ),
    okta(
        &["invalid_scope"],
        "invalid, unknown, or malformed",
        CHECK_SCOPES_OKTA_FIX,
        CHECK_SCOPES_FIX,
    ),
    okta(
        &["invalid_scope"],
        "scopes are not allowed for this request",
        CHECK_SCOPES_OKTA_FIX,
        CHECK_SCOPES_FIX,
    ),
    entry(
        &["login_required"],
        "request expired",
        "the sign-in page was open for too long: run the command again",
    ),
    okta(
        &["interaction_required"],
        "interaction code flow",
        ENABLE_CODE_OKTA_FIX,
        ENABLE_CODE_FIX,
    ),
    okta(
        &["unsupported_response_type"],
        "",
        ENABLE_CODE_OKTA_FIX,
        ENABLE_CODE_FIX,
    ),
    okta(
        &["unauthorized_client"],
        "cannot use a custom authorization server",
        "use the org's issuer, without /oauth2/…, here and in the API server",
        "use the issuer that the app belongs to, here and in the API server",
    ),
    okta(
        &["unauthorized_client"],
        "not authorized to use the provided grant type",
        ENABLE_GRANT_OKTA_FIX,
        ENABLE_GRANT_FIX,
    ),
    okta(
        &["unsupported_grant_type"],
        "",
        ENABLE_GRANT_OKTA_FIX,
        ENABLE_GRANT_FIX,
    ),
    entry(
        &["invalid_request"],
        "code challenge is required",
        REQUIRE_PKCE_FIX,
    ),
    entry(
        &["invalid_request"],
        "code verifier is required",
        REQUIRE_PKCE_FIX,
    ),
    okta(
        &["invalid_request"],
        "redirect_uri",
        "add the redirect URI, to the letter, to the app's sign-in redirect URIs (Okta > the app > General)",
        "add the redirect URI, to the letter, to the app's redirect URIs at the provider",
    ),
    entry(
        &["invalid_request", "invalid_client"],
        "multiple client credentials",
        "the app takes one way of client authentication: compare it with --oidc-client-secret",
    ),
    okta(
        &["server_error"],
        "groups claim matched too many groups",
        "more than 100 groups match: narrow the filter of the groups claim, for example to those that start with k8s-",
        "narrow the groups claim at the provider, for example to groups that start with k8s-",
    ),
    okta(
        &["server_error"],
        "claim could not be evaluated",
        "a claim's expression fails for this user: Okta > Security > API > the server > Claims",
        "a claim's expression fails for this user: ask whoever runs the provider",
    ),
    okta(
        &["invalid_client"],
        "client secret supplied for a confidential client is invalid",
        "the secret is wrong or was changed at Okta: give the new one with --oidc-client-secret, or make the app a native one",
        "the secret is wrong or was changed at the provider: give the new one with --oidc-client-secret",
    ),
    okta(
        &["invalid_client"],
        "no client credentials found",
        "the app expects a client secret: give it with --oidc-client-secret, or make the app a native one without",
        "the app expects a client secret: give it with --oidc-client-secret, or make the app a public client",
    ),
    okta(
        &["invalid_client"],
        "client credentials are invalid",
        "compare --oidc-client-id and --oidc-client-secret with the app; a native app has no secret",
        "compare --oidc-client-id and --oidc-client-secret with the app; a public client has no secret",
    ),
    okta(
        &["invalid_client"],
        "client_id",
        "compare --oidc-client-id with the app, and the issuer's domain with your org's",
        "compare --oidc-client-id with the app, and --oidc-issuer-url with the provider that has it",
    ),
    entry(
        &["invalid_grant"],
        "authorization code is invalid or has expired",
        "run the command again; if it comes back, something opens the redirect URI before the browser does",
    ),
    entry(
        &["invalid_grant"],
        "pkce verification failed",
        "run the command again; two sign-ins may have got hold of each other's answer",
    ),
    okta(
        &["invalid_dpop_proof"],
        "",
        "the app requires DPoP, which is not sent yet: turn off \"Require DPoP header in token requests\" (Okta > the app)",
        "the app requires DPoP, which is not sent yet: turn that off at the provider",
    ),
];
