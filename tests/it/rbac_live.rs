//! `rbac` without files: the policy that a stand-in for kubectl lists, page by page, and what is told if it does not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::rbac::sandbox;
use crate::support::{Outcome, Sandbox};

/// Lists roles in two pages, says who calls, and writes down how it was called.
const KUBECTL: &str = r#"#!/bin/sh
echo "$*" >> "$HOME/calls"
rule='"rules":[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]'
group='"apiGroup":"rbac.authorization.k8s.io"'
list() { echo "{\"kind\":\"$1List\",\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"metadata\":{$2},\"items\":[$3]}"; }
case "$*" in
  *"/clusterroles?limit=5000&continue=p2 "*) list ClusterRole '"continue":""' "{\"metadata\":{\"name\":\"reader\",\"uid\":\"1\"},$rule}" ;;
  *"/clusterroles?limit=5000 "*) list ClusterRole '"continue":"p2"' "{\"metadata\":{\"name\":\"first\",\"uid\":\"0\"},\"rules\":null}" ;;
  *"/clusterrolebindings?limit=5000 "*) list ClusterRoleBinding '"resourceVersion":"1"' "" ;;
  *"/roles?limit=5000 "*) list Role '"resourceVersion":"1"' "" ;;
  *"/rolebindings?limit=5000 "*) list RoleBinding '"resourceVersion":"1"' "{\"metadata\":{\"name\":\"readers\",\"namespace\":\"shop\",\"uid\":\"2\"},\"roleRef\":{$group,\"kind\":\"ClusterRole\",\"name\":\"reader\"},\"subjects\":[{$group,\"kind\":\"Group\",\"name\":\"okta:devs\"}]}" ;;
  "config view "*) printf shop ;;
  "auth whoami "*) echo '{"status":{"userInfo":{"username":"okta:sarah","groups":["okta:devs","system:authenticated"]}}}' ;;
  *) echo "error: unexpected: $*" >&2; exit 1 ;;
esac
"#;

