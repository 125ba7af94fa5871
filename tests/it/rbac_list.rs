//! `rbac list`, as a person sees it, and who asks by a token.

use std::fs;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::logout::with_kubeconfig;
use crate::rbac::{run_with_input, sandbox};
use crate::support::{Outcome, Sandbox};

const MORE: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: base}
rules:
- {apiGroups: [""], resources: [namespaces], verbs: [list, watch]}
- {apiGroups: ["apps"], resources: ["*"], verbs: ["*"]}
- {apiGroups: ["kustomize.toolkit.fluxcd.io"], resources: [kustomizations/status], verbs: [get, use]}
- {nonResourceURLs: [/healthz, "/api*"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: base}
roleRef: {kind: ClusterRole, name: base}
subjects:
- {kind: Group, name: "system:authenticated"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: everything}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get, deletecollection], resourceNames: [tls, db]}
- {apiGroups: [""], resources: [nodes, namespaces], verbs: ["*"]}
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: everything, namespace: team-platform}
roleRef: {kind: ClusterRole, name: everything}
subjects:
- {kind: User, name: "okta:sarah@example.com"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: gone, namespace: other}
roleRef: {kind: Role, name: gone}
subjects:
- {kind: User, name: "okta:sarah@example.com"}
"#;

const DESCRIPTION: &str = "apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
issuers:
- name: okta
  url: https://org.okta.example/oauth2/default
  clientIds: [client]
  username: {claim: email, prefix: 'okta:'}
  groups: {claim: groups, prefix: 'okta:'}
";

const FILES: [&str; 4] = ["-f", "policy.yaml", "-f", "more.yaml"];

fn prepared() -> Sandbox {
    let sandbox = sandbox();
    fs::write(sandbox.path("more.yaml"), MORE).unwrap();
    fs::write(sandbox.path("kubesesame.yaml"), DESCRIPTION).unwrap();
    sandbox
}

fn list(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let who = ["--as=okta:sarah@example.com", "--as-group=okta:k8s-developers"];
    run_with_input(sandbox, &[&["list"], args, &who, &FILES].concat(), b"")
}

