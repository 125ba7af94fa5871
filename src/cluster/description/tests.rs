use super::*;

const GOOD: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
cluster: prod
platform:
  name: kubeadm
  kubernetes: 1.30
  serviceAccountIssuer: https://kubernetes.default.svc
issuers:
- name: okta-dr
  role: disaster-recovery
  url: https://dr.okta.com/oauth2/default
  clientIds: [0oa2]
  username: {claim: sub, prefix: 'okta-dr:'}
  groups: {claim: groups, prefix: 'okta-dr:'}
- name: okta
  url: https://org.okta.com/oauth2/default/
  clientIds: [0oa1, 0oa3]
  username: {claim: email, prefix: 'okta:'}
  groups: {claim: groups, prefix: 'okta:', startingWith: k8s-}
  uid: sub
  requiredClaims: {hd: example.com}
groups:
- {name: k8s-dev, role: developer, namespaces: [team-a]}
network:
- namespace: production
";

#[test]
fn values_are_kept_byte_for_byte_and_the_primary_issuer_comes_first() {
    let description = Description::parse(GOOD).unwrap_or_else(|fault| panic!("{fault:?}"));
    let primary = description.primary();
    assert_eq!(primary.url, "https://org.okta.com/oauth2/default/");
    assert_eq!(primary.audiences, ["0oa1", "0oa3"]);
    assert_eq!(description.issuers[1].name, "okta-dr");
    assert_eq!(
        description.version(),
        Some(KubernetesVersion { minor: 30 }),
        "not 1.3"
    );
    assert_eq!(description.groups[0].role, Role::Developer);
}

