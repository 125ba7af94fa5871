//! What is read of JSON and YAML, and what is refused.

use crate::rbac::policy::load::{Fault, Loaded, Loader};
use crate::rbac::policy::model::{Place, Scope};

const RULE: &str = r#""rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]"#;

fn read(text: &str) -> Result<Loaded, Fault> {
    let mut loader = Loader::default();
    loader.read(0, text)?;
    Ok(loader.finish())
}

/// Returns kind, scope and name, number of rules or subjects, and line of each object.
fn summary(text: &str) -> Vec<String> {
    let loaded = read(text).unwrap_or_else(|fault| panic!("{fault:?}: {text}"));
    let policy = loaded.policy;
    let scope = |scope| match scope {
        Scope::Cluster => "-",
        Scope::Namespace(namespace) => policy.text(namespace),
    };
    let roles = policy.roles.iter().map(|role| {
        let name = policy.text(role.name);
        let (kind, rules, line) = (role.kind(), role.rules.len(), role.place.line);
        format!("{kind} {}/{name} {rules} @{line}", scope(role.scope))
    });
    let bindings = policy.bindings.iter().map(|binding| {
        let name = policy.text(binding.name);
        let (kind, subjects, line) = (binding.kind(), binding.subjects.len(), binding.place.line);
        format!("{kind} {}/{name} {subjects} @{line}", scope(binding.scope))
    });
    let rest = (loaded.skipped > 0).then(|| format!("skipped {}", loaded.skipped));
    roles.chain(bindings).chain(rest).collect()
}

const VERSION: &str = "rbac.authorization.k8s.io";

