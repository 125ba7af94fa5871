//! Joins single rights to lines for a person. A line is each combination of its parts, and of nothing more.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::atom::{Atom, ResourceAtom, Sourced};
use super::coverage::Coverage;
use super::{Line, Right};
use crate::rbac::dangers::dangers_of;
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::model::{Names, Scope, Seeded, Symbol};

type Texts<'a> = BTreeSet<&'a str>;
/// `None` is every object.
type ObjectNames<'a> = Option<Texts<'a>>;
/// Where a right is, and by which binding.
type Source<'a> = (Option<&'a str>, usize);

/// Returns the lines of rights. What another of them covers is left out, and of equal ones the first counts.
pub(super) fn joined<'a>(names: &'a Names, rights: &[Sourced<'a>]) -> Vec<Line> {
    let all = Coverage::of_atoms(names, rights);
    let mut seen: HashSet<Atom<'a>, Seeded> = HashSet::default();
    let mut resources: BTreeMap<Source<'a>, Vec<ResourceAtom>> = BTreeMap::new();
    let mut urls: BTreeMap<(Source<'a>, String), Texts<'a>> = BTreeMap::new();
    for Sourced { atom, binding } in rights {
        if !seen.insert(*atom) || all.covers_more(atom) {
            continue;
        }
        match atom {
            Atom::Resource(right) => {
                let namespace = match right.scope {
                    Scope::Cluster => None,
                    Scope::Namespace(namespace) => Some(names.text(namespace)),
                };
                resources.entry((namespace, *binding)).or_default().push(*right);
            }
            Atom::Url(right) => {
                let verbs = urls.entry(((None, *binding), right.url())).or_default();
                verbs.insert(names.text(right.verb));
            }
        }
    }
    let mut lines: Vec<Line> = Vec::new();
    for (source, rights) in &resources {
        lines.extend(
            resource_rules(names, rights)
                .into_iter()
                .map(|rule| line(*source, rule)),
        );
    }
    let urls = urls
        .into_iter()
        .map(|((source, url), verbs)| ((source, verbs), url));
    for ((source, verbs), urls) in grouped(urls) {
        let rule = PlainRule {
            urls: urls.into_iter().collect(),
            verbs: owned(verbs),
            ..PlainRule::default()
        };
        lines.push(line(source, rule));
    }
    lines
}

fn line((namespace, binding): Source<'_>, rule: PlainRule) -> Line {
    Line {
        namespace: namespace.map(str::to_owned),
        dangers: dangers_of(&rule, namespace.is_some()),
        right: Right::Rule(rule),
        binding,
    }
}

/// Joins the rights of one binding: verbs first, then object names, resources and API groups.
fn resource_rules(names: &Names, rights: &[ResourceAtom]) -> Vec<PlainRule> {
    let text = |symbol: Symbol| names.text(symbol);
    let by_verb = grouped(rights.iter().map(|right| {
        let key = (text(right.group), text(right.resource), right.name.map(text));
        (key, text(right.verb))
    }));
    let by_name = grouped(
        by_verb
            .into_iter()
            .map(|((group, resource, name), verbs)| ((group, resource, verbs, name.is_some()), name)),
    );
    let by_resource = grouped(
        by_name
            .into_iter()
            .map(|((group, resource, verbs, is_named), found)| {
                let found: ObjectNames<'_> = is_named.then(|| found.into_iter().flatten().collect());
                ((group, verbs, found), resource)
            }),
    );
    let by_group = grouped(
        by_resource
            .into_iter()
            .map(|((group, verbs, found), resources)| ((resources, verbs, found), group)),
    );
    by_group
        .into_iter()
        .map(|((resources, verbs, found), groups)| PlainRule {
            api_groups: owned(groups),
            resources: owned(resources),
            resource_names: owned(found.unwrap_or_default()),
            urls: Vec::new(),
            verbs: owned(verbs),
        })
        .collect()
}

/// Returns the values of each key.
fn grouped<K: Ord, V: Ord>(pairs: impl Iterator<Item = (K, V)>) -> BTreeMap<K, BTreeSet<V>> {
    let mut groups: BTreeMap<K, BTreeSet<V>> = BTreeMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().insert(value);
    }
    groups
}

fn owned(texts: Texts<'_>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// Returns what lines of equal rank are sorted by.
pub(super) fn text_key(line: &Line) -> Vec<String> {
    match &line.right {
        Right::Rule(rule) => [
            &rule.api_groups,
            &rule.resources,
            &rule.resource_names,
            &rule.urls,
            &rule.verbs,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect(),
        Right::UnknownRole { kind, name } => vec![kind.clone(), name.clone()],
    }
}
