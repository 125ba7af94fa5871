//! The last failure that other callers would get too, such as no answer or a refused client.
//!
//! Owns which callers get that failure instead of a new request: those that waited for the same response, the retries of kubectl, and
//! programs until the time that the `Retry-After` of an HTTP 429 names (RFC 6585 section 4). Pure: no files, no clock.

use serde::{Deserialize, Serialize};

use super::login_failures::Recalled;
use super::reported_to::{RETRY_PERIOD_SECS, ReportedTo};
use crate::clock::Timestamp;
use crate::invocation::Invocation;
use crate::report::Report;
use crate::session::Versioned;

/// A longer `Retry-After` is reduced to this.
const MAX_RETRY_AFTER_SECS: i64 = 300;

/// How and when the provider failed last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProviderOutage {
    /// When the request ended.
    at: Timestamp,
    /// Who has asked, or waited for the same response.
    #[serde(rename = "told")]
    reported_to: ReportedTo,
    report: Report,
    /// When the provider accepts the next request, if an HTTP 429 says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
}

impl Versioned for ProviderOutage {
    const VERSION: u32 = 2;
}

impl ProviderOutage {
    pub(crate) fn new(
        caller: &Invocation<'_>,
        now: Timestamp,
        report: Report,
        not_before: Option<Timestamp>,
    ) -> Self {
        let mut reported_to = ReportedTo::default();
        reported_to.claim(caller.parent(), now);
        Self {
            at: now,
            reported_to,
            report,
            not_before,
        }
    }

    /// Claims the report of the outage to this caller, and records it. Returns false if it was reported a short time ago.
    pub(crate) fn claim_report(&mut self, caller: &Invocation<'_>, now: Timestamp) -> bool {
        self.reported_to.claim(caller.parent(), now)
    }

    /// Returns the failure if this caller must not send a new request.
    ///
    /// A person at a terminal may send a request in spite of `Retry-After`. `waited`: the caller waited for another process's request.
    pub(crate) fn recall(&self, caller: &Invocation<'_>, waited: bool, now: Timestamp) -> Option<Recalled> {
        if caller.is_typed() {
            return None;
        }
        let is_recent = (self.at..self.at.saturating_add(RETRY_PERIOD_SECS)).contains(&now);
        // Only the retries of kubectl are silent.
        let was_reported = caller.is_exec_plugin_call() && self.reported_to.is_recent(caller.parent(), now);
        let waited_for_it = waited && self.at >= caller.started_at;
        if waited_for_it
            || (self.reported_to.contains(caller.parent()) && is_recent && caller.is_exec_plugin_call())
        {
            return Some(Recalled {
                report: self.report.clone(),
                was_reported,
            });
        }
        let left = self.retry_after_secs(now)?;
        if caller.at_terminal() {
            return None;
        }
        let mut report = self.report.clone();
        report.note = Some(format!(
            "the provider was not asked again: it asked callers to wait {left} s more"
        ));
        Some(Recalled { report, was_reported })
    }

    /// Returns the failure, and when it was.
    pub(crate) fn last(&self) -> (&Report, Timestamp) {
        (&self.report, self.at)
    }

    /// How many seconds of the provider's `Retry-After` are left, if any. The provider may extend it if asked earlier.
    pub(crate) fn retry_after_secs(&self, now: Timestamp) -> Option<i64> {
        let until = self.not_before?.min(self.at.saturating_add(MAX_RETRY_AFTER_SECS));
        (self.at..until).contains(&now).then(|| until.secs_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;
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
        ProviderOutage::new(&caller(1, true, true), at(1000), report, not_before.map(at))
    }

    /// The parent's id, whether it is at a terminal, whether a client called, whether it has waited, and the time.
    type Case = (u32, bool, bool, bool, i64);

    /// Whether the failure was reported before, or `None` if it is not recalled.
    fn recalled_as(
        not_before: Option<i64>,
        (parent, at_terminal, by_client, waited, now): Case,
    ) -> Option<bool> {
        let caller = caller(parent, at_terminal, by_client);
        let recalled = outage(not_before).recall(&caller, waited, at(now));
        recalled.map(|recalled| recalled.was_reported)
    }

    #[test]
    fn a_caller_that_waited_and_the_retries_of_kubectl_get_the_failure() {
        assert_eq!(
            recalled_as(None, (2, true, true, true, 1001)),
            Some(false),
            "it waited"
        );
        assert_eq!(
            recalled_as(None, (2, true, true, false, 1001)),
            None,
            "a new command asks"
        );
        assert_eq!(
            recalled_as(None, (1, true, true, false, 1009)),
            Some(true),
            "a retry that got the failure before"
        );
        assert_eq!(
            recalled_as(None, (1, true, true, false, 1010)),
            None,
            "a client that lives on"
        );
        assert_eq!(
            recalled_as(None, (1, true, false, false, 1001)),
            None,
            "a person who types it"
        );
    }

    #[test]
    fn the_retries_of_a_caller_that_waited_do_not_print_the_failure_again() {
        let (mut outage, waiter) = (outage(None), caller(9, true, true));
        assert!(outage.claim_report(&waiter, at(1001)) && !outage.claim_report(&waiter, at(1001)));
        assert!(outage.recall(&waiter, false, at(1001)).unwrap().was_reported);
    }

    #[test]
    fn retry_after_is_obeyed_for_five_minutes_at_most() {
        let soon = Some(1030);
        assert_eq!(recalled_as(soon, (2, false, true, false, 1029)), Some(false));
        assert_eq!(
            recalled_as(soon, (2, false, true, false, 1030)),
            None,
            "its time is over"
        );
        assert_eq!(recalled_as(Some(9000), (1, false, true, false, 1009)), Some(true));
        assert_eq!(
            recalled_as(Some(9000), (1, false, true, false, 1010)),
            Some(false),
            "a client that lives on is told again"
        );
        assert_eq!(
            recalled_as(Some(9000), (2, false, true, false, 1299)),
            Some(false)
        );
        assert_eq!(
            recalled_as(Some(9000), (2, false, true, false, 1300)),
            None,
            "five minutes"
        );
        assert_eq!(
            recalled_as(soon, (2, true, true, false, 1001)),
            None,
            "a person gets through"
        );
        assert_eq!(
            recalled_as(soon, (2, false, true, false, 999)),
            None,
            "the clock was set back"
        );
    }
}
