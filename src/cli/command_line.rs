//! Parses a whole command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser};

use super::command::{Command, PROGRAM_ABOUT, STANDALONE_HELP};
use super::config_error::{ConfigError, ValueSources};
use super::groups::KlogArgs;
use super::sources::ConfigSources;
use super::standalone::{Standalone, is_standalone};

/// kubectl credential plugin for OpenID Connect
#[derive(Debug, Parser)]
#[command(name = "kubesesame", version, about, long_about = PROGRAM_ABOUT, disable_help_subcommand = true, args_override_self = true, after_long_help = STANDALONE_HELP)]
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
    /// Log to standard error: 1 steps, 2 requests, 3 headers; no secrets
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
        let cli = Self::parse_args(&args)
            .map_err(|error| ParseError::Usage(with_meant_command(without_klog_suggestion(error))))?;
        Ok(Self { value_sources, ..cli })
    }

    /// Parses the arguments of a kubeconfig's entry. The variables of this process do not count for them.
    pub(crate) fn parse_entry(arguments: &[String]) -> Result<Self, clap::Error> {
        let args = std::iter::once("kubesesame").chain(arguments.iter().map(String::as_str));
        Self::parse_args(&normalize_verbosity(args.map(OsString::from)))
    }

    pub(super) fn parse_args(args: &[OsString]) -> Result<Self, clap::Error> {
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

/// What other programs call what a command here does.
const MEANT_COMMANDS: [(&[&str], &str); 7] = [
    (
        &["signin", "sign-in", "log-in", "auth", "authenticate", "sso"],
        "login",
    ),
    (&["log-out", "signout", "sign-out", "logoff"], "logout"),
    (
        &[
            "me", "who", "id", "user", "session", "sessions", "list", "ls", "info",
        ],
        "status",
    ),
    (&["init", "configure", "config", "install"], "setup"),
    (&["convert", "migrate"], "kubeconfig convert"),
    (&["restore"], "kubeconfig restore"),
    (
        &["credential", "credentials", "get-credential", "get-credentials"],
        "get-token",
    ),
];

/// Suggests the command that does what a word means elsewhere. clap suggests by spelling alone.
fn with_meant_command(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
        && let Some((_, meant)) = MEANT_COMMANDS
            .iter()
            .find(|(words, _)| words.contains(&word.as_str()))
    {
        let meant = ContextValue::Strings(vec![(*meant).to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
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
