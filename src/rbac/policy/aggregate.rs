//! The rules of aggregated cluster roles, as the controller of Kubernetes computes them (`pkg/controller/clusterroleaggregation`).
//!
//! The evaluator of the API server reads `rules` alone. In manifests they are empty, since the controller writes them.

use std::collections::HashSet;

use super::model::{LabelExpression, LabelSelector, Names, PolicyBuilder, Role, Rule, Scope, Symbol};

/// Computes the rules of the aggregated cluster roles that come from manifests. Those that were read from a cluster have theirs, and
/// those whose selectors no role of the files has keep what they have: the files are a part of the policy then.
///
/// Roles may select aggregated roles, so it is repeated until nothing changes.
pub(crate) fn aggregate(builder: &mut PolicyBuilder) {
    let selects_any = |builder: &PolicyBuilder, role: &Role| {
        let selectors = role.aggregation.as_deref().unwrap_or_default();
        builder.roles().iter().any(|other| {
            other.scope == Scope::Cluster
                && other.name != role.name
                && selectors
                    .iter()
                    .any(|selector| selects(&builder.names, selector, &other.labels) == Some(true))
        })
    };
    let aggregated: Vec<usize> = builder
        .roles()
        .iter()
        .enumerate()
        .filter(|(_, role)| role.aggregation.is_some() && !role.is_live && selects_any(builder, role))
        .map(|(at, _)| at)
        .collect();
    // A chain is as long as there are roles in it; roles that select each other come to an end too.
    for _ in 0..=aggregated.len() {
        let mut is_changed = false;
        for at in &aggregated {
            let Some(rules) = computed_rules(builder.roles(), &builder.names, &builder.roles()[*at]) else {
                continue;
            };
            if builder.roles()[*at].rules != rules {
                builder.set_rules(*at, rules);
                is_changed = true;
            }
        }
        if !is_changed {
            return;
        }
    }
}

/// Returns the rules that the controller writes into a role. `None` if it leaves the role as it is: there is no `aggregationRule`, or a
/// selector is not valid.
pub(crate) fn computed_rules(roles: &[Role], names: &Names, role: &Role) -> Option<Vec<Rule>> {
    let mut computed = Vec::new();
    let mut seen = HashSet::new();
    for selector in role.aggregation.as_ref()? {
        let mut selected = Vec::new();
        for other in roles.iter().filter(|other| other.scope == Scope::Cluster) {
            if selects(names, selector, &other.labels)? && other.name != role.name {
                selected.push(other);
            }
        }
        selected.sort_by_key(|role| names.text(role.name));
        let found = selected.into_iter().flat_map(|role| &role.rules);
        computed.extend(found.filter(|rule| seen.insert(**rule)));
    }
    Some(computed)
}

/// Whether a selector selects an object with these labels. `None` if the selector is not valid.
fn selects(names: &Names, selector: &LabelSelector, labels: &[(Symbol, Symbol)]) -> Option<bool> {
    let value_of = |key: Symbol| {
        labels
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| *value)
    };
    let mut is_selected = true;
    for (key, value) in &selector.match_labels {
        if !is_label_key(names.text(*key)) || !is_label_value(names.text(*value)) {
            return None;
        }
        is_selected &= value_of(*key) == Some(*value);
    }
    for expression in &selector.expressions {
        is_selected &= expression_selects(names, expression, value_of(expression.key))?;
    }
    Some(is_selected)
}

fn expression_selects(names: &Names, expression: &LabelExpression, value: Option<Symbol>) -> Option<bool> {
    let LabelExpression {
        key,
        operator,
        values,
    } = expression;
    let is_valid =
        is_label_key(names.text(*key)) && values.iter().all(|value| is_label_value(names.text(*value)));
    let is_among = |value: Symbol| values.contains(&value);
    match names.text(*operator) {
        "In" if is_valid && !values.is_empty() => Some(value.is_some_and(is_among)),
        // An object without the label is selected too.
        "NotIn" if is_valid && !values.is_empty() => Some(!value.is_some_and(is_among)),
        "Exists" if is_valid && values.is_empty() => Some(value.is_some()),
        "DoesNotExist" if is_valid && values.is_empty() => Some(value.is_none()),
        _ => None,
    }
}

/// A name of at most 63 characters, after a DNS name and a slash or not.
fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_dns_label = |label: &str| {
        label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !name.is_empty()
        && is_label_value(name)
        && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label))
}

fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() <= 63
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && [bytes.first(), bytes.last()]
            .into_iter()
            .flatten()
            .all(u8::is_ascii_alphanumeric)
}
