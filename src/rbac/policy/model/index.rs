//! From a subject to the bindings that have it, and from a binding to its role.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::names::{Names, Symbol};
use super::subject::{SubjectKind, account_user};
use super::{Binding, Scope};

/// A binding that applies to a user, by this subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Applying {
    pub(crate) binding: usize,
    pub(crate) subject: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    scope: Scope,
    is_group: bool,
    name: Symbol,
}

#[derive(Debug)]
pub(super) struct Index {
    by_subject: HashMap<Key, Vec<Applying>, BuildHasherDefault<NumberHasher>>,
    /// One for each binding.
    roles: Vec<Option<usize>>,
}

impl Index {
    pub(super) fn new(
        names: &mut Names,
        bindings: &[Binding],
        role_index: &HashMap<(Scope, Symbol), usize>,
    ) -> Self {
        let mut by_subject: HashMap<_, Vec<Applying>, _> = HashMap::default();
        for (at, binding) in bindings.iter().enumerate() {
            for (subject_at, subject) in binding.subjects.iter().enumerate() {
                let (is_group, name) = match subject.kind {
                    SubjectKind::User => (false, subject.name),
                    SubjectKind::Group => (true, subject.name),
                    SubjectKind::ServiceAccount => {
                        let namespace = subject.account_namespace(binding.scope);
                        if namespace == Symbol::EMPTY {
                            continue;
                        }
                        let user = account_user(names.text(namespace), names.text(subject.name));
                        (false, names.intern(&user))
                    }
                    SubjectKind::Other(_) => continue,
                };
                let key = Key {
                    scope: binding.scope,
                    is_group,
                    name,
                };
                by_subject.entry(key).or_default().push(Applying {
                    binding: at,
                    subject: subject_at,
                });
            }
        }
        let role = |binding: &Binding| {
            let key = (binding.role_scope()?, binding.role_name);
            // A role in the empty namespace is found by nothing.
            (key.0 != Scope::Namespace(Symbol::EMPTY)).then(|| role_index.get(&key).copied())?
        };
        Self {
            by_subject,
            roles: bindings.iter().map(role).collect(),
        }
    }

    pub(super) fn role_of(&self, binding: usize) -> Option<usize> {
        self.roles[binding]
    }

    pub(super) fn applying(&self, scope: Scope, user: Option<Symbol>, groups: &[Symbol]) -> Vec<Applying> {
        let user = user.into_iter().map(|name| (false, name));
        let groups = groups.iter().map(|name| (true, *name));
        let mut found = Vec::new();
        let mut list_count = 0;
        for (is_group, name) in user.chain(groups) {
            if let Some(list) = self.by_subject.get(&Key {
                scope,
                is_group,
                name,
            }) {
                list_count += 1;
                found.extend_from_slice(list);
            }
        }
        // One list is in order, and a subject may stand in a binding twice.
        if list_count > 1 {
            found.sort_unstable();
        }
        found.dedup_by_key(|applying| applying.binding);
        found
    }
}

/// Hashes the numbers of symbols, which no file can choose.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }
}
