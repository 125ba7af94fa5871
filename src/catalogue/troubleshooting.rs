//! Tests that `docs/troubleshooting.md` explains each of our own errors, and renders that page.

use std::fmt::Write;

use super::id::ALL;
use super::own::{self, OwnEntry};
use super::page::check;

const PAGE: &str = include_str!("../../docs/troubleshooting.md");
const NAME: &str = "docs/troubleshooting.md";

/// The part that people look into first. Its rows are about what is seen, not about one error.
const BEGIN: &str = include_str!("symptoms.md");

/// Returns the whole page.
fn page() -> String {
    let mut page = BEGIN.to_owned();
    for OwnEntry {
        id,
        summary,
        causes,
        fixes,
    } in own::entries()
    {
        write!(page, "\n### {id}\n\n{}.\n\n", capitalized(summary)).unwrap();
        for (heading, points) in [("Usual causes:", causes), ("What to do:", fixes)] {
            write!(page, "{heading}\n\n").unwrap();
            for point in *points {
                writeln!(page, "- {point}").unwrap();
            }
            if heading == "Usual causes:" {
                page.push('\n');
            }
        }
    }
    page
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    // The name of a program keeps its spelling.
    if text.starts_with("kubectl") {
        return text.to_owned();
    }
    first.into_iter().chain(rest).collect()
}

#[test]
fn the_page_explains_each_of_our_errors() {
    check(NAME, PAGE, &page());
}

#[test]
fn each_id_is_explained_once_and_is_no_provider_s() {
    let explained: Vec<&str> = own::entries().map(|entry| entry.id).collect();
    for id in ALL {
        let times = explained.iter().filter(|known| *known == id).count();
        assert_eq!(times, 1, "{id}");
        assert!(PAGE.contains(&format!("\n### {id}\n")), "{id} is not on the page");
        assert!(super::entries().all(|entry| entry.id != *id), "{id}");
    }
    assert_eq!(explained.len(), ALL.len());
}

#[test]
fn an_id_is_in_kebab_case() {
    for id in ALL {
        let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
        assert!(id.split('-').all(is_word), "{id}");
    }
}

#[test]
fn each_entry_has_a_short_summary_and_whole_sentences() {
    for entry in own::entries() {
        assert!(
            entry.summary.len() <= 48 && !entry.summary.ends_with('.'),
            "{}",
            entry.id
        );
        assert!(
            !entry.causes.is_empty() && !entry.fixes.is_empty(),
            "{}",
            entry.id
        );
        for cause in entry.causes {
            assert!(cause.ends_with('.'), "{cause}");
        }
    }
}
