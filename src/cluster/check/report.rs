//! What a check of a file comes to.

/// What was found in one file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileReport {
    /// What the file is, such as `AuthenticationConfiguration v1`.
    pub(crate) kind: String,
    pub(crate) findings: Vec<Finding>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) line: Option<usize>,
    /// The field or flag; empty if it is the file as a whole.
    pub(crate) field: String,
    pub(crate) text: String,
}

/// Whether the API server, or the platform, refuses the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It is refused.
    Error,
    /// It is accepted, and does not do what was meant, or may not.
    Warning,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// The longest reason, which may repeat the file.
const MAX_REASON_CHARACTERS: usize = 20_000;

fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_REASON_CHARACTERS) {
        Some((at, _)) => format!("{}… ({} more bytes)", &text[..at], text.len() - at),
        None => text,
    }
}

impl FileReport {
    pub(super) fn refused(kind: &str, line: Option<usize>, text: String) -> Self {
        let finding = Finding {
            severity: Severity::Error,
            line,
            field: String::new(),
            text: shortened(text),
        };
        Self {
            kind: kind.to_owned(),
            findings: vec![finding],
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}
