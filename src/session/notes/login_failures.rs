//! Failed logins, so that a client that repeats its request does not open a browser tab each time.
//!
//! kubectl runs a failing plugin five times per command, and IDEs poll for ever. Decides which caller gets the remembered failure instead
//! of a new login, for how long, and whether it is printed. Pure: no files, no clock.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::invocation::{AttemptHash, Invocation};
use crate::report::Report;
use crate::session::Versioned;
use crate::session::notes::reported_to::ReportedTo;

/// How long callers get the remembered failure after the first, second and each later try.
const QUIET_SECS: [i64; 3] = [60, 300, 900];

/// More command lines for one session are not plausible; the oldest failure is forgotten.
const MAX_ATTEMPTS: usize = 32;

/// kubectl runs a failing plugin again at once.
const RETRY_SECS: i64 = 5;

/// The failed sign-ins of one session, one entry for each way to sign in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LoginFailures {
    failures: Vec<LoginFailure>,
}

/// The last failure of one way to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LoginFailure {
    attempt: AttemptHash,
    /// When the sign-in ended.
    at: Timestamp,
    /// How many failed in a row.
    tries: u32,
    #[serde(rename = "told")]
    reported_to: ReportedTo,
    report: Report,
    /// The failure came before a person was prompted, so other callers may try again. Only the retries of the same process do not print it
    /// again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retries_only: bool,
}

/// A failure that a caller gets in place of a new attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recalled {
    pub(crate) report: Report,
    /// The failure was reported to the calling process a short time ago.
    pub(crate) was_reported: bool,
}

impl Versioned for LoginFailures {
    const VERSION: u32 = 2;
}

impl LoginFailures {
    /// Adds a failed login that a person has seen. It is reported to the caller.
    pub(crate) fn add(&mut self, caller: &Invocation<'_>, now: Timestamp, report: Report) {
        self.put(caller, now, report, false);
    }

    /// Adds a failure that came before a person was prompted. It is reported to the caller.
    pub(crate) fn add_for_retries(&mut self, caller: &Invocation<'_>, now: Timestamp, report: Report) {
        self.put(caller, now, report, true);
    }

    fn put(&mut self, caller: &Invocation<'_>, now: Timestamp, report: Report, retries_only: bool) {
        let kind = (caller.attempt(), retries_only);
        let mut failures = self.failures.iter();
        let place = failures.position(|failure| (failure.attempt, failure.retries_only) == kind);
        let previous = place.map(|place| self.failures.remove(place));
        let (tries, reported_to) = previous
            .map(|failure| (failure.tries, failure.reported_to))
            .unwrap_or_default();
        let mut failure = LoginFailure {
            attempt: caller.attempt(),
            at: now,
            tries: tries.saturating_add(1),
            reported_to,
            report,
            retries_only,
        };
        failure.reported_to.record(caller.parent(), now);
        if self.failures.len() >= MAX_ATTEMPTS {
            self.failures.remove(0);
        }
        self.failures.push(failure);
    }

    /// Records that the failure is reported to the caller. Returns false if it was reported a short time ago, or if there is no failure.
    pub(crate) fn mark_reported(&mut self, caller: &Invocation<'_>, now: Timestamp) -> bool {
        let attempt = caller.attempt();
        let mut failures = self.failures.iter_mut();
        let failure = failures.find(|failure| failure.attempt == attempt && !failure.retries_only);
        failure.is_some_and(|failure| failure.reported_to.record(caller.parent(), now))
    }

    /// Returns the last failure that a person has seen, when it was, and until when callers get it in place of a new try.
    pub(crate) fn last(&self) -> Option<(&Report, Timestamp, Timestamp)> {
        let seen = self.failures.iter().filter(|failure| !failure.retries_only);
        let last = seen.max_by_key(|failure| failure.at)?;
        Some((&last.report, last.at, last.at.saturating_add(last.quiet_secs())))
    }

