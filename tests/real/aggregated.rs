//! The administrator of a namespace, whose role `admin` is filled by the controller manager: what it allows, and what it keeps from them.

use crate::cluster::{Cluster, Trust};
use crate::cluster_command::{Place, apply};
use crate::kubectl::Kubectl;
use crate::parts;
use crate::process::{Outcome, wait_for};

const GROUPS: &str = "groups:\n- {name: k8s-leads, role: namespace-admin, namespaces: [team-a]}\n";

/// The words of kubectl, and what the API server says to them: `None` if it allows them.
const REQUESTS: [(&[&str], Option<&str>); 7] = [
    (&["create", "deployment", "web", "--image=example.com/web"], None),
    (
        &[
            "create",
            "rolebinding",
            "view",
            "--clusterrole=view",
            "--user=okta:bob",
        ],
        None,
    ),
    (
        &["create", "secret", "generic", "key", "--from-literal=a=b"],
        None,
    ),
    (
        &[
            "create",
            "rolebinding",
            "root",
            "--clusterrole=cluster-admin",
            "--user=okta:bob",
        ],
        Some("is attempting to grant RBAC permissions not currently held"),
    ),
    (
        &[
            "create",
            "role",
            "quotas",
            "--verb=update",
            "--resource=resourcequotas",
        ],
        Some("is attempting to grant RBAC permissions not currently held"),
    ),
    (
        &["create", "quota", "mine", "--hard=pods=1000"],
        Some("cannot create resource \"resourcequotas\""),
    ),
    (
        &["delete", "namespace", "team-a"],
        Some("cannot delete resource \"namespaces\""),
    ),
];

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_administrator_of_a_namespace_changes_no_quotas_gains_no_rights_and_keeps_the_namespace() {
    let place = Place::new(
        "{claim: sub, prefix: 'okta:'}",
        "{claim: groups, prefix: 'okta:'}",
        GROUPS,
    );
    let logs = parts::folder("logs/cluster-aggregated");
    let trust = Trust::Configuration(place.made(&["cluster", "authn", "--platform=config"]));
    let cluster = Cluster::start_trusting(&place.okta, &trust, &logs);
    let _controllers = cluster.start_controllers("clusterrole-aggregation-controller", &logs);
    let admin = cluster.admin();
    assert_eq!(admin.run(&["create", "namespace", "team-a"]).code, Some(0));
    apply(&place, &cluster, "rbac.yaml", &place.made(&["rbac", "generate"]));
    wait_for(
        "aggregated roles, and a binding that the API server knows",
        || {
            let told = as_lead(
                admin,
                &["create", "deployment", "first", "--image=example.com/web"],
            );
            (told.code == Some(0)).then_some(())
        },
    );
    for (words, refusal) in REQUESTS {
        let told = as_lead(admin, words);
        match refusal {
            None => assert_eq!(told.code, Some(0), "{words:?}: {told:?}"),
            Some(text) => {
                assert_ne!(told.code, Some(0), "{words:?}");
                assert!(told.stderr.contains(text), "{words:?}: {}", told.stderr);
            }
        }
    }
}

fn as_lead(admin: &Kubectl, words: &[&str]) -> Outcome {
    let who = [
        "--namespace=team-a",
        "--dry-run=server",
        "--as=okta:alice",
        "--as-group=okta:k8s-leads",
        "--as-group=system:authenticated",
    ];
    admin.run(&[words, &who].concat())
}
