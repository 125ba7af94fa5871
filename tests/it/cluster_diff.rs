//! `cluster diff`, as a person sees it.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

fn diff(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    command
        .args(["cluster", "diff"])
        .args(args)
        .env_clear()
        .env("HOME", sandbox.path(""))
        .current_dir(sandbox.path(""));
    let output = command.stdin(Stdio::null()).output().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

const OLD: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://org.okta.com/oauth2/default
    audiences: [0oa1, 0oa2]
    audienceMatchPolicy: MatchAny
  claimMappings:
    username: {claim: sub, prefix: 'okta:'}
    groups: {claim: groups, prefix: 'okta:'}
- issuer:
    url: https://login.example.com/realms/emergency
    audiences: [kubernetes]
  claimMappings:
    username: {claim: sub, prefix: 'dr:'}
";

const NEW: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://org.okta.com/oauth2/default
    audiences: [0oa1]
  claimValidationRules:
  - {claim: organization, requiredValue: example}
  claimMappings:
    username: {claim: email, prefix: 'okta:'}
    groups: {claim: groups, prefix: 'corp:'}
  userValidationRules:
  - expression: \"!user.username.startsWith('system:')\"
    message: the prefix is reserved
";

const POLICY: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ada}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: 'okta:00u1'}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: developers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'okta:dev'}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'corp:dev'}
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::unattended();
    for (name, text) in [("old.yaml", OLD), ("new.yaml", NEW), ("rbac.yaml", POLICY)] {
        fs::write(sandbox.path(name), text).unwrap();
    }
    sandbox
}

fn write_token(sandbox: &Sandbox, name: &str, claims: &str) {
    let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let token = format!(
        "{}.{}.{}",
        part("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"),
        part(claims),
        part("signature")
    );
    fs::write(sandbox.path(name), token).unwrap();
}

const ADA: &str = r#"{"iss":"https://org.okta.com/oauth2/default","aud":"0oa1","sub":"00u1","email":"ada@example.com","organization":"example","groups":["dev"],"exp":4102444800}"#;

