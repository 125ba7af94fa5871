//! Flags that were not typed: from the environment.
//!
//! Owns the names and the order: what is typed counts first. Knows no flag by what it does; a value that a flag cannot have is
//! named with where it came from.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _};

use super::Cli;
use super::config_error::{ConfigError, Source, Untyped};
use super::standalone::{Standalone, is_standalone};
use super::variables::{args_of, variable};

/// Values for flags that nobody typed.
#[derive(Debug, Default)]
pub(crate) struct ConfigSources {
    /// Variables of the environment by their names.
    pub(crate) environment: Vec<(String, String)>,
}

/// Pairs of which the one that is typed takes the place of the other too.
const MUTUALLY_EXCLUSIVE: [(&str, &str); 5] = [
    ("oidc-client-secret", "oidc-client-secret-file"),
    ("password", "password-file"),
    ("listen-address", "listen-port"),
    ("oidc-redirect-url", "oidc-redirect-url-hostname"),
    ("oidc-redirect-url", "oidc-redirect-url-authcode-keyboard"),
];

impl ConfigSources {
    /// Adds what the sources say to a command line, and tells what was added.
    ///
    /// # Errors
    /// The first value that cannot be used. A command line that cannot be parsed is returned as it is.
    pub(super) fn fill(&self, args: Vec<OsString>) -> Result<(Vec<OsString>, Untyped), ConfigError> {
        let as_it_is = |args| Ok((args, Untyped::default()));
        if self.environment.is_empty() {
            return as_it_is(args);
        }
        let standalone = is_standalone(&args);
        let parser = if standalone {
            Standalone::command()
        } else {
            Cli::command()
        };
        let Ok(matches) = parser.try_get_matches_from(&args) else {
            return as_it_is(args);
        };
        let (command, typed) = match matches.subcommand() {
            Some(found) => found,
            None if standalone => ("", &matches),
            None => return as_it_is(args),
        };
        let added = self.arguments(command, typed);
        let whole = |added: &[&Added]| -> Vec<OsString> {
            let arguments = added.iter().map(|added| OsString::from(&added.argument));
            args.iter().cloned().chain(arguments).collect()
        };
        for one in &added {
            if let Err(error) = Cli::parse_args(&whole(&[one])) {
                return Err(one.config_error(&error.to_string()));
            }
        }
        let whole = whole(&added.iter().collect::<Vec<_>>());
        let sources = added.into_iter().map(|added| added.source);
        Ok((whole, Untyped(sources.collect())))
    }

    fn arguments(&self, command: &str, typed: &ArgMatches) -> Vec<Added> {
        let args = args_of(command);
        let is_typed = |flag: &str| {
            let arg = args.iter().find(|arg| arg.get_long() == Some(flag));
            arg.is_some_and(|arg| {
                typed.try_contains_id(arg.get_id().as_str()).is_ok()
                    && typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
            })
        };
        let flags = args
            .iter()
            .filter(|arg| !arg.is_hide_set())
            .filter_map(Arg::get_long);
        let untyped = flags.filter(|flag| !is_typed(flag) && !excluded_by(flag).any(is_typed));
        untyped.filter_map(|flag| self.value(flag)).collect()
    }

    /// Returns a flag's variable; an empty one is none.
    fn value(&self, flag: &str) -> Option<Added> {
        let name = variable(flag);
        let found = self.environment.iter().find(|(known, _)| *known == name);
        let (_, value) = found.filter(|(_, value)| !value.is_empty())?;
        Some(Added {
            source: Source::Variable(flag.to_owned()),
            argument: format!("--{flag}={value}"),
        })
    }
}

/// An argument that nobody typed.
struct Added {
    source: Source,
    argument: String,
}

impl Added {
    /// `error`: clap's text, of which the first line tells what is wrong.
    fn config_error(&self, error: &str) -> ConfigError {
        let why = error.lines().next().unwrap_or_default();
        self.source
            .config_error(why.trim_start_matches("error: ").to_owned())
    }
}

