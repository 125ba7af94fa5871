//! Edits of a text by the bytes they replace, and what surrounds a byte on its line.

use std::ops::Range;

/// One span of the text and what comes in its place.
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

/// Applies edits that do not overlap.
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

/// A text that knows where its lines end: what surrounds a byte costs the same in a text of one long line.
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    newlines: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { text, newlines }
    }

    /// Returns what ends the text's lines.
    pub(super) fn ending(&self) -> &'static str {
        match self.newlines.first() {
            Some(&at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// Returns what stands before this byte on its line.
    pub(super) fn before(&self, at: usize) -> &'a str {
        let line = self.newlines.partition_point(|newline| *newline < at);
        let start = line.checked_sub(1).map_or(0, |before| self.newlines[before] + 1);
        self.text[start..at].trim_start_matches('\u{feff}')
    }

    /// Returns the rest of the line from this byte on, without its ending.
    pub(super) fn after(&self, at: usize) -> &'a str {
        let end = self.newline_after(at).unwrap_or(self.text.len());
        self.text[at..end].trim_end_matches('\r')
    }

    /// Returns where the line of this byte ends, if it does.
    pub(super) fn newline_after(&self, at: usize) -> Option<usize> {
        let line = self.newlines.partition_point(|newline| *newline < at);
        self.newlines.get(line).copied()
    }
}

/// Returns whether a rest of a line holds nothing, or a comment.
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
    fn lines_are_seen_without_their_endings() {
        let text = "a: b\r\n  c: d # e\r\n";
        let lines = Lines::of(text);
        assert_eq!(lines.ending(), "\r\n");
        assert_eq!((lines.before(8), lines.after(12)), ("  ", " # e"));
        assert_eq!((lines.before(0), lines.after(text.len())), ("", ""));
        assert_eq!(Lines::of("\u{feff}a").before(4), "a");
        assert!(is_blank_or_comment(" # e") && is_blank_or_comment("") && !is_blank_or_comment("# e"));
    }
}
