//! A right with one verb, and one resource and name or one URL. A rule is the sum of such rights.

use super::grants::Grant;
use crate::rbac::policy::model::{ListId, Names, Scope, Symbol};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Atom<'a> {
    Resource(ResourceAtom),
    Url(UrlAtom<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ResourceAtom {
    pub(super) scope: Scope,
    pub(super) verb: Symbol,
    pub(super) group: Symbol,
    pub(super) resource: Symbol,
    /// `None` is about every object.
    pub(super) name: Option<Symbol>,
}

/// Always at the cluster scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UrlAtom<'a> {
    pub(super) verb: Symbol,
    /// The URL, of a pattern without the stars at its end.
    pub(super) text: &'a str,
    pub(super) is_pattern: bool,
}

impl<'a> UrlAtom<'a> {
    fn new(verb: Symbol, url: &'a str) -> Self {
        Self {
            verb,
            text: url.trim_end_matches('*'),
            is_pattern: url.ends_with('*'),
        }
    }

    /// Returns the URL of a rule.
    pub(super) fn url(&self) -> String {
        format!("{}{}", self.text, if self.is_pattern { "*" } else { "" })
    }
}

/// A right, and the binding that gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sourced<'a> {
    pub(super) atom: Atom<'a>,
    pub(super) binding: usize,
}

/// Returns the single rights of a rule. What can allow no request is left out: URLs in a namespace.
pub(super) fn atoms<'a>(names: &'a Names, grant: &Grant) -> Vec<Sourced<'a>> {
    let rule = grant.rule;
    let object_names: Vec<Option<Symbol>> = if rule.resource_names == ListId::EMPTY {
        vec![None]
    } else {
        names
            .list(rule.resource_names)
            .iter()
            .copied()
            .map(Some)
            .collect()
    };
    let mut atoms = Vec::new();
    let mut push = |atom| {
        atoms.push(Sourced {
            atom,
            binding: grant.binding,
        });
    };
    for verb in names.list(rule.verbs).iter().copied() {
        for group in names.list(rule.groups).iter().copied() {
            for resource in names.list(rule.resources).iter().copied() {
                for name in object_names.iter().copied() {
                    push(Atom::Resource(ResourceAtom {
                        scope: grant.scope,
                        verb,
                        group,
                        resource,
                        name,
                    }));
                }
            }
        }
        if grant.scope == Scope::Cluster {
            for url in names.texts(rule.urls) {
                push(Atom::Url(UrlAtom::new(verb, url)));
            }
        }
    }
    atoms
}
