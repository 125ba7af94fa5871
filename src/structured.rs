//! Results for other programs, as JSON or YAML.
//!
//! Both are harmless at a terminal: characters that could move the cursor, hide text or change its direction are escaped, and the values stay
//! the same.

use serde_json::Value;

use crate::cli::OutputFormat;
use crate::kubeconfig;
use crate::untrusted_text::escaped_json;

/// Returns a value in this format, with a line end.
pub(crate) fn document(value: &Value, format: OutputFormat) -> String {
    match format {
        OutputFormat::Json => escaped_json(&format!("{value:#}\n")),
        // What is not printable is in double quotes there, so an escape of JSON is one of YAML too.
        OutputFormat::Yaml => escaped_json(&kubeconfig::yaml(value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_has_the_layout_of_kubectl_and_no_control_characters() {
        let value = json!({
            "claims": {"aud": ["a", "b"], "empty": [], "iss": "https://i.example/a", "none": null, "sub": "007"},
            "odd name": "a: \"b\"\n\u{1b}[31m\u{202e}",
        });
        assert_eq!(
            document(&value, OutputFormat::Yaml),
            "claims:\n  aud:\n  - a\n  - b\n  empty: []\n  iss: https://i.example/a\n  none: null\n  sub: \"007\"\n\
             \"odd name\": \"a: \\\"b\\\"\\n\\u001b[31m\\u202e\"\n"
        );
        assert_eq!(
            document(&json!({"a": "\u{9b}\u{202e}"}), OutputFormat::Json),
            "{\n  \"a\": \"\\u009b\\u202e\"\n}\n"
        );
    }
}
