//! Errors about the signed assertion of a client (RFC 7523). The texts are Okta's.

use super::entry::Entry;

/// The entries whose cause is a clock.
pub(super) const CLOCK_IDS: [&str; 3] = [
    "assertion-expired",
    "assertion-from-the-future",
    "assertion-lives-too-long",
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "assertion-audience-refused",
        error_codes: &["invalid_client"],
        phrases: &["audience claim for client_assertion"],
        grants: &[],
        cause: "The client assertion names another audience (`aud`) than the provider expects.",
        okta_fix: Some("remove --oidc-client-auth-audience: Okta wants the endpoint that is called"),
        generic_fix: "use --oidc-client-auth-audience=issuer, or the URL that the provider's documentation names as the audience",
    },
    Entry {
        id: "assertion-expired",
        error_codes: &["invalid_client"],
        phrases: &["client_assertion token is expired", "client_assertion is expired"],
        grants: &[],
        cause: "The client assertion had ended by the provider's clock, so one of the clocks is wrong.",
        okta_fix: None,
        generic_fix: "compare this machine's clock with the provider's: an assertion lives for a minute",
    },
    Entry {
        id: "assertion-from-the-future",
        error_codes: &["invalid_client"],
        phrases: &["must be issued before the current time"],
        grants: &[],
        cause: "The client assertion was made later than now by the provider's clock, so one of the clocks is wrong.",
        okta_fix: None,
        generic_fix: "compare this machine's clock with the provider's: it seems to be ahead",
    },
    Entry {
        id: "assertion-lives-too-long",
        error_codes: &["invalid_client"],
        phrases: &["expiration too far into the future"],
        grants: &[],
        cause: "The client assertion ends later than the provider allows, so one of the clocks is wrong.",
        okta_fix: None,
        generic_fix: "compare this machine's clock with the provider's: an assertion lives for a minute, and the clock seems to be far ahead",
    },
    Entry {
        id: "assertion-used-before",
        error_codes: &["invalid_client"],
        phrases: &["has already been used"],
        grants: &[],
        cause: "The provider has seen this client assertion before, and takes each only once.",
        okta_fix: None,
        generic_fix: "run the command again, since each request has a new assertion; if it comes back, something between here and the provider \
                      sends requests twice",
    },
    Entry {
        id: "assertion-key-unknown",
        error_codes: &["invalid_client"],
        phrases: &["client_assertion jwt kid is invalid"],
        grants: &[],
        cause: "The app has no key of the name (`kid`) that the client assertion has.",
        okta_fix: Some(
            "compare --oidc-client-key-id with the `kid` of the app's keys (Okta > the app > General > Client Credentials > PUBLIC KEYS)",
        ),
        generic_fix: "compare --oidc-client-key-id with the `kid` of the app's keys at the provider",
    },
    Entry {
        id: "assertion-signature-invalid",
        error_codes: &["invalid_client"],
        phrases: &["client_assertion signature is invalid"],
        grants: &[],
        cause: "The client assertion was signed with another secret or key than the app has at the provider.",
        okta_fix: None,
        generic_fix: "compare the secret, or the public part of --oidc-client-private-key-file, with what the app has at the provider",
    },
    Entry {
        id: "assertion-algorithm-refused",
        error_codes: &["invalid_client"],
        phrases: &["client_assertion jwt signature algorithm is invalid"],
        grants: &[],
        cause: "The provider expects another signature algorithm of the app's assertions.",
        okta_fix: None,
        generic_fix: "compare --oidc-client-auth-method and the kind of the key with the app: a secret signs HS256, an RSA key RS256, an EC key \
                      ES256, ES384 or ES512",
    },
    Entry {
        id: "assertion-secret-too-short",
        error_codes: &["invalid_client"],
        phrases: &["client secret is too short to verify"],
        grants: &[],
        cause: "The app's secret at the provider is too short for an HMAC.",
        okta_fix: None,
        generic_fix: "give the app a secret of at least 32 characters, or a key (private_key_jwt)",
    },
    Entry {
        id: "assertion-keys-missing",
        error_codes: &["invalid_client"],
        phrases: &[
            "does not have a jwkset configured",
            "client jwkset is invalid",
            "retrieving the client jwkset",
        ],
        grants: &[],
        cause: "The provider has no key to check the client assertion with, or cannot read it.",
        okta_fix: Some(
            "register the public part of the key (Okta > the app > General > Client Credentials > Public key / Private key)",
        ),
        generic_fix: "register the public part of --oidc-client-private-key-file at the provider, or correct the `jwks_uri` of the app",
    },
    Entry {
        id: "assertion-of-another-client",
        error_codes: &["invalid_client"],
        phrases: &["claim for client_assertion is not a valid client_id"],
        grants: &[],
        cause: "The provider has no active app of the client ID that the assertion names.",
        okta_fix: Some("compare --oidc-client-id with the app, and the issuer's domain with your org's"),
        generic_fix: "compare --oidc-client-id with the app, and --oidc-issuer-url with the provider that has it",
    },
    Entry {
        id: "assertion-unreadable",
        error_codes: &["invalid_client", "invalid_request"],
        phrases: &[
            "parsing of the client_assertion failed",
            "must contain the exp claim",
            "client_assertion_type is invalid",
        ],
        grants: &[],
        cause: "The provider could not read the client assertion.",
        okta_fix: None,
        generic_fix: "something between here and the provider changes requests; if nothing does, use another --oidc-client-auth-method",
    },
];
