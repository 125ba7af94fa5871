//! The checks after the types: literals that cannot work, and literals of mixed types.
//!
//! The API server makes them in the same order: durations, timestamps, patterns, lists and maps, formats. It then prepares the
//! expression (`prepare`), which fails for a few things that these checks do not see.

use super::ast::{Issue, Kind, Literal, Node};
use super::checker::Checker;
use super::format_call;
use super::text;
use super::types::Type;

pub(super) fn issues(root: &Node, checker: &Checker) -> Vec<Issue> {
    let mut issues = Vec::new();
    root.walk(&mut |node| literal_argument(node, "duration", &mut issues));
    root.walk(&mut |node| literal_argument(node, "timestamp", &mut issues));
    root.walk(&mut |node| literal_argument(node, "matches", &mut issues));
    mixed_lists(root, checker, &mut issues);
    mixed_maps(root, checker, &mut issues);
    root.walk(&mut |node| issues.extend(format_call::issue(node, checker)));
    issues
}

/// Names the literal argument of a call that would fail each time.
fn literal_argument(node: &Node, wanted: &str, issues: &mut Vec<Issue>) {
    let Kind::Call {
        function, arguments, ..
    } = &node.kind
    else {
        return;
    };
    let Some(argument) = arguments.first().filter(|_| function == wanted) else {
        return;
    };
    let Kind::Literal(literal) = &argument.kind else {
        return;
    };
    let is_valid = match (wanted, literal) {
        ("duration", Literal::String(value)) => text::is_duration(value),
        ("timestamp", Literal::String(value)) => text::is_timestamp(value),
        ("timestamp", Literal::Int(_)) => true,
        ("matches", Literal::String(value)) => text::pattern_fault(value).is_none(),
        _ => false,
    };
    if !is_valid {
        issues.push(Issue {
            at: argument.at,
            message: format!("invalid {wanted} argument"),
        });
    }
}

/// Calls `visit` for each node that is not within an argument of `format`, which takes lists of mixed types.
fn outside_format<'a>(node: &'a Node, visit: &mut impl FnMut(&'a Node)) {
    visit(node);
    if matches!(&node.kind, Kind::Call { function, .. } if function == "format") {
        return;
    }
    for child in node.children() {
        outside_format(child, visit);
    }
}

fn mixed_lists(root: &Node, checker: &Checker, issues: &mut Vec<Issue>) {
    outside_format(root, &mut |node| {
        let Kind::List { items, optional } = &node.kind else {
            return;
        };
        let types: Vec<Type> = items
            .iter()
            .enumerate()
            .map(|(at, item)| element(checker, item, optional.contains(&at)))
            .collect();
        let Some(first) = types.first() else { return };
        if let Some(at) = types.iter().position(|found| !is_equivalent(first, found)) {
            issues.push(mismatch(&items[at], first, &types[at]));
        }
    });
}

fn mixed_maps(root: &Node, checker: &Checker, issues: &mut Vec<Issue>) {
    outside_format(root, &mut |node| {
        let Kind::Map(entries) = &node.kind else { return };
        let mut first: Option<(Type, Type)> = None;
        for entry in entries {
            let key = checker.type_of(&entry.key);
            let value = element(checker, &entry.value, entry.is_optional);
            let Some((first_key, first_value)) = &first else {
                first = Some((key, value));
                continue;
            };
            if !is_equivalent(first_key, &key) {
                issues.push(mismatch(&entry.key, first_key, &key));
            }
            if !is_equivalent(first_value, &value) {
                issues.push(mismatch(&entry.value, first_value, &value));
            }
        }
    });
}

fn element(checker: &Checker, node: &Node, is_optional: bool) -> Type {
    let found = checker.type_of(node);
    if !is_optional {
        return found;
    }
    found.unwrap_optional().cloned().unwrap_or(found)
}

/// Whether two types are the same up to the meaning of type parameters.
fn is_equivalent(a: &Type, b: &Type) -> bool {
    let (inner_a, inner_b) = (a.parameters(), b.parameters());
    if inner_a.is_empty() && inner_b.is_empty() {
        return a == b;
    }
    std::mem::discriminant(a) == std::mem::discriminant(b)
        && inner_a.len() == inner_b.len()
        && inner_a.iter().zip(inner_b).all(|(a, b)| is_equivalent(a, b))
}

fn mismatch(node: &Node, expected: &Type, found: &Type) -> Issue {
    Issue {
        at: node.at,
        message: format!("expected type '{expected}' but found '{found}'"),
    }
}

/// Whether a literal has an optional element whose type is dynamic. cel-go 0.26 ends in a panic over it, and the API server with it.
pub(super) fn ends_in_panic(root: &Node, checker: &Checker) -> bool {
    let bare = |node: &Node| checker.type_of(node).parameters().is_empty();
    let mut found = false;
    outside_format(root, &mut |node| {
        found |= match &node.kind {
            Kind::List { items, optional } => optional.iter().filter_map(|at| items.get(*at)).any(bare),
            Kind::Map(entries) => entries
                .iter()
                .any(|entry| entry.is_optional && bare(&entry.value)),
            _ => false,
        };
    });
    found
}
