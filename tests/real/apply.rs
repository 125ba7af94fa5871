//! `--apply` on a real API server: twice, without rights, against another manager, and killed in the middle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::cluster_command::Place;
use crate::kubectl::Kubectl;
use crate::parts;
use crate::process::{Outcome, Process, wait_for};

const CLUSTER_PROGRAM: &str = env!("CARGO_BIN_EXE_kubesesame-cluster");

const REST: &str = "\
- {name: k8s-shop, role: namespace-admin, namespaces: [team-0]}
- {name: k8s-platform, role: platform-engineer}
- {name: k8s-emergency, role: break-glass}
network:
- {namespace: team-0}
admission:
  secretDeletion: [k8s-platform]
";

/// So many that an apply can be interrupted in the middle.
const NAMESPACES: usize = 120;

fn names() -> Vec<String> {
    (0..NAMESPACES).map(|number| format!("team-{number}")).collect()
}

fn grants() -> String {
    let names = names().join(", ");
    format!("groups:\n- {{name: k8s-developers, role: developer, namespaces: [{names}]}}\n{REST}")
}

fn make_namespaces(place: &Place, admin: &Kubectl) {
    let items: Vec<Value> = names()
        .iter()
        .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }))
        .collect();
    let file = place.dir().join("namespaces.json");
    fs::write(
        &file,
        json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string(),
    )
    .unwrap();
    let made = admin.run(&["create", "-f", file.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{made:?}");
}

const ALL: &str = "clusterroles,clusterrolebindings,rolebindings";
const LABEL: &str = "-l=app.kubernetes.io/managed-by=kubesesame";

fn start(place: &Place, kubeconfig: &Path, args: &[&str]) -> Process {
    let kubectl = parts::part("newest/kubectl");
    let mut command = Command::new(CLUSTER_PROGRAM);
    command
        .args(args)
        .args(["--apply", "--yes"])
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .env_clear()
        .env("HOME", place.dir())
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", kubectl.parent().unwrap().display()),
        )
        .current_dir(place.dir());
    Process::start_with("apply", place.dir(), &mut command, Stdio::null())
}

fn apply(place: &Place, kubeconfig: &Path, args: &[&str]) -> Outcome {
    start(place, kubeconfig, args).outcome()
}

fn count(admin: &Kubectl) -> usize {
    let told = admin.run(&["get", ALL, "-A", LABEL, "-o=name"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    told.stdout.lines().count()
}

/// Writes the administrator's kubeconfig for a user who has no rights.
fn without_rights(place: &Place, admin: &Path) -> PathBuf {
    let mut kubeconfig: Value = serde_json::from_str(&fs::read_to_string(admin).unwrap()).unwrap();
    kubeconfig["users"][0]["user"]["as"] = json!("okta:nobody");
    let file = place.dir().join("nobody.kubeconfig");
    fs::write(&file, kubeconfig.to_string()).unwrap();
    file
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn an_apply_is_repeated_refused_and_interrupted_without_harm() {
    let place = Place::new(
        "{claim: sub, prefix: 'okta:'}",
        "{claim: groups, prefix: 'okta:'}",
        &grants(),
    );
    let cluster = Cluster::start(&place.okta, "sub", &parts::folder("logs/apply"));
    let admin = cluster.admin();
    let kubeconfig = admin.home().join("kubeconfig");
    let rbac = ["rbac", "generate"];

    let missing = apply(&place, &kubeconfig, &rbac);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.stderr.contains("kubectl create namespace"), "{missing:?}");
    make_namespaces(&place, admin);

    let nobody = without_rights(&place, &kubeconfig);
    let refused = apply(&place, &nobody, &rbac);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("nothing was applied: Error from server (Forbidden)"),
        "{refused:?}"
    );
    assert_eq!(count(admin), 0);

    let first = apply(&place, &kubeconfig, &rbac);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first
            .stdout
            .lines()
            .all(|line| line.ends_with("serverside-applied")),
        "{first:?}"
    );
    assert!(
        first.stderr.contains("+kind: ClusterRole\n") && first.stderr.contains("to go back"),
        "{first:?}"
    );
    let all = count(admin);
    let second = apply(&place, &kubeconfig, &rbac);
    assert_eq!(
        (second.code, second.stdout.as_str()),
        (Some(0), "nothing to do: the cluster has all of it already\n"),
        "{second:?}"
    );

    another_manager_is_not_overruled(&place, admin, &kubeconfig);
    interrupted_runs_are_run_again(&place, admin, &kubeconfig, all);
    for args in [
        &["cluster", "network"][..],
        &["admission", "generate", "--mode=deny"],
    ] {
        let applied = apply(&place, &kubeconfig, args);
        assert_eq!(applied.code, Some(0), "{applied:?}");
        let again = apply(&place, &kubeconfig, args);
        assert!(again.stdout.starts_with("nothing to do"), "{again:?}");
    }
}

fn another_manager_is_not_overruled(place: &Place, admin: &Kubectl, kubeconfig: &Path) {
    let names = admin.run(&[
        "get",
        "clusterrolebindings",
        LABEL,
        "-o=jsonpath={.items[0].metadata.name}",
    ]);
    let patch = r#"{"subjects":[{"kind":"User","name":"other","apiGroup":"rbac.authorization.k8s.io"}]}"#;
    let name = names.stdout.trim();
    let patched = admin.run(&[
        "patch",
        "clusterrolebinding",
        name,
        "--field-manager=other",
        "--type=merge",
        "-p",
        patch,
    ]);
    assert_eq!(patched.code, Some(0), "{patched:?}");
    let refused = apply(place, kubeconfig, &["rbac", "generate"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("(Conflict): Apply failed with 1 conflict"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("--force-conflicts"), "{refused:?}");
}

fn remove(admin: &Kubectl) {
    let removed = admin.run(&["delete", "clusterrolebindings,clusterroles", LABEL]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    let removed = admin.run(&["delete", "rolebindings", "-A", LABEL]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
}

/// Ctrl-C ends kubectl too, in the middle of its work; SIGKILL leaves it alone.
fn interrupted_runs_are_run_again(place: &Place, admin: &Kubectl, kubeconfig: &Path, all: usize) {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        remove(admin);
        let mut running = start(place, kubeconfig, &["rbac", "generate"]);
        running.wait_for("an apply that has begun", |running| {
            running.stderr().contains("applying;").then_some(())
        });
        wait_for("the first objects", || (count(admin) > 0).then_some(()));
        kill(Pid::from_raw(running.id().cast_signed()), signal).unwrap();
        let ended = running.outcome();
        assert_eq!(ended.code, None, "{signal}: {ended:?}");
        let done = count(admin);
        assert!(
            signal == Signal::SIGKILL || done < all,
            "all {done} objects were applied before the signal"
        );
        let again = apply(place, kubeconfig, &["rbac", "generate"]);
        assert_eq!(again.code, Some(0), "{again:?}");
        assert_eq!(count(admin), all);
    }
    let last = apply(place, kubeconfig, &["rbac", "generate"]);
    assert!(last.stdout.starts_with("nothing to do"), "{last:?}");
}
