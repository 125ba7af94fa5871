//! What subjects may do by one policy and not by another: rights, whatever roles and bindings they come from.
//!
//! Pure. A subject is a user, a group or a service account that a binding names. What it may do is what its bindings allow, and those of the
//! groups that an API server adds to each such user. Both policies are taken apart into single rights ([`atom`]), and a right is told if the
//! other policy does not have it whole; so each right that is told allows some request that the other policy refuses, and each such request is
//! told, of the subject or of one of those groups. Members of `system:masters` may do everything, so nothing is told of them.
//!
//! A binding whose role is in no file allows nothing, and what it allows in a cluster is not known. It is told as such.

mod atom;
mod coverage;
mod grants;
mod lines;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::dangers::{Danger, rank};
use super::policy::covers::PlainRule;
use super::policy::model::{Policy, Seeded};
use coverage::Coverage;
use grants::{Grants, SubjectKey, UnknownRole};

pub(crate) use grants::Who;

/// A right of a subject that one policy has and the other does not.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// `None` is the cluster scope, with all namespaces.
    pub(crate) namespace: Option<String>,
    pub(crate) right: Right,
    /// The first binding that gives it, of the policy that has it.
    pub(crate) binding: usize,
    /// What it allows that reaches further than it says, the worst first.
    pub(crate) dangers: Vec<&'static Danger>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Right {
    /// Each combination of its parts.
    Rule(PlainRule),
    /// Those of a role that is in no file.
    UnknownRole { kind: String, name: String },
}

/// How the rights of a subject differ.
#[derive(Debug)]
pub(crate) struct SubjectDiff {
    pub(crate) who: Who,
    pub(crate) gained: Vec<Line>,
    pub(crate) lost: Vec<Line>,
}

/// Compares two policies. The new one has to be read with the names of the old one. Subjects with the worst new rights are first.
pub(crate) fn diff(old: &Policy, new: &Policy) -> Vec<SubjectDiff> {
    let sides = [Side::new(old, new), Side::new(new, new)];
    let [old, new] = &sides;
    let mut subjects: Vec<SubjectDiff> = old
        .grants
        .subjects()
        .chain(new.grants.subjects().filter(|key| !old.grants.has(*key)))
        .filter(|key| !new.grants.is_master(*key))
        .filter_map(|key| {
            let gained = only_in(new, old, key);
            let lost = only_in(old, new, key);
            let who = new.grants.who(key);
            (!gained.is_empty() || !lost.is_empty()).then_some(SubjectDiff { who, gained, lost })
        })
        .collect();
    subjects.sort_by_cached_key(|subject| (subject.worst(), subject.who.clone()));
    subjects
}

impl SubjectDiff {
    /// Returns the rank of the worst new right, and a rank after all others if nothing is gained.
    fn worst(&self) -> usize {
        let ranks = self.gained.iter().map(line_rank);
        ranks.min().unwrap_or(usize::MAX)
    }
}

/// Returns the rank of the worst that a line allows.
fn line_rank(line: &Line) -> usize {
    match (&line.right, line.dangers.first()) {
        (_, Some(danger)) => rank(danger),
        // What is not known may be anything.
        (Right::UnknownRole { .. }, None) => 1,
        (Right::Rule(_), None) => usize::MAX - 1,
    }
}

/// One of the two policies.
struct Side<'a> {
    policy: &'a Policy,
    grants: Grants<'a>,
    /// Of the groups that an API server adds to users.
    implicit: HashMap<SubjectKey, Coverage<'a>, Seeded>,
}

impl<'a> Side<'a> {
    /// `names` is the policy that has the names of both.
    fn new(policy: &'a Policy, names: &'a Policy) -> Self {
        let grants = Grants::new(policy, &names.names);
        let implicit = grants
            .implicit_groups()
            .map(|key| (key, Coverage::of_grants(&names.names, grants.rules(key))))
            .collect();
        Self {
            policy,
            grants,
            implicit,
        }
    }
}

/// Returns what a subject may do by one policy and not by another.
fn only_in(having: &Side<'_>, lacking: &Side<'_>, key: SubjectKey) -> Vec<Line> {
    let names = having.grants.names;
    let known: HashSet<_, Seeded> = lacking.grants.rules(key).map(|grant| grant.content()).collect();
    let mut seen: HashSet<_, Seeded> = HashSet::default();
    let new_grants: Vec<_> = having
        .grants
        .rules(key)
        .filter(|grant| !known.contains(&grant.content()) && seen.insert(grant.content()))
        .collect();
    let mut lines = unknown_roles(having, lacking, key);
    if new_grants.is_empty() {
        return lines;
    }
    let groups = having.grants.implied(key);
    // A right that a group of the user gains too is told of the group.
    let of_groups = groups
        .iter()
        .flat_map(|group| [lacking.implicit.get(group), having.implicit.get(group)])
        .flatten();
    let of_groups: Vec<&Coverage<'_>> = of_groups.collect();
    let own = Coverage::of_grants(names, lacking.grants.rules(key));
    let atoms = new_grants.iter().flat_map(|grant| atom::atoms(names, grant));
    let gained: Vec<_> = atoms
        .filter(|sourced| {
            !own.covers(&sourced.atom) && !of_groups.iter().any(|group| group.covers(&sourced.atom))
        })
        .collect();
    lines.extend(lines::joined(names, &gained));
    lines.sort_by_cached_key(|line| (line_rank(line), line.namespace.clone(), lines::text_key(line)));
    lines
}

/// Returns the bindings whose role is in no file, and that the other policy does not have so.
fn unknown_roles(having: &Side<'_>, lacking: &Side<'_>, key: SubjectKey) -> Vec<Line> {
    let known: HashSet<UnknownRole, Seeded> = lacking.grants.unknown(key).map(|(role, _)| role).collect();
    let mut seen: HashSet<UnknownRole, Seeded> = HashSet::default();
    having
        .grants
        .unknown(key)
        .filter(|(role, _)| !known.contains(role) && seen.insert(*role))
        .map(|(role, binding)| grants::unknown_line(having.policy, role, binding))
        .collect()
}
