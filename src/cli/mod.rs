//! The command line and its help.
//!
//! Only syntax: `settings` turns these types into validated settings.

mod choices;
mod command;
mod command_line;
mod config_error;
mod groups;
mod kubeconfig;
mod sources;
mod standalone;
mod variables;

pub(crate) use choices::{Automatic, ClusterConfigChoice, GrantChoice, PkceChoice, StorageChoice};
pub(crate) use command::{CleanArgs, Command, GetTokenArgs, SetupArgs};
pub(crate) use command_line::{Cli, ParseError};
pub(crate) use config_error::{ConfigError, ValueSources, usage_reason};
pub(crate) use groups::{CacheArgs, ClusterArgs, DEFAULT_TIMEOUT_SECS, LoginArgs, ProviderArgs, TlsArgs};
pub(crate) use kubeconfig::{ConvertArgs, FileArgs, KubeconfigArgs, KubeconfigCommand, RestoreArgs};
pub(crate) use sources::{ConfigSources, format_pair};
pub(crate) use standalone::StandaloneArgs;
pub(crate) use variables::{VARIABLE_PREFIX, flags_of_get_token, unknown_variables, variable_of};
