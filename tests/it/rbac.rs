//! `rbac can` and `rbac explain`, as a person sees them.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

const POLICY: &str = include_str!("../data/rbac/team-platform.yaml");

fn run_with_input(sandbox: &Sandbox, args: &[&str], input: &[u8]) -> Outcome {
    let mut process = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"))
        .arg("rbac")
        .args(args)
        .env_clear()
        .env("HOME", sandbox.path(""))
        .env("PATH", "/usr/bin:/bin")
        .current_dir(sandbox.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads no input may end before it is written.
    process.stdin.take().unwrap().write_all(input).ok();
    let output = process.wait_with_output().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

/// Asks for Sarah, of the developers.
fn ask(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let who = [
        "--as=okta:sarah@example.com",
        "--as-group=okta:k8s-developers",
        "-f",
        "policy.yaml",
    ];
    run_with_input(sandbox, &[args, &who].concat(), b"")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::unattended();
    fs::write(sandbox.path("policy.yaml"), POLICY).unwrap();
    sandbox
}

#[test]
fn what_is_allowed_is_said_with_the_reason_of_the_api_server() {
    let sandbox = sandbox();
    let watch = ask(&sandbox, &["can", "get", "po", "-w", "-n", "team-platform"]);
    insta::assert_snapshot!(sandbox.filtered(&watch), @r#"
    yes: okta:sarah@example.com can list pods in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    yes: okta:sarah@example.com can watch pods in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    exit: 0
    "#);
    let logs = ask(&sandbox, &["can", "logs", "web-1", "-n", "team-platform"]);
    insta::assert_snapshot!(sandbox.filtered(&logs), @r#"
    yes: okta:sarah@example.com can get pods web-1 in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    yes: okta:sarah@example.com can get pods/log web-1 in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    exit: 0
    "#);
    let exec = ask(&sandbox, &["can", "exec", "web-1", "-n", "team-platform"]);
    insta::assert_snapshot!(sandbox.filtered(&exec), @r#"
    yes: okta:sarah@example.com can get pods web-1 in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    no: okta:sarah@example.com cannot create pods/exec web-1 in team-platform
    stderr: note: kubectl first tries a WebSocket, for which the API server asks for `get` on the subresource too; without it, kubectl falls back
    exit: 1
    "#);
    let nodes = ask(
        &sandbox,
        &[
            "can",
            "delete",
            "nodes",
            "n1",
            "-n",
            "team-platform",
            "--output=yaml",
        ],
    );
    insta::assert_snapshot!(sandbox.filtered(&nodes), @r#"
    allowed: false
    groups:
    - okta:k8s-developers
    - system:authenticated
    notes:
    - "nodes belong to the cluster, so `-n team-platform` is left out, as kubectl does"
    requests:
    - name: n1
      allowed: false
      group: ""
      namespace: ""
      reason: ""
      resource: nodes
      subresource: ""
      verb: delete
    user: okta:sarah@example.com
    exit: 1
    "#);
    let masters = ask(&sandbox, &["can", "get", "/metrics", "--as-group=system:masters"]);
    insta::assert_snapshot!(sandbox.filtered(&masters), @"
    yes: okta:sarah@example.com can get /metrics
      a member of system:masters may do everything; RBAC is not asked
    exit: 0
    ");
}

#[test]
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
    let line = r#"Error from server (Forbidden): nodes is forbidden: User "okta:sarah@example.com" cannot list resource "nodes" in API group "" at the cluster scope"#;
    let pasted = run_with_input(
        &sandbox,
        &["explain", line, "-f", "-", "-o", "json"],
        POLICY.as_bytes(),
    );
    insta::assert_snapshot!(sandbox.filtered(&pasted), @r#"
    {
      "allowed": false,
      "groups": [
        "system:authenticated"
      ],
      "limits": "RBAC alone was judged: not Node, webhook and cloud authorizers, and not admission",
      "notes": [],
      "requests": [
        {
          "allowed": false,
          "group": "",
          "name": "",
          "namespace": "",
          "nearest": [
            {
              "binding": null,
              "change": "change: bind the role to okta:sarah@example.com, which opens all of the role's rules (1) to that user",
              "content": {
                "apiGroups": [
                  ""
                ],
                "resources": [
                  "nodes"
                ],
                "verbs": [
                  "get",
                  "list",
                  "watch"
                ]
              },
              "differences": [
                {
                  "text": "no binding has the role",
                  "what": "unbound"
                }
              ],
              "role": {
                "kind": "ClusterRole",
                "name": "node-reader",
                "place": "standard input:30"
              },
              "rule": 1
            },
            {
              "binding": {
                "kind": "RoleBinding",
                "name": "admins",
                "namespace": "team-platform",
                "place": "standard input:53"
              },
              "change": null,
              "content": {
                "apiGroups": [
                  "*"
                ],
                "resources": [
                  "*"
                ],
                "verbs": [
                  "*"
                ]
              },
              "differences": [
                {
                  "text": "the binding is of a namespace, and the request is for the whole cluster",
                  "what": "namespace"
                },
                {
                  "text": "the subject differs: it is neither okta:sarah@example.com nor a group of that user",
                  "what": "subject"
                }
              ],
              "role": {
                "kind": "ClusterRole",
                "name": "namespace-admin",
                "place": "standard input:21"
              },
              "rule": 1
            }
          ],
          "reason": "",
          "resource": "nodes",
          "subresource": "",
          "verb": "list"
        }
      ],
      "smallestChange": [
        {
          "apiVersion": "rbac.authorization.k8s.io/v1",
          "kind": "ClusterRole",
          "metadata": {
            "name": "okta-sarah-example-com-list-nodes"
          },
          "rules": [
            {
              "apiGroups": [
                ""
              ],
              "resources": [
                "nodes"
              ],
              "verbs": [
                "list"
              ]
            }
          ]
        },
        {
          "apiVersion": "rbac.authorization.k8s.io/v1",
          "kind": "ClusterRoleBinding",
          "metadata": {
            "name": "okta-sarah-example-com-list-nodes"
          },
          "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "okta-sarah-example-com-list-nodes"
          },
          "subjects": [
            {
              "apiGroup": "rbac.authorization.k8s.io",
              "kind": "User",
              "name": "okta:sarah@example.com"
            }
          ]
        }
      ],
      "user": "okta:sarah@example.com"
    }
    exit: 1
    "#);
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

#[test]
fn what_is_no_policy_or_no_question_is_refused_with_what_to_do() {
    let sandbox = sandbox();
    fs::write(
        sandbox.path("star.yaml"),
        "a: b\n---\nkind: Role\nrules:\n- verbs: [*]\n",
    )
    .unwrap();
    fs::write(sandbox.path("pod.yaml"), "apiVersion: v1\nkind: Pod\n").unwrap();
    let other = POLICY.replacen("  verbs: [get, list, watch]", "  verbs: [list]", 1);
    fs::write(sandbox.path("other.yaml"), other).unwrap();
    let cases: [&[&str]; 8] = [
        &["can", "get", "pods", "-f", "star.yaml", "--as=a"],
        &["can", "get", "pods", "-f", "pod.yaml", "--as=a"],
        &["can", "get", "pods", "-f", "missing.yaml", "--as=a"],
        &["can", "get", "pods", "-f", "policy.yaml"],
        &["can", "pods", "-f", "policy.yaml", "--as=a"],
        &["can", "get", "pods", "a", "b", "-f", "policy.yaml", "--as=a"],
        &["can", "gett", "podz", "-f", "policy.yaml", "--as=a"],
        &[
            "can",
            "get",
            "ns",
            "-f",
            "policy.yaml",
            "-f",
            "other.yaml",
            "--as=a",
        ],
    ];
    let told: String = cases
        .iter()
        .map(|args| sandbox.told(&args.join(" "), &run_with_input(&sandbox, args, b"")))
        .collect();
    insta::assert_snapshot!(told, @"
    can get pods -f star.yaml --as=a
    stderr: error: star.yaml:5: what begins here is not valid YAML
    stderr: hint: correct it, or name single files with --filename; of a cluster: kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json
    exit: 2

    can get pods -f pod.yaml --as=a
    stderr: error: there is no role and no binding in the files, but 1 object of another kind
    stderr: hint: write those of a cluster with: kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json
    exit: 2

    can get pods -f missing.yaml --as=a
    stderr: error: the policy cannot be read
    stderr: caused by: cannot read `missing.yaml`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: correct the path that --filename has: a relative one begins in the directory in which kubectl was called
    exit: 2

    can get pods -f policy.yaml
    stderr: error: nobody is named who asks
    stderr: hint: name the user as the API server knows it, with --as, and the groups with --as-group; kubectl auth whoami shows both
    exit: 2

    can pods -f policy.yaml --as=a
    stderr: error: a verb and a resource are needed
    stderr: hint: write them as for kubectl: get pods, delete deploy web, get /healthz
    exit: 2

    can get pods a b -f policy.yaml --as=a
    stderr: error: `pods a b` is more than a verb, a resource and a name
    stderr: hint: write one name; quote a line that was copied
    exit: 2

    can gett podz -f policy.yaml --as=a
    stderr: note: `gett` is no verb of Kubernetes, and is asked as it is; did you mean `get`?
    stderr: note: `podz` is not known, and is asked as it is; did you mean `pods`?
    exit: 1

    can get ns -f policy.yaml -f other.yaml --as=a
    stderr: warning: ClusterRole developer is different in policy.yaml:2 and in other.yaml:2; the latter counts
    stderr: note: `kubectl get` without a name asks for `list`; for the verb `get`: --api-verb
    exit: 1
    ");
}
