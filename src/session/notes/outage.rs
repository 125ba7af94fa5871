//! A provider that could not be reached, or did not answer as it should, the last time.
//!
//! Owns who is told so in place of asking the provider again: whoever waited for the same response, kubectl's retries, and
//! programs while the provider wants to be left alone (HTTP 429). Pure: no files, no clock.

use serde::{Deserialize, Serialize};

use super::login_failures::{MAX_PARENTS, Recalled};
use crate::invocation::Invocation;
use crate::process::ParentProcess;
use crate::report::Report;

/// kubectl runs a failing plugin again at once; each run waits for a provider that hangs.
const RETRY_SECS: i64 = 10;

/// A provider that wants to be left alone for longer than this is asked all the same.
const MAX_WAIT_SECS: i64 = 300;

const VERSION: u32 = 2;

/// How and when the provider failed last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProviderOutage {
    version: u32,
    /// When the request ended, in seconds since the epoch.
    at: i64,
    /// Who has asked, or waited for the same response; the newest last.
    told: Vec<ParentProcess>,
    report: Report,
    /// When the provider wants to be asked again, in seconds since the epoch, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
}

impl ProviderOutage {
    pub(crate) fn new(caller: &Invocation<'_>, now: i64, report: Report, not_before: Option<i64>) -> Self {
        Self {
            version: VERSION,
            at: now,
            told: vec![caller.parent().clone()],
            report,
            not_before,
        }
    }

    /// Reads what was written; an unknown or broken text means that there was no outage.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|outage: &Self| outage.version == VERSION)
    }

    /// Notes that the caller was told; false when that was noted before.
    pub(crate) fn note_told(&mut self, caller: &Invocation<'_>) -> bool {
        if self.told.contains(caller.parent()) {
            return false;
        }
        self.told.push(caller.parent().clone());
        if self.told.len() > MAX_PARENTS {
            self.told.remove(0);
        }
        true
    }

    /// Returns the failure if the provider is not to be asked again for this caller.
    ///
    /// A person at a terminal gets through to a provider that asks to slow down, be it to be told the same. `waited`: the caller has
    /// waited while another process asked.
    pub(crate) fn recall(&self, caller: &Invocation<'_>, waited: bool, now: i64) -> Option<Recalled> {
        if caller.is_typed() {
            return None;
        }
        let is_recent = (self.at..self.at.saturating_add(RETRY_SECS)).contains(&now);
        let told = self.told.contains(caller.parent());
        let waited_for_it = waited && self.at >= caller.started_at;
        if waited_for_it || (told && is_recent && caller.is_by_client()) {
            return Some(Recalled {
                report: self.report.clone(),
                told,
            });
        }
        let left = self.wants_to_be_left_alone(now)?;
        if caller.at_terminal() {
            return None;
        }
        let mut report = self.report.clone();
        report.note = Some(format!(
            "the provider was not asked again: it wants to be left alone for {left} s more"
        ));
        Some(Recalled { report, told })
    }

    /// For how many seconds more, if it does; asking again makes it longer.
    pub(crate) fn wants_to_be_left_alone(&self, now: i64) -> Option<i64> {
        let until = self.not_before?.min(self.at.saturating_add(MAX_WAIT_SECS));
        (self.at..until).contains(&now).then(|| until.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    fn caller(parent: u32, at_terminal: bool, by_client: bool) -> Invocation<'static> {
        let environment = Environment {
            exec_info: by_client.then(|| "{}".to_owned()),
            at_terminal,
            ..Environment::default()
        };
        Invocation::sample(Box::leak(Box::new(environment)), parent, 1)
    }

    fn outage(not_before: Option<i64>) -> ProviderOutage {
        let report = Report::sample("down");
        ProviderOutage::new(&caller(1, true, true), 1000, report, not_before)
    }

    /// The parent's id, whether it is at a terminal, whether a client called, whether it has waited, and the time.
    type Case = (u32, bool, bool, bool, i64);

    fn told(not_before: Option<i64>, (parent, at_terminal, by_client, waited, now): Case) -> Option<bool> {
        let caller = caller(parent, at_terminal, by_client);
        let recalled = outage(not_before).recall(&caller, waited, now);
        recalled.map(|recalled| recalled.told)
    }

    #[test]
    fn whoever_waited_and_the_retries_of_kubectl_are_told_of_the_outage() {
        assert_eq!(told(None, (2, true, true, true, 1001)), Some(false), "it waited");
        assert_eq!(
            told(None, (2, true, true, false, 1001)),
            None,
            "a new command asks"
        );
        assert_eq!(
            told(None, (1, true, true, false, 1009)),
            Some(true),
            "a retry, told before"
        );
        assert_eq!(
            told(None, (1, true, true, false, 1010)),
            None,
            "a client that lives on"
        );
        assert_eq!(
            told(None, (1, true, false, false, 1001)),
            None,
            "a person who types it"
        );
    }

    #[test]
    fn the_retries_of_whoever_waited_are_told_nothing_anew() {
        let (mut outage, waiter) = (outage(None), caller(9, true, true));
        assert!(outage.note_told(&waiter) && !outage.note_told(&waiter));
        assert!(outage.recall(&waiter, false, 1001).unwrap().told);
    }

    #[test]
    fn a_provider_that_wants_to_be_left_alone_is_for_five_minutes_at_most() {
        let soon = Some(1030);
        assert_eq!(told(soon, (2, false, true, false, 1029)), Some(false));
        assert_eq!(
            told(soon, (2, false, true, false, 1030)),
            None,
            "its time is over"
        );
        assert_eq!(told(Some(9000), (2, false, true, false, 1299)), Some(false));
        assert_eq!(
            told(Some(9000), (2, false, true, false, 1300)),
            None,
            "five minutes"
        );
        assert_eq!(
            told(soon, (2, true, true, false, 1001)),
            None,
            "a person gets through"
        );
        assert_eq!(
            told(soon, (2, false, true, false, 999)),
            None,
            "the clock was set back"
        );
    }
}
