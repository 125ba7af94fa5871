//! The findings of `rbac lint` in the Static Analysis Results Interchange Format, SARIF 2.1.0 (OASIS).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rbac_lint::Linted;
use super::rbac_lint_output::{docs, file, message, object_text};
use crate::rbac::lint::{Finding, LintRule, rules};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn value(found: &Linted<'_>) -> Value {
    let results = found.open.iter().chain(&found.accepted);
    let results: Vec<Value> = results.map(|finding| result(found, finding)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kubesesame rbac lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// Returns a `reportingDescriptor` (3.49).
fn rule(rule: &LintRule) -> Value {
    let first_sentence = rule.about.split_inclusive(". ").next().unwrap_or(rule.about);
    json!({
        "id": rule.id,
        "shortDescription": {"text": first_sentence.trim_end()},
        "fullDescription": {"text": rule.about},
        "help": {"text": format!("{}\n\nMore: {}", rule.fix, docs(rule.id))},
        "defaultConfiguration": {"level": rule.severity.name()},
    })
}

/// Returns a `result` (3.27).
fn result(found: &Linted<'_>, finding: &Finding) -> Value {
    let object = object_text(found, finding.object);
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rules().position(|rule| rule.id == finding.rule.id),
        "level": finding.severity.name(),
        "message": {"text": format!("{object} {}", message(found, finding))},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(file(found, finding))},
                "region": {"startLine": finding.place.line.max(1)},
            },
            "logicalLocations": [{"fullyQualifiedName": object, "kind": "object"}],
        }],
    });
    if let Some(reason) = &finding.accepted {
        result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
    }
    result
}

/// Returns the path of a file as a reference of RFC 3986: relative to the directory of the call, if it was named so.
fn uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        for (file, expected) in [
            ("rbac/a.yaml", "rbac/a.yaml"),
            ("a b:c#ä.yaml", "a%20b%3Ac%23%C3%A4.yaml"),
        ] {
            assert_eq!(uri(file), expected);
        }
    }
}
