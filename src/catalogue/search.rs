//! The explanations that a text is about: a word, or an error response that somebody pasted.
//!
//! Pure.

use super::entry::Entry;
use super::explanation::{Explanation, every_explanation};
use super::{entries, normalized};

/// Returns the explanation of a response of a provider, such as `access_denied: Policy evaluation failed for this request`.
pub(crate) fn response(text: &str) -> Option<Explanation> {
    let text = normalized(text);
    let entry = entries().find(|entry| is_response_of(entry, &text))?;
    super::explanation(entry.id)
}

/// Returns the explanations that a text is about, in the order of the catalogue.
///
/// Each word has to be in an explanation, fixes not counted; if there is none, the error codes in the text count.
pub(crate) fn search(text: &str) -> Vec<Explanation> {
    let text = normalized(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.iter().all(|word| word.len() < 3) {
        return Vec::new();
    }
    let found: Vec<_> = every_explanation()
        .filter(|explanation| {
            let about = normalized(&explanation.about());
            words.iter().all(|word| about.contains(word))
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    let of_codes = entries().filter(|entry| has_code_of(entry, &text));
    of_codes
        .filter_map(|entry| super::explanation(entry.id))
        .collect()
}

/// Whether a text has a phrase of the entry beside one of its error codes.
fn is_response_of(entry: &Entry, text: &str) -> bool {
    has_code_of(entry, text) && entry.phrases.iter().any(|phrase| text.contains(phrase))
}

fn has_code_of(entry: &Entry, text: &str) -> bool {
    let is_code = |word: &str| entry.error_codes.contains(&word);
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_leads_to_what_it_is_about() {
        for (text, first) in [
            ("Unauthorized", Some("token-rejected")),
            ("invalid_client", Some("client-rejected")),
            (
                "error: the provider refuses: invalid_client (some new text)",
                Some("client-rejected"),
            ),
            ("ISSUER differs", Some("issuer-mismatch")),
            ("no such thing anywhere", None),
            ("is a", None),
            ("", None),
        ] {
            let found = search(text);
            assert!(
                first.is_none_or(|first| found.iter().any(|explanation| explanation.id == first))
                    && first.is_none() == found.is_empty(),
                "{text}: {:?}",
                found.iter().map(|explanation| explanation.id).collect::<Vec<_>>()
            );
        }
        let of_response = response("error: access_denied: Policy evaluation failed for this request");
        assert_eq!(of_response.unwrap().id, "no-access-policy");
    }
}
