//! What is generated, and its comments.

use crate::untrusted_text::harmless_lines;

/// Files, and what is to be known about them.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) files: Vec<GeneratedFile>,
    /// What the platform cannot do, or what follows from the description. The first file has them too.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct GeneratedFile {
    pub(crate) name: &'static str,
    pub(crate) content: String,
}

/// Why there is no configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) hint: String,
}

impl Refusal {
    pub(super) fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            hint: hint.into(),
        }
    }
}

/// The comments at the top of a file. All formats here have comments that begin with `#`.
pub(crate) struct Header<'a> {
    pub(crate) title: &'a str,
    pub(crate) apply: &'a [&'a str],
    pub(crate) back: &'a [&'a str],
}

impl Header<'_> {
    pub(crate) fn write(&self, notes: &[String]) -> String {
        let mut lines = vec![self.title.to_owned()];
        for (heading, steps) in [("To apply it", self.apply), ("To go back", self.back)] {
            lines.push(format!("{heading}:"));
            lines.extend(steps.iter().map(|step| format!("  {step}")));
        }
        lines.extend(notes.iter().map(|note| format!("Note: {note}")));
        let lines = lines.iter().flat_map(|line| line.lines());
        // A value of the description must not end the comment.
        let mut comments = String::new();
        for line in lines {
            comments += "# ";
            comments += harmless_lines(line).trim_end();
            comments += "\n";
        }
        comments
    }
}
