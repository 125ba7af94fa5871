use std::fmt::Write as _;

use super::*;
use crate::cluster::description::PlatformName;

const ONE: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
cluster: prod
platform: {name: kubeadm, kubernetes: 1.34, region: eu-west-1}
issuers:
- name: okta
  url: https://org.okta.com/oauth2/default
  clientIds: [0oa1]
  username: {claim: email, prefix: 'okta:'}
  groups: {claim: groups, prefix: 'okta:'}
  requiredClaims: {org: \"a${b}\"}
";
const SECOND: &str = "\
- name: okta-dr
  role: disaster-recovery
  url: https://dr.okta.com/oauth2/default
  clientIds: [0oa2, 0oa3]
  username: {claim: sub, prefix: 'okta:'}
  groups: {claim: 'https://x/groups', prefix: 'okta:', startingWith: \"k8s'\"}
  uid: sub
  signingAlgorithm: ES256
";

fn described(text: &str) -> Description {
    Description::parse(text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// Returns the files without comments: the header of one is looked at for itself.
fn told(description: &Description, platform: PlatformName) -> String {
    match generate(description, platform, None) {
        Ok(output) => {
            let mut text = String::new();
            for file in output.files {
                let lines = file.content.lines().filter(|line| !line.starts_with("# "));
                let content: Vec<&str> = lines.collect();
                // Writing to a string cannot fail.
                let _ = writeln!(text, "== {} ==\n{}", file.name, content.join("\n"));
            }
            text
        }
        Err(refusal) => format!("refused: {refusal}; {}\n", refusal.hint),
    }
}

/// The structured configuration is the same everywhere, so it is shown once.
fn told_of(description: &Description, platforms: &[PlatformName]) -> String {
    let mut all = String::new();
    let mut is_shown = false;
    for platform in platforms {
        let text = told(description, *platform);
        let (own, configuration) = text
            .split_once("== authentication.yaml ==\n")
            .unwrap_or((&text, ""));
        let _ = writeln!(all, "#### {}\n{own}", platform.name());
        if !configuration.is_empty() && !is_shown {
            let _ = writeln!(all, "== authentication.yaml ==\n{configuration}");
            is_shown = true;
        }
    }
    all
}

#[test]
#[expect(clippy::too_many_lines, reason = "the files are the snapshot")]
fn one_issuer_on_each_platform() {
    let description = described(ONE);
    insta::assert_snapshot!(told_of(&description, &PlatformName::ALL), @r#"
    #### static-pod
    == kube-apiserver-patch.yaml ==
    - op: add
      path: /spec/containers/0/command/-
      value: --oidc-issuer-url=https://org.okta.com/oauth2/default
    - op: add
      path: /spec/containers/0/command/-
      value: --oidc-client-id=0oa1
    - op: add
      path: /spec/containers/0/command/-
      value: --oidc-username-claim=email
    - op: add
      path: /spec/containers/0/command/-
      value: "--oidc-username-prefix=okta:"
    - op: add
      path: /spec/containers/0/command/-
      value: --oidc-groups-claim=groups
    - op: add
      path: /spec/containers/0/command/-
      value: "--oidc-groups-prefix=okta:"
    - op: add
      path: /spec/containers/0/command/-
      value: "--oidc-required-claim=org=a${b}"

    #### config

    == authentication.yaml ==
    apiVersion: apiserver.config.k8s.io/v1
    kind: AuthenticationConfiguration
    jwt:
    - issuer:
        url: https://org.okta.com/oauth2/default
        audiences:
        - "0oa1"
      claimMappings:
        groups:
          claim: groups
          prefix: "okta:"
        username:
          claim: email
          prefix: "okta:"
      claimValidationRules:
      - claim: org
        requiredValue: "a${b}"
      - expression: "claims.?email_verified.orValue(false) == true"
        message: "the email address must be verified"
      userValidationRules:
      - expression: "!user.username.startsWith('system:')"
        message: "user names must not begin with system:"
      - expression: "user.?groups.orValue([]).all(g, !g.startsWith('system:'))"
        message: "groups must not begin with system:"

    #### kubeadm
    == kubeadm.yaml ==
    apiVersion: kubeadm.k8s.io/v1beta4
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
      - name: authentication-config
        value: /etc/kubernetes/authentication/authentication.yaml
      extraVolumes:
      - name: kubesesame-authentication
        hostPath: /etc/kubernetes/authentication
        mountPath: /etc/kubernetes/authentication
        pathType: Directory
        readOnly: true

    #### kind
    == kind.yaml ==
    apiVersion: kind.x-k8s.io/v1alpha4
    kind: Cluster
    name: prod
    kubeadmConfigPatches:
    - |
      apiVersion: kubeadm.k8s.io/v1beta3
      kind: ClusterConfiguration
      apiServer:
        extraArgs:
          authentication-config: /etc/kubernetes/authentication/authentication.yaml
        extraVolumes:
        - name: kubesesame-authentication
          hostPath: /etc/kubernetes/authentication
          mountPath: /etc/kubernetes/authentication
          pathType: Directory
          readOnly: true
    - |
      apiVersion: kubeadm.k8s.io/v1beta4
      kind: ClusterConfiguration
      apiServer:
        extraArgs:
        - name: authentication-config
          value: /etc/kubernetes/authentication/authentication.yaml
        extraVolumes:
        - name: kubesesame-authentication
          hostPath: /etc/kubernetes/authentication
          mountPath: /etc/kubernetes/authentication
          pathType: Directory
          readOnly: true
    nodes:
    - extraMounts:
      - containerPath: /etc/kubernetes/authentication
        hostPath: "./authentication"
        readOnly: true
      role: control-plane

    #### k3s
    == 50-kubesesame.yaml ==
    kube-apiserver-arg+:
    - authentication-config=/etc/rancher/k3s/authentication.yaml

    #### rke2
    == 50-kubesesame.yaml ==
    kube-apiserver-arg+:
    - authentication-config=/etc/rancher/rke2/authentication/authentication.yaml
    kube-apiserver-extra-mount+:
    - /etc/rancher/rke2/authentication:/etc/rancher/rke2/authentication:ro

    #### talos
    == talos-1.14.yaml ==
    apiVersion: v1alpha1
    kind: KubeAuthenticationConfig
    configuration:
      apiVersion: apiserver.config.k8s.io/v1
      kind: AuthenticationConfiguration
      jwt:
      - issuer:
          url: https://org.okta.com/oauth2/default
          audiences:
          - "0oa1"
        claimMappings:
          groups:
            claim: groups
            prefix: "okta:"
          username:
            claim: email
            prefix: "okta:"
        claimValidationRules:
        - claim: org
          requiredValue: "a${b}"
        - expression: "claims.?email_verified.orValue(false) == true"
          message: "the email address must be verified"
        userValidationRules:
        - expression: "!user.username.startsWith('system:')"
          message: "user names must not begin with system:"
        - expression: "user.?groups.orValue([]).all(g, !g.startsWith('system:'))"
          message: "groups must not begin with system:"
    == talos-1.13.yaml ==
    cluster:
      apiServer:
        extraArgs:
          oidc-client-id: "0oa1"
          oidc-groups-claim: groups
          oidc-groups-prefix: "okta:"
          oidc-issuer-url: https://org.okta.com/oauth2/default
          oidc-required-claim: "org=a${b}"
          oidc-username-claim: email
          oidc-username-prefix: "okta:"

    #### eks-cli
    == associate.sh ==
    aws eks associate-identity-provider-config \
      --cluster-name prod \
      --oidc '{"clientId":"0oa1","groupsClaim":"groups","groupsPrefix":"okta:","identityProviderConfigName":"okta","issuerUrl":"https://org.okta.com/oauth2/default","requiredClaims":{"org":"a${b}"},"usernameClaim":"email","usernamePrefix":"okta:"}' \
      --region eu-west-1

    #### eksctl
    == eksctl.yaml ==
    apiVersion: eksctl.io/v1alpha5
    kind: ClusterConfig
    metadata:
      name: prod
      region: eu-west-1
    identityProviders:
    - name: okta
      clientID: "0oa1"
      groupsClaim: groups
      groupsPrefix: "okta:"
      issuerURL: https://org.okta.com/oauth2/default
      requiredClaims:
        org: "a${b}"
      type: oidc
      usernameClaim: email
      usernamePrefix: "okta:"

    #### cloudformation
    == cloudformation.yaml ==
    AWSTemplateFormatVersion: "2010-09-09"
    Resources:
      IdentityProvider:
        Properties:
          ClusterName: prod
          IdentityProviderConfigName: okta
          Oidc:
            ClientId: "0oa1"
            GroupsClaim: groups
            GroupsPrefix: "okta:"
            IssuerUrl: https://org.okta.com/oauth2/default
            RequiredClaims:
            - Key: org
              Value: "a${b}"
            UsernameClaim: email
            UsernamePrefix: "okta:"
          Type: oidc
        Type: AWS::EKS::IdentityProviderConfig

    #### terraform
    == identity-provider.tf ==
    resource "aws_eks_identity_provider_config" "okta" {
      cluster_name = "prod"

      oidc {
        identity_provider_config_name = "okta"
        issuer_url                    = "https://org.okta.com/oauth2/default"
        client_id                     = "0oa1"
        username_claim                = "email"
        username_prefix               = "okta:"
        groups_claim                  = "groups"
        groups_prefix                 = "okta:"

        required_claims = {
          "org" = "a$${b}"
        }
      }
    }
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "the files are the snapshot")]
fn several_issuers_need_a_configuration_and_eks_takes_the_first() {
    let description = described(&format!("{ONE}{SECOND}"));
    let platforms = [PlatformName::StaticPod, PlatformName::EksCli, PlatformName::Kind];
    insta::assert_snapshot!(told_of(&description, &platforms), @r#"
    #### static-pod
    == kube-apiserver-patch.yaml ==
    - op: add
      path: /spec/containers/0/command/-
      value: --authentication-config=/etc/kubernetes/authentication/authentication.yaml
    - op: add
      path: /spec/containers/0/volumeMounts/-
      value:
        name: kubesesame-authentication
        mountPath: /etc/kubernetes/authentication
        readOnly: true
    - op: add
      path: /spec/volumes/-
      value:
        name: kubesesame-authentication
        hostPath:
          path: /etc/kubernetes/authentication
          type: Directory

    == authentication.yaml ==
    apiVersion: apiserver.config.k8s.io/v1
    kind: AuthenticationConfiguration
    jwt:
    - issuer:
        url: https://org.okta.com/oauth2/default
        audiences:
        - "0oa1"
      claimMappings:
        groups:
          claim: groups
          prefix: "okta:"
        username:
          claim: email
          prefix: "okta:"
      claimValidationRules:
      - claim: org
        requiredValue: "a${b}"
      - expression: "claims.?email_verified.orValue(false) == true"
        message: "the email address must be verified"
      userValidationRules:
      - expression: "!user.username.startsWith('system:')"
        message: "user names must not begin with system:"
      - expression: "user.?groups.orValue([]).all(g, !g.startsWith('system:'))"
        message: "groups must not begin with system:"
    - issuer:
        url: https://dr.okta.com/oauth2/default
        audienceMatchPolicy: MatchAny
        audiences:
        - "0oa2"
        - "0oa3"
      claimMappings:
        groups:
          expression: "'https://x/groups' in claims ? dyn(claims['https://x/groups']).filter(g, g.startsWith('k8s\\'')).map(g, 'okta:' + g) : []"
        uid:
          claim: sub
        username:
          claim: sub
          prefix: "okta:"
      userValidationRules:
      - expression: "!user.username.startsWith('system:')"
        message: "user names must not begin with system:"
      - expression: "user.?groups.orValue([]).all(g, !g.startsWith('system:'))"
        message: "groups must not begin with system:"

    #### eks-cli
    == associate.sh ==
    aws eks associate-identity-provider-config \
      --cluster-name prod \
      --oidc '{"clientId":"0oa1","groupsClaim":"groups","groupsPrefix":"okta:","identityProviderConfigName":"okta","issuerUrl":"https://org.okta.com/oauth2/default","requiredClaims":{"org":"a${b}"},"usernameClaim":"email","usernamePrefix":"okta:"}' \
      --region eu-west-1

    #### kind
    == kind.yaml ==
    apiVersion: kind.x-k8s.io/v1alpha4
    kind: Cluster
    name: prod
    kubeadmConfigPatches:
    - |
      apiVersion: kubeadm.k8s.io/v1beta3
      kind: ClusterConfiguration
      apiServer:
        extraArgs:
          authentication-config: /etc/kubernetes/authentication/authentication.yaml
        extraVolumes:
        - name: kubesesame-authentication
          hostPath: /etc/kubernetes/authentication
          mountPath: /etc/kubernetes/authentication
          pathType: Directory
          readOnly: true
    - |
      apiVersion: kubeadm.k8s.io/v1beta4
      kind: ClusterConfiguration
      apiServer:
        extraArgs:
        - name: authentication-config
          value: /etc/kubernetes/authentication/authentication.yaml
        extraVolumes:
        - name: kubesesame-authentication
          hostPath: /etc/kubernetes/authentication
          mountPath: /etc/kubernetes/authentication
          pathType: Directory
          readOnly: true
    nodes:
    - extraMounts:
      - containerPath: /etc/kubernetes/authentication
        hostPath: "./authentication"
        readOnly: true
      role: control-plane
    "#);
}

#[test]
fn what_a_platform_cannot_do_is_refused_with_the_reason() {
    let refusal = |text: &str, platform, form| {
        let refusal = generate(&described(text), platform, form)
            .map(|_| ())
            .expect_err(text);
        format!("{refusal} | {}", refusal.hint)
    };
    let without_prefix = ONE.replace("claim: groups, prefix: 'okta:'", "claim: groups, prefix: ''");
    let part_of_reserved = ONE.replace("claim: groups, prefix: 'okta:'", "claim: groups, prefix: 'sys'");
    let old = ONE.replace("1.34", "1.29");
    let two_clients = ONE.replace("[0oa1]", "[0oa1, 0oa2]");
    let other_algorithm = ONE.replace("  clientIds", "  signingAlgorithm: ES256\n  clientIds");
    let (flags, config) = (Some(Form::Flags), Some(Form::Configuration));
    let cases = [
        refusal(&without_prefix, PlatformName::StaticPod, None),
        refusal(&part_of_reserved, PlatformName::Terraform, None),
        refusal(&old, PlatformName::Config, None),
        refusal(&old, PlatformName::Kubeadm, config),
        refusal(&format!("{ONE}{SECOND}"), PlatformName::K3s, flags),
        refusal(&two_clients, PlatformName::EksCli, None),
        refusal(&other_algorithm, PlatformName::Eksctl, None),
        refusal(ONE, PlatformName::CloudFormation, config),
        refusal(ONE, PlatformName::Config, flags),
    ];
    insta::assert_snapshot!(cases.join("\n"), @"
    the prefix of `groups` lets a name of the provider begin with `system:`, such as the group system:masters, which may do everything | set a prefix, such as `okta:`; a structured configuration (--form=config) can refuse such names
    the prefix of `groups` lets a name of the provider begin with `system:`, such as the group system:masters, which may do everything | set a prefix, such as `okta:`: EKS has no rule that refuses such names
    Kubernetes 1.29 reads no structured configuration | take the flags: --form=flags
    Kubernetes 1.29 reads no structured configuration | take the flags: --form=flags
    flags of kube-apiserver cannot express it: there is more than one issuer | take a structured configuration: --form=config, from Kubernetes 1.30
    EKS cannot do this: `okta` has more than one client id | EKS knows the meaning of the flags alone: remove it from the description
    EKS cannot do this: EKS has no setting for signing algorithms: let the provider sign with RS256 | change the provider or the description
    EKS takes no structured configuration | leave --form out
    the platform `config` is the structured configuration | leave --form out, or see the flags by --platform=static-pod
    ");
}

#[test]
fn the_form_follows_the_version() {
    let form = |version: &str| {
        let text = told(&described(&ONE.replace("1.34", version)), PlatformName::Kubeadm);
        ["oidc-issuer-url", "config.k8s.io/v1beta1", "config.k8s.io/v1\n"]
            .into_iter()
            .filter(|form| text.contains(form))
            .collect::<Vec<_>>()
    };
    assert_eq!(form("1.29"), ["oidc-issuer-url"]);
    assert_eq!(form("1.33"), ["config.k8s.io/v1beta1"]);
    assert_eq!(form("1.36"), ["config.k8s.io/v1\n"]);
}

/// A value of the description must not end a comment or a literal.
#[test]
fn comments_and_literals_hold_any_value() {
    let text = ONE.replace("cluster: prod", "cluster: \"p\\nrm -rf x\"");
    let output = generate(&described(&text), PlatformName::EksCli, None).unwrap();
    let lines = output.files[0].content.lines();
    let outside: Vec<&str> = lines.filter(|line| !line.starts_with("# ")).collect();
    assert!(outside[0].starts_with("aws eks"), "{outside:?}");
    assert!(!outside.iter().any(|line| line.starts_with("rm")), "{outside:?}");
}
