//! What is a difference, and what is none.

use super::{Right, SubjectDiff, Who, diff};
use crate::rbac::policy::covers::PlainRule;
use crate::rbac::policy::load::Loader;

/// Reads two policies.
pub(super) fn diff_of(old: &str, new: &str) -> Vec<SubjectDiff> {
    let read = |mut loader: Loader, text: &str| {
        loader.read(0, text).unwrap();
        loader.finish().policy
    };
    let old = read(Loader::default(), old);
    let new = read(Loader::with_names(old.names.clone()), new);
    diff(&old, &new)
}

fn role(name: &str, rules: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules: [{rules}]\n"
    )
}

fn rule(verbs: &str, resources: &str) -> String {
    format!("{{verbs: [{verbs}], apiGroups: [''], resources: [{resources}]}}")
}

/// A namespace that is empty makes it a `ClusterRoleBinding`.
fn binding(name: &str, namespace: &str, role: &str, subject: &str) -> String {
    let (kind, namespace) = match namespace {
        "" => ("ClusterRoleBinding", String::new()),
        name => ("RoleBinding", format!(", namespace: {name}")),
    };
    let (subject_kind, subject) = subject.split_once(' ').unwrap();
    let (subject, subject_namespace) = match subject.split_once('/') {
        Some((namespace, name)) => (name, format!(", namespace: {namespace}")),
        None => (subject, String::new()),
    };
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\nroleRef: {{kind: ClusterRole, name: {role}}}\n\
         subjects: [{{kind: {subject_kind}, name: '{subject}'{subject_namespace}}}]\n"
    )
}

/// Returns each line as `WHO NAMESPACE +RIGHT`.
fn lines(old: &str, new: &str) -> Vec<String> {
    let rule = |rule: &PlainRule| {
        let names = match rule.resource_names.as_slice() {
            [] => String::new(),
            names => format!(" named {}", names.join(",")),
        };
        let targets = [rule.resources.as_slice(), rule.urls.as_slice()].concat();
        format!("{} {}{names}", rule.verbs.join(","), targets.join(","))
    };
    let mut lines = Vec::new();
    for subject in diff_of(old, new) {
        let who = match &subject.who {
            Who::User(name) | Who::Group(name) => name.clone(),
            Who::ServiceAccount { namespace, name } => format!("{namespace}/{name}"),
        };
        let signed = [('+', &subject.gained), ('-', &subject.lost)];
        for (sign, line) in signed
            .into_iter()
            .flat_map(|(sign, lines)| lines.iter().map(move |line| (sign, line)))
        {
            let right = match &line.right {
                Right::Rule(right) => rule(right),
                Right::UnknownRole { kind, name } => format!("{kind} {name}"),
            };
            lines.push(format!(
                "{who} {} {sign}{right}",
                line.namespace.as_deref().unwrap_or("*")
            ));
        }
    }
    lines
}

#[test]
fn other_objects_with_the_same_rights_are_no_difference() {
    let old = role("a", &rule("get, list", "pods, services")) + &binding("b", "shop", "a", "User u");
    let split = [
        rule("get", "services, pods"),
        rule("list", "pods"),
        rule("list", "services"),
    ]
    .join(",");
    let others = [
        // Renamed, and split.
        role("x", &split) + &binding("y", "shop", "x", "User u"),
        // By two roles.
        role("x", &rule("get", "pods, services"))
            + &role("z", &rule("list", "pods, services"))
            + &binding("y", "shop", "x", "User u")
            + &binding("z", "shop", "z", "User u"),
        // What is there twice, and what is covered.
        old.clone() + &role("x", &rule("get", "pods")) + &binding("y", "shop", "x", "User u"),
        // Another order.
        binding("b", "shop", "a", "User u") + &role("a", &rule("list, get", "services, pods")),
        // URLs in a namespace allow nothing.
        role(
            "a",
            &(rule("get, list", "pods, services") + ", {verbs: [get], nonResourceURLs: [/x]}"),
        ) + &binding("b", "shop", "a", "User u"),
        // A role that nobody is bound to, and a binding to nobody.
        old.clone() + &role("x", &rule("get", "secrets")),
    ];
    for new in others {
        assert_eq!(lines(&old, &new), [""; 0], "{new}");
        assert_eq!(lines(&new, &old), [""; 0], "{new}");
    }
}

