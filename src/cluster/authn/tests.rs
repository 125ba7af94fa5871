use std::fmt::Write as _;

use super::*;
use crate::cluster::description::PlatformName;

pub(super) const ONE: &str = "\
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
pub(super) const SECOND: &str = "\
- name: okta-dr
  role: disaster-recovery
  url: https://dr.okta.com/oauth2/default
  clientIds: [0oa2, 0oa3]
  username: {claim: sub, prefix: 'okta:'}
  groups: {claim: 'https://x/groups', prefix: 'okta:', startingWith: \"k8s'\"}
  uid: sub
  signingAlgorithm: ES256
";

pub(super) fn described(text: &str) -> Description {
    Description::parse(text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// Returns the files without comments: the header of one is looked at for itself.
pub(super) fn told(description: &Description, platform: PlatformName) -> String {
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

#[test]
fn a_description_is_compared_as_its_platform_takes_it() {
    for (platform, more, kind, issuers) in [
        ("kubeadm", "", "AuthenticationConfiguration v1", 1),
        ("static-pod", "", "static pod of kube-apiserver", 1),
        ("static-pod", SECOND, "AuthenticationConfiguration v1", 2),
        ("eks-cli", SECOND, "ClusterConfig of eksctl", 1),
    ] {
        let text = ONE.replace("name: kubeadm", &format!("name: {platform}")) + more;
        let made = settings(&described(&text)).expect(platform);
        let read = crate::cluster::check::read_settings(&made).expect(platform);
        assert_eq!(
            (read.kind.as_str(), read.configuration.jwt.len()),
            (kind, issuers),
            "{platform}"
        );
        let username = &read.configuration.jwt[0].username;
        assert_eq!(
            (username.claim.as_str(), username.prefix.as_deref()),
            ("email", Some("okta:"))
        );
    }
}
