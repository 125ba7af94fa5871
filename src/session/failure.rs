//! The memory of a login that failed, so that a client that asks again does not open one tab after the other.
//!
//! kubectl runs a failing plugin five times per command, and IDEs poll for ever. Owns who is answered from
//! memory and for how long. Pure: no files, no clock.

use serde::{Deserialize, Serialize};

use crate::process::Parent;
use crate::report::Report;

/// How long callers are answered from memory after the first, second and each later try, in seconds.
const QUIET: [i64; 3] = [60, 300, 900];

/// A provider that wants to be left alone for longer than this, in seconds, is asked all the same.
const MAX_WAIT: i64 = 300;

/// Parents that are remembered at most: as many as kubectl processes plausibly wait for one login.
const MAX_PARENTS: usize = 256;

/// A login that failed, was refused, or that nobody attended to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Failure {
    version: u32,
    /// Seconds since the epoch.
    at: i64,
    /// Logins that failed in a row.
    tries: u32,
    /// Whose calls ended with this failure; the newest last.
    parents: Vec<Parent>,
    report: Report,
    /// When the provider wants to be asked again, in seconds since the epoch, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
}

/// Which failures are remembered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// A person was asked in vain.
    Login,
    /// The provider could not be reached or would not answer: told to those who waited for it, and to nobody else.
    Passing,
}

/// Who asks, when.
#[derive(Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) now: i64,
    /// When this call began, in seconds since the epoch.
    pub(crate) started: i64,
    pub(crate) parent: &'a Parent,
    pub(crate) at_terminal: bool,
    /// kubectl (or another client) called; otherwise a person typed the command.
    pub(crate) by_client: bool,
    /// This call has waited while another one tried.
    pub(crate) waited: bool,
}

impl Failure {
    /// Counts a new try, after the failure that was remembered before.
    pub(crate) fn after(previous: Option<Self>, now: i64, parent: &Parent, report: Report) -> Self {
        let (tries, parents) = previous.map_or((0, Vec::new()), |failure| (failure.tries, failure.parents));
        let mut failure = Self {
            version: 1,
            at: now,
            tries: tries.saturating_add(1),
            parents,
            report,
            not_before: None,
        };
        failure.add(parent);
        failure
    }

    /// The same, of a provider that has said when it wants to be asked again.
    pub(crate) fn with_wait(self, not_before: Option<i64>) -> Self {
        Self { not_before, ..self }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|failure: &Self| failure.version == 1)
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns the words of the failure if this caller waited for it.
    pub(crate) fn answer_for_waiter(&self, caller: &Caller<'_>) -> Option<Report> {
        (caller.waited && self.at >= caller.started).then(|| self.report.clone())
    }

    /// Returns the words of the failure while the provider wants to be left alone (HTTP 429): asking makes it longer.
    pub(crate) fn answer_while_waiting(&self, now: i64) -> Option<Report> {
        let until = self.not_before?.min(self.at.saturating_add(MAX_WAIT));
        if !(self.at..until).contains(&now) {
            return None;
        }
        let mut report = self.report.clone();
        let left = until.saturating_sub(now);
        report.note = Some(format!(
            "the provider was not asked again: it wants to be left alone for {left} s more"
        ));
        Some(report)
    }

    /// Returns the words of the failure if no new login is to be tried for this caller.
    ///
    /// A person in a new command at a terminal always gets a new try.
    pub(crate) fn answer_for(&self, caller: &Caller<'_>) -> Option<Report> {
        let same_command = self.parents.contains(caller.parent);
        if !self.is_quiet(caller.now) || (caller.at_terminal && !same_command) {
            return None;
        }
        let mut report = self.report.clone();
        let ago = caller.now.saturating_sub(self.at);
        // kubectl's five tries come within a moment, and need no explanation.
        let is_retry = same_command && caller.by_client && ago <= 10;
        if !is_retry {
            let how = if caller.at_terminal {
                "in a new shell"
            } else {
                "in a terminal"
            };
            report.note = Some(format!(
                "no new sign-in was tried, since the last one failed {ago} s ago; run it {how} to try again at once, or wait \
                 {} s",
                self.quiet_seconds().saturating_sub(ago)
            ));
        }
        Some(report)
    }

    /// A failure from the future (the clock was set back) is not waited for.
    fn is_quiet(&self, now: i64) -> bool {
        (self.at..self.at.saturating_add(self.quiet_seconds())).contains(&now)
    }

