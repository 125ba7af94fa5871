//! Entries about the provider: its documents, the endpoints that it lacks, its refusal of the app, and tokens that it
//! bound to a key.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "discovery-not-found",
        summary: "there is no discovery document at the issuer",
        causes: &[
            "The issuer has a typo, or is not the one of the authorization server.",
            "At Okta: the org has no server `default`, which needs API Access Management; or the server's id is wrong.",
        ],
        fixes: &[
            "At Okta, look at Security > API: the Issuer URI of the server is the issuer. Without one, the issuer is https://ORG.okta.com.",
            "Change it in the API server too: both have to be the same, to the letter.",
        ],
    },
    OwnEntry {
        id: "issuer-mismatch",
        summary: "the issuer differs from the provider's own",
        causes: &[
            "A slash at the end, http in place of https, or another spelling of the host.",
            "At Okta: the authorization server's issuer is the org's address, and the custom domain is used here, or the other way round.",
            "At Entra: the address is that of all tenants, and the issuer has the tenant's id in it.",
        ],
        fixes: &[
            "Use the issuer that the error shows, here and in the API server. They are compared to the letter.",
            "Or change the issuer at the provider. At Okta: Security > API > the server > Issuer.",
            "`kubesesame token inspect` compares the token with the settings.",
        ],
    },
    OwnEntry {
        id: "provider-answer-invalid",
        summary: "an answer of the provider cannot be used",
        causes: &[
            "The discovery document, the keys or the token response break the rules of OAuth or OpenID Connect.",
            "A proxy changed or cut the answer.",
            "With --oidc-use-access-token: the access token has no lifetime, or characters that no header can carry.",
        ],
        fixes: &[
            "Try again; if it stays so, ask whoever runs the provider, and quote the text of the error. `-v=2` shows each request.",
            "Leave --oidc-use-access-token out if the cluster takes ID tokens.",
        ],
    },
    OwnEntry {
        id: "device-code-unsupported",
        summary: "the provider has no device codes",
        causes: &["The device authorization grant is not enabled at the provider."],
        fixes: &[
            "Use another --grant-type, such as authcode.",
            "At Okta: enable Device Authorization on the app, and in the rule of the access policy.",
        ],
    },
    OwnEntry {
        id: "pushed-requests-unsupported",
        summary: "the provider takes no pushed requests",
        causes: &[
            "--oidc-par=always was given, and the discovery document has no `pushed_authorization_request_endpoint` (RFC 9126).",
            "The endpoint is announced, and refuses this client: at Okta each org announces it, and only some have the feature.",
            "The provider refused a request because it was not pushed, and does not say where to push one.",
        ],
        fixes: &[
            "Leave out --oidc-par=always: without it a request is pushed where the provider demands it.",
            "If the provider demands it, ask whoever runs it to announce the endpoint.",
        ],
    },
    OwnEntry {
        id: "client-refused",
        summary: "the provider does not accept the client",
        causes: &[
            "The client id is of another provider or app.",
            "The app needs a secret and none was sent, or the secret is wrong.",
            "A gateway in front of the provider refused the request.",
        ],
        fixes: &[
            "Compare --oidc-client-id with the app, and the way in which it authenticates: a native app has no secret.",
            "A request header that a gateway wants: --oidc-request-header=NAME=VALUE",
        ],
    },
    OwnEntry {
        id: "token-bound-to-key",
        summary: "the token is bound to a key",
        causes: &[
            "The app is set to give out tokens that only the owner of a key can use (DPoP, client certificates). kubectl cannot use them.",
        ],
        fixes: &[
            "Leave out --oidc-use-access-token if the cluster takes ID tokens, which are bound to nothing.",
            "Or let the app have bearer tokens, and leave out --oidc-dpop=always. At Okta: the app > General > Require DPoP header in token requests.",
        ],
    },
    OwnEntry {
        id: "token-not-bound",
        summary: "the tokens are not bound to a key",
        causes: &[
            "--oidc-dpop=always was given, and the provider answers with bearer tokens: it has no DPoP, or not for this app.",
            "The session's tokens were bound before, and the provider, or something in front of it, no longer binds them.",
        ],
        fixes: &[
            "Turn DPoP on for the app. At Okta: the app > General > Require DPoP header in token requests.",
            "Or leave out --oidc-dpop=always, and sign in again: kubesesame login",
        ],
    },
];
