//! Secret values: tokens, codes, verifiers, client secrets, keys.
//!
//! Redacts secrets in `Debug`, and overwrites their memory on drop. There is no `Display` and no `Deref`: only [`Secret::expose`] returns
//! the text, so that a review finds each use by that name.

use std::fmt;

use data_encoding::Encoding;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Text that is redacted in `Debug`, and whose memory is overwritten on drop.
///
/// `Serialize` writes the text itself, for the session record. Nothing else may serialize it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. Pass it on and do not store it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text can be sent in the `Authorization` header. Go's HTTP client, and so kubectl, sends every byte except control
    /// characters other than a tab (`httpguts.ValidHeaderFieldValue`, RFC 9110 section 5.5).
    pub(crate) fn fits_header(&self) -> bool {
        !self
            .0
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
    }
}

/// For the body of a request, which owns the secret until it is dropped.
impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A key of 256 bits that is redacted in `Debug`, and whose memory is overwritten on drop.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretKey([u8; 32]);

impl SecretKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Decodes a key. `None` if the text is no key of 256 bits.
    pub(crate) fn parse(encoding: &Encoding, text: &[u8]) -> Option<Self> {
        let mut bytes = encoding.decode(text).ok()?;
        let key = bytes.as_slice().try_into().ok().map(Self);
        bytes.zeroize();
        key
    }

    /// Encodes the key as text.
    pub(crate) fn encode(&self, encoding: &Encoding) -> Secret {
        Secret::new(encoding.encode(&self.0))
    }

    /// Returns the bytes. Pass them on and do not store them.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether all bytes are 0, so that everybody knows the key.
    pub(crate) fn is_zero(&self) -> bool {
        self.0 == [0; 32]
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_redacted() {
        assert_eq!(
            format!("{:?}", Some(Secret::new("eyJhbGciOi"))),
            "Some([redacted])"
        );
        assert_eq!(format!("{:?}", SecretKey::new([7; 32])), "[redacted]");
    }

    #[test]
    fn only_control_characters_are_invalid_in_a_header() {
        for (text, fits) in [
            ("", true),
            ("AZaz09-._~+/=", true),
            ("a b\tc\u{e9}\u{1f511}", true),
            ("a\n", false),
            ("\ra", false),
            ("a\0b", false),
            ("\u{1b}[31m", false),
            ("a\u{7f}", false),
        ] {
            assert_eq!(Secret::new(text).fits_header(), fits, "{text:?}");
        }
    }

    #[test]
    fn only_an_encoded_key_is_decoded() {
        let hex = data_encoding::HEXLOWER;
        let key = SecretKey::new([7; 32]);
        let text = key.encode(&hex);
        assert_eq!(SecretKey::parse(&hex, text.expose().as_bytes()), Some(key));
        for other in [&b""[..], b"07", &text.expose().as_bytes()[..62], b"\xff"] {
            assert_eq!(SecretKey::parse(&hex, other), None);
        }
    }
}
