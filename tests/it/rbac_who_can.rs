//! `rbac who-can`, as a person sees it.

use std::fs;

use serde_json::{Value, json};

use crate::rbac::{run_with_input, sandbox};
use crate::support::{Outcome, Sandbox};

const MORE: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: secret-reader}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get, list], resourceNames: [db, tls]}
- {apiGroups: [""], resources: ["*"], verbs: [get, list]}
- {nonResourceURLs: ["/metrics*"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: some-secrets}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get, list], resourceNames: [db, tls]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {kind: ClusterRole, name: secret-reader}
subjects:
- {kind: Group, name: "system:serviceaccounts:ci"}
- {kind: Group, name: "system:masters"}
- {kind: User, name: "system:serviceaccount:ci:builder"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: ci}
roleRef: {kind: ClusterRole, name: secret-reader}
subjects:
- {kind: ServiceAccount, name: builder}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: some, namespace: ci}
roleRef: {kind: ClusterRole, name: some-secrets}
subjects:
- {kind: User, name: "okta:joe@example.com"}
"#;

fn ask(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    fs::write(sandbox.path("more.yaml"), MORE).unwrap();
    let files = ["-f", "policy.yaml", "-f", "more.yaml"];
    run_with_input(sandbox, &[&["who-can"], args, &files].concat(), b"")
}

#[test]
fn who_can_is_said_with_each_binding_and_who_can_a_part_of_it() {
    let sandbox = sandbox();
    let secrets = ask(&sandbox, &["list", "secrets", "-n", "ci"]);
    insta::assert_snapshot!(sandbox.filtered(&secrets), @r#"
    2 subjects can list secrets in ci
      Group "system:serviceaccounts:ci": all service accounts of ci
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 2
      ServiceAccount "builder/ci"
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 2
        by RoleBinding "readers/ci" (more.yaml:25) of ClusterRole "secret-reader"
          (more.yaml:2), rule 2
      in part, with some objects or in some namespaces only:
      User "okta:joe@example.com"
        by RoleBinding "some/ci" (more.yaml:32) of ClusterRole "some-secrets"
          (more.yaml:10), rule 1, named db, tls

    members of system:masters may do everything, with and without a binding
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    "#);
    let pods = ask(&sandbox, &["get", "po", "-A"]);
    insta::assert_snapshot!(sandbox.filtered(&pods), @r#"
    2 subjects can list pods in the whole cluster
      Group "system:serviceaccounts:ci": all service accounts of ci
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 2
      ServiceAccount "builder/ci"
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 2
      in part, with some objects or in some namespaces only:
      Group "okta:k8s-developers"
        by RoleBinding "developers/team-platform" (policy.yaml:39) of ClusterRole
          "developer" (policy.yaml:2), rule 1
      Group "okta:k8s-platform"
        by RoleBinding "admins/team-platform" (policy.yaml:53) of ClusterRole
          "namespace-admin" (policy.yaml:21), rule 1

    members of system:masters may do everything, with and without a binding
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: `kubectl get` without a name asks for `list`; for the verb `get`: --api-verb
    exit: 0
    "#);
    let metrics = ask(&sandbox, &["get", "/metrics/slis"]);
    insta::assert_snapshot!(sandbox.filtered(&metrics), @r#"
    2 subjects can get /metrics/slis
      Group "system:serviceaccounts:ci": all service accounts of ci
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 3
      ServiceAccount "builder/ci"
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 3

    members of system:masters may do everything, with and without a binding
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    "#);
}

#[test]
fn nobody_is_exit_code_1_and_members_of_masters_do_not_count() {
    let sandbox = sandbox();
    let nodes = ask(&sandbox, &["delete", "node", "n1", "-n", "team-platform"]);
    insta::assert_snapshot!(sandbox.filtered(&nodes), @"
    nobody can delete nodes n1 in the whole cluster

    members of system:masters may do everything, with and without a binding
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: nodes belong to the cluster, so `-n team-platform` is left out, as kubectl does
    exit: 1
    ");
    let exec = ask(&sandbox, &["exec", "web-1", "-n", "team-platform"]);
    insta::assert_snapshot!(sandbox.filtered(&exec), @r#"
    4 subjects can get pods web-1 in team-platform
      Group "okta:k8s-developers"
        by RoleBinding "developers/team-platform" (policy.yaml:39) of ClusterRole
          "developer" (policy.yaml:2), rule 1
      Group "okta:k8s-platform"
        by RoleBinding "admins/team-platform" (policy.yaml:53) of ClusterRole
          "namespace-admin" (policy.yaml:21), rule 1
      Group "system:serviceaccounts:ci": all service accounts of ci
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 2
      ServiceAccount "builder/ci"
        by ClusterRoleBinding "readers" (more.yaml:16) of ClusterRole
          "secret-reader" (more.yaml:2), rule 2

    1 subject can create pods/exec web-1 in team-platform
      Group "okta:k8s-platform"
        by RoleBinding "admins/team-platform" (policy.yaml:53) of ClusterRole
          "namespace-admin" (policy.yaml:21), rule 1

    members of system:masters may do everything, with and without a binding
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: kubectl first tries a WebSocket, for which the API server asks for `get` on the subresource too; without it, kubectl falls back
    exit: 0
    "#);
    let unknown = ask(&sandbox, &["pods"]);
    insta::assert_snapshot!(sandbox.filtered(&unknown), @"
    stderr: error: a verb and a resource are needed
    stderr: hint: write them as for kubectl: get pods, delete deploy web, get /healthz
    exit: 2
    ");
}

#[test]
fn who_can_is_told_to_a_program() {
    let sandbox = sandbox();
    let secrets = ask(&sandbox, &["list", "secrets", "-n", "ci", "--output=json"]);
    assert_eq!((secrets.code, secrets.stderr.as_str()), (Some(0), ""));
    let value: Value = serde_json::from_str(&secrets.stdout).unwrap();
    let request = &value["requests"][0];
    assert_eq!(request["verb"], "list");
    let kinds: Vec<&Value> = request["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| &subject["name"])
        .collect();
    assert_eq!(kinds, ["system:masters", "system:serviceaccounts:ci", "builder"]);
    assert_eq!(
        request["subjects"][2]["grants"][1],
        json!({
            "binding": {"kind": "RoleBinding", "name": "readers", "namespace": "ci", "place": "more.yaml:25"},
            "role": {"kind": "ClusterRole", "name": "secret-reader", "place": "more.yaml:2"},
            "rules": [2],
        })
    );
    assert_eq!(request["inPart"][0]["grants"][0]["names"], json!(["db", "tls"]));
}
