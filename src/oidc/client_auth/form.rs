//! A form that is about to be posted, with secrets in it.

use form_urlencoded::byte_serialize;
use zeroize::Zeroize;

use crate::secret::Secret;

/// Longer forms are rare: a refresh token has a few KiB at most.
const CAPACITY: usize = 16 * 1024;

/// `application/x-www-form-urlencoded` text, wiped on drop.
pub(crate) struct Form(String);

impl Default for Form {
    fn default() -> Self {
        Self(String::with_capacity(CAPACITY))
    }
}

impl Form {
    /// Adds a parameter.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
    }

    /// Adds the parameters in this order.
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

/// Encodes as Go's `url.QueryEscape`: `~` stays and `*` does not, other than in a form. Some providers compare without decoding.
pub(super) fn query_escape(text: &str) -> Secret {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // Long enough at once, so that no copy of the secret is left behind by growth.
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
