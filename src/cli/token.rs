//! The arguments of `token`.

use std::path::PathBuf;

use clap::{Arg, Args, Subcommand};

use super::choices::OutputFormat;
use super::command::GetTokenArgs;
use super::{ClusterArgs, FileArgs};

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

const INSPECT_ABOUT: &str = "\
Show a token's header, claims and times, verify its signature, and say what the API server makes of it

Examples:
  # The session of the current context's user, and that of another context
  kubesesame token inspect
  kubesesame token inspect --context=staging

  # A token in a file, and one from a pipe
  kubesesame token inspect token.txt
  kubesesame get-token … | kubesesame token inspect -

  # With the prefixes that the API server is configured with
  kubesesame token inspect --username-prefix=okta: --groups-prefix=okta:";

const INSPECT_HELP: &str = "\
A token may be bare, in quotes, after `Bearer`, or in an ExecCredential. The token itself is never printed. \
Keys are fetched only from an issuer that the flags or the kubeconfig name, or that you have signed in at before.

Exit codes:
  0  the API server accepts the token
  1  it does not, or that cannot be decided here (the report is printed too), or there is no token
  2  the command line cannot be used";

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Show a token's header, claims and times, verify its signature, and say what the API server makes of it
    #[command(long_about = INSPECT_ABOUT, after_long_help = INSPECT_HELP, args_override_self = true, mut_args = hide_unused)]
    Inspect(Box<InspectArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// File with the token, `-` for standard input; without it the token is that of a session
    #[arg(value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) kubeconfig: FileArgs,

    /// Context of the kubeconfig whose user's session is meant [default: the current one]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) context: Option<String>,

    /// User of the kubeconfig whose session is meant, whatever the context
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) user: Option<String>,

    /// Use no network: verify with the cached keys, whatever their age
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = super::groups::parse_bool)]
    pub(crate) offline: Option<bool>,

    /// Print for programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output: Option<OutputFormat>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,

    #[command(flatten)]
    pub(crate) get_token: GetTokenArgs,
}

/// The flags of `get-token` that do not help to find a session or an issuer. They are accepted, so that the flags of a kubeconfig's entry can
/// be given as they are.
fn hide_unused(arg: Arg) -> Arg {
    const SHOWN: [&str; 15] = [
        "account",
        "certificate-authority",
        "certificate-authority-data",
        "grant-type",
        "insecure-skip-tls-verify",
        "oidc-auth-request-extra-params",
        "oidc-client-id",
        "oidc-extra-scope",
        "oidc-issuer-url",
        "oidc-request-header",
        "oidc-resource",
        "oidc-use-access-token",
        "token-cache-dir",
        "token-cache-storage",
        "username",
    ];
    const OF_INSPECT: [&str; 9] = [
        "context",
        "groups-claim",
        "groups-prefix",
        "kubeconfig",
        "offline",
        "output",
        "user",
        "username-claim",
        "username-prefix",
    ];
    let is_hidden = arg
        .get_long()
        .is_some_and(|name| !SHOWN.contains(&name) && !OF_INSPECT.contains(&name));
    if is_hidden { arg.hide(true) } else { arg }
}
