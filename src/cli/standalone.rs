//! No command at all, as in kubelogin's standalone mode: what was typed.
//!
//! A parser of its own, so that the commands' command line stays as small as it is.

use std::ffi::OsString;

use clap::{ArgAction, Args, Parser, Subcommand};

use super::{Command, FileArgs, LogArgs, LoginArgs, TlsArgs};

/// Sign in, and write the tokens into the `auth-provider: oidc` user of the kubeconfig
#[derive(Debug, Parser)]
#[command(name = "kubesesame", disable_help_flag = true, args_override_self = true)]
pub(super) struct Standalone {
    #[command(flatten)]
    pub(super) args: StandaloneArgs,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StandaloneArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// Context whose user is meant [default: the current one]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) context: Option<String>,

    /// User that is meant, whatever the context
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) user: Option<String>,

    /// Parameter for the authorization request, as NAME=VALUE (repeat)
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) oidc_auth_request_extra_params: Vec<String>,

    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// Whether these words, the program's own name first, are flags without a command.
pub(super) fn is_standalone(words: &[OsString]) -> bool {
    let words = words.get(1..).unwrap_or_default();
    let is_command = |word: &OsString| word.to_str().is_some_and(Command::has_subcommand);
    let asks = |word: &OsString| {
        ["-h", "--help", "-V", "--version"]
            .iter()
            .any(|flag| word == flag)
    };
    let begins_with_flag = words
        .first()
        .is_none_or(|word| word.to_string_lossy().starts_with('-'));
    begins_with_flag && !words.iter().any(|word| is_command(word) || asks(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_without_a_command_are_told_from_commands_and_slips() {
        let is = |words: &[&str]| {
            let words: Vec<OsString> = ["kubesesame"].iter().chain(words).map(OsString::from).collect();
            is_standalone(&words)
        };
        assert!(is(&[]));
        assert!(is(&["--kubeconfig", "f", "-v=1"]));
        for words in [
            &["get-token"][..],
            &["-v=1", "setup"],
            &["get-tokn"],
            &["--help"],
            &["-V"],
            &["--kubeconfig=f", "-h"],
        ] {
            assert!(!is(words), "{words:?}");
        }
    }
}
