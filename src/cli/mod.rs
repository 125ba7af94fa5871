//! The command line and its help.
//!
//! Only syntax: `settings` turns these types into validated settings.

mod choices;
mod config_error;
mod groups;
mod kubeconfig;
mod sources;
mod standalone;
mod variables;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand};

pub(crate) use choices::{Automatic, ClusterConfigChoice, GrantChoice, PkceChoice, StorageChoice};
pub(crate) use config_error::{ConfigError, ValueSources, usage_reason};
use groups::KlogArgs;
pub(crate) use groups::{CacheArgs, ClusterArgs, DEFAULT_TIMEOUT_SECS, LoginArgs, ProviderArgs, TlsArgs};
pub(crate) use kubeconfig::{ConvertArgs, FileArgs, KubeconfigArgs, KubeconfigCommand, RestoreArgs};
pub(crate) use sources::{ConfigSources, format_pair};
pub(crate) use standalone::StandaloneArgs;
use standalone::{Standalone, is_standalone};
pub(crate) use variables::{VARIABLE_PREFIX, flags_of_get_token, unknown_variables, variable_of};

/// kubectl credential plugin for OpenID Connect
#[derive(Debug, Parser)]
#[command(name = "kubesesame", version, about, disable_help_subcommand = true, args_override_self = true, after_help = STANDALONE_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// The flags whose values come from variables.
    #[arg(skip)]
    pub(crate) value_sources: ValueSources,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Log steps to standard error; secrets are never logged
    #[arg(
        short = 'v',
        long = "v",
        value_name = "LEVEL",
        global = true,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = 0,
        default_missing_value = "1",
        hide_default_value = true
    )]
    pub(crate) verbosity: u8,

    #[command(flatten)]
    _klog: KlogArgs,
}

impl Cli {
    /// Parses a command line, with all spellings of klog's verbosity. `sources` has values for flags that are not on it.
    ///
    /// # Errors
    /// If the command line or a variable cannot be used.
    pub(crate) fn parse_from_os(
        args: impl Iterator<Item = OsString>,
        sources: &ConfigSources,
    ) -> Result<Self, ParseError> {
        let filled = sources.add_to(normalize_verbosity(args));
        let (args, value_sources) = filled.map_err(ParseError::Config)?;
        let cli =
            Self::parse_args(&args).map_err(|error| ParseError::Usage(without_klog_suggestion(error)))?;
        Ok(Self { value_sources, ..cli })
    }

    /// Parses the arguments of a kubeconfig's entry. The variables of this process do not count for them.
    pub(crate) fn parse_entry(arguments: &[String]) -> Result<Self, clap::Error> {
        let args = std::iter::once("kubesesame").chain(arguments.iter().map(String::as_str));
        Self::parse_args(&normalize_verbosity(args.map(OsString::from)))
    }

    fn parse_args(args: &[OsString]) -> Result<Self, clap::Error> {
        if let [program, help, command @ ..] = args
            && help == "help"
        {
            // clap's own `help` command is off, because each call would have to build it.
            let flag = OsString::from("--help");
            return Self::try_parse_from([program].into_iter().chain(command).chain([&flag]));
        }
        if !is_standalone(args) {
            return Self::try_parse_from(args);
        }
        let Standalone { args, log } = Standalone::try_parse_from(args)?;
        Ok(Self {
            command: Command::Standalone(Box::new(args)),
            log,
            value_sources: ValueSources::default(),
        })
    }
}

/// A command line that cannot be used.
#[derive(Debug)]
pub(crate) enum ParseError {
    Usage(clap::Error),
    /// The command line is right, but a value from another source is wrong.
    Config(ConfigError),
}

/// Removes the suggestion of a klog flag, which has no effect here.
fn without_klog_suggestion(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(suggested)) = error.get(ContextKind::SuggestedArg)
        && KlogArgs::contains(suggested)
    {
        error.remove(ContextKind::SuggestedArg);
    }
    error
}

/// Rewrites `-v1` and `-v 1` as `-v=1`. The value is optional, so clap would take any next argument as the value.
fn normalize_verbosity(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let is_level = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut normalized: Vec<OsString> = Vec::new();
    for argument in args {
        let text = argument.to_str().unwrap_or_default();
        let after_v = normalized
            .last()
            .is_some_and(|last| last == "-v" || last == "--v");
        if let Some(level) = text.strip_prefix("-v").filter(|level| is_level(level)) {
            normalized.push(format!("-v={level}").into());
        } else if after_v && is_level(text) {
            normalized.pop();
            normalized.push(format!("-v={text}").into());
        } else {
            normalized.push(argument);
        }
    }
    normalized
}

macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0  done
  1  failed
  2  the command line, or what kubectl passed, cannot be used
  3  a sign-in is needed, and nobody could attend to it here"
    };
}

const STANDALONE_HELP: &str = concat!(
    "Without a command it signs in the `auth-provider: oidc` user of a kubeconfig (--kubeconfig, --context, --user, and the \
     flags for sign-in and TLS of get-token) and writes the tokens there. An `exec` entry serves better: see `kubeconfig convert`.\n\n",
    exit_codes!()
);
const VARIABLES_HELP: &str = concat!(
    "Each flag can be a variable too: --oidc-issuer-url is KUBESESAME_OIDC_ISSUER_URL. What is typed counts first.\n\n",
    exit_codes!()
);

const CLEAN_HELP: &str = "\
It removes every session of yours, whatever the issuer and the account, in the directory above and in those where sessions are kept when the \
home cannot be written: $XDG_RUNTIME_DIR/kubesesame, and kubesesame-UID among the temporary files ($TMPDIR, such as /tmp/kubesesame-1000). \
Tokens that a call without a command has kept in ~/.kube/cache/kubesesame, to be written into the kubeconfig by the next one, go too. \
Tokens that were issued live on until their end.";

// `defer`: clap builds only the command that runs. Building all of them would double the time of a cached call.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Print an ExecCredential for kubectl, signing in only when there is no other way
    #[command(after_help = VARIABLES_HELP, args_override_self = true)]
    GetToken(Box<GetTokenArgs>),
    /// Refresh the session that standard input tells, without a word; started by get-token
    #[command(hide = true)]
    BackgroundRefresh,
    /// Remove all your sessions on this machine
    #[command(after_help = CLEAN_HELP)]
    Clean(CleanArgs),
    /// Print the version
    Version,
    /// Sign in once, show the claims and who the cluster will say you are, and how to set up kubectl
    #[command(after_help = VARIABLES_HELP, args_override_self = true)]
    Setup(Box<SetupArgs>),
    /// No command; [`Standalone`] parses it.
    #[command(skip)]
    Standalone(Box<StandaloneArgs>),
    /// Change kubeconfigs: `convert` those of kubectl oidc-login, or `restore` them
    Kubeconfig(KubeconfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GetTokenArgs {
    #[command(flatten)]
    pub(crate) provider: ProviderArgs,

    /// Whether a cluster's entry in the kubeconfig may choose issuer, client id, scopes and CA where no issuer is given here: `allow`
    /// or `ignore` [default: allow]
    #[arg(
        long,
        value_name = "WHETHER",
        hide_possible_values = true,
        help_heading = "Provider"
    )]
    pub(crate) cluster_config: Option<ClusterConfigChoice>,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Directory for sessions [default: $KUBECACHEDIR/kubesesame or ~/.kube/cache/kubesesame]
    #[arg(long, value_name = "DIR", allow_hyphen_values = true)]
    pub(crate) token_cache_dir: Option<String>,
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
    fn the_command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    fn parse(args: &[&str]) -> Cli {
        let args = ["kubesesame"].iter().chain(args).map(OsString::from);
        Cli::parse_from_os(args, &ConfigSources::default()).unwrap_or_else(|error| panic!("{error:?}"))
    }

    #[test]
    fn verbosity_is_read_in_all_spellings_of_kubeconfigs() {
        let cases: [(&[&str], u8); 7] = [
            (&["get-token"], 0),
            (&["get-token", "-v"], 1),
            (&["-v", "get-token"], 1),
            (&["get-token", "-v1"], 1),
            (&["get-token", "-v=2"], 2),
            (&["get-token", "--v=3", "--force-refresh"], 3),
            (&["get-token", "-v", "4", "--force-refresh"], 4),
        ];
        for (args, level) in cases {
            assert_eq!(parse(args).log.verbosity, level, "{args:?}");
        }
    }

    #[test]
    fn the_last_of_two_equal_flags_counts() {
        let cli = parse(&["get-token", "--oidc-client-id=a", "--oidc-client-id", "-b"]);
        let Command::GetToken(args) = cli.command else {
            panic!("not get-token")
        };
        assert_eq!(args.provider.oidc_client_id.as_deref(), Some("-b"));
    }

    #[test]
    fn switches_take_a_value_as_pflag_does() {
        for (argument, value) in [
            ("--skip-open-browser", true),
            ("--skip-open-browser=true", true),
            ("--skip-open-browser=f", false),
        ] {
            let cli = parse(&["get-token", argument]);
            let Command::GetToken(args) = cli.command else {
                panic!("not get-token")
            };
            assert_eq!(args.login.skip_open_browser, Some(value), "{argument}");
        }
    }
}
