//! A Kubernetes API server of our own, with its etcd: on loopback, on free ports, gone with the value that owns it.
//!
//! It trusts the mock Okta by a structured `AuthenticationConfiguration`, puts `okta:` before every name, and knows one
//! grant: `okta:k8s-developers` may read pods in `default`. The tests themselves come in with an administrator's token.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    kubectl::{ClusterAddress, Kubectl},
    parts,
    process::{Process, wait_for},
};
use okta::{Endpoint, MockOkta};

pub(crate) const ADMIN_TOKEN: &str = "administrator-of-one-test";

/// A running API server. Fields end in order: the API server before its store.
pub(crate) struct Cluster {
    address: ClusterAddress,
    admin: Kubectl,
    _api_server: Process,
    _etcd: Process,
    _dir: TempDir,
}

impl Cluster {
    /// Starts an API server that takes user names from a claim of the provider's tokens; logs go to `logs`.
    pub(crate) fn start(okta: &MockOkta, username_claim: &str, logs: &Path) -> Self {
        let configuration = trust(okta, username_claim).to_string();
        Self::start_trusting(okta, &Trust::Configuration(configuration), logs)
    }

    /// The same with the trust that somebody else has written.
    pub(crate) fn start_trusting(okta: &MockOkta, trust: &Trust, logs: &Path) -> Self {
        okta.clear_requests();
        let dir = TempDir::with_prefix("kubesesame-cluster-").unwrap();
        let (store, etcd) = start_etcd(dir.path(), logs);
        let port = free_port();
        write_configuration(dir.path());
        let trust = trust.flags(dir.path());
        let mut api_server = start_api_server(dir.path(), logs, &store, port, &trust);

        let address = ClusterAddress {
            server: format!("https://127.0.0.1:{port}"),
            certificate_authority: dir.path().join("certificates/apiserver.crt"),
        };
        let admin = Kubectl::new("newest", &address, &json!({ "token": ADMIN_TOKEN }));
        api_server.wait_for("ready API server", |_| {
            let ready = admin.run(&["get", "--raw=/readyz"]);
            (ready.code == Some(0)).then_some(())
        });
        grant_developers(&admin);
        // Readiness does not include it: until then every token is refused.
        wait_for("discovery by the API server", || {
            (okta.count(Endpoint::Discovery) > 0).then_some(())
        });
        okta.clear_requests();
        Self {
            address,
            admin,
            _api_server: api_server,
            _etcd: etcd,
            _dir: dir,
        }
    }

    /// Returns the kubectl of an administrator.
    pub(crate) fn admin(&self) -> &Kubectl {
        &self.admin
    }

    /// Starts the controllers with these names, as long as the value lives.
    pub(crate) fn start_controllers(&self, names: &str, logs: &Path) -> Process {
        let kubeconfig = self.admin.home().join("controllers.json");
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "c", "cluster": {
                "server": self.address.server,
                "certificate-authority": self.address.certificate_authority,
            }}],
            "users": [{ "name": "u", "user": { "token": ADMIN_TOKEN } }],
            "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
            "current-context": "c",
        });
        fs::write(&kubeconfig, text.to_string()).unwrap();
        let mut command = Command::new(parts::part("kube-controller-manager"));
        command
            .env_clear()
            .env("HOME", self.admin.home())
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .arg(format!("--controllers={names}"))
            .args([
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                "--secure-port=0",
            ]);
        Process::start("kube-controller-manager", logs, &mut command)
    }

    /// Returns where it is and how to trust it.
    pub(crate) fn address(&self) -> &ClusterAddress {
        &self.address
    }
}

/// How the API server is told whose tokens to accept.
pub(crate) enum Trust {
    /// Flags of kube-apiserver.
    Flags(Vec<String>),
    /// The text of an `AuthenticationConfiguration`.
    Configuration(String),
}

impl Trust {
    fn flags(&self, dir: &Path) -> Vec<String> {
        match self {
            Self::Flags(flags) => flags.clone(),
            Self::Configuration(text) => {
                let file = dir.join("authentication.yaml");
                fs::write(&file, text).unwrap();
                vec![format!("--authentication-config={}", file.display())]
            }
        }
    }
}

/// Returns a store's address with the store.
fn start_etcd(dir: &Path, logs: &Path) -> (String, Process) {
    let url = format!("http://127.0.0.1:{}", free_port());
    let mut command = Command::new(parts::part("etcd"));
    command
        .env_clear()
        .arg(format!("--data-dir={}", dir.join("etcd").display()))
        .arg(format!("--listen-client-urls={url}"))
        .arg(format!("--advertise-client-urls={url}"))
        .arg("--listen-peer-urls=http://127.0.0.1:0");
    (url, Process::start("etcd", logs, &mut command))
}

fn start_api_server(dir: &Path, logs: &Path, store: &str, port: u16, trust: &[String]) -> Process {
    let file = |name: &str| dir.join(name).display().to_string();
    let mut command = Command::new(parts::part("kube-apiserver"));
    command
        .env_clear()
        .env("HOME", dir)
        .arg(format!("--etcd-servers={store}"))
        .arg("--bind-address=127.0.0.1")
        .arg(format!("--secure-port={port}"))
        .arg(format!("--cert-dir={}", file("certificates")))
        .arg("--service-cluster-ip-range=10.0.0.0/24")
        .arg(format!("--service-account-issuer=https://127.0.0.1:{port}/"))
        .arg(format!(
            "--service-account-key-file={}",
            file("service-accounts.pub")
        ))
        .arg(format!(
            "--service-account-signing-key-file={}",
            file("service-accounts.key")
        ))
        .arg("--disable-admission-plugins=ServiceAccount")
        .arg("--authorization-mode=RBAC")
        .args(trust)
        .arg(format!("--token-auth-file={}", file("tokens.csv")));
    Process::start("kube-apiserver", logs, &mut command)
}

fn write_configuration(dir: &Path) {
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(dir.join("service-accounts.key"), key.serialize_pem()).unwrap();
    fs::write(dir.join("service-accounts.pub"), key.public_key_pem()).unwrap();
    let admin = format!("{ADMIN_TOKEN},admin,admin,\"system:masters\"\n");
    fs::write(dir.join("tokens.csv"), admin).unwrap();
}

fn trust(okta: &MockOkta, username_claim: &str) -> Value {
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [{
            "issuer": {
                "url": okta.issuer(),
                "audiences": [okta.client_id()],
                "certificateAuthority": okta.ca_pem(),
            },
            "claimMappings": {
                "username": { "claim": username_claim, "prefix": "okta:" },
                "groups": { "claim": "groups", "prefix": "okta:" },
            },
        }],
    })
}

fn grant_developers(admin: &Kubectl) {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": { "name": "pod-reader", "namespace": "default" },
        "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"] }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": { "name": "developers-read-pods", "namespace": "default" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pod-reader" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "okta:k8s-developers" }],
    });
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [role, binding] });
    let file = admin.home().join("grants.json");
    fs::write(&file, list.to_string()).unwrap();
    // The namespace `default` may come a moment after readiness.
    wait_for("namespace `default`", || {
        let applied = admin.run(&["apply", "-f", file.to_str().unwrap()]);
        (applied.code == Some(0)).then_some(())
    });
}

/// Returns a port that is free, and that nobody gets by asking the system for any.
///
/// Neither etcd nor the API server tells which port it took, so it has to be chosen here. Systems hand out ports
/// from 32768 (Linux) or 49152 upwards; below, only another run of these tests chooses, hence the start by pid.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 100).unwrap_or(0) * 100;
    (0..1000)
        .map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}
