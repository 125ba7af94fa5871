//! `cluster verify` at a real API server: the loaded configuration, the user and the groups.

use std::fs;
use std::process::Command;

use crate::cluster::{Cluster, Trust};
use crate::kubectl::Kubectl;
use crate::parts;
use crate::process::wait_for;
use crate::user::{self, Kubesesame};
use okta::{MockOkta, visit::visit};
use tempfile::TempDir;

const CLUSTER_PROGRAM: &str = env!("CARGO_BIN_EXE_kubesesame-cluster");

/// Runs it in a directory, with the kubeconfig of a person; returns what it printed and its exit code.
fn run(dir: &TempDir, kubectl: &Kubectl, args: &[&str]) -> (String, Option<i32>) {
    let kubectl_binary = parts::part("newest/kubectl");
    let mut command = Command::new(CLUSTER_PROGRAM);
    command
        .args(args)
        .env_clear()
        .env("HOME", dir.path())
        .env("KUBECONFIG", kubectl.home().join("kubeconfig"))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", kubectl_binary.parent().unwrap().display()),
        )
        .current_dir(dir.path());
    let output = command.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// A directory with the description of a provider.
fn described(okta: &MockOkta) -> TempDir {
    let dir = TempDir::with_prefix("kubesesame-verify-").unwrap();
    let pem = okta.ca_pem().unwrap().trim_end().replace('\n', "\n    ");
    let text = format!(
        "apiVersion: kubesesame/v1alpha1\nkind: ClusterAccess\nissuers:\n- name: okta\n  url: {}\n  clientIds: [{}]\n  \
         username: {{claim: sub, prefix: 'okta:'}}\n  groups: {{claim: groups, prefix: 'okta:'}}\n  certificateAuthority: |\n    {pem}\n\
         groups:\n- {{name: k8s-developers, role: developer, namespaces: [shop]}}\n",
        okta.issuer(),
        okta.client_id()
    );
    fs::write(dir.path().join("kubesesame.yaml"), text).unwrap();
    dir
}

/// Starts an API server with the configuration that the description comes to.
fn configured(okta: &MockOkta, dir: &TempDir) -> Cluster {
    let mut command = Command::new(CLUSTER_PROGRAM);
    command.args(["cluster", "authn", "--platform=config"]);
    let output = command.env_clear().current_dir(dir.path()).output().unwrap();
    let configuration = String::from_utf8(output.stdout).unwrap();
    fs::write(dir.path().join("authentication.yaml"), &configuration).unwrap();
    let logs = parts::folder("logs/verify");
    Cluster::start_trusting(okta, &Trust::Configuration(configuration), &logs)
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_cluster_is_compared_with_its_description() {
    let okta = user::okta();
    okta.behave(|behaviour| {
        behaviour.auto_approve = true;
        behaviour.user.groups = vec!["k8s-developers".to_owned()];
    });
    let dir = described(&okta);
    let cluster = configured(&okta, &dir);
    let kubesesame = Kubesesame::new(&okta);
    let kubectl = Kubectl::new("newest", cluster.address(), &kubesesame.kubeconfig_user("v1"));
    let mut signing_in = kubectl.start(&["auth", "whoami"]);
    drop(visit(&kubesesame.first_tab(&mut signing_in), &[]));
    signing_in.outcome();

    let admin = format!(
        "--admin-kubeconfig={}",
        cluster.admin().home().join("kubeconfig").display()
    );
    let loaded = "--configuration=authentication.yaml";
    let told = wait_for("agreement", || {
        let (told, code) = run(&dir, &kubectl, &["cluster", "verify", loaded, &admin]);
        (code == Some(0)).then_some(told)
    });
    assert_eq!(
        told,
        "ok       configuration  the API server has loaded this file\n\
         ok       user           the API server calls you okta:00ualice, of `okta`\n\
         ok       groups         the API server sees okta:k8s-developers\n"
    );
    let (told, code) = run(&dir, &kubectl, &["cluster", "verify", "--group=k8s-platform"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("unknown  configuration  its metrics cannot be read"),
        "{told}"
    );
    assert!(
        told.contains("failed   groups         k8s-platform did not arrive"),
        "{told}"
    );
    let other = "--configuration=kubesesame.yaml";
    let (told, code) = run(&dir, &kubectl, &["cluster", "verify", other, &admin]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("failed   configuration  another one is loaded,"),
        "{told}"
    );
}
