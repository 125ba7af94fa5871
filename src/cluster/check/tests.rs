//! The check against what kube-apiserver 1.36.3 answered (`tests/data/authentication_config`), and what only the check says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{FileReport, Severity, check_file};

fn check(text: &str) -> FileReport {
    check_file(text, None, &BTreeSet::new())
}

/// Returns the errors as the API server writes them.
fn errors(report: &FileReport) -> Vec<String> {
    let errors = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| match finding.field.as_str() {
            "" => finding.text.clone(),
            field => format!("{field}: {}", finding.text),
        })
        .collect()
}

#[test]
fn each_file_gets_the_verdict_and_the_words_of_the_api_server() {
    let cases = include_str!("../../../tests/data/authentication_config/cases.jsonl");
    let (mut differences, mut count) = (Vec::new(), 0);
    for line in cases.lines() {
        count += 1;
        let case: Value = serde_json::from_str(line).unwrap();
        let found = errors(&check(case["text"].as_str().unwrap()));
        let is_same = match (case["decode"].as_str(), case["errors"].as_array()) {
            (Some("panic"), _) => found.first().is_some_and(|text| text.contains("ends in a panic")),
            (Some(_), _) if case["ownText"] == true => found.len() == 1,
            (Some(text), _) => found == [text],
            (None, Some(wanted)) => wanted
                .iter()
                .map(|text| text.as_str().unwrap())
                .eq(found.iter().map(String::as_str)),
            (None, None) => false,
        };
        if !is_same {
            differences.push(format!("{line}\n    {found:#?}"));
        }
    }
    assert!(count > 400, "{count}");
    assert!(
        differences.is_empty(),
        "{} of {count}:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";

/// Returns the warnings about a `jwt` entry with these mappings and rules.
fn warnings(mappings: &str, rules: &str) -> Vec<String> {
    let text = format!(
        "{HEAD}jwt:\n- issuer: {{url: https://a.example, audiences: [x]}}\n  claimMappings: {mappings}\n  {rules}\n"
    );
    let report = check(&text);
    assert!(!report.has_errors(), "{text}\n{report:?}");
    report
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.field, finding.text))
        .collect()
}

#[test]
fn what_is_accepted_and_fails_at_each_sign_in_is_a_warning() {
    let user = "username: {claim: sub, prefix: 'okta:'}";
    for (mapping, wanted) in [
        ("groups: {expression: '1'}", Some("the result is of type int")),
        (
            "groups: {expression: \"{'a': 1}\"}",
            Some("the result is of type map(string, int)"),
        ),
        ("groups: {expression: 'claims.iat'}", Some("`iat` is a number")),
        (
            "groups: {expression: 'claims.?groups'}",
            Some("the result is of type optional_type(any)"),
        ),
        ("groups: {expression: 'claims.?groups.orValue([])'}", None),
        ("groups: {expression: 'claims.groups'}", None),
        (
            "groups: {expression: \"dyn(claims.groups).map(g, 'okta:' + g)\"}",
            None,
        ),
        (
            "groups: {expression: \"claims.groups.split(',')\"}",
            Some("no list that split()"),
        ),
        (
            "groups: {expression: \"claims.groups.split(',').map(g, g)\"}",
            None,
        ),
        (
            "groups: {expression: 'string(claims.iat)'}",
            Some("string(int(claims.iat))"),
        ),
        ("groups: {expression: 'null'}", None),
        ("uid: {expression: \"['a']\"}", Some("it has to be a string")),
        (
            "extra: [{key: a.example/b, valueExpression: 'true'}]",
            Some("the result is of type bool"),
        ),
    ] {
        let found = warnings(&format!("{{{user}, {mapping}}}"), "");
        match wanted {
            Some(part) => assert!(
                found.len() == 1 && found[0].contains(part),
                "{mapping}: {found:?}"
            ),
            None => assert!(found.is_empty(), "{mapping}: {found:?}"),
        }
    }
}

#[test]
fn names_rules_and_addresses_that_are_dangerous_are_warnings() {
    let prefixed = "{username: {claim: sub, prefix: 'okta:'}}";
    for (mappings, rules, part) in [
        (
            "{username: {claim: sub, prefix: ''}}",
            "",
            "a user name such as `system:admin`",
        ),
        (
            "{username: {claim: sub, prefix: 'a:'}, groups: {claim: groups, prefix: ''}}",
            "",
            "may do everything",
        ),
        (
            "{username: {claim: sub, prefix: 'system:'}}",
            "",
            "belong to Kubernetes",
        ),
        (
            "{username: {claim: email, prefix: 'a:'}}",
            "",
            "a token without `email_verified` is accepted",
        ),
        (
            "{username: {expression: \"claims['email']\"}}",
            "",
            "evades the rule",
        ),
        (
            prefixed,
            "claimValidationRules: [{claim: aud, requiredValue: x}]",
            "whose `aud` is a list",
        ),
        (
            prefixed,
            "claimValidationRules: [{claim: email_verified, requiredValue: 'true'}]",
            "is a boolean",
        ),
        (
            prefixed,
            "claimValidationRules: [{claim: groups, requiredValue: a}]",
            "in which this one is a list",
        ),
    ] {
        let found = warnings(mappings, rules);
        assert!(
            found.len() == 1 && found[0].contains(part),
            "{mappings} {rules}: {found:?}"
        );
    }
    let rules = "userValidationRules: [{expression: \"!user.username.startsWith('system:')\"}]";
    assert!(warnings("{username: {claim: sub, prefix: ''}}", rules).is_empty());
}

#[test]
fn a_second_document_and_an_older_version_are_said() {
    let report = check(&format!("{HEAD}jwt: []\n---\nfoo: 1\n"));
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.text.contains("second document") && finding.line == Some(4)),
        "{report:?}"
    );
    let entry = "jwt:\n- issuer: {url: https://a.example, audiences: [x], egressSelectorType: cluster}\n  claimMappings:\n    username: {expression: \"lists.range(3).size() == 3 ? 'a' : 'b'\"}\nanonymous: {enabled: true}\n";
    let report = check_file(&format!("{HEAD}{entry}"), Some(31), &BTreeSet::new());
    let found: Vec<String> = errors(&report);
    assert_eq!(
        found,
        [
            "apiVersion: apiserver.config.k8s.io/v1 needs Kubernetes 1.34, and this is for 1.31",
            "anonymous: `anonymous` in this file needs Kubernetes 1.32, and this is for 1.31",
            "jwt[0].issuer.egressSelectorType: `egressSelectorType` needs Kubernetes 1.34, and this is for 1.31",
            "jwt[0].claimMappings.username.expression: a function of this expression needs Kubernetes 1.34, and this is for 1.31",
        ]
    );
    assert!(!check_file(&format!("{HEAD}{entry}"), Some(34), &BTreeSet::new()).has_errors());
}

#[test]
fn an_issuer_of_service_accounts_is_refused() {
    let text = format!(
        "{HEAD}jwt:\n- issuer: {{url: https://a.example, audiences: [x]}}\n  claimMappings: {{username: {{claim: sub, prefix: 'a:'}}}}\n"
    );
    let disallowed = BTreeSet::from(["https://a.example".to_owned()]);
    let found = errors(&check_file(&text, None, &disallowed));
    assert_eq!(
        found,
        [
            "jwt[0].issuer.url: Invalid value: \"https://a.example\": URL must not overlap with disallowed issuers: [https://a.example]"
        ]
    );
}
