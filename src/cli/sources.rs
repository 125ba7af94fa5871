//! Adds flags from environment variables to a command line.
//!
//! The command line takes precedence over variables. This module does not know what the flags mean. An error names the variable that
//! has the wrong value.
//!
//! clap's own variables (`Arg::env`) are not used: clap would read the environment itself, past its single access point and on each call;
//! its errors name the flag and not the variable; an empty variable would count as a value; and a flag on the command line could not
//! exclude the variable of another flag.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _};

use super::Cli;
use super::config_error::{ConfigError, Source, ValueSources, usage_reason};
use super::standalone::{Standalone, is_standalone};
use super::variables::{args_of_command, variable_name};

/// Values for flags that are not on the command line.
#[derive(Debug, Default)]
pub(crate) struct ConfigSources {
    /// Environment variables, as name and value.
    pub(crate) environment: Vec<(String, String)>,
}

/// Groups of flags that exclude each other: if one is on the command line, the variables of the others are ignored.
const MUTUALLY_EXCLUSIVE: [&[&str]; 5] = [
    &[
        "oidc-client-secret",
        "oidc-client-secret-file",
        "oidc-client-secret-command",
        "oidc-client-secret-keyring",
        "oidc-client-private-key-file",
        "oidc-client-private-key-command",
    ],
    &["password", "password-file", "password-command"],
    &["listen-address", "listen-port"],
    &["oidc-redirect-url", "oidc-redirect-url-hostname"],
    &["oidc-redirect-url", "oidc-redirect-url-authcode-keyboard"],
];

impl ConfigSources {
    /// Returns the command line with the flags of variables added, and the sources of these flags.
    ///
    /// A command line that cannot be parsed is returned unchanged, because its own error is reported later.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub(super) fn add_to(&self, args: Vec<OsString>) -> Result<(Vec<OsString>, ValueSources), ConfigError> {
        let unchanged = |args| Ok((args, ValueSources::default()));
        if self.environment.is_empty() {
            return unchanged(args);
        }
        let standalone = is_standalone(&args);
        let parser = if standalone {
            Standalone::command()
        } else {
            Cli::command()
        };
        let Ok(matches) = parser.try_get_matches_from(&args) else {
            return unchanged(args);
        };
        let (command, command_matches) = match matches.subcommand() {
            // The flags belong to the inner command.
            Some(("token", group)) => match group.subcommand() {
                Some(found) => found,
                None => return unchanged(args),
            },
            Some(found) => found,
            None if standalone => ("", &matches),
            None => return unchanged(args),
        };
        let added = self.arguments_from_variables(command, command_matches);
        let command_line = |added: &[&AddedArgument]| -> Vec<OsString> {
            let arguments = added.iter().map(|added| OsString::from(&added.argument));
            args.iter().cloned().chain(arguments).collect()
        };
        for argument in &added {
            if let Err(error) = Cli::parse_args(&command_line(&[argument])) {
                return Err(argument.source.config_error(usage_reason(&error)));
            }
        }
        let command_line = command_line(&added.iter().collect::<Vec<_>>());
        let sources = added.into_iter().map(|added| added.source);
        Ok((command_line, ValueSources(sources.collect())))
    }

    /// Returns arguments for the flags of a command that are not on the command line, from their variables.
    fn arguments_from_variables(&self, command: &str, command_matches: &ArgMatches) -> Vec<AddedArgument> {
        let args = args_of_command(command);
        let is_on_command_line = |flag: &str| {
            let arg = args.iter().find(|arg| arg.get_long() == Some(flag));
            arg.is_some_and(|arg| {
                command_matches.try_contains_id(arg.get_id().as_str()).is_ok()
                    && command_matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
            })
        };
        let flags = args
            .iter()
            .filter(|arg| !arg.is_hide_set())
            .filter_map(Arg::get_long);
        let missing =
            flags.filter(|flag| !is_on_command_line(flag) && !exclusive_with(flag).any(is_on_command_line));
        missing
            .filter_map(|flag| self.argument_from_variable(flag))
            .collect()
    }

    /// Returns the argument for a flag from its variable. An empty variable is ignored.
    fn argument_from_variable(&self, flag: &str) -> Option<AddedArgument> {
        let name = variable_name(flag);
        let found = self.environment.iter().find(|(known, _)| *known == name);
        let (_, value) = found.filter(|(_, value)| !value.is_empty())?;
        Some(AddedArgument {
            source: Source::Variable {
                flag: flag.to_owned(),
            },
            argument: format!("--{flag}={value}"),
        })
    }
}

