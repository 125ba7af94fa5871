//! Text from outside the program, prepared for display.
//!
//! Makes it harmless: one line, no control or direction characters, and a limited length.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// The longest text from outside that is displayed, in characters.
const MAX_CHARS: usize = 300;

/// One harmless line, made from text of a provider, a browser or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct UntrustedText(String);

impl UntrustedText {
    pub(crate) fn new(text: &str) -> Self {
        Self::with_limit(text, MAX_CHARS)
    }

    /// Keeps at most `limit` characters. An ellipsis marks that the text was cut.
    pub(crate) fn with_limit(text: &str, limit: usize) -> Self {
        let mut harmless = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| is_harmless(*c));
        let mut kept: String = harmless.by_ref().take(limit).collect();
        if harmless.next().is_some() {
            kept.push('…');
        }
        Self(kept.trim().to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes text of several lines harmless. Line ends and tabs stay. U+FFFD replaces characters that could move the cursor, hide text or
/// change its direction.
pub(crate) fn harmless_lines(text: &str) -> Cow<'_, str> {
    let is_allowed = |c: char| matches!(c, '\n' | '\t') || is_harmless(c);
    if text.chars().all(is_allowed) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let replaced = |c: char| {
        if is_allowed(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    Cow::Owned(text.chars().map(replaced).collect())
}

/// Escapes characters in JSON text that could move the cursor, hide text or change its direction. The JSON values do not change.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_harmless(c) {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// Whether a character cannot move the cursor, hide text or change its direction. False for C0, DEL, C1, the line and paragraph
/// separators, bidirectional controls, and
/// characters that are invisible (Unicode's `Default_Ignorable_Code_Point`, interlinear annotations, the Braille blank, and the controls of
/// shorthand, music and hieroglyphs).
pub(crate) fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// How a JWT begins: `{"` in base64url.
const JWT_START: &str = "eyJ";
/// The length of the shortest text that is taken for a token.
const MIN_TOKEN_CHARS: usize = 40;

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.=+".contains(c)
}

/// Whether a text is most likely a token: it begins like a JWT and is as long as one.
pub(crate) fn looks_like_token(text: &str) -> bool {
    text.starts_with(JWT_START) && text.len() >= MIN_TOKEN_CHARS && text.chars().all(is_token_char)
}

/// Replaces what is most likely a token. For texts of libraries that repeat what a person typed.
pub(crate) fn without_tokens(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(JWT_START) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c| !is_token_char(c)).unwrap_or(from.len());
        kept += before;
        kept += if end >= MIN_TOKEN_CHARS {
            "[token]"
        } else {
            &from[..end]
        };
        rest = &from[end..];
    }
    if kept.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(kept + rest)
}

impl fmt::Display for UntrustedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::properties;

    #[test]
    fn escape_sequences_and_direction_marks_are_dropped() {
        let text = UntrustedText::new("no\u{1b}[31m way\r\nerror: \u{202e}fake\u{9b}1m\u{200b}!");
        assert_eq!(text.as_str(), "no[31m way  error: fake1m!");
    }

    #[test]
    fn invisible_characters_are_dropped() {
        for invisible in [
            0xAD, 0x61C, 0x115F, 0x1160, 0x180E, 0x200B, 0x200F, 0x2066, 0x3164, 0xFEFF, 0xFFA0, 0xFFF9,
            0xFFFB, 0xE0000, 0xE0041, 0xE007F, 0x34F, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x206A, 0x206F, 0x2800,
            0xFE00, 0xFE0F, 0xFFF0, 0xFFF8, 0x13430, 0x1343F, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0080,
            0xE0100, 0xE01EF, 0xE0FFF,
        ] {
            let invisible = char::from_u32(invisible).unwrap();
            let text = format!("a{invisible}b");
            assert_eq!(UntrustedText::new(&text).as_str(), "ab", "{invisible:?}");
            assert_eq!(harmless_lines(&text), "a\u{fffd}b");
        }
        assert_eq!(
            UntrustedText::new("é 한글 ᄀ 🔑 ⠁ \u{fffd}").as_str(),
            "é 한글 ᄀ 🔑 ⠁ \u{fffd}"
        );
        let ascii: String = (' '..='~').collect();
        assert_eq!(UntrustedText::new(&ascii).as_str(), ascii.trim());
    }

    #[test]
    fn a_token_in_a_text_is_replaced() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.c2ln-_";
        assert!(looks_like_token(token));
        for other in [
            "token.txt",
            "eyJ.txt",
            "/tmp/eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.c2ln",
        ] {
            assert!(!looks_like_token(other), "{other}");
        }
        assert_eq!(
            without_tokens(&format!("'{token}' and eyJ, {token}")),
            "'[token]' and eyJ, [token]"
        );
        assert_eq!(without_tokens("none"), "none");
        assert_eq!(without_tokens(token), "[token]");
    }

    #[test]
    fn line_ends_stay_and_harmful_characters_are_replaced() {
        assert_eq!(
            harmless_lines("a\r\n\tb\u{1b}[1m\r\u{202e}c\n"),
            "a\n\tb\u{fffd}[1m\u{fffd}\u{fffd}c\n"
        );
        assert_eq!(
            harmless_lines("a\u{85}b\u{2028}c\u{2029}d"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d"
        );
        assert_eq!(
            UntrustedText::new("a\u{85}b\u{2028}c\u{2029}d").as_str(),
            "a b c d"
        );
    }

    #[test]
    fn escaped_json_has_the_same_value_without_harmful_characters() {
        let text = "{\n \"name\": \"a\u{202e}b\u{9b}é\u{2028}c\u{2029}\"\n}";
        let escaped = escaped_json(text);
        assert_eq!(escaped, "{\n \"name\": \"a\\u202eb\\u009bé\\u2028c\\u2029\"\n}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&escaped), value(text));
    }

    #[test]
    fn long_text_is_cut_and_ends_with_an_ellipsis() {
        assert_eq!(UntrustedText::with_limit("abcdef", 3).as_str(), "abc…");
        assert_eq!(UntrustedText::with_limit("abc", 3).as_str(), "abc");
    }

    fn moves_or_turns(c: char) -> bool {
        c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)
    }

    proptest! {
        #![proptest_config(properties::config())]

        #[test]
        fn any_text_becomes_one_harmless_line_and_stays_as_it_is_then(text in properties::text(), limit in 0..20_usize) {
            let once = UntrustedText::with_limit(&text, limit);
            prop_assert!(!once.as_str().contains(moves_or_turns), "{:?}", once);
            prop_assert!(once.as_str().chars().count() <= limit + 1, "{:?}", once);
            prop_assert_eq!(&UntrustedText::with_limit(once.as_str(), limit), &once);
        }

        #[test]
        fn any_lines_become_harmless_and_stay_as_they_are_then(text in properties::text()) {
            let once = harmless_lines(&text);
            prop_assert!(!once.replace(['\n', '\t'], "").contains(moves_or_turns), "{:?}", once);
            prop_assert_eq!(harmless_lines(&once), once.as_ref());
        }

        #[test]
        fn any_json_has_the_same_value_without_harmful_characters(text in properties::text()) {
            let escaped = escaped_json(&serde_json::to_string(&text).unwrap());
            prop_assert!(!escaped.contains(moves_or_turns), "{:?}", escaped);
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }
}
