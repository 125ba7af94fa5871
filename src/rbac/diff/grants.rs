//! Which rules a subject has, and where, by its own bindings.

use std::collections::HashMap;

use super::{Line, Right};
use crate::rbac::dangers::EVERYTHING;
use crate::rbac::policy::evaluate::role_kind_text;
use crate::rbac::policy::model::{
    Names, Policy, RoleKind, Rule, Scope, Seeded, SubjectKind, Symbol, account_user,
};
use crate::rbac::policy::request::{MASTERS, User};

/// A subject by its name in the requests of its users. A service account is a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SubjectKey {
    User(Symbol),
    Group(Symbol),
}

/// A subject as a person knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Group(String),
    User(String),
    ServiceAccount { namespace: String, name: String },
}

/// A rule that a subject has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    pub(super) scope: Scope,
    pub(super) rule: Rule,
    pub(super) binding: usize,
}

impl Grant {
    /// Returns what is granted, without the binding.
    pub(super) fn content(&self) -> (Scope, Rule) {
        (self.scope, self.rule)
    }
}

/// A role that a binding names and no file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UnknownRole {
    scope: Scope,
    kind: RoleKind,
    name: Symbol,
}

/// The bindings of each subject of a policy.
pub(super) struct Grants<'a> {
    policy: &'a Policy,
    /// The names of both policies.
    pub(super) names: &'a Names,
    bindings: HashMap<SubjectKey, Vec<usize>, Seeded>,
    /// In the order in which they were read.
    order: Vec<SubjectKey>,
}

impl<'a> Grants<'a> {
    pub(super) fn new(policy: &'a Policy, names: &'a Names) -> Self {
        let mut bindings: HashMap<SubjectKey, Vec<usize>, Seeded> = HashMap::default();
        let mut order = Vec::new();
        for (at, binding) in policy.bindings.iter().enumerate() {
            for subject in &binding.subjects {
                let key = match subject.kind {
                    SubjectKind::User => Some(SubjectKey::User(subject.name)),
                    SubjectKind::Group => Some(SubjectKey::Group(subject.name)),
                    SubjectKind::ServiceAccount => {
                        let namespace = subject.account_namespace(binding.scope);
                        let user = account_user(names.text(namespace), names.text(subject.name));
                        // The index of the policy has given it a number.
                        let user = (namespace != Symbol::EMPTY).then(|| names.find(&user)).flatten();
                        user.map(SubjectKey::User)
                    }
                    SubjectKind::Other(_) => None,
                };
                let Some(key) = key else { continue };
                let of_subject = bindings.entry(key).or_insert_with(|| {
                    order.push(key);
                    Vec::new()
                });
                // A subject may stand in a binding twice.
                if of_subject.last() != Some(&at) {
                    of_subject.push(at);
                }
            }
        }
        Self {
            policy,
            names,
            bindings,
            order,
        }
    }

    pub(super) fn subjects(&self) -> impl Iterator<Item = SubjectKey> {
        self.order.iter().copied()
    }

    pub(super) fn has(&self, key: SubjectKey) -> bool {
        self.bindings.contains_key(&key)
    }

    fn bindings(&self, key: SubjectKey) -> impl Iterator<Item = usize> {
        self.bindings.get(&key).into_iter().flatten().copied()
    }

    /// Returns the rules of a subject's own bindings.
    pub(super) fn rules(&self, key: SubjectKey) -> impl Iterator<Item = Grant> {
        self.bindings(key).flat_map(|binding| {
            let scope = self.policy.bindings[binding].scope;
            let role = self.policy.role_of(binding);
            let rules = role.into_iter().flat_map(|role| &role.rules);
            rules.map(move |rule| Grant {
                scope,
                rule: *rule,
                binding,
            })
        })
    }

    /// Returns the roles of a subject's own bindings that are in no file.
    pub(super) fn unknown(&self, key: SubjectKey) -> impl Iterator<Item = (UnknownRole, usize)> {
        let missing = |at: &usize| self.policy.role_of(*at).is_none();
        self.bindings(key).filter(missing).map(|at| {
            let binding = &self.policy.bindings[at];
            let role = UnknownRole {
                scope: binding.scope,
                kind: binding.role_kind,
                name: binding.role_name,
            };
            (role, at)
        })
    }

    /// Returns the groups of bindings that an API server adds to users.
    pub(super) fn implicit_groups(&self) -> impl Iterator<Item = SubjectKey> {
        let is_implicit = |key: &SubjectKey| match key {
            SubjectKey::User(_) => false,
            SubjectKey::Group(name) => {
                let name = self.names.text(*name);
                [
                    "system:authenticated",
                    "system:unauthenticated",
                    "system:serviceaccounts",
                ]
                .contains(&name)
                    || name.starts_with("system:serviceaccounts:")
            }
        };
        self.subjects().filter(is_implicit)
    }

    /// Returns the groups that each user of a subject has by that alone.
    pub(super) fn implied(&self, key: SubjectKey) -> Vec<SubjectKey> {
        let user = |name: &str, groups: &[String]| User::with_implicit_groups(name, groups).groups;
        let groups = match key {
            SubjectKey::User(name) => user(self.names.text(name), &[]),
            SubjectKey::Group(name) => implied_by_group(self.names.text(name)),
        };
        groups
            .iter()
            .filter_map(|group| self.names.find(group).map(SubjectKey::Group))
            .filter(|group| *group != key)
            .collect()
    }

    pub(super) fn is_master(&self, key: SubjectKey) -> bool {
        match key {
            SubjectKey::User(_) => false,
            SubjectKey::Group(name) => self.names.text(name) == MASTERS,
        }
    }

    pub(super) fn who(&self, key: SubjectKey) -> Who {
        match key {
            SubjectKey::Group(name) => Who::Group(self.names.text(name).to_owned()),
            SubjectKey::User(name) => user_or_account(self.names.text(name)),
        }
    }
}

/// Returns the groups that an API server adds to each member of a group.
fn implied_by_group(group: &str) -> Vec<String> {
    if group == "system:unauthenticated" {
        return Vec::new();
    }
    let mut groups = vec!["system:authenticated".to_owned()];
    if group.starts_with("system:serviceaccounts:") {
        groups.push("system:serviceaccounts".to_owned());
    }
    groups
}

fn user_or_account(user: &str) -> Who {
    let account = user
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    match account {
        Some((namespace, name)) if !name.contains(':') => Who::ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        Some(_) | None => Who::User(user.to_owned()),
    }
}

/// The role that every cluster has under this name.
const CLUSTER_ADMIN: &str = "cluster-admin";

/// Returns the line of a role that is in no file.
pub(super) fn unknown_line(policy: &Policy, role: UnknownRole, binding: usize) -> Line {
    Line {
        namespace: match role.scope {
            Scope::Cluster => None,
            Scope::Namespace(namespace) => Some(policy.text(namespace).to_owned()),
        },
        right: Right::UnknownRole {
            kind: role_kind_text(policy, role.kind).to_owned(),
            name: policy.text(role.name).to_owned(),
        },
        binding,
        dangers: (role.kind == RoleKind::ClusterRole && policy.text(role.name) == CLUSTER_ADMIN)
            .then_some(&EVERYTHING)
            .into_iter()
            .collect(),
    }
}
