//! A cluster that rejects every token: kubectl asks again and again, gets one each time, and says itself that it is not let in.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    kubectl::Kubectl,
    parts,
    person::KUBESESAME,
    process::Outcome,
    user::{self, Kubesesame},
};
use okta::MockOkta;
use okta::visit;

/// kubectl's own words, and none of ours: there is no terminal, and the token was good.
fn is_unauthorized(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(
        last.contains("You must be logged in to the server"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("hint:"), "{}", outcome.stderr);
}

fn grants(okta: &MockOkta) -> Vec<String> {
    let requests = okta.requests().into_iter();
    requests.filter_map(|request| request.grant_type).collect()
}

/// The same entry by way of `kubectl oidc-login`, which on Unix becomes the plugin.
fn wrapped(user: &Value) -> Value {
    let mut user = user.clone();
    let arguments = user["exec"]["args"].as_array().unwrap();
    let arguments = [&[json!("oidc-login")], arguments.as_slice()].concat();
    user["exec"]["command"] = "kubectl".into();
    user["exec"]["args"] = arguments.into();
    user
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_kubectl_whose_tokens_are_rejected_costs_one_refresh_and_no_error_of_ours() {
    let logs = parts::folder("logs/refused-token");
    let okta = user::okta();
    okta.behave(|behaviour| behaviour.auto_approve = true);
    // No token has this claim, so that the API server answers 401 to all of them.
    let cluster = Cluster::start(&okta, "employee_number", &logs);
    let kubesesame = Kubesesame::new(&okta);
    let user = kubesesame.kubeconfig_user("v1");
    let kubectl = Kubectl::new("newest", cluster.address(), &user);

    let mut get_pods = kubectl.start(&["get", "pods"]);
    visit::visit(&kubesesame.first_tab(&mut get_pods), &[]).unwrap();
    // What has just come from the provider is not refreshed for it.
    is_unauthorized(&get_pods.outcome());
    assert_eq!(grants(&okta), ["authorization_code"]);

    let kubectl = Kubectl::new("newest", cluster.address(), &wrapped(&user));
    let bin = kubectl.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(parts::part("newest/kubectl"), bin.join("kubectl")).unwrap();
    symlink(KUBESESAME, bin.join("kubectl-oidc_login")).unwrap();
    kubesesame.let_token_age();
    is_unauthorized(&kubectl.run(&["get", "pods"]));
    assert_eq!(grants(&okta), ["authorization_code", "refresh_token"]);
    assert_eq!(kubesesame.tabs().len(), 1);
}
