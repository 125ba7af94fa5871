//! The command line: what was typed, and the help for it.
//!
//! No logic and no meaning: `settings` turns these types into ones that cannot be wrong.

mod groups;
mod kubeconfig;

use clap::{Args, Parser, Subcommand};

pub(crate) use groups::{CacheArgs, ClusterArgs, LoginArgs, ProviderArgs, TlsArgs};
pub(crate) use kubeconfig::{ConvertArgs, FileArgs, KubeconfigArgs, KubeconfigCommand, RestoreArgs};

/// kubectl credential plugin for OpenID Connect
#[derive(Debug, Parser)]
#[command(name = "kubesesame", version, about, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Tell the steps on standard error; never tells a secret
    #[arg(
        short = 'v',
        long = "v",
        value_name = "LEVEL",
        global = true,
        num_args = 0..=1,
        default_value_t = 0,
        default_missing_value = "1",
        hide_default_value = true
    )]
    pub(crate) verbosity: u8,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command line, or what kubectl passed, cannot be used
  3  a sign-in is needed, and nobody could attend to it here";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print an ExecCredential for kubectl, signing in only when there is no other way
    #[command(after_help = EXIT_CODES)]
    GetToken(Box<GetTokenArgs>),
    /// Sign in once, show the claims and who the cluster will say you are, and how to set up kubectl
    #[command(after_help = EXIT_CODES)]
    Setup(Box<SetupArgs>),
    /// Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them
    Kubeconfig(KubeconfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GetTokenArgs {
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn verbosity_in_all_spellings_of_todays_kubeconfigs() {
        for (typed, level) in [("-v", 1), ("-v1", 1), ("-v=2", 2), ("--v=3", 3)] {
            let cli = Cli::try_parse_from(["kubesesame", "get-token", typed]).unwrap();
            assert_eq!(cli.verbosity, level, "{typed}");
        }
    }

    #[test]
    fn switches_take_a_value_as_pflag_does() {
        for (typed, value) in [
            ("--skip-open-browser", true),
            ("--skip-open-browser=true", true),
            ("--skip-open-browser=f", false),
        ] {
            let cli = Cli::try_parse_from(["kubesesame", "get-token", typed]).unwrap();
            let Command::GetToken(args) = cli.command else {
                panic!("not get-token")
            };
            assert_eq!(args.login.skip_open_browser, Some(value), "{typed}");
        }
    }
}
