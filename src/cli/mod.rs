//! The command line and its help.
//!
//! Only syntax: `settings` turns these types into validated settings.

mod choices;
mod command;
mod command_line;
mod companion;
mod completion;
mod config_error;
mod doctor;
mod entry;
mod explain;
mod groups;
mod kubeconfig;
mod logout;
mod man;
mod setup;
mod sources;
mod standalone;
mod token;
mod typed_flags;
mod usage_error;
mod variables;

pub(crate) use choices::{
    Automatic, ClientAuthChoice, ClusterConfigChoice, GrantChoice, OutputFormat, PkceChoice, PlatformChoice,
    ProtectionChoice, StorageChoice,
};
pub(crate) use command::{
    CleanArgs, Command, CompanionArgs, CompletionArgs, GetTokenArgs, LoginCommandArgs, ManArgs, StatusArgs,
    VersionArgs,
};
pub(crate) use command_line::{Cli, ParseError};
pub(crate) use companion::companion_args;
pub(crate) use completion::{COMPLETION_VARIABLE, CompletionRequest, KnownValues, is_plain};
pub(crate) use config_error::{ConfigError, ValueSources, usage_reason};
pub(crate) use doctor::DoctorArgs;
pub(crate) use entry::EntryArgs;
pub(crate) use explain::{ExplainArgs, Topic};
pub(crate) use groups::{CacheArgs, ClusterArgs, DEFAULT_TIMEOUT_SECS, LoginArgs, ProviderArgs, TlsArgs};
pub(crate) use kubeconfig::{ConvertArgs, FileArgs, KubeconfigArgs, KubeconfigCommand, RestoreArgs};
pub(crate) use logout::LogoutArgs;
pub(crate) use man::manual_page;
pub(crate) use setup::{SetupArgs, SetupResultArgs};
pub(crate) use sources::ConfigSources;
pub(crate) use standalone::StandaloneArgs;
pub(crate) use token::{InspectArgs, TokenArgs, TokenCommand};
pub(crate) use typed_flags::{TypedFlag, typed_flags, with_typed_flags};
pub(crate) use usage_error::UsageError;
pub(crate) use variables::{VARIABLE_PREFIX, flags_of_get_token, unknown_variables, variable_of};
