//! Errors about the parameters of a request, most of which `--oidc-auth-request-extra-params` adds.

use super::entry::Entry;

const REMOVE_PROMPT_FIX: &str =
    "remove `prompt=none` from --oidc-auth-request-extra-params, so that the browser may ask";
const REMOVE_SCOPE_FIX: &str = "`openid` is asked for unless the parameter `scope` replaces all scopes: remove it from --oidc-auth-request-extra-params";

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "acr-values-not-supported",
        error_codes: &["access_denied", "invalid_request"],
        phrases: &["acr_values not supported"],
        grants: &[],
        cause: "The parameter `acr_values` of the request names a level that the authorization server does not have.",
        okta_fix: None,
        generic_fix: "remove `acr_values` from --oidc-auth-request-extra-params",
    },
    Entry {
        id: "openid-scope-missing",
        error_codes: &["invalid_scope", "access_denied"],
        phrases: &["require the openid scope"],
        grants: &[],
        cause: "The request asks for claims of a person without the scope `openid`.",
        okta_fix: None,
        generic_fix: REMOVE_SCOPE_FIX,
    },
    Entry {
        id: "scopes-missing",
        error_codes: &["invalid_scope"],
        phrases: &["no scopes were requested", "scope must be provided"],
        grants: &[],
        cause: "The request asks for no scope, and the authorization server has no default ones.",
        okta_fix: None,
        generic_fix: REMOVE_SCOPE_FIX,
    },
    Entry {
        id: "prompt-none-refused",
        error_codes: &["login_required"],
        phrases: &["client specified not to prompt", "prompt value of none requires"],
        grants: &[],
        cause: "The request has `prompt=none`, and the provider has to ask the person.",
        okta_fix: None,
        generic_fix: REMOVE_PROMPT_FIX,
    },
    Entry {
        id: "consent-missing",
        error_codes: &["consent_required"],
        phrases: &["scopes require user consent"],
        grants: &[],
        cause: "The request has `prompt=none`, and the person has not consented to the scopes yet.",
        okta_fix: Some(
            "remove `prompt=none` from --oidc-auth-request-extra-params, or switch off \"Require consent\" (Okta > the app > \
             General)",
        ),
        generic_fix: REMOVE_PROMPT_FIX,
    },
    Entry {
        id: "state-invalid",
        error_codes: &["invalid_request"],
        phrases: &["invalid state parameter"],
        grants: &[],
        cause: "The `state` of the request was changed or removed on its way.",
        okta_fix: None,
        generic_fix: "something between browser and provider changes addresses, such as a proxy: try another network or browser",
    },
    Entry {
        id: "pushed-request-required",
        error_codes: &["invalid_request"],
        phrases: &[
            "pushed authorization",
            "request must be pushed",
            "requests must be pushed",
            "par is required",
            "par required",
            "request_uri is required",
            "request_uri required",
            "request_uri parameter is required",
            "request_uri is missing",
            "missing request_uri",
            "missing parameter: request_uri",
        ],
        grants: &[],
        cause: "The provider takes an authorization request only if it was pushed to it before (RFC 9126), and this one was not.",
        okta_fix: None,
        generic_fix: "leave out --oidc-par=never; if it is not there, the request was pushed, and whoever runs the provider has to see why it is refused",
    },
    Entry {
        id: "pushed-request-ended",
        error_codes: &["invalid_request", "invalid_request_uri"],
        phrases: &["request_uri", "request uri"],
        grants: &[],
        cause: "The provider no longer has the request that was pushed to it: each is good for one sign-in and a short time.",
        okta_fix: None,
        generic_fix: "run the command again, and open the address at once and once only",
    },
    Entry {
        id: "pkce-method-not-supported",
        error_codes: &["invalid_request"],
        phrases: &["code challenge method is not supported"],
        grants: &[],
        cause: "The provider accepts no PKCE challenge of the method S256.",
        okta_fix: None,
        generic_fix: "have S256 allowed for the app at the provider; the last resort is --oidc-pkce-method=no",
    },
    Entry {
        id: "other-authorization-server",
        error_codes: &["invalid_request", "invalid_grant"],
        phrases: &["issued for another authorization server"],
        grants: &[],
        cause: "The code is of another authorization server of the provider than the token request.",
        okta_fix: None,
        generic_fix: "compare --oidc-issuer-url with the issuer that the API server has, and run the command again",
    },
    Entry {
        id: "app-is-for-browsers",
        error_codes: &["invalid_client", "invalid_request"],
        phrases: &["browser requests to the token endpoint"],
        grants: &[],
        cause: "The app is a single-page application, whose requests have to come from a page.",
        okta_fix: Some(
            "make a native app in its place (Okta > Applications > Create App Integration > Native)",
        ),
        generic_fix: "register a native app in its place: this one takes requests from pages only",
    },
];
