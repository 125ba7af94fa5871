//! Errors about DPoP proofs (RFC 9449). The texts are Okta's.

use super::entry::Entry;

/// The entries whose cause is a clock.
pub(super) const CLOCK_IDS: [&str; 2] = ["dpop-proof-from-the-future", "dpop-proof-too-old"];

/// The entry of a session whose key is another one.
pub(super) const OTHER_KEY_ID: &str = "dpop-other-key";

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "dpop-required",
        error_codes: &["invalid_dpop_proof"],
        phrases: &["proof jwt header is missing", "proof is missing"],
        grants: &[],
        cause: "The app requires DPoP (RFC 9449), which binds a token to a key, and the request had no proof of a key.",
        okta_fix: Some(
            "leave out --oidc-dpop=never; or turn off \"Require DPoP header in token requests\" (Okta > the app > General)",
        ),
        generic_fix: "leave out --oidc-dpop=never; or turn DPoP off for this app at the provider",
    },
    Entry {
        id: "dpop-proof-from-the-future",
        error_codes: &["invalid_dpop_proof"],
        phrases: &["issued in the future"],
        grants: &[],
        cause: "The DPoP proof was made later than now by the provider's clock, so one of the clocks is wrong.",
        okta_fix: None,
        generic_fix: "compare this machine's clock with the provider's: it seems to be ahead",
    },
    Entry {
        id: "dpop-proof-too-old",
        error_codes: &["invalid_dpop_proof"],
        phrases: &["minutes in the past", "proof jwt is expired"],
        grants: &[],
        cause: "The DPoP proof was made long ago by the provider's clock, so one of the clocks is wrong.",
        okta_fix: None,
        generic_fix: "compare this machine's clock with the provider's: it seems to be behind",
    },
    Entry {
        id: OTHER_KEY_ID,
        error_codes: &["invalid_dpop_proof", "invalid_grant"],
        phrases: &["dpop public key binding", "dpop key"],
        grants: &[],
        cause: "The refresh token is bound to another key than that of this session.",
        okta_fix: None,
        generic_fix: "sign in again; the session's key was lost, or its file is a copy from another sign-in",
    },
    Entry {
        id: "dpop-nonce-refused",
        error_codes: &["use_dpop_nonce"],
        phrases: &[],
        grants: &[],
        cause: "The provider wants a nonce in the DPoP proof, and did not take the one that it had sent.",
        okta_fix: None,
        generic_fix: "try again; if it stays so, ask whoever runs the provider: several servers of it may not share their nonces",
    },
    Entry {
        id: "dpop-proof-refused",
        error_codes: &["invalid_dpop_proof"],
        phrases: &[],
        grants: &[],
        cause: "The provider does not take the DPoP proof of the request.",
        okta_fix: None,
        generic_fix: "see what the description says; -vv shows the requests. A proxy that rewrites addresses changes what a proof is compared with. \
                      --oidc-dpop=never sends none",
    },
];
