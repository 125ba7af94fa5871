//! Whether rights have a single right whole.
//!
//! The texts of requests have no end: to every `*` belongs a text that no rule names. So a right with a `*` is in other rights only if one of
//! them has that `*`, and several smaller rights never make up a larger one. One right that covers is enough to look for.

use std::collections::HashSet;

use super::atom::{Atom, ResourceAtom, Sourced, UrlAtom, atoms};
use super::grants::Grant;
use crate::rbac::policy::model::{Names, Scope, Seeded, Symbol};

/// The rights of a subject, to be looked up.
#[derive(Debug)]
pub(super) struct Coverage<'a> {
    names: &'a Names,
    atoms: HashSet<Atom<'a>, Seeded>,
    /// URLs that end with a star.
    patterns: Vec<UrlAtom<'a>>,
}

impl<'a> Coverage<'a> {
    pub(super) fn of_grants(names: &'a Names, grants: impl Iterator<Item = Grant>) -> Self {
        let mut seen: HashSet<_, Seeded> = HashSet::default();
        let distinct = grants.filter(|grant| seen.insert(grant.content()));
        Self::new(names, distinct.flat_map(|grant| atoms(names, &grant)))
    }

    pub(super) fn of_atoms(names: &'a Names, sourced: &[Sourced<'a>]) -> Self {
        Self::new(names, sourced.iter().copied())
    }

    fn new(names: &'a Names, sourced: impl Iterator<Item = Sourced<'a>>) -> Self {
        let atoms: HashSet<Atom<'a>, Seeded> = sourced.map(|sourced| sourced.atom).collect();
        let pattern = |atom: &Atom<'a>| match atom {
            Atom::Url(url) if url.is_pattern => Some(*url),
            Atom::Url(_) | Atom::Resource(_) => None,
        };
        Self {
            names,
            patterns: atoms.iter().filter_map(pattern).collect(),
            atoms,
        }
    }

    /// Whether a right of these covers the right.
    pub(super) fn covers(&self, wanted: &Atom<'_>) -> bool {
        !self.atoms.is_empty() && (self.atoms.contains(wanted) || self.covers_more(wanted))
    }

    /// Whether a right of these covers the right and more than that.
    pub(super) fn covers_more(&self, wanted: &Atom<'_>) -> bool {
        match wanted {
            Atom::Resource(wanted) => self.covers_more_resources(wanted),
            Atom::Url(wanted) => {
                let verbs = or_star(wanted.verb);
                let has = |verb| {
                    verb != wanted.verb && self.atoms.contains(&Atom::Url(UrlAtom { verb, ..*wanted }))
                };
                verbs.iter().any(|verb| has(*verb))
                    || self.patterns.iter().any(|own| {
                        verbs.contains(&own.verb) && own != wanted && wanted.text.starts_with(own.text)
                    })
            }
        }
    }

    fn covers_more_resources(&self, wanted: &ResourceAtom) -> bool {
        let any_with_subresource = self
            .names
            .text(wanted.resource)
            .split_once('/')
            .and_then(|(_, subresource)| self.names.find(&format!("*/{subresource}")));
        let resources = [Some(wanted.resource), Some(Symbol::STAR), any_with_subresource];
        let names = [wanted.name, None];
        let name_count = if wanted.name.is_none() { 1 } else { 2 };
        let scopes = [wanted.scope, Scope::Cluster];
        let scope_count = if wanted.scope == Scope::Cluster { 1 } else { 2 };
        for scope in scopes.into_iter().take(scope_count) {
            for name in names.into_iter().take(name_count) {
                for verb in or_star(wanted.verb) {
                    for group in or_star(wanted.group) {
                        for resource in resources.into_iter().flatten() {
                            let larger = ResourceAtom {
                                scope,
                                verb,
                                group,
                                resource,
                                name,
                            };
                            if larger != *wanted && self.atoms.contains(&Atom::Resource(larger)) {
                                return true;
                            }
                        }
                    }
                }
            }
        }
        false
    }
}

fn or_star(symbol: Symbol) -> [Symbol; 2] {
    [symbol, Symbol::STAR]
}
