//! The command line without a command, as in kubelogin's standalone mode.
//!
//! It has its own parser, so that the parser of the commands, which each cached call builds, stays small.

use std::ffi::OsString;

use clap::{ArgAction, Args, Parser, Subcommand, value_parser};

use super::command::STATUS_ALIAS;
use super::command_line::LogArgs;
use super::{Command, EntryArgs, LoginArgs, TlsArgs};

/// Sign in, and write the tokens into the `auth-provider: oidc` user of the kubeconfig
#[derive(Debug, Parser)]
#[command(name = "kubesesame", disable_help_flag = true, args_override_self = true)]
pub(super) struct Standalone {
    #[command(flatten)]
    pub(super) args: StandaloneArgs,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

// As for kubelogin, an empty name is none.
#[derive(Debug, Args)]
#[command(
    mut_arg("context", |arg| arg.value_parser(value_parser!(String))),
    mut_arg("user", |arg| arg.value_parser(value_parser!(String)))
)]
pub(crate) struct StandaloneArgs {
    #[command(flatten)]
    pub(crate) entry: EntryArgs,

    /// Parameter for the authorization request, as NAME=VALUE (repeat)
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true, action = ArgAction::Append)]
    pub(crate) oidc_auth_request_extra_params: Vec<String>,

    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// Whether these arguments, with the program's name first, are flags without a command.
pub(super) fn is_standalone(args: &[OsString]) -> bool {
    let args = args.get(1..).unwrap_or_default();
    let is_command = |arg: &OsString| {
        arg.to_str()
            .is_some_and(|arg| arg == STATUS_ALIAS || Command::has_subcommand(arg))
    };
    let asks_for_help = |arg: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|flag| arg == flag);
    let begins_with_flag = args
        .first()
        .is_none_or(|arg| arg.to_string_lossy().starts_with('-'));
    begins_with_flag && !args.iter().any(|arg| is_command(arg) || asks_for_help(arg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_without_a_command_are_standalone_mode() {
        let is = |args: &[&str]| {
            let args: Vec<OsString> = ["kubesesame"].iter().chain(args).map(OsString::from).collect();
            is_standalone(&args)
        };
        assert!(is(&[]));
        assert!(is(&["--kubeconfig", "f", "-v=1"]));
        for args in [
            &["get-token"][..],
            &["-v=1", "setup"],
            &["get-tokn"],
            &["-v=1", "whoami"],
            &["--help"],
            &["-V"],
            &["--kubeconfig=f", "-h"],
        ] {
            assert!(!is(args), "{args:?}");
        }
    }
}