/// An argument that comes from a variable.
struct AddedArgument {
    source: Source,
    argument: String,
}

/// Returns the flags that exclude this one.
fn exclusive_with(flag: &str) -> impl Iterator<Item = &'static str> {
    let groups = MUTUALLY_EXCLUSIVE
        .into_iter()
        .filter(move |group| group.contains(&flag));
    groups
        .flat_map(|group| group.iter().copied())
        .filter(move |other| *other != flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(args: &[&str], environment: &[(&str, &str)]) -> String {
        let sources = ConfigSources {
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let args = args.iter().map(OsString::from).collect();
        match sources.add_to(args) {
            Ok((args, _)) => args[2..].join(&OsString::from(" ")).into_string().unwrap(),
            Err(config_error) => format!("{config_error:?}"),
        }
    }

    #[test]
    fn the_command_line_takes_precedence_over_variables() {
        let id = [("KUBESESAME_OIDC_CLIENT_ID", "e")];
        let command_line = ["k", "get-token", "--oidc-client-id", "t"];
        assert_eq!(filled(&command_line, &id), "--oidc-client-id t");
        assert_eq!(filled(&command_line[..2], &id), "--oidc-client-id=e");
        assert_eq!(filled(&["k", "setup"], &id), "--oidc-client-id=e");
        assert_eq!(filled(&["k", "version"], &id), "");
    }

    #[test]
    fn a_list_comes_from_one_source_only() {
        let environment = [("KUBESESAME_OIDC_EXTRA_SCOPE", "c,d")];
        let args = ["k", "get-token"];
        assert_eq!(filled(&args, &environment), "--oidc-extra-scope=c,d");
        let command_line = ["k", "get-token", "--oidc-extra-scope=t"];
        assert_eq!(filled(&command_line, &environment), "--oidc-extra-scope=t");
    }

    #[test]
    fn a_secret_on_the_command_line_excludes_a_file_from_a_variable() {
        let environment = [("KUBESESAME_OIDC_CLIENT_SECRET_FILE", "f")];
        let command_line = ["k", "get-token", "--oidc-client-secret=s"];
        assert_eq!(filled(&command_line, &environment), "--oidc-client-secret=s");
    }

    #[test]
    fn an_empty_variable_is_ignored_and_a_wrong_one_is_named() {
        let args = ["k", "get-token"];
        assert_eq!(filled(&args, &[("KUBESESAME_USERNAME", "")]), "");
        assert_eq!(filled(&args, &[("KUBESESAME_ELSE", "x")]), "");
        assert_eq!(
            filled(&args, &[("KUBESESAME_FORCE_REFRESH", "perhaps")]),
            r#"Variable("KUBESESAME_FORCE_REFRESH", "invalid value 'perhaps' for '--force-refresh[=<BOOL>]': expected `true` or `false`")"#
        );
    }

    /// Returns a value that this flag accepts.
    fn value_for(arg: &Arg) -> String {
        let choices = arg.get_possible_values();
        let value = match (arg.get_long(), choices.first()) {
            (_, Some(choice)) => choice.get_name(),
            (Some("v" | "authentication-timeout-sec"), None) => "7",
            _ if arg.get_num_args().is_some_and(|values| values.min_values() == 0) => "true",
            _ => "x",
        };
        value.to_owned()
    }

    #[test]
    fn each_flag_that_is_shown_has_a_variable() {
        for (command, base) in [
            ("get-token", &["k", "get-token"][..]),
            ("login", &["k", "login"]),
            ("setup", &["k", "setup"]),
            ("clean", &["k", "clean"]),
            ("inspect", &["k", "token", "inspect"]),
            ("", &["k"]),
        ] {
            let args = args_of_command(command);
            let shown = args.iter().filter(|arg| !arg.is_hide_set());
            assert!(shown.clone().count() >= 2, "{command}");
            for arg in shown {
                let (flag, value) = (arg.get_long().unwrap(), value_for(arg));
                let sources = ConfigSources {
                    environment: vec![(variable_name(flag), value.clone())],
                };
                let with = |more: &[&str]| {
                    let command_line = base.iter().chain(more).map(OsString::from).collect();
                    let (filled, _) = sources.add_to(command_line).unwrap();
                    filled[base.len()..].join(&OsString::from(" "))
                };
                let argument = format!("--{flag}={value}");
                assert_eq!(with(&[]), *argument, "{command}");
                assert_eq!(with(&[&argument]), *argument, "{command}: given, and not added");
            }
        }
    }
}
