//! Rules that nearly allow a request: what of the rule, of its binding or of its subject is different.

use std::collections::HashMap;

use crate::rbac::policy::matching::{
    group_matches, name_matches, path_matches, resource_matches, verb_matches,
};
use crate::rbac::policy::model::{ListId, Policy, Role, Rule, Scope};
use crate::rbac::policy::request::{Request, RequestSymbols, Target, User, UserSymbols};

/// What keeps a rule from allowing a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Difference {
    Verb,
    Name,
    /// The binding is of another namespace.
    Namespace,
    Path,
    /// A subresource instead of the resource, or the reverse.
    Subresource,
    Resource,
    Group,
    /// The user is no subject of the binding.
    Subject,
    /// No binding gives the role to anybody.
    Unbound,
}

impl Difference {
    /// How much has to change. One of the rule's words is less than who has it.
    fn distance(self) -> usize {
        match self {
            Self::Verb | Self::Name => 2,
            Self::Namespace => 3,
            Self::Path | Self::Subresource | Self::Group => 4,
            Self::Subject | Self::Unbound => 5,
            Self::Resource => 7,
        }
    }
}

/// A rule that does not allow a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Near<'a> {
    /// `None` if no binding has the role.
    pub(crate) binding: Option<usize>,
    pub(crate) role: &'a Role,
    pub(crate) rule: usize,
    pub(crate) differences: Vec<Difference>,
    /// How many more bindings give the same rule with the same differences.
    pub(crate) more: usize,
}

impl Near<'_> {
    fn distance(&self) -> usize {
        self.differences
            .iter()
            .map(|difference| difference.distance())
            .sum()
    }
}

/// Of a rule that differs in more than this, it is not clear what is meant.
const MAX_DISTANCE: usize = 8;

/// Returns the nearest rules, the nearest first.
pub(crate) fn nearest<'a>(policy: &'a Policy, user: &User, request: &Request, limit: usize) -> Vec<Near<'a>> {
    let search = Search {
        policy,
        request: RequestSymbols::new(policy, request),
        target: &request.target,
        scope: request.scope(policy),
    };
    let mut found: Vec<Near<'a>> = Vec::new();
    let mut seen = HashMap::new();
    let mut add = |near: Near<'a>| {
        let key = (
            near.role.scope,
            near.role.name,
            near.rule,
            near.differences.clone(),
        );
        if let Some(at) = seen.get(&key) {
            let earlier: &mut Near<'_> = &mut found[*at];
            earlier.more += 1;
        } else {
            seen.insert(key, found.len());
            found.push(near);
        }
    };
    let symbols = UserSymbols::new(policy, user);
    for (at, binding) in policy.bindings.iter().enumerate() {
        let Some(role) = policy.role_of(at) else { continue };
        let mut outside = Vec::new();
        if binding.scope != Scope::Cluster && Some(binding.scope) != search.scope {
            outside.push(Difference::Namespace);
        }
        if !symbols.is_subject_of(policy, at) {
            outside.push(Difference::Subject);
        }
        search.add_rules(Some(at), role, &outside, &mut add);
    }
    let bound: std::collections::HashSet<_> = (0..policy.bindings.len())
        .filter_map(|at| policy.role_of(at))
        .map(|role| (role.scope, role.name))
        .collect();
    for role in &policy.roles {
        let is_usable = role.scope == Scope::Cluster || Some(role.scope) == search.scope;
        if is_usable && !bound.contains(&(role.scope, role.name)) {
            search.add_rules(None, role, &[Difference::Unbound], &mut add);
        }
    }
    // The order in which they were read decides between equals.
    found.sort_by_key(Near::distance);
    found.truncate(limit);
    found
}

struct Search<'a, 'r> {
    policy: &'a Policy,
    request: RequestSymbols<'r>,
    target: &'r Target,
    scope: Option<Scope>,
}

impl<'a> Search<'a, '_> {
    fn add_rules(
        &self,
        binding: Option<usize>,
        role: &'a Role,
        outside: &[Difference],
        add: &mut impl FnMut(Near<'a>),
    ) {
        for (at, rule) in role.rules.iter().enumerate() {
            let list = match self.target {
                Target::Path(_) => rule.urls,
                Target::Resource(_) => rule.resources,
            };
            if list == ListId::EMPTY {
                // It is about the other kind of request.
                continue;
            }
            let mut differences = self.differences(rule);
            differences.extend_from_slice(outside);
            let near = Near {
                binding,
                role,
                rule: at,
                differences,
                more: 0,
            };
            if near.distance() <= MAX_DISTANCE {
                add(near);
            }
        }
    }

    fn differences(&self, rule: &Rule) -> Vec<Difference> {
        let names = &self.policy.names;
        let request = &self.request;
        let mut differences = Vec::new();
        let mut check = |is_equal: bool, difference| {
            if !is_equal {
                differences.push(difference);
            }
        };
        check(verb_matches(names, rule, request), Difference::Verb);
        match self.target {
            Target::Path(_) => check(path_matches(names, rule, request), Difference::Path),
            Target::Resource(target) => {
                let is_related = |text: &str| text.split('/').next() == Some(&target.resource);
                let difference = if names.texts(rule.resources).any(is_related) {
                    Difference::Subresource
                } else {
                    Difference::Resource
                };
                check(name_matches(names, rule, request), Difference::Name);
                check(resource_matches(names, rule, request), difference);
                check(group_matches(names, rule, request), Difference::Group);
            }
        }
        differences
    }
}
