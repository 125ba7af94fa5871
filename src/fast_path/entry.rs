//! The file that maps an invocation to its session.
//!
//! Its name has a hash of everything that decides which session a call uses. An entry that is missing, broken or of another version of
//! the program does no harm: the call parses its command line and writes the entry again.

use std::ffi::OsString;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::environment::Environment;
use crate::exec::ApiVersion;
use crate::files::PrivateDir;
use crate::invocation::InvocationHash;
use crate::session::{FileKind, Identity, Key, Record, Store, Versioned};
use crate::settings::{self, Storage};

/// The most entries in a directory before a new one is written. A kubeconfig has a few users; only a script whose command line changes each
/// time needs more.
const MAX_ENTRIES: usize = 300;

/// The session of one command line, and how to respond to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FastPathEntry {
    key: Key,
    identity: Identity,
    /// The version of the ExecCredential that kubectl requested.
    pub(crate) api: ApiVersion,
    refresh: RefreshPolicy,
    /// Whether a repeated request is a sign that the API server rejected the token (`--notice-refusal`).
    pub(crate) detects_rejections: bool,
    storage: Storage,
}

/// Which sessions the settings allow to be refreshed in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RefreshPolicy {
    Off,
    /// A session with a refresh token.
    WithRefreshToken,
    /// Any session, since the grant needs no person.
    Any,
}

impl RefreshPolicy {
    pub(crate) fn allows(self, record: &Record) -> bool {
        match self {
            Self::Off => false,
            Self::WithRefreshToken => record.refresh_token.is_some(),
            Self::Any => true,
        }
    }
}

impl Versioned for FastPathEntry {
    const VERSION: u32 = 1;
}

impl FastPathEntry {
    pub(crate) fn new(
        store: &Store,
        api: ApiVersion,
        refresh: RefreshPolicy,
        detects_rejections: bool,
    ) -> Self {
        Self {
            key: store.key().clone(),
            identity: store.identity().clone(),
            api,
            refresh,
            detects_rejections,
            storage: store.storage(),
        }
    }

    /// Reads the entry of a command line. `None` if it is missing, broken or of another version.
    pub(crate) fn read(dir: &PrivateDir, hash: &InvocationHash) -> Option<Self> {
        let bytes = dir.read(&file(hash)).ok().flatten()?;
        let entry: Self = Self::parse(&bytes)?;
        entry.key.is_valid().then_some(entry)
    }

    /// Whether the arguments and variables name the issuer and the client of this entry, and its storage (by default the disk). The entry is
    /// no secret and not sealed, so whoever can change it must not make the call use a session of another issuer, or a plain one in place of
    /// a sealed one. An issuer that only the cluster's entry names agrees with none.
    pub(crate) fn agrees_with(&self, args: &[OsString], environment: &Environment) -> bool {
        let value = |flag, variable| settings::likely_value(flag, variable, args, environment);
        let is_issuer = |issuer: &str| self.identity.issuer == issuer.trim();
        let is_client = |client: &str| self.identity.client_id == client;
        let is_storage = |storage: &str| self.storage.flag_value() == storage;
        value("--oidc-issuer-url", "KUBESESAME_OIDC_ISSUER_URL").is_some_and(is_issuer)
            && value("--oidc-client-id", "KUBESESAME_OIDC_CLIENT_ID").is_some_and(is_client)
            && is_storage(value("--token-cache-storage", "KUBESESAME_TOKEN_CACHE_STORAGE").unwrap_or("disk"))
    }

    /// Writes the entry, after it has pruned the others. Best effort: without it, the next call parses its command line.
    pub(crate) fn write(&self, dir: &PrivateDir, hash: &InvocationHash) {
        prune(dir);
        if let Ok(json) = self.to_json() {
            drop(dir.replace_volatile(&file(hash), &json));
        }
    }

    /// The store of the session.
    pub(crate) fn store(&self, dir: PrivateDir) -> Store {
        Store::new(dir, self.key.clone(), self.identity.clone(), self.storage)
    }

    /// Whether the token is near its expiry and the settings allow a background refresh.
    pub(crate) fn should_refresh_in_background(&self, record: &Record, now: Timestamp) -> bool {
        self.refresh.allows(record) && record.is_refresh_due(now)
    }
}

/// Removes all fast-path entries of a directory if there are more than [`MAX_ENTRIES`]. Each call that still needs one writes it again.
fn prune(dir: &PrivateDir) {
    let is_entry = |name: &String| matches!(FileKind::parse(name), Some((_, FileKind::FastPathEntry)));
    let names = dir.names().unwrap_or_default();
    let entries: Vec<_> = names.into_iter().filter(is_entry).collect();
    if entries.len() > MAX_ENTRIES {
        for entry in entries {
            drop(dir.remove(&entry));
        }
    }
}

fn file(hash: &InvocationHash) -> String {
    FileKind::FastPathEntry.name(HEXLOWER.encode(hash.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever can change the entry could name any other identity in it.
    #[test]
    fn an_entry_agrees_only_with_a_command_line_that_names_its_issuer_and_client() {
        let entry = FastPathEntry {
            key: Key::new("https://i", "c", [], &[], None, &[]),
            identity: Identity {
                issuer: "https://i".into(),
                client_id: "c".into(),
                account: None,
            },
            api: ApiVersion::V1,
            refresh: RefreshPolicy::Off,
            detects_rejections: true,
            storage: Storage::Disk,
        };
        let [issuer, client] = ["--oidc-issuer-url=https://i", "--oidc-client-id=c"];
        let variable = ("KUBESESAME_OIDC_ISSUER_URL", "https://i");
        for (args, variables, agrees) in [
            (&[issuer, client][..], &[][..], true),
            (&[client], &[variable], true),
            (&[client], &[], false),
            (&[issuer], &[], false),
            (&[], &[], false),
            (&[issuer, "--oidc-client-id=d"], &[], false),
            (&["--oidc-issuer-url=https://j", client], &[variable], false),
            (&[issuer, client, "--token-cache-storage=auto"], &[], false),
        ] {
            let args: Vec<OsString> = args.iter().map(Into::into).collect();
            let to_owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
            let environment = Environment {
                flag_variables: variables.iter().map(to_owned).collect(),
                ..Environment::default()
            };
            assert_eq!(
                entry.agrees_with(&args, &environment),
                agrees,
                "{args:?} {variables:?}"
            );
        }
    }
}
