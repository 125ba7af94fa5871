//! Where a name comes from: a claim, or an expression. Expressions that say no more than a claim with a prefix are taken as that.

use crate::cluster::cel::{self, Comprehension, Kind, Literal, Node, Variable};
use crate::cluster::check::Mapping;

/// Where user names or groups come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// There are none.
    Absent,
    Claim {
        claim: String,
        prefix: String,
    },
    Expression {
        text: String,
        /// What each result begins with, if the expression shows it.
        prefix: Option<String>,
    },
}

impl Source {
    pub(super) fn of_username(mapping: &Mapping) -> Self {
        Self::of(mapping, prefixed_claim)
    }

    pub(super) fn of_groups(mapping: &Mapping) -> Self {
        Self::of(mapping, |root| Some((String::new(), optional_claim_of(root)?)))
    }

    /// `as_claim` returns the prefix and the claim of an expression that is as good as a mapping by a claim.
    fn of(mapping: &Mapping, as_claim: fn(&Node) -> Option<(String, String)>) -> Self {
        if !mapping.claim.is_empty() {
            return Self::Claim {
                claim: mapping.claim.clone(),
                prefix: mapping.prefix.clone().unwrap_or_default(),
            };
        }
        if mapping.expression.is_empty() {
            return Self::Absent;
        }
        let compiled = cel::compile(&mapping.expression, Variable::Claims).ok();
        let root = compiled.as_ref().map(|compiled| &compiled.root);
        if let Some((prefix, claim)) = root.and_then(as_claim) {
            return Self::Claim { claim, prefix };
        }
        Self::Expression {
            text: mapping.expression.clone(),
            prefix: root.and_then(prefix_of).filter(|prefix| !prefix.is_empty()),
        }
    }

    /// Returns what each name begins with, if that is known.
    pub(super) fn prefix(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Claim { prefix, .. } => Some(prefix),
            Self::Expression { prefix, .. } => prefix.as_deref(),
        }
    }

    pub(super) fn claim(&self) -> Option<&str> {
        match self {
            Self::Claim { claim, .. } => Some(claim),
            Self::Absent | Self::Expression { .. } => None,
        }
    }

    /// Whether this can be one of the names. Those of Kubernetes itself are taken for none of a provider.
    pub(super) fn can_make(&self, name: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Claim { prefix, .. }
            | Self::Expression {
                prefix: Some(prefix), ..
            } if !prefix.is_empty() => name.starts_with(prefix),
            Self::Claim { .. } | Self::Expression { .. } => !name.starts_with("system:"),
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Absent => "none".to_owned(),
            Self::Claim { claim, prefix } if prefix.is_empty() => format!("claim `{claim}` without a prefix"),
            Self::Claim { claim, prefix } => format!("claim `{claim}` with the prefix `{prefix}`"),
            Self::Expression { text, .. } => format!("expression `{text}`"),
        }
    }
}

/// Returns the prefix and the claim of `'PREFIX' + claims.CLAIM`.
fn prefixed_claim(node: &Node) -> Option<(String, String)> {
    if let Some(claim) = claim_of(node) {
        return Some((String::new(), claim));
    }
    let (left, right) = sum(node)?;
    // A claim that is added to a text is a text too.
    Some((literal(left)?, claim_of(right)?))
}

/// Returns the claim of `claims.CLAIM` or `claims['CLAIM']`.
pub(super) fn claim_of(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Select {
            operand,
            field,
            is_test: false,
        } if operand.as_ident() == Some("claims") => Some(field.clone()),
        Kind::Call {
            function,
            target: None,
            arguments,
        } if function == "_[_]" => match arguments.as_slice() {
            [operand, key] if operand.as_ident() == Some("claims") => literal(key),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the claim of `has(claims.CLAIM) ? claims.CLAIM : []`, which means no groups without the claim, as a mapping by claim does.
fn optional_claim_of(node: &Node) -> Option<String> {
    let Kind::Call {
        function,
        target: None,
        arguments,
    } = &node.kind
    else {
        return None;
    };
    let [condition, then, otherwise] = arguments.as_slice() else {
        return None;
    };
    let Kind::Select {
        operand,
        field,
        is_test: true,
    } = &condition.kind
    else {
        return None;
    };
    let is_empty = matches!(&otherwise.kind, Kind::List { items, .. } if items.is_empty());
    let claim = claim_of(then)?;
    (function == "_?_:_" && operand.as_ident() == Some("claims") && *field == claim && is_empty)
        .then_some(claim)
}

fn sum(node: &Node) -> Option<(&Node, &Node)> {
    match &node.kind {
        Kind::Call {
            function,
            target: None,
            arguments,
        } if function == "_+_" => match arguments.as_slice() {
            [left, right] => Some((left, right)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn literal(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Literal(Literal::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Returns what each result of an expression begins with: a text, or each text of a list.
fn prefix_of(node: &Node) -> Option<String> {
    if let Some((left, _)) = sum(node) {
        return literal(left).or_else(|| prefix_of(left));
    }
    match &node.kind {
        Kind::Call {
            function,
            target: None,
            arguments,
        } if function == "_?_:_" => match arguments.as_slice() {
            [_, then, otherwise] => common([then, otherwise].into_iter()),
            _ => None,
        },
        Kind::List { items, .. } => common(items.iter()),
        Kind::Comprehension(comprehension) => prefix_of_map(comprehension),
        _ => None,
    }
}

/// Returns the common prefix of results; a list without items has none to differ.
fn common<'a>(nodes: impl Iterator<Item = &'a Node>) -> Option<String> {
    let is_empty = |node: &&Node| matches!(&node.kind, Kind::List { items, .. } if items.is_empty());
    let mut prefixes = nodes.filter(|node| !is_empty(node)).map(prefix_of);
    let first = prefixes.next()??;
    prefixes
        .all(|prefix| prefix.as_ref() == Some(&first))
        .then_some(first)
}

/// Returns the prefix of the macro `map`: its loop adds a list of one item to an accumulator.
fn prefix_of_map(comprehension: &Comprehension) -> Option<String> {
    let step = match &comprehension.step.kind {
        Kind::Call {
            function, arguments, ..
        } if function == "_?_:_" => arguments.get(1)?,
        _ => &comprehension.step,
    };
    let (accumulator, added) = sum(step)?;
    (accumulator.as_ident() == Some(comprehension.accumulator.as_str())).then(|| prefix_of(added))?
}
