//! The scripts of `examples/walkthroughs`, run as they stand; the test is the kubelet.

use std::fs;
use std::thread;

use crate::cluster::{Cluster, Trust};
use crate::cluster_command::MANIFEST;
use crate::kubectl::ClusterAddress;
use crate::parts;
use crate::process::wait_for;
use crate::setup::Machine;
use crate::user;

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn from_an_app_to_an_allowed_and_a_refused_call_with_a_static_pod() {
    let logs = parts::folder("logs/walkthrough-static-pod");
    let okta = user::okta();
    okta.behave(|behaviour| behaviour.auto_approve = true);
    let machine = Machine::new(&okta);
    machine.write_kubeconfig(&ClusterAddress {
        server: "https://127.0.0.1:9".to_owned(),
        certificate_authority: machine.path("ca.pem"),
    });
    fs::write(machine.path("manifest.yaml"), MANIFEST).unwrap();
    let script = fs::read_to_string("examples/walkthroughs/static-pod.sh").unwrap();
    let script = format!(
        "cd\nISSUER={} CLIENT_ID={} GROUP=k8s-developers\nCA=$HOME/ca.pem MANIFEST=$HOME/manifest.yaml AUTHENTICATION=$HOME/authentication \
         KUBELET_SECONDS=0\n{script}",
        okta.issuer(),
        okta.client_id()
    );
    let (told, _cluster) = thread::scope(|scope| {
        let running = scope.spawn(|| machine.run(&script));
        let patched = wait_for("patched manifest, or the end of the script", || {
            let manifest = fs::read_to_string(machine.path("manifest.yaml")).unwrap();
            (running.is_finished() || manifest.contains("--oidc-")).then_some(manifest)
        });
        let cluster = patched.contains("--oidc-").then(|| {
            let trust = Trust::Flags(flags(&patched, &machine));
            let cluster = Cluster::start_trusting(&okta, &trust, &logs);
            machine.write_kubeconfig_of(&cluster);
            cluster
        });
        (running.join().unwrap(), cluster)
    });
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.stderr
            .contains("secrets is forbidden: User \"oidc:00ualice\""),
        "{told:?}"
    );
    assert!(
        told.stderr.contains("No resources found in default namespace."),
        "{told:?}"
    );
}

/// Returns the flags for sign-ins of the manifest, with the directory that the script used.
fn flags(manifest: &str, machine: &Machine) -> Vec<String> {
    let directory = machine.path("authentication").display().to_string();
    let words = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        // A text that ends in a colon is quoted.
        .map(|word| word.trim_matches('\''));
    words
        .filter(|word| word.starts_with("--oidc-"))
        .map(|flag| flag.replace("/etc/kubernetes/authentication", &directory))
        .collect()
}

/// Nothing of AWS is here: an API server that trusts the provider as EKS does stands for the cluster.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn an_eks_cluster_from_one_description_ends_with_allowed_and_refused_calls() {
    let logs = parts::folder("logs/walkthrough-eks");
    let okta = user::okta();
    okta.behave(|behaviour| behaviour.auto_approve = true);
    let machine = Machine::new(&okta);
    let cluster = Cluster::start(&okta, "email", &logs);
    machine.write_kubeconfig_of(&cluster);
    let script = fs::read_to_string("examples/walkthroughs/eks.sh").unwrap();
    let told = machine.run(&format!(
        "cd\nISSUER={} CLIENT_ID={} CLUSTER=production CA=$HOME/ca.pem\n{script}",
        okta.issuer(),
        okta.client_id()
    ));
    assert_eq!(told.code, Some(0), "{told:?}");
    for refusal in [
        "User \"okta:alice@example.com\" cannot delete resource \"deployments\"",
        "User \"okta:alice@example.com\" cannot list resource \"secrets\"",
        "may run as root: container web",
    ] {
        assert!(told.stderr.contains(refusal), "{refusal}: {told:?}");
    }
    assert!(
        told.stdout
            .contains("no: okta:sarah@example.com cannot delete deployments"),
        "{told:?}"
    );
}
