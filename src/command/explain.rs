//! `explain`: what an error means, its usual causes, and what to do; the same of a check of `doctor`. It reads nothing, so it works offline.

use crate::catalogue::{self, Explanation};
use crate::cli::{ExplainArgs, Topic};
use crate::doctor;
use crate::error::Error;
use crate::ui::Ui;
use crate::untrusted_text::UntrustedText;
use crate::wrapped_text::{WIDTH, wrapped};

/// The last line of each list.
const MORE: &str = "More about one of them: kubesesame explain ID";

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Error> {
    let text = match &args.topic {
        None => list(),
        Some(Topic::One(explanations)) => explanations.iter().map(one).collect::<Vec<_>>().join("\n"),
        Some(Topic::Several { text, found }) => several(text, found),
    };
    Ui::information(&text).map_err(Error::Output)
}

fn one(explanation: &Explanation) -> String {
    let title = format!("{}: {}", explanation.id, explanation.summary);
    let mut lines = vec![wrapped(&title, 0, 2)];
    for (heading, points) in &explanation.sections {
        lines.push(format!("\n{heading}"));
        lines.extend(points.iter().map(|point| format!("  - {}", wrapped(point, 4, 4))));
    }
    lines.push(format!("\nIn the documentation: {}\n", explanation.page));
    lines.join("\n")
}

/// The explanations that are about a text, each in one line.
fn several(text: &str, found: &[Explanation]) -> String {
    let rows: Vec<_> = found
        .iter()
        .map(|explanation| (explanation.id, explanation.summary))
        .collect();
    let mut lines = vec![wrapped(
        &format!("Explanations that mention {}", UntrustedText::new(text)),
        0,
        2,
    )];
    lines.extend(table(&rows));
    lines.push(format!("\n{MORE}\n"));
    lines.join("\n")
}

/// All ids, each in one line.
fn list() -> String {
    let groups: [(&str, Vec<(&str, &str)>); 3] = [
        ("Errors of kubesesame", catalogue::own_errors().collect()),
        (
            "Errors that a provider reports",
            catalogue::provider_errors().collect(),
        ),
        ("Checks of kubesesame doctor", doctor::explanations().collect()),
    ];
    let mut lines = Vec::new();
    for (heading, errors) in groups {
        lines.push(heading.to_owned());
        lines.extend(table(&errors));
        lines.push(String::new());
    }
    lines.push(format!("{MORE}\n"));
    lines.join("\n")
}

/// Returns a line for each id with the beginning of its summary.
fn table(rows: &[(&str, &str)]) -> Vec<String> {
    let column = rows.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
    rows.iter()
        .map(|(id, summary)| {
            let summary = cut(summary, WIDTH - column - 4);
            format!("  {id:column$}  {summary}")
        })
        .collect()
}

/// Returns a text of at most `width` characters. One that is longer is cut after a word, and an ellipsis marks that.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for word in text.split(' ') {
        if kept.chars().count() + word.chars().count() + 2 > width {
            break;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    format!("{}…", kept.trim_end_matches([',', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_after_a_word() {
        for (text, width, expected) in [
            ("one two", 7, "one two"),
            ("one two three", 12, "one two…"),
            ("one, two", 7, "one…"),
            ("ääää öö", 6, "ääää…"),
        ] {
            assert_eq!(cut(text, width), expected);
        }
    }

    #[test]
    fn each_explanation_fits_80_columns_and_says_what_to_do() {
        let ids = catalogue::own_errors()
            .chain(catalogue::provider_errors())
            .chain(doctor::explanations());
        for (id, _) in ids {
            let text = one(&catalogue::explanation(id)
                .or_else(|| doctor::explanation(id))
                .unwrap());
            assert!(text.contains("\nWhat to do"), "{text}");
            assert!(text.starts_with(id) && !text.contains("GRANT_TYPE"), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        }
        assert!(list().lines().all(|line| line.chars().count() <= WIDTH));
    }
}
