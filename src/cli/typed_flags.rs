//! The flags of `get-token` that are on a command line, for a command that puts them over those of a kubeconfig's entry.
//!
//! Only syntax. A flag that is on the command line replaces the entry's, lists too.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Args as _, Command, CommandFactory as _};

use super::variables::flags_of_get_token;
use super::{CacheArgs, Cli, ProviderArgs};

/// A flag on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypedFlag {
    /// Without dashes.
    pub(crate) name: String,
    values: Vec<OsString>,
}

impl TypedFlag {
    /// Whether it says whose session it is or where it is kept, and not how to sign in.
    pub(crate) fn names_session(&self) -> bool {
        let bare = Command::new("flags");
        let flags = CacheArgs::augment_args(ProviderArgs::augment_args(bare));
        let mut names = flags.get_arguments().filter_map(clap::Arg::get_long);
        self.name == "cluster-config" || names.any(|name| name == self.name)
    }

    /// Returns the arguments that say it again.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = OsString> {
        self.values.iter().map(|value| {
            let mut argument = OsString::from(format!("--{}=", self.name));
            argument.push(value);
            argument
        })
    }
}

/// Returns the flags of `get-token` on the command line of a command; none if it cannot be parsed.
pub(crate) fn typed_flags(command: &str, args: &[OsString]) -> Vec<TypedFlag> {
    let matches = Cli::command().try_get_matches_from(args).ok();
    let matches = matches.and_then(|mut matches| matches.remove_subcommand());
    let Some((_, matches)) = matches.filter(|(name, _)| name == command) else {
        return Vec::new();
    };
    let flags = flags_of_get_token().into_iter().filter(|name| name != "v");
    let typed = flags.filter_map(|name| {
        let id = name.replace('-', "_");
        let is_known = matches.try_contains_id(&id).is_ok();
        if !is_known || matches.value_source(&id) != Some(ValueSource::CommandLine) {
            return None;
        }
        let values = matches.get_raw(&id)?.map(OsString::from).collect();
        Some(TypedFlag { name, values })
    });
    typed.collect()
}

/// Returns the arguments of an entry without those flags that the command line has, followed by those of the command line.
pub(crate) fn with_typed_flags(arguments: Vec<OsString>, typed: &[TypedFlag]) -> Vec<OsString> {
    if typed.is_empty() {
        return arguments;
    }
    let own = typed_flags("get-token", &arguments);
    if own.is_empty() {
        // Either there are none, or they cannot be parsed, which is reported later.
        return arguments
            .into_iter()
            .chain(typed.iter().flat_map(TypedFlag::arguments))
            .collect();
    }
    let is_replaced = |flag: &&TypedFlag| typed.iter().any(|typed| typed.name == flag.name);
    let kept: Vec<OsString> = own
        .iter()
        .filter(|flag| !is_replaced(flag))
        .flat_map(TypedFlag::arguments)
        .collect();
    let command = arguments.into_iter().take(2);
    command
        .chain(kept)
        .chain(typed.iter().flat_map(TypedFlag::arguments))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Vec<OsString> {
        args.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_flag_of_the_command_line_replaces_that_of_the_entry() {
        let typed = typed_flags(
            "login",
            &args(&[
                "k",
                "login",
                "--context",
                "x",
                "--listen-address=a:1,b:2",
                "--skip-open-browser",
                "-v=1",
            ]),
        );
        let entry = args(&[
            "k",
            "get-token",
            "--oidc-client-id",
            "id",
            "--listen-address=c:3",
            "--listen-address=d:4",
            "--oidc-extra-scope=a",
            "--oidc-extra-scope=b",
        ]);
        let merged = with_typed_flags(entry.clone(), &typed);
        assert_eq!(
            merged.join(&OsString::from(" ")).into_string().unwrap(),
            "k get-token --oidc-client-id=id --oidc-extra-scope=a --oidc-extra-scope=b --listen-address=a:1,b:2 --skip-open-browser=true"
        );
        assert_eq!(with_typed_flags(entry.clone(), &[]), entry);
    }

    #[test]
    fn flags_that_say_whose_session_it_is_are_told_from_those_of_a_sign_in() {
        let names_session =
            |flag: &str| typed_flags("login", &args(&["k", "login", flag]))[0].names_session();
        for flag in [
            "--oidc-issuer-url=x",
            "--account=x",
            "--token-cache-dir=x",
            "--cluster-config=allow",
        ] {
            assert!(names_session(flag), "{flag}");
        }
        for flag in [
            "--grant-type=device-code",
            "--listen-port=1",
            "--certificate-authority=x",
        ] {
            assert!(!names_session(flag), "{flag}");
        }
    }
}
