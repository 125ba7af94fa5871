//! Policies, and what is found in them.

use std::collections::BTreeSet;

use super::super::check_file;

/// Returns the findings, each as `LINE SEVERITY FIELD: TEXT`, the latter cut after a word.
fn found(text: &str) -> Vec<String> {
    let report = check_file(text, None, &BTreeSet::new());
    assert!(report.kind.contains("NetworkPolic"), "{}", report.kind);
    let findings = report.findings.iter().map(|finding| {
        let (line, severity) = (finding.line.unwrap(), finding.severity.name());
        let words = finding.text.split_inclusive(' ').scan(0, |length, word| {
            *length += word.trim_end().chars().count();
            let fits = *length <= 50;
            *length += 1;
            fits.then_some(word)
        });
        let text: String = words.collect();
        format!("{line} {severity} {}: {}", finding.field, text.trim_end())
    });
    findings.collect()
}

/// A policy; its `spec` begins in line 4.
fn policy(spec: &str) -> Vec<String> {
    found(&format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {spec}\n"
    ))
}

const DNS: &str = "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}";

#[test]
fn right_policies_have_no_finding() {
    for spec in [
        "{podSelector: {}, policyTypes: [Ingress, Egress]}".to_owned(),
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}, podSelector: {matchLabels: {app: web}}}], ports: [{port: http}]}]}".to_owned(),
        format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{DNS}, {{to: [{{podSelector: {{matchLabels: {{app: db}}}}}}], ports: [{{port: 5432}}]}}]}}"),
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.1/32}}], ports: [{protocol: TCP, port: 6443}]}]}".to_owned(),
        "{podSelector: {}, ingress: [{}]}".to_owned(),
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 1, endPort: 65535}]}]}".to_owned(),
    ] {
        assert!(policy(&spec).is_empty(), "{spec}: {:?}", policy(&spec));
    }
}

#[test]
fn what_does_not_do_what_was_meant_is_a_warning() {
    let by_name =
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {name: ingress-nginx}}}]}]}";
    let egress = |rules: &str| format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]}}");
    for (spec, wanted) in [
        (by_name.to_owned(), "4 warning spec.ingress[0].from[0].namespaceSelector.matchLabels.name: a namespace has no label `name` unless somebody"),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}, {podSelector: {matchLabels: {app: web}}}]}]}".to_owned(),
            "4 warning spec.ingress[0].from: two items mean either: these pods of the policy's",
        ),
        ("{podSelector: {}, ingress: [{from: []}]}".to_owned(), "4 warning spec.ingress[0].from: an empty `from` means everybody: to allow nobody,"),
        (
            format!("{{podSelector: {{}}, policyTypes: [Ingress], egress: [{DNS}]}}"),
            "4 warning spec.egress: `policyTypes` has no Egress, so these rules do",
        ),
        (format!("{{podSelector: {{}}, egress: [{DNS}]}}"), "4 warning spec.egress: there is no `policyTypes`, so the policy closes"),
        (egress("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"), "4 warning spec.egress: no rule allows name resolution: add a rule for"),
        (egress("{to: [{podSelector: {}}], ports: [{protocol: TCP, port: 53}]}"), "4 warning spec.egress: no rule allows name resolution: add a rule for"),
        (
            egress(&format!("{DNS}, {{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}, podSelector: {{matchLabels: {{component: kube-apiserver}}}}}}]}}")),
            "4 warning spec.egress[1].to[0].podSelector.matchLabels.component: the pod of kube-apiserver is on the network of its",
        ),
    ] {
        assert_eq!(policy(&spec), [wanted], "{spec}");
    }
}

#[test]
fn the_other_documents_of_the_file_count() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {name: web}}}]}]}\n";
    assert_eq!(found(policy).len(), 1);
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web, labels: {name: web}}\n";
    assert!(found(&format!("{policy}---\n{namespace}")).is_empty());
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        policy.replace('\n', "\n  ")
    );
    assert_eq!(found(&list).len(), 1);
    let egress = |name: &str, rule: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{rule}]}}\n"
        )
    };
    let to_db = egress("db", "{to: [{podSelector: {matchLabels: {app: db}}}]}");
    assert_eq!(found(&to_db).len(), 1);
    assert!(found(&format!("{to_db}---\n{}", egress("dns", DNS))).is_empty());
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn what_the_api_server_refuses_is_an_error() {
    let ingress = |rule: &str| format!("{{podSelector: {{}}, ingress: [{rule}]}}");
    for (spec, wanted) in [
        (
            ingress("{from: [{}]}"),
            "spec.ingress[0].from[0]: Required value: must specify a peer",
        ),
        (
            ingress("{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}"),
            "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and",
        ),
        (
            ingress("{from: [{ipBlock: {}}]}"),
            "spec.ingress[0].from[0].ipBlock.cidr: Required value",
        ),
        (
            ingress("{from: [{ipBlock: {cidr: 10.0.0.0}}]}"),
            "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR",
        ),
        (
            ingress("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}"),
            "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict",
        ),
        (
            ingress("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}"),
            "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict",
        ),
        (
            ingress("{ports: [{port: 0}]}"),
            "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535,",
        ),
        (
            ingress("{ports: [{port: 80, endPort: 79}]}"),
            "spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal",
        ),
        (
            ingress("{ports: [{endPort: 79}]}"),
            "spec.ingress[0].ports[0].endPort: Invalid value: 79: may not be specified when",
        ),
        (
            ingress("{ports: [{port: http, endPort: 79}]}"),
            "spec.ingress[0].ports[0].endPort: Invalid value: 79: may not be specified when",
        ),
        (
            ingress("{ports: [{protocol: HTTP}]}"),
            "spec.ingress[0].ports[0].protocol: Unsupported value: \"HTTP\": supported values:",
        ),
        (
            ingress("{ports: [{port: '80'}]}"),
            "spec.ingress[0].ports[0].port: a number in quotes is the name of a port: leave",
        ),
        (
            "{podSelector: {}, policyTypes: [Egres]}".to_owned(),
            "spec.policyTypes[0]: Unsupported value: \"Egres\": supported values:",
        ),
        (
            "{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}".to_owned(),
            "spec.policyTypes: Invalid value: may not specify more than two",
        ),
        (
            "{podSelector: {matchLabels: {a: 1}}}".to_owned(),
            "spec.podSelector.matchLabels.a: a label is a text: put its value in quotes",
        ),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: In}]}}".to_owned(),
            "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator`",
        ),
        (
            "{podselector: {}}".to_owned(),
            "spec.podselector: unknown field \"podselector\"",
        ),
    ] {
        let errors: Vec<String> = policy(&spec)
            .into_iter()
            .filter(|text| text.contains(" error "))
            .collect();
        assert_eq!(errors, [format!("4 error {wanted}")], "{spec}");
    }
}
