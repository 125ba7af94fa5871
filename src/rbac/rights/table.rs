//! Rules as a table of resources and verbs. A row has all verbs that any rule allows on what it names.

use std::collections::{BTreeMap, BTreeSet};

use super::Applied;
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{Policy, Scope};
use crate::rbac::policy::request::ResourceTarget;
use crate::rbac::question::belongs_to_cluster;

/// The verbs that have a column.
pub(crate) const VERBS: [&str; 7] = ["get", "list", "watch", "create", "update", "patch", "delete"];
/// The requests for one namespace that are made in it.
const VERBS_OF_ONE_NAMESPACE: [&str; 4] = ["get", "update", "patch", "delete"];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    /// As a rule has it: `*` is all groups.
    pub(crate) group: String,
    /// As a rule has it: `pods`, `pods/log`, `*`, `*/scale`.
    pub(crate) resource: String,
    /// The objects, empty for all.
    pub(crate) names: Vec<String>,
    /// It is the namespace itself, by one of its own bindings.
    pub(crate) is_own_namespace: bool,
    /// With `*` for all.
    pub(crate) verbs: BTreeSet<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// Sorted by group and resource.
    pub(crate) rows: Vec<Row>,
    /// Paths with their verbs.
    pub(crate) paths: BTreeMap<String, BTreeSet<String>>,
    /// What a binding of a namespace names and cannot grant: resources of the cluster, and paths.
    pub(crate) without_effect: BTreeSet<String>,
}

/// A rule, and whether it comes by a binding of the cluster.
type Brought = (PlainRule, bool);

pub(crate) fn table(policy: &Policy, applied: &[Applied<'_>]) -> Table {
    let mut brought: Vec<Brought> = Vec::new();
    for applied in applied {
        let is_cluster = applied.binding.scope == Scope::Cluster;
        let rules = applied.role.into_iter().flat_map(|role| &role.rules);
        brought.extend(rules.map(|rule| (PlainRule::new(&policy.names, rule), is_cluster)));
    }
    let mut table = Table::default();
    let mut seen = BTreeSet::new();
    for (rule, is_cluster) in &brought {
        table.add_paths(rule, *is_cluster);
        for (group, resource) in pairs(rule) {
            let kind = Kind::of(group, resource, *is_cluster);
            if kind == Kind::WithoutEffect {
                table.without_effect.insert(shown(group, resource));
                continue;
            }
            let mut names = rule.resource_names.clone();
            names.sort();
            names.dedup();
            let row = Row {
                group: group.clone(),
                resource: resource.clone(),
                names,
                is_own_namespace: kind == Kind::OwnNamespace,
                verbs: BTreeSet::new(),
            };
            if seen.insert(row.clone()) {
                let verbs = verbs(&row, &brought);
                if !verbs.is_empty() {
                    table.rows.push(Row { verbs, ..row });
                }
            }
        }
    }
    table.rows.sort();
    table
}

impl Table {
    fn add_paths(&mut self, rule: &PlainRule, is_cluster: bool) {
        for path in &rule.urls {
            if is_cluster {
                let verbs = self.paths.entry(path.clone()).or_default();
                verbs.extend(rule.verbs.iter().cloned());
            } else {
                self.without_effect.insert(path.clone());
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    OwnNamespace,
    WithoutEffect,
}

impl Kind {
    fn of(group: &str, resource: &str, is_cluster: bool) -> Self {
        if is_cluster {
            return Self::Plain;
        }
        let plural = resource.split_once('/').map_or(resource, |(plural, _)| plural);
        let target = ResourceTarget {
            group: if group == "*" {
                String::new()
            } else {
                group.to_owned()
            },
            resource: plural.to_owned(),
            ..ResourceTarget::default()
        };
        match plural {
            // A request for one namespace, its status or its end is made in it.
            "namespaces" if target.group.is_empty() => Self::OwnNamespace,
            _ if belongs_to_cluster(&target) => Self::WithoutEffect,
            _ => Self::Plain,
        }
    }
}

fn pairs(rule: &PlainRule) -> impl Iterator<Item = (&String, &String)> {
    let groups = rule.api_groups.iter();
    groups.flat_map(|group| rule.resources.iter().map(move |resource| (group, resource)))
}

fn shown(group: &str, resource: &str) -> String {
    if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    }
}

/// Returns the verbs of all rules that are about what a row names.
fn verbs(row: &Row, brought: &[Brought]) -> BTreeSet<String> {
    let mut verbs = BTreeSet::new();
    for (rule, is_cluster) in brought {
        // What a binding of a namespace cannot grant, it does not add to what one of the cluster does.
        let is_granted = match Kind::of(&row.group, &row.resource, *is_cluster) {
            Kind::Plain => true,
            Kind::OwnNamespace => row.is_own_namespace,
            Kind::WithoutEffect => false,
        };
        if !is_granted || !covers(rule, row) {
            continue;
        }
        if row.is_own_namespace && !is_cluster {
            let all = rule.verbs.iter().any(|verb| verb == "*");
            let of_rule = VERBS_OF_ONE_NAMESPACE
                .into_iter()
                .filter(|verb| all || rule.verbs.iter().any(|own| own == verb));
            verbs.extend(of_rule.map(str::to_owned));
        } else {
            verbs.extend(rule.verbs.iter().cloned());
        }
    }
    verbs
}

/// Whether a rule is about all that a row names. `*` in the row needs `*` in the rule.
fn covers(rule: &PlainRule, row: &Row) -> bool {
    let has = |list: &[String], text: &str| list.iter().any(|item| item == text);
    let of_subresource = row
        .resource
        .split_once('/')
        .is_some_and(|(_, subresource)| has(&rule.resources, &format!("*/{subresource}")));
    (has(&rule.api_groups, "*") || has(&rule.api_groups, &row.group))
        && (has(&rule.resources, "*") || has(&rule.resources, &row.resource) || of_subresource)
        && (rule.resource_names.is_empty()
            || (!row.names.is_empty() && row.names.iter().all(|name| has(&rule.resource_names, name))))
}
