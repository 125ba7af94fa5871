//! What a check is, and what comes of it.

use serde::Serialize;

use super::facts::{Facts, Problem};
use crate::catalogue::Explanation;

/// Checks of one subject.
pub(super) struct Group {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for docs/doctor.md, which a test makes")
    )]
    pub(super) title: &'static str,
    pub(super) checks: &'static [Check],
}

/// A check. Its texts are those of its section in `docs/doctor.md`.
pub(super) struct Check {
    /// It never changes, since scripts and pages refer to it.
    pub(super) name: &'static str,
    /// What is looked at.
    pub(super) about: &'static str,
    /// What to do about it.
    pub(super) fix: &'static str,
    pub(super) run: fn(&Facts) -> Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing is wrong, and a person should see the text.
    PassedNotable(String),
    /// Nothing is wrong, and the text says no more than that.
    Passed(String),
    /// kubectl works, and something should be changed.
    Warning(Fault),
    /// kubectl does not work.
    Failure(Fault),
    /// The check says nothing, for this reason.
    Skipped(&'static str),
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) summary: String,
    pub(super) cause: Option<String>,
    pub(super) fix: Option<String>,
}

impl Fault {
    pub(super) fn new(summary: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            cause: None,
            fix: Some(fix.into()),
        }
    }

    pub(super) fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// An error of another module, under a summary.
    pub(super) fn of(summary: impl Into<String>, problem: &Problem) -> Self {
        Self::new(summary, problem.fix.clone()).because(problem.what.clone())
    }
}

impl Check {
    /// Returns what `explain` shows of the check.
    fn explanation(&self) -> Explanation {
        let first_sentence = self.about.split_inclusive(". ").next().unwrap_or(self.about);
        let rest = self.about.get(first_sentence.len()..).unwrap_or_default();
        let about = Some(rest).filter(|rest| !rest.is_empty());
        let about = about.map(|rest| ("What is looked at", vec![rest.to_owned()]));
        let fix = ("What to do", vec![self.fix.to_owned()]);
        Explanation {
            id: self.name,
            summary: first_sentence.trim_end_matches(['.', ' ']),
            sections: about.into_iter().chain([fix]).collect(),
            page: format!("docs/doctor.md#{}", self.name),
        }
    }
}

/// Returns what is known of the check with this name.
pub(crate) fn explanation(name: &str) -> Option<Explanation> {
    super::checks()
        .find(|check| check.name == name)
        .map(Check::explanation)
}

/// The names of all checks, each with what it looks at.
pub(crate) fn explanations() -> impl Iterator<Item = (&'static str, &'static str)> {
    super::checks().map(|check| (check.name, check.about))
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    Warning,
    Failure,
    Skipped,
}

/// What a person or a program gets to see of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) status: Status,
    /// Whether a person should see the summary, even if nothing is wrong.
    pub(crate) is_notable: bool,
    /// What was found, or why nothing was looked for.
    pub(crate) summary: String,
    pub(crate) cause: Option<String>,
    pub(crate) fix: Option<String>,
}

impl Finding {
    fn new(check: &'static str, outcome: Outcome) -> Self {
        let of_fault = |status, fault: Fault| Self {
            check,
            status,
            is_notable: true,
            summary: fault.summary,
            cause: fault.cause,
            fix: fault.fix,
        };
        let of_text = |status, is_notable, summary| Self {
            check,
            status,
            is_notable,
            summary,
            cause: None,
            fix: None,
        };
        match outcome {
            Outcome::PassedNotable(text) => of_text(Status::Ok, true, text),
            Outcome::Passed(text) => of_text(Status::Ok, false, text),
            Outcome::Warning(fault) => of_fault(Status::Warning, fault),
            Outcome::Failure(fault) => of_fault(Status::Failure, fault),
            Outcome::Skipped(reason) => of_text(Status::Skipped, false, reason.to_owned()),
        }
    }
}

/// Runs all checks.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    super::checks()
        .map(|check| Finding::new(check.name, (check.run)(facts)))
        .collect()
}
