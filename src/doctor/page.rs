//! Tests that `docs/doctor.md` lists the checks, and renders that page.

use std::fmt::Write;

use super::{GROUPS, checks};
use crate::environment;

const PAGE: &str = include_str!("../../docs/doctor.md");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md");

const BEGIN: &str = "\
# The checks of kubesesame doctor

`kubesesame doctor` looks at the whole way from the kubeconfig to the API server and names what is wrong, with the cause and the fix:

```sh
kubesesame doctor                        # the user of the current context
kubesesame doctor --context=production   # the user of another context
kubesesame doctor --offline              # without the network
kubesesame doctor --output=json          # for programs
kubesesame doctor --bundle=report.txt    # for a bug report, without secrets
```

It changes nothing: no session, no lock, no browser, and no refresh token is spent. Each request is bounded, so that it ends within twenty
seconds whatever hangs. The exit code is 1 if a check fails, and 0 otherwise; a warning is no failure. A check that says nothing, because an
earlier one failed or because it does not apply, is skipped with the reason.

The API server is asked by kubectl, which gets a kubeconfig of its own, so that it runs no plugin. A stored token that is still valid goes
with it in a private file beside the session, which is removed afterwards; a token of a sealed session is not given out, and none is sent over
plain http.

With `--output=json` or `yaml` the result has `failures` and `warnings` (numbers), and `checks`, a list in the order of this page. Each
has `name`, `status` (`ok`, `warning`, `failure` or `skipped`), `summary`, `cause`, `fix` (`null` if there is none) and `docs`. Names do not change, and members
are only added.

The bundle has the findings, the version, the names of variables that matter (not their values), the masked entry of the kubeconfig, and the
names of the token's claims. It has no token, no secret and no value of a claim but issuer and audience; read it before you
send it all the same.

<!-- Made of src/doctor. To write it anew: INSTA_UPDATE=always cargo test --locked --lib doctor -->
";

/// Returns the whole page.
fn page() -> String {
    let mut page = BEGIN.to_owned();
    for group in &GROUPS {
        write!(page, "\n## {}\n", group.title).unwrap();
        for check in group.checks {
            write!(
                page,
                "\n### {}\n\n{}\n\nFix: {}\n",
                check.name, check.about, check.fix
            )
            .unwrap();
        }
    }
    page
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is written anew where that is asked for, as insta does with snapshots"
)]
fn the_page_lists_the_checks() {
    let page = page();
    if page == PAGE {
        return;
    }
    if environment::first_nonempty_value(&["INSTA_UPDATE"]).as_deref() == Some("always") {
        std::fs::write(PATH, page).unwrap();
        return;
    }
    panic!(
        "docs/doctor.md is not what the checks make it; to write it anew: INSTA_UPDATE=always cargo test --locked --lib doctor"
    );
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    let names: Vec<&str> = checks().map(|check| check.name).collect();
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    for name in names {
        assert!(
            name.len() <= 19 && name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{name}"
        );
    }
}
