//! Tests that `docs/errors.md` lists the catalogue, and renders that page.

use std::fmt::Write;

use super::entries;
use super::entry::Entry;
use super::explanation::joined;
use crate::environment;

const PAGE: &str = include_str!("../../docs/errors.md");
const NAME: &str = "docs/errors.md";

const BEGIN: &str = "\
# Errors of providers

A provider refuses a request with an OAuth error. It has a code, and in most cases a description (RFC 6749 4.1.2.1 and 5.2). kubesesame looks
both up in its catalogue and prints the fix as the hint. This page is the catalogue. The first entry that matches counts, in the order of the
page.

An entry that names a description matches if the description contains that text; case and quotes do not count. The texts are Okta's,
and other providers may use the same code with other words. In a fix, `GRANT_TYPE` stands for the name that the settings of the app use
for the grant of the request.

<!-- Made of src/catalogue. To write it anew: INSTA_UPDATE=always cargo test --locked --lib catalogue -->
";

/// Returns the whole page.
fn page() -> String {
    let mut page = BEGIN.to_owned();
    let (with_description, by_code): (Vec<_>, Vec<_>) =
        entries().partition(|entry| !entry.phrases.is_empty());
    for (heading, entries) in [
        ("Errors with a known description", with_description),
        ("All other errors, by their code", by_code),
    ] {
        write!(page, "\n## {heading}\n").unwrap();
        for entry in entries {
            write_entry(&mut page, entry);
        }
    }
    page
}

fn write_entry(page: &mut String, entry: &Entry) {
    write!(page, "\n### {}\n\n", entry.id).unwrap();
    let codes = match entry.error_codes {
        [] => "any other".to_owned(),
        codes => joined(codes, '`'),
    };
    writeln!(page, "- Error: {codes}").unwrap();
    if !entry.phrases.is_empty() {
        writeln!(page, "- Description: {}", joined(entry.phrases, '"')).unwrap();
    }
    if !entry.grants.is_empty() {
        let grants: Vec<_> = entry.grants.iter().map(|grant| grant.parameter()).collect();
        writeln!(page, "- Grant: {}", joined(&grants, '`')).unwrap();
    }
    writeln!(page, "- Cause: {}", entry.cause).unwrap();
    match entry.okta_fix {
        Some(okta_fix) => {
            writeln!(page, "- Fix at Okta: {okta_fix}").unwrap();
            writeln!(page, "- Fix elsewhere: {}", entry.generic_fix).unwrap();
        }
        None => writeln!(page, "- Fix: {}", entry.generic_fix).unwrap(),
    }
}

#[test]
fn the_page_lists_the_catalogue() {
    check(NAME, PAGE, &page());
}

/// Checks that a page of the documentation is what the catalogue makes it, or writes it anew where that is asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "the page is written anew where that is asked for, as insta does with snapshots"
)]
pub(super) fn check(name: &str, old: &str, new: &str) {
    if new == old {
        return;
    }
    if environment::first_nonempty_value(&["INSTA_UPDATE"]).as_deref() == Some("always") {
        std::fs::write(format!("{}/{name}", env!("CARGO_MANIFEST_DIR")), new).unwrap();
        return;
    }
    let (new, old): (Vec<_>, Vec<_>) = (new.lines().collect(), old.lines().collect());
    let first = (0..=old.len())
        .map(|at| (new.get(at), old.get(at)))
        .find(|(new, old)| new != old);
    panic!(
        "{name} is not what the catalogue makes it; to write it anew: INSTA_UPDATE=always cargo test --locked --lib catalogue\n\
         the first line that differs (new, old): {first:?}"
    );
}