#[test]
fn a_change_is_told_in_terms_of_people_bindings_and_tokens() {
    let sandbox = sandbox();
    write_token(&sandbox, "ada.jwt", ADA);
    write_token(&sandbox, "bob.jwt", &ADA.replace("0oa1", "0oa2"));
    let outcome = diff(
        &sandbox,
        &[
            "old.yaml",
            "new.yaml",
            "--rbac=rbac.yaml",
            "--token=ada.jwt",
            "--token=bob.jwt",
        ],
    );
    insta::assert_snapshot!(sandbox.filtered(&outcome), @"
    old: old.yaml (AuthenticationConfiguration v1)
    new: new.yaml (AuthenticationConfiguration v1)

    issuer https://org.okta.com/oauth2/default
      audience   tokens with the audience `0oa2` are refused
                 before: `0oa1`, `0oa2`
                 after:  `0oa1`
      username   the username changes from claim `sub` to claim `email`
                 before: claim `sub` with the prefix `okta:`
                 after:  claim `email` with the prefix `okta:`
                 - every user of this issuer gets another name; bindings to names of
                   the old form (claim `sub` with the prefix `okta:`) reach nobody
      groups     the prefix of groups changes from `okta:` to `corp:`
                 before: claim `groups` with the prefix `okta:`
                 after:  claim `groups` with the prefix `corp:`
                 - bindings to groups that begin with `okta:` reach nobody
      claim      claim `organization` has to be `example` from now on

    issuer https://login.example.com/realms/emergency
      issuer     the issuer goes, with the client id `kubernetes`
                 before: username: claim `sub` with the prefix `dr:`; groups: none
                 after:  none

    locked out
      of https://org.okta.com/oauth2/default
      - people whose tokens have the audience `0oa2` and none of `0oa1`
      - people whose token has no claim `email`
      - people whose address is not verified (`email_verified` is there, and not
        true)
      - people without claim `organization`, or with another value than `example`
      of https://login.example.com/realms/emergency
      - everybody of this issuer

    ada.jwt: the owner of this token changes
      before: okta:00u1, groups okta:dev
      after:  okta:ada@example.com, groups corp:dev
      loses:  ClusterRoleBinding ada (rbac.yaml:1)

    bob.jwt: the owner of this token is locked out
      before: okta:00u1, groups okta:dev
      after:  refused: its audience `0oa2` is none of `0oa1`
      loses:  ClusterRoleBinding ada (rbac.yaml:1)
      loses:  RoleBinding shop/developers (rbac.yaml:8)

    bindings that reach nobody by this change
      rbac.yaml:1: ClusterRoleBinding ada, User okta:00u1
      rbac.yaml:8: RoleBinding shop/developers, Group okta:dev

    bindings that can reach somebody from now on
      rbac.yaml:8: RoleBinding shop/developers, Group corp:dev
    exit: 1
    ");
    assert!(outcome.stdout.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn what_makes_the_same_of_each_token_is_no_difference() {
    let sandbox = sandbox();
    let description = "apiVersion: kubesesame/v1alpha1\nkind: ClusterAccess\nplatform: {name: config}\nissuers:\n- name: okta\n  \
         url: https://org.okta.com/oauth2/default\n  clientIds: [0oa1]\n  username: {claim: sub, prefix: 'okta:'}\n  groups: {claim: groups, prefix: 'okta:'}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    \
         - --oidc-issuer-url=https://org.okta.com/oauth2/default\n    - --oidc-client-id=0oa1\n    - '--oidc-username-prefix=okta:'\n    \
         - --oidc-groups-claim=groups\n    - '--oidc-groups-prefix=okta:'\n";
    fs::write(sandbox.path("kubesesame.yaml"), description).unwrap();
    fs::write(sandbox.path("pod.yaml"), pod).unwrap();
    insta::assert_snapshot!(sandbox.filtered(&diff(&sandbox, &["pod.yaml", "kubesesame.yaml"])), @"
    old: pod.yaml (static pod of kube-apiserver)
    new: kubesesame.yaml (description of kubesesame)

    note: https://org.okta.com/oauth2/default: tokens signed with ES256, ES384,
          ES512, PS256, PS384, PS512, RS384, RS512 are accepted too

    no difference for people
    exit: 0
    ");
    let described = description
        .replace("[0oa1]", "[0oa1, 0oa2]")
        .replace("config", "kubeadm");
    fs::write(sandbox.path("new-description.yaml"), described).unwrap();
    let outcome = diff(
        &sandbox,
        &["kubesesame.yaml", "new-description.yaml", "--output=yaml"],
    );
    insta::assert_snapshot!(sandbox.filtered(&outcome), @r#"
    changes:
    - issuer: https://org.okta.com/oauth2/default
      after: "`0oa1`, `0oa2`"
      before: "`0oa1`"
      effects: []
      lockedOut: []
      subject: audience
      text: "tokens with the audience `0oa2` are accepted too"
    differs: true
    lockedOut: []
    new:
      kind: "description of kubesesame"
      file: new-description.yaml
    notes: []
    old:
      kind: "description of kubesesame"
      file: kubesesame.yaml
    exit: 1
    "#);
}

fn write_unusable(sandbox: &Sandbox) {
    fs::write(
        sandbox.path("broken.yaml"),
        OLD.replace("claim: sub", "claims: sub"),
    )
    .unwrap();
    fs::write(
        sandbox.path("kubesesame.yaml"),
        "apiVersion: kubesesame/v1alpha1\nkind: ClusterAccess\nissuer: []\n",
    )
    .unwrap();
    fs::write(sandbox.path("elsewhere.yaml"), "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver, --authentication-config=/etc/a.yaml]\n").unwrap();
}

#[test]
fn a_file_that_cannot_be_compared_is_an_error_with_the_exit_code_2() {
    let sandbox = sandbox();
    write_unusable(&sandbox);
    let told: String = [
        &["old.yaml"][..],
        &["old.yaml", "missing.yaml"],
        &["old.yaml", "broken.yaml"],
        &["old.yaml", "kubesesame.yaml"],
        &["old.yaml", "elsewhere.yaml"],
        &["-", "-"],
        &["old.yaml", "new.yaml", "--token=missing"],
        &["old.yaml", "new.yaml", "--rbac=old.yaml"],
    ]
    .iter()
    .map(|args| {
        let outcome = diff(&sandbox, args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{args:?}");
        sandbox.told(&args.join(" "), &outcome)
    })
    .collect();
    insta::assert_snapshot!(told, @r#"
    old.yaml
    stderr: error: the following required arguments were not provided: <NEW>
    stderr: hint: see kubesesame cluster --help
    exit: 2

    old.yaml missing.yaml
    stderr: error: a file cannot be checked
    stderr: caused by: cannot read `missing.yaml`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: name a file of at most 32 MiB that can be read; `-` is standard input
    exit: 2

    old.yaml broken.yaml
    stderr: error: the API server would refuse `broken.yaml`: line 9: strict decoding error: unknown field "jwt[0].claimMappings.username.claims", unknown field "jwt[1].claimMappings.username.claims"
    stderr: hint: see all of it: kubesesame cluster check broken.yaml
    exit: 2

    old.yaml kubesesame.yaml
    stderr: error: kubesesame.yaml:3: `issuer` is no field of a description
    stderr: hint: did you mean `issuers`?
    exit: 2

    old.yaml elsewhere.yaml
    stderr: error: elsewhere.yaml:5: --authentication-config names another file, which has the settings: /etc/a.yaml
    stderr: hint: compare that file, as it is on the control plane
    exit: 2

    - -
    stderr: error: standard input is named twice, and cannot be read twice
    stderr: hint: put one of the two into a file, and name that
    exit: 2

    old.yaml new.yaml --token=missing
    stderr: error: cannot read `missing`
    stderr: caused by: No such file or directory (os error 2)
    stderr: hint: the argument is the name of a file with the token; - is standard input
    exit: 2

    old.yaml new.yaml --rbac=old.yaml
    stderr: error: there is no role and no binding in the files, but 1 object of another kind
    stderr: hint: write those of a cluster with: kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json
    exit: 2
    "#);
}
