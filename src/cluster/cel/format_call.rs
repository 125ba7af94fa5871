//! Checks a call such as `'%s: %d'.format([name, count])`, whose clauses and values are literals.

use super::ast::{Issue, Kind, Literal, Node};
use super::checker::Checker;
use super::types::Type;

/// Returns the first fault of a call of `format`.
pub(super) fn issue(node: &Node, checker: &Checker) -> Option<Issue> {
    let Kind::Call {
        function,
        target: Some(target),
        arguments,
    } = &node.kind
    else {
        return None;
    };
    let (Kind::Literal(Literal::String(format)), [list]) = (&target.kind, arguments.as_slice()) else {
        return None;
    };
    let Kind::List { items, .. } = &list.kind else {
        return None;
    };
    if function != "format" {
        return None;
    }
    let clauses = match clauses(format) {
        Ok(clauses) => clauses,
        Err(reason) => {
            let message = format!("could not parse formatting clause: {reason}");
            return Some(Issue { at: node.at, message });
        }
    };
    for (at, clause) in clauses.iter().enumerate() {
        let Some(item) = items.get(at) else {
            return Some(Issue {
                at: node.at,
                message: format!("index {at} out of range"),
            });
        };
        if let Some(reason) = misfit(*clause, &checker.type_of(item)) {
            return Some(Issue {
                at: item.at,
                message: format!("error during formatting: {reason}"),
            });
        }
    }
    let (wanted, found) = (clauses.len(), items.len());
    let message = format!("too many arguments supplied to string.format (expected {wanted}, got {found})");
    (found > wanted).then_some(Issue { at: node.at, message })
}

/// Returns the letter of each clause.
fn clauses(format: &str) -> Result<Vec<char>, String> {
    let (mut found, mut letters) = (Vec::new(), format.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter != '%' {
            continue;
        }
        let mut clause = letters.next().ok_or("unexpected end of string")?;
        if clause == '%' {
            continue;
        }
        if clause == '.' {
            while letters.peek().is_some_and(char::is_ascii_digit) {
                letters.next();
            }
            clause = letters
                .next()
                .ok_or("could not find end of precision specifier")?;
        }
        if !matches!(clause, 's' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o') {
            return Err(format!("unrecognized formatting clause \"{clause}\""));
        }
        found.push(clause);
    }
    Ok(found)
}

fn misfit(clause: char, found: &Type) -> Option<String> {
    if found.is_dyn_or_error() || matches!(found, Type::Parameter(_)) {
        return None;
    }
    let is_integer = matches!(found, Type::Int | Type::Uint);
    let (name, fits, wanted) = match clause {
        'd' => ("decimal", is_integer, "integers"),
        'f' => ("fixed-point", is_integer || *found == Type::Double, "doubles"),
        'e' => ("scientific", is_integer || *found == Type::Double, "doubles"),
        'b' => ("binary", is_integer || *found == Type::Bool, "integers and bools"),
        'x' | 'X' => {
            let fits = is_integer || matches!(found, Type::String | Type::Bytes);
            ("hex", fits, "integers, byte buffers, and strings")
        }
        'o' => ("octal", is_integer, "integers"),
        _ => return None,
    };
    (!fits).then(|| format!("{name} clause can only be used on {wanted}, was given {found}"))
}
