//! The claims of a token as a table for people.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::duration_words::relative;
use crate::untrusted_text::{UntrustedText, escaped_json};
use crate::wrapped_text::wrapped;

/// So many elements of a list are shown.
const MAX_ITEMS: usize = 10;
/// Claims whose value is a time in seconds since the epoch (RFC 7519 4.1, OpenID Connect Core 2 and 5.1).
const TIMES: [&str; 5] = ["auth_time", "exp", "iat", "nbf", "updated_at"];
const INDENT: usize = 2;
const GAP: usize = 2;

/// Returns one line for each claim, in the order of their names.
pub(super) fn claims_table(claims: &Map<String, Value>, now: Timestamp) -> String {
    let names = claims.keys().map(|name| UntrustedText::with_limit(name, 40));
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or_default();
    let line = |(name, (claim, value)): (&String, (&String, &Value))| {
        let column = INDENT + width + GAP;
        let text = wrapped(&shown(claim, value, now), column, column);
        format!("{:INDENT$}{name:width$}{:GAP$}{text}\n", "", "")
    };
    let lines: Vec<String> = names.iter().zip(claims).map(line).collect();
    lines.concat()
}

fn shown(claim: &str, value: &Value, now: Timestamp) -> String {
    match value {
        Value::String(text) => UntrustedText::new(text).to_string(),
        Value::Number(number) if TIMES.contains(&claim) => match number.as_i64() {
            Some(seconds) => {
                let time = Timestamp::from_secs(seconds);
                format!("{} ({})", time.rfc3339(), relative(time, now))
            }
            None => number.to_string(),
        },
        Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => {
            let texts = items.iter().filter_map(Value::as_str);
            list(texts, items.len())
        }
        other => UntrustedText::new(&escaped_json(&other.to_string())).to_string(),
    }
}

/// Returns the first elements of a list, and how many there are if that is not all.
pub(super) fn list<'a>(items: impl Iterator<Item = &'a str>, count: usize) -> String {
    let first: Vec<String> = items
        .take(MAX_ITEMS)
        .map(|item| UntrustedText::with_limit(item, 100).to_string())
        .collect();
    let rest = match count.saturating_sub(MAX_ITEMS) {
        0 => String::new(),
        rest => format!(" and {rest} more ({count} in all)"),
    };
    first.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_readable_and_harmless() {
        let groups: Vec<String> = (1..=103).map(|number| format!("group-{number}")).collect();
        let claims = json!({
            "aud": "0oa1", "email_verified": true, "exp": 1_000_003_600, "iat": 999_999_999, "name": "a\u{1b}[2Jb",
            "address": {"country": "DE"}, "empty": [], "groups": groups,
        });
        insta::assert_snapshot!(claims_table(claims.as_object().unwrap(), crate::clock::at(1_000_000_000)), @r#"
          address         {"country":"DE"}
          aud             0oa1
          email_verified  true
          empty           []
          exp             2001-09-09T02:46:40Z (in 60 minutes)
          groups          group-1, group-2, group-3, group-4, group-5, group-6, group-7,
                          group-8, group-9, group-10 and 93 more (103 in all)
          iat             2001-09-09T01:46:39Z (1 second ago)
          name            a[2Jb
        "#);
    }
}
