//! Draws the boxes and lines.

use std::fmt::Write as _;

use super::{Graph, Look, Node};
use crate::untrusted_text::UntrustedText;

/// All lengths are in pixels.
const BOX_WIDTH: usize = 330;
const BOX_HEIGHT: usize = 26;
const ROW_HEIGHT: usize = 36;
const COLUMN_WIDTH: usize = 450;
const MARGIN: usize = 20;
const HEAD_HEIGHT: usize = 30;
/// What fits into a box.
const MAX_LABEL_CHARS: usize = 44;

const STYLE: &str = "text{font:12px sans-serif;fill:#222}.head{font-weight:bold}rect{fill:#eef2f7;stroke:#8a97a8}\
                     .dangerous{fill:#fde8e8;stroke:#c0392b}.missing{fill:#fff;stroke-dasharray:4}path{fill:none;stroke:#9aa5b1}";

pub(super) fn svg(graph: &Graph) -> String {
    let columns = [
        ("Who", &graph.subjects),
        ("by which binding", &graph.bindings),
        ("which role", &graph.roles),
    ];
    let rows = columns
        .iter()
        .map(|(_, nodes)| nodes.len())
        .max()
        .unwrap_or_default();
    let (width, height) = (
        2 * MARGIN + 2 * COLUMN_WIDTH + BOX_WIDTH,
        2 * MARGIN + HEAD_HEIGHT + rows * ROW_HEIGHT,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Who has which role</title>\n<style>{STYLE}</style>\n<rect width=\"{width}\" height=\"{height}\" style=\"fill:#fff;stroke:none\"/>\n"
    );
    for (lines, column) in [(&graph.given, 0), (&graph.of_role, 1)] {
        for (from, to) in lines {
            push_line(&mut svg, column, *from, *to);
        }
    }
    for (column, (head, nodes)) in columns.iter().enumerate() {
        let x = left(column);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text class=\"head\" x=\"{x}\" y=\"{}\">{head}</text>",
            MARGIN + 14
        );
        for (row, node) in nodes.iter().enumerate() {
            push_box(&mut svg, x, row, node);
        }
    }
    svg + "</svg>\n"
}

fn left(column: usize) -> usize {
    MARGIN + column * COLUMN_WIDTH
}

fn top(row: usize) -> usize {
    MARGIN + HEAD_HEIGHT + row * ROW_HEIGHT
}

/// Adds a line from a box of a column to one of the next.
fn push_line(svg: &mut String, column: usize, from: usize, to: usize) {
    let middle = |row: usize| top(row) + BOX_HEIGHT / 2;
    let (x1, x2) = (left(column) + BOX_WIDTH, left(column + 1));
    let (y1, y2) = (middle(from), middle(to));
    let bend = usize::midpoint(x1, x2);
    let _ = writeln!(svg, "<path d=\"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}\"/>");
}

fn push_box(svg: &mut String, x: usize, row: usize, node: &Node) {
    let class = match node.look {
        Look::Plain => "",
        Look::Dangerous => " class=\"dangerous\"",
        Look::Missing => " class=\"missing\"",
    };
    let y = top(row);
    let _ = writeln!(
        svg,
        "<g><title>{}</title><rect{class} x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
        escaped(&node.title),
        x + 8,
        y + 17,
        escaped(&cut(&node.label))
    );
}

/// Returns what fits into a box.
fn cut(label: &str) -> String {
    if label.chars().count() <= MAX_LABEL_CHARS {
        return label.to_owned();
    }
    let start: String = label.chars().take(MAX_LABEL_CHARS - 1).collect();
    start + "…"
}

/// Returns a text as it stands between tags (XML 1.0, 2.4), without characters that XML or a terminal cannot have.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in UntrustedText::new(text).to_string().chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
