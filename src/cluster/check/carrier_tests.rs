//! Flags in manifests, and identity providers of EKS.

use std::collections::BTreeSet;

use super::check_file;

/// Returns kind and findings, each as `SEVERITY FIELD: TEXT`, the latter cut.
fn found(text: &str) -> (String, Vec<String>) {
    let report = check_file(text, None, &BTreeSet::new());
    let findings = report.findings.iter().map(|finding| {
        let text: String = finding.text.chars().take(45).collect();
        format!(
            "{} {}: {}",
            finding.severity.name(),
            finding.field,
            text.trim_end()
        )
    });
    (report.kind, findings.collect())
}

fn pod(flags: &[&str]) -> Vec<String> {
    let lines: Vec<String> = flags
        .iter()
        .map(|flag| format!("    - {}\n", serde_json::json!(flag)))
        .collect();
    let flags = lines.concat();
    let text = format!(
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n{flags}"
    );
    let (kind, findings) = found(&text);
    assert_eq!(kind, "static pod of kube-apiserver");
    findings
}

const ISSUER: &str = "--oidc-issuer-url=https://a.example";
const CLIENT: &str = "--oidc-client-id=x";
const PREFIX: &str = "--oidc-username-prefix=okta:";

#[test]
fn flags_in_a_static_pod_are_judged_as_the_api_server_does() {
    assert!(pod(&["--secure-port=6443"]).is_empty());
    assert!(pod(&[ISSUER, CLIENT, PREFIX]).is_empty());
    for (flags, wanted) in [
        (
            &[ISSUER][..],
            "error --oidc-issuer-url: oidc-issuer-url and oidc-client-id must be sp",
        ),
        (
            &[ISSUER, CLIENT, PREFIX, "--authentication-config=/a"],
            "error --authentication-config: authentication-config file and oidc-* flags a",
        ),
        (
            &[ISSUER, CLIENT, PREFIX, "--oidc-foo=1"],
            "error --oidc-foo: unknown flag: --oidc-foo",
        ),
        (
            &[ISSUER, CLIENT, PREFIX, "--oidc-signing-algs=HS256"],
            "error --oidc-signing-algs: oidc: unsupported signing alg: HS256",
        ),
        (
            &[ISSUER, CLIENT, PREFIX, "--oidc-required-claim=hd"],
            "error --oidc-required-claim: invalid argument \"hd\" for \"--oidc-required-cl",
        ),
        (
            &[ISSUER, CLIENT, PREFIX, "--oidc-required-claim=aud=x"],
            "warning --oidc-required-claim: the API server checks the audience by itself,",
        ),
        (
            &["--oidc-issuer-url", "http://a", CLIENT, PREFIX],
            "error --oidc-issuer-url: invalid authentication configuration: jwt[0].",
        ),
        (
            &[
                ISSUER,
                CLIENT,
                PREFIX,
                "--service-account-issuer=https://a.example",
            ],
            "error --oidc-issuer-url: invalid authentication configuration: jwt[0].",
        ),
        (
            &[ISSUER, CLIENT],
            "warning --oidc-issuer-url: user names begin with `https://a.example#`, a",
        ),
        (
            &[ISSUER, CLIENT, PREFIX, "--oidc-groups-claim=groups"],
            "warning --oidc-groups-claim: groups have no prefix, so a group `system:mas",
        ),
        (
            &["--authentication-token-webhook-cache-ttl=1m"],
            "warning --authentication-token-webhook-cache-ttl: it is about a webhook, and none is configured",
        ),
    ] {
        assert_eq!(pod(flags), [wanted], "{flags:?}");
    }
}

#[test]
fn an_argument_that_ends_with_a_colon_needs_quotes() {
    let text = "kind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    - --oidc-username-prefix=okta:\n";
    let wanted = "error spec.containers[].command: in YAML `--oidc-username-prefix=okta:` is a m";
    assert_eq!(found(text).1[0], wanted);
}

