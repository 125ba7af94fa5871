//! Rights as a table for a terminal of 80 columns: a line for each resource, a column for each common verb.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rbac_text::{self, push_line};
use crate::rbac::rights::{Row, Table, VERBS};

/// The widest name that has its marks in the same line. With the columns of the verbs a line is 80 wide.
const MAX_NAME_WIDTH: usize = 35;

pub(super) fn push(text: &mut String, table: &Table) {
    if table.rows.is_empty() && table.paths.is_empty() {
        text.push_str("  nothing\n");
    }
    let names: Vec<String> = table.rows.iter().map(name).collect();
    let widths = names.iter().map(|name| name.chars().count());
    let width = widths.filter(|width| *width <= MAX_NAME_WIDTH).max().unwrap_or(0);
    let width = width.max("resource".len());
    if !table.rows.is_empty() {
        let _ = writeln!(text, "  {:width$}  {}", "resource", VERBS.join(" "));
    }
    for (row, name) in table.rows.iter().zip(&names) {
        push_row(text, row, name, width);
    }
    push_paths(text, table);
    if !table.without_effect.is_empty() {
        let names: Vec<String> = table.without_effect.iter().cloned().collect();
        let line = format!(
            "without effect, since a RoleBinding cannot grant it: {}",
            rbac_text::list(&names)
        );
        push_line(text, &line, 2, 4);
    }
}

fn push_row(text: &mut String, row: &Row, name: &str, width: usize) {
    let marks: Vec<String> = VERBS
        .iter()
        .map(|verb| {
            let mark = if row.verbs.contains("*") || row.verbs.contains(*verb) {
                "x"
            } else {
                "-"
            };
            format!("{mark:<width$}", width = verb.len())
        })
        .collect();
    let marks = marks.join(" ");
    let marks = marks.trim_end();
    // Writing to a string cannot fail.
    if name.chars().count() > width {
        let _ = writeln!(text, "  {name}\n  {:width$}  {marks}", "");
    } else {
        let _ = writeln!(text, "  {name:width$}  {marks}");
    }
    let others: Vec<String> = row
        .verbs
        .iter()
        .filter(|verb| !VERBS.contains(&verb.as_str()))
        .map(|verb| match verb.as_str() {
            "*" => "every other verb".to_owned(),
            verb => verb.to_owned(),
        })
        .collect();
    if !others.is_empty() {
        push_line(text, &format!("and {}", rbac_text::list(&others)), 4, 6);
    }
}

/// Returns `deployments.apps named web`.
fn name(row: &Row) -> String {
    let mut name = rbac_text::resource(&row.resource, &row.group);
    if !row.names.is_empty() {
        name += " named ";
        name += &rbac_text::list(&row.names);
    }
    if row.is_own_namespace {
        name += " (this one)";
    }
    name
}

/// Adds `get: /healthz, /api*`.
fn push_paths(text: &mut String, table: &Table) {
    let mut by_verbs: Vec<(String, Vec<String>)> = Vec::new();
    for (path, verbs) in &table.paths {
        let verbs: Vec<String> = verbs.iter().cloned().collect();
        let verbs = rbac_text::list(&verbs);
        match by_verbs.iter_mut().find(|(known, _)| *known == verbs) {
            Some((_, paths)) => paths.push(path.clone()),
            None => by_verbs.push((verbs, vec![path.clone()])),
        }
    }
    for (verbs, paths) in by_verbs {
        push_line(text, &format!("{verbs}: {}", rbac_text::list(&paths)), 2, 4);
    }
}

pub(super) fn row_value(row: &Row) -> Value {
    let mut value = json!({"group": row.group, "resource": row.resource, "verbs": row.verbs});
    if !row.names.is_empty() {
        value["names"] = json!(row.names);
    }
    if row.is_own_namespace {
        value["ownNamespace"] = json!(true);
    }
    value
}