/// Returns the fault of the good text with one line replaced: the line, the field, the problem and the hint.
fn fault_with(line: &str, other: &str) -> String {
    assert!(GOOD.contains(line), "{line}");
    let fault = Description::parse(&GOOD.replacen(line, other, 1))
        .map(|_| ())
        .expect_err(other);
    format!("{}: {fault} | {}", fault.line.unwrap_or_default(), fault.hint)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table and its snapshot")]
fn each_fault_has_its_line_the_field_and_what_to_do() {
    let cases = [
        ("  kubernetes: 1.30", "  kuberntes: 1.30"),
        ("  kubernetes: 1.30", "  kubernetes: new"),
        ("  name: kubeadm", "  name: kubadm"),
        ("v1alpha1", "v1"),
        ("kind: ClusterAccess", "kind: ClusterAcess"),
        ("cluster: prod", "cluster: prod\ncluster: other"),
        ("cluster: prod", "cluster: &x prod"),
        ("cluster: prod", "cluster: [prod]"),
        ("cluster: prod", "cluster: prod\n\tregion: x"),
        ("cluster: prod", "cluster: {"),
        ("cluster: prod", "---"),
        ("  role: disaster-recovery", "  role: backup"),
        ("  role: disaster-recovery\n", ""),
        ("- name: okta\n", "- name: okta-dr\n"),
        ("https://dr.okta.com", "http://dr.okta.com"),
        (
            "https://dr.okta.com/oauth2/default",
            "https://kubernetes.default.svc/",
        ),
        (
            "https://dr.okta.com/oauth2/default",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/X",
        ),
        (
            "https://dr.okta.com/oauth2/default",
            "https://org.okta.com/oauth2/default/",
        ),
        ("[0oa1, 0oa3]", "[0oa1, 0oa1]"),
        ("[0oa1, 0oa3]", "[]"),
        ("claim: email, prefix: 'okta:'", "claim: email"),
        ("claim: email, prefix: 'okta:'", "claim: email, prefix: 'system:'"),
        ("claim: email, prefix: 'okta:'", "claim: email, prefix: '-'"),
        ("{hd: example.com}", "{aud: 0oa1}"),
        ("{hd: example.com}", "{iss: x}"),
        ("{hd: example.com}", "{email_verified: 'true'}"),
        ("name: k8s-dev", "name: dev"),
        ("role: developer", "role: develper"),
        (", namespaces: [team-a]", ""),
        ("[team-a]", "[kube-system]"),
        ("[team-a]", "[Team]"),
        ("role: developer", "role: break-glass"),
        (
            "- namespace: production",
            "- namespace: production\n  apiServer: [10.0.0.1]",
        ),
        (
            "- namespace: production",
            "- namespace: production\n  allow: [{to: {}, from: {}, ports: [1]}]",
        ),
        (
            "- namespace: production",
            "- namespace: production\n  allow: [{to: {}, from: {namespace: a}, ports: [http]}]",
        ),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(line, other)| fault_with(line, other))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    6: `platform.kuberntes` is no field of a description | did you mean `kubernetes`?
    6: `platform.kubernetes` is `new`, which is no version of Kubernetes | write it as 1.34
    5: `platform.name` is `kubadm`, which is unknown | did you mean `kubeadm`? There are static-pod, config, kubeadm, kind, k3s, rke2, talos, eks-cli, eksctl, cloudformation, terraform
    1: `apiVersion` is kubesesame/v1, which this version does not know | it has to be kubesesame/v1alpha1
    2: `kind` is ClusterAcess, which this version does not know | it has to be ClusterAccess
    4: `cluster` is there twice | remove one of the two
    3: `cluster` has an anchor, an alias or a tag | it has to be a text
    3: `cluster` is a list | it has to be a text
    4: is indented with a tab, which YAML does not allow | indent with spaces
    5: is not valid YAML | correct it; nothing of it was used
    3: begins a second document | put each description into a file of its own
    10: `issuers[0].role` is `backup`, which is unknown | there are primary, disaster-recovery
    8: `issuers` has more than one primary issuer | give the others `role: disaster-recovery`
    15: `issuers[1].name` is the name of another entry | an API server takes each issuer once; list all its client ids in one entry
    11: `issuers[0].url` is not https, which an API server requires | copy `issuer` from the provider's /.well-known/openid-configuration, to the letter
    11: `issuers[0].url` is the cluster's own issuer, of service accounts | name the issuer of the provider that people sign in at
    11: `issuers[0].url` is the cluster's own issuer, of service accounts | name the issuer of the provider that people sign in at
    16: `issuers[1].url` is the issuer of another entry | an API server takes each issuer once; list all its client ids in one entry
    17: `issuers[1].clientIds[1]` is there twice | remove one of the two
    17: `issuers[1].clientIds` is empty | the provider shows the client id beside the app
    18: `issuers[1].username.prefix` is missing | What is put before each name. An empty text is no prefix.
    18: `issuers[1].username.prefix` has `system:` in it, which names what belongs to Kubernetes | take the provider's name, such as `okta:`
    18: `issuers[1].username.prefix` is `-`, by which flags mean that there is no prefix | take the provider's name, such as `okta:`
    21: `issuers[1].requiredClaims.aud` is checked anyway by the client ids; as a required claim it refuses tokens whose `aud` is a list | remove it
    21: `issuers[1].requiredClaims.iss` is checked anyway by the issuer | remove it
    21: `issuers[1].requiredClaims.email_verified` is true or false, and required claims are compared as text: no token would pass | remove it
    23: `groups[0].name` does not begin with `k8s-`, so `okta` does not pass it on | change `startingWith`, or the group
    23: `groups[0].role` is `develper`, which is unknown | did you mean `developer`? There are developer, platform-engineer, namespace-admin, break-glass
    23: `groups[0].namespaces` is missing | say where members may be developer: a role of a whole cluster includes kube-system
    23: `groups[0].namespaces[0]` belongs to Kubernetes: who runs a command in its pods can become administrator of the cluster | grant `platform-engineer` or `break-glass` to those who look after it
    23: `groups[0].namespaces[0]` is `Team`, which is no name of Kubernetes | use lower-case letters, digits and dashes, 63 at most, with no dash at either end
    23: `groups[0].namespaces` cannot limit this role | break-glass is a role of the whole cluster: remove the namespaces
    26: `network[0].apiServer[0]` is `10.0.0.1`, which is no range of addresses | write it as 10.0.0.1/32; the addresses: kubectl get endpointslices kubernetes
    26: `network[0].allow[0].from` is empty, which would mean everybody | name a `namespace`, `pods` by their labels, or both
    26: `network[0].allow[0].ports[0]` is http, which is no port | write a number from 1 to 65535
    ");
}

#[test]
fn a_group_has_no_control_character() {
    let text = include_str!("../../../examples/kubesesame.yaml");
    let name = text.lines().skip_while(|line| !line.starts_with("groups:"));
    let name = name.skip(1).find_map(|line| line.split_once("name: ")).unwrap().1;
    let quoted = format!("\"{}\\e[2J\"", name.trim_matches('"'));
    let changed = text.replacen(&format!("name: {name}"), &format!("name: {quoted}"), 1);
    let fault = Description::parse(&changed).map(|_| ()).unwrap_err();
    assert_eq!(fault.problem, "has a control character");
}

#[test]
fn other_files_are_named_as_what_they_are() {
    let kubeadm = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {}\n";
    let problem = |text: &str| Description::parse(text).map(|_| ()).expect_err(text).problem;
    assert!(problem(kubeadm).contains("is a ClusterConfiguration of kubeadm.k8s.io/v1beta4"));
    assert_eq!(problem(""), "has no content");
    assert_eq!(problem("- a\n"), "is a list");
    assert_eq!(problem("{}"), "is missing");
    assert!(problem("a: *b").contains("is no field") || problem("a: *b") == "is not valid YAML");
}

/// Without a namespace nothing says where; the API server's flags and expressions compare bytes, so nothing is trimmed.
#[test]
fn words_are_matched_with_the_nearest_one() {
    for (word, expected) in [
        ("clientId", Some("clientIds")),
        ("client_ids", Some("clientIds")),
        ("issuer", Some("issuers")),
        ("xyz", None),
    ] {
        assert_eq!(nearest(word, ["clientIds", "issuers", "url"]), expected, "{word}");
    }
}

#[test]
fn a_rule_for_requests_names_groups_that_tokens_can_have() {
    let told: Vec<String> = [
        "secretDeletion: []",
        "rootPods: [root]",
        "furtherGroups: ['']",
        "furtherGroups: [\"k8s-\\e\"]",
        "exemptGroups: ['system:authenticated']",
        "exemptUsers: [' a']",
        "rootPods: {}",
        "deny: true",
        "exemptGroups: ['system:serviceaccounts:argocd']",
    ]
    .iter()
    .map(
        |field| match Description::parse(&format!("{GOOD}admission:\n  {field}\n")) {
            Ok(_) => "taken".to_owned(),
            Err(fault) => format!("{}: {fault} | {}", fault.line.unwrap_or_default(), fault.hint),
        },
    )
    .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    27: `admission.secretDeletion` is empty | name the groups whose members may; leave the field out if there is to be no rule
    27: `admission.rootPods[0]` does not begin with `k8s-`, so `okta` does not pass it on | change `startingWith`, or the group
    27: `admission.furtherGroups[0]` is empty or begins or ends with a space | write the name as the cluster has it
    27: `admission.furtherGroups[0]` has a control character | write the name as the cluster has it
    27: `admission.exemptGroups[0]` is the group of everybody, so no rule would apply to anybody | name the group that is meant
    27: `admission.exemptUsers[0]` is empty or begins or ends with a space | write the name as the cluster has it
    27: `admission.rootPods` is a mapping | it has to be a list, each item after a dash
    27: `admission.deny` is no field of a description | the fields here are furtherGroups, secretDeletion, rootPods, exemptUsers, exemptGroups
    taken
    ");
}
