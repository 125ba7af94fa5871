//! The arguments of `setup`.

use clap::Args;

use super::choices::{OutputFormat, PlatformChoice};
use super::{ClusterArgs, FileArgs, LoginArgs, ProviderArgs, TlsArgs};

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
    #[command(flatten)]
    pub(crate) result: SetupResultArgs,
}

// What is made of the sign-in. These flags have no variables: what changes files has to be given explicitly.
#[derive(Debug, Args)]
#[command(next_help_heading = "Result")]
pub(crate) struct SetupResultArgs {
    /// Print one document for programs, with claims, verdicts, user, groups and all settings: `json` or `yaml`
    #[arg(short, long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output: Option<OutputFormat>,

    /// What to print the cluster's settings for: `flags` of kube-apiserver, `config` (structured, Kubernetes 1.34
    /// and newer), `config-v1beta1` (1.30 to 1.33), or `eks`
    #[arg(
        long = "for",
        value_name = "PLATFORM",
        default_value = "flags",
        hide_possible_values = true
    )]
    pub(crate) platform: PlatformChoice,

    /// Add the user and its context to the kubeconfig, and ask the cluster who you are
    #[arg(long)]
    pub(crate) write: bool,

    /// Write without asking
    #[arg(short, long, hide_short_help = true)]
    pub(crate) yes: bool,

    /// Cluster of the kubeconfig that the context is for [default: that of the current context]
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    pub(crate) cluster: Option<String>,

    /// Name of the user in the kubeconfig
    #[arg(long, hide_short_help = true, value_name = "NAME", default_value = "oidc")]
    pub(crate) user: String,

    /// Write a kubeconfig without secrets for other people, to a new file or (`-`) to standard output
    #[arg(
        long,
        value_name = "FILE",
        allow_hyphen_values = true,
        conflicts_with = "write"
    )]
    pub(crate) kubeconfig_for_others: Option<String>,

    #[command(flatten)]
    pub(crate) file: FileArgs,
}
