//! What a check is, and what it finds.

use super::context::Context;
use crate::rbac::policy::model::Place;

/// Checks of one subject.
pub(super) struct Group {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for docs/rbac-lint.md, which a test makes")
    )]
    pub(super) title: &'static str,
    pub(super) rules: &'static [LintRule],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Worth knowing.
    Note,
    /// To be changed, or accepted with a reason.
    Warning,
    /// The API server refuses it, or it is a way to become administrator.
    Error,
}

impl Severity {
    /// Returns its name, which is also that of a level in SARIF.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A check. Its texts are those of its section in `docs/rbac-lint.md`.
#[derive(Debug)]
pub(crate) struct LintRule {
    /// It never changes, since scripts, annotations and pages refer to it.
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    /// What is wrong, and what it leads to.
    pub(crate) about: &'static str,
    /// What to do about it.
    pub(crate) fix: &'static str,
    pub(super) check: Check,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    Role(fn(&Context<'_>, usize) -> Vec<Problem>),
    Binding(fn(&Context<'_>, usize) -> Vec<Problem>),
    Object(fn(&Context<'_>, Object) -> Vec<Problem>),
    /// The entry of the table of dangers with this id.
    Danger,
    Policy(fn(&Context<'_>) -> Vec<(Object, Problem)>),
}

/// An object, by its index in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Role(usize),
    Binding(usize),
}

/// The part of an object that a finding is about, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Whole,
    Rule(usize),
    Subject(usize),
}

#[derive(Debug)]
pub(super) struct Problem {
    pub(super) at: At,
    /// What is wrong with that part: the rest of a sentence about it.
    pub(super) text: String,
    /// If it is not that of the check.
    pub(super) severity: Option<Severity>,
    /// If it is not that of the object.
    pub(super) place: Option<Place>,
}

impl Problem {
    pub(super) fn new(at: At, text: impl Into<String>) -> Self {
        Self {
            at,
            text: text.into(),
            severity: None,
            place: None,
        }
    }

    /// Returns a problem for each index.
    pub(super) fn each(indexes: impl Iterator<Item = usize>, at: fn(usize) -> At, text: &str) -> Vec<Self> {
        indexes.map(|index| Self::new(at(index), text)).collect()
    }
}
