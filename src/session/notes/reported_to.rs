//! The processes that a failure was reported to, and when. Pure.
//!
//! kubectl runs a failing plugin again at once, and these retries print nothing. A client that asks again later gets the text again.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::process::ParentProcess;

/// All of kubectl's retries come within this time after the report. Each of them could wait for a provider that does not respond.
pub(super) const RETRY_PERIOD_SECS: i64 = 10;

/// More kubectl processes than this do not wait for one sign-in.
const MAX_PARENTS: usize = 256;

/// The processes, the newest last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ReportedTo(Vec<Entry>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    parent: ParentProcess,
    #[serde(default)]
    at: Timestamp,
}

impl ReportedTo {
    /// Whether the failure was reported to this process at any time.
    pub(super) fn contains(&self, parent: &ParentProcess) -> bool {
        self.0.iter().any(|entry| entry.parent == *parent)
    }

    /// Whether it was reported within [`RETRY_PERIOD_SECS`], so that it is not printed again.
    pub(super) fn is_recent(&self, parent: &ParentProcess, now: Timestamp) -> bool {
        let mut entries = self.0.iter();
        let entry = entries.find(|entry| entry.parent == *parent);
        entry.is_some_and(|entry| (entry.at..entry.at.saturating_add(RETRY_PERIOD_SECS)).contains(&now))
    }

    /// Claims the report to this process, and records it. Returns `false` if the last one is recent.
    pub(super) fn claim(&mut self, parent: &ParentProcess, now: Timestamp) -> bool {
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