/// A pair as pflag reads it: with more than one equals sign it is a cell of CSV.
pub(crate) fn pair(name: &str, value: &str) -> String {
    let pair = format!("{name}={value}");
    if pair.matches('=').count() > 1 {
        format!("\"{}\"", pair.replace('"', "\"\""))
    } else {
        pair
    }
}

fn excluded_by(flag: &str) -> impl Iterator<Item = &'static str> {
    MUTUALLY_EXCLUSIVE.into_iter().filter_map(move |(one, other)| {
        if flag == one {
            Some(other)
        } else if flag == other {
            Some(one)
        } else {
            None
        }
    })
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
        match sources.fill(args) {
            Ok((args, _)) => args[2..].join(&OsString::from(" ")).into_string().unwrap(),
            Err(config_error) => format!("{config_error:?}"),
        }
    }

    #[test]
    fn what_is_typed_counts_then_the_environment() {
        let id = [("KUBESESAME_OIDC_CLIENT_ID", "e")];
        let typed = ["k", "get-token", "--oidc-client-id", "t"];
        assert_eq!(filled(&typed, &id), "--oidc-client-id t");
        assert_eq!(filled(&typed[..2], &id), "--oidc-client-id=e");
        assert_eq!(filled(&["k", "setup"], &id), "--oidc-client-id=e");
        assert_eq!(filled(&["k", "version"], &id), "");
    }

    #[test]
    fn a_list_comes_from_one_source_only() {
        let environment = [("KUBESESAME_OIDC_EXTRA_SCOPE", "c,d")];
        let args = ["k", "get-token"];
        assert_eq!(filled(&args, &environment), "--oidc-extra-scope=c,d");
        let typed = ["k", "get-token", "--oidc-extra-scope=t"];
        assert_eq!(filled(&typed, &environment), "--oidc-extra-scope=t");
    }

    #[test]
    fn a_typed_secret_takes_the_place_of_a_file_too() {
        let environment = [("KUBESESAME_OIDC_CLIENT_SECRET_FILE", "f")];
        let typed = ["k", "get-token", "--oidc-client-secret=s"];
        assert_eq!(filled(&typed, &environment), "--oidc-client-secret=s");
    }

    #[test]
    fn an_empty_variable_is_none_and_a_wrong_one_is_named() {
        let args = ["k", "get-token"];
        assert_eq!(filled(&args, &[("KUBESESAME_USERNAME", "")]), "");
        assert_eq!(filled(&args, &[("KUBESESAME_ELSE", "x")]), "");
        assert_eq!(
            filled(&args, &[("KUBESESAME_FORCE_REFRESH", "perhaps")]),
            r#"Variable("KUBESESAME_FORCE_REFRESH", "invalid value 'perhaps' for '--force-refresh[=<BOOL>]': expected `true` or `false`")"#
        );
    }

    /// A value that any flag of this kind takes.
    fn value_for(arg: &Arg) -> &'static str {
        match arg.get_long() {
            Some("v" | "authentication-timeout-sec") => "7",
            _ if arg.get_num_args().is_some_and(|values| values.min_values() == 0) => "true",
            _ => "x",
        }
    }

    #[test]
    fn each_flag_that_is_shown_has_a_variable() {
        for (command, base) in [
            ("get-token", &["k", "get-token"][..]),
            ("setup", &["k", "setup"]),
            ("clean", &["k", "clean"]),
            ("", &["k"]),
        ] {
            let args = args_of(command);
            let shown = args.iter().filter(|arg| !arg.is_hide_set());
            assert!(shown.clone().count() >= 2, "{command}");
            for arg in shown {
                let (flag, value) = (arg.get_long().unwrap(), value_for(arg));
                let sources = ConfigSources {
                    environment: vec![(variable(flag), value.to_owned())],
                };
                let with = |more: &[&str]| {
                    let typed = base.iter().chain(more).map(OsString::from).collect();
                    let (filled, _) = sources.fill(typed).unwrap();
                    filled[base.len()..].join(&OsString::from(" "))
                };
                let argument = format!("--{flag}={value}");
                assert_eq!(with(&[]), *argument, "{command}");
                assert_eq!(with(&[&argument]), *argument, "{command}: typed, and not added");
            }
        }
    }
}
