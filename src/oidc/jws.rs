//! Signed texts that this client makes: client assertions and DPoP proofs (RFC 7515 7.1, compact serialization).
//!
//! Owns the encoding, and the random id of such a text. Does not know what it is signed with.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::oidc::errors::Error;

/// Returns the signed text.
pub(in crate::oidc) fn compact(
    header: Map<String, Value>,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<String, Error> {
    let encoded = |json: String| BASE64URL_NOPAD.encode(json.as_bytes());
    let message = format!(
        "{}.{}",
        encoded(Value::Object(header).to_string()),
        encoded(claims.to_string())
    );
    let signature = BASE64URL_NOPAD.encode(&sign(message.as_bytes())?);
    Ok(format!("{message}.{signature}"))
}

/// Returns a `jti` that no other text has: 128 random bits. A provider takes each only once.
pub(in crate::oidc) fn random_id() -> Result<String, Error> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Internal("random bytes"))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}
