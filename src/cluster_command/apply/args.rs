//! The arguments of `--apply`, which several commands have. Only syntax.

use std::path::PathBuf;

use clap::Args;

// How kubectl applies what a command makes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Apply")]
pub(in super::super) struct ApplyArgs {
    /// Show what would change in the cluster, ask, and apply it by kubectl
    #[arg(long)]
    pub(in super::super) apply: bool,

    /// Do not ask
    #[arg(long, requires = "apply")]
    pub(super) yes: bool,

    /// Context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "NAME", requires = "apply")]
    pub(super) context: Option<String>,

    /// Kubeconfig [default: as kubectl finds it]
    #[arg(long, value_name = "FILE", requires = "apply")]
    pub(super) kubeconfig: Option<PathBuf>,
}
