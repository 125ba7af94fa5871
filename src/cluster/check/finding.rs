//! What is found in a configuration, in the API server's words.

use std::fmt;

use super::go_text::quoted;

/// An error of the API server's validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// Such as `jwt[0].issuer.url`.
    pub(crate) field: String,
    /// What follows the field in the API server's message.
    pub(crate) body: String,
}

impl FieldError {
    fn new(field: impl Into<String>, body: String) -> Self {
        Self {
            field: field.into(),
            body,
        }
    }

    pub(super) fn required(field: impl Into<String>, detail: &str) -> Self {
        let detail = if detail.is_empty() {
            String::new()
        } else {
            format!(": {detail}")
        };
        Self::new(field, format!("Required value{detail}"))
    }

    pub(super) fn invalid(field: impl Into<String>, value: &str, detail: &str) -> Self {
        Self::new(field, format!("Invalid value: {}: {detail}", quoted(value)))
    }

    /// The same for a value that is no text, as JSON.
    pub(super) fn invalid_json(field: impl Into<String>, json: &str, detail: &str) -> Self {
        Self::new(field, format!("Invalid value: {json}: {detail}"))
    }

    pub(super) fn duplicate(field: impl Into<String>, value: &str) -> Self {
        Self::new(field, format!("Duplicate value: {}", quoted(value)))
    }

    pub(super) fn too_many(field: impl Into<String>, found: usize, allowed: usize) -> Self {
        Self::new(
            field,
            format!("Too many: {found}: must have at most {allowed} items"),
        )
    }

    pub(super) fn internal(field: impl Into<String>, detail: &str) -> Self {
        Self::new(field, format!("Internal error: {detail}"))
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body)
    }
}
