//! Errors of the token endpoint about the signed assertion of a client.

use super::Row;

/// What Okta says of a client assertion that it refuses.
pub(super) const OF_ASSERTIONS: [Row; 17] = [
    (
        "invalid_client",
        "The issuer claim for client_assertion is not a valid client_id.",
        "assertion-of-another-client",
    ),
    (
        "invalid_client",
        "The subject claim for client_assertion is not a valid client_id.",
        "assertion-of-another-client",
    ),
    (
        "invalid_client",
        "The audience claim for client_assertion must be the endpoint invoked for the request.",
        "assertion-audience-refused",
    ),
    (
        "invalid_client",
        "The client_assertion must contain the 'exp' claim as seconds since epoch.",
        "assertion-unreadable",
    ),
    (
        "invalid_client",
        "The client_assertion token is expired.",
        "assertion-expired",
    ),
    (
        "invalid_client",
        "The client_assertion token has an expiration too far into the future.",
        "assertion-lives-too-long",
    ),
    (
        "invalid_client",
        "The client_assertion token must be issued before the current time.",
        "assertion-from-the-future",
    ),
    (
        "invalid_client",
        "The client_assertion token has already been used.",
        "assertion-used-before",
    ),
    (
        "invalid_client",
        "The client_assertion signature is invalid.",
        "assertion-signature-invalid",
    ),
    (
        "invalid_client",
        "The parsing of the client_assertion failed.",
        "assertion-unreadable",
    ),
    (
        "invalid_client",
        "The client_assertion JWT kid is invalid.",
        "assertion-key-unknown",
    ),
    (
        "invalid_client",
        "The client JWKSet is invalid.",
        "assertion-keys-missing",
    ),
    (
        "invalid_client",
        "The client_assertion JWT signature algorithm is invalid.",
        "assertion-algorithm-refused",
    ),
    (
        "invalid_client",
        "The client secret is too short to verify a JWT HMAC.",
        "assertion-secret-too-short",
    ),
    (
        "invalid_client",
        "The client does not have a JWKSet configured, but the client_assertion requires one.",
        "assertion-keys-missing",
    ),
    (
        "invalid_client",
        "Error retrieving the client JWKSet from jwks_uri.",
        "assertion-keys-missing",
    ),
    (
        "invalid_request",
        "The client_assertion_type is invalid.",
        "assertion-unreadable",
    ),
];
