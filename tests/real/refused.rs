//! A cluster that refuses every token: kubectl asks again and again, and is told the cause.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    kubectl::Kubectl,
    okta::MockOkta,
    parts,
    person::KUBESESAME,
    process::Outcome,
    user::{self, Kubesesame},
    visit,
};

fn is_told(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("error: the API server refuses the token, though it has not ended\nhint: compare"),
        "{}",
        outcome.stderr
    );
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
fn a_kubectl_whose_tokens_are_refused_renews_once_and_tells_the_cause() {
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
    // What has just come from the provider is not renewed for it.
    is_told(&get_pods.outcome());
    assert_eq!(grants(&okta), ["authorization_code"]);

    let kubectl = Kubectl::new("newest", cluster.address(), &wrapped(&user));
    let bin = kubectl.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(parts::part("newest/kubectl"), bin.join("kubectl")).unwrap();
    symlink(KUBESESAME, bin.join("kubectl-oidc_login")).unwrap();
    kubesesame.let_token_age();
    is_told(&kubectl.run(&["get", "pods"]));
    assert_eq!(grants(&okta), ["authorization_code", "refresh_token"]);
    assert_eq!(kubesesame.tabs().len(), 1);
}
