//! What the checks look at: the policy, what is known beside it, and how its objects are used.

use std::collections::{BTreeSet, HashMap};

use super::rule::Object;
use crate::rbac::dangers::{Danger, dangers_of};
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{Binding, Facts, Place, Policy, Role, RoleKind, Scope, Seeded, Symbol};

/// What is known of the provider.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// With which each name of a user begins that is a person's. Empty if it is not known.
    pub(crate) user_prefixes: Vec<String>,
    pub(crate) group_prefixes: Vec<String>,
    /// The groups of the description, with their prefixes. Empty if there is none.
    pub(crate) groups: BTreeSet<String>,
    /// Whether objects of Kubernetes itself are looked at too.
    pub(crate) has_defaults: bool,
}

/// How many bindings refer to a role.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    pub(super) of_cluster: usize,
    pub(super) in_namespaces: usize,
}

pub(super) struct Context<'a> {
    pub(super) policy: &'a Policy,
    pub(super) settings: &'a Settings,
    /// Of each role.
    pub(super) rules: Vec<Vec<PlainRule>>,
    pub(super) uses: Vec<Use>,
    /// Of each rule of each role.
    pub(super) dangers: Vec<Vec<Vec<&'static Danger>>>,
    /// How often each namespace is named by an object or a service account.
    pub(super) namespaces: HashMap<Symbol, usize, Seeded>,
    /// The labels by which aggregated roles select.
    pub(super) selecting_labels: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Context<'a> {
    pub(super) fn new(policy: &'a Policy, settings: &'a Settings) -> Self {
        let rules = policy.roles.iter().map(|role| {
            role.rules
                .iter()
                .map(|rule| PlainRule::new(&policy.names, rule))
                .collect()
        });
        let mut uses = vec![Use::default(); policy.roles.len()];
        let mut namespaces: HashMap<Symbol, usize, Seeded> = HashMap::default();
        let mut count = |scope: Scope| {
            if let Scope::Namespace(namespace) = scope {
                *namespaces.entry(namespace).or_default() += 1;
            }
        };
        for role in &policy.roles {
            count(role.scope);
        }
        for (at, binding) in policy.bindings.iter().enumerate() {
            count(binding.scope);
            let subjects = binding
                .subjects
                .iter()
                .filter(|subject| subject.namespace != Symbol::EMPTY);
            subjects.for_each(|subject| count(Scope::Namespace(subject.namespace)));
            let Some(role) = policy.role_index_of(at) else {
                continue;
            };
            match binding.scope {
                Scope::Cluster => uses[role].of_cluster += 1,
                Scope::Namespace(_) => uses[role].in_namespaces += 1,
            }
        }
        let selectors = policy
            .roles
            .iter()
            .flat_map(|role| role.aggregation.iter().flatten());
        let labels = selectors.flat_map(|selector| &selector.match_labels);
        let mut context = Self {
            policy,
            settings,
            rules: rules.collect(),
            uses,
            dangers: Vec::new(),
            namespaces,
            selecting_labels: labels
                .map(|(key, value)| (policy.text(*key), policy.text(*value)))
                .collect(),
        };
        context.dangers = (0..policy.roles.len())
            .map(|role| context.dangers_of(role))
            .collect();
        context
    }

    /// Returns what each rule of a role allows that reaches further. Of an aggregated role it is told of the roles that it selects.
    fn dangers_of(&self, role: usize) -> Vec<Vec<&'static Danger>> {
        if self.is_computed(role) {
            return Vec::new();
        }
        let is_in_namespaces = self.is_in_namespaces(role);
        let rules = self.rules[role].iter();
        rules.map(|rule| dangers_of(rule, is_in_namespaces)).collect()
    }

    pub(super) fn role(&self, at: usize) -> &'a Role {
        &self.policy.roles[at]
    }

    pub(super) fn binding(&self, at: usize) -> &'a Binding {
        &self.policy.bindings[at]
    }

    pub(super) fn text(&self, symbol: Symbol) -> &'a str {
        self.policy.text(symbol)
    }

    pub(super) fn facts(&self, object: Object) -> &'a Facts {
        match object {
            Object::Role(at) => &self.role(at).facts,
            Object::Binding(at) => &self.binding(at).facts,
        }
    }

    pub(super) fn place(&self, object: Object) -> Place {
        match object {
            Object::Role(at) => self.role(at).place,
            Object::Binding(at) => self.binding(at).place,
        }
    }

    /// Returns the roles that are looked at.
    pub(super) fn roles(&self) -> impl Iterator<Item = usize> {
        (0..self.policy.roles.len())
            .filter(|at| self.is_looked_at(&self.role(*at).facts, self.role(*at).name))
    }

    /// Returns the bindings that are looked at.
    pub(super) fn bindings(&self) -> impl Iterator<Item = usize> {
        (0..self.policy.bindings.len())
            .filter(|at| self.is_looked_at(&self.binding(*at).facts, self.binding(*at).name))
    }

    /// Returns how many objects are taken for those of Kubernetes itself, and are not looked at.
    pub(super) fn passed_over(&self) -> usize {
        let all = self.policy.roles.len() + self.policy.bindings.len();
        all - self.roles().count() - self.bindings().count()
    }

    fn is_looked_at(&self, facts: &Facts, name: Symbol) -> bool {
        self.settings.has_defaults || !(facts.is_default || self.text(name).starts_with("system:"))
    }

    /// Whether a role has rights in namespaces alone: it is of one, or no `ClusterRoleBinding` refers to it and a `RoleBinding` does.
    pub(super) fn is_in_namespaces(&self, role: usize) -> bool {
        let used = self.uses[role];
        self.role(role).scope != Scope::Cluster || (used.of_cluster == 0 && used.in_namespaces > 0)
    }

    /// Whether the role's rules are those of the roles that it selects, which are looked at themselves.
    pub(super) fn is_computed(&self, role: usize) -> bool {
        self.role(role).aggregation.is_some()
    }

    /// Whether a binding refers to this role of Kubernetes.
    pub(super) fn refers_to(&self, binding: usize, cluster_role: &str) -> bool {
        let binding = self.binding(binding);
        binding.role_kind == RoleKind::ClusterRole && self.text(binding.role_name) == cluster_role
    }
}
