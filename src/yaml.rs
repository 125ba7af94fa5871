//! Writes JSON values as YAML in block style, for `--output=yaml`.
//!
//! Pure. Texts that another program could take for something else are in double quotes, as JSON writes them, which YAML 1.2 reads too.

use serde_json::Value;

use crate::untrusted_text::escaped_json;

/// Returns the value as a YAML document.
pub(crate) fn text(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text
}

fn write(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (number, (name, value)) in fields.iter().enumerate() {
                if number > 0 {
                    pad(text, indent);
                }
                *text += &scalar(name);
                text.push(':');
                write_below(text, value, indent);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    pad(text, indent);
                }
                *text += "- ";
                write(text, item, indent + 2);
            }
        }
        Value::String(string) => line(text, &scalar(string)),
        other => line(text, &other.to_string()),
    }
}

/// Writes the value of a key: a collection in the next lines, anything else in the same one.
fn write_below(text: &mut String, value: &Value, indent: usize) {
    let indent = match value {
        Value::Object(fields) if !fields.is_empty() => indent + 2,
        Value::Array(items) if !items.is_empty() => indent,
        _ => {
            text.push(' ');
            return write(text, value, indent);
        }
    };
    text.push('\n');
    pad(text, indent);
    write(text, value, indent);
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn line(text: &mut String, scalar: &str) {
    *text += scalar;
    text.push('\n');
}

/// Returns a text without quotes if every reader takes it for a text: it begins with a letter or `/` and has nothing of YAML's syntax.
fn scalar(string: &str) -> String {
    const WORDS: [&str; 11] = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf",
    ];
    let begins_well = string.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.@+:".contains(c);
    let is_word = WORDS.iter().any(|word| string.eq_ignore_ascii_case(word));
    if begins_well && string.chars().all(is_plain) && !string.ends_with(':') && !is_word {
        return string.to_owned();
    }
    escaped_json(&Value::from(string).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_in_block_style() {
        let value = json!({
            "a": {"b": [], "c": {}, "d": null},
            "list": [{"x": 1, "y": [true, "z"]}, "plain", ["in", "in"]],
            "u": "https://i.example.com/oauth2/default",
        });
        assert_eq!(
            text(&value),
            "a:\n  b: []\n  c: {}\n  d: null\nlist:\n- x: 1\n  \"y\":\n  - true\n  - z\n- plain\n- - in\n  - in\nu: https://i.example.com/oauth2/default\n"
        );
    }

    #[test]
    fn texts_that_mean_something_else_are_quoted() {
        for (string, written) in [
            ("yes", "\"yes\""),
            ("NULL", "\"NULL\""),
            ("1e3", "\"1e3\""),
            ("2026-11-27T21:40:38Z", "\"2026-11-27T21:40:38Z\""),
            ("a: b", "\"a: b\""),
            ("a:", "\"a:\""),
            ("a #b", "\"a #b\""),
            ("", "\"\""),
            ("- x", "\"- x\""),
            ("é", "\"é\""),
            ("a\"\\\n\u{9b}", "\"a\\\"\\\\\\n\\u009b\""),
            ("a@b.c", "a@b.c"),
            ("/home/x", "/home/x"),
        ] {
            assert_eq!(text(&Value::from(string)), format!("{written}\n"), "{string:?}");
        }
    }
}
