//! A QR code for a terminal: black on white whatever its colours are, with the quiet zone that scanners need. Pure.

use std::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Black and white of the 256 colours, which no theme changes, unlike the first sixteen.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// Lines for the code and the address that follow.
const LINES_BELOW: usize = 3;

/// Draws `text`, or nothing where the terminal (width and height) is too small to show it whole.
pub(super) fn picture(text: &str, (width, height): (usize, usize)) -> Option<String> {
    // The least redundancy: a screen is clean, and small is what counts.
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
        // Version 4 has 33 modules, and 4 of quiet zone on each side; a line holds two rows.
        assert_eq!(lines.len(), 21);
        for line in &lines {
            let drawn = line
                .strip_prefix(BLACK_ON_WHITE)
                .and_then(|line| line.strip_suffix(RESET))
                .expect("colours around the line");
            assert_eq!(drawn.chars().count(), 41);
            assert!(drawn.starts_with("    ") && drawn.ends_with("    "), "{drawn}");
        }
        // The finder pattern's upper edge is dark: drawn in the foreground.
        assert!(lines[2].contains("    █▀▀▀▀▀█ "), "{}", lines[2]);
    }

    #[test]
    fn a_terminal_that_is_too_small_gets_no_picture() {
        assert_eq!(picture(URL, (40, 24)), None);
        assert_eq!(picture(URL, (80, 23)), None);
        assert!(picture(&"x".repeat(5000), (1000, 1000)).is_none());
    }
}
