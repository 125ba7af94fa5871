//! Results for other programs, as JSON or YAML.
//!
//! Both are harmless at a terminal: characters that could move the cursor, hide text or change its direction are escaped, and the values stay
//! the same.

use std::fmt::Write as _;

use serde_json::Value;

use crate::untrusted_text::{escaped_json, is_harmless};

/// Returns a value as JSON, with a line end.
pub(crate) fn json(value: &Value) -> String {
    escaped_json(&format!("{value:#}\n"))
}

/// Returns a value as YAML, with a line end.
pub(crate) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, 0);
    text.trim_start().to_owned()
}

/// Writes what follows a key or a dash, with the line end.
fn write_value(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                indent(text, depth);
                text.push('-');
                write_item(text, item, depth + 1);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            for (name, member) in members {
                indent(text, depth);
                write_member(text, name, member, depth);
            }
        }
        Value::String(string) => text.extend([" ", &scalar(string), "\n"]),
        // The empty list, the empty object, numbers, booleans and null are the same in YAML.
        value => text.extend([" ", &value.to_string(), "\n"]),
    }
}

/// Writes an item of a list. The first member of an object is in the line of the dash.
fn write_item(text: &mut String, item: &Value, depth: usize) {
    match item {
        Value::Object(members) if !members.is_empty() => {
            for (at, (name, member)) in members.iter().enumerate() {
                if at == 0 {
                    text.push(' ');
                } else {
                    indent(text, depth);
                }
                write_member(text, name, member, depth);
            }
        }
        item => write_value(text, item, depth),
    }
}

fn write_member(text: &mut String, name: &str, member: &Value, depth: usize) {
    text.push_str(&scalar(name));
    text.push(':');
    // A list below a key begins in the column of the key, as kubectl writes it.
    let below = if member.is_array() { depth } else { depth + 1 };
    write_value(text, member, below);
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Returns a string as a plain scalar, or in double quotes if it could be read as something else.
fn scalar(string: &str) -> String {
    if is_plain(string) {
        return string.to_owned();
    }
    let mut quoted = "\"".to_owned();
    for c in string.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_harmless(c) => quoted.push(c),
            // Writing to a string cannot fail.
            c => drop(write!(quoted, "\\U{:08x}", u32::from(c))),
        }
    }
    quoted + "\""
}

/// Whether a string is read as itself without quotes, by readers of YAML 1.1 and 1.2.
fn is_plain(string: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_word = WORDS.iter().any(|word| string.eq_ignore_ascii_case(word));
    string.starts_with(|c: char| c.is_ascii_alphabetic())
        && string
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./@:".contains(c))
        && !string.ends_with(':')
        && !is_word
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_has_the_layout_of_kubectl() {
        let value = json!({
            "claims": {"aud": ["a", "b"], "empty": [], "iss": "https://i.example/a", "none": null, "sub": "007"},
            "list": [{"name": "x", "state": "ok"}, {"name": "y", "more": {"deep": [1, [2]]}}],
            "odd name": "a: \"b\"\n\u{1b}[31m\u{202e}",
            "yes": true,
        });
        assert_eq!(
            yaml(&value),
            r#"claims:
  aud:
  - a
  - b
  empty: []
  iss: https://i.example/a
  none: null
  sub: "007"
list:
- name: x
  state: ok
- more:
    deep:
    - 1
    -
      - 2
  name: "y"
"odd name": "a: \"b\"\n\U0000001b[31m\U0000202e"
"yes": true
"#
        );
        assert_eq!(yaml(&json!([])), "[]\n");
    }

    #[test]
    fn json_has_no_control_characters() {
        assert_eq!(
            json(&json!({"a": "\u{9b}\u{202e}"})),
            "{\n  \"a\": \"\\u009b\\u202e\"\n}\n"
        );
    }
}
