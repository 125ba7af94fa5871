//! Text for people in lines of a terminal of 80 columns.
//!
//! Pure. Widths are counted in characters.

/// The width of all texts.
pub(crate) const WIDTH: usize = 80;

/// Breaks a text at spaces into lines of [`WIDTH`]. The first begins in column `first_indent`, the others are indented by `indent`. A word
/// that is too long has a line of its own, so that it can be copied.
pub(crate) fn wrapped(text: &str, first_indent: usize, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = first_indent;
    for (number, word) in text.split_whitespace().enumerate() {
        let width = word.chars().count();
        if number > 0 && column + 1 + width > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if number > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

/// Breaks a text into lines of a width: at spaces, and a word that is too long wherever the line ends. An address stays whole, so that it
/// can be copied and clicked.
pub(crate) fn lines_of_width(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() > width {
            lines.push(String::new());
            used = 0;
        } else if used > 0 {
            lines.last_mut().into_iter().for_each(|line| line.push(' '));
            used += 1;
        }
        while word.len() > width - used && !is_address(&word) {
            let rest = word.split_off(width - used);
            lines.last_mut().into_iter().for_each(|line| line.extend(&word));
            lines.push(String::new());
            (word, used) = (rest, 0);
        }
        used += word.len();
        lines.last_mut().into_iter().for_each(|line| line.extend(&word));
    }
    lines
}

fn is_address(word: &[char]) -> bool {
    word.windows(3).any(|part| part == [':', '/', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        let (fits, long) = ("x".repeat(77), "x".repeat(100));
        for (text, first_indent, indent, expected) in [
            ("", 9, 2, String::new()),
            ("a  b\nc", 9, 2, "a b c".to_owned()),
            (&format!("a {fits} b"), 0, 4, format!("a {fits}\n    b")),
            (&format!("a {fits} b"), 2, 0, format!("a\n{fits} b")),
            (&format!("{long} b"), 70, 2, format!("{long}\n  b")),
            (&format!("a {long} b"), 0, 2, format!("a\n  {long}\n  b")),
        ] {
            assert_eq!(wrapped(text, first_indent, indent), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_of_a_width_break_at_spaces_and_long_words_at_the_end_of_the_line() {
        for (text, lines) in [
            ("", &[""][..]),
            ("one two", &["one two"]),
            ("one two three", &["one two", "three"]),
            ("one twothreefour", &["one", "twothree", "four"]),
            ("eightone eighttwo", &["eightone", "eighttwo"]),
            ("12345678901234 x", &["12345678", "901234 x"]),
            ("a 123456789", &["a", "12345678", "9"]),
            ("a  b", &["a  b"]),
            (
                "at `https://i.example` b c",
                &["at", "`https://i.example`", "b c"],
            ),
        ] {
            assert_eq!(lines_of_width(text, 8), lines, "{text:?}");
        }
    }
}
