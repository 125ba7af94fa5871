//! Small encodings that several endpoints need: random values, base64url, HTML text, form encoding.

use aws_lc_rs::{digest, rand};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

/// Returns 32 random bytes as base64url, the shape of Okta's codes and tokens.
pub(crate) fn random() -> String {
    random_of::<32>()
}

/// Returns so many random bytes as base64url.
pub(crate) fn random_of<const LENGTH: usize>() -> String {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    base64url(&bytes)
}

/// Returns a random UUID (version 4): the shape of Okta's device codes.
pub(crate) fn uuid() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = HEXLOWER.encode(&bytes);
    [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ]
    .join("-")
}

/// Returns eight random capitals to be typed; no vowels, so that they spell nothing (RFC 8628 6.1).
pub(crate) fn user_code() -> String {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut bytes = [0_u8; 8];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// Encodes as base64url without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Returns the base64url of the SHA-256: the S256 challenge of a verifier (RFC 7636 4.2).
pub(crate) fn sha256_base64url(text: &str) -> String {
    base64url(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// Returns the left half of the SHA-256 as base64url: `at_hash` for RS256 (OIDC Core 3.1.3.6).
pub(crate) fn half_hash(text: &str) -> String {
    base64url(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}

/// Escapes text for HTML content and quoted attributes.
pub(crate) fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Returns parameters in form encoding.
pub(crate) fn encoded(parameters: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}
