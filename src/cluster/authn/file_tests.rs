use std::fmt::Write as _;

use super::tests::{ONE, SECOND, described, told};
use super::*;
use crate::cluster::description::PlatformName;

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
