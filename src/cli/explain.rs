//! The argument of `explain`: the id of an error, the name of a check of `doctor`, or a text to look for.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command};

use crate::catalogue::{self, Explanation};
use crate::doctor;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Id of an error, name of a check of doctor, a pasted error of kubesesame, kubectl, the provider or the API server's log, or a word;
    /// without it, all ids are listed
    #[arg(value_name = "ID|TEXT", value_parser = TopicParser, hide_possible_values = true)]
    pub(crate) topic: Option<Topic>,
}

/// What is to be explained.
#[derive(Debug, Clone)]
pub(crate) enum Topic {
    /// One subject. An error and a check may have the same name, so it may have two explanations.
    One(Vec<Explanation>),
    /// A text that several explanations are about.
    Several { text: String, found: Vec<Explanation> },
}

/// Accepts an id or a text that is found in an explanation, and suggests the nearest id for another text.
#[derive(Debug, Clone)]
struct TopicParser;

impl TypedValueParser for TopicParser {
    type Value = Topic;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Topic, clap::Error> {
        let text = value.to_string_lossy();
        if let Some(topic) = topic(&text) {
            return Ok(topic);
        }
        let nearest = nearest(&text);
        if nearest.is_none() && !text.is_empty() {
            return Err(unknown(&text, command));
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        let mut insert = |kind, text: String| error.insert(kind, ContextValue::String(text));
        if let Some(arg) = arg {
            insert(ContextKind::InvalidArg, arg.to_string());
        }
        if let Some(nearest) = nearest {
            insert(ContextKind::SuggestedValue, nearest.to_owned());
        }
        insert(ContextKind::InvalidValue, text.into_owned());
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(ids().map(PossibleValue::new)))
    }
}

fn unknown(text: &str, command: &Command) -> clap::Error {
    let shown = UntrustedText::with_limit(text, 200);
    let reason = format!("nothing that is known here matches `{shown}`");
    let mut error = clap::Error::raw(ErrorKind::ValueValidation, reason).with_cmd(command);
    let advice = "kubesesame explain lists all errors; kubesesame doctor looks for faults";
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![advice.into()]),
    );
    error
}

/// Begins the last line of a failure at a terminal.
const HELP: &str = "help: kubesesame explain ";

/// Returns everything that has one of these ids.
fn one(ids: &[&str]) -> Option<Topic> {
    let of_id = |id: &&str| {
        catalogue::explanation(id)
            .into_iter()
            .chain(doctor::explanation(id))
    };
    let found: Vec<_> = ids.iter().flat_map(of_id).collect();
    (!found.is_empty()).then_some(Topic::One(found))
}

fn topic(text: &str) -> Option<Topic> {
    if let Some(topic) = one(&[text]) {
        return Some(topic);
    }
    // A failure that was pasted as a whole names its id.
    let named = text
        .split_once(HELP)
        .and_then(|(_, rest)| rest.split_whitespace().next());
    if let Some(topic) = named.and_then(|id| one(&[id])) {
        return Some(topic);
    }
    if let Some(explanation) = catalogue::response(text) {
        return Some(Topic::One(vec![explanation]));
    }
    if let Some(topic) = one(catalogue::ids_of_pasted(text)) {
        return Some(topic);
    }
    let found = catalogue::search(text);
    match found.len() {
        0 => None,
        1 => Some(Topic::One(found)),
        _ => Some(Topic::Several {
            text: text.to_owned(),
            found,
        }),
    }
}

fn ids() -> impl Iterator<Item = &'static str> {
    catalogue::own_errors()
        .chain(catalogue::provider_errors())
        .chain(doctor::explanations())
        .map(|(id, _)| id)
}

/// Returns the id that was probably meant: one with a typo or two, or else the first that begins with the text, or has it in it.
fn nearest(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase().replace('_', "-");
    let similarity = |id: &&str| strsim::normalized_damerau_levenshtein(&text, id);
    let similar = ids().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    let is_word = text.len() > 2;
    similar
        .filter(|id| similarity(id) > 0.6)
        .or_else(|| ids().find(|id| is_word && id.starts_with(&text)))
        .or_else(|| ids().find(|id| is_word && id.contains(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_id_is_the_one_that_was_probably_meant() {
        for (text, expected) in [
            ("isuer-missing", Some("issuer-missing")),
            ("Issuer_Missing", Some("issuer-missing")),
            ("clock-", Some("clock")),
            ("redirect-ur", Some("redirect-uri")),
            ("ap-not-assigned", Some("app-not-assigned")),
            ("x", None),
            ("", None),
            ("something entirely different", None),
        ] {
            assert_eq!(nearest(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_of_an_error_and_a_check_has_both_explanations() {
        for (text, expected) in [
            ("issuer-missing", Some(&["issuer-missing"][..])),
            ("clock", Some(&["clock", "clock"])),
            ("key-set", Some(&["key-set"])),
            ("app is not assigned", Some(&["app-not-assigned"])),
            (
                "error: x\nhelp: kubesesame explain issuer-missing\n",
                Some(&["issuer-missing"]),
            ),
            ("something entirely different", None),
        ] {
            let ids = topic(text).map(|topic| match topic {
                Topic::One(found) | Topic::Several { found, .. } => found,
            });
            let ids = ids.map(|found| found.iter().map(|explanation| explanation.id).collect::<Vec<_>>());
            assert_eq!(ids.as_deref(), expected, "{text}");
        }
    }
}
