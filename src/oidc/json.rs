//! Lenient reading of JSON from a provider.
//!
//! An invalid value is an error only if it is needed. Null and an empty string count as absent. A member of another type is accepted if its
//! meaning is clear: a string that contains a number or a boolean, or one string instead of a list of strings.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The nesting depth to which the readable parts of an invalid value are searched.
const MAX_DEPTH: usize = 8;

/// About how many values a text may contain. Each needs much more memory than it has bytes, and no response contains as many.
const MAX_VALUES: usize = 64 * 1024;

/// Parses an object. Skips white space and other padding around it. Uses the last occurrence of a repeated member, as Go does.
pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    match value(body)? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Parses any JSON text.
///
/// A value inside it that cannot be represented is no error. Bytes that are not UTF-8 are replaced, as in Go. Half of a surrogate pair, a
/// number out of range, and deep nesting are read as an empty list, which is present. It is of no expected type: [`texts`] ignores it.
pub(super) fn value(body: &[u8]) -> Option<Value> {
    let body = trimmed(body);
    if has_too_many_values(body) {
        return None;
    }
    serde_json::from_slice(body).ok().or_else(|| {
        let text = String::from_utf8_lossy(body);
        if is_too_deep(&text) {
            return None;
        }
        let raw: &RawValue = serde_json::from_str(&text).ok()?;
        let is_container = raw.get().starts_with(['{', '[']);
        is_container.then(|| parse_leniently(raw, MAX_DEPTH))
    })
}

/// Parses an object like [`value`], and returns all its members, so that repeated members can be detected. Unlike there, padding is not
/// removed, and the number of values is not limited.
pub(super) fn members(body: &[u8]) -> Option<Vec<(String, Value)>> {
    if let Ok(Members(members)) = serde_json::from_slice(body) {
        return Some(members);
    }
    let text = String::from_utf8_lossy(body);
    if is_too_deep(&text) {
        return None;
    }
    let Members(members) = serde_json::from_str::<Members<&RawValue>>(&text).ok()?;
    let read = members
        .into_iter()
        .map(|(name, raw)| (name, parse_leniently(raw, MAX_DEPTH)));
    Some(read.collect())
}

/// Whether a text contains more than [`MAX_VALUES`] values. Counts the characters before a value.
pub(super) fn has_too_many_values(text: &[u8]) -> bool {
    let (mut is_text, mut is_escaped) = (false, false);
    let begins_a_value = |byte: &&u8| match byte {
        _ if is_escaped => {
            is_escaped = false;
            false
        }
        b'\\' if is_text => {
            is_escaped = true;
            false
        }
        b'"' => {
            is_text = !is_text;
            false
        }
        byte => !is_text && b"[{,".contains(byte),
    };
    text.iter().filter(begins_a_value).count() > MAX_VALUES
}

/// Whether a text is nested deeper than Go's `encoding/json` accepts. An API server cannot read such a text either.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => (),
        }
        deepest = deepest.max(depth);
    }
    deepest > 10_000
}

/// Parses a value, and replaces the parts of it that cannot be represented.
fn parse_leniently(raw: &RawValue, depth: usize) -> Value {
    let unreadable = || Value::Array(Vec::new());
    let text = raw.get();
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    let Some(depth) = depth.checked_sub(1) else {
        return unreadable();
    };
    if let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return entries
            .into_iter()
            .map(|entry| parse_leniently(entry, depth))
            .collect();
    }
    match serde_json::from_str::<Members<&RawValue>>(text) {
        Ok(Members(members)) => members
            .into_iter()
            .map(|(name, member)| (name, parse_leniently(member, depth)))
            .collect(),
        Err(_) => unreadable(),
    }
}

/// The members of an object, in their order.
struct Members<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for MembersVisitor<V> {
    type Value = Members<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Removes padding around a text: byte order marks (RFC 8259 8.1 allows ignoring them), white space, and the zero bytes that end a string
/// in C.
pub(super) fn trimmed(mut body: &[u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    loop {
        body = match body {
            [first, rest @ ..] if is_blank(first) => rest,
            [rest @ .., last] if is_blank(last) => rest,
            _ => match body.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) => rest,
                None => match body.strip_suffix(BYTE_ORDER_MARK) {
                    Some(rest) => rest,
                    None => return body,
                },
            },
        };
    }
}

/// Returns a member that is neither absent, null, nor an empty string.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .filter(|value| !value.is_null() && value.as_str() != Some(""))
}

/// Returns a member that is a string.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    member(object, name)?.as_str()
}

