//! What is wrong with a description.

use std::fmt;

use crate::untrusted_text::UntrustedText;

/// A value that cannot be used, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From 1. `None` if the value is from no file.
    pub(crate) line: Option<usize>,
    /// The path of the field: `issuers[0].url`. Empty for the whole text.
    pub(crate) field: String,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

impl Fault {
    pub(super) fn new(field: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line: None,
            field: field.to_owned(),
            problem: problem.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn at(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

/// The field and the problem. Who read the text adds its name and the line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = UntrustedText::new(&self.problem);
        if self.field.is_empty() {
            return write!(f, "{problem}");
        }
        write!(f, "`{}` {problem}", UntrustedText::new(&self.field))
    }
}

impl std::error::Error for Fault {}

/// Returns the known word that is most like this one, if one is like it.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LEAST_SIMILARITY: f64 = 0.55;
    let plain = |word: &str| word.to_ascii_lowercase().replace(['-', '_'], "");
    let word = plain(word);
    let similarity = |known: &str| strsim::normalized_damerau_levenshtein(&word, &plain(known));
    known
        .into_iter()
        .map(|known| (similarity(known), known))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}
