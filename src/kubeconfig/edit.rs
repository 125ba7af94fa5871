//! Edits of a text by byte ranges, and the text around a byte on its line.

use std::ops::Range;

/// A replacement of one byte range of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) span: Range<usize>,
    pub(super) text: String,
}

impl Edit {
    pub(super) fn replace(span: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
        }
    }

    pub(super) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(at..at, text)
    }
}

/// Applies edits, which must not overlap.
pub(super) fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut edited = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        edited.push_str(&text[at..edit.span.start]);
        edited.push_str(&edit.text);
        at = edit.span.end;
    }
    edited.push_str(&text[at..]);
    edited
}

/// A text with an index of its lines, so that looking up the line of a byte takes logarithmic time, even in one long line.
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    newlines: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { text, newlines }
    }

    /// Returns the line ending of the text, which is that of its first line.
    pub(super) fn ending(&self) -> &'static str {
        match self.newlines.first() {
            Some(&at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// Returns the text before this byte on its line, without a byte order mark.
    pub(super) fn before(&self, at: usize) -> &'a str {
        let line = self.newlines.partition_point(|newline| *newline < at);
        let start = line.checked_sub(1).map_or(0, |before| self.newlines[before] + 1);
        self.text[start..at].trim_start_matches('\u{feff}')
    }

    /// Returns the text from this byte to the end of its line, without the line ending.
    pub(super) fn after(&self, at: usize) -> &'a str {
        let end = self.newline_after(at).unwrap_or(self.text.len());
        self.text[at..end].trim_end_matches('\r')
    }

    /// Returns the position of the next newline at or after this byte.
    pub(super) fn newline_after(&self, at: usize) -> Option<usize> {
        let line = self.newlines.partition_point(|newline| *newline < at);
        self.newlines.get(line).copied()
    }
}

/// Removes white space and line ends from the end of a text. A no-break space and other white space of Unicode is text in YAML (YAML 1.2, 5.5).
pub(super) fn trim_end(text: &str) -> &str {
    text.trim_end_matches([' ', '\t', '\r', '\n'])
}

/// Whether the rest of a line is blank or a comment. A `#` begins a comment only after a space.
pub(super) fn is_blank_or_comment(rest: &str) -> bool {
    let rest_trimmed = rest.trim_start();
    rest_trimmed.is_empty() || (rest_trimmed.starts_with('#') && rest_trimmed.len() < rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_in_the_order_of_the_text() {
        let edits = vec![
            Edit::insert(6, "!"),
            Edit::replace(0..1, "J"),
            Edit::replace(2..4, ""),
        ];
        assert_eq!(apply("hello, you", edits), "Jeo,! you");
    }

    #[test]
    fn parts_of_a_line_have_no_line_ending() {
        let text = "a: b\r\n  c: d # e\r\n";
        let lines = Lines::of(text);
        assert_eq!(lines.ending(), "\r\n");
        assert_eq!((lines.before(8), lines.after(12)), ("  ", " # e"));
        assert_eq!((lines.before(0), lines.after(text.len())), ("", ""));
        assert_eq!(Lines::of("\u{feff}a").before(4), "a");
        assert!(is_blank_or_comment(" # e") && is_blank_or_comment("") && !is_blank_or_comment("# e"));
    }
}
