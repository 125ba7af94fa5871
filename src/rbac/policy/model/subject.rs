//! Subjects of bindings, and which users they stand for.

use super::Scope;
use super::names::{Names, Symbol};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SubjectKind {
    User,
    Group,
    ServiceAccount,
    /// It stands for nobody.
    Other(Symbol),
}

/// A subject as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawSubject<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) kind: SubjectKind,
    pub(crate) name: Symbol,
    pub(crate) namespace: Symbol,
}

impl Subject {
    pub(crate) fn new(raw: RawSubject<'_>, names: &mut Names) -> Self {
        let kind = match raw.kind {
            "User" => SubjectKind::User,
            "Group" => SubjectKind::Group,
            "ServiceAccount" => SubjectKind::ServiceAccount,
            other => SubjectKind::Other(names.intern(other)),
        };
        Self {
            kind,
            name: names.intern(raw.name),
            namespace: names.intern(raw.namespace),
        }
    }

    /// Returns the namespace of a service account: its own, else that of the binding. Empty if there is none.
    pub(crate) fn account_namespace(self, scope: Scope) -> Symbol {
        match scope {
            Scope::Namespace(namespace) if self.namespace == Symbol::EMPTY => namespace,
            Scope::Namespace(_) | Scope::Cluster => self.namespace,
        }
    }
}

/// Returns the name that a service account has as a user.
pub(crate) fn account_user(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}
