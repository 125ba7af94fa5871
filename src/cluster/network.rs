//! Network policies: the pods of a namespace are closed, but for what a description allows.
//!
//! A namespace is chosen by `kubernetes.io/metadata.name`, which each namespace has by itself; a label `name` has none. Namespace and pods of a
//! peer are in one item, which means both; two items would mean either.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::authn::{GeneratedFile, Header};
use super::description::{AllowedTraffic, Description, NetworkRules, Peer};
use crate::kubeconfig;

const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";
const LABELS: [(&str, &str); 2] = [
    ("app.kubernetes.io/managed-by", "kubesesame"),
    ("app.kubernetes.io/part-of", "network-access"),
];
/// The service, and the API server itself, to which the address is translated before policies are looked at.
const API_SERVER_PORTS: [u16; 2] = [443, 6443];

/// The command that removes all of it.
pub(crate) const BACK: &[&str] = &[
    "kubectl delete networkpolicies -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=network-access",
];

/// Says whom an apply stops.
pub(crate) fn consequences(description: &Description) -> Vec<String> {
    let namespaces: Vec<&str> = description
        .network
        .iter()
        .map(|rules| rules.namespace.as_str())
        .collect();
    vec![format!(
        "pods of {} are closed: each connection in or out that the description does not allow is refused, if the network plugin enforces policies",
        namespaces.join(", ")
    )]
}

/// Returns the manifest, or `None` if the description has no rules.
pub(crate) fn generate(description: &Description) -> Option<GeneratedFile> {
    if description.network.is_empty() {
        return None;
    }
    let mut notes = vec![
        "the network plugin has to enforce policies: an API server alone takes them and nothing happens; on EKS turn it on in the VPC CNI".to_owned(),
        "connections to everything outside are closed too: add an egress policy for databases and other services".to_owned(),
    ];
    for rules in &description.network {
        if rules.api_server.is_empty() {
            notes.push(format!(
                "pods of `{}` cannot call the API server: list its addresses in `apiServer` if they have to (kubectl get endpointslices kubernetes)",
                rules.namespace
            ));
        }
    }
    let header = Header {
        title: "Network policies",
        apply: &[
            "see what changes:  kubectl diff -f network.yaml",
            "apply it:          kubectl apply --server-side -f network.yaml",
        ],
        back: BACK,
    };
    let policies = description.network.iter().flat_map(|rules| {
        let mut policies = closed(rules);
        policies.extend(incoming(rules));
        policies.extend(outgoing(rules, description));
        policies
    });
    let documents: Vec<String> = policies.map(|policy| kubeconfig::yaml(&policy)).collect();
    Some(GeneratedFile {
        name: "network.yaml",
        content: header.write(&notes) + &documents.join("---\n"),
    })
}

/// Returns the policies of all pods: nothing but name resolution, and the API server if it is named.
fn closed(rules: &NetworkRules) -> Vec<Value> {
    let everybody = BTreeMap::new();
    let namespace = &rules.namespace;
    let mut policies = vec![
        policy(
            namespace,
            "closed",
            &everybody,
            json!({ "policyTypes": ["Egress", "Ingress"] }),
        ),
        policy(
            namespace,
            "dns",
            &everybody,
            json!({
                "policyTypes": ["Egress"],
                "egress": [{
                    "to": [{
                        "namespaceSelector": { "matchLabels": { NAMESPACE_LABEL: "kube-system" } },
                        "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
                    }],
                    "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
                }],
            }),
        ),
    ];
    if !rules.api_server.is_empty() {
        let addresses: Vec<Value> = rules
            .api_server
            .iter()
            .map(|cidr| json!({ "ipBlock": { "cidr": cidr } }))
            .collect();
        let spec = json!({
            "policyTypes": ["Egress"],
            "egress": [{ "to": addresses, "ports": ports(&API_SERVER_PORTS) }],
        });
        policies.push(policy(namespace, "api-server", &everybody, spec));
    }
    policies
}

fn incoming(rules: &NetworkRules) -> Vec<Value> {
    let allowed = rules.allow.iter().enumerate();
    allowed
        .map(|(at, traffic)| {
            let spec = json!({
                "policyTypes": ["Ingress"],
                "ingress": [{ "from": [selector(&traffic.from)], "ports": ports(&traffic.ports) }],
            });
            policy(&rules.namespace, &format!("accept-{}", at + 1), &traffic.to, spec)
        })
        .collect()
}

/// Returns the policies by which pods of this namespace may call what accepts them: their own namespace is closed too.
fn outgoing(rules: &NetworkRules, description: &Description) -> Vec<Value> {
    let calls = description.network.iter().flat_map(|called| {
        let traffic = called.allow.iter();
        traffic
            .filter(|traffic| caller(called, traffic) == rules.namespace)
            .map(move |traffic| (called, traffic))
    });
    calls
        .enumerate()
        .map(|(at, (called, traffic))| {
            let to = Peer {
                namespace: Some(called.namespace.clone()),
                pods: traffic.to.clone(),
            };
            let spec = json!({
                "policyTypes": ["Egress"],
                "egress": [{ "to": [selector(&to)], "ports": ports(&traffic.ports) }],
            });
            policy(
                &rules.namespace,
                &format!("call-{}", at + 1),
                &traffic.from.pods,
                spec,
            )
        })
        .collect()
}