/// Runs it with this kubectl on the `PATH`; without one if it is empty.
fn run(sandbox: &Sandbox, kubectl: &str, args: &[&str]) -> Outcome {
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let path = bin.join("kubectl");
    if !kubectl.is_empty() {
        fs::write(&path, kubectl).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // The machine may have a kubectl.
    let search_path = if kubectl.is_empty() {
        bin.display().to_string()
    } else {
        format!("{}:/usr/bin:/bin", bin.display())
    };
    let output = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"))
        .arg("rbac")
        .args(args)
        .env_clear()
        .env("HOME", sandbox.path(""))
        .env("PATH", search_path)
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn the_policy_of_the_cluster_is_listed_page_by_page_and_the_caller_asks() {
    let sandbox = sandbox();
    let can = run(
        &sandbox,
        KUBECTL,
        &[
            "can",
            "get",
            "po",
            "-n",
            "shop",
            "--context=prod",
            "--kubeconfig=k.yaml",
        ],
    );
    insta::assert_snapshot!(sandbox.filtered(&can), @r#"
    yes: okta:sarah can list pods in shop
      RBAC: allowed by RoleBinding "readers/shop" of ClusterRole "reader" to Group
      "okta:devs"
    stderr: note: `kubectl get` without a name asks for `list`; for the verb `get`: --api-verb
    exit: 0
    "#);
    let calls = fs::read_to_string(sandbox.path("calls")).unwrap();
    let mut calls: Vec<&str> = calls.lines().collect();
    calls.sort_unstable();
    insta::assert_snapshot!(calls.join("\n"), @"
    auth whoami --output=json --request-timeout=180s --kubeconfig=k.yaml --context=prod
    config view --minify --output=jsonpath={.contexts[0].context.namespace} --request-timeout=10s --kubeconfig=k.yaml --context=prod
    get --raw=/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?limit=5000 --request-timeout=180s --kubeconfig=k.yaml --context=prod
    get --raw=/apis/rbac.authorization.k8s.io/v1/clusterroles?limit=5000 --request-timeout=180s --kubeconfig=k.yaml --context=prod
    get --raw=/apis/rbac.authorization.k8s.io/v1/clusterroles?limit=5000&continue=p2 --request-timeout=180s --kubeconfig=k.yaml --context=prod
    get --raw=/apis/rbac.authorization.k8s.io/v1/rolebindings?limit=5000 --request-timeout=180s --kubeconfig=k.yaml --context=prod
    get --raw=/apis/rbac.authorization.k8s.io/v1/roles?limit=5000 --request-timeout=180s --kubeconfig=k.yaml --context=prod
    ");
    let who = run(&sandbox, KUBECTL, &["who-can", "list", "pods"]);
    insta::assert_snapshot!(sandbox.filtered(&who), @r#"
    1 subject can list pods in shop
      Group "okta:devs"
        by RoleBinding "readers/shop" of ClusterRole "reader", rule 1

    members of system:masters may do everything, with and without a binding
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: the namespace is `shop`; for another: -n NAME, for all: -A
    exit: 0
    "#);
    let explained = run(
        &sandbox,
        KUBECTL,
        &[
            "explain",
            "list",
            "pods",
            "-n",
            "shop",
            "--as=okta:joe",
            "--as-group=okta:devs",
        ],
    );
    insta::assert_snapshot!(sandbox.filtered(&explained), @r#"
    yes: okta:joe can list pods in shop
      1. ClusterRole "reader", rule 1: list: pods
         by RoleBinding "readers/shop" to Group "okta:devs"

    groups: okta:devs, system:authenticated
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    "#);
    let listed = run(&sandbox, KUBECTL, &["list", "--output=yaml"]);
    insta::assert_snapshot!(sandbox.filtered(&listed), @r#"
    groups:
    - okta:devs
    - system:authenticated
    limits: "RBAC alone was judged: not Node, webhook and cloud authorizers, and not admission"
    mayDoEverything: false
    namespaces:
    - bindings:
      - binding:
          kind: RoleBinding
          name: readers
          namespace: shop
          place: null
        role:
          kind: ClusterRole
          name: reader
          place: null
        rules:
        - apiGroups:
          - ""
          resources:
          - pods
          verbs:
          - list
        subject: "Group \"okta:devs\""
      incomplete: false
      namespace: shop
      nonResourceRules: []
      resourceRules:
      - apiGroups:
        - ""
        resources:
        - pods
        verbs:
        - list
      table:
      - group: ""
        resource: pods
        verbs:
        - list
      withoutEffect: []
    user: okta:sarah
    exit: 0
    "#);
}

#[test]
fn a_kind_that_may_not_be_listed_and_each_other_failure_is_told() {
    let sandbox = sandbox();
    let words = ["can", "get", "po", "-n", "shop"];
    let denied = r#"  *"/clusterroles?"*|*"/rolebindings?"*) echo 'Error from server (Forbidden): x is forbidden: User "okta:sarah" cannot list resource "x"' >&2; exit 1 ;;"#;
    let denied = KUBECTL.replace("case \"$*\" in\n", &format!("case \"$*\" in\n{denied}\n"));
    let denied = run(&sandbox, &denied, &words);
    insta::assert_snapshot!(sandbox.filtered(&denied), @"
    stderr: error: the API server does not let you list clusterroles, rolebindings
    stderr: hint: it takes `list` on clusterroles, rolebindings of rbac.authorization.k8s.io in the whole cluster (kubectl auth can-i list clusterroles.rbac.authorization.k8s.io -A), or files with --filename; about yourself the API server answers without it: kubectl auth can-i VERB RESOURCE, kubectl auth can-i --list
    exit: 2
    ");
    let unreachable =
        "#!/bin/sh\n[ $1 = config ] && exit 0\necho 'The connection to the server was refused' >&2; exit 1\n";
    let unreachable = run(&sandbox, unreachable, &words);
    insta::assert_snapshot!(sandbox.filtered(&unreachable), @"
    stderr: error: the policy of the cluster cannot be read
    stderr: caused by: the API server could not be asked: The connection to the server was refused
    stderr: hint: see more: kubectl auth whoami -v=6; or name files with --filename
    exit: 2
    ");
    let odd = run(&sandbox, "#!/bin/sh\n[ $1 = config ] || echo '{}'\n", &words);
    insta::assert_snapshot!(sandbox.filtered(&odd), @"
    stderr: error: the policy of the cluster cannot be read
    stderr: caused by: what kubectl printed is no list
    stderr: hint: see more: kubectl auth whoami -v=6; or name files with --filename
    exit: 2
    ");
    fs::remove_file(sandbox.path("bin/kubectl")).unwrap();
    let missing = run(&sandbox, "", &words);
    insta::assert_snapshot!(sandbox.filtered(&missing), @"
    stderr: error: the policy of the cluster cannot be read
    stderr: caused by: there is no kubectl on the PATH
    stderr: hint: install kubectl, or add its directory to PATH; or name files with --filename
    exit: 2
    ");
    let nothing = run(&sandbox, "", &["can"]);
    insta::assert_snapshot!(sandbox.filtered(&nothing), @"
    stderr: error: a verb and a resource are needed
    stderr: hint: write them as for kubectl: get pods, delete deploy web, get /healthz
    exit: 2
    ");
}