    /// Returns the failure if no new sign-in is to be tried for this caller.
    ///
    /// A person who types the command, or starts a new kubectl at a terminal, always gets a new login. `waited` says whether the caller has
    /// waited for the login of another process.
    pub(crate) fn recall(&self, caller: &Invocation<'_>, waited: bool, now: Timestamp) -> Option<Recalled> {
        if self.failures.is_empty() || caller.is_typed() {
            return None;
        }
        let attempt = caller.attempt();
        let mut failures = self.failures.iter().filter(|failure| failure.attempt == attempt);
        failures.find_map(|failure| failure.recall(caller, waited, now))
    }
}

impl LoginFailure {
    fn recall(&self, caller: &Invocation<'_>, waited: bool, now: Timestamp) -> Option<Recalled> {
        let is_same_process = self.reported_to.contains(caller.parent());
        let was_reported = self.reported_to.is_recent(caller.parent(), now);
        let mut report = self.report.clone();
        if self.retries_only {
            let is_recent = (self.at..self.at.saturating_add(RETRY_SECS)).contains(&now);
            return (is_same_process && is_recent && caller.is_exec_plugin_call()).then_some(Recalled {
                report,
                was_reported: true,
            });
        }
        if waited && self.at >= caller.started_at {
            return Some(Recalled { report, was_reported });
        }
        if !self.is_quiet(now) || (caller.at_terminal() && !is_same_process) {
            return None;
        }
        let ago_secs = now.secs_since(self.at);
        report.note = Some(format!(
            "no new sign-in was tried, since the last one failed {ago_secs} s ago; run the command at a terminal to try again at \
             once, or wait {} s",
            self.quiet_secs().saturating_sub(ago_secs)
        ));
        Some(Recalled { report, was_reported })
    }

    /// Whether a new login must wait. A failure from the future is ignored, because the clock was set back.
    fn is_quiet(&self, now: Timestamp) -> bool {
        (self.at..self.at.saturating_add(self.quiet_secs())).contains(&now)
    }

