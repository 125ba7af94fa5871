//! The journey that the product is for: kubectl, a sign-in in the browser, a cluster that knows who it is, and a session
//! that lives on when its first token has ended.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    cluster::Cluster,
    kubectl::{ClusterAddress, Kubectl},
    parts,
    process::{Process, wait_for},
    user::{self, Kubesesame},
};
use okta::{Endpoint, MockOkta};

/// Long enough to look around with the first token, short enough to wait for its end.
const TOKEN_LIFETIME: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_newest_kubectl_signs_in_by_browser_and_stays_signed_in() {
    journey("newest", "v1", "email", "okta:alice@example.com");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_oldest_kubectl_signs_in_by_browser_and_stays_signed_in() {
    journey("oldest", "v1beta1", "sub", "okta:00ualice");
}

/// kubectl runs a failing plugin five times for one command.
#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_refused_sign_in_opens_one_tab_however_often_kubectl_tries() {
    let logs = parts::folder("logs/refused");
    let okta = user::okta();
    let kubesesame = Kubesesame::new(&okta);
    // kubectl wants the credential before it connects: no cluster is needed to be refused.
    let nowhere = ClusterAddress {
        server: "https://127.0.0.1:9".to_owned(),
        certificate_authority: kubesesame.certificate_authority(),
    };
    let kubectl = Kubectl::new("newest", &nowhere, &kubesesame.kubeconfig_user("v1"));
    let browser = Browser::start(&logs);

    let mut get_pods = kubectl.start(&["get", "pods"]);
    browser.open(&kubesesame.first_tab(&mut get_pods));
    browser.press("cancel");
    wait_for("end of kubectl", || {
        assert_eq!(kubesesame.tabs().len(), 1);
        get_pods.ended()
    });
    let outcome = get_pods.outcome();

    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let told = outcome.stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(told.count(), 1, "{}", outcome.stderr);
    let tries = outcome.stderr.matches("failed with exit code 1").count();
    assert!(tries > 1, "one try alone shows nothing: {}", outcome.stderr);
    assert_eq!(okta.count(Endpoint::Authorize), 1);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn kubectls_that_start_together_share_one_sign_in() {
    let logs = parts::folder("logs/together");
    let okta = user::okta();
    let cluster = Cluster::start(&okta, "email", &logs);
    let browser = Browser::start(&logs);
    let kubesesame = Kubesesame::new(&okta);
    let user = kubesesame.kubeconfig_user("v1");
    let kubectls = [(); 4].map(|()| Kubectl::new("newest", cluster.address(), &user));

    let mut running = kubectls.each_ref().map(|kubectl| kubectl.start(&["get", "pods"]));
    browser.open(&kubesesame.first_tab(&mut running[0]));
    user::identify(&browser, &okta);

    for outcome in running.map(Process::outcome) {
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }
    assert_eq!(kubesesame.tabs().len(), 1);
    assert_eq!(grants(&okta), ["authorization_code"]);
}

fn journey(age: &str, api_version: &str, username_claim: &str, username: &str) {
    let logs = parts::folder(&format!("logs/{age}-kubectl"));
    let okta = user::okta();
    okta.behave(|behaviour| {
        behaviour.id_token_lifetime_secs = TOKEN_LIFETIME.as_secs().try_into().unwrap();
    });
    let cluster = Cluster::start(&okta, username_claim, &logs);
    let browser = Browser::start(&logs);
    let kubesesame = Kubesesame::new(&okta);
    let kubectl = Kubectl::new(age, cluster.address(), &kubesesame.kubeconfig_user(api_version));

    let who = sign_in(&kubectl, &kubesesame, &browser, &okta);
    let token_ends = SystemTime::now() + TOKEN_LIFETIME;
    browser.photograph(&format!("{age}-kubectl-signed-in"));
    assert_eq!(who["username"], username);
    assert_eq!(
        who["groups"],
        json!(["okta:k8s-developers", "okta:k8s-oncall", "system:authenticated"])
    );

    the_cluster_decides(&kubectl, username);
    assert_eq!(grants(&okta), ["authorization_code"]);

    wait_for("end of the first token", || {
        (SystemTime::now() > token_ends).then_some(())
    });
    the_cluster_decides(&kubectl, username);
    assert_eq!(grants(&okta), ["authorization_code", "refresh_token"]);
    assert_eq!(okta.count(Endpoint::Authorize), 1);
    assert_eq!(kubesesame.tabs().len(), 1);
}

/// Asks the cluster who this is, signs in where that leads, and returns the answer.
fn sign_in(kubectl: &Kubectl, kubesesame: &Kubesesame, browser: &Browser, okta: &MockOkta) -> Value {
    // What `kubectl auth whoami` does; 1.27 asks for versions of it that a cluster of today no longer has.
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let file = kubectl.home().join("whoami.json");
    fs::write(&file, review.to_string()).unwrap();
    let mut whoami = kubectl.start(&[
        "create",
        "--validate=false",
        "-o=json",
        "-f",
        file.to_str().unwrap(),
    ]);
    browser.open(&kubesesame.first_tab(&mut whoami));
    user::identify(browser, okta);
    wait_for("page at the end of the sign-in", || {
        (browser.title() == "You are signed in").then_some(())
    });

    let outcome = whoami.outcome();
    let expected = format!("signing in at {} in your browser\n", okta.issuer());
    assert_eq!((outcome.code, outcome.stderr), (Some(0), expected));
    let review: Value = serde_json::from_str(&outcome.stdout).unwrap();
    review["status"]["userInfo"].clone()
}

/// Asks for what the person may and for what they may not; kubesesame has nothing to say on the way.
fn the_cluster_decides(kubectl: &Kubectl, username: &str) {
    let allowed = kubectl.run(&["get", "pods", "-n", "default"]);
    let expected = "No resources found in default namespace.\n".to_owned();
    assert_eq!((allowed.code, allowed.stderr), (Some(0), expected));

    let forbidden = kubectl.run(&["get", "secrets", "-n", "default"]);
    let expected = format!(
        "Error from server (Forbidden): secrets is forbidden: User \"{username}\" cannot list resource \"secrets\" in \
         API group \"\" in the namespace \"default\"\n"
    );
    assert_eq!((forbidden.code, forbidden.stderr), (Some(1), expected));
}

/// Returns the grant types that the provider was asked for, in order.
fn grants(okta: &MockOkta) -> Vec<String> {
    let requests = okta.requests().into_iter();
    requests.filter_map(|request| request.grant_type).collect()
}
