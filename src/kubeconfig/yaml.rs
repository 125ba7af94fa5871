//! Writes a value as YAML in block style.
//!
//! Strings are quoted as for entries: what is not certainly a string in YAML 1.1 and 1.2 is in double quotes.

use serde_json::{Map, Value};

use super::entry::{is_plain, json, json_string};

/// Keys that come first, as in all manifests of Kubernetes. The others follow in alphabetical order.
const FIRST_KEYS: [&str; 6] = ["apiVersion", "kind", "metadata", "name", "issuer", "url"];

/// Returns a document, with a line end.
pub(crate) fn yaml(value: &Value) -> String {
    let mut text = block(value, 0);
    text.push('\n');
    text
}

/// Returns the entries of a mapping in the order in which they are written.
pub(super) fn ordered(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |key: &str| {
        FIRST_KEYS
            .iter()
            .position(|first| *first == key)
            .unwrap_or(FIRST_KEYS.len())
    };
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by_key(|(key, _)| (rank(key), key.as_str()));
    pairs
}

/// Returns a value in one line of JSON, which is also a flow node.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let pairs = ordered(map).into_iter();
            let pairs: Vec<String> = pairs
                .map(|(key, value)| format!("{}: {}", json_string(key), flow(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        other => json(other),
    }
}

/// Returns a value whose first line begins at a place of its own, and whose other lines are indented.
pub(super) fn block(value: &Value, indent: usize) -> String {
    let space = " ".repeat(indent);
    let lines: Vec<String> = match value {
        Value::Object(map) if !map.is_empty() => ordered(map)
            .into_iter()
            .map(|(key, value)| format!("{}:{}", scalar(key), after_key(value, indent)))
            .collect(),
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| match item {
                Value::String(text) if is_literal(text) => format!("- {}", literal(text, indent + 2)),
                item => format!("- {}", block(item, indent + 2)),
            })
            .collect(),
        Value::String(text) => vec![scalar(text)],
        other => vec![flow(other)],
    };
    lines.join(&format!("\n{space}"))
}

fn after_key(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            format!("\n{}{}", " ".repeat(indent + 2), block(value, indent + 2))
        }
        // As kubectl writes it: the dashes below the key.
        Value::Array(items) if !items.is_empty() => {
            format!("\n{}{}", " ".repeat(indent), block(value, indent))
        }
        Value::String(text) if is_literal(text) => {
            format!(" {}", literal(text, indent + 2))
        }
        other => format!(" {}", block(other, indent + 2)),
    }
}

fn literal(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    let lines: Vec<String> = text.lines().map(|line| format!("{space}{line}")).collect();
    format!("|\n{}", lines.join("\n"))
}

fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        json_string(text)
    }
}

/// Whether a text of several lines, such as a certificate or another document, can be written as it is.
fn is_literal(text: &str) -> bool {
    let is_fit =
        |line: &str| !line.is_empty() && !line.ends_with(' ') && line.chars().all(|c| matches!(c, ' '..='~'));
    // The first line says how far the text is indented.
    let begins_fit = !text.starts_with(' ');
    begins_fit
        && text.ends_with('\n')
        && text.lines().count() > 1
        && !text.contains('\r')
        && text.lines().all(is_fit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::merge::node_of;
    use super::super::tree::parse;
    use super::*;
    use crate::properties;

    #[test]
    fn a_document_reads_as_kubectl_would_write_it() {
        let value = json!({
            "kind": "Config",
            "apiVersion": "v1",
            "empty": [], "no": null, "yes": true, "number": 7,
            "pem": "-----BEGIN-----\nabc\n",
            "list": [{"name": "a b", "exec": {"args": ["--x=1", "on", "0x1"]}}, [], "a:\n  b: c\n"],
        });
        insta::assert_snapshot!(yaml(&value), @r#"
        apiVersion: v1
        kind: Config
        empty: []
        list:
        - name: "a b"
          exec:
            args:
            - --x=1
            - "on"
            - "0x1"
        - []
        - |
          a:
            b: c
        "no": null
        number: 7
        pem: |
          -----BEGIN-----
          abc
        "yes": true
        "#);
    }

    proptest! {
        #![proptest_config(properties::config())]

        #[test]
        fn any_text_is_read_back(key in "\\PC{1,12}", text in any::<String>(), second in "[a-z \\n]{0,20}") {
            let value = json!({ key: [text.clone(), second.clone(), { "a": second, "b": { "c": text } }] });
            let read = parse(&yaml(&value)).unwrap().root.unwrap();
            prop_assert_eq!(read, node_of(&value));
        }
    }
}
