//! Parses an expression by the crate `cel`, and brings what it finds into the API server's form.

use super::ast::{Builder, Issue, Node};

/// How deep an expression may nest in the API server.
const MAX_DEPTH: u16 = 250;

/// How many characters an expression may have in the API server.
const MAX_CHARACTERS: usize = 100_000;

/// Returns the tree and how many ids its nodes have.
pub(super) fn parse(expression: &str) -> Result<(Node, usize), Vec<Issue>> {
    let characters = expression.chars().count();
    if characters > MAX_CHARACTERS {
        let message =
            format!("expression code point size exceeds limit: size: {characters}, limit {MAX_CHARACTERS}");
        return Err(vec![Issue { at: 0, message }]);
    }
    // Without the standard environment the parser expands no macros.
    let parser = cel::Env::default()
        .parser()
        .max_recursion_depth(MAX_DEPTH)
        .enable_optional_syntax(true);
    match parser.parse_with_source_info(expression) {
        Ok((root, offsets)) => {
            let mut builder = Builder {
                offsets: &offsets,
                next_id: 0,
                issues: Vec::new(),
            };
            let root = builder.build(root);
            if builder.issues.is_empty() {
                Ok((root, builder.next_id))
            } else {
                Err(builder.issues)
            }
        }
        Err(errors) => Err(issues(expression, &errors)),
    }
}

fn issues(expression: &str, errors: &cel::ParseErrors) -> Vec<Issue> {
    let mut issues: Vec<Issue> = errors
        .errors
        .iter()
        .map(|error| issue(expression, error))
        .collect();
    // After a syntax error the parser also names the node that it could not make.
    if issues
        .iter()
        .any(|issue| issue.message.starts_with("Syntax error"))
    {
        issues.retain(|issue| !issue.message.starts_with("Incomplete"));
    }
    issues
}

fn issue(expression: &str, error: &cel::ParseError) -> Issue {
    let (line, column) = (
        usize::try_from(error.pos.0).unwrap_or(1),
        usize::try_from(error.pos.1).unwrap_or(1),
    );
    let before: usize = expression
        .split('\n')
        .take(line.saturating_sub(1))
        .map(|line| line.chars().count() + 1)
        .sum();
    let (mut at, mut message) = (before + column.saturating_sub(1), error.msg.clone());
    // The API server points at the name, the parser at the dot before it.
    if message == "unsupported syntax: '`'" {
        at += 1;
    }
    if let Some((found, expected)) = message.split_once(" expecting {")
        && let Some(shorter) = required(expected)
    {
        message = format!("{found} expecting {shorter}");
    }
    Issue { at, message }
}

/// The parser lists operators too where a token is missing after an operand. cel-go lists what has to come there.
fn required(expected: &str) -> Option<String> {
    const OPERATORS: [&str; 17] = [
        "'=='", "'!='", "'in'", "'<'", "'<='", "'>='", "'>'", "'&&'", "'||'", "'['", "'.'", "'-'", "'?'",
        "'+'", "'*'", "'/'", "'%'",
    ];
    let tokens: Vec<&str> = expected.trim_end_matches('}').split(", ").collect();
    let rest: Vec<&str> = tokens
        .iter()
        .copied()
        .filter(|token| !OPERATORS.contains(token))
        .collect();
    match rest.as_slice() {
        _ if !tokens.contains(&"'=='") => None,
        [] => None,
        [one] => Some((*one).to_owned()),
        more if more.contains(&"')'") => Some("')'".to_owned()),
        more => Some(format!("{{{}}}", more.join(", "))),
    }
}
