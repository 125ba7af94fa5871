//! Network policies: what the API server refuses, and what it accepts and does not do what was meant, because a label is on no namespace, two items mean
//! either, or name resolution is closed.
//!
//! A file may hold several policies and the namespaces that they name. What is enforced depends on the cluster's network, which this does not know.

mod advice;
mod validate;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::report::{FileReport, Finding, Severity};
use super::yaml::Value;

/// A policy of a file.
struct Policy<'a> {
    root: &'a Value,
    name: &'a str,
    namespace: &'a str,
    spec: Option<&'a Value>,
}

/// A rule of one direction, with its path such as `spec.ingress[0]`.
struct Rule<'a> {
    path: String,
    value: &'a Value,
}

/// A peer of a rule, with its path.
struct Peer<'a> {
    path: String,
    value: &'a Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

/// Checks the policies among the documents of a file, if there is one.
pub(super) fn check(documents: &[Value]) -> Option<FileReport> {
    let objects: Vec<&Value> = documents.iter().flat_map(objects).collect();
    let policies: Vec<Policy<'_>> = objects.iter().filter_map(|root| Policy::read(root)).collect();
    let first = policies.first()?;
    let kind = match policies.len() {
        1 => format!("NetworkPolicy {}", first.name),
        more => format!("{more} NetworkPolicies"),
    };
    let labels = labels_of_namespaces(&objects);
    let resolving = advice::resolving(&policies);
    let mut findings = Vec::new();
    for policy in &policies {
        findings.extend(validate::errors(policy));
        findings.extend(advice::warnings(policy, &resolving, &labels));
    }
    Some(FileReport { kind, findings })
}

/// Returns a document, or the items of a list.
fn objects(root: &Value) -> Vec<&Value> {
    match (text(root, "kind").ends_with("List"), root.get("items")) {
        (true, Some(items)) => items.items().collect(),
        _ => vec![root],
    }
}

/// Returns the labels, as `name=value`, that the namespaces of the file have.
fn labels_of_namespaces(objects: &[&Value]) -> BTreeSet<String> {
    objects
        .iter()
        .filter(|root| text(root, "kind") == "Namespace")
        .filter_map(|root| root.get("metadata")?.get("labels"))
        .flat_map(Value::entries)
        .map(|(name, value)| format!("{name}={}", value.as_text().unwrap_or_default()))
        .collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_text).unwrap_or_default()
}

/// Returns the field if it is there and not null.
fn present<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

impl<'a> Policy<'a> {
    fn read(root: &'a Value) -> Option<Self> {
        let is_policy = text(root, "kind") == "NetworkPolicy"
            && text(root, "apiVersion").starts_with("networking.k8s.io/");
        let metadata = root.get("metadata");
        let of = |name| metadata.map(|value| text(value, name)).unwrap_or_default();
        is_policy.then(|| Self {
            root,
            name: of("name"),
            namespace: of("namespace"),
            spec: root.get("spec"),
        })
    }

    /// Returns what `policyTypes` lists, if it is there.
    fn types(&self) -> Option<Vec<&'a str>> {
        let types = present(self.spec?, "policyTypes")?;
        let types: Vec<&str> = types.items().filter_map(Value::as_text).collect();
        (!types.is_empty()).then_some(types)
    }

    /// Whether the policy closes a direction but for its rules.
    fn closes(&self, direction: Direction) -> bool {
        match (self.types(), direction) {
            (Some(types), _) => types.contains(&direction.policy_type()),
            (None, Direction::Ingress) => true,
            (None, Direction::Egress) => !self.rules(Direction::Egress).is_empty(),
        }
    }

    fn rules(&self, direction: Direction) -> Vec<Rule<'a>> {
        let rules = self.spec.and_then(|spec| spec.get(direction.field()));
        let rules = rules.map(Value::items).into_iter().flatten().enumerate();
        rules
            .map(|(at, value)| Rule {
                path: format!("spec.{}[{at}]", direction.field()),
                value,
            })
            .collect()
    }
}

impl<'a> Rule<'a> {
    fn peers(&self, direction: Direction) -> Vec<Peer<'a>> {
        let name = direction.peers_field();
        let peers = self.value.get(name).map(Value::items).into_iter().flatten();
        peers
            .enumerate()
            .map(|(at, value)| Peer {
                path: format!("{}.{name}[{at}]", self.path),
                value,
            })
            .collect()
    }

    fn ports(&self) -> impl Iterator<Item = &'a Value> {
        self.value.get("ports").map(Value::items).into_iter().flatten()
    }
}

impl Direction {
    fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    fn peers_field(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }
}

fn finding(severity: Severity, value: &Value, field: impl Into<String>, text: impl Into<String>) -> Finding {
    Finding {
        severity,
        line: Some(value.line),
        field: field.into(),
        text: text.into(),
    }
}
