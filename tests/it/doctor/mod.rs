//! `doctor`: what it says of a healthy set-up, and which check finds each planted fault.

mod kubeconfig_faults;
mod machine_faults;
mod provider_faults;
mod strangers;
mod what_is_known;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Call, Outcome, Sandbox};
use okta::{Endpoint, Fault, FaultKind};

/// A kubectl that the API server knows as Alice.
const KUBECTL: &str = r#"echo '{"status":{"userInfo":{"username":"alice","groups":["a","b"]}}}'"#;

/// A set-up, in which a fault is planted.
struct SetUp {
    sandbox: Sandbox,
    kubeconfig: String,
    /// What the kubectl of the set-up does.
    kubectl: &'static str,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl SetUp {
    /// Everything is as it should be, and Alice is signed in.
    fn healthy() -> Self {
        let sandbox = Sandbox::with_tls();
        let ca = sandbox.path("ca.pem").display().to_string();
        let signed_in = sandbox
            .get_token()
            .arg(&format!("--certificate-authority={ca}"))
            .run();
        signed_in.token();
        sandbox.okta.clear_requests();
        let kubeconfig = format!(
            "\
apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: prod
  context: {{cluster: prod, user: oidc}}
clusters:
- name: prod
  cluster: {{server: 'https://127.0.0.1:6443'}}
users:
- name: oidc
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: IfAvailable
      command: {program}
      args:
      - get-token
      - --oidc-issuer-url={issuer}
      - --oidc-client-id={client}
      - --oidc-extra-scope=offline_access
      - --certificate-authority={ca}
      - --listen-address=127.0.0.1:0
      - --skip-open-browser
",
            program = env!("CARGO_BIN_EXE_kubesesame"),
            issuer = sandbox.okta.issuer(),
            client = sandbox.okta.client_id(),
        );
        Self {
            sandbox,
            kubeconfig,
            kubectl: KUBECTL,
            arguments: Vec::new(),
            variables: Vec::new(),
        }
    }

    fn replace(&mut self, from: &str, to: &str) {
        assert!(self.kubeconfig.contains(from), "{from}");
        self.kubeconfig = self.kubeconfig.replace(from, to);
    }

    fn fail(&self, endpoint: Endpoint, kind: FaultKind) {
        let fault = Fault::always(endpoint, kind);
        self.sandbox
            .okta
            .behave(|behaviour| behaviour.faults = vec![fault]);
    }

    fn announce(&self, member: &str, value: Value) {
        self.sandbox.okta.behave(|behaviour| {
            behaviour.discovery.insert(member.to_owned(), value);
        });
    }

