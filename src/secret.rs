//! A value that must not be seen: tokens, codes, verifiers, client secrets.
//!
//! Owns redaction and wiping. Never prints, never derefs: whoever needs the text calls [`Secret::expose`],
//! and that word marks the border in a review.

use std::fmt;

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

    /// Returns the text, to be handed on and not kept.
    pub(crate) fn expose(&self) -> &str {
        &self.0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        assert_eq!(
            format!("{:?}", Some(Secret::new("eyJhbGciOi"))),
            "Some([redacted])"
        );
    }
}
