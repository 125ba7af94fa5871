//! What the API server accepts, and what does not do what was meant.

use std::collections::BTreeSet;

use super::super::report::{Finding, Severity};
use super::super::yaml::{Scalar, Value, ValueKind};
use super::{DIRECTIONS, Direction, Peer, Policy, Rule, finding, present, text};

/// The label that each namespace has.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The names that manifests of kube-apiserver and people give its pods.
const API_SERVER_NAMES: [&str; 2] = ["kube-apiserver", "apiserver"];

const DNS_PORTS: [&str; 2] = ["53", "dns"];

/// Looks at one of the policies of a file. `labels` are those of the file's namespaces.
pub(super) fn warnings(
    policy: &Policy<'_>,
    resolving: &Resolving<'_>,
    labels: &BTreeSet<String>,
) -> Vec<Finding> {
    let mut found = types(policy);
    for direction in DIRECTIONS {
        for rule in policy.rules(direction) {
            found.extend(open(&rule, direction));
            let peers = rule.peers(direction);
            found.extend(either(&rule, &peers, direction));
            for peer in &peers {
                found.extend(label_of_nobody(peer, labels));
                found.extend(api_server(peer, direction));
            }
        }
    }
    found.extend(name_resolution(policy, resolving));
    found
}

fn warning(value: &Value, field: impl Into<String>, text: impl Into<String>) -> Finding {
    finding(Severity::Warning, value, field, text)
}

/// Rules and `policyTypes` that do not fit.
fn types(policy: &Policy<'_>) -> Vec<Finding> {
    let Some(spec) = policy.spec else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for direction in DIRECTIONS {
        let (field, name) = (direction.field(), direction.policy_type());
        let rules = spec.get(field).filter(|rules| rules.items().len() > 0);
        if let Some(rules) = rules
            && !policy.closes(direction)
        {
            let text = format!(
                "`policyTypes` has no {name}, so these rules do nothing and all {field} is open: add it"
            );
            found.push(warning(rules, format!("spec.{field}"), text));
        }
    }
    let has_ingress = present(spec, "ingress").is_some();
    if policy.types().is_none()
        && !has_ingress
        && let Some(rules) = present(spec, "egress")
    {
        let text = "there is no `policyTypes`, so the policy closes all ingress too: policyTypes: [Egress] leaves it alone";
        found.push(warning(rules, "spec.egress", text));
    }
    found
}

/// A list of peers that is empty means all.
fn open(rule: &Rule<'_>, direction: Direction) -> Option<Finding> {
    let name = direction.peers_field();
    let peers = rule.value.get(name)?;
    let is_empty = peers.is_null() || matches!(&peers.kind, ValueKind::List(items) if items.is_empty());
    let text = format!(
        "an empty `{name}` means everybody: to allow nobody, leave the rule out ({}: [])",
        direction.field()
    );
    is_empty.then(|| warning(peers, format!("{}.{name}", rule.path), text))
}

/// Two items where pods of other namespaces were meant.
fn either(rule: &Rule<'_>, peers: &[Peer<'_>], direction: Direction) -> Option<Finding> {
    let has = |peer: &Peer<'_>, name: &str| present(peer.value, name).is_some();
    let pods = peers
        .iter()
        .find(|peer| has(peer, "podSelector") && !has(peer, "namespaceSelector"))?;
    let namespaces = peers
        .iter()
        .find(|peer| has(peer, "namespaceSelector") && !has(peer, "podSelector"))?;
    let second = if pods.value.line > namespaces.value.line {
        pods
    } else {
        namespaces
    };
    let text = "two items mean either: these pods of the policy's own namespace, and all pods of those namespaces; if only these pods of those namespaces are meant, put both selectors into one item";
    Some(warning(
        second.value,
        format!("{}.{}", rule.path, direction.peers_field()),
        text,
    ))
}

/// A label `name`, which a namespace has only if somebody sets it.
fn label_of_nobody(peer: &Peer<'_>, labels: &BTreeSet<String>) -> Option<Finding> {
    let selector = peer.value.get("namespaceSelector")?;
    let value = selector.get("matchLabels")?.get("name")?;
    let name = value.as_text()?;
    let text = format!(
        "a namespace has no label `name` unless somebody sets it, so this matches none: each has `{NAME_LABEL}: {name}`"
    );
    let field = format!("{}.namespaceSelector.matchLabels.name", peer.path);
    (!labels.contains(&format!("name={name}"))).then(|| warning(value, field, text))
}

