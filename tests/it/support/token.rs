//! What is in a token.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// The claims of a token that is a JWT.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The token with other claims, and so with a signature that does not fit.
pub(crate) fn with_claims(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims = claims_of(token);
    change(&mut claims);
    let payload = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    format!("{}.{payload}.{}", parts[0], parts[2])
}
