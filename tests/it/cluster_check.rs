//! `cluster check`, as a person sees it.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Sandbox};

fn check(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesesame-cluster"));
    command
        .args(["cluster", "check"])
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

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";

const TRAPS: &str = "\
jwt:
- issuer:
    url: https://org.okta.com/oauth2/default
    audiences: [0oa1]
  claimMappings:
    username: {expression: \"claims.email\"}
    groups: {expression: \"claims.groups.map(g, 'okta:' + g)\"}
    uid: {expression: \"claims.iat\"}
  userValidationRules:
  - expression: \"user.name != ''\"
";

const GOOD: &str = "\
jwt:
- issuer:
    url: https://org.okta.com/oauth2/default
    audiences: [0oa1]
  claimMappings:
    username: {claim: sub, prefix: 'okta:'}
    groups: {expression: \"dyn(claims.groups).map(g, 'okta:' + g)\"}
    uid: {claim: sub}
";

#[test]
fn what_the_api_server_refuses_is_said_with_its_words_and_the_line() {
    let sandbox = Sandbox::unattended();
    fs::write(sandbox.path("authentication.yaml"), format!("{HEAD}{TRAPS}")).unwrap();
    let outcome = check(&sandbox, &["authentication.yaml", "--kubernetes-version=1.33"]);
    insta::assert_snapshot!(sandbox.filtered(&outcome), @r#"
    authentication.yaml:9: error: jwt[0].claimMappings.groups.expression: Invalid value: "claims.groups.map(g, 'okta:' + g)": compilation failed: ERROR: <input>:1:7: expression of type 'any' cannot be range of a comprehension (must be list, map, or dynamic)
     | claims.groups.map(g, 'okta:' + g)
     | ......^
    authentication.yaml:8: error: jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression
    authentication.yaml:12: error: jwt[0].userValidationRules[0].expression: Invalid value: "user.name != ''": compilation failed: ERROR: <input>:1:5: undefined field 'name'
     | user.name != ''
     | ....^
    authentication.yaml:1: error: apiVersion: apiserver.config.k8s.io/v1 needs Kubernetes 1.34, and this is for 1.33
    authentication.yaml:10: warning: jwt[0].claimMappings.uid.expression: the API server accepts this, and each sign-in fails: `iat` is a number, and the result has to be a string: string(int(claims.iat))
    authentication.yaml: AuthenticationConfiguration v1: refused, 4 errors, 1 warning
    exit: 1
    "#);
    fs::write(sandbox.path("good.yaml"), format!("{HEAD}{GOOD}")).unwrap();
    insta::assert_snapshot!(sandbox.filtered(&check(&sandbox, &["good.yaml"])), @"
    good.yaml: AuthenticationConfiguration v1: accepted
    exit: 0
    ");
    insta::assert_snapshot!(sandbox.filtered(&check(&sandbox, &["good.yaml", "--output=json", "--service-account-issuer=https://org.okta.com/oauth2/default"])), @r#"
    {
      "files": [
        {
          "accepted": false,
          "file": "good.yaml",
          "findings": [
            {
              "field": "jwt[0].issuer.url",
              "line": 5,
              "message": "Invalid value: \"https://org.okta.com/oauth2/default\": URL must not overlap with disallowed issuers: [https://org.okta.com/oauth2/default]",
              "severity": "error"
            }
          ],
          "kind": "AuthenticationConfiguration v1"
        }
      ]
    }
    exit: 1
    "#);
}

#[test]
fn a_token_becomes_a_user_or_a_reason() {
    let sandbox = Sandbox::unattended();
    fs::write(sandbox.path("good.yaml"), format!("{HEAD}{GOOD}")).unwrap();
    let token = |claims: &str| {
        let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let token = format!(
            "{}.{}.{}",
            part("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"),
            part(claims),
            part("signature")
        );
        fs::write(sandbox.path("token"), token).unwrap();
        check(&sandbox, &["good.yaml", "--token=token"])
    };
    let claims = r#"{"iss":"https://org.okta.com/oauth2/default","aud":"0oa1","sub":"00u1","groups":["dev","ops"],"exp":4102444800}"#;
    insta::assert_snapshot!(sandbox.filtered(&token(claims)), @"
    good.yaml: AuthenticationConfiguration v1: accepted
    token: accepted by jwt[0], if its signature is right
      user    okta:00u1 (claim `sub`, prefix `okta:`)
      uid     00u1
      groups  okta:dev, okta:ops (expression)
    exit: 0
    ");
    let expired = sandbox.filtered(&token(&claims.replace("4102444800", "1700000000")));
    assert!(
        expired.contains("token: it expired ")
            && expired.contains(" ago; but for that jwt[0] accepts it, if its signature is right")
            && expired.contains("exit: 0"),
        "{expired}"
    );
    insta::assert_snapshot!(sandbox.filtered(&token(&claims.replace("default\"", "default/\""))), @"
    good.yaml: AuthenticationConfiguration v1: accepted
    token: refused: no entry has the issuer `https://org.okta.com/oauth2/default/`, byte for byte: the API server says only `invalid bearer token`
    exit: 1
    ");
    insta::assert_snapshot!(sandbox.filtered(&token(&claims.replace("\"groups\":[\"dev\",\"ops\"],", ""))), @"
    good.yaml: AuthenticationConfiguration v1: accepted
    token: refused by jwt[0]: `dyn(claims.groups).map(g, 'okta:' + g)` fails: no such key: groups
    exit: 1
    ");
}

#[test]
fn flags_and_wrong_calls_are_judged() {
    let sandbox = Sandbox::unattended();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    \
               - --oidc-issuer-url=https://org.okta.com\n    - --oidc-client-id=0oa1\n    - --oidc-username-prefix=okta:\n    - --oidc-required-claim=aud=0oa1\n";
    fs::write(sandbox.path("pod.yaml"), pod).unwrap();
    insta::assert_snapshot!(sandbox.filtered(&check(&sandbox, &["pod.yaml"])), @"
    pod.yaml:10: error: spec.containers[].command: in YAML `--oidc-username-prefix=okta:` is a mapping because of its colon, and kubelet refuses the manifest: put it in quotes
    pod.yaml:11: warning: --oidc-required-claim: the API server checks the audience by itself, and this refuses each token whose `aud` is a list: leave it out
    pod.yaml: static pod of kube-apiserver: refused, 1 error, 1 warning
    exit: 1
    ");
    let binary = [0xff, 0xfe];
    fs::write(sandbox.path("binary"), binary).unwrap();
    for (args, code) in [
        (&[][..], 2),
        (&["pod.yaml", "--kubernetes-version=x"], 2),
        (&["absent.yaml"], 1),
        (&["binary"], 1),
    ] {
        let outcome = check(&sandbox, args);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(code), ""),
            "{args:?}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn network_policies_are_checked_with_their_lines() {
    let sandbox = Sandbox::unattended();
    let policies = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec:\n  podSelector: {}\n  ingress:\n  - from:\n    \
                    - namespaceSelector: {matchLabels: {name: ingress-nginx}}\n    - podSelector: {matchLabels: {app: web}}\n---\napiVersion: networking.k8s.io/v1\n\
                    kind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\nspec:\n  podSelector: {matchLabels: {app: db}}\n  policyTypes: [Ingress]\n  ingress:\n  - from: []\n    \
                    ports: [{port: 70000}]\n  egress:\n  - to: [{podSelector: {}}]\n";
    fs::write(sandbox.path("network.yaml"), policies).unwrap();
    insta::assert_snapshot!(sandbox.filtered(&check(&sandbox, &["network.yaml"])), @"
    network.yaml:9: warning: spec.ingress[0].from: two items mean either: these pods of the policy's own namespace, and all pods of those namespaces; if only these pods of those namespaces are meant, put both selectors into one item
    network.yaml:8: warning: spec.ingress[0].from[0].namespaceSelector.matchLabels.name: a namespace has no label `name` unless somebody sets it, so this matches none: each has `kubernetes.io/metadata.name: ingress-nginx`
    network.yaml:19: error: spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive
    network.yaml:21: warning: spec.egress: `policyTypes` has no Egress, so these rules do nothing and all egress is open: add it
    network.yaml:18: warning: spec.ingress[0].from: an empty `from` means everybody: to allow nobody, leave the rule out (ingress: [])
    network.yaml: 2 NetworkPolicies: refused, 1 error, 4 warnings
    exit: 1
    ");
}

#[test]
fn large_files_are_read_up_to_32_mib() {
    let sandbox = Sandbox::unattended();
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n";
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  text: |\n    line\n";
    let filler = |bytes: usize| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\ndata: {{text: '{}'}}\n",
            "x".repeat(bytes)
        )
    };
    let dump = format!("{policy}{}{}", other.repeat(20_000), filler(4 << 20));
    fs::write(sandbox.path("dump.yaml"), &dump).unwrap();
    fs::write(sandbox.path("garbage.yaml"), "{[ab:&c}-\"\n".repeat(500_000)).unwrap();
    fs::write(sandbox.path("deep.yaml"), "[".repeat(5 << 20)).unwrap();
    fs::write(sandbox.path("huge.yaml"), filler(32 << 20)).unwrap();
    let outcome = |file: &str| sandbox.filtered(&check(&sandbox, &[file]));
    insta::assert_snapshot!(outcome("dump.yaml"), @"
    dump.yaml: NetworkPolicy p: accepted
    exit: 0
    ");
    for file in ["garbage.yaml", "deep.yaml"] {
        let text = outcome(file);
        assert!(
            text.contains("error: yaml: ") && text.contains("exit: 1") && text.len() < 1000,
            "{text}"
        );
    }
    assert!(outcome("huge.yaml").contains("hint: name a file of at most 32 MiB"));
}