    fn quiet_seconds(&self) -> i64 {
        let try_index = usize::try_from(self.tries.saturating_sub(1)).unwrap_or(usize::MAX);
        QUIET[try_index.min(QUIET.len() - 1)]
    }

    /// Adds one more caller that ended with this failure; false when it was known already.
    pub(crate) fn add(&mut self, parent: &Parent) -> bool {
        if self.parents.contains(parent) {
            return false;
        }
        self.parents.push(parent.clone());
        if self.parents.len() > MAX_PARENTS {
            self.parents.remove(0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(pid: u32) -> Parent {
        serde_json::from_value(serde_json::json!({"pid": pid, "started": 7})).unwrap()
    }

    fn failure(previous: Option<Failure>, now: i64) -> Failure {
        let report = Report {
            error: "nobody came".into(),
            causes: vec![],
            hint: None,
            note: None,
            exit: 1,
        };
        Failure::after(previous, now, &parent(1), report)
    }

    fn caller(parent: &Parent, now: i64, at_terminal: bool) -> Caller<'_> {
        Caller {
            now,
            started: now,
            parent,
            at_terminal,
            by_client: true,
            waited: false,
        }
    }

    fn answered(pid: u32, now: i64, at_terminal: bool) -> bool {
        failure(None, 1000)
            .answer_for(&caller(&parent(pid), now, at_terminal))
            .is_some()
    }

    #[test]
    fn the_same_command_is_answered_from_memory_even_at_a_terminal() {
        assert!(answered(1, 1001, true) && answered(1, 1059, true));
        // A client that lives long (k9s) may try again after a while.
        assert!(!answered(1, 1060, true));
    }

    #[test]
    fn a_person_in_a_new_command_gets_a_new_try_at_once() {
        assert!(!answered(2, 1001, true));
    }

    #[test]
    fn a_person_who_types_it_again_in_the_same_shell_is_told_why_and_what_to_do() {
        let shell = parent(1);
        let by_hand = Caller {
            by_client: false,
            ..caller(&shell, 1003, true)
        };
        let note = failure(None, 1000).answer_for(&by_hand).unwrap().note.unwrap();
        assert!(
            note.contains("failed 3 s ago") && note.contains("wait 57 s"),
            "{note}"
        );
        assert!(
            failure(None, 1000)
                .answer_for(&Caller {
                    by_client: true,
                    ..by_hand
                })
                .unwrap()
                .note
                .is_none()
        );
    }

    #[test]
    fn a_program_waits_one_then_five_then_fifteen_minutes() {
        assert!(answered(2, 1059, false));
        assert!(!answered(2, 1060, false));
        let second = failure(Some(failure(None, 0)), 1000);
        assert!(second.is_quiet(1299) && !second.is_quiet(1300));
        let fourth = failure(Some(failure(Some(second), 0)), 1000);
        assert!(fourth.is_quiet(1899) && !fourth.is_quiet(1900));
    }

    #[test]
    fn a_provider_that_wants_to_be_left_alone_is_for_as_long_as_it_said_and_five_minutes_at_most() {
        let waits = |until, now| {
            failure(None, 1000)
                .with_wait(until)
                .answer_while_waiting(now)
                .is_some()
        };
        assert!(waits(Some(1030), 1029) && !waits(Some(1030), 1030));
        assert!(waits(Some(9000), 1299) && !waits(Some(9000), 1300));
        assert!(!waits(Some(1030), 999), "the clock was set back");
        assert!(!waits(None, 1001));
    }

    #[test]
    fn who_failed_before_is_still_known_after_another_failure() {
        let first = failure(None, 1000);
        let report = first.report.clone();
        let second = Failure::after(Some(first), 1001, &parent(2), report);
        for pid in [1, 2] {
            assert!(second.answer_for(&caller(&parent(pid), 1002, true)).is_some());
        }
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_quiet() {
        assert!(!failure(None, 1000).is_quiet(999));
    }

    #[test]
    fn who_waited_shares_the_failure_and_is_remembered_with_it() {
        let mut failure = failure(None, 1000);
        let other = parent(9);
        let waiter = Caller {
            started: 990,
            waited: true,
            ..caller(&other, 1001, true)
        };
        assert!(failure.answer_for_waiter(&waiter).is_some());
        assert!(
            failure
                .answer_for_waiter(&Caller {
                    started: 1001,
                    ..waiter
                })
                .is_none()
        );
        assert!(failure.add(&other) && !failure.add(&other));
        assert!(failure.answer_for(&caller(&other, 1002, true)).is_some());
    }
}
