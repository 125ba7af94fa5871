//! A terminal session that is printed and can be drawn.

use std::fmt::Write;

use anstyle_svg::Term;

/// Lines are wrapped at this width in the picture, as a terminal of that width does.
const COLUMNS: usize = 92;

/// How a line is set off in the picture; what is printed is plain.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Plain,
    Heading,
    Result,
}

impl Style {
    /// The ANSI code that begins this style.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\u{1b}[1m",
            Self::Result => "\u{1b}[32m",
        }
    }
}

/// What was shown, from the command line on.
pub(crate) struct Screen {
    ansi: String,
}

impl Screen {
    /// A session that began with this command line.
    pub(crate) fn new(command: &str) -> Self {
        let mut screen = Self { ansi: String::new() };
        screen.record(Style::Heading, &format!("$ {command}"));
        screen
    }

    /// Prints a heading between empty lines.
    pub(crate) fn heading(&mut self, text: &str) {
        self.show(Style::Plain, "");
        self.show(Style::Heading, text);
        self.show(Style::Plain, "");
    }

    /// Prints a line.
    pub(crate) fn show(&mut self, style: Style, line: &str) {
        println!("{line}");
        self.record(style, line);
    }

    /// Returns the session as SVG.
    pub(crate) fn picture(&self) -> String {
        Term::new().render_svg(&self.ansi)
    }

    fn record(&mut self, style: Style, line: &str) {
        let characters: Vec<char> = line.chars().collect();
        let rows = characters.chunks(COLUMNS).map(String::from_iter);
        let wrapped = rows.collect::<Vec<_>>().join("\n");
        // Writing to a string cannot fail.
        let _ = writeln!(self.ansi, "{}{wrapped}\u{1b}[0m", style.code());
    }
}
