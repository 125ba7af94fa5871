//! Entries of today, converted, run by the real kubectl at a real API server; and the way back.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use serde_json::json;

use crate::{
    cluster::Cluster,
    kubectl::{ClusterAddress, Kubectl},
    parts,
    person::KUBESESAME,
    process::{Outcome, Process},
    user,
};
use okta::MockOkta;
use okta::visit;

/// A kubeconfig as people have it: by hand, with comments, and three ways to the same provider; and a fourth of ours, whose cluster
/// says the rest.
fn kubeconfig(okta: &MockOkta, cluster: &ClusterAddress, ca: &str) -> String {
    let (issuer, client) = (okta.issuer(), okta.client_id());
    format!(
        "# mine, do not touch
apiVersion: v1
kind: Config
clusters:
- name: real
  cluster:
    server: {server}
    certificate-authority: {cluster_ca}   # of the cluster
- name: telling
  cluster:
    server: {server}
    certificate-authority: {cluster_ca}
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {{oidc-issuer-url: '{issuer}', oidc-client-id: {client}, oidc-extra-scope: [email], certificate-authority-data: [{ca_data}]}}
contexts:
- {{name: wrapped, context: {{cluster: real, user: wrapped}}}}
- {{name: direct, context: {{cluster: real, user: direct}}}}
- {{name: legacy, context: {{cluster: real, user: legacy}}}}
- {{name: told, context: {{cluster: telling, user: told}}}}
current-context: wrapped
users:
- name: wrapped
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubectl
      args:
      - oidc-login
      - get-token
      - --oidc-issuer-url={issuer}
      - --oidc-client-id={client}   # the app
      - --oidc-extra-scope=email,offline_access
      - --certificate-authority={ca}
      - -v1
- name: direct
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: kubelogin, args: [get-token, '--oidc-issuer-url', '{issuer}', --oidc-client-id={client}, --oidc-extra-scope, email, \"--certificate-authority={ca}\"]}}}}
- name: legacy
  user:
    auth-provider:
      name: oidc
      config:
        client-id: {client}
        idp-issuer-url: {issuer}
        idp-certificate-authority: {ca}
        extra-scopes: email,offline_access
        id-token: old
- name: told
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, provideClusterInfo: true, command: kubesesame, args: [get-token]}}}}
",
        ca_data = data_encoding::BASE64.encode(&fs::read(ca).unwrap()),
        server = cluster.server,
        cluster_ca = cluster.certificate_authority.display(),
    )
}

fn ours(kubectl: &Kubectl, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(KUBESESAME);
    command
        .env_clear()
        .env("HOME", kubectl.home())
        .env("KUBECONFIG", kubectl.home().join("kubeconfig"))
        .args(arguments);
    let outcome = Process::start("kubeconfig", kubectl.home(), &mut command).outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn converted_entries_work_with_kubectl_and_are_restored_byte_for_byte() {
    let logs = parts::folder("logs/converted");
    let okta = user::okta();
    // Of the issuer that a cluster names.
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, okta.issuer().as_bytes());
    let hash = data_encoding::HEXLOWER.encode(hash.as_ref());
    let redirect = format!("http://localhost:8000/issuer/{}", &hash[..32]);
    okta.behave(|behaviour| {
        behaviour.auto_approve = true;
        behaviour.redirect_uris.push(redirect);
    });
    let cluster = Cluster::start(&okta, "email", &logs);
    for (age, contexts) in [
        ("newest", &["wrapped", "direct", "legacy", "told"][..]),
        ("oldest", &["wrapped", "legacy", "told"]),
    ] {
        let kubectl = Kubectl::new(age, cluster.address(), &json!({}));
        fs::create_dir(kubectl.home().join("bin")).unwrap();
        // kubectl runs itself, which then looks for the plugin by this name.
        let kubectl_itself = parts::part(&format!("{age}/kubectl"));
        for (name, program) in [
            ("kubesesame", Path::new(KUBESESAME)),
            ("kubectl-oidc_login", Path::new(KUBESESAME)),
            ("kubectl", &kubectl_itself),
        ] {
            symlink(program, kubectl.home().join("bin").join(name)).unwrap();
        }
        let ca = kubectl.home().join("ca.pem");
        fs::write(&ca, okta.ca_pem().unwrap()).unwrap();
        let file = kubectl.home().join("kubeconfig");
        let original = kubeconfig(&okta, cluster.address(), &ca.display().to_string());
        fs::write(&file, &original).unwrap();

        // As it is today, by the plugin's name alone.
        signs_in(&kubectl, "wrapped", "unconverted");
        ours(&kubectl, &["kubeconfig", "convert"]);
        for context in contexts {
            signs_in(&kubectl, context, context);
        }
        ours(&kubectl, &["kubeconfig", "restore"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), original);
    }
}

/// Asks for the pods, with a session of this name; the browser and its port are this machine's affair, hence variables.
fn signs_in(kubectl: &Kubectl, context: &str, session: &str) {
    let home = kubectl.home();
    let tabs = home.join(format!("{session}.tabs"));
    let browser = format!("sh -c 'printf \"%s\\n\" \"$1\" >>{}' sh", tabs.display());
    let cache = home.join(format!("{session}.cache")).display().to_string();
    let variables = [
        ("KUBESESAME_BROWSER_COMMAND", browser.as_str()),
        ("KUBESESAME_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("KUBESESAME_TOKEN_CACHE_DIR", &cache),
        ("KUBESESAME_AUTHENTICATION_TIMEOUT_SEC", "60"),
    ];
    let mut get_pods = kubectl.start_with(
        &variables,
        &["--context", context, "get", "pods", "-n", "default"],
    );
    let url = get_pods.wait_for("tab for the sign-in", |_| {
        let tabs = fs::read_to_string(&tabs).ok()?;
        tabs.lines().next().map(str::to_owned)
    });
    let page = visit::visit(&url, &[]).unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    let outcome = get_pods.outcome();
    assert_eq!(outcome.code, Some(0), "{session}: {outcome:?}");
    assert!(
        outcome
            .stderr
            .ends_with("No resources found in default namespace.\n"),
        "{session}: {outcome:?}"
    );
}
