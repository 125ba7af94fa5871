//! Users of a kubeconfig: the `exec` entry for kubesesame, new or converted from kubelogin's, and `auth-provider: oidc`; the contexts
//! that use them, a kubeconfig to hand out, and what all files say together, as kubectl reads them.
//!
//! Pure: texts come in, texts go out. An entry has `command: kubesesame`, never kubectl as a wrapper: a wrapper costs one more
//! process per command, and kubectl's allowlist for plugins cannot name what it runs.

mod addition_error;
mod auth_provider;
mod clusters;
mod conversion_notices;
mod convert;
#[cfg(test)]
mod counted;
mod diff;
mod edit;
mod entries;
mod entry;
mod entry_terms;
mod error;
mod exec_info;
mod from_auth_provider;
mod kuberc;
mod mask;
mod masked_user;
mod merge;
mod new_entry;
mod secret_flag;
mod set_credentials;
pub(crate) mod tree;
mod user_tokens;
mod users;
mod yaml;

pub(crate) use addition_error::AdditionError;
pub(crate) use auth_provider::{
    AuthProvider, auth_provider, contexts, user_names, users_of_contexts, with_tokens,
};
pub(crate) use clusters::{ClusterEntry, Clusters, clusters};
pub(crate) use conversion_notices::{ConversionNotices, DroppedTokens};
pub(crate) use convert::{
    ConvertOptions, Plan, TextError, UserOutcome, converted_users, is_conversion_of, plan,
};
pub(crate) use diff::unified_diff;
pub(crate) use entries::{
    ClusterEntry as MergedCluster, ContextEntry, Entries, EntrySource, ExecEntry, UserEntry,
};
pub(crate) use entry_terms::{hint_in_cluster_terms, hint_in_entry_terms, in_entry_terms};
pub(crate) use error::{Error, unfinished_hint};
pub(crate) use exec_info::exec_info;
pub(crate) use kuberc::{PluginPolicy, plugin_policy};
pub(crate) use mask::{masked_reason, shown_command};
pub(crate) use masked_user::{has_secret, masked_user};
pub(crate) use merge::{MergeError, merge};
pub(crate) use new_entry::{NewContext, NewUser};
pub(crate) use secret_flag::SecretFlag;
pub(crate) use set_credentials::{ConfigCommands, csv_cell, shell_command};
pub(crate) use user_tokens::{UserTokens, tokens_of_users};
pub(crate) use yaml::yaml;
