//! From a subject to the bindings that have it, and from a binding to its role.
//!
//! All entries lie in one list, sorted by subject, scope and binding: a question reads a few short pieces of it.

use std::collections::HashMap;

use super::hash::Seeded;
use super::names::{Names, Symbol};
use super::subject::{SubjectKind, account_user};
use super::{Binding, Scope};

/// A binding that applies to a user, by this subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Applying {
    pub(crate) binding: usize,
    pub(crate) subject: usize,
}

/// A scope as a number: cluster, then the namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ScopeKey(u32);

impl ScopeKey {
    const CLUSTER: Self = Self(0);

    fn new(scope: Scope) -> Self {
        match scope {
            Scope::Cluster => Self::CLUSTER,
            Scope::Namespace(namespace) => Self(namespace.0.saturating_add(1)),
        }
    }
}

/// A subject of a binding, in the order of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    scope: ScopeKey,
    binding: u32,
    subject: u32,
    /// The role of the binding, [`NO_ROLE`] if there is none.
    role: u32,
}

const NO_ROLE: u32 = u32::MAX;

/// The entries of all users, or of all groups.
#[derive(Debug)]
struct Entries {
    entries: Vec<Entry>,
    /// For the number of a name, where its entries begin. They end where the next begin.
    starts: Vec<u32>,
}

impl Entries {
    fn new(mut named: Vec<(Symbol, Entry)>, name_count: usize) -> Self {
        named.sort_unstable_by_key(|(name, entry)| (name.0, *entry));
        let mut starts = vec![0_u32; name_count + 1];
        for (name, _) in &named {
            starts[name.0 as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self {
            entries: named.into_iter().map(|(_, entry)| entry).collect(),
            starts,
        }
    }

    fn of(&self, name: Symbol, scope: ScopeKey) -> &[Entry] {
        let at = name.0 as usize;
        let Some([start, end]) = self.starts.get(at..at + 2) else {
            return &[];
        };
        let all = &self.entries[*start as usize..*end as usize];
        let from = if scope == ScopeKey::CLUSTER {
            all
        } else {
            &all[all.partition_point(|entry| entry.scope < scope)..]
        };
        &from[..from.partition_point(|entry| entry.scope == scope)]
    }
}

#[derive(Debug)]
pub(super) struct Index {
    users: Entries,
    groups: Entries,
    /// One for each binding.
    roles: Vec<Option<usize>>,
}

impl Index {
    pub(super) fn new(
        names: &mut Names,
        bindings: &[Binding],
        role_index: &HashMap<(Scope, Symbol), usize, Seeded>,
    ) -> Self {
        let role = |binding: &Binding| {
            let key = (binding.role_scope()?, binding.role_name);
            // A role in the empty namespace is found by nothing.
            (key.0 != Scope::Namespace(Symbol::EMPTY)).then(|| role_index.get(&key).copied())?
        };
        let roles: Vec<Option<usize>> = bindings.iter().map(role).collect();
        let mut users = Vec::new();
        let mut groups = Vec::new();
        for ((at, binding), role) in (0..).zip(bindings).zip(&roles) {
            for (subject_at, subject) in (0..).zip(&binding.subjects) {
                let entry = Entry {
                    scope: ScopeKey::new(binding.scope),
                    binding: at,
                    subject: subject_at,
                    role: role.map_or(NO_ROLE, |role| u32::try_from(role).unwrap_or(NO_ROLE)),
                };
                match subject.kind {
                    SubjectKind::User => users.push((subject.name, entry)),
                    SubjectKind::Group => groups.push((subject.name, entry)),
                    SubjectKind::ServiceAccount => {
                        let namespace = subject.account_namespace(binding.scope);
                        if namespace != Symbol::EMPTY {
                            let user = account_user(names.text(namespace), names.text(subject.name));
                            users.push((names.intern(&user), entry));
                        }
                    }
                    SubjectKind::Other(_) => {}
                }
            }
        }
        Self {
            users: Entries::new(users, names.text_count()),
            groups: Entries::new(groups, names.text_count()),
            roles,
        }
    }

    pub(super) fn role_of(&self, binding: usize) -> Option<usize> {
        self.roles[binding]
    }

    pub(super) fn has_missing_roles(&self) -> bool {
        self.roles.contains(&None)
    }

    /// Returns the lists of a user and of groups, each in the order of the bindings.
    fn lists(&self, scope: Scope, user: Option<Symbol>, groups: &[Symbol]) -> impl Iterator<Item = &[Entry]> {
        let scope = ScopeKey::new(scope);
        let user = user.into_iter().map(move |name| self.users.of(name, scope));
        let groups = groups.iter().map(move |name| self.groups.of(*name, scope));
        user.chain(groups).filter(|list| !list.is_empty())
    }

    pub(super) fn applying(&self, scope: Scope, user: Option<Symbol>, groups: &[Symbol]) -> Vec<Applying> {
        let mut found = Vec::new();
        let mut list_count = 0;
        for list in self.lists(scope, user, groups) {
            list_count += 1;
            found.extend(list.iter().map(|entry| entry.applying()));
        }
        // One list is in order, and a subject may stand in a binding twice.
        if list_count > 1 {
            found.sort_unstable();
        }
        found.dedup_by_key(|applying| applying.binding);
        found
    }

    /// Returns what would be the first of [`Self::applying`] whose role is accepted, without making that list.
    pub(super) fn first_applying(
        &self,
        scope: Scope,
        user: Option<Symbol>,
        groups: &[Symbol],
        is_accepted: impl Fn(usize) -> bool,
    ) -> Option<Applying> {
        let mut first: Option<Applying> = None;
        for list in self.lists(scope, user, groups) {
            let is_earlier = |entry: &&Entry| first.is_none_or(|first| entry.applying() < first);
            let found = list
                .iter()
                .take_while(is_earlier)
                .find(|entry| entry.role != NO_ROLE && is_accepted(entry.role as usize));
            if let Some(entry) = found {
                first = Some(entry.applying());
            }
        }
        first
    }
}

impl Entry {
    fn applying(self) -> Applying {
        Applying {
            binding: self.binding as usize,
            subject: self.subject as usize,
        }
    }
}
