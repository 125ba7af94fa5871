//! Links lead to files and headings that exist.

use std::path::Path;

use crate::page::{Page, root};

/// Returns what is wrong with a link of `page`.
fn fault(page: &Page, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let dir = Path::new(&page.name).parent().unwrap();
    let target = match file {
        "" => page.name.clone(),
        file => dir.join(file).to_str().unwrap().to_owned(),
    };
    let name = &page.name;
    if !root().join(&target).exists() {
        return Some(format!("{name}: {link}: there is no such file"));
    }
    let has_anchor = anchor.is_empty() || Page::read(&target).anchors.iter().any(|known| known == anchor);
    (!has_anchor).then(|| format!("{name}: {link}: there is no such heading"))
}

#[test]
fn every_link_of_the_docs_leads_to_a_file_and_a_heading_that_exist() {
    let pages = Page::all();
    let faults = pages
        .iter()
        .flat_map(|page| page.links.iter().filter_map(|link| fault(page, link)));
    assert_eq!(faults.collect::<Vec<_>>(), Vec::<String>::new());
    assert!(pages.iter().map(|page| page.links.len()).sum::<usize>() > 20);
}

#[test]
fn a_link_to_a_missing_file_or_heading_is_found() {
    let page = Page::read("README.md");
    assert_eq!(fault(&page, "docs/security.md"), None);
    assert_eq!(fault(&page, "#install"), None);
    assert!(fault(&page, "docs/no-such-page.md").is_some());
    assert!(fault(&page, "docs/security.md#no-such-heading").is_some());
}

#[test]
fn every_page_is_in_the_index() {
    let index = Page::read("docs/README.md");
    for page in Page::all() {
        let name = page.name.trim_start_matches("docs/");
        let listed = name == "README.md" || index.links.iter().any(|link| link == name);
        assert!(listed, "docs/README.md does not list {name}");
    }
}

#[test]
fn the_contents_of_how_to_list_each_recipe_in_order() {
    let page = Page::read("docs/how-to.md");
    let headings = page.text.lines().filter_map(|line| line.strip_prefix("## "));
    let listed = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("- [")?.split(']').next());
    let headings: Vec<&str> = headings.collect();
    let listed: Vec<&str> = listed.take(headings.len()).collect();
    assert_eq!(listed, headings);
}
