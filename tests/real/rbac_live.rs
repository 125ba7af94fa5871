//! `rbac can`, `explain`, `who-can` and `list` at a real API server, without files: equal to what kubectl is told itself. And a person who may
//! not list roles and bindings.

use std::collections::BTreeMap;
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::kubectl::Kubectl;
use crate::parts;
use crate::process::{Outcome, wait_for};
use crate::user;

const CLUSTER_PROGRAM: &str = env!("CARGO_BIN_EXE_kubesesame-cluster");

const POLICY: &str = include_str!("rbac_live.yaml");

/// A user and the groups, without those that the API server adds.
type Who = (&'static str, &'static [&'static str]);

const PEOPLE: [Who; 12] = [
    ("okta:sarah", &["okta:developers"]),
    ("okta:joe", &["okta:developers", "okta:metrics"]),
    ("okta:lead", &["okta:leads"]),
    ("okta:auditor", &[]),
    ("okta:nobody", &[]),
    ("okta:root", &["system:masters"]),
    ("okta:named", &[]),
    ("okta:scaler", &["okta:unknown"]),
    ("system:serviceaccount:ci:builder", &[]),
    ("system:serviceaccount:ci:other", &[]),
    ("system:serviceaccount:shop:builder", &[]),
    ("system:kube-scheduler", &[]),
];

/// Questions as `kubectl auth can-i` is asked them, without those that it asks otherwise than they are meant: what belongs to the cluster in a
/// namespace, and resources that the API server does not have.
const QUESTIONS: [&[&str]; 22] = [
    &["list", "pods", "-n", "shop"],
    &["get", "pods/web-1", "-n", "shop"],
    &["list", "pods", "-A"],
    &["list", "pods", "-n", "ci"],
    &["list", "secrets", "-n", "shop"],
    &["get", "secrets/db", "-n", "shop"],
    &["get", "secrets/other", "-n", "shop"],
    &["create", "pods", "--subresource=exec", "-n", "shop"],
    &["get", "pods", "--subresource=log", "-n", "shop"],
    &["update", "deployments.apps", "--subresource=scale", "-n", "shop"],
    &["update", "deployments.apps", "-n", "shop"],
    &["delete", "nodes", "-A"],
    &["list", "nodes", "-A"],
    &["list", "namespaces", "-A"],
    &["get", "/healthz"],
    &["get", "/metrics"],
    &["get", "/metrics/slis"],
    &["get", "/logs"],
    &[
        "bind",
        "clusterroles.rbac.authorization.k8s.io/view",
        "-n",
        "shop",
    ],
    &["create", "tokenreviews.authentication.k8s.io", "-A"],
    &["create", "selfsubjectaccessreviews.authorization.k8s.io", "-A"],
    &["patch", "leases.coordination.k8s.io", "-n", "shop"],
];

fn flags(who: Who) -> Vec<String> {
    let groups = who.1.iter().map(|group| format!("--as-group={group}"));
    std::iter::once(format!("--as={}", who.0)).chain(groups).collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs `kubesesame-cluster rbac` as the owner of a kubectl.
fn rbac(kubectl: &Kubectl, words: &[String]) -> Outcome {
    let binary = parts::part("newest/kubectl");
    let output = Command::new(CLUSTER_PROGRAM)
        .arg("rbac")
        .args(words)
        .env_clear()
        .env("HOME", kubectl.home())
        .env("KUBECONFIG", kubectl.home().join("kubeconfig"))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", binary.parent().unwrap().display()),
        )
        .output()
        .unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

fn kubectl_says(admin: &Kubectl, who: Who, words: &[&str]) -> bool {
    // kubectl adds no groups to an impersonated user but those of a service account, and the API server `system:authenticated`.
    let all = [strings(&["auth", "can-i"]), strings(words), flags(who)].concat();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let outcome = admin.run(&all);
    // A reason can follow.
    match outcome.stdout.split_whitespace().next() {
        Some("yes") => true,
        Some("no") => false,
        other => panic!("{words:?} {who:?}: {other:?} {outcome:?}"),
    }
}

/// A cluster with the policy, in which everything is known to the authorizer.
fn cluster(okta: &okta::MockOkta) -> Cluster {
    let cluster = Cluster::start(okta, "sub", &parts::folder("logs/rbac-live"));
    let admin = cluster.admin();
    let file = admin.home().join("policy.yaml");
    fs::write(&file, POLICY).unwrap();
    for namespace in ["shop", "ci"] {
        assert_eq!(admin.run(&["create", "namespace", namespace]).code, Some(0));
    }
    let applied = admin.run(&["apply", "-f", file.to_str().unwrap()]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    // The last object of the file.
    wait_for("a policy that the authorizer knows", || {
        kubectl_says(admin, PEOPLE[10], &["list", "pods", "-n", "ci"]).then_some(())
    });
    cluster
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn answers_about_a_running_cluster_are_those_of_its_api_server() {
    let okta = user::okta();
    let cluster = cluster(&okta);
    let admin = cluster.admin();
    let file = admin.home().join("requests.txt");
    let lines = QUESTIONS.map(|words| format!("{} --api-verb\n", words.join(" ")));
    fs::write(&file, lines.concat()).unwrap();
    let answers = PEOPLE.map(|who| {
        let words = ["can", "-o", "json", "--requests", file.to_str().unwrap()];
        let told = rbac(admin, &[strings(&words), flags(who)].concat());
        let value: Value = serde_json::from_str(&told.stdout).unwrap();
        assert_eq!(told.code, Some(i32::from(value["allowed"] == false)), "{told:?}");
        value
    });
    let mut allowed = 0;
    for (number, words) in QUESTIONS.into_iter().enumerate() {
        let asked = [strings(words), strings(&["--api-verb"])].concat();
        let who_can = rbac(
            admin,
            &[strings(&["who-can", "-o", "json"]), asked.clone()].concat(),
        );
        let holders: Value = serde_json::from_str(&who_can.stdout).unwrap();
        for (at, who) in PEOPLE.into_iter().enumerate() {
            let expected = kubectl_says(admin, who, words);
            allowed += usize::from(expected);
            let request = &answers[at]["requests"][number];
            assert_eq!(request["line"], number + 1);
            assert_eq!(request["allowed"], expected, "{who:?} {words:?} {request}");
            assert_eq!(
                is_holder(who, &holders),
                expected,
                "{who:?} {words:?} {who_can:?}"
            );
            // One command for each question and person would take minutes.
            if at == number % PEOPLE.len() {
                let explained = rbac(
                    admin,
                    &[strings(&["explain"]), asked.clone(), flags(who)].concat(),
                );
                let code = Some(i32::from(!expected));
                assert_eq!(explained.code, code, "{who:?} {words:?} {explained:?}");
            }
        }
    }
    let all = QUESTIONS.len() * PEOPLE.len();
    assert!(allowed * 6 > all && allowed * 2 < all, "{allowed} of {all}");
}

/// Whether a person is among those who can, with the groups that the API server adds.
fn is_holder(who: Who, answer: &Value) -> bool {
    let account = who.0.strip_prefix("system:serviceaccount:");
    let mut groups: Vec<String> = who.1.iter().map(|group| (*group).to_owned()).collect();
    groups.push("system:authenticated".to_owned());
    if let Some(account) = account {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!(
            "system:serviceaccounts:{}",
            account.split(':').next().unwrap()
        ));
    }
    if groups.iter().any(|group| group == "system:masters") {
        return true;
    }
    let subjects = answer["requests"][0]["subjects"].as_array().unwrap();
    subjects.iter().any(|subject| {
        let name = subject["name"].as_str().unwrap();
        match subject["kind"].as_str().unwrap() {
            "Group" => groups.iter().any(|group| group == name),
            "User" => name == who.0,
            _ => account == Some(&format!("{}:{name}", subject["namespace"].as_str().unwrap())),
        }
    })
}

/// Counts equal rules: the order of bindings in a cluster is not defined.
fn counted(rules: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for rule in rules.as_array().into_iter().flatten() {
        *counts.entry(rule.to_string()).or_default() += 1;
    }
    counts
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_rules_of_a_list_are_those_of_a_review() {
    let okta = user::okta();
    let cluster = cluster(&okta);
    let admin = cluster.admin();
    let mut rules = 0;
    for who in PEOPLE {
        for namespace in ["shop", "ci", "default"] {
            let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}});
            let file = admin.home().join("review.json");
            fs::write(&file, review.to_string()).unwrap();
            let file = format!("--filename={}", file.display());
            let words = [
                strings(&[
                    "create",
                    "--raw=/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                    &file,
                ]),
                flags(who),
            ]
            .concat();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let told = admin.run(&words);
            let told: Value = serde_json::from_str(&told.stdout).unwrap();
            let status = &told["status"];
            let listed = rbac(
                admin,
                &[strings(&["list", "-o", "json", "-n", namespace]), flags(who)].concat(),
            );
            assert_eq!(listed.code, Some(0), "{listed:?}");
            let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
            let section = &listed["namespaces"][0];
            for field in ["resourceRules", "nonResourceRules"] {
                assert_eq!(
                    counted(&section[field]),
                    counted(&status[field]),
                    "{who:?} {namespace} {field}"
                );
                rules += counted(&status[field]).len();
            }
            assert_eq!(
                section["evaluationError"], status["evaluationError"],
                "{who:?} {namespace}"
            );
        }
    }
    assert!(rules > 100, "{rules}");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn who_asks_is_whom_the_api_server_knows_and_a_kind_that_may_not_be_listed_is_named() {
    let okta = user::okta();
    let cluster = cluster(&okta);
    let admin_user: Value =
        serde_json::from_str(&fs::read_to_string(cluster.admin().home().join("kubeconfig")).unwrap())
            .unwrap();
    let as_person = |name: &str, groups: &[&str]| {
        let mut user = admin_user["users"][0]["user"].clone();
        user["as"] = json!(name);
        user["as-groups"] = json!(groups);
        Kubectl::new("newest", cluster.address(), &user)
    };
    let auditor = as_person("okta:auditor", &["okta:developers"]);
    let can = rbac(&auditor, &strings(&["can", "list", "pods", "-n", "shop"]));
    assert_eq!(
        can.stdout,
        "yes: okta:auditor can list pods in shop\n  RBAC: allowed by RoleBinding \"developers/shop\" of ClusterRole \"reader\" to\n  Group \"okta:developers\"\n",
        "{can:?}"
    );
    let explained = rbac(&auditor, &strings(&["explain", "list", "pods", "-n", "ci"]));
    assert_eq!(explained.code, Some(1), "{explained:?}");
    let listed = rbac(&auditor, &strings(&["list", "-n", "shop"]));
    assert!(
        listed
            .stdout
            .starts_with("okta:auditor (groups: okta:developers, system:authenticated)\n"),
        "{listed:?}"
    );

    let half = as_person("okta:half", &[]);
    let refused = rbac(&half, &strings(&["can", "list", "pods", "-n", "shop"]));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.stderr.starts_with(
            "error: the API server does not let you list clusterrolebindings, roles, rolebindings\n"
        ),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("kubectl auth can-i"), "{refused:?}");
    let nowhere = strings(&["can", "list", "pods", "--context=none"]);
    let nowhere = rbac(&half, &nowhere);
    assert_eq!(
        (nowhere.code, nowhere.stdout.as_str()),
        (Some(2), ""),
        "{nowhere:?}"
    );
    assert!(nowhere.stderr.contains("none"), "{nowhere:?}");
}
