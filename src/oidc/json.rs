//! Members of a JSON object that a provider sent, each read by itself.
//!
//! A member that nobody uses can fail nothing. Null and the empty string count as absent, and a member of another type is
//! read where its meaning is plain: a number or a boolean written as text, one text where a list of texts belongs.

use serde_json::{Map, Value};

/// Parses an object; a byte order mark before it is skipped. Of a member that occurs twice the last one counts, as in Go.
pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(without_byte_order_mark(body)).ok()
}

pub(super) fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Returns a member that is there: neither null nor an empty string.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .filter(|value| !value.is_null() && value.as_str() != Some(""))
}

pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    member(object, name)?.as_str()
}

/// Reads a list of texts, or one text with its parts separated by spaces. Entries of other types are left out.
pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    match member(object, name)? {
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::Array(entries) => {
            let texts = entries.iter().filter_map(Value::as_str);
            Some(texts.map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// Reads a whole number of seconds: a number, or text that holds one. A fraction is cut off.
pub(super) fn seconds(object: &Map<String, Value>, name: &str) -> Option<i64> {
    const LIMIT: f64 = 253_402_300_799.0;
    let number = match member(object, name)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, the fraction is not needed"
    )]
    (0.0..=LIMIT).contains(&number).then_some(number as i64)
}

pub(super) fn boolean(object: &Map<String, Value>, name: &str) -> Option<bool> {
    match member(object, name)? {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(value: Value) -> Map<String, Value> {
        Map::from_iter([("m".to_owned(), value)])
    }

    #[test]
    fn seconds_are_read_from_numbers_and_text() {
        for (value, seconds_read) in [
            (json!(3599), Some(3599)),
            (json!(3599.0), Some(3599)),
            (json!("3599"), Some(3599)),
            (json!("3599.9"), Some(3599)),
            (json!(" 60 "), Some(60)),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(null), None),
            (json!(""), None),
            (json!([60]), None),
        ] {
            assert_eq!(seconds(&one(value.clone()), "m"), seconds_read, "{value}");
        }
    }

    #[test]
    fn a_list_of_texts_may_be_one_text() {
        for (value, read) in [
            (json!(["a", "b"]), Some(vec!["a", "b"])),
            (json!(["a", 1, null]), Some(vec!["a"])),
            (json!("a b"), Some(vec!["a", "b"])),
            (json!([]), Some(vec![])),
            (json!(null), None),
            (json!(""), None),
            (json!({"a": 1}), None),
        ] {
            let read = read.map(|texts| texts.into_iter().map(str::to_owned).collect());
            assert_eq!(texts(&one(value.clone()), "m"), read, "{value}");
        }
    }

    #[test]
    fn a_boolean_may_be_text() {
        for (value, read) in [
            (json!(true), Some(true)),
            (json!("false"), Some(false)),
            (json!("TRUE"), Some(true)),
            (json!(1), None),
            (json!(null), None),
        ] {
            assert_eq!(boolean(&one(value.clone()), "m"), read, "{value}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_the_last_of_two_members_counts() {
        let read = object("\u{feff}{\"m\":1,\"m\":2}".as_bytes()).unwrap();
        assert_eq!(read, one(json!(2)));
        assert!(object(b"[]").is_none() && object(b"").is_none() && object(b"{} x").is_none());
    }
}
