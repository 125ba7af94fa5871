//! The arguments of `doctor`.

use std::path::PathBuf;

use clap::Args;

use super::choices::OutputFormat;
use super::{ClusterArgs, EntryArgs, GetTokenArgs};

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) entry: EntryArgs,

    /// Ask neither the provider nor the API server
    #[arg(long)]
    pub(crate) offline: bool,

    /// Print for programs: `json` or `yaml`
    #[arg(long, short, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output: Option<OutputFormat>,

    /// Also write a report for a bug report, without secrets, to a new file, or to standard output (-)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,

    #[command(flatten)]
    pub(crate) get_token: Box<GetTokenArgs>,
}
