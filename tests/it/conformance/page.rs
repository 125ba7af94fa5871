//! Tests that `docs/conformance.md` says what the cases came to, and renders that page.

use std::fmt::Write;

use super::case::{Judged, Played, Verdict};
use super::{
    authorization_response, basic, claims, client_authentication, config, discovery, every_module, fapi,
    further, jose, keys, refresh, token_endpoint,
};

const PAGE: &str = include_str!("../../../docs/conformance.md");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/conformance.md");

const BEGIN: &str = "\
# Conformance

The relying-party cases of the [OpenID Foundation's conformance suite](https://openid.net/certification/) for the code flow, the refresh,
discovery, keys and client authentication, the negative cases of its client tests for FAPI 2.0, and cases that the suite lacks (`ours`).

**This is a re-creation and no certification.** The cases have the suite's names and demands, and are played by the mock Okta of this
repository against the real program; the suite itself did not run. It waits for a request to userinfo to see that a client accepted a token,
and kubesesame makes none; here a token is accepted if the caller gets it, and refused if there is an error, an empty standard output and
no session. The rules of the first table are checked in all other cases, too.

The page is made by the tests: each result below is what the program did when the page was written, in its own words, and the tests
fail as soon as it does something else.

- *passed*: the program does what the case demands.
- *differs*: the program does something else, for the reason given. kubesesame checks what protects the client and leaves the rest to the API
  server ([protocol.md](protocol.md)).
- *does not apply*: the client does not have what the case is about.
- *played by the test …*: the case needs more than a provider with a defect, so another test of the same suite has it.

```sh
cargo test --locked --test it conformance                        # plays the cases, compares this page
INSTA_UPDATE=always cargo test --locked --test it conformance    # writes it anew
```

";

/// The subjects in the order of the page: a heading, and what its cases came to.
static SUBJECTS: [(&str, &Played); 13] = [
    ("Every module", &every_module::PLAYED),
    ("Basic RP plan", &basic::PLAYED),
    ("Config and Dynamic RP plans", &config::PLAYED),
    ("Further modules, form post, refresh, logout", &further::PLAYED),
    ("Client authentication", &client_authentication::PLAYED),
    ("FAPI 2.0 Security Profile, client tests", &fapi::PLAYED),
    ("Ours: claims", &claims::PLAYED),
    ("Ours: header, signature and form of a token", &jose::PLAYED),
    ("Ours: keys", &keys::PLAYED),
    ("Ours: discovery", &discovery::PLAYED),
    ("Ours: authorization response", &authorization_response::PLAYED),
    ("Ours: token response", &token_endpoint::PLAYED),
    ("Ours: refresh, output, storage", &refresh::PLAYED),
];

/// The page, or the cases that did not come out as their rows say.
fn page() -> Result<String, String> {
    let mut page = BEGIN.to_owned();
    let mut all = Vec::new();
    let mut tables = String::new();
    for (heading, played) in &SUBJECTS {
        let judged: Result<Vec<&Judged>, &String> = played.iter().map(Result::as_ref).collect();
        let judged = judged.map_err(Clone::clone)?;
        write!(
            tables,
            "\n## {heading}\n\n| case | a client must | result |\n|---|---|---|\n"
        )
        .unwrap();
        for Judged {
            name, must, result, ..
        } in &judged
        {
            writeln!(tables, "| {} | {} | {} |", cell(name), cell(must), cell(result)).unwrap();
        }
        all.extend(judged);
    }
    let count = |verdict| all.iter().filter(|judged| judged.verdict == verdict).count();
    let counts = format!(
        "{} cases: {} passed, {} differ, {} do not apply, {} are played by other tests.\n\n",
        all.len(),
        count(Verdict::Passed),
        count(Verdict::Differs),
        count(Verdict::Explained),
        count(Verdict::Elsewhere)
    );
    page += &counts;
    page += "<!-- Made of tests/it/conformance. To write it anew: INSTA_UPDATE=always cargo test --locked --test it conformance -->\n";
    Ok(page + &tables)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn the_page_says_what_the_cases_came_to() {
    let page = page().unwrap_or_else(|problem| panic!("{problem}"));
    if page == PAGE {
        return;
    }
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(PATH, page).unwrap();
        return;
    }
    let differing = page.lines().find(|line| !PAGE.contains(*line));
    panic!(
        "docs/conformance.md is not what the cases make it ({}); to write it anew: INSTA_UPDATE=always cargo test --locked --test it conformance",
        differing.unwrap_or("a line is missing or in another place")
    );
}

#[test]
fn names_of_cases_are_unique() {
    let names = SUBJECTS.iter().flat_map(|(_, played)| played.iter());
    let names: Vec<&str> = names.flatten().map(|judged| judged.name).collect();
    let unique: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len());
}
