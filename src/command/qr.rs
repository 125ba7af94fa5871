//! Draws a QR code in a terminal: black on white, independent of the terminal's colours, with the quiet zone that scanners need. Pure.

use std::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Black and white of the 256 colours. Themes change only the first sixteen.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// The number of lines that the user code and the address below need.
const LINES_BELOW: usize = 3;

/// Draws `text`. Returns `None` if the terminal (width and height) is too small.
pub(super) fn picture(text: &str, (width, height): (usize, usize)) -> Option<String> {
    // The lowest error correction makes the smallest code. A screen has no dirt that would need more.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let drawn = code.render::<Dense1x2>().quiet_zone(true).build();
    let columns = drawn.lines().next()?.chars().count();
    if columns > width || drawn.lines().count() + LINES_BELOW > height {
        return None;
    }
    let mut picture = String::new();
    for (index, line) in drawn.lines().enumerate() {
        let end = if index == 0 { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(picture, "{end}{BLACK_ON_WHITE}{line}{RESET}");
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://dev-123456.okta.com/activate?user_code=ABCDEFGH";

    #[test]
    fn each_line_is_black_on_white_with_a_quiet_zone() {
        let picture = picture(URL, (80, 24)).expect("it fits");
        let lines: Vec<&str> = picture.lines().collect();
        // Version 4 has 33 modules, with a quiet zone of 4 modules on each side. A line contains two rows.
        assert_eq!(lines.len(), 21);
        for line in &lines {
            let drawn = line
                .strip_prefix(BLACK_ON_WHITE)
                .and_then(|line| line.strip_suffix(RESET))
                .expect("colours around the line");
            assert_eq!(drawn.chars().count(), 41);
            assert!(drawn.starts_with("    ") && drawn.ends_with("    "), "{drawn}");
        }
        // The upper edge of the finder pattern is dark, so it is drawn in the foreground colour.
        assert!(lines[2].contains("    █▀▀▀▀▀█ "), "{}", lines[2]);
    }

    #[test]
    fn a_terminal_that_is_too_small_gets_no_picture() {
        assert_eq!(picture(URL, (40, 24)), None);
        assert_eq!(picture(URL, (80, 23)), None);
        assert!(picture(&"x".repeat(5000), (1000, 1000)).is_none());
    }
}
