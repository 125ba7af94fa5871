//! Who may do something: the subjects of all bindings that allow a request, each with these bindings.
//!
//! Pure. Members of `system:masters` may do everything without a binding, so they are not looked for. Never knows who is in a group.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::policy::matching::{Wanted, allows, allows_some_names};
use super::policy::model::{Binding, Policy, Role, Scope, Subject, SubjectKind, Symbol};
use super::policy::request::{Request, RequestSymbols, Target, account_of};
use super::question::belongs_to_cluster;

/// Whom a subject stands for. A service account is the same one, also where its user name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Holder<'a> {
    Group(&'a str),
    User(&'a str),
    ServiceAccount { namespace: &'a str, name: &'a str },
}

/// A binding by which somebody may do what is asked.
#[derive(Debug, Clone)]
pub(crate) struct Grant<'a> {
    pub(crate) binding: &'a Binding,
    pub(crate) role: &'a Role,
    /// The indices of the rules that allow it.
    pub(crate) rules: Rules,
    /// The names of the objects that the rules are about, empty if they are about all.
    pub(crate) names: ObjectNames,
}

#[derive(Debug, Clone)]
pub(crate) struct Who<'a> {
    pub(crate) holder: Holder<'a>,
    /// In the order of the policy.
    pub(crate) grants: Vec<Grant<'a>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct WhoCan<'a> {
    /// Who may do it.
    pub(crate) whole: Vec<Who<'a>>,
    /// Who may do it with some objects only, or in some namespaces only, where all of them are asked for.
    pub(crate) part: Vec<Who<'a>>,
}

/// The indices of rules in their role.
type Rules = Rc<[usize]>;
/// The names of objects.
type ObjectNames = Rc<[Symbol]>;

/// The rules of a role that allow a request, and those that allow it for some names.
struct Matches {
    whole: Option<Rules>,
    part: Option<(Rules, ObjectNames)>,
}

/// Returns all who may do something, sorted.
pub(crate) fn who_can<'a>(policy: &'a Policy, request: &Request) -> WhoCan<'a> {
    let symbols = RequestSymbols::new(policy, request);
    let matches = matches_of_roles(policy, request, &symbols);
    let no_names: ObjectNames = Rc::from([]);
    let asks_for_all_namespaces = match &request.target {
        Target::Resource(target) => target.namespace.is_empty() && !belongs_to_cluster(target),
        Target::Path(_) => false,
    };
    let mut whole = BTreeMap::new();
    let mut part = BTreeMap::new();
    for (at, binding) in policy.bindings.iter().enumerate() {
        let Some(role) = policy.role_index_of(at) else {
            continue;
        };
        let reaches_all = match binding.scope {
            Scope::Cluster => true,
            Scope::Namespace(namespace) => symbols.namespace() == Some(namespace),
        };
        if !reaches_all && !asks_for_all_namespaces {
            continue;
        }
        let matches = &matches[role];
        let add = |holders: &mut _, rules: &Rules, names: &ObjectNames| {
            let grant = Grant {
                binding,
                role: &policy.roles[role],
                rules: rules.clone(),
                names: names.clone(),
            };
            add_subjects(holders, policy, &grant);
        };
        if let Some(rules) = &matches.whole {
            add(if reaches_all { &mut whole } else { &mut part }, rules, &no_names);
        }
        if let Some((rules, names)) = &matches.part {
            add(&mut part, rules, names);
        }
    }
    part.retain(|holder, _| !whole.contains_key(holder));
    let sorted = |holders: BTreeMap<Holder<'a>, Vec<Grant<'a>>>| {
        let holders = holders.into_iter();
        holders.map(|(holder, grants)| Who { holder, grants }).collect()
    };
    WhoCan {
        whole: sorted(whole),
        part: sorted(part),
    }
}

/// Looks at each role once: many bindings have the same.
fn matches_of_roles(policy: &Policy, request: &Request, symbols: &RequestSymbols<'_>) -> Vec<Matches> {
    let wanted = Wanted::new(symbols);
    // The API server looks for no name in these, so no name allows a part of them.
    let can_be_named = !matches!(request.verb.as_str(), "create" | "deletecollection");
    let of_role = |(at, role): (usize, &Role)| {
        let rules_that = |is_matching: &dyn Fn(usize) -> bool| {
            let rules: Vec<usize> = (0..role.rules.len()).filter(|rule| is_matching(*rule)).collect();
            (!rules.is_empty()).then(|| Rc::from(rules))
        };
        if !wanted.is_within(policy.reach(at)) {
            return Matches {
                whole: None,
                part: None,
            };
        }
        let rule = |at: usize| &role.rules[at];
        let part: Option<Rules> =
            rules_that(&|at| can_be_named && allows_some_names(&policy.names, rule(at), symbols));
        Matches {
            whole: rules_that(&|at| allows(&policy.names, rule(at), symbols)),
            part: part.map(|rules| {
                let lists = rules.iter().map(|at| policy.names.list(rule(*at).resource_names));
                let mut seen = HashSet::new();
                let names = lists.flatten().copied().filter(|name| seen.insert(*name));
                let names = names.collect::<Vec<_>>();
                (rules, Rc::from(names))
            }),
        }
    };
    policy.roles.iter().enumerate().map(of_role).collect()
}

fn add_subjects<'a>(
    holders: &mut BTreeMap<Holder<'a>, Vec<Grant<'a>>>,
    policy: &'a Policy,
    grant: &Grant<'a>,
) {
    for subject in &grant.binding.subjects {
        let Some(holder) = holder(policy, grant.binding, *subject) else {
            continue;
        };
        let grants: &mut Vec<Grant<'a>> = holders.entry(holder).or_default();
        // A subject may stand in a binding twice.
        let is_there = grants
            .last()
            .is_some_and(|last| std::ptr::eq(last.binding, grant.binding) && last.names == grant.names);
        if !is_there {
            grants.push(grant.clone());
        }
    }
}

/// Returns whom a subject stands for. `None` if it stands for nobody.
fn holder<'a>(policy: &'a Policy, binding: &Binding, subject: Subject) -> Option<Holder<'a>> {
    let name = policy.text(subject.name);
    match subject.kind {
        SubjectKind::Group => Some(Holder::Group(name)),
        SubjectKind::User => Some(match account_of(name) {
            Some((namespace, name)) => Holder::ServiceAccount { namespace, name },
            None => Holder::User(name),
        }),
        SubjectKind::ServiceAccount => {
            let namespace = subject.account_namespace(binding.scope);
            (namespace != Symbol::EMPTY).then(|| Holder::ServiceAccount {
                namespace: policy.text(namespace),
                name,
            })
        }
        SubjectKind::Other(_) => None,
    }
}