#[test]
fn what_is_gained_and_lost_is_told_by_its_parts() {
    let star = "{verbs: ['*'], apiGroups: ['*'], resources: ['*']}";
    let old = role("a", &rule("get", "pods")) + &binding("b", "shop", "a", "User u");
    let cases: [(String, &[&str]); 8] = [
        (
            role("a", &rule("get, list", "pods, secrets")) + &binding("b", "shop", "a", "User u"),
            &["u shop +get,list secrets", "u shop +list pods"],
        ),
        (
            role("a", &rule("get", "pods")) + &binding("b", "", "a", "User u"),
            &["u * +get pods"],
        ),
        (
            role("a", star) + &binding("b", "shop", "a", "User u"),
            &["u shop +* *"],
        ),
        (
            role("a", &rule("get", "pods")) + &binding("b", "shop", "a", "Group g"),
            &["g shop +get pods", "u shop -get pods"],
        ),
        (
            role(
                "a",
                "{verbs: [get], apiGroups: [''], resources: [pods], resourceNames: [x, y]}",
            ) + &binding("b", "shop", "a", "User u"),
            &["u shop -get pods"],
        ),
        (
            old.clone() + &binding("c", "shop", "a", "ServiceAccount shop/bot"),
            &["shop/bot shop +get pods"],
        ),
        (
            old.clone() + &binding("c", "shop", "admin", "User u"),
            &["u shop +ClusterRole admin"],
        ),
        (old.clone() + &binding("c", "", "a", "Group system:masters"), &[]),
    ];
    for (new, expected) in cases {
        assert_eq!(lines(&old, &new), expected, "{new}");
        let reversed: Vec<String> = lines(&new, &old)
            .iter()
            .map(|line| line.replace('+', "<").replace(" -", " +").replace('<', "-"))
            .collect();
        let mut sorted = reversed.clone();
        sorted.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(sorted, expected, "{new}");
    }
}

#[test]
fn a_right_of_a_group_that_every_user_has_is_told_of_the_group_alone() {
    let role_text = role("a", &rule("get", "pods"));
    let of_user = role_text.clone() + &binding("b", "shop", "a", "User u");
    let of_all = of_user.clone() + &binding("c", "", "a", "Group system:authenticated");
    assert_eq!(lines(&of_user, &of_all), ["system:authenticated * +get pods"]);
    // The user keeps the right by the group.
    let group_alone = role_text.clone() + &binding("c", "", "a", "Group system:authenticated");
    assert_eq!(lines(&of_all, &group_alone), [""; 0]);
    assert_eq!(lines(&role_text, &of_all), ["system:authenticated * +get pods"]);
    // A service account has the groups of all accounts, and of those of its namespace.
    let of_accounts = role_text + &binding("b", "", "a", "Group system:serviceaccounts");
    let again = of_accounts.clone()
        + &binding("c", "", "a", "Group system:serviceaccounts:shop")
        + &binding("d", "shop", "a", "ServiceAccount shop/bot");
    assert_eq!(lines(&of_accounts, &again), [""; 0]);
    // Somebody without a session has no part in it.
    let anonymous = of_all.clone() + &binding("d", "", "a", "User system:anonymous");
    assert_eq!(lines(&of_all, &anonymous), ["system:anonymous * +get pods"]);
}

#[test]
fn subjects_with_the_worst_new_rights_are_first() {
    let new = role("a", &rule("get", "pods"))
        + &role("s", &rule("get", "secrets"))
        + &role(
            "e",
            "{verbs: [escalate], apiGroups: [rbac.authorization.k8s.io], resources: [roles]}",
        )
        + &binding("1", "shop", "a", "User ann")
        + &binding("2", "shop", "s", "User bob")
        + &binding("3", "shop", "e", "User eve")
        + &binding("4", "shop", "a", "User eve");
    assert_eq!(
        lines("", &new),
        [
            "eve shop +escalate roles",
            "eve shop +get pods",
            "bob shop +get secrets",
            "ann shop +get pods"
        ]
    );
}
