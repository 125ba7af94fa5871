//! Entries about tokens: missing or not accepted, the clocks that decide it, and what `token inspect` was given.

use super::OwnEntry;

pub(super) const ENTRIES: &[OwnEntry] = &[
    OwnEntry {
        id: "id-token-missing",
        summary: "the provider sent no ID token",
        causes: &[
            "The scope `openid` is not granted to the app, or the parameter `scope` replaces all scopes.",
            "A program that signs in for itself gets none (client-credentials).",
        ],
        fixes: &[
            "Allow the scope `openid` for the app at the provider.",
            "For client-credentials add --oidc-use-access-token, if the API server accepts such tokens.",
        ],
    },
    OwnEntry {
        id: "clock",
        summary: "the clocks do not agree",
        causes: &[
            "The clock of this machine is wrong by more than 5 minutes: a laptop after sleep, a virtual machine, a container host.",
            "The provider's clock is wrong.",
        ],
        fixes: &[
            "Set the clock: timedatectl set-ntp true. To compare it: date -u",
            "`kubesesame doctor` compares the clock with the provider's.",
            "The API server has a clock too, and gives the end of a token no leeway.",
        ],
    },
    OwnEntry {
        id: "token-too-long",
        summary: "the token is too long",
        causes: &["The groups claim has thousands of groups."],
        fixes: &[
            "Narrow the groups claim to the groups that the cluster uses. At Okta: the claim's filter, for example `Starts with k8s-`.",
            "Okta itself refuses a token when more than 100 groups match.",
        ],
    },
    OwnEntry {
        id: "token-invalid",
        summary: "the token cannot be accepted",
        causes: &[
            "It is encrypted, not signed, of another type, or has an algorithm that the provider does not announce.",
            "A claim that OpenID Connect requires is missing or has a wrong type.",
        ],
        fixes: &[
            "`kubesesame token inspect` shows what is in a token, and what is wrong with it.",
            "Turn off the encryption of ID tokens for the app. Look at its claims, or tell whoever runs the provider.",
        ],
    },
    OwnEntry {
        id: "audience-mismatch",
        summary: "the token is for another client",
        causes: &[
            "--oidc-client-id is not the client id of the app that signed you in.",
            "A gateway or broker exchanged the token.",
        ],
        fixes: &[
            "Compare --oidc-client-id with the app, and with the API server's --oidc-client-id or `audiences`.",
            "`kubesesame token inspect` compares them.",
        ],
    },
    OwnEntry {
        id: "signature-not-verified",
        summary: "the token's signature cannot be verified",
        causes: &[
            "The provider has just changed its keys.",
            "The app has a signing key of its own, which is not in the key set.",
            "The token was changed, or is of another provider.",
        ],
        fixes: &[
            "Try again in a minute.",
            "Let the app use the keys of the provider's key set (`jwks_uri`): the API server looks there too.",
        ],
    },
    OwnEntry {
        id: "token-on-command-line",
        summary: "a token was passed as an argument",
        causes: &[
            "`token inspect` takes the name of a file, and was given the token itself. Other users of the machine can see arguments.",
        ],
        fixes: &[
            "Take the token as no longer secret if these users are not trusted.",
            "Pass it by a file or a pipe: … | kubesesame token inspect -",
        ],
    },
    OwnEntry {
        id: "token-not-given",
        summary: "there is no token to look at",
        causes: &["The file or the pipe is empty, cannot be read, or has JSON without a token in it."],
        fixes: &[
            "Look at the command that was to write the token.",
            "kubesesame get-token … | kubesesame token inspect - shows a fresh one.",
        ],
    },
];
