//! The shortest way to a session: what a whole command line meant the last time.
//!
//! Parsing a command line costs more than all else that a cached call does. So a call that was served from the store leaves a
//! note of which session that was, named by a hash of everything that decides it. Whoever comes with the very same finds the
//! session without parsing anything. A note that is missing, broken or of another version of the program is nothing lost: the
//! long way leads to the same session, and writes it anew.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Identity, Key, Record, Store, key};
use crate::exec::ApiVersion;
use crate::files::PrivateDir;
use crate::invocation::InvocationHash;
use crate::settings::Storage;

/// So many notes are kept: a kubeconfig has a few entries, and only a script that types something new each time has more.
const MAX_NOTES: usize = 300;

/// What a command line meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FastPathEntry {
    version: u32,
    key: Key,
    identity: Identity,
    /// How kubectl wants to be answered.
    pub(crate) api: ApiVersion,
    refresh: RefreshPolicy,
    /// Whether a token that is asked for again was refused.
    pub(crate) detects_rejections: bool,
    storage: Storage,
}

/// What may be refreshed in the background of a token's end, as far as the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RefreshPolicy {
    Off,
    /// A session with a refresh token.
    WithRefreshToken,
    /// Any: a program signs in for itself.
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

impl FastPathEntry {
    pub(crate) fn new(
        store: &Store,
        api: ApiVersion,
        refresh: RefreshPolicy,
        detects_rejections: bool,
    ) -> Self {
        Self {
            version: 1,
            key: store.key.clone(),
            identity: store.identity.clone(),
            api,
            refresh,
            detects_rejections,
            storage: store.storage,
        }
    }

    /// Reads the note of a command line; anything odd is no note.
    pub(crate) fn read(dir: &PrivateDir, hash: &InvocationHash) -> Option<Self> {
        let bytes = dir.read(&file(hash)).ok().flatten()?;
        let entry: Self = serde_json::from_slice(&bytes).ok()?;
        (entry.version == 1 && entry.key.is_sound()).then_some(entry)
    }

    /// Leaves the note. Best effort: the long way is always there.
    pub(crate) fn write(&self, dir: &PrivateDir, hash: &InvocationHash) {
        let name = file(hash);
        let notes = || {
            let names = dir.names().unwrap_or_default();
            names
                .into_iter()
                .filter(|name| key::is_fast_path(name))
                .collect::<Vec<_>>()
        };
        if let [_, ..] = notes().get(MAX_NOTES..).unwrap_or_default() {
            for old in notes() {
                drop(dir.remove(&old));
            }
        }
        drop(dir.replace_hint(&name, &serde_json::to_vec(self).unwrap_or_default()));
    }

    /// The session that is meant.
    pub(crate) fn store(&self, dir: PrivateDir) -> Store {
        Store {
            dir,
            key: self.key.clone(),
            identity: self.identity.clone(),
            storage: self.storage,
        }
    }

    /// Whether a token near its end is to be refreshed now.
    pub(crate) fn is_due(&self, record: &Record, now: i64) -> bool {
        self.refresh.allows(record) && record.is_due(now)
    }
}

fn file(hash: &InvocationHash) -> String {
    format!("{}.{}", HEXLOWER.encode(hash.as_bytes()), key::FAST_PATH)
}
