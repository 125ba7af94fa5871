//! `setup` followed as printed: a script copies what the screen shows, without a change, to a real API server and to the real kubectl.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cluster::{Cluster, Trust},
    kubectl::ClusterAddress,
    parts,
    person::KUBESESAME,
    process::{Outcome, PATIENCE, Process},
    user,
};
use okta::{MockOkta, visit::visit};

/// The machine of the person who follows the screen.
pub(crate) struct Machine {
    home: TempDir,
}

impl Machine {
    pub(crate) fn new(okta: &MockOkta) -> Self {
        let home = TempDir::with_prefix("kubesesame-setup-").unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(KUBESESAME, bin.join("kubesesame")).unwrap();
        symlink(
            env!("CARGO_BIN_EXE_kubesesame-cluster"),
            bin.join("kubesesame-cluster"),
        )
        .unwrap();
        symlink(parts::part("newest/kubectl"), bin.join("kubectl")).unwrap();
        fs::write(home.path().join("ca.pem"), okta.ca_pem().unwrap()).unwrap();
        Self { home }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes the kubeconfig that came with the cluster: it has the cluster, and a context of an administrator.
    pub(crate) fn write_kubeconfig(&self, address: &ClusterAddress) {
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "real", "cluster": {
                "server": address.server,
                "certificate-authority": address.certificate_authority,
            }}],
            "contexts": [{ "name": "admin", "context": { "cluster": "real", "user": "admin" } }],
            "current-context": "admin",
            "users": [],
        });
        fs::write(self.path("kubeconfig"), kubeconfig.to_string()).unwrap();
    }

    /// The same for a cluster that runs, with the administrator's token.
    pub(crate) fn write_kubeconfig_of(&self, cluster: &Cluster) {
        let of_admin = fs::read(cluster.admin().home().join("kubeconfig")).unwrap();
        let mut kubeconfig: Value = serde_json::from_slice(&of_admin).unwrap();
        let context = kubeconfig["current-context"].clone();
        for known in kubeconfig["contexts"].as_array_mut().unwrap() {
            if known["name"] == context {
                known["name"] = "admin".into();
            }
        }
        kubeconfig["current-context"] = "admin".into();
        fs::write(self.path("kubeconfig"), kubeconfig.to_string()).unwrap();
    }

    /// Runs a script of a shell in this home; a browser with a session at the provider attends to the sign-in.
    pub(crate) fn run(&self, script: &str) -> Outcome {
        self.run_with(script, &self.path("kubeconfig"))
    }

    fn run_with(&self, script: &str, kubeconfig: &Path) -> Outcome {
        let tabs = self.path("tabs");
        fs::write(&tabs, "").unwrap();
        let browser = format!("sh -c 'printf \"%s\\n\" \"$1\" >>{}' sh", tabs.display());
        let mut command = Command::new("sh");
        command
            .args(["-euc", script])
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("KUBECONFIG", kubeconfig)
            .env("KUBESESAME_BROWSER_COMMAND", browser)
            .env("KUBESESAME_LISTEN_ADDRESS", "127.0.0.1:0")
            .env(
                "KUBESESAME_AUTHENTICATION_TIMEOUT_SEC",
                PATIENCE.as_secs().to_string(),
            );
        let process = Process::start("script", self.home.path(), &mut command);
        let mut visited = 0;
        process.wait_for_end(|| {
            let urls = fs::read_to_string(&tabs).unwrap();
            for url in urls.lines().skip(visited) {
                let url = url.to_owned();
                visited += 1;
                thread::spawn(move || drop(visit(&url, &[])));
            }
        })
    }
}

/// Returns what the numbered part of the screen wants to be copied: the lines that are indented by two spaces.
fn to_copy(screen: &str, number: u8) -> String {
    let (_, rest) = screen.split_once(&format!("\n{number}. ")).unwrap();
    let (part, _) = rest
        .split_once(&format!("\n{}. ", number + 1))
        .unwrap_or((rest, ""));
    let (_, part) = part.split_once(":\n\n").unwrap();
    let lines = part.lines().map_while(|line| line.strip_prefix("  "));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Follows the screen from the sign-in to `kubectl auth whoami`.
fn follow(platform: &str, prefixes: &str, username: &str, group: &str) {
    let logs = parts::folder(&format!("logs/setup-{platform}-{}", prefixes.len()));
    let okta = user::okta();
    okta.behave(|behaviour| behaviour.auto_approve = true);
    let machine = Machine::new(&okta);
    // The cluster is there before anybody sets up sign-ins, and its address does not matter to `setup`.
    machine.write_kubeconfig(&ClusterAddress {
        server: "https://127.0.0.1:9".to_owned(),
        certificate_authority: machine.path("ca.pem"),
    });
    let setup = format!(
        "kubesesame setup --oidc-issuer-url={} --oidc-client-id={} --certificate-authority=$HOME/ca.pem --oidc-extra-scope=email --for={platform} \
         {prefixes}",
        okta.issuer(),
        okta.client_id()
    );
    let screen = machine.run(&setup);
    assert_eq!(screen.code, Some(0), "{screen:?}");
    let screen = screen.stdout;

    let for_server = to_copy(&screen, 1);
    let trust = match platform {
        "flags" => Trust::Flags(for_server.lines().map(str::to_owned).collect()),
        _ => Trust::Configuration(for_server),
    };
    let cluster = Cluster::start_trusting(&okta, &trust, &logs);
    machine.write_kubeconfig(cluster.address());

    let binding = machine.run_with(&to_copy(&screen, 2), &cluster.admin().home().join("kubeconfig"));
    assert_eq!(binding.code, Some(0), "{binding:?}");
    let bindings = cluster.admin().run(&["get", "clusterrolebindings", "-o=json"]);
    let bindings: Value = serde_json::from_str(&bindings.stdout).unwrap();
    let items = bindings["items"].as_array().unwrap();
    let mut subjects = items.iter().map(|item| &item["subjects"][0]["name"]);
    assert!(subjects.any(|subject| subject == group), "{platform} {prefixes}");

    let whoami = machine.run(&to_copy(&screen, 3));
    assert_eq!(whoami.code, Some(0), "{whoami:?}");
    let expected = username.replace("ISSUER", &okta.issuer());
    let says = |name: &str| {
        whoami
            .stdout
            .split([' ', '\n', '[', ']'])
            .any(|word| word == name)
    };
    assert!(says(&expected) && says(group), "{whoami:?}");

    // The short way: it writes the same entry, and asks the cluster itself.
    machine.write_kubeconfig(cluster.address());
    let written = machine.run(&format!("{setup} --write --yes"));
    let answer = format!("the API server says that you are {expected}, in 3 groups\n");
    assert!(
        written.code == Some(0) && written.stderr.contains(&answer),
        "{written:?}"
    );
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn flags_copied_from_setup_end_with_whoami() {
    follow(
        "flags",
        "--username-claim=email --username-prefix=okta: --groups-prefix=okta:",
        "okta:alice@example.com",
        "okta:k8s-developers",
    );
    follow("flags", "", "ISSUER#00ualice", "k8s-developers");
    follow("flags", "--username-prefix=-", "00ualice", "k8s-developers");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_configuration_copied_from_setup_ends_with_whoami() {
    follow(
        "config",
        "--username-claim=email --username-prefix=okta: --groups-prefix=okta:",
        "okta:alice@example.com",
        "okta:k8s-developers",
    );
    follow("config", "--username-prefix=-", "00ualice", "k8s-developers");
    follow("config-v1beta1", "", "ISSUER#00ualice", "k8s-developers");
}
