//! A value that must not be seen: tokens, codes, verifiers, client secrets, keys.
//!
//! Owns redaction and wiping. Never prints, never derefs: whoever needs the text calls [`Secret::expose`],
//! and that word marks the border in a review.

use std::fmt;

use data_encoding::Encoding;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Text that is redacted in `Debug` and wiped on drop.
///
/// It is serialised in the clear, since the session record has to hold it; nothing else serialises it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, to be passed on and not kept.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can be sent in the header `Authorization`. Go's HTTP client, and so kubectl, sends every byte but control characters
    /// (`httpguts.ValidHeaderFieldValue`; RFC 9110 5.5 has a tab and bytes beyond ASCII among those of a value).
    pub(crate) fn fits_header(&self) -> bool {
        !self
            .0
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
    }
}

/// For a request's body, which is wiped with it.
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

/// A key of 256 bits that is redacted in `Debug` and wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretKey([u8; 32]);

impl SecretKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a key that was written as text; anything else is none.
    pub(crate) fn parse(encoding: &Encoding, text: &[u8]) -> Option<Self> {
        let mut bytes = encoding.decode(text).ok()?;
        let key = bytes.as_slice().try_into().ok().map(Self);
        bytes.zeroize();
        key
    }

    /// Returns the key as text.
    pub(crate) fn encode(&self, encoding: &Encoding) -> Secret {
        Secret::new(encoding.encode(&self.0))
    }

    /// Returns the bytes, to be passed on and not kept.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
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
    fn debug_shows_nothing_of_the_text() {
        assert_eq!(
            format!("{:?}", Some(Secret::new("eyJhbGciOi"))),
            "Some([redacted])"
        );
        assert_eq!(format!("{:?}", SecretKey::new([7; 32])), "[redacted]");
    }

    #[test]
    fn only_control_characters_do_not_fit_a_header() {
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
    fn a_key_comes_back_from_its_text_and_nothing_else_is_one() {
        let hex = data_encoding::HEXLOWER;
        let key = SecretKey::new([7; 32]);
        let text = key.encode(&hex);
        assert_eq!(SecretKey::parse(&hex, text.expose().as_bytes()), Some(key));
        for other in [&b""[..], b"07", &text.expose().as_bytes()[..62], b"\xff"] {
            assert_eq!(SecretKey::parse(&hex, other), None);
        }
    }
}