/// The API server, named by labels of its pod, which is on the network of its node.
fn api_server(peer: &Peer<'_>, direction: Direction) -> Option<Finding> {
    let labels = peer.value.get("podSelector")?.get("matchLabels")?;
    let (name, value) = labels.entries().find(|(_, value)| {
        value
            .as_text()
            .is_some_and(|text| API_SERVER_NAMES.contains(&text))
    })?;
    let text = "the pod of kube-apiserver is on the network of its node, where labels match nothing: name its addresses with `ipBlock`";
    let field = format!("{}.podSelector.matchLabels.{name}", peer.path);
    (direction == Direction::Egress).then(|| warning(value, field, text))
}

/// Egress rules without one for name resolution, in this policy or another one of the file for the same pods.
fn name_resolution(policy: &Policy<'_>, resolving: &Resolving<'_>) -> Option<Finding> {
    let rules = policy.rules(Direction::Egress);
    let first = rules.first()?;
    let is_open = rules.iter().any(allows_dns) || {
        let pods = pods(policy);
        let mut same = [Some(String::new()), pods].into_iter().flatten();
        same.any(|pods| resolving.contains(&(policy.namespace, pods)))
    };
    // Addresses alone need no names.
    let needs_names = rules.iter().any(|rule| {
        let peers = rule.peers(Direction::Egress);
        peers.iter().any(|peer| present(peer.value, "ipBlock").is_none())
    });
    if is_open || !needs_names || !policy.closes(Direction::Egress) {
        return None;
    }
    let text =
        "no rule allows name resolution: add a rule for port 53, UDP and TCP, to the namespace kube-system";
    Some(warning(first.value, "spec.egress", text))
}

/// The namespaces and pods for which a policy allows name resolution.
pub(super) type Resolving<'a> = BTreeSet<(&'a str, String)>;

/// Returns those of a file.
pub(super) fn resolving<'a>(policies: &[Policy<'a>]) -> Resolving<'a> {
    policies
        .iter()
        .filter(|policy| policy.closes(Direction::Egress))
        .filter(|policy| policy.rules(Direction::Egress).iter().any(allows_dns))
        .filter_map(|policy| Some((policy.namespace, pods(policy)?)))
        .collect()
}

/// Returns the labels of the pods that a policy is for, none for all; `None` if it names them otherwise.
fn pods(policy: &Policy<'_>) -> Option<String> {
    let selector = policy.spec.and_then(|spec| present(spec, "podSelector"));
    let Some(selector) = selector else {
        return Some(String::new());
    };
    if present(selector, "matchExpressions").is_some() {
        return None;
    }
    let labels = selector
        .get("matchLabels")
        .map(Value::entries)
        .into_iter()
        .flatten();
    let pairs: Vec<String> = labels
        .map(|(name, value)| format!("{name}={},", value.as_text().unwrap_or_default()))
        .collect();
    Some(pairs.concat())
}

/// Whether port 53 is open by UDP to somewhere.
fn allows_dns(rule: &Rule<'_>) -> bool {
    let mut ports = rule.ports().peekable();
    if ports.peek().is_none() {
        // All ports: right if pods of the cluster's own namespace can be meant.
        let peers = rule.peers(Direction::Egress);
        return peers.is_empty() || peers.iter().any(|peer| can_be_dns(peer));
    }
    ports.any(|port| text(port, "protocol") == "UDP" && is_dns_port(port))
}

fn is_dns_port(port: &Value) -> bool {
    match port.get("port").map(|port| &port.kind) {
        None => true,
        Some(ValueKind::Scalar(Scalar::Number(text) | Scalar::Text(text))) => {
            let last = match port.get("endPort").map(|last| &last.kind) {
                Some(ValueKind::Scalar(Scalar::Number(last))) => last.parse().unwrap_or(0),
                _ => 0,
            };
            let is_range = text.parse::<u32>().is_ok_and(|first| first <= 53 && last >= 53);
            DNS_PORTS.contains(&text.as_str()) || is_range
        }
        Some(
            ValueKind::Scalar(Scalar::Null | Scalar::Bool(_) | Scalar::NotFinite(_))
            | ValueKind::List(_)
            | ValueKind::Map(_),
        ) => false,
    }
}

fn can_be_dns(peer: &Peer<'_>) -> bool {
    if let Some(block) = present(peer.value, "ipBlock") {
        return text(block, "cidr") == "0.0.0.0/0";
    }
    let Some(namespaces) = present(peer.value, "namespaceSelector") else {
        return false;
    };
    namespaces.entries().len() == 0
        || namespaces
            .get("matchLabels")
            .is_some_and(|labels| text(labels, NAME_LABEL) == "kube-system")
}
