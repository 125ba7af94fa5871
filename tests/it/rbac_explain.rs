//! `rbac explain`, as a person sees it.

use std::fs;

use serde_json::{Value, json};

use crate::rbac::{POLICY, ask, run_with_input, sandbox};

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn a_refusal_is_explained_by_the_nearest_rules_and_the_smallest_change() {
    let sandbox = sandbox();
    let delete = ask(
        &sandbox,
        &[
            "explain",
            "delete",
            "pod",
            "web-1",
            "-n",
            "team-platform",
            "--applier=okta:joe",
        ],
    );
    insta::assert_snapshot!(sandbox.filtered(&delete), @r#"
    no: okta:sarah@example.com cannot delete pods web-1 in team-platform
      nearest rules:
      1. ClusterRole "developer", rule 1 (policy.yaml:2): get, list, watch: pods,
         services, configmaps
         by RoleBinding "developers/team-platform" (policy.yaml:39) to Group
           "okta:k8s-developers"
         the verb differs: delete is not among get, list, watch
         change: add delete to its verbs, which opens it on services, configmaps
           too; for all who have the role
      2. ClusterRole "namespace-admin", rule 1 (policy.yaml:21): *: *.*
         by RoleBinding "admins/team-platform" (policy.yaml:53) to Group
           "okta:k8s-platform"
         the subject differs: it is neither okta:sarah@example.com nor a group of
           that user
         change: add okta:sarah@example.com to the binding, which opens all of the
           role's rules (1) to that user
      3. ClusterRole "developer", rule 2 (policy.yaml:2): get: pods/log
         by RoleBinding "developers/team-platform" (policy.yaml:39) to Group
           "okta:k8s-developers"
         the verb differs: delete is not among get
         the resource differs: pods is not among pods/log

    groups: okta:k8s-developers, system:authenticated

    smallest change, which opens nothing else:
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata:
      name: okta-sarah-example-com-delete-pods
      namespace: team-platform
    rules:
    - apiGroups:
      - ""
      resourceNames:
      - web-1
      resources:
      - pods
      verbs:
      - delete
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata:
      name: okta-sarah-example-com-delete-pods
      namespace: team-platform
    roleRef:
      kind: Role
      name: okta-sarah-example-com-delete-pods
      apiGroup: rbac.authorization.k8s.io
    subjects:
    - kind: User
      name: okta:sarah@example.com
      apiGroup: rbac.authorization.k8s.io

    ClusterRole namespace-admin allows it too, with rights by `*`, which a binding
      of it opens as well
    okta:joe may not apply it:
      cannot create roles.rbac.authorization.k8s.io
      cannot create rolebindings.rbac.authorization.k8s.io
      user "okta:joe" (groups=["system:authenticated"]) is attempting to grant RBAC
        permissions not currently held:
      {APIGroups:[""], Resources:["pods"], ResourceNames:["web-1"],
        Verbs:["delete"]}
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 1
    "#);
}

#[test]
fn a_refusal_that_was_copied_is_explained_to_a_program() {
    let sandbox = sandbox();
    let line = r#"Error from server (Forbidden): nodes is forbidden: User "okta:sarah@example.com" cannot list resource "nodes" in API group "" at the cluster scope"#;
    let args = ["explain", line, "-f", "-", "-o", "json"];
    let pasted = run_with_input(&sandbox, &args, POLICY.as_bytes());
    assert_eq!((pasted.code, pasted.stderr.as_str()), (Some(1), ""));
    let value: Value = serde_json::from_str(&pasted.stdout).unwrap();
    let request = &value["requests"][0];
    assert_eq!(
        (&request["verb"], &request["namespace"]),
        (&json!("list"), &json!(""))
    );
    let near = &request["nearest"][0];
    assert_eq!(
        near["role"],
        json!({"kind": "ClusterRole", "name": "node-reader", "place": "standard input:30"})
    );
    assert_eq!(
        near["differences"],
        json!([{"text": "no binding has the role", "what": "unbound"}])
    );
    let [role, binding] = value["smallestChange"].as_array().unwrap().as_slice() else {
        panic!("{value:#}");
    };
    assert_eq!(
        role["rules"],
        json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}])
    );
    assert_eq!(binding["subjects"][0]["name"], "okta:sarah@example.com");
}

#[test]
fn all_ways_that_allow_a_request_are_shown() {
    let sandbox = sandbox();
    let second = "{\"apiVersion\": \"rbac.authorization.k8s.io/v1\", \"kind\": \"ClusterRoleBinding\", \"metadata\": {\"name\": \"all \\u001b[31m\\u202e\"},\n\
        \"roleRef\": {\"kind\": \"ClusterRole\", \"name\": \"developer\"}, \"subjects\": [{\"kind\": \"Group\", \"name\": \"system:authenticated\"}]}";
    fs::create_dir(sandbox.path("more")).unwrap();
    fs::write(sandbox.path("more/binding.json"), second).unwrap();
    fs::write(sandbox.path("more/notes.txt"), "not read").unwrap();
    let ways = ask(
        &sandbox,
        &["explain", "get", "pods", "-n", "team-platform", "-f", "more"],
    );
    insta::assert_snapshot!(sandbox.filtered(&ways), @r#"
    yes: okta:sarah@example.com can list pods in team-platform
      1. ClusterRole "developer", rule 1 (policy.yaml:2): get, list, watch: pods,
         services, configmaps
         by ClusterRoleBinding "all [31m" (more/binding.json:1) to Group
         "system:authenticated"
      2. ClusterRole "developer", rule 1 (policy.yaml:2): get, list, watch: pods,
         services, configmaps
         by RoleBinding "developers/team-platform" (policy.yaml:39) to Group
         "okta:k8s-developers"

    groups: okta:k8s-developers, system:authenticated
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: `kubectl get` without a name asks for `list`; for the verb `get`: --api-verb
    exit: 0
    "#);
}
