//! Tests that `docs/rbac-lint.md` lists the checks, and renders that page.

use std::fmt::Write;

use super::{GROUPS, rules};
use crate::environment;

const PAGE: &str = include_str!("../../../docs/rbac-lint.md");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rbac-lint.md");

const BEGIN: &str = "\
# The checks of kubesesame rbac lint

`kubesesame rbac lint` looks at roles and bindings in files and names what leads further than it says, what has no effect, what refers to nothing, and what the API server would
refuse. It asks no cluster. It is of `kubesesame-cluster` ([cluster.md](cluster.md)); what a policy allows is said by [other commands](rbac.md).

```sh
kubesesame rbac lint rbac/                                # files and directories, `-` for standard input
kubesesame rbac lint rbac/ --severity=warning             # without notes
kubesesame rbac lint rbac/ --rule=escalate --rule=bind    # these checks alone
kubesesame rbac lint rbac/ --exclude=wildcard             # without a check
kubesesame rbac lint rbac/ --prefix=okta:                 # names of the provider begin so
kubesesame rbac lint rbac/ --output=sarif                 # for code scanning
```

- If there is a `kubesesame.yaml`, or `--description` names one, its prefixes and groups are compared with the bindings.
- Objects of Kubernetes itself (the label `kubernetes.io/bootstrapping=rbac-defaults`, names that begin with `system:`) are looked at with `--all` only.
- The exit code is 0 if there is nothing but notes, 1 if there are warnings or errors, and 2 if nothing was checked.
- With `--output=json` or `yaml`, `findings` has for each `check`, `severity`, `object`, `message`, `fix`, `file`, `line`, `docs`, and `accepted` (`null`, or the reason). SARIF is of version
  2.1.0; accepted findings are suppressed in it.

A finding is accepted by an annotation of its object, with the reason. It is counted, and shown with `--output` only:

```yaml
metadata:
  name: vault
  annotations:
    ignore-check.kubesesame/reads-secrets: Vault synchronises Secrets
```

Severities: an *error* is refused by the API server or a way to become administrator, a *warning* is to be changed or accepted, a *note* is worth knowing. A right on objects that are
named by `resourceNames` is a note.

<!-- Made of src/rbac/lint. To write it anew: INSTA_UPDATE=always cargo test --locked --lib lint -->
";

/// Returns the whole page.
fn page() -> String {
    let mut page = BEGIN.to_owned();
    for group in &GROUPS {
        write!(page, "\n## {}\n", group.title).unwrap();
        for rule in group.rules {
            let severity = rule.severity.name();
            write!(
                page,
                "\n### {}\n\n*{severity}*: {}\n\nFix: {}\n",
                rule.id, rule.about, rule.fix
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
        "docs/rbac-lint.md is not what the checks make it; to write it anew: INSTA_UPDATE=always cargo test --locked --lib lint"
    );
}

#[test]
fn ids_are_unique_and_in_kebab_case() {
    let ids: Vec<&str> = rules().map(|rule| rule.id).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    for id in ids {
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
    }
}

/// A danger without a check would be told of nobody.
#[test]
fn each_danger_has_a_check() {
    for id in crate::rbac::dangers::ids() {
        assert!(rules().any(|rule| rule.id == id), "{id}");
    }
}
