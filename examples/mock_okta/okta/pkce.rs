//! PKCE (RFC 7636), only S256: the form of a challenge, and the check of a verifier.

use super::{bodies, errors, exchange::Answer, token::invalid_grant};

/// Returns whether a challenge can be the base64url of a SHA-256.
pub(crate) fn is_sha256(challenge: &str) -> bool {
    data_encoding::BASE64URL_NOPAD
        .decode(challenge.as_bytes())
        .is_ok_and(|bytes| bytes.len() == 32)
}

/// Refuses a verifier that does not match the challenge, a missing verifier, and a verifier without a challenge.
pub(crate) fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Answer> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        // RFC 9700 2.1.1: a verifier without a challenge is a downgrade.
        (None, Some(_)) => Err(invalid_grant("PKCE verification failed.")),
        (Some(_), None) => Err(errors::oauth(
            400,
            "invalid_request",
            "PKCE code verifier is required by the application.",
        )),
        (Some(challenge), Some(verifier)) => {
            let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
            let well_formed = (43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved);
            if well_formed && bodies::sha256_base64url(verifier) == challenge {
                Ok(())
            } else {
                Err(invalid_grant("PKCE verification failed."))
            }
        }
    }
}
