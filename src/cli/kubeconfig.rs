//! The arguments of `kubeconfig`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct KubeconfigArgs {
    #[command(subcommand)]
    pub(crate) command: KubeconfigCommand,
}

// This is not a second paragraph of the command's doc comment, because clap then uses the long layout for the whole help.
const CONVERT_ABOUT: &str = "\
Turn the users of `kubectl oidc-login`, `kubelogin` and `auth-provider: oidc` into kubesesame's

Examples:
  # Show the difference and write nothing
  kubesesame kubeconfig convert --dry-run

  # The user of one context only
  kubesesame kubeconfig convert --context=production";

const CONVERT_HELP: &str =
    "Shows the difference, keeps a backup beside each file, and changes nothing but these entries.";

#[derive(Debug, Subcommand)]
pub(crate) enum KubeconfigCommand {
    /// Turn the users of `kubectl oidc-login`, `kubelogin` and `auth-provider: oidc` into kubesesame's
    #[command(long_about = CONVERT_ABOUT, after_long_help = CONVERT_HELP)]
    Convert(ConvertArgs),
    /// Put back the kubeconfig as it was before `convert`, byte for byte
    Restore(RestoreArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// Convert this user only (repeat)
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Vec<String>,

    /// Convert the user of this context only (repeat)
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Vec<String>,

    /// Show the difference and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Move client secrets and passwords to private files in ~/.kube/kubesesame
    #[arg(long)]
    pub(crate) secret_to_file: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// Put the backup back even if the file was changed after its conversion
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FileArgs {
    /// File to work on [default: the files of KUBECONFIG, or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}
