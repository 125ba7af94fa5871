//! The rules of upstream's validation that need no cluster, with its fields and texts, and fields that the API server does not know.

use std::net::IpAddr;

use super::super::report::{Finding, Severity};
use super::super::yaml::{Scalar, Value, ValueKind};
use super::{DIRECTIONS, Direction, Peer, Policy, finding, present, text};
use crate::cluster::check::go_text::quoted;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];
const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";

/// Returns what the API server refuses.
pub(super) fn errors(policy: &Policy<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    known(
        policy.root,
        "",
        &["apiVersion", "kind", "metadata", "spec", "status"],
        &mut found,
    );
    if text(policy.root, "apiVersion") != "networking.k8s.io/v1" {
        let text = "a NetworkPolicy is of networking.k8s.io/v1";
        found.push(error(
            policy.root.get("apiVersion").unwrap_or(policy.root),
            "apiVersion",
            text,
        ));
    }
    if policy.name.is_empty() {
        let text = "Required value: name or generateName is required";
        found.push(error(policy.root, "metadata.name", text));
    }
    let Some(spec) = policy.spec else { return found };
    known(
        spec,
        "spec.",
        &["podSelector", "ingress", "egress", "policyTypes"],
        &mut found,
    );
    if let Some(selector) = present(spec, "podSelector") {
        self::selector(selector, "spec.podSelector", &mut found);
    }
    for direction in DIRECTIONS {
        for rule in policy.rules(direction) {
            known(
                rule.value,
                &format!("{}.", rule.path),
                &["ports", direction.peers_field()],
                &mut found,
            );
            for (at, port) in rule.ports().enumerate() {
                self::port(port, &format!("{}.ports[{at}]", rule.path), &mut found);
            }
            for peer in rule.peers(direction) {
                self::peer(&peer, &mut found);
            }
        }
    }
    types(spec, &mut found);
    found
}

fn error(value: &Value, field: impl Into<String>, text: impl Into<String>) -> Finding {
    finding(Severity::Error, value, field, text)
}

/// Strict decoding, as kubectl asks for it.
fn known(value: &Value, path: &str, fields: &[&str], found: &mut Vec<Finding>) {
    for (name, value) in value.entries() {
        if !fields.contains(&name.as_str()) {
            found.push(error(
                value,
                format!("{path}{name}"),
                format!("unknown field {}", quoted(name)),
            ));
        }
    }
}

fn types(spec: &Value, found: &mut Vec<Finding>) {
    let Some(types) = present(spec, "policyTypes") else {
        return;
    };
    if types.items().len() > 2 {
        found.push(error(
            types,
            "spec.policyTypes",
            "Invalid value: may not specify more than two policyTypes",
        ));
        return;
    }
    for (at, item) in types.items().enumerate() {
        let name = item.as_text().unwrap_or_default();
        if ![Direction::Ingress, Direction::Egress]
            .map(Direction::policy_type)
            .contains(&name)
        {
            let text = format!(
                "Unsupported value: {}: supported values: \"Egress\", \"Ingress\"",
                quoted(name)
            );
            found.push(error(item, format!("spec.policyTypes[{at}]"), text));
        }
    }
}

fn peer(peer: &Peer<'_>, found: &mut Vec<Finding>) {
    let (value, path) = (peer.value, &peer.path);
    known(
        value,
        &format!("{path}."),
        &["podSelector", "namespaceSelector", "ipBlock"],
        found,
    );
    let mut selectors = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(one) = present(value, name) {
            selectors += 1;
            selector(one, &format!("{path}.{name}"), found);
        }
    }
    match present(value, "ipBlock") {
        None if selectors == 0 => found.push(error(value, path, "Required value: must specify a peer")),
        None => {}
        Some(block) => {
            self::block(block, &format!("{path}.ipBlock"), found);
            if selectors > 0 {
                found.push(error(
                    value,
                    path,
                    "Forbidden: may not specify both ipBlock and another peer",
                ));
            }
        }
    }
}

fn block(block: &Value, path: &str, found: &mut Vec<Finding>) {
    known(block, &format!("{path}."), &["cidr", "except"], found);
    let cidr = text(block, "cidr");
    if cidr.is_empty() {
        found.push(error(block, format!("{path}.cidr"), "Required value"));
        return;
    }
    let invalid = |value: &str| {
        format!(
            "Invalid value: {}: must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            quoted(value)
        )
    };
    let Some(whole) = network(cidr) else {
        found.push(error(
            block.get("cidr").unwrap_or(block),
            format!("{path}.cidr"),
            invalid(cidr),
        ));
        return;
    };
    let except = block.get("except").map(Value::items).into_iter().flatten();
    for (at, item) in except.enumerate() {
        let (name, field) = (item.as_text().unwrap_or_default(), format!("{path}.except[{at}]"));
        match network(name) {
            None => found.push(error(item, field, invalid(name))),
            Some(part) if !is_within(part, whole) => {
                let text = format!(
                    "Invalid value: {}: must be a strict subset of `cidr`",
                    quoted(name)
                );
                found.push(error(item, field, text));
            }
            Some(_) => {}
        }
    }
}

