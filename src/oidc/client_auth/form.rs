//! The form of a request, which contains secrets.

use form_urlencoded::byte_serialize;
use zeroize::Zeroize;

use crate::secret::Secret;

/// Large enough for almost every form, so that the text is not moved in memory. A refresh token has a few KiB at most.
const CAPACITY_BYTES: usize = 16 * 1024;

/// `application/x-www-form-urlencoded` text. Its memory is overwritten on drop.
pub(crate) struct Form(String);

impl Default for Form {
    fn default() -> Self {
        Self(String::with_capacity(CAPACITY_BYTES))
    }
}

impl Form {
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
    }

    /// Creates a form with the parameters in this order.
    pub(crate) fn new(parameters: &[(&str, &str)]) -> Self {
        let mut form = Self::default();
        for (name, value) in parameters {
            form.add(name, value);
        }
        form
    }

    pub(crate) fn into_text(mut self) -> Secret {
        Secret::new(std::mem::take(&mut self.0))
    }
}

/// Encodes a text like Go's `url.QueryEscape`: unlike in a form, `~` is not encoded, and `*` is. Some providers compare without decoding.
pub(super) fn query_escape(text: &str) -> Secret {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // The capacity suffices for every text: growing would leave a copy of the secret in freed memory.
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            _ => {
                escaped.push('%');
                escaped.push(char::from(HEX[usize::from(byte >> 4)]));
                escaped.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    Secret::new(escaped)
}

impl Clone for Form {
    fn clone(&self) -> Self {
        let mut form = Self::default();
        form.0.push_str(&self.0);
        form
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
