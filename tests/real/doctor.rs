//! `doctor` asks a real API server by a real kubectl, and finds out which of its settings refuses the token.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::{
    cluster::Cluster,
    kubectl::Kubectl,
    parts,
    process::{Outcome, Process},
    user::{self, Kubesesame},
};
use okta::{MockOkta, visit};

const KUBESESAME: &str = env!("CARGO_BIN_EXE_kubesesame");

/// Signs in by kubectl, and returns what `doctor` finds then.
fn found(okta: &MockOkta, cluster: &Cluster) -> Outcome {
    let kubesesame = Kubesesame::new(okta);
    let kubectl = Kubectl::new("newest", cluster.address(), &kubesesame.kubeconfig_user("v1"));
    let mut get_pods = kubectl.start(&["get", "pods"]);
    visit::visit(&kubesesame.first_tab(&mut get_pods), &[]).unwrap();
    drop(get_pods.outcome());

    let bin = kubectl.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(parts::part("newest/kubectl"), bin.join("kubectl")).unwrap();
    let mut command = Command::new(KUBESESAME);
    command
        .env_clear()
        .env("HOME", kubectl.home())
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("KUBECONFIG", kubectl.home().join("kubeconfig"))
        .args([
            "doctor",
            "--output=json",
            "--username-prefix=okta:",
            "--groups-prefix=okta:",
        ]);
    Process::start("doctor", kubectl.home(), &mut command).outcome()
}

fn check<'a>(result: &'a Value, name: &str) -> &'a Value {
    let checks = result["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn an_api_server_is_asked_who_the_user_of_the_stored_token_is() {
    let logs = parts::folder("logs/doctor");
    let okta = user::okta();
    okta.behave(|behaviour| behaviour.auto_approve = true);
    let cluster = Cluster::start(&okta, "sub", &logs);
    let outcome = found(&okta, &cluster);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    let result: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let summary = &check(&result, "cluster-user")["summary"];
    // The token's two groups, and `system:authenticated`.
    assert_eq!(summary, "`okta:00ualice`, in 3 groups");
    assert_eq!(check(&result, "username")["summary"], "okta:00ualice");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn an_api_server_that_refuses_the_token_is_a_failure_that_says_what_to_compare() {
    let logs = parts::folder("logs/doctor-refused");
    let okta = user::okta();
    okta.behave(|behaviour| behaviour.auto_approve = true);
    // No token has this claim.
    let cluster = Cluster::start(&okta, "employee_number", &logs);
    let outcome = found(&okta, &cluster);
    assert_eq!(outcome.code, Some(1), "{}{}", outcome.stdout, outcome.stderr);
    let result: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(check(&result, "api-server")["status"], "ok");
    let refused = check(&result, "cluster-user");
    assert_eq!(refused["status"], "failure");
    let fix = refused["fix"].as_str().unwrap();
    assert!(
        fix.contains(&format!("--oidc-issuer-url={}", okta.issuer())),
        "{fix}"
    );
}