#[test]
fn json_is_read_as_objects_and_lists_with_lines() {
    let role = format!(
        r#"{{"apiVersion": "{VERSION}/v1", "kind": "Role", "metadata": {{"name": "a\u0062"}}, {RULE}}}"#
    );
    assert_eq!(summary(&role), ["Role default/ab 1 @1"]);
    assert_eq!(
        summary(&format!("\u{feff}{role}\n{}", role.replace("a\\u0062", "c"))),
        ["Role default/ab 1 @1", "Role default/c 1 @2"]
    );
    let list = format!(
        "{{\"apiVersion\": \"v1\", \"items\": [\n{role},\n\n{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"rules\": 1}}],\n\"kind\": \"List\"}}"
    );
    assert_eq!(summary(&list), ["Role default/ab 1 @2", "skipped 1"]);
    let typed = format!(
        "{{\"apiVersion\": \"{VERSION}/v1beta1\", \"kind\": \"ClusterRoleBindingList\", \"items\": [\n\
         {{\"metadata\": {{\"name\": \"b\"}}, \"subjects\": null, \"roleRef\": {{\"kind\": \"ClusterRole\", \"name\": \"r\"}}}}]}}"
    );
    assert_eq!(summary(&typed), ["ClusterRoleBinding -/b 0 @2"]);
    assert_eq!(
        summary(r#"{"apiVersion": "v1", "kind": "List", "items": null} {"other": true}"#),
        ["skipped 2"]
    );
}

#[test]
fn yaml_is_read_as_documents_and_lists_with_lines() {
    let text = format!(
        "# comment\n---\napiVersion: {VERSION}/v1\nkind: ClusterRole\nmetadata:\n  name: 007\n  labels: {{a: true}}\nrules:\n- verbs: [get]\n  \
         apiGroups: [\"\"]\n  resources: [pods]\n---\n---\napiVersion: v1\nitems:\n- apiVersion: {VERSION}/v1\n  kind: RoleBinding\n  metadata:\n    \
         name: b\n    namespace: shop\n  roleRef: {{kind: Role, name: r}}\n  subjects:\n  - kind: User\n    name: u\nkind: List\n---\n\
         apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n  resources:\n  - group: apps\n---\n\
         kind: RoleList\napiVersion: {VERSION}/v1\nitems:\n- metadata: {{name: x, namespace: null}}\n"
    );
    assert_eq!(
        summary(&text),
        [
            "ClusterRole -/007 1 @3",
            "Role default/x 0 @37",
            "RoleBinding shop/b 1 @16",
            "skipped 1"
        ]
    );
    // JSON with a comma too many is YAML in its flow style.
    assert_eq!(
        summary(&format!(
            "{{apiVersion: {VERSION}/v1, kind: ClusterRole, metadata: {{name: a}},}}"
        )),
        ["ClusterRole -/a 0 @1"]
    );
}

#[test]
fn yaml_aliases_are_followed_up_to_a_limit() {
    let head = format!("apiVersion: {VERSION}/v1\nkind: ClusterRole\n");
    let text = format!(
        "{head}metadata: {{name: a}}\nrules:\n- &read\n  verbs: &verbs [get, list]\n  apiGroups: ['']\n  resources: [pods]\n- *read\n- verbs: *verbs\n"
    );
    assert_eq!(summary(&text), ["ClusterRole -/a 3 @1"]);
    let mut bomb = format!("{head}metadata: {{name: a}}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..8 {
        let alias = format!("*a{}, ", level - 1).repeat(10);
        bomb = format!("{bomb}a{level}: &a{level} [{alias}]\n");
    }
    assert_eq!(
        read(&bomb).unwrap_err().problem,
        "has an alias that cannot be followed"
    );
    // Each anchor keeps what is in it again.
    let scalars = "x, ".repeat(20_000);
    let open: Vec<String> = (0..60).map(|level| format!("&a{level} [")).collect();
    let open = open.concat();
    let nested = format!(
        "{head}metadata: {{name: a}}\na: {open}{scalars}{}\n",
        "]".repeat(60)
    );
    assert_eq!(
        read(&nested).unwrap_err().problem,
        "has more in anchors than can be kept"
    );
}

/// kubectl reads another policy there.
#[test]
fn what_kubectl_reads_differently_is_refused() {
    let head = format!("apiVersion: {VERSION}/v1\nkind: ClusterRole\nmetadata: {{name: a}}\n");
    for line_break in ['\u{85}', '\u{2028}', '\u{2029}'] {
        let text =
            format!("{head}# x{line_break}rules: [{{verbs: ['*'], apiGroups: ['*'], resources: ['*']}}]\n");
        let fault = read(&text).unwrap_err();
        assert_eq!(fault.line, 4);
        assert!(
            fault.problem.contains("ends the line for kubectl"),
            "{}",
            fault.problem
        );
    }
    let binary = format!("{head}rules: [{{verbs: [!!binary Kg==], apiGroups: [''], resources: [pods]}}]\n");
    assert!(read(&binary).unwrap_err().problem.contains("!!binary"));
}

#[test]
fn a_list_of_which_items_would_be_passed_over_is_refused() {
    let role = format!("{{apiVersion: {VERSION}/v1, kind: ClusterRole, metadata: {{name: a}}}}");
    let within =
        format!("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: [{role}]\n");
    assert_eq!(
        read(&within).unwrap_err().problem,
        "is a list in a list: write out its items"
    );
    let elsewhere = format!("x: &all [{role}]\napiVersion: v1\nkind: List\nitems: *all\n");
    assert_eq!(
        read(&elsewhere).unwrap_err().problem,
        "is a list whose items are elsewhere: write them out"
    );
}

#[test]
fn what_cannot_be_read_is_named_by_its_line() {
    let head = format!("apiVersion: {VERSION}/v1\nkind: Role\n");
    let cases = [
        (
            format!("{head}metadata:\n  labels: {{}}\n"),
            1,
            "has no metadata.name",
        ),
        (
            format!(
                "a: b\n---\n{}metadata: {{name: b}}\n",
                head.replace("Role", "RoleBinding")
            ),
            3,
            "has no roleRef",
        ),
        (
            format!("{head}metadata: {{name: b}}\nrules:\n- verbs: get\n"),
            5,
            "is not readable: invalid type: string \"get\", expected a sequence",
        ),
        (
            format!("{head}metadata: {{name: b}}\nrules:\n- verbs: [*]\n"),
            5,
            "is not valid YAML",
        ),
        (
            format!("{head}metadata: {{<<: x, name: b}}\n"),
            3,
            "is not readable: merge keys (`<<`) are not supported",
        ),
        ("kind: [\n".to_owned(), 1, "is not valid YAML"),
        ("- a\n".to_owned(), 1, "is no Kubernetes object"),
        ("{}\n[{\"kind\": 1}]".to_owned(), 2, "is no Kubernetes object"),
        (
            format!(
                "{{\"apiVersion\": \"{VERSION}/v1\", \"kind\": \"RoleList\", \"items\": [\n[null, null, {{\"name\": \"a\"}}]]}}"
            ),
            2,
            "is no Kubernetes object",
        ),
        (
            format!(
                "{{\"apiVersion\": \"{VERSION}/v1\",\n\"kind\": \"Role\", \"metadata\": {{\"name\": \"a\"}},\n\"rules\": {{}}}}"
            ),
            3,
            "is not readable: invalid type: map, expected a sequence",
        ),
        (
            "{\"a\": 1}\n{\"a\": \n".to_owned(),
            3,
            "is not readable: EOF while parsing a value",
        ),
    ];
    for (text, line, problem) in cases {
        let fault = read(&text).unwrap_err();
        assert_eq!((fault.line, fault.problem.as_str()), (line, problem), "{text}");
    }
}

#[test]
fn an_object_that_is_read_twice_is_kept_once_and_named_if_it_differs() {
    let role = |name: &str, verb: &str| {
        format!(
            "apiVersion: {VERSION}/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules: [{{verbs: [{verb}]}}]\n"
        )
    };
    let mut loader = Loader::default();
    loader.read(0, &role("a", "get")).unwrap();
    loader.read(1, &role("a", "get")).unwrap();
    loader.read(2, &format!("---\n{}", role("a", "list"))).unwrap();
    let policy = loader.finish().policy;
    assert_eq!(policy.roles.len(), 1);
    let verbs = policy.roles[0].rules[0].verbs;
    assert_eq!(policy.names.texts(verbs).collect::<Vec<_>>(), ["list"]);
    let [duplicate] = policy.duplicates.as_slice() else {
        panic!("{:?}", policy.duplicates);
    };
    assert_eq!(
        (duplicate.first.file, duplicate.second),
        (0, Place { file: 2, line: 2 })
    );
}
