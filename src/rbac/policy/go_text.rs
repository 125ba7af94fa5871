//! Texts as the API server writes them in Go: `%q`, and several errors as one.

use std::collections::HashSet;
use std::fmt::Write as _;

/// Quotes a text as Go's `strconv.Quote`.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, &[text]);
    quoted
}

/// Appends the parts of a text, quoted as one.
pub(crate) fn push_quoted(quoted: &mut String, parts: &[&str]) {
    quoted.push('"');
    for part in parts {
        let is_plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
        if part.bytes().all(is_plain) {
            quoted.push_str(part);
        } else {
            part.chars().for_each(|c| push_escaped(quoted, c));
        }
    }
    quoted.push('"');
}

fn push_escaped(quoted: &mut String, c: char) {
    let letter = match c {
        '"' | '\\' => Some(c),
        '\u{7}' => Some('a'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{b}' => Some('v'),
        _ => None,
    };
    // Writing to a string cannot fail.
    let _ = match letter {
        Some(letter) => write!(quoted, "\\{letter}"),
        None if c < ' ' || c == '\u{7f}' => write!(quoted, "\\x{:02x}", u32::from(c)),
        None if is_printable(c) => write!(quoted, "{c}"),
        None if u32::from(c) < 0x1_0000 => write!(quoted, "\\u{:04x}", u32::from(c)),
        None => write!(quoted, "\\U{:08x}", u32::from(c)),
    };
}

/// Whether Go prints a character as it is. The standard library knows it for all but marks at the start of a text.
fn is_printable(c: char) -> bool {
    if c == '\'' {
        return true;
    }
    let text: String = ['a', c].iter().collect();
    text.escape_debug().eq(text.chars())
}

/// Returns several errors as one, as upstream's aggregate: each once, in brackets if there are several.
pub(crate) fn aggregate(errors: &[String]) -> String {
    let mut seen = HashSet::new();
    let distinct: Vec<&str> = errors
        .iter()
        .map(String::as_str)
        .filter(|error| seen.insert(*error))
        .collect();
    match distinct.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}
