//! Text for people in lines of at most 80 columns.

/// The width of all texts.
pub(super) const WIDTH: usize = 80;

/// Breaks a text at spaces. Lines after the first are indented. A word that is too long has a line of its own.
pub(in crate::command) fn wrapped(text: &str, first_indent: usize, indent: usize) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        let words = "word ".repeat(20);
        let text = wrapped(&words, 10, 4);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.lines().nth(1).unwrap().find('w'), Some(4));
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("a {long} b"), 0, 2), format!("a\n  {long}\n  b"));
    }
}
