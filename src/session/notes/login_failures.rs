//! Failed logins, so that a client that repeats its request does not open a browser tab each time.
//!
//! kubectl runs a failing plugin five times per command, and IDEs poll for ever. Decides which caller gets the remembered failure instead
//! of a new login, for how long, and whether it is printed. Pure: no files, no clock.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::invocation::{Invocation, LoginVariantHash};
use crate::report::Report;
use crate::session::Versioned;
use crate::session::notes::reported_to::ReportedTo;

/// How long callers get the remembered failure after the first, second and each later failure in a row.
const BACKOFF_SECS: [i64; 3] = [60, 300, 900];

/// More variants of the login of one session are not plausible; the oldest failure is forgotten.
const MAX_VARIANTS: usize = 32;

/// kubectl runs a failing plugin again within this time. It is shorter than [`super::reported_to::RETRY_PERIOD_SECS`], since no retry waits
/// for a provider here: each gets the stored failure at once.
const RETRY_START_SECS: i64 = 5;

/// The failed logins of one session, one entry for each variant of the login.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LoginFailures {
    failures: Vec<StoredLoginFailure>,
}

/// The last failure of one variant of the login.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredLoginFailure {
    #[serde(rename = "attempt")]
    variant: LoginVariantHash,
    /// When the login ended.
    at: Timestamp,
    #[serde(rename = "tries")]
    failures_in_a_row: u32,
    #[serde(rename = "told")]
    reported_to: ReportedTo,
    report: Report,
    /// The failure came before a person was prompted. Only retries of the same process get it, unprinted; every other caller logs in anew.
    #[serde(rename = "retries_only", default, skip_serializing_if = "std::ops::Not::not")]
    before_prompt: bool,
}

/// A failure that a caller gets in place of a new login or refresh.
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
    pub(crate) fn add_before_prompt(&mut self, caller: &Invocation<'_>, now: Timestamp, report: Report) {
        self.put(caller, now, report, true);
    }

    fn put(&mut self, caller: &Invocation<'_>, now: Timestamp, report: Report, before_prompt: bool) {
        let kind = (caller.login_variant(), before_prompt);
        let mut failures = self.failures.iter();
        let place = failures.position(|failure| (failure.variant, failure.before_prompt) == kind);
        let previous = place.map(|place| self.failures.remove(place));
        let (failures_in_a_row, reported_to) = previous
            .map(|failure| (failure.failures_in_a_row, failure.reported_to))
            .unwrap_or_default();
        let mut failure = StoredLoginFailure {
            variant: caller.login_variant(),
            at: now,
            failures_in_a_row: failures_in_a_row.saturating_add(1),
            reported_to,
            report,
            before_prompt,
        };
        failure.reported_to.claim(caller.parent(), now);
        if self.failures.len() >= MAX_VARIANTS {
            self.failures.remove(0);
        }
        self.failures.push(failure);
    }

    /// Claims the report of the failure to this caller, and records it. Returns false if it was reported a short time ago, or if there is no
    /// failure.
    pub(crate) fn claim_report(&mut self, caller: &Invocation<'_>, now: Timestamp) -> bool {
        let variant = caller.login_variant();
        let mut failures = self.failures.iter_mut();
        let failure = failures.find(|failure| failure.variant == variant && !failure.before_prompt);
        failure.is_some_and(|failure| failure.reported_to.claim(caller.parent(), now))
    }

    /// Returns the last failure that a person has seen, when it was, and until when callers get it in place of a new login.
    pub(crate) fn last(&self) -> Option<(&Report, Timestamp, Timestamp)> {
        let seen = self.failures.iter().filter(|failure| !failure.before_prompt);
        let last = seen.max_by_key(|failure| failure.at)?;
        Some((&last.report, last.at, last.at.saturating_add(last.backoff_secs())))
    }

    /// Returns the failure if this caller gets it in place of a new login.
    ///
    /// A person who types the command, or starts a new kubectl at a terminal, always gets a new login. `waited` says whether the caller has
    /// waited for the login of another process.
    pub(crate) fn recall(&self, caller: &Invocation<'_>, waited: bool, now: Timestamp) -> Option<Recalled> {
        if self.failures.is_empty() || caller.is_typed() {
            return None;
        }
        let variant = caller.login_variant();
        let mut failures = self.failures.iter().filter(|failure| failure.variant == variant);
        failures.find_map(|failure| failure.recall(caller, waited, now))
    }
}

impl StoredLoginFailure {
    fn recall(&self, caller: &Invocation<'_>, waited: bool, now: Timestamp) -> Option<Recalled> {
        let is_same_process = self.reported_to.contains(caller.parent());
        // Only the retries of kubectl are silent. A script that calls this program twice is to read why.
        let was_reported = caller.is_exec_plugin_call() && self.reported_to.is_recent(caller.parent(), now);
        let mut report = self.report.clone();
        if self.before_prompt {
            let is_recent = (self.at..self.at.saturating_add(RETRY_START_SECS)).contains(&now);
            return (is_same_process && is_recent && caller.is_exec_plugin_call()).then_some(Recalled {
                report,
                was_reported: true,
            });
        }
        if waited && self.at >= caller.started_at {
            return Some(Recalled { report, was_reported });
        }
        if !self.is_backing_off(now) || (caller.at_terminal() && !is_same_process) {
            return None;
        }
        let ago_secs = now.secs_since(self.at);
        report.note = Some(format!(
            "no new sign-in was tried, since the last one failed {ago_secs} s ago; run the command at a terminal to try again at \
             once, or wait {} s",
            self.backoff_secs().saturating_sub(ago_secs)
        ));
        Some(Recalled { report, was_reported })
    }

    /// Whether a new login must wait. A failure from the future is ignored, because the clock was set back.
    fn is_backing_off(&self, now: Timestamp) -> bool {
        (self.at..self.at.saturating_add(self.backoff_secs())).contains(&now)
    }

    fn backoff_secs(&self) -> i64 {
        let index = usize::try_from(self.failures_in_a_row.saturating_sub(1)).unwrap_or(usize::MAX);
        BACKOFF_SECS[index.min(BACKOFF_SECS.len() - 1)]
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
        assert!(failures.claim_report(&waiter, at(1001)) && !failures.claim_report(&waiter, at(1001)));
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
        failures.add_before_prompt(&caller(Who::Poller, 1), at(1000), report());
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
        for variant in 100..200 {
            failures.add(
                &Invocation::sample(poller.environment, 2, variant),
                at(1003),
                report(),
            );
        }
        assert_eq!(failures.failures.len(), MAX_VARIANTS);
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