fn caller<'a>(called: &'a NetworkRules, traffic: &'a AllowedTraffic) -> &'a str {
    traffic.from.namespace.as_deref().unwrap_or(&called.namespace)
}

/// Returns one item, in which namespace and pods have to fit both.
fn selector(peer: &Peer) -> Value {
    let mut item = json!({});
    if let Some(namespace) = &peer.namespace {
        item["namespaceSelector"] = json!({ "matchLabels": { NAMESPACE_LABEL: namespace } });
    }
    if !peer.pods.is_empty() {
        item["podSelector"] = json!({ "matchLabels": peer.pods });
    }
    item
}

fn ports(ports: &[u16]) -> Vec<Value> {
    let ports = ports.iter();
    ports
        .map(|port| json!({ "protocol": "TCP", "port": port }))
        .collect()
}

fn policy(namespace: &str, name: &str, pods: &BTreeMap<String, String>, mut spec: Value) -> Value {
    spec["podSelector"] = if pods.is_empty() {
        json!({})
    } else {
        json!({ "matchLabels": pods })
    };
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": format!("kubesesame-{name}"),
            "namespace": namespace,
            "labels": { LABELS[0].0: LABELS[0].1, LABELS[1].0: LABELS[1].1 },
        },
        "spec": spec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTION: &str = "\
apiVersion: kubesesame/v1alpha1
kind: ClusterAccess
issuers:
- {name: okta, url: https://i, clientIds: [c], username: {claim: sub, prefix: 'okta:'}}
network:
- namespace: production
  apiServer: [10.0.0.1/32]
  allow:
  - to: {app: api-server}
    from: {namespace: ingress-nginx, pods: {app: oauth-proxy}}
    ports: [8080]
  - to: {app: database}
    from: {pods: {app: api-server}}
    ports: [5432]
";

    #[test]
    #[expect(clippy::too_many_lines, reason = "the manifest is the snapshot")]
    fn a_namespace_is_closed_but_for_what_is_allowed() {
        let description = Description::parse(DESCRIPTION).unwrap();
        insta::assert_snapshot!(generate(&description).unwrap().content, @r#"
        # Network policies
        # To apply it:
        #   see what changes:  kubectl diff -f network.yaml
        #   apply it:          kubectl apply --server-side -f network.yaml
        # To go back:
        #   kubectl delete networkpolicies -A -l app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=network-access
        # Note: the network plugin has to enforce policies: an API server alone takes them and nothing happens; on EKS turn it on in the VPC CNI
        # Note: connections to everything outside are closed too: add an egress policy for databases and other services
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: kubesesame-closed
          labels:
            app.kubernetes.io/managed-by: kubesesame
            app.kubernetes.io/part-of: network-access
          namespace: production
        spec:
          podSelector: {}
          policyTypes:
          - Egress
          - Ingress
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: kubesesame-dns
          labels:
            app.kubernetes.io/managed-by: kubesesame
            app.kubernetes.io/part-of: network-access
          namespace: production
        spec:
          egress:
          - ports:
            - port: 53
              protocol: UDP
            - port: 53
              protocol: TCP
            to:
            - namespaceSelector:
                matchLabels:
                  kubernetes.io/metadata.name: kube-system
              podSelector:
                matchLabels:
                  k8s-app: kube-dns
          podSelector: {}
          policyTypes:
          - Egress
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: kubesesame-api-server
          labels:
            app.kubernetes.io/managed-by: kubesesame
            app.kubernetes.io/part-of: network-access
          namespace: production
        spec:
          egress:
          - ports:
            - port: 443
              protocol: TCP
            - port: 6443
              protocol: TCP
            to:
            - ipBlock:
                cidr: "10.0.0.1/32"
          podSelector: {}
          policyTypes:
          - Egress
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: kubesesame-accept-1
          labels:
            app.kubernetes.io/managed-by: kubesesame
            app.kubernetes.io/part-of: network-access
          namespace: production
        spec:
          ingress:
          - from:
            - namespaceSelector:
                matchLabels:
                  kubernetes.io/metadata.name: ingress-nginx
              podSelector:
                matchLabels:
                  app: oauth-proxy
            ports:
            - port: 8080
              protocol: TCP
          podSelector:
            matchLabels:
              app: api-server
          policyTypes:
          - Ingress
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: kubesesame-accept-2
          labels:
            app.kubernetes.io/managed-by: kubesesame
            app.kubernetes.io/part-of: network-access
          namespace: production
        spec:
          ingress:
          - from:
            - podSelector:
                matchLabels:
                  app: api-server
            ports:
            - port: 5432
              protocol: TCP
          podSelector:
            matchLabels:
              app: database
          policyTypes:
          - Ingress
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: kubesesame-call-1
          labels:
            app.kubernetes.io/managed-by: kubesesame
            app.kubernetes.io/part-of: network-access
          namespace: production
        spec:
          egress:
          - ports:
            - port: 5432
              protocol: TCP
            to:
            - namespaceSelector:
                matchLabels:
                  kubernetes.io/metadata.name: production
              podSelector:
                matchLabels:
                  app: database
          podSelector:
            matchLabels:
              app: api-server
          policyTypes:
          - Egress
        "#);
    }

    #[test]
    fn without_rules_there_is_no_manifest() {
        let (without, _) = DESCRIPTION.split_once("network:").unwrap();
        assert!(generate(&Description::parse(without).unwrap()).is_none());
    }
}
