//! Which processes were told of a failure, and when. Pure.
//!
//! kubectl runs a failing plugin again at once, and its retries print nothing anew. A client that lives on and asks later is told again.

use serde::{Deserialize, Serialize};

use crate::process::ParentProcess;

/// How long after it was told a process asks as kubectl's retries do; each of them may wait for a provider that hangs.
pub(super) const RETRY_SECS: i64 = 10;

/// As many kubectl processes as plausibly wait for one sign-in.
const MAX_PARENTS: usize = 256;

/// Who was told; the newest last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Told(Vec<Entry>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    parent: ParentProcess,
    /// In seconds since the epoch.
    #[serde(default)]
    at: i64,
}

impl Told {
    /// At any time.
    pub(super) fn contains(&self, parent: &ParentProcess) -> bool {
        self.0.iter().any(|entry| entry.parent == *parent)
    }

    /// So short a time ago that it need not be told again.
    pub(super) fn is_recent(&self, parent: &ParentProcess, now: i64) -> bool {
        let mut entries = self.0.iter();
        let entry = entries.find(|entry| entry.parent == *parent);
        entry.is_some_and(|entry| (entry.at..entry.at.saturating_add(RETRY_SECS)).contains(&now))
    }

    /// False when it was told a short time ago.
    pub(super) fn note(&mut self, parent: &ParentProcess, now: i64) -> bool {
        if self.is_recent(parent, now) {
            return false;
        }
        self.0.retain(|entry| entry.parent != *parent);
        if self.0.len() >= MAX_PARENTS {
            self.0.remove(0);
        }
        self.0.push(Entry {
            parent: parent.clone(),
            at: now,
        });
        true
    }
}
