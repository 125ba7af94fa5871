//! Commands, kubeconfig entries and variables of the docs are ones that the program understands.

use std::process::Command;

use crate::command_line::Shown;
use crate::page::Page;

/// Pages whose variables are all meant; others show misspelt ones on purpose.
const EXACT_PAGES: [&str; 3] = ["README.md", "docs/get-started.md", "docs/how-to.md"];

/// Returns what the program says against a command line that asks for help at its end: clap reads what is before that first.
fn objection(args: &[String]) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame"));
    let output = command.env_clear().args(args).arg("--help").output().unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_command_and_kubeconfig_entry_of_the_docs_is_understood() {
    let pages = Page::all();
    let shown: Vec<Shown> = pages
        .iter()
        .flat_map(|page| Shown::on(page).into_iter().chain(Shown::entries_on(page)))
        .collect();
    assert!(shown.len() > 15, "only {} commands were found", shown.len());
    for Shown { page, args, .. } in &shown {
        if let Some(objection) = objection(args) {
            panic!("{page}: {args:?}: {objection}");
        }
    }
}

#[test]
fn a_flag_that_does_not_exist_is_found() {
    assert!(objection(&["get-token".into(), "--oidc-isuer-url=x".into()]).is_some());
}

#[test]
fn every_variable_of_the_docs_belongs_to_a_flag() {
    for page in EXACT_PAGES.map(Page::read) {
        for (at, prefix) in page.text.match_indices("KUBESESAME_") {
            let rest = &page.text[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_');
            let name = rest[..end.unwrap_or(rest.len())].to_lowercase().replace('_', "-");
            let fault = objection(&["get-token".into(), format!("--{name}=1")]);
            assert_eq!(fault, None, "{}: KUBESESAME_{}", page.name, &rest[..name.len()]);
        }
    }
}
