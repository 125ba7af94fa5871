//! A policy as the API server holds it: roles with their rules, bindings with their subjects, and where each was read.
//!
//! Any policy can be held, also one that the API server would refuse to store: the evaluator is for files. Owns the index from subjects to
//! bindings. Never decides.

mod facts;
mod hash;
mod index;
mod names;
mod reach;
mod subject;

use std::collections::HashMap;

pub(crate) use facts::{Facts, IGNORE_PREFIX};
pub(crate) use hash::Seeded;
pub(crate) use index::Applying;
use index::Index;
pub(crate) use names::{ListId, Names, Symbol};
pub(crate) use reach::{Reach, Texts};
pub(crate) use subject::{RawSubject, Subject, SubjectKind, account_user};

/// The API group of roles and bindings.
pub(crate) const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// Where an object was read: the index of the file, and the line that it begins at, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) file: u32,
    pub(crate) line: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rule {
    pub(crate) verbs: ListId,
    pub(crate) groups: ListId,
    pub(crate) resources: ListId,
    pub(crate) resource_names: ListId,
    pub(crate) urls: ListId,
}

/// Whose namespace an object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// A `ClusterRole` or `ClusterRoleBinding`.
    Cluster,
    /// A `Role` or `RoleBinding` of this namespace.
    Namespace(Symbol),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) scope: Scope,
    pub(crate) name: Symbol,
    pub(crate) rules: Vec<Rule>,
    pub(crate) labels: Vec<(Symbol, Symbol)>,
    /// The selectors of an `aggregationRule`, `None` without one.
    pub(crate) aggregation: Option<Vec<LabelSelector>>,
    /// The object was read from a cluster: it has a uid. Its rules are those that the controller computed.
    pub(crate) is_live: bool,
    pub(crate) facts: Facts,
    pub(crate) place: Place,
}

/// A selector of labels (`metav1.LabelSelector`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LabelSelector {
    pub(crate) match_labels: Vec<(Symbol, Symbol)>,
    pub(crate) expressions: Vec<LabelExpression>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelExpression {
    pub(crate) key: Symbol,
    pub(crate) operator: Symbol,
    pub(crate) values: Vec<Symbol>,
}

/// The kind of a role that a binding refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RoleKind {
    Role,
    ClusterRole,
    /// The evaluator names it in an error.
    Other(Symbol),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) scope: Scope,
    pub(crate) name: Symbol,
    pub(crate) role_kind: RoleKind,
    pub(crate) role_name: Symbol,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) facts: Facts,
    pub(crate) place: Place,
}

/// An object that was read twice, with different content. The later one is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duplicate {
    pub(crate) kind: &'static str,
    pub(crate) scope: Scope,
    pub(crate) name: Symbol,
    pub(crate) first: Place,
    pub(crate) second: Place,
}

/// A policy that is being read.
#[derive(Debug, Default)]
pub(crate) struct PolicyBuilder {
    pub(crate) names: Names,
    roles: Vec<Role>,
    role_index: HashMap<(Scope, Symbol), usize, Seeded>,
    bindings: Vec<Binding>,
    /// Without those that have no name: upstream's tests have several of them.
    binding_index: HashMap<(Scope, Symbol), usize, Seeded>,
    duplicates: Vec<Duplicate>,
}

impl PolicyBuilder {
    /// Begins with the names of another policy, so that both have the same numbers for what is in that one.
    pub(crate) fn with_names(names: Names) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    pub(crate) fn add_role(&mut self, role: Role) {
        let key = (role.scope, role.name);
        let Some(at) = self.role_index.get(&key) else {
            self.role_index.insert(key, self.roles.len());
            self.roles.push(role);
            return;
        };
        let earlier = &mut self.roles[*at];
        let is_same = Role {
            place: earlier.place,
            facts: earlier.facts.clone(),
            ..role.clone()
        } == *earlier;
        if !is_same {
            self.duplicates.push(Duplicate {
                kind: role.kind(),
                scope: role.scope,
                name: role.name,
                first: earlier.place,
                second: role.place,
            });
            *earlier = role;
        }
    }