/// Returns the bits of an address and how many count.
fn network(cidr: &str) -> Option<(u128, u32, bool)> {
    let (address, length) = cidr.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (bits, is_v6) = match address.parse().ok()? {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, false),
        IpAddr::V6(address) => (address.to_bits(), true),
    };
    (length <= if is_v6 { 128 } else { 32 }).then_some((bits, length, is_v6))
}

fn is_within(
    (part, part_length, part_v6): (u128, u32, bool),
    (whole, length, v6): (u128, u32, bool),
) -> bool {
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    part_v6 == v6 && part_length > length && part & mask == whole & mask
}

fn number(value: &Value) -> Option<i64> {
    match &value.kind {
        ValueKind::Scalar(Scalar::Number(text)) => text.parse().ok(),
        ValueKind::Scalar(_) | ValueKind::List(_) | ValueKind::Map(_) => None,
    }
}

fn port(port: &Value, path: &str, found: &mut Vec<Finding>) {
    known(port, &format!("{path}."), &["protocol", "port", "endPort"], found);
    if let Some(protocol) = present(port, "protocol") {
        let name = protocol.as_text().unwrap_or_default();
        if !PROTOCOLS.contains(&name) {
            let text = format!(
                "Unsupported value: {}: supported values: \"SCTP\", \"TCP\", \"UDP\"",
                quoted(name)
            );
            found.push(error(protocol, format!("{path}.protocol"), text));
        }
    }
    let last = present(port, "endPort").and_then(|value| Some((value, number(value)?)));
    let mut end = |value: &Value, text: String| found.push(error(value, format!("{path}.endPort"), text));
    match (present(port, "port").map(|value| (value, number(value))), last) {
        (Some((first_value, Some(first))), last) => {
            if let Some((value, last)) = last {
                if last < first {
                    end(
                        value,
                        format!("Invalid value: {first}: must be greater than or equal to `port`"),
                    );
                }
                if !(1..=65535).contains(&last) {
                    end(value, format!("Invalid value: {last}: {PORT_RANGE}"));
                }
            }
            if !(1..=65535).contains(&first) {
                let text = format!("Invalid value: {first}: {PORT_RANGE}");
                found.push(error(first_value, format!("{path}.port"), text));
            }
        }
        (Some((_, None)), Some((value, last))) => {
            end(
                value,
                format!("Invalid value: {last}: may not be specified when `port` is non-numeric"),
            );
        }
        (None, Some((value, last))) => {
            end(
                value,
                format!("Invalid value: {last}: may not be specified when `port` is not specified"),
            );
        }
        (Some((value, None)), None) if value.as_text().is_some_and(|name| name.parse::<u32>().is_ok()) => {
            let text = "a number in quotes is the name of a port: leave the quotes out";
            found.push(error(value, format!("{path}.port"), text));
        }
        (Some((_, None)) | None, None) => {}
    }
}

fn selector(selector: &Value, path: &str, found: &mut Vec<Finding>) {
    known(
        selector,
        &format!("{path}."),
        &["matchLabels", "matchExpressions"],
        found,
    );
    for (name, value) in selector
        .get("matchLabels")
        .map(Value::entries)
        .into_iter()
        .flatten()
    {
        if value.as_text().is_none() {
            let text = "a label is a text: put its value in quotes";
            found.push(error(value, format!("{path}.matchLabels.{name}"), text));
        }
    }
    let expressions = selector
        .get("matchExpressions")
        .map(Value::items)
        .into_iter()
        .flatten();
    for (at, item) in expressions.enumerate() {
        let field = format!("{path}.matchExpressions[{at}]");
        let (operator, values) = (text(item, "operator"), present(item, "values"));
        let has_values = values.is_some_and(|values| values.items().len() > 0);
        let fault = match operator {
            _ if !OPERATORS.contains(&operator) => Some((
                "operator",
                format!(
                    "Invalid value: {}: not a valid selector operator",
                    quoted(operator)
                ),
            )),
            "In" | "NotIn" if !has_values => Some((
                "values",
                "Required value: must be specified when `operator` is 'In' or 'NotIn'".to_owned(),
            )),
            "Exists" | "DoesNotExist" if has_values => Some((
                "values",
                "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'".to_owned(),
            )),
            _ => None,
        };
        if let Some((name, text)) = fault {
            found.push(error(item, format!("{field}.{name}"), text));
        }
    }
}
