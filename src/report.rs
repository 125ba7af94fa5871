//! A failure as text, which can be printed, and stored to be reported again.

use serde::{Deserialize, Serialize};

/// A failure as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) causes: Vec<String>,
    #[serde(default)]
    pub(crate) hint: Option<String>,
    #[serde(default)]
    pub(crate) note: Option<String>,
    /// The exit code.
    pub(crate) exit: u8,
}

#[cfg(test)]
impl Report {
    /// A failure with exit code 1 and nothing but this text.
    pub(crate) fn sample(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            causes: vec![],
            hint: None,
            note: None,
            exit: 1,
        }
    }
}
