//! What is known of an error, by its id: our own errors and those of providers.

use super::entry::Entry;
use super::fixes::GRANT_PLACEHOLDER;
use super::own::{self, OwnEntry};
use super::pasted::{PLUGIN_FAILED, PLUGIN_FAILED_PAGE};
use super::{GrantType, entries};

/// The page about our own errors, and that about the errors of providers.
const OWN_PAGE: &str = "docs/troubleshooting.md";
const PROVIDERS_PAGE: &str = "docs/errors.md";

/// The explanation of one kind of error.
#[derive(Debug, Clone)]
pub(crate) struct Explanation {
    pub(crate) id: &'static str,
    /// What is wrong.
    pub(crate) summary: &'static str,
    /// Headings, each with points below it.
    pub(crate) sections: Vec<(&'static str, Vec<String>)>,
    /// The page and the heading that say the same.
    pub(crate) page: String,
}

/// Returns what is known of the error with this id.
pub(crate) fn explanation(id: &str) -> Option<Explanation> {
    if id == PLUGIN_FAILED.id {
        let page = PLUGIN_FAILED_PAGE.to_owned();
        return Some(Explanation {
            page,
            ..of_own(&PLUGIN_FAILED)
        });
    }
    let own = own::entries().find(|entry| entry.id == id);
    own.map(of_own)
        .or_else(|| entries().find(|entry| entry.id == id).map(of_provider))
}

/// All explanations: of our own errors, then of those of providers.
pub(super) fn every_explanation() -> impl Iterator<Item = Explanation> {
    own::entries().map(of_own).chain(entries().map(of_provider))
}

impl Explanation {
    /// Returns what the explanation is about: all but its fixes.
    pub(super) fn about(&self) -> String {
        let mut about = format!("{} {}", self.id, self.summary);
        for point in self.sections.iter().take(1).flat_map(|(_, points)| points) {
            about.extend(["\n", point]);
        }
        about
    }
}

/// The ids and summaries of our own errors.
pub(crate) fn own_errors() -> impl Iterator<Item = (&'static str, &'static str)> {
    own::entries().map(|entry| (entry.id, entry.summary))
}

/// The ids and summaries of the errors that providers report.
pub(crate) fn provider_errors() -> impl Iterator<Item = (&'static str, &'static str)> {
    entries().map(|entry| (entry.id, entry.cause))
}

fn of_own(entry: &'static OwnEntry) -> Explanation {
    let points = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Explanation {
        id: entry.id,
        summary: entry.summary,
        sections: vec![
            ("Usual causes", points(entry.causes)),
            ("What to do", points(entry.fixes)),
        ],
        page: format!("{OWN_PAGE}#{}", entry.id),
    }
}

fn of_provider(entry: &'static Entry) -> Explanation {
    // The name of the grant is that of the request, which is not known here.
    let fix = |text: &str| vec![text.replace(GRANT_PLACEHOLDER, "of the request")];
    let mut sections = vec![("What the provider sends", response(entry))];
    match entry.okta_fix {
        Some(okta_fix) => sections.extend([
            ("What to do at Okta", fix(okta_fix)),
            ("What to do elsewhere", fix(entry.generic_fix)),
        ]),
        None => sections.push(("What to do", fix(entry.generic_fix))),
    }
    Explanation {
        id: entry.id,
        summary: entry.cause,
        sections,
        page: format!("{PROVIDERS_PAGE}#{}", entry.id),
    }
}

/// Returns by what the entry is recognized.
fn response(entry: &Entry) -> Vec<String> {
    let codes = match entry.error_codes {
        [] => "any error that is not listed".to_owned(),
        codes => format!("the error {}", joined(codes, '`')),
    };
    let mut points = vec![codes];
    if !entry.phrases.is_empty() {
        points.push(format!("with the description {}", joined(entry.phrases, '"')));
    }
    if !entry.grants.is_empty() {
        let grants: Vec<_> = entry.grants.iter().copied().map(GrantType::parameter).collect();
        points.push(format!("as the answer to the grant {}", joined(&grants, '`')));
    }
    points
}

/// Joins the alternatives of an entry.
pub(super) fn joined(texts: &[&str], quote: char) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| format!("{quote}{text}{quote}")).collect();
    quoted.join(" or ")
}