    /// Changes the claims of the stored token. The signature no longer fits, and only the API server would look at it.
    fn change_claim(&self, name: &str, value: Value) {
        self.sandbox.change_session(|session| {
            let token = session["token"].as_str().unwrap().to_owned();
            let changed = crate::support::with_claims(&token, |claims| {
                claims[name] = value;
            });
            session["token"] = changed.into();
        });
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn call(&self, arguments: &[&str]) -> Call {
        let config = self.file(".kube/config", &self.kubeconfig);
        if self.variables.iter().all(|(name, _)| *name != "MODE") {
            fs::set_permissions(config, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let kubectl = self.file("bin/kubectl", &format!("#!/bin/sh\n{}\n", self.kubectl));
        fs::set_permissions(kubectl, fs::Permissions::from_mode(0o755)).unwrap();
        let call = self.sandbox.bare(&["doctor"]);
        let path = format!("{}:/usr/bin:/bin", self.sandbox.path("bin").display());
        let call = self
            .variables
            .iter()
            .fold(call.env("PATH", &path), |call, (name, value)| {
                call.env(name, value)
            });
        let arguments = self
            .arguments
            .iter()
            .map(String::as_str)
            .chain(arguments.iter().copied());
        arguments.fold(call, Call::arg)
    }

    /// Returns the checks that found something, as name, status and fix.
    fn found(&self) -> Vec<(String, String, String)> {
        let outcome = self.call(&["--output=json"]).run();
        let result: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"));
        let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let found: Vec<_> = result["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["status"] == "failure" || check["status"] == "warning")
            .map(|check| (text(check, "name"), text(check, "status"), text(check, "fix")))
            .collect();
        let has_failure = found.iter().any(|(_, status, _)| status == "failure");
        assert_eq!(outcome.code, Some(i32::from(has_failure)), "{outcome}");
        assert_eq!(outcome.stderr, "");
        found
    }
}

/// Replaces what differs from run to run.
fn stable(set_up: &SetUp, outcome: &Outcome) -> String {
    in_whole_lines(&set_up.sandbox.filtered(outcome))
}

/// Puts lines that were broken at words together, since where they break depends on paths and ports, and replaces the times.
fn in_whole_lines(text: &str) -> String {
    let text = text.replace(&format!("\n{}", " ".repeat(29)), " ");
    let text = text.replace(env!("CARGO_BIN_EXE_kubesesame"), "[KUBESESAME]");
    let lines = text.lines().map(|line| match line.split_once(", valid until ") {
        Some((start, _)) => format!("{start}, valid until [TIME]"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_healthy_set_up_has_no_warning_and_no_failure() {
    let set_up = SetUp::healthy();
    assert_eq!(set_up.found(), []);
    let outcome = set_up.call(&[]).run();
    let before = fs::read(set_up.sandbox.session_file()).unwrap();
    insta::assert_snapshot!(stable(&set_up, &outcome), @"
    ok       context             context `prod`, user `oidc`
    ok       command             [KUBESESAME]
    ok       issuer-url          [ISSUER]
    ok       redirect-uri        register http://localhost:[PORT]
    ok       browser             none is opened, as --skip-open-browser says; the URL is shown
    ok       storage             `[HOME]/.kube/cache/kubesesame`
    ok       session             `00ualice`, valid until [TIME]
    ok       groups              2 groups
    ok       api-server          https://127.0.0.1:[PORT] answers
    ok       cluster-user        `alice`, in 2 groups
    ok       also kubeconfig, kubeconfig-mode, credential, api-version,
             interactive-mode, plugin-policy, flags, deprecated-flags, variables,
             inline-secrets, proxy, connection, tls, discovery, issuer-spelling,
             clock, key-set, endpoints, grant-type, pkce, scopes, client-auth,
             signing-algorithm, listener-port, refresh, last-sign-in,
             provider-outage, background-refresh, token-issuer, token-audience,
             token-algorithm, username, token-size
    skipped  keyring (sessions need no keyring)

    0 failures, 0 warnings, 43 ok, 1 skipped
    exit: 0
    ");
    assert_eq!(fs::read(set_up.sandbox.session_file()).unwrap(), before);
    assert_eq!(set_up.sandbox.cache_files(".tmp").len(), 0);
    assert_eq!(
        (set_up.sandbox.okta.count(Endpoint::Token), set_up.sandbox.tabs()),
        (0, 1)
    );
}

/// The name of the check, its status, words of the fix, and how the fault is planted.
type Case = (&'static str, &'static str, &'static str, fn(&mut SetUp));

#[track_caller]
fn are_found(cases: &[Case]) {
    for (name, status, fix, plant) in cases {
        let mut set_up = SetUp::healthy();
        plant(&mut set_up);
        let found = set_up.found();
        let names: Vec<_> = found
            .iter()
            .map(|(name, status, _)| (name.as_str(), status.as_str()))
            .collect();
        assert_eq!(names, [(*name, *status)], "{name}: {found:?}");
        assert!(found[0].2.contains(fix), "{name}: {}", found[0].2);
    }
}

#[test]
fn offline_nobody_is_asked() {
    let mut set_up = SetUp::healthy();
    set_up.kubectl = "echo asked > \"$HOME/asked\"";
    let outcome = set_up.call(&["--offline"]).run();
    insta::assert_snapshot!(stable(&set_up, &outcome), @"
    ok       context             context `prod`, user `oidc`
    ok       command             [KUBESESAME]
    ok       issuer-url          [ISSUER]
    ok       redirect-uri        register http://localhost:[PORT]
    ok       browser             none is opened, as --skip-open-browser says; the URL is shown
    ok       storage             `[HOME]/.kube/cache/kubesesame`
    ok       session             `00ualice`, valid until [TIME]
    ok       username            [ISSUER]#00ualice
    ok       groups              2 groups
    ok       also kubeconfig, kubeconfig-mode, credential, api-version,
             interactive-mode, plugin-policy, flags, deprecated-flags, variables,
             inline-secrets, proxy, listener-port, refresh, last-sign-in,
             provider-outage, background-refresh, token-issuer, token-audience,
             token-algorithm, token-size
    skipped  connection, tls, discovery, issuer-spelling, clock, key-set, endpoints,
             grant-type, pkce, scopes, client-auth, signing-algorithm, api-server
             (offline)
    skipped  keyring (sessions need no keyring)
    skipped  cluster-user (no token was sent to the API server)

    0 failures, 0 warnings, 29 ok, 15 skipped
    exit: 0
    ");
    assert_eq!(set_up.sandbox.okta.requests().len(), 0);
    assert!(!set_up.sandbox.path("asked").exists());
}

/// Nothing waits for the provider or for kubectl longer than their limits.
#[test]
fn a_provider_and_a_kubectl_that_hang_are_findings() {
    let mut set_up = SetUp::healthy();
    set_up.fail(Endpoint::Discovery, FaultKind::Hang);
    set_up.kubectl = "exec sleep 600";
    let found = set_up.found();
    let names: Vec<_> = found
        .iter()
        .map(|(name, status, _)| (name.as_str(), status.as_str()))
        .collect();
    assert_eq!(names, [("connection", "failure"), ("api-server", "failure")]);
}

/// Variables count as for `get-token`.
#[test]
fn flags_take_the_place_of_a_kubeconfig() {
    let sandbox = Sandbox::new();
    let outcome = sandbox
        .bare(&["doctor", "--skip-open-browser", "--listen-address=127.0.0.1:0"])
        .arg(&format!("--oidc-issuer-url={}", sandbox.okta.issuer()))
        .env("KUBESESAME_OIDC_CLIENT_ID", "c")
        .run();
    insta::assert_snapshot!(in_whole_lines(&sandbox.filtered(&outcome)), @"
    warning  issuer-url          `[ISSUER]` is not https, and an API server accepts only https
             fix:   use the provider's https address, here and in the API server
    ok       redirect-uri        register http://localhost:[PORT]
    ok       browser             none is opened, as --skip-open-browser says; the URL is shown
    ok       storage             `[HOME]/.kube/cache/kubesesame` is made at the first sign-in
    ok       session             none; the next command signs in
    warning  refresh             the scope `offline_access` is not asked for, so you sign in again when the token ends
             fix:   add --oidc-extra-scope=offline_access
    ok       also flags, deprecated-flags, variables, inline-secrets, proxy,
             connection, discovery, issuer-spelling, clock, key-set, endpoints,
             grant-type, pkce, scopes, client-auth, signing-algorithm,
             listener-port, last-sign-in, provider-outage, background-refresh
    skipped  kubeconfig, context, kubeconfig-mode, credential, api-version,
             interactive-mode, command, plugin-policy, api-server (the settings come
             from flags)
    skipped  tls (the issuer is not https)
    skipped  keyring (sessions need no keyring)
    skipped  token-issuer, token-audience, token-algorithm, username, groups,
             token-size (there is no token)
    skipped  cluster-user (no token was sent to the API server)

    0 failures, 2 warnings, 24 ok, 18 skipped; more about one: kubesesame explain NAME

    You are not signed in, so client id, token and access to the cluster are not
    proven. Sign in, then run doctor again:
      kubesesame login, with the flags of this command
    exit: 0
    ");
}

#[test]
fn the_result_for_programs_has_each_check() {
    let set_up = SetUp::healthy();
    let outcome = set_up.call(&["--offline", "--output=json"]).run();
    let result: Value = serde_json::from_str(&outcome.stdout).unwrap();
    insta::assert_snapshot!(format!("{:#}", result["checks"][1]), @r#"
    {
      "cause": null,
      "docs": "docs/doctor.md#context",
      "fix": null,
      "name": "context",
      "status": "ok",
      "summary": "context `prod`, user `oidc`"
    }
    "#);
    let yaml = set_up.call(&["--offline", "--output=yaml"]).run();
    assert!(yaml.stdout.starts_with("checks:\n- name: kubeconfig\n"), "{yaml}");
}

#[test]
fn a_bundle_has_no_secret_and_no_claim() {
    let mut set_up = SetUp::healthy();
    set_up.replace(
        "--skip-open-browser",
        "--skip-open-browser\n      - --oidc-client-secret=hunter2",
    );
    set_up
        .variables
        .push(("HTTPS_PROXY", "http://u:hunter3@127.0.0.1:9".to_owned()));
    let file = set_up.sandbox.path("report.txt");
    let outcome = set_up.call(&[&format!("--bundle={}", file.display())]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let text = fs::read_to_string(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let token = set_up.sandbox.session()["token"].as_str().unwrap().to_owned();
    let secrets = [
        vec![token, "hunter2".to_owned(), "hunter3".to_owned()],
        set_up.sandbox.okta.secrets(),
    ];
    for secret in secrets.concat() {
        assert!(
            !text.contains(&secret) && !outcome.to_string().contains(&secret),
            "{text}"
        );
    }
    assert!(!text.contains("00ualice"), "{text}");
    for part in [
        "version: ",
        "HTTPS_PROXY",
        "--oidc-client-secret=[secret]",
        "\"inline-secrets\"",
        "sub",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let again = set_up.call(&[&format!("--bundle={}", file.display())]).run();
    again.fails(1, &["cannot be written"]);
    let on_stdout = set_up.call(&["--bundle=-"]).run();
    assert!(on_stdout.stdout.starts_with("kubesesame doctor\n"), "{on_stdout}");
}