    pub(crate) fn add_binding(&mut self, binding: Binding) {
        let key = (binding.scope, binding.name);
        if binding.name == Symbol::EMPTY {
            self.bindings.push(binding);
            return;
        }
        let Some(at) = self.binding_index.get(&key) else {
            self.binding_index.insert(key, self.bindings.len());
            self.bindings.push(binding);
            return;
        };
        let earlier = &mut self.bindings[*at];
        let is_same = Binding {
            place: earlier.place,
            facts: earlier.facts.clone(),
            ..binding.clone()
        } == *earlier;
        if !is_same {
            self.duplicates.push(Duplicate {
                kind: binding.kind(),
                scope: binding.scope,
                name: binding.name,
                first: earlier.place,
                second: binding.place,
            });
            *earlier = binding;
        }
    }

    pub(crate) fn roles(&self) -> &[Role] {
        &self.roles
    }

    pub(crate) fn set_rules(&mut self, role: usize, rules: Vec<Rule>) {
        self.roles[role].rules = rules;
    }

    pub(crate) fn finish(mut self) -> Policy {
        let index = Index::new(&mut self.names, &self.bindings, &self.role_index);
        let reaches = self
            .roles
            .iter()
            .map(|role| Reach::new(&self.names, role))
            .collect();
        Policy {
            reaches,
            has_missing_roles: index.has_missing_roles(),
            names: self.names,
            roles: self.roles,
            role_index: self.role_index,
            bindings: self.bindings,
            index,
            duplicates: self.duplicates,
        }
    }
}

/// Roles and bindings, indexed.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) names: Names,
    pub(crate) roles: Vec<Role>,
    /// One for each role.
    reaches: Vec<Reach>,
    role_index: HashMap<(Scope, Symbol), usize, Seeded>,
    /// In the order in which they were read. The order in a cluster is not defined.
    pub(crate) bindings: Vec<Binding>,
    index: Index,
    has_missing_roles: bool,
    pub(crate) duplicates: Vec<Duplicate>,
}

impl Policy {
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        self.names.text(symbol)
    }

    pub(crate) fn role(&self, scope: Scope, name: Symbol) -> Option<&Role> {
        let at = self.role_index.get(&(scope, name))?;
        Some(&self.roles[*at])
    }

    /// Returns what the role of this index may at most allow.
    pub(crate) fn reach(&self, role: usize) -> &Reach {
        &self.reaches[role]
    }

    /// Returns the role that a binding refers to, if there is one.
    pub(crate) fn role_of(&self, binding: usize) -> Option<&Role> {
        let role = self.index.role_of(binding)?;
        Some(&self.roles[role])
    }

    /// Returns the index of the role that a binding refers to, if there is one.
    pub(crate) fn role_index_of(&self, binding: usize) -> Option<usize> {
        self.index.role_of(binding)
    }

    /// Returns the bindings of a scope that have one of the names as a subject, in their order, each with its first such subject.
    pub(crate) fn applying(&self, scope: Scope, user: Option<Symbol>, groups: &[Symbol]) -> Vec<Applying> {
        self.index.applying(scope, user, groups)
    }

    /// Returns the first of [`Self::applying`] whose role is accepted.
    pub(crate) fn first_applying(
        &self,
        scope: Scope,
        user: Option<Symbol>,
        groups: &[Symbol],
        is_accepted: impl Fn(&Reach, &Role) -> bool,
    ) -> Option<Applying> {
        let is_accepted = |role: usize| is_accepted(&self.reaches[role], &self.roles[role]);
        self.index.first_applying(scope, user, groups, is_accepted)
    }

    /// Whether a binding refers to a role that is not there.
    pub(crate) fn has_missing_roles(&self) -> bool {
        self.has_missing_roles
    }
}

impl Role {
    pub(crate) fn kind(&self) -> &'static str {
        match self.scope {
            Scope::Cluster => "ClusterRole",
            Scope::Namespace(_) => "Role",
        }
    }
}

impl Binding {
    pub(crate) fn kind(&self) -> &'static str {
        match self.scope {
            Scope::Cluster => "ClusterRoleBinding",
            Scope::Namespace(_) => "RoleBinding",
        }
    }

    /// Returns where the role is that the binding refers to. `None` if the kind is no role's.
    pub(crate) fn role_scope(&self) -> Option<Scope> {
        match (self.role_kind, self.scope) {
            (RoleKind::ClusterRole, _) => Some(Scope::Cluster),
            // No role has the empty namespace, so a ClusterRoleBinding finds none.
            (RoleKind::Role, Scope::Cluster) => Some(Scope::Namespace(Symbol::EMPTY)),
            (RoleKind::Role, scope @ Scope::Namespace(_)) => Some(scope),
            (RoleKind::Other(_), _) => None,
        }
    }
}
