//! The argument of `explain`: the id of an error.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command};

use crate::catalogue::{self, Explanation};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Id of an error; without it, all ids are listed
    #[arg(value_name = "ID", value_parser = KnownId, hide_possible_values = true)]
    pub(crate) explanation: Option<Explanation>,
}

/// Accepts the id of an error, and suggests the nearest for another text.
#[derive(Debug, Clone)]
struct KnownId;

impl TypedValueParser for KnownId {
    type Value = Explanation;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Explanation, clap::Error> {
        let text = value.to_string_lossy();
        if let Some(explanation) = catalogue::explanation(&text) {
            return Ok(explanation);
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        let mut insert = |kind, text: String| error.insert(kind, ContextValue::String(text));
        if let Some(arg) = arg {
            insert(ContextKind::InvalidArg, arg.to_string());
        }
        if let Some(nearest) = nearest(&text) {
            insert(ContextKind::SuggestedValue, nearest.to_owned());
        }
        insert(ContextKind::InvalidValue, text.into_owned());
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(ids().map(PossibleValue::new)))
    }
}

fn ids() -> impl Iterator<Item = &'static str> {
    catalogue::own_errors()
        .chain(catalogue::provider_errors())
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
            ("kubeconfig", Some("kubeconfig-missing")),
            ("ap-not-assigned", Some("app-not-assigned")),
            ("x", None),
            ("", None),
            ("something entirely different", None),
        ] {
            assert_eq!(nearest(text), expected, "{text}");
        }
    }
}
