//! What `kubesesame-cluster` makes of a description, on a real API server: whom it accepts and refuses, and what roles allow.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::{Cluster, Trust};
use crate::kubectl::{ClusterAddress, Kubectl};
use crate::parts;
use crate::process::{Outcome, wait_for};
use crate::user::{self, Kubesesame};
use okta::{MockOkta, visit::visit};

const CLUSTER_PROGRAM: &str = env!("CARGO_BIN_EXE_kubesesame-cluster");

/// A provider that signs in whoever comes, and a directory with a description of it.
pub(crate) struct Place {
    pub(crate) okta: MockOkta,
    dir: TempDir,
}

impl Place {
    /// `groups` is what the description says of the groups of the issuer; `more` are further entries and sections.
    pub(crate) fn new(username: &str, groups: &str, more: &str) -> Self {
        let okta = user::okta();
        okta.behave(|behaviour| behaviour.auto_approve = true);
        let dir = TempDir::with_prefix("kubesesame-description-").unwrap();
        let pem = okta.ca_pem().unwrap().trim_end().replace('\n', "\n    ");
        let text = format!(
            "apiVersion: kubesesame/v1alpha1\nkind: ClusterAccess\nissuers:\n- name: okta\n  url: {}\n  clientIds: [{}]\n  username: {username}\n  \
             groups: {groups}\n  certificateAuthority: |\n    {pem}\n{more}",
            okta.issuer(),
            okta.client_id()
        );
        fs::write(dir.path().join("kubesesame.yaml"), text).unwrap();
        Self { okta, dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns what a command prints for the description.
    pub(crate) fn made(&self, args: &[&str]) -> String {
        let output = Command::new(CLUSTER_PROGRAM)
            .args(args)
            .env_clear()
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?}: {told}");
        text
    }

    /// Lets the provider's person have these groups, and a verified address or none.
    fn let_person_be(&self, groups: &[&str], email_verified: bool) {
        self.okta.behave(|behaviour| {
            behaviour.user.groups = groups.iter().map(|&group| group.to_owned()).collect();
            behaviour.user.email_verified = email_verified;
        });
    }

    /// Signs in anew through kubectl, and asks the API server who that is.
    fn whoami(&self, cluster: &Cluster) -> Outcome {
        let kubesesame = Kubesesame::new(&self.okta);
        let kubectl = Kubectl::new("newest", cluster.address(), &kubesesame.kubeconfig_user("v1"));
        let mut asking = kubectl.start(&["auth", "whoami", "-o=json"]);
        let tab = kubesesame.first_tab(&mut asking);
        drop(visit(&tab, &[]));
        asking.outcome()
    }

    /// Signs in until the API server answers as it does when it knows the provider's keys.
    fn accepted(&self, cluster: &Cluster) -> Value {
        let told = wait_for("sign-in that the API server accepts", || {
            let told = self.whoami(cluster);
            (told.code == Some(0)).then_some(told)
        });
        let review: Value = serde_json::from_str(&told.stdout).unwrap();
        review["status"]["userInfo"].clone()
    }

    fn refused(&self, cluster: &Cluster) {
        let told = self.whoami(cluster);
        assert!(
            told.code != Some(0) && told.stderr.contains("Unauthorized"),
            "{told:?}"
        );
    }
}

const EMAIL: &str = "{claim: email, prefix: 'okta:'}";
const RBAC: &str = "\
groups:
- {name: k8s-developers, role: developer, namespaces: [team-a]}
- {name: k8s-platform, role: platform-engineer}
- {name: k8s-emergency, role: break-glass}
network:
- namespace: team-a
  apiServer: [10.0.0.1/32]
  allow:
  - to: {app: web}
    from: {namespace: ingress-nginx, pods: {app: proxy}}
    ports: [8080]
";

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_configuration_of_several_issuers_maps_filters_and_requires_what_the_description_says() {
    let second = "- name: emergency\n  role: disaster-recovery\n  url: https://127.0.0.1:9/emergency\n  clientIds: [a, b]\n  \
                  username: {claim: sub, prefix: 'dr:'}\n  groups: {claim: 'https://x/groups', prefix: \"dr':\", startingWith: k8s-}\n";
    let groups = "{claim: groups, prefix: 'okta:', startingWith: k8s-}\n  uid: sub";
    let place = Place::new(EMAIL, groups, &format!("{second}{RBAC}"));
    let configuration = place.made(&["cluster", "authn", "--platform=config"]);
    let logs = parts::folder("logs/cluster-command-config");
    let cluster = Cluster::start_trusting(&place.okta, &Trust::Configuration(configuration), &logs);

    place.let_person_be(&["Everyone", "k8s-developers", "system:masters"], true);
    let person = place.accepted(&cluster);
    assert_eq!(person["username"], "okta:alice@example.com");
    assert_eq!(person["uid"], "00ualice");
    assert_eq!(
        person["groups"],
        json!(["okta:k8s-developers", "system:authenticated"])
    );
    place.let_person_be(&["k8s-developers"], false);
    place.refused(&cluster);

    roles_allow_what_they_say(&place, &cluster);
    network_policies_are_accepted(&place, &cluster);
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn without_a_prefix_a_rule_keeps_groups_of_kubernetes_out() {
    let place = Place::new("{claim: sub, prefix: 'okta:'}", "{claim: groups, prefix: ''}", "");
    let configuration = place.made(&["cluster", "authn", "--platform=config"]);
    let logs = parts::folder("logs/cluster-command-reserved");
    let cluster = Cluster::start_trusting(&place.okta, &Trust::Configuration(configuration), &logs);
    place.let_person_be(&["k8s-developers"], true);
    let person = place.accepted(&cluster);
    assert_eq!(
        person["groups"],
        json!(["k8s-developers", "system:authenticated"])
    );
    place.let_person_be(&["k8s-developers", "system:masters"], true);
    place.refused(&cluster);
}

/// The manifest as kubeadm writes it, as far as the patch needs it.
pub(crate) const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.36.3
    command: [kube-apiserver, --secure-port=6443]
    volumeMounts:
    - {name: k8s-certs, mountPath: /etc/kubernetes/pki, readOnly: true}
  volumes:
  - {name: k8s-certs, hostPath: {path: /etc/kubernetes/pki, type: DirectoryOrCreate}}
";

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn the_patch_of_the_static_pod_has_flags_that_the_api_server_takes() {
    let place = Place::new(EMAIL, "{claim: groups, prefix: 'okta:'}", "");
    let files = place.dir.path().join("files");
    fs::create_dir(&files).unwrap();
    place.made(&["cluster", "authn", "--platform=static-pod", "--dir=files"]);
    let flags = patched_command(&files)
        .into_iter()
        .filter(|word| word.starts_with("--oidc-"))
        // The directory is that of a control plane.
        .map(|flag| flag.replace("/etc/kubernetes/authentication", files.to_str().unwrap()));
    let logs = parts::folder("logs/cluster-command-flags");
    let cluster = Cluster::start_trusting(&place.okta, &Trust::Flags(flags.collect()), &logs);
    place.let_person_be(&["k8s-developers", "system:masters"], true);
    let person = place.accepted(&cluster);
    assert_eq!(person["username"], "okta:alice@example.com");
    assert_eq!(
        person["groups"],
        json!([
            "okta:k8s-developers",
            "okta:system:masters",
            "system:authenticated"
        ])
    );
    place.let_person_be(&["k8s-developers"], false);
    place.refused(&cluster);
}

/// Applies the patch as its comments say, and returns the command of the pod.
fn patched_command(files: &Path) -> Vec<String> {
    fs::write(files.join("before.yaml"), MANIFEST).unwrap();
    let nowhere = ClusterAddress {
        server: "https://127.0.0.1:9".to_owned(),
        certificate_authority: files.join("oidc-ca.crt"),
    };
    let kubectl = Kubectl::new("newest", &nowhere, &json!({}));
    let patched = kubectl.run(&[
        "patch",
        "--local",
        &format!("--filename={}", files.join("before.yaml").display()),
        "--type=json",
        &format!(
            "--patch-file={}",
            files.join("kube-apiserver-patch.yaml").display()
        ),
        "--output=json",
    ]);
    assert_eq!(patched.code, Some(0), "{patched:?}");
    let pod: Value = serde_json::from_str(&patched.stdout).unwrap();
    assert_eq!(pod["spec"]["volumes"].as_array().unwrap().len(), 2);
    let words = pod["spec"]["containers"][0]["command"].as_array().unwrap().iter();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Applies what a command printed, as its comments say.
pub(crate) fn apply(place: &Place, cluster: &Cluster, name: &str, text: &str) {
    let file = place.dir.path().join(name);
    fs::write(&file, text).unwrap();
    let applied = cluster.admin().run(&[
        "apply",
        "--server-side",
        "--validate=strict",
        &format!("--filename={}", file.display()),
    ]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
}

/// Group, namespace, verb, resource, subresource, and whether it is allowed.
const RIGHTS: [(&str, &str, &str, &str, &str, bool); 14] = [
    ("k8s-developers", "team-a", "patch", "deployments.apps", "", true),
    (
        "k8s-developers",
        "team-a",
        "update",
        "deployments.apps",
        "scale",
        true,
    ),
    ("k8s-developers", "team-a", "get", "pods", "exec", true),
    ("k8s-developers", "team-a", "create", "pods", "exec", true),
    (
        "k8s-developers",
        "team-a",
        "delete",
        "deployments.apps",
        "",
        false,
    ),
    ("k8s-developers", "team-a", "get", "secrets", "", false),
    ("k8s-developers", "team-b", "list", "pods", "", false),
    ("k8s-platform", "team-b", "update", "resourcequotas", "", true),
    ("k8s-platform", "team-b", "list", "secrets", "", false),
    ("k8s-platform", "team-b", "create", "pods", "exec", false),
    ("k8s-platform", "team-b", "create", "deployments.apps", "", false),
    (
        "k8s-platform",
        "team-b",
        "create",
        "rolebindings.rbac.authorization.k8s.io",
        "",
        false,
    ),
    ("k8s-emergency", "kube-system", "delete", "secrets", "", true),
    ("somebody", "team-a", "list", "pods", "", false),
];

fn roles_allow_what_they_say(place: &Place, cluster: &Cluster) {
    let admin = cluster.admin();
    for namespace in ["team-a", "team-b"] {
        assert_eq!(admin.run(&["create", "namespace", namespace]).code, Some(0));
    }
    apply(place, cluster, "rbac.yaml", &place.made(&["rbac", "generate"]));
    let may = |group: &str, namespace: &str, verb: &str, resource: &str, subresource: &str| {
        let answer = admin.run(&[
            "auth",
            "can-i",
            verb,
            resource,
            &format!("--subresource={subresource}"),
            &format!("--namespace={namespace}"),
            "--as=okta:alice@example.com",
            &format!("--as-group=okta:{group}"),
        ]);
        answer.stdout.trim_end() == "yes"
    };
    wait_for("roles that the API server knows", || {
        may("k8s-developers", "team-a", "list", "pods", "").then_some(())
    });
    for (group, namespace, verb, resource, subresource, expected) in RIGHTS {
        let told = may(group, namespace, verb, resource, subresource);
        assert_eq!(
            told, expected,
            "{group}: {verb} {resource}/{subresource} in {namespace}"
        );
    }
    let account = admin.run(&[
        "get",
        "serviceaccount",
        "default",
        "--namespace=team-a",
        "-o=jsonpath={.automountServiceAccountToken}",
    ]);
    assert_eq!(account.stdout, "false");
    remove_by_labels(admin);
    wait_for("roles that are gone", || {
        (!may("k8s-developers", "team-a", "list", "pods", "")).then_some(())
    });
}

fn remove_by_labels(admin: &Kubectl) {
    let labels = "-l=app.kubernetes.io/managed-by=kubesesame,app.kubernetes.io/part-of=cluster-access";
    let removed = admin.run(&["delete", "clusterrolebindings,clusterroles", labels]);
    assert_eq!(removed.stdout.lines().count(), 4, "{removed:?}");
    let removed = admin.run(&["delete", "rolebindings", "-A", labels]);
    assert_eq!(removed.stdout.lines().count(), 1, "{removed:?}");
}

/// Nothing enforces them here.
fn network_policies_are_accepted(place: &Place, cluster: &Cluster) {
    apply(
        place,
        cluster,
        "network.yaml",
        &place.made(&["cluster", "network"]),
    );
    let admin = cluster.admin();
    let policies = admin.run(&["get", "networkpolicies", "--namespace=team-a", "-o=name"]);
    assert_eq!(policies.stdout.lines().count(), 4, "{policies:?}");
}
