//! What `setup` prints: for programs, and for each kind of cluster.

use serde_json::Value;

use crate::support::{Outcome, Sandbox};

fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome}"))
}

/// The part of the screen that begins with this number.
fn section(sandbox: &Sandbox, outcome: &Outcome, number: u8) -> String {
    let text = sandbox.filtered(outcome);
    let (_, rest) = text.split_once(&format!("\n{number}. ")).unwrap();
    let (section, _) = rest.split_once(&format!("\n{}. ", number + 1)).unwrap();
    section.to_owned()
}

#[test]
fn one_document_holds_everything_for_programs() {
    let sandbox = Sandbox::new();
    let call = sandbox.setup().arg("--groups-prefix=okta:");
    let json = call.clone().arg("--output=json").run();
    assert_eq!(json.code, Some(0), "{json}");
    let document = document(&json);
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "accepted", "claims", "clientId", "groups", "issuer", "settings", "username", "verdicts",
            "version"
        ]
    );
    assert_eq!(document["version"], 1);
    assert_eq!(document["accepted"], true);
    assert_eq!(
        document["username"],
        format!("{}#00ualice", sandbox.okta.issuer())
    );
    assert_eq!(
        document["groups"],
        serde_json::json!(["okta:k8s-developers", "okta:k8s-oncall"])
    );
    assert_eq!(document["claims"]["sub"], "00ualice");
    let settings = &document["settings"];
    assert_eq!(
        settings["clusterRoleBinding"]["subjects"][0]["name"],
        "okta:k8s-developers"
    );
    assert_eq!(
        settings["authenticationConfiguration"]["jwt"][0]["issuer"]["url"],
        sandbox.okta.issuer()
    );
    assert_eq!(settings["kubectlCommands"][0][2], "set-credentials");
    let yaml = call.arg("-o").arg("yaml").run();
    assert!(yaml.stdout.contains("\naccepted: true\n"), "{yaml}");
    assert!(yaml.stdout.contains("\n  sub: \"00ualice\"\n"), "{yaml}");
}

#[test]
fn the_document_about_a_token_that_is_refused_comes_with_exit_code_1() {
    let sandbox = Sandbox::new();
    let call = sandbox.setup().arg("--username-claim=email").arg("--output=json");
    let outcome = call.run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    let document = document(&outcome);
    assert_eq!(
        (&document["accepted"], &document["username"]),
        (&Value::Bool(false), &Value::Null)
    );
    let refused = document["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|verdict| verdict["state"] == "refused");
    assert_eq!(refused.unwrap()["subject"], "username");
    assert!(
        outcome
            .stderr
            .contains("error: the API server will refuse this token: the token has no `email` claim"),
        "{outcome}"
    );
}

#[test]
fn the_settings_are_printed_for_each_kind_of_cluster() {
    let sandbox = Sandbox::with_tls();
    let call = sandbox
        .setup()
        .arg("--certificate-authority=~/ca.pem")
        .arg("--username-prefix=okta:")
        .arg("--groups-prefix=okta:");
    let shown = ["flags", "config-v1beta1", "eks"].map(|platform| {
        let outcome = call.clone().arg(&format!("--for={platform}")).run();
        let text = section(&sandbox, &outcome, 1);
        let is_base64 = |line: &str| !line.is_empty() && !line.contains([' ', ':', '-']);
        let lines: Vec<&str> = text.lines().filter(|line| !is_base64(line.trim())).collect();
        format!("{platform}: {}\n\n", lines.join("\n"))
    });
    insta::assert_snapshot!(shown.concat(), @r#"
    flags: Give kube-apiserver these flags (for other ways: --for=config, --for=eks):

      --oidc-issuer-url=[ISSUER]
      --oidc-client-id=0oakubesesamemock
      --oidc-username-claim=sub
      --oidc-username-prefix=okta:
      --oidc-groups-claim=groups
      --oidc-groups-prefix=okta:
      --oidc-ca-file=[HOME]/ca.pem

    The file with the certificate authority has to be there, too.

    config-v1beta1: Save this as a file that kube-apiserver can read, and start it with
       --authentication-config=FILE and without any --oidc- flag (Kubernetes
       1.30 to 1.33):

      apiVersion: apiserver.config.k8s.io/v1beta1
      kind: AuthenticationConfiguration
      jwt:
      - issuer:
          url: [ISSUER]
          audiences:
          - "0oakubesesamemock"
          certificateAuthority: |
            -----BEGIN CERTIFICATE-----
            -----END CERTIFICATE-----
        claimMappings:
          groups:
            claim: groups
            prefix: "okta:"
          username:
            claim: sub
            prefix: "okta:"
        userValidationRules:
        - expression: "!user.username.startsWith('system:')"
          message: "user names must not begin with system:"
        - expression: "user.?groups.orValue([]).all(g, !g.startsWith('system:'))"
          message: "groups must not begin with system:"

    eks: Associate the provider with the EKS cluster (takes tens of minutes; a cluster
       takes one provider):

      aws eks associate-identity-provider-config \
        --cluster-name YOUR-CLUSTER \
        --oidc 'identityProviderConfigName=oidc,issuerUrl=[ISSUER],clientId=0oakubesesamemock,usernameClaim=sub,usernamePrefix=okta:,groupsClaim=groups,groupsPrefix=okta:'

    Not yet: EKS takes no certificate authority: the provider needs a certificate
             that the public trusts
    "#);
}

#[test]
fn a_long_list_of_groups_is_cut_and_counted() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.group_count = Some(120);
        behaviour.groups_limit_lifted = true;
    });
    let outcome = sandbox.setup().run();
    assert!(outcome.stdout.contains("and 110 more (120 in all)"), "{outcome}");
    assert!(
        outcome
            .stdout
            .contains("warning  groups     120 groups, sent with every request"),
        "{outcome}"
    );
    let is_short = |line: &&str| line.chars().count() <= 80 || line.contains("--exec-arg");
    assert_eq!(outcome.stdout.lines().find(|line| !is_short(line)), None);
}
