//! `rbac can`, as a person sees it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

pub(crate) const POLICY: &str = include_str!("../data/rbac/team-platform.yaml");

pub(crate) fn run_with_input(sandbox: &Sandbox, args: &[&str], input: &[u8]) -> Outcome {
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
pub(crate) fn ask(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let who = [
        "--as=okta:sarah@example.com",
        "--as-group=okta:k8s-developers",
        "-f",
        "policy.yaml",
    ];
    run_with_input(sandbox, &[args, &who].concat(), b"")
}

pub(crate) fn sandbox() -> Sandbox {
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
}

#[test]
fn what_belongs_to_the_cluster_has_no_namespace_and_masters_may_do_everything() {
    let sandbox = sandbox();
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

const REFUSED: [&[&str]; 8] = [
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
    let told: String = REFUSED
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
    stderr: hint: correct the path that --filename has, or make the file: a relative path begins in the current directory
    exit: 2

    can get pods -f policy.yaml
    stderr: error: nobody is named who asks
    stderr: hint: name the user as the API server knows it, with --as, and the groups with --as-group; kubectl auth whoami shows both; or a token with --token, or --session
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
