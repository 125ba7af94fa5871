//! What a person sees of a change: a unified diff in which no secret can be read.
//!
//! Secrets are covered before the texts are compared, so that no context line shows one either. Characters that
//! could move the cursor are replaced. The diff is to be read, not to be applied.

use std::ops::Range;

use similar::TextDiff;

use super::edit::{Edit, apply};
use super::tree::{Node, parse};

const COVER: &str = "[secret]";
const KEYS: [&str; 9] = [
    "client-secret",
    "id-token",
    "refresh-token",
    "access-token",
    "token",
    "password",
    "client-key-data",
    "secret",
    "cookie",
];
/// Flags whose values are, or may hold, secrets.
const FLAGS: [&str; 4] = [
    "--oidc-client-secret",
    "--password",
    "--oidc-request-header",
    "--oidc-auth-request-extra-params",
];
/// In a comment: what stands before or within a secret.
const WORDS: [&str; 6] = ["secret", "password", "token:", "token=", "eyj", "authorization"];

/// Returns the difference between two texts of a file.
pub(crate) fn unified((path, after): (&str, &str), old: &str, new: &str) -> String {
    let (old, new) = (harmless(&covered(old)), harmless(&covered(new)));
    let diff = TextDiff::from_lines(&old, &new);
    let mut unified = diff.unified_diff();
    unified
        .header(path, &format!("{path} ({after})"))
        .context_radius(3);
    unified.to_string()
}

/// Replaces the secrets of a text; a text that cannot be parsed is not shown at all.
fn covered(text: &str) -> String {
    let Ok(document) = parse(text) else {
        return "[not shown: this is not valid YAML]\n".to_owned();
    };
    let mut edits = Vec::new();
    if let Some(root) = &document.root {
        root.walk(&mut |node| cover(node, text, &mut edits));
    }
    for comment in &document.comments {
        let lower = text[comment.clone()].to_ascii_lowercase();
        if WORDS.iter().any(|word| lower.contains(word)) {
            edits.push(Edit::replace(comment.clone(), "# [comment not shown]"));
        }
    }
    edits.sort_by_key(|edit| edit.span.start);
    edits.dedup_by(|next, kept| next.span.start < kept.span.end);
    apply(text, edits)
}

fn cover(node: &Node, text: &str, edits: &mut Vec<Edit>) {
    let mut hide = |span: &Range<usize>, shown: &str| {
        let trimmed = span.start + text[span.clone()].trim_end().len();
        if trimmed > span.start {
            edits.push(Edit::replace(span.start..trimmed, format!("{shown}{COVER}")));
        }
    };
    for (key, value) in node.pairs().unwrap_or_default() {
        if key.text().is_some_and(|key| KEYS.contains(&key)) {
            hide(&value.span, "");
        }
    }
    let named_secret = node.get("name").and_then(Node::text).is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        ["secret", "token", "password"]
            .iter()
            .any(|word| name.contains(word))
    });
    if let (true, Some(value)) = (named_secret, node.get("value")) {
        hide(&value.span, "");
    }
    let mut value_follows = false;
    for item in node.items().unwrap_or_default() {
        let arg = item.text().unwrap_or_default();
        if value_follows {
            hide(&item.span, "");
        }
        value_follows = FLAGS.contains(&arg);
        if let Some((flag, _)) = arg.split_once('=').filter(|(flag, _)| FLAGS.contains(flag)) {
            hide(&item.span, &format!("{flag}="));
        }
    }
}

/// Keeps lines and tabs, and no other control character.
fn harmless(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_wherever_it_stands() {
        let old = "# my secret is HIDE1\nusers:\n- name: a\n  user:\n    token: HIDE2\n    exec:\n      args: [--oidc-client-secret=HIDE3, --password, \"HIDE4\", '--oidc-request-header=Authorization=HIDE5']\n      env: [{name: A_TOKEN, value: HIDE6}]\n    auth-provider:\n      config:\n        client-secret: |\n          HIDE7\n        id-token: HIDE8\n        refresh-token: # eyJHIDE9\n          HIDE10\n    x: 1\n";
        let diff = unified(("f", "new"), old, &old.replace("x: 1", "x: 2"));
        let all = unified(("f", "new"), "", old);
        for text in [&diff, &all] {
            assert!(!text.contains("HIDE"), "{text}");
        }
        assert!(diff.contains("-    x: 1\n+    x: 2\n"), "{diff}");
        assert!(all.contains("--oidc-client-secret=[secret]"), "{all}");
    }

    #[test]
    fn nothing_that_moves_the_cursor_is_shown() {
        let diff = unified(("f", "new"), "a: 1\r\n", "a: \"\u{9b}2\"\r\n");
        assert!(!diff.contains(['\r', '\u{9b}']), "{diff:?}");
    }
}