/// Makes a token that nobody has signed: whose it is said to be is all that is asked.
fn token(claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot is long")]
fn rights_are_a_table_of_resources_and_verbs() {
    let sandbox = prepared();
    let one = list(&sandbox, &["-n", "team-platform"]);
    insta::assert_snapshot!(sandbox.filtered(&one), @"
    okta:sarah@example.com (groups: okta:k8s-developers, system:authenticated)

    in team-platform:
      resource               get list watch create update patch delete
      configmaps             x   x    x     -      -      -     -
      namespaces             -   x    x     -      -      -     -
      namespaces (this one)  x   x    x     -      x      x     x
      pods                   x   x    x     -      -      -     -
      pods/log               x   -    -     -      -      -     -
      secrets named db, tls  x   -    -     -      -      -     -
        and deletecollection
      secrets named web-tls  x   -    -     -      -      -     -
      services               x   x    x     -      -      -     -
      *.apps                 x   x    x     x      x      x     x
        and every other verb
      *.apps/scale           x   x    x     x      x      x     x
        and every other verb
      deployments.apps       x   x    x     x      x      x     x
        and every other verb
      kustomizations.kustomize.toolkit.fluxcd.io/status
                             x   -    -     -      -      -     -
        and use
      get: /api*, /healthz
      without effect, since a RoleBinding cannot grant it: /metrics, nodes

    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    ");
    let all = list(&sandbox, &["-A"]);
    insta::assert_snapshot!(sandbox.filtered(&all), @"
    okta:sarah@example.com (groups: okta:k8s-developers, system:authenticated)

    in all namespaces:
      resource    get list watch create update patch delete
      namespaces  -   x    x     -      -      -     -
      *.apps      x   x    x     x      x      x     x
        and every other verb
      kustomizations.kustomize.toolkit.fluxcd.io/status
                  x   -    -     -      -      -     -
        and use
      get: /api*, /healthz

    in other, besides:
      nothing

    in team-platform, besides:
      resource               get list watch create update patch delete
      configmaps             x   x    x     -      -      -     -
      namespaces (this one)  x   -    -     -      x      x     x
      pods                   x   x    x     -      -      -     -
      pods/log               x   -    -     -      -      -     -
      secrets named db, tls  x   -    -     -      -      -     -
        and deletecollection
      secrets named web-tls  x   -    -     -      -      -     -
      services               x   x    x     -      -      -     -
      *.apps/scale           x   x    x     -      x      x     -
      deployments.apps       x   x    x     -      x      x     -
      without effect, since a RoleBinding cannot grant it: /metrics, nodes

    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    ");
}

#[test]
fn rights_are_a_tree_of_subjects_bindings_roles_and_rules() {
    let sandbox = prepared();
    let tree = list(&sandbox, &["-A", "--tree"]);
    insta::assert_snapshot!(sandbox.filtered(&tree), @r#"
    okta:sarah@example.com (groups: okta:k8s-developers, system:authenticated)

    in all namespaces:
      Group "system:authenticated"
        ClusterRoleBinding "base" (more.yaml:11)
          ClusterRole "base" (more.yaml:2)
            list, watch: namespaces
            *: *.apps
            get, use: kustomizations.kustomize.toolkit.fluxcd.io/status
            get: /healthz, /api*

    in other, besides:
      User "okta:sarah@example.com"
        RoleBinding "gone/other" (more.yaml:33)
          Role "gone" is not there

    in team-platform, besides:
      Group "okta:k8s-developers"
        RoleBinding "developers/team-platform" (policy.yaml:39)
          ClusterRole "developer" (policy.yaml:2)
            get, list, watch: pods, services, configmaps
            get: pods/log
            get, list, watch, update, patch: deployments.apps, *.apps/scale
            get: secrets named web-tls
      User "okta:sarah@example.com"
        RoleBinding "everything/team-platform" (more.yaml:26)
          ClusterRole "everything" (more.yaml:18)
            get, deletecollection: secrets named tls, db
            *: nodes, namespaces
            get: /metrics

    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    "#);
    let nobody = run_with_input(&sandbox, &["list", "--as=a", "-f", "policy.yaml"], b"");
    insta::assert_snapshot!(sandbox.filtered(&nobody), @"
    a (groups: system:authenticated)

    in default:
      nothing

    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    stderr: note: the namespace is `default`; for another: -n NAME, for all: -A
    exit: 0
    ");
}

#[test]
fn rights_are_told_to_a_program_as_a_review_has_them() {
    let sandbox = prepared();
    let outcome = list(&sandbox, &["-n", "other", "-o", "json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let section = &value["namespaces"][0];
    assert_eq!(section["namespace"], "other");
    assert_eq!(
        section["evaluationError"],
        r#"role.rbac.authorization.k8s.io "gone" not found"#
    );
    assert_eq!(
        section["nonResourceRules"],
        json!([{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api*"]}])
    );
    assert_eq!(section["bindings"][1]["role"], Value::Null);
    assert_eq!(
        section["table"][0],
        json!({"group": "", "resource": "namespaces", "verbs": ["list", "watch"]})
    );
}

#[test]
fn the_owner_of_a_token_asks_by_the_mapping_of_its_claims() {
    let sandbox = prepared();
    let claims = |aud: &str| {
        json!({"iss": "https://org.okta.example/oauth2/default", "aud": aud, "sub": "1", "email": "sarah@example.com", "email_verified": true, "groups": ["k8s-developers"],
            "exp": 4_102_444_800_u64, "iat": 1_700_000_000})
    };
    let ask = |words: &[&str], token: &str| {
        let args = [words, &["-n", "team-platform", "--token=-", "-f", "policy.yaml"]].concat();
        run_with_input(&sandbox, &args, token.as_bytes())
    };
    let can = ask(&["can", "get", "pods"], &token(&claims("client")));
    insta::assert_snapshot!(sandbox.filtered(&can), @r#"
    yes: okta:sarah@example.com can list pods in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    stderr: note: `kubectl get` without a name asks for `list`; for the verb `get`: --api-verb
    exit: 0
    "#);
    let explained = ask(&["explain", "list", "pods"], &token(&claims("client")));
    insta::assert_snapshot!(sandbox.filtered(&explained), @r#"
    yes: okta:sarah@example.com can list pods in team-platform
      1. ClusterRole "developer", rule 1 (policy.yaml:2): get, list, watch: pods,
         services, configmaps
         by RoleBinding "developers/team-platform" (policy.yaml:39) to Group
         "okta:k8s-developers"

    groups: okta:k8s-developers, system:authenticated
    RBAC alone was judged: not Node, webhook and cloud authorizers, and not
    admission
    exit: 0
    "#);
    let refused = ask(&["list"], &token(&claims("other")));
    insta::assert_snapshot!(sandbox.filtered(&refused), @"
    stderr: error: an API server makes no user of the token: its audience `other` is none of `client`
    stderr: hint: compare it with the mapping: kubesesame token inspect; name another by --authentication-config
    exit: 2
    ");
    fs::write(sandbox.path("kubesesame.yaml"), "a: b\n").unwrap();
    let mapping = ask(&["can", "get", "pods"], &token(&claims("client")));
    insta::assert_snapshot!(sandbox.filtered(&mapping), @"
    stderr: error: kubesesame.yaml:1: `a` is no field of a description
    stderr: hint: the fields here are apiVersion, kind, cluster, platform, issuers, groups, network, admission
    exit: 2
    ");
}

#[test]
fn the_owner_of_a_session_asks_by_the_mapping_of_its_claims() {
    let sandbox = Sandbox::with_tls();
    let entry = sandbox.get_token().arg(&format!(
        "--certificate-authority={}",
        sandbox.path("ca.pem").display()
    ));
    entry.run().token();
    let kubeconfig = with_kubeconfig(&sandbox, &entry);
    fs::write(sandbox.path("policy.yaml"), crate::rbac::POLICY).unwrap();
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [{
            "issuer": {"url": sandbox.okta.issuer(), "audiences": [sandbox.okta.client_id()]},
            "claimMappings": {"username": {"claim": "sub", "prefix": "okta:"}, "groups": {"claim": "groups", "prefix": "okta:"}},
        }],
    });
    fs::write(sandbox.path("authn.json"), configuration.to_string()).unwrap();
    let kubeconfig = format!("--kubeconfig={kubeconfig}");
    let ask = |session: &str| {
        let args = [
            "can",
            "list",
            "pods",
            "-n",
            "team-platform",
            session,
            &kubeconfig,
            "--authentication-config=authn.json",
            "-f",
            "policy.yaml",
        ];
        run_with_input(&sandbox, &args, b"")
    };
    let current = ask("--session");
    insta::assert_snapshot!(sandbox.filtered(&current), @r#"
    yes: okta:00ualice can list pods in team-platform
      RBAC: allowed by RoleBinding "developers/team-platform" of ClusterRole
      "developer" to Group "okta:k8s-developers"
    exit: 0
    "#);
    let named = ask("--context=prod");
    assert_eq!((named.code, named.stdout), (current.code, current.stdout));
}

#[test]
fn without_a_session_the_way_to_name_somebody_is_told() {
    let sandbox = prepared();
    let session = run_with_input(
        &sandbox,
        &["can", "get", "pods", "--session", "-f", "policy.yaml"],
        b"",
    );
    insta::assert_snapshot!(sandbox.filtered(&session), @"
    stderr: error: there is no kubeconfig: `[HOME]/.kube/config` is missing
    stderr: hint: name the file with --kubeconfig, or set KUBECONFIG; if there is none yet, get the cluster's entry first, from whoever runs it or by its tool (such as aws eks update-kubeconfig), and add yours: kubesesame setup --write
    exit: 2
    ");
}
