//! The form of clap's errors: `error:` and `hint:`, as all other errors have.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::untrusted_text::without_tokens;

/// A command line that cannot be used, as texts for a person. Both are in one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsageError {
    pub(crate) error: String,
    pub(crate) hint: String,
}

impl UsageError {
    /// Returns `None` for an error whose text is the help of a command.
    pub(crate) fn new(error: &clap::Error, args: &[OsString]) -> Option<Self> {
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return None;
        }
        let rendered = error.render().to_string();
        // A token that was passed as an argument is not repeated.
        let rendered = without_tokens(&rendered);
        let text = rendered.strip_prefix("error: ").unwrap_or(&rendered);
        // Suggestions and the usage follow after an empty line.
        let reason = text.split("\n\n").next().unwrap_or_default();
        let mut hints = suggestions(error);
        let is_question = hints.last().is_some_and(|hint| hint.ends_with('?'));
        let (start, join) = if is_question {
            ("otherwise see", " ")
        } else {
            ("see", "; ")
        };
        hints.push(format!("{start} {} --help", command_of(args)));
        Some(Self {
            error: in_one_line(reason),
            hint: hints.join(join),
        })
    }
}

/// Returns what was probably meant.
fn suggestions(error: &clap::Error) -> Vec<String> {
    let kinds = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let meant = kinds
        .into_iter()
        .filter_map(|kind| error.get(kind))
        .filter_map(names);
    let meant = meant.map(|names| format!("did you mean {names}?"));
    let advice = match error.get(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(texts)) => {
            texts.iter().map(|text| in_one_line(&text.to_string())).collect()
        }
        _ => Vec::new(),
    };
    meant.chain(advice).collect()
}

fn names(value: &ContextValue) -> Option<String> {
    let quoted = |name: &String| format!("`{name}`");
    match value {
        ContextValue::String(name) => Some(quoted(name)),
        ContextValue::Strings(names) if !names.is_empty() => {
            Some(names.iter().map(quoted).collect::<Vec<_>>().join(" or "))
        }
        _ => None,
    }
}

/// Returns the command that was called: `kubesesame get-token`.
fn command_of(args: &[OsString]) -> String {
    let mut command = Cli::command();
    let mut name = command.get_name().to_owned();
    for word in args.iter().skip(1).filter_map(|arg| arg.to_str()) {
        let Some(found) = command.find_subcommand(word).filter(|found| !found.is_hide_set()) else {
            continue;
        };
        let mut found = found.clone();
        found.build();
        name = format!("{name} {word}");
        command = found;
    }
    name
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{ConfigSources, ParseError};

    fn usage_error(args: &[&str]) -> String {
        let args: Vec<OsString> = ["kubesesame"].iter().chain(args).map(OsString::from).collect();
        match Cli::parse_from_os(args.iter().cloned(), &ConfigSources::default()) {
            Err(ParseError::Usage(error)) => {
                let UsageError { error, hint } = UsageError::new(&error, &args).unwrap();
                format!("{error}; {hint}")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_says_what_is_wrong_what_was_meant_and_where_to_look() {
        for (args, expected) in [
            (
                &["get-token", "--force-refres"][..],
                "unexpected argument '--force-refres' found; did you mean `--force-refresh`? otherwise see kubesesame get-token --help",
            ),
            (
                &["get-tokn"],
                "unrecognized subcommand 'get-tokn'; did you mean `get-token`? otherwise see kubesesame --help",
            ),
            (
                &["signout"],
                "unrecognized subcommand 'signout'; did you mean `logout`? otherwise see kubesesame --help",
            ),
            (
                &["me"],
                "unrecognized subcommand 'me'; did you mean `status`? otherwise see kubesesame --help",
            ),
            (
                &["kubeconfig", "restor"],
                "unrecognized subcommand 'restor'; did you mean `restore`? otherwise see kubesesame kubeconfig --help",
            ),
            (
                &["nosuch"],
                "unrecognized subcommand 'nosuch'; see kubesesame --help",
            ),
            (
                &["kubeconfig", "restor"],
                "unrecognized subcommand 'restor'; did you mean `restore`? otherwise see kubesesame kubeconfig --help",
            ),
            (
                &["get-token", "--oidc-client-id"],
                "a value is required for '--oidc-client-id <ID>' but none was supplied; see kubesesame get-token --help",
            ),
            (
                &["get-token", "--grant-type=device-cod"],
                "invalid value 'device-cod' for '--grant-type <GRANT>' [possible values: auto, authcode, authcode-keyboard, \
                 device-code, password, client-credentials]; did you mean `device-code`? otherwise see kubesesame get-token --help",
            ),
        ] {
            assert_eq!(usage_error(args), expected);
        }
    }
}
