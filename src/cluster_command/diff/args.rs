//! The arguments of `cluster diff`. Only syntax.

use std::path::PathBuf;

use clap::Args;

use crate::cli::OutputFormat;

pub(in super::super) const ABOUT: &str = "\
Say what a change of an API server's settings about tokens means for people

Reads what `cluster check` reads, in any two forms, and kubesesame.yaml: who gets
another name or other groups, who can no longer sign in, and which bindings reach
nobody then. Nothing is sent anywhere.

Exit code: 0 no difference for people, 1 differences, 2 an error.

Examples:
  # Before the file is copied to the control plane
  kubesesame cluster diff authentication.yaml new.yaml

  # What becomes of these people, and of the bindings in Git?
  kubesesame cluster diff authentication.yaml new.yaml --token=ada.jwt \\
    --token=bob.jwt --rbac=rbac/

  # From flags to a structured configuration
  kubesesame cluster diff kube-apiserver.yaml authentication.yaml";

#[derive(Debug, Args)]
pub(in super::super) struct DiffArgs {
    /// The settings that the API server has now, `-` for standard input
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,

    /// The settings that it is to have, `-` for standard input
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,

    /// Say what becomes of the owner of this token; `-` for standard input (repeat)
    #[arg(long, value_name = "FILE")]
    pub(super) token: Vec<PathBuf>,

    /// The same for the token of the session of a context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,

    /// File or directory with roles and bindings, whose subjects are looked at (repeat)
    #[arg(long, value_name = "FILE")]
    pub(super) rbac: Vec<PathBuf>,

    /// For programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(super) output: Option<OutputFormat>,
}
