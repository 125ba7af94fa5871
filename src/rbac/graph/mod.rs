//! A picture of who has which role by which binding, as SVG.
//!
//! Pure. Three columns: subjects, bindings, roles. A binding is drawn once, and a line leads from each of its subjects to it and from it to its
//! role. Names come from files, so each is made harmless and escaped.

mod svg;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::dangers::{Danger, dangers_of, rank};
use super::policy::covers::PlainRule;
use super::policy::evaluate::{role_kind_text, subject_text};
use super::policy::model::{Policy, Scope};

/// What is drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filter<'a> {
    /// The names of subjects. Empty for all.
    pub(crate) subjects: &'a [String],
    /// `None` for all, and for those of the whole cluster.
    pub(crate) namespace: Option<&'a str>,
}

/// A box with a text.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    label: String,
    /// What is shown beside the pointer.
    title: String,
    look: Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// A role with a right that reaches further than it says.
    Dangerous,
    /// A role that is in no file.
    Missing,
}

/// The boxes of a picture, and the lines between them by index.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    subjects: Vec<Node>,
    bindings: Vec<Node>,
    roles: Vec<Node>,
    /// From a subject to a binding.
    given: Vec<(usize, usize)>,
    /// From a binding to a role.
    of_role: Vec<(usize, usize)>,
}

impl Graph {
    pub(crate) fn new(policy: &Policy, filter: Filter<'_>) -> Self {
        let mut graph = Self::default();
        let mut subjects: HashMap<String, usize> = HashMap::new();
        let mut roles: HashMap<String, usize> = HashMap::new();
        for (at, binding) in policy.bindings.iter().enumerate() {
            let is_in_place = match (binding.scope, filter.namespace) {
                (Scope::Cluster, _) | (_, None) => true,
                (Scope::Namespace(namespace), Some(wanted)) => policy.text(namespace) == wanted,
            };
            let is_wanted = |name: &str| {
                filter.subjects.is_empty() || filter.subjects.iter().any(|wanted| wanted == name)
            };
            let drawn: Vec<_> = binding
                .subjects
                .iter()
                .filter(|subject| is_wanted(policy.text(subject.name)))
                .collect();
            if !is_in_place || (drawn.is_empty() && !filter.subjects.is_empty()) {
                continue;
            }
            let binding_at = graph.bindings.len();
            graph.bindings.push(binding_node(policy, at));
            for subject in drawn {
                let text = subject_text(policy, binding, *subject);
                let nodes = &mut graph.subjects;
                let subject = *subjects
                    .entry(text.clone())
                    .or_insert_with(|| push(nodes, plain(text)));
                graph.given.push((subject, binding_at));
            }
            let role = role_node(policy, at);
            let nodes = &mut graph.roles;
            let role = *roles
                .entry(role.label.clone())
                .or_insert_with(|| push(nodes, role));
            graph.of_role.push((binding_at, role));
        }
        graph
    }

    pub(crate) fn binding_count(&self) -> usize {
        self.bindings.len()
    }

    /// Returns the picture.
    pub(crate) fn svg(&self) -> String {
        svg::svg(self)
    }
}

fn push(nodes: &mut Vec<Node>, node: Node) -> usize {
    nodes.push(node);
    nodes.len() - 1
}

fn plain(text: String) -> Node {
    Node {
        title: text.clone(),
        label: text,
        look: Look::Plain,
    }
}

fn binding_node(policy: &Policy, at: usize) -> Node {
    let binding = &policy.bindings[at];
    let name = policy.text(binding.name);
    let (label, place) = match binding.scope {
        Scope::Cluster => (name.to_owned(), "in the whole cluster".to_owned()),
        Scope::Namespace(namespace) => {
            let namespace = policy.text(namespace);
            (format!("{name}/{namespace}"), format!("in {namespace}"))
        }
    };
    Node {
        title: format!("{} \"{label}\" {place}", binding.kind()),
        label,
        look: Look::Plain,
    }
}

fn role_node(policy: &Policy, at: usize) -> Node {
    let binding = &policy.bindings[at];
    let name = policy.text(binding.role_name);
    let namespace = policy.role_of(at).and_then(|role| match role.scope {
        Scope::Cluster => None,
        Scope::Namespace(namespace) => Some(policy.text(namespace)),
    });
    let kind = role_kind_text(policy, binding.role_kind);
    let label = match namespace {
        Some(namespace) => format!("{kind} \"{name}/{namespace}\""),
        None => format!("{kind} \"{name}\""),
    };
    let Some(role) = policy.role_of(at) else {
        return Node {
            title: format!("{label}, which is in no file"),
            label,
            look: Look::Missing,
        };
    };
    let rules = role.rules.iter().map(|rule| PlainRule::new(&policy.names, rule));
    let mut dangers: Vec<&Danger> = rules.flat_map(|rule| dangers_of(&rule, false)).collect();
    dangers.sort_by_key(|danger| rank(danger));
    dangers.dedup_by_key(|danger| danger.id);
    let whats: Vec<&str> = dangers.iter().map(|danger| danger.what).collect();
    let (title, look) = if whats.is_empty() {
        (label.clone(), Look::Plain)
    } else {
        (format!("{label}: {}", whats.join("; ")), Look::Dangerous)
    };
    Node { label, title, look }
}