    fn quiet_secs(&self) -> i64 {
        let index = usize::try_from(self.tries.saturating_sub(1)).unwrap_or(usize::MAX);
        QUIET_SECS[index.min(QUIET_SECS.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::environment::Environment;

    fn report() -> Report {
        Report::sample("nobody came")
    }

    /// kubectl at a terminal, a client without one, or a person's shell.
    #[derive(Clone, Copy)]
    enum Who {
        Kubectl,
        Poller,
        Typed,
    }

    fn caller(who: Who, parent: u32) -> Invocation<'static> {
        let environment = Environment {
            exec_info: (!matches!(who, Who::Typed)).then(|| "{}".to_owned()),
            at_terminal: !matches!(who, Who::Poller),
            ..Environment::default()
        };
        Invocation::sample(Box::leak(Box::new(environment)), parent, 1)
    }

    /// Failures whose tries ended at these times, each of a kubectl with the id 1.
    fn failed_at(times: &[i64]) -> LoginFailures {
        let mut failures = LoginFailures::default();
        for secs in times {
            failures.add(&caller(Who::Kubectl, 1), at(*secs), report());
        }
        failures
    }

    #[test]
    fn who_gets_a_new_try_and_who_is_told_of_the_last_one() {
        let failures = failed_at(&[1000]);
        for (who, parent, now, expected, what) in [
            (
                Who::Kubectl,
                1,
                1001,
                Some(true),
                "a retry of kubectl is told nothing anew",
            ),
            (
                Who::Kubectl,
                1,
                1009,
                Some(true),
                "as long as its retries may take",
            ),
            (
                Who::Kubectl,
                1,
                1010,
                Some(false),
                "a client that lives long is told again",
            ),
            (Who::Kubectl, 1, 1059, Some(false), "and gets no new try yet"),
            (Who::Kubectl, 1, 1060, None, "and may try again after a minute"),
            (
                Who::Kubectl,
                2,
                1001,
                None,
                "a person's next kubectl tries at once",
            ),
            (Who::Typed, 1, 1001, None, "a typed command always tries"),
            (Who::Poller, 2, 1059, Some(false), "a poller is told why it waits"),
            (Who::Poller, 2, 1060, None, "a poller tries after a minute"),
            (Who::Poller, 2, 999, None, "the clock was set back"),
        ] {
            let recalled = failures.recall(&caller(who, parent), false, at(now));
            assert_eq!(recalled.map(|recalled| recalled.was_reported), expected, "{what}");
        }
    }

    #[test]
    fn a_poller_waits_one_then_five_then_fifteen_minutes() {
        let poller = caller(Who::Poller, 2);
        for (tries, secs) in [(1, 60), (2, 300), (3, 900), (4, 900)] {
            let failures = failed_at(&vec![1000; tries]);
            assert!(
                failures.recall(&poller, false, at(1000 + secs - 1)).is_some(),
                "{tries}"
            );
            assert!(
                failures.recall(&poller, false, at(1000 + secs)).is_none(),
                "{tries}"
            );
        }
    }

    #[test]
    fn whoever_waited_for_the_sign_in_shares_its_failure_once() {
        let mut failures = failed_at(&[1000]);
        let waiter = caller(Who::Kubectl, 9);
        let recalled = failures.recall(&waiter, true, at(1001)).unwrap();
        assert_eq!((recalled.was_reported, recalled.report.note), (false, None));
        assert!(failures.mark_reported(&waiter, at(1001)) && !failures.mark_reported(&waiter, at(1001)));
        assert!(failures.recall(&waiter, false, at(1002)).unwrap().was_reported);
        let earlier = failed_at(&[999]);
        assert_eq!(
            earlier.recall(&waiter, true, at(1001)),
            None,
            "it ended before this call began"
        );
        let typed = caller(Who::Typed, 9);
        assert_eq!(failed_at(&[1000]).recall(&typed, true, at(1001)), None);
    }

    #[test]
    fn a_failure_that_asked_nobody_is_recalled_by_the_retries_of_its_process_alone() {
        let mut failures = LoginFailures::default();
        failures.add_for_retries(&caller(Who::Poller, 1), at(1000), report());
        for (who, parent, now, expected) in [
            (Who::Poller, 1, 1004, Some(true)),
            (Who::Kubectl, 1, 1004, Some(true)),
            (Who::Poller, 1, 1005, None),
            (Who::Poller, 2, 1001, None),
            (Who::Typed, 1, 1001, None),
        ] {
            let recalled = failures.recall(&caller(who, parent), false, at(now));
            assert_eq!(
                recalled.map(|recalled| recalled.was_reported),
                expected,
                "{parent} {now}"
            );
        }
    }

    #[test]
    fn a_note_says_how_long_a_poller_waits() {
        let recalled = failed_at(&[1000]).recall(&caller(Who::Poller, 2), false, at(1003));
        let note = recalled.unwrap().report.note.unwrap();
        assert!(
            note.contains("failed 3 s ago") && note.contains("wait 57 s"),
            "{note}"
        );
    }

    #[test]
    fn each_way_to_sign_in_has_a_memory_of_its_own() {
        let mut failures = failed_at(&[1000]);
        let poller = caller(Who::Poller, 2);
        let other = Invocation::sample(poller.environment, 2, 5);
        assert_eq!(failures.recall(&other, false, at(1001)), None);
        failures.add(&other, at(1001), report());
        assert!(failures.recall(&other, false, at(1002)).is_some());
        assert!(
            failures.recall(&poller, false, at(1002)).is_some(),
            "neither replaces the other"
        );
        for attempt in 100..200 {
            failures.add(
                &Invocation::sample(poller.environment, 2, attempt),
                at(1003),
                report(),
            );
        }
        assert_eq!(failures.failures.len(), MAX_ATTEMPTS);
    }

    #[test]
    fn stored_failures_of_another_version_are_not_read() {
        let text = failed_at(&[1000]).to_json().unwrap();
        assert_eq!(LoginFailures::parse(&text).unwrap().failures.len(), 1);
        for other in [&b""[..], b"\xff", br#"{"version":1,"at":5,"tries":1}"#] {
            assert!(LoginFailures::parse(other).is_none());
        }
    }
}