/// Reads a list of strings, or a string of parts that are separated by spaces. Entries of other types are ignored. `None` if no entry is
/// left: a list that cannot be represented is read as an empty one, and a provider omits a list with no entries (OpenID Connect Discovery 4.2).
pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let texts: Vec<String> = match member(object, name)? {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(entries) => entries
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => return None,
    };
    Some(texts).filter(|texts| !texts.is_empty())
}

/// Reads a number of seconds: a number, or a string that contains one. A fraction is cut off.
pub(super) fn seconds(object: &Map<String, Value>, name: &str) -> Option<i64> {
    const END_OF_YEAR_9999: f64 = 253_402_300_799.0;
    let number = match member(object, name)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, the fraction is not needed"
    )]
    (0.0..=END_OF_YEAR_9999)
        .contains(&number)
        .then_some(number as i64)
}

/// Reads a boolean, or a string that contains one.
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
    fn seconds_are_read_from_numbers_and_strings() {
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
    fn a_list_of_strings_may_be_one_string() {
        for (value, read) in [
            (json!(["a", "b"]), Some(vec!["a", "b"])),
            (json!(["a", 1, null]), Some(vec!["a"])),
            (json!("a b"), Some(vec!["a", "b"])),
            (json!([]), None),
            (json!([1, null]), None),
            (json!(" "), None),
            (json!(null), None),
            (json!(""), None),
            (json!({"a": 1}), None),
        ] {
            let read = read.map(|texts| texts.into_iter().map(str::to_owned).collect());
            assert_eq!(texts(&one(value.clone()), "m"), read, "{value}");
        }
    }

    /// A list with no entries would mean that the provider supports nothing.
    #[test]
    fn a_list_that_cannot_be_represented_is_as_if_absent() {
        for broken in ["\"\\ud83d\"", "1e999", "[1e999]"] {
            let body = format!("{{\"scopes_supported\":{broken}}}");
            let read = object(body.as_bytes()).unwrap();
            assert_eq!(texts(&read, "scopes_supported"), None, "{broken}");
        }
    }

    #[test]
    fn a_boolean_may_be_a_string() {
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
    fn an_invalid_value_does_not_affect_the_others() {
        let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
        for odd in [
            &b"1e999"[..],
            b"\"\xe9\"",
            b"\"\\ud83d\"",
            b"[1e999]",
            deep.as_bytes(),
        ] {
            let body = [
                &b"{\"m\":\"a\",\"odd\":"[..],
                odd,
                b",\"keys\":[{\"x\":",
                odd,
                b",\"y\":2}]}",
            ]
            .concat();
            let read = object(&body).unwrap();
            assert_eq!(text(&read, "m"), Some("a"));
            assert!(member(&read, "odd").is_some(), "it is not absent");
            assert_eq!(read["keys"][0]["y"], 2, "{}", String::from_utf8_lossy(&body));
        }
        for broken in [
            &b"{\"m\":1e999"[..],
            b"{\"m\":1e999} x",
            b"{\"m\":}",
            b"[1e999]",
            b"\xe9",
        ] {
            assert!(object(broken).is_none());
        }
    }

    /// Each takes much more memory than it has bytes.
    #[test]
    fn a_text_with_very_many_values_is_not_read() {
        let body = |count: usize, value: &str| {
            let values = vec![value; count].join(",");
            format!("{{\"m\":\"a\",\"odd\":[{values}]}}")
        };
        for value in ["0", "{\"\":0}", "[[]]", "\"a\"", "[1e999]"] {
            assert!(object(body(10_000, value).as_bytes()).is_some(), "{value}");
            assert!(object(body(70_000, value).as_bytes()).is_none(), "{value}");
        }
        let text = format!("{{\"m\":\"{}\"}}", "[,{:".repeat(70_000));
        assert!(object(text.as_bytes()).is_some(), "a text is one value");
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_the_last_of_two_equal_members_is_used() {
        let read = object("\u{feff}{\"m\":1,\"m\":2}".as_bytes()).unwrap();
        assert_eq!(read, one(json!(2)));
        assert!(object(b"[]").is_none() && object(b"").is_none() && object(b"{} x").is_none());
    }

    #[test]
    fn padding_around_a_text_is_skipped() {
        for around in ["\0", " \n", "\u{feff}", "\u{feff} ", "\n\u{feff}", "\0\0\r\n"] {
            for body in [
                format!("{{\"m\":1}}{around}"),
                format!("{around}{{\"m\":1,\"odd\":1e999}}{around}"),
            ] {
                let read = object(body.as_bytes());
                assert_eq!(read.expect(&body)["m"], 1);
            }
        }
        assert!(object(b"{\"m\":\0 1}").is_none() && object(b"\0").is_none() && object(b"{}\0x").is_none());
    }
}
