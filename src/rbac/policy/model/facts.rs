//! What an object has that decisions do not look at. Checks of manifests do.

use super::Symbol;

/// The prefix of annotations that accept a finding of a check: the rest is the check, and the value the reason.
pub(crate) const IGNORE_PREFIX: &str = "ignore-check.kubesesame/";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// The object has the label that Kubernetes gives to its own.
    pub(crate) is_default: bool,
    /// The checks whose findings are accepted, each with the reason.
    pub(crate) ignored: Vec<(Symbol, Symbol)>,
    /// Of a binding: `roleRef.apiGroup` is not that of RBAC, nor empty.
    pub(crate) has_wrong_role_group: bool,
    /// Of a binding: the index of the first subject whose `apiGroup` is not that of its kind, nor empty.
    pub(crate) wrong_subject_group: Option<usize>,
}
