//! Shows the faults of an expression as the API server does, with the line and a mark below the place.

use std::fmt::Write as _;

use super::ast::Issue;

/// The API server shows no line that is longer.
const MAX_LINE_BYTES: usize = 16384;

/// How many faults the API server shows.
const MAX_ISSUES: usize = 100;

pub(super) fn display(expression: &str, mut issues: Vec<Issue>) -> String {
    issues.sort_by_key(|issue| issue.at);
    let mut shown: Vec<String> = issues
        .iter()
        .take(MAX_ISSUES)
        .map(|issue| one(expression, issue))
        .collect();
    if issues.len() > MAX_ISSUES {
        shown.push(format!(
            "{} more errors were truncated",
            issues.len() - MAX_ISSUES
        ));
    }
    shown.join("\n")
}

fn one(expression: &str, issue: &Issue) -> String {
    let (mut line, mut column) = (1, 0);
    for letter in expression.chars().take(issue.at) {
        if letter == '\n' {
            (line, column) = (line + 1, 0);
        } else {
            column += 1;
        }
    }
    let mut text = format!("ERROR: <input>:{line}:{}: {}", column + 1, issue.message);
    let snippet = expression.split('\n').nth(line - 1).unwrap_or_default();
    if snippet.len() <= MAX_LINE_BYTES {
        let snippet = snippet.replace('\t', " ");
        let _ = write!(text, "\n | {snippet}\n | ");
        let mut letters = snippet.chars();
        text.extend(
            letters
                .by_ref()
                .take(column)
                .map(|letter| if letter.is_ascii() { '.' } else { '．' }),
        );
        text.push(
            letters
                .next()
                .map_or('^', |letter| if letter.is_ascii() { '^' } else { '＾' }),
        );
    }
    text
}