#[test]
fn arguments_in_the_configuration_of_kubeadm_have_the_form_of_its_version() {
    let kubeadm = |version: &str, arguments: &str| {
        found(&format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n---\napiVersion: kubeadm.k8s.io/{version}\nkind: ClusterConfiguration\napiServer:\n  extraArgs: {arguments}\n"
        ))
    };
    let map = "{oidc-issuer-url: https://a.example, oidc-client-id: x, oidc-username-prefix: 'a:'}";
    let list = "[{name: oidc-issuer-url, value: https://a.example}, {name: oidc-client-id, value: x}, {name: oidc-username-prefix, value: 'a:'}]";
    let (kind, findings) = kubeadm("v1beta4", list);
    assert_eq!(
        (kind.as_str(), findings.len()),
        ("ClusterConfiguration v1beta4 of kubeadm", 0)
    );
    let deprecated = "warning apiServer.extraArgs: kubeadm.k8s.io/v1beta3 is deprecated, and kub";
    assert_eq!(kubeadm("v1beta3", map).1, [deprecated]);
    assert_eq!(
        kubeadm("v1beta4", map).1,
        ["error apiServer.extraArgs: in v1beta4 it is a list of {name, value}, and"]
    );
    assert_eq!(
        kubeadm("v1beta3", list).1,
        [
            deprecated,
            "error apiServer.extraArgs: in v1beta3 it is a map, and kubeadm does not"
        ]
    );
    assert_eq!(
        kubeadm("v1beta4", "[{name: oidc-client-id, value: x}]").1[0],
        "error --oidc-client-id: oidc-issuer-url and oidc-client-id must be sp"
    );
    assert_eq!(
        kubeadm("v1beta4", "[{name: secure-port, value: 1}]").1,
        ["error apiServer.extraArgs: a value has to be a string: put it in quotes"]
    );
}

#[test]
fn each_spelling_of_a_provider_of_eks_is_read() {
    let good = [
        (
            "ClusterConfig of eksctl",
            "identityProviders:\n- {type: oidc, name: a, issuerURL: https://a.example, clientID: x, usernamePrefix: 'a:'}\n",
        ),
        (
            "input of aws eks associate-identity-provider-config",
            "{\"clusterName\": \"c\", \"oidc\": {\"identityProviderConfigName\": \"a\", \"issuerUrl\": \"https://a.example\", \"clientId\": \"x\", \"usernamePrefix\": \"a:\"}}",
        ),
        (
            "AWS::EKS::IdentityProviderConfig of CloudFormation",
            "Resources:\n  P:\n    Type: AWS::EKS::IdentityProviderConfig\n    Properties:\n      Oidc: {IssuerUrl: https://a.example, ClientId: x, UsernamePrefix: 'a:'}\n",
        ),
        (
            "aws_eks_identity_provider_config of Terraform",
            "{\"identity_provider_config_name\": \"a\", \"issuer_url\": \"https://a.example\", \"client_id\": \"x\", \"username_prefix\": \"a:\"}",
        ),
    ];
    for (kind, text) in good {
        assert_eq!(found(text), (kind.to_owned(), vec![]), "{text}");
    }
}

#[test]
fn what_eks_refuses_is_said() {
    let one = |fields: &str| {
        found(&format!(
            "identityProviders:\n- {{type: oidc, name: a, clientID: x, usernamePrefix: 'a:', {fields}}}\n"
        ))
        .1
    };
    for (fields, wanted) in [
        ("issuerURL: http://a", "error issuerURL: URL scheme must be https"),
        (
            "issuerUrl: https://a",
            "warning issuerUrl: it is spelt `issuerURL` here",
        ),
        ("foo: 1", "error issuerURL: it is required"),
        (
            "issuerURL: https://a, groupsPrefix: 'x-system:'",
            "error groupsPrefix: EKS refuses a prefix with `system:`",
        ),
        (
            "issuerURL: https://a, groupsClaim: g",
            "warning groupsPrefix: groups have no prefix, so a group `system:mas",
        ),
        (
            "issuerURL: https://a, requiredClaims: {aud: x}",
            "warning requiredClaims.aud: the audience is checked without it, and this",
        ),
        (
            "issuerURL: https://a, requiredClaims: {hd: ''}",
            "error requiredClaims.hd: a value has 1 to 253 characters",
        ),
        (
            "issuerURL: https://a, requiredClaims: [{Key: a, Value: b}]",
            "error requiredClaims: it has to be a map from claims to values",
        ),
    ] {
        assert_eq!(one(fields), [wanted], "{fields}");
    }
    let two =
        "identityProviders:\n- &p {name: a, clientID: x, usernamePrefix: 'a:', issuerURL: https://a}\n- *p\n";
    assert_eq!(
        found(two).1,
        ["error : EKS takes one identity provider for a cluster"]
    );
}
