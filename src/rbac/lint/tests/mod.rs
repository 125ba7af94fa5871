//! Each check with what it finds, and with what is near to that and right.

mod form;
mod references;
mod rights;

use std::collections::BTreeSet;

use super::{At, Finding, Settings, Severity, lint, rules};
use crate::cluster::description::Description;
use crate::rbac::generate;
use crate::rbac::policy::load::Loader;

fn findings(text: &str, settings: &Settings) -> Vec<Finding> {
    let mut loader = Loader::default();
    loader
        .read(0, text)
        .unwrap_or_else(|fault| panic!("{fault:?} in {text}"));
    lint(&loader.finish().policy, settings, |_| true)
}

fn settings() -> Settings {
    Settings {
        user_prefixes: vec!["okta:".to_owned()],
        group_prefixes: vec!["okta:".to_owned()],
        groups: BTreeSet::from(["okta:dev".to_owned()]),
        has_defaults: false,
    }
}

/// An object: its kind, a namespace or none, its name, and its other fields in YAML's flow style.
fn object(kind: &str, name: &str, fields: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    let namespace = if namespace.is_empty() {
        String::new()
    } else {
        format!(", namespace: {namespace}")
    };
    format!(
        "---\n{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: '{name}'{namespace}}}, {fields}}}\n"
    )
}

fn cluster_role(rule: &str) -> String {
    object("ClusterRole", "r", &format!("rules: [{{{rule}}}]"))
}

fn role(rule: &str) -> String {
    object("Role", "shop/r", &format!("rules: [{{{rule}}}]"))
}

fn binding(fields: &str) -> String {
    object("ClusterRoleBinding", "b", fields)
}

fn bound(subject: &str) -> String {
    binding(&format!(
        "roleRef: {{kind: ClusterRole, name: view}}, subjects: [{{{subject}}}]"
    ))
}

const CORE: &str = "apiGroups: [''], ";
const RBAC: &str = "apiGroups: [rbac.authorization.k8s.io], ";
const TO_R: &str = "roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: User, name: 'okta:u'}]";

/// A check, what it finds, and what it does not find.
type Case = (&'static str, String, String);

fn cases() -> Vec<Case> {
    [
        form::of_form(),
        form::of_references_and_subjects(),
        form::of_subjects(),
        rights::of_dangers(),
        rights::of_other_dangers(),
        rights::of_effect(),
        references::of_references(),
        references::of_duplicates(),
    ]
    .concat()
}

#[test]
fn each_check_finds_what_is_wrong_and_nothing_that_is_near_to_it() {
    for (id, wrong, right) in cases() {
        let has = |text: &str| {
            findings(text, &settings())
                .iter()
                .any(|finding| finding.rule.id == id)
        };
        assert!(has(&wrong), "{id} does not find {wrong}");
        assert!(!has(&right), "{id} finds {right}");
    }
}

#[test]
fn each_check_has_a_case() {
    let cases = cases();
    for rule in rules() {
        assert!(cases.iter().any(|(id, ..)| *id == rule.id), "{}", rule.id);
    }
}

#[test]
fn objects_of_kubernetes_are_looked_at_only_if_all_are() {
    let role = cluster_role("apiGroups: [''], resources: [secrets], verbs: [get]");
    let named = role.replace("name: 'r'", "name: 'system:r'");
    let labelled = role.replace(
        "name: 'r'",
        "name: r, labels: {kubernetes.io/bootstrapping: rbac-defaults}",
    );
    for text in [named, labelled] {
        assert_eq!(findings(&text, &Settings::default()).len(), 0, "{text}");
        let all = Settings {
            has_defaults: true,
            ..Settings::default()
        };
        assert_eq!(findings(&text, &all).len(), 1, "{text}");
    }
}

#[test]
fn a_finding_is_accepted_by_an_annotation_with_its_reason() {
    let role = cluster_role("apiGroups: [''], resources: [secrets], verbs: [get]");
    let with = |check: &str| {
        role.replace(
            "name: 'r'",
            &format!("name: r, annotations: {{ignore-check.kubesesame/{check}: it is a vault, other: x}}"),
        )
    };
    let accepted = |text: &str| findings(text, &Settings::default())[0].accepted.clone();
    assert_eq!(accepted(&role), None);
    assert_eq!(accepted(&with("reads-secrets")), Some("it is a vault".to_owned()));
    assert_eq!(accepted(&with("wildcard")), None);
}

#[test]
fn a_right_on_named_objects_is_a_note() {
    let named = cluster_role("apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]");
    let found = findings(&named, &Settings::default());
    assert_eq!(
        (found[0].rule.id, found[0].severity, found[0].at),
        ("reads-secrets", Severity::Note, At::Rule(0))
    );
}

#[test]
fn the_worst_findings_are_first_in_the_order_of_lines() {
    let text = role("apiGroups: [''], resources: [pods/exec], verbs: [get, create]") // a note
        + &cluster_role("apiGroups: [''], resources: [secrets], verbs: [get]")
        + &binding("roleRef: {kind: ClusterRole, name: r}")
        + &object("ClusterRole", "e", "rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]");
    let order: Vec<&str> = findings(&text, &Settings::default())
        .iter()
        .map(|finding| finding.rule.id)
        .collect();
    assert_eq!(
        order[..3],
        ["everything", "reads-secrets", "no-subjects"],
        "{order:?}"
    );
}

/// What is generated has no finding but notes, and what it accepts with a reason.
#[test]
fn generated_roles_pass() {
    let description = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
issuers:
- {name: okta, url: https://i, clientIds: [c], username: {claim: sub, prefix: 'okta:'}, groups: {claim: groups, prefix: 'okta:'}}
groups:
- {name: dev, role: developer, namespaces: [a, b]}
- {name: boss, role: namespace-admin, namespaces: [a]}
- {name: platform, role: platform-engineer}
- {name: emergency, role: break-glass}
";
    let description = Description::parse(description).unwrap_or_else(|fault| panic!("{fault:?}"));
    let file = generate::generate(&description).unwrap();
    let groups = description
        .groups
        .iter()
        .flat_map(|group| description.group_names(&group.name));
    let settings = Settings {
        groups: groups.collect(),
        ..settings()
    };
    let told: Vec<String> = findings(&file.content, &settings)
        .iter()
        .map(|finding| {
            let accepted = if finding.accepted.is_some() {
                " accepted"
            } else {
                ""
            };
            format!("{} {}{accepted}", finding.severity.name(), finding.rule.id)
        })
        .collect();
    assert_eq!(
        told,
        [
            "warning mounts-hosts accepted",
            "warning labels-namespaces accepted",
            "warning cluster-admin accepted",
            "note runs-pods",
            "note enters-pods",
        ]
    );
}
