//! Okta's error texts and their cures. More special phrases stand before general ones.

/// One known error.
pub(super) struct Entry {
    /// Values of `error` that this text comes with.
    pub(super) errors: &'static [&'static str],
    /// In lower case, without quotes; an empty phrase fits every text.
    pub(super) phrase: &'static str,
    pub(super) fix: &'static str,
}

const fn entry(errors: &'static [&'static str], phrase: &'static str, fix: &'static str) -> Entry {
    Entry { errors, phrase, fix }
}

pub(super) const CATALOGUE: &[Entry] = &[
    entry(
        &["access_denied"],
        "not assigned to the client application",
        "ask an Okta administrator to assign you, or a group of yours, to the app (Applications > the app > Assignments)",
    ),
    entry(
        &["access_denied"],
        "policy evaluation failed",
        "no access policy fits: Okta > Security > API > the server > Access Policies needs a policy for this app and \
         a rule with the grant Authorization Code, your group and these scopes",
    ),
    entry(
        &["access_denied"],
        "all the requested scopes were rejected",
        "the access policy's rule allows none of the scopes: widen it (Okta > Security > API > the server > Access \
         Policies), or ask for fewer with --oidc-extra-scope",
    ),
    entry(
        &["access_denied"],
        "scopes requested for the refresh request were not granted",
        "what the session may ask for has changed at the provider: sign in anew",
    ),
    entry(
        &["access_denied"],
        "requested scopes were denied by the policy",
        "drop these scopes from --oidc-extra-scope, or widen the access policy's rule (Okta > Security > API)",
    ),
    entry(
        &["access_denied"],
        "permitted network zones",
        "connect from a network that the app allows (Okta > the app > General > network restrictions)",
    ),
    entry(
        &["access_denied"],
        "resource owner or authorization server denied",
        "the sign-in was cancelled, or a sign-on policy denied it: try again, or look at the app's authentication policy",
    ),
    entry(
        &["invalid_scope"],
        "not configured for the authorization server",
        "a scope does not exist there, most often `groups` on an authorization server of your own: remove it from \
         --oidc-extra-scope (a groups claim needs no scope) or create it (Okta > Security > API > the server > Scopes)",
    ),
    entry(
        &["invalid_scope"],
        "custom scopes are not allowed",
        "this issuer is the org's own server: use the custom server's issuer (https://…/oauth2/default) or drop the scope",
    ),
    entry(
        &["invalid_scope"],
        "invalid, unknown, malformed",
        "check --oidc-extra-scope; `offline_access` needs the grant type Refresh Token on the app",
    ),
    entry(
        &["invalid_scope"],
        "invalid, unknown, or malformed",
        "check --oidc-extra-scope; `offline_access` needs the grant type Refresh Token on the app",
    ),
    entry(
        &["invalid_scope"],
        "scopes are not allowed for this request",
        "check --oidc-extra-scope; `offline_access` needs the grant type Refresh Token on the app",
    ),
    entry(
        &["login_required"],
        "request expired",
        "the sign-in page was open for too long: run the command again",
    ),
    entry(
        &["interaction_required"],
        "interaction code flow",
        "enable the grant type Authorization Code on the app (Okta > the app > General)",
    ),
    entry(
        &["unsupported_response_type"],
        "",
        "enable the grant type Authorization Code on the app (Okta > the app > General)",
    ),
    entry(
        &["unauthorized_client"],
        "cannot use a custom authorization server",
        "use the org's issuer, without /oauth2/…, here and in the API server",
    ),
    entry(
        &["unauthorized_client"],
        "not authorized to use the provided grant type",
        "enable the grant type on the app: Authorization Code, and Refresh Token for renewal (Okta > the app > General)",
    ),
    entry(
        &["unsupported_grant_type"],
        "",
        "enable the grant type on the app: Authorization Code, and Refresh Token for renewal (Okta > the app > General)",
    ),
    entry(
        &["invalid_request"],
        "code challenge is required",
        "the app requires PKCE: remove --oidc-pkce-method=no",
    ),
    entry(
        &["invalid_request"],
        "code verifier is required",
        "the app requires PKCE: remove --oidc-pkce-method=no",
    ),
    entry(
        &["invalid_request"],
        "redirect_uri",
        "add the redirect URI, to the letter, to the app's sign-in redirect URIs (Okta > the app > General)",
    ),
    entry(
        &["invalid_request", "invalid_client"],
        "multiple client credentials",
        "the app takes one way of client authentication: compare it with --oidc-client-secret",
    ),
    entry(
        &["server_error"],
        "groups claim matched too many groups",
        "more than 100 groups match: narrow the filter of the groups claim, for example to those that start with k8s-",
    ),
    entry(
        &["server_error"],
        "claim could not be evaluated",
        "a claim's expression fails for this user: Okta > Security > API > the server > Claims",
    ),
    entry(
        &["invalid_client"],
        "client secret supplied for a confidential client is invalid",
        "the secret is wrong or was changed at Okta: give the new one with --oidc-client-secret, or make the app a native one",
    ),
    entry(
        &["invalid_client"],
        "no client credentials found",
        "the app expects a client secret: give it with --oidc-client-secret, or make the app a native one without",
    ),
    entry(
        &["invalid_client"],
        "client credentials are invalid",
        "compare --oidc-client-id and --oidc-client-secret with the app; a native app has no secret",
    ),
    entry(
        &["invalid_client"],
        "client_id",
        "compare --oidc-client-id with the app, and the issuer's domain with your org's",
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
    entry(
        &["invalid_dpop_proof"],
        "",
        "the app requires DPoP, which is not sent yet: turn off \"Require DPoP header in token requests\" (Okta > the app)",
    ),
];
