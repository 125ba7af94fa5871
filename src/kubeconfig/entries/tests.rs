//! How files are merged.

use super::*;

const FIRST: &str = "\
apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {user: ours, cluster: c1, namespace: n}}
- {name: prod, context: {user: old, cluster: c2}}
users:
- name: ours
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: /opt/kubesesame
      args: [get-token, --oidc-client-secret=hunter2, --oidc-extra-scope, email]
      env: [{name: KUBESESAME_ACCOUNT, value: hunter2}, {name: EMPTY}]
      interactiveMode: IfAvailable
      provideClusterInfo: true
      installHint: brew
clusters:
- name: c1
  cluster:
    server: https://one
    certificate-authority: ca.pem
    insecure-skip-tls-verify: true
    extensions:
    - {name: other, extension: {a: b}}
    - {name: client.authentication.k8s.io/exec, extension: {oidc-client-id: 123, list: [true, x]}}
";
const SECOND: &str = "\
current-context: prod
contexts:
- {name: dev, context: {user: hidden}}
users:
- {name: ours, user: {token: hidden}}
- name: old
  user: {exec: {command: kubectl, args: &a [oidc-login, get-token, --x=y]}}
- {name: alias, user: {exec: {command: kubelogin, args: [get-token], env: *a}}}
- {name: legacy, user: {auth-provider: {name: oidc, config: {}}}}
- {name: cert, user: {client-certificate: x}}
- {name: setup, user: {exec: {command: kubelogin, args: [setup]}}}
clusters:
- {name: c1, cluster: {server: https://hidden}}
- {name: c2, cluster: {server: https://two, tls-server-name: t}}
";

#[test]
fn the_first_file_that_has_a_name_counts() {
    let entries = Entries::read([FIRST, SECOND]);
    let users: Vec<String> = entries
        .users
        .iter()
        .map(|user| format!("{} {} {:?}", user.name, user.file, user.source))
        .collect();
    assert_eq!(
        users,
        [
            "ours 0 Kubesesame",
            "old 1 Kubelogin { via_kubectl: true }",
            "alias 1 Unusable(\"it uses aliases of YAML, which are not read here\")",
            "legacy 1 AuthProvider",
            "cert 1 Other",
            "setup 1 Unusable(\"it does not run `get-token`\")",
        ]
    );
    assert_eq!(entries.current_context.as_deref(), Some("dev"));
    let dev = entries.context("dev").unwrap();
    assert_eq!(
        (dev.user.as_deref(), dev.namespace.as_deref()),
        (Some("ours"), Some("n"))
    );
    assert_eq!(entries.contexts_of_user("old").count(), 1);
    let [one, two] = ["c1", "c2"].map(|name| entries.cluster(name).unwrap());
    assert_eq!((&*one.server, one.file), ("https://one", 0));
    assert!(one.insecure_skip_tls_verify);
    assert_eq!(one.certificate_authority.as_deref(), Some("ca.pem"));
    assert_eq!(
        one.plugin_config.as_ref().unwrap().to_string(),
        r#"{"list":[true,"x"],"oidc-client-id":123}"#
    );
    assert_eq!((two.tls_server_name.as_deref(), two.file), (Some("t"), 1));
    assert!(entries.broken.is_empty());
}

#[test]
fn an_exec_entry_is_read_as_a_whole_and_hides_its_values() {
    let entries = Entries::read([FIRST, SECOND]);
    let exec = |name: &str| entries.user(name).unwrap().exec.as_ref().unwrap();
    let ours = exec("ours");
    assert_eq!(ours.command, "/opt/kubesesame");
    assert!(ours.provide_cluster_info);
    assert_eq!(ours.interactive_mode.as_deref(), Some("IfAvailable"));
    assert_eq!(ours.install_hint.as_deref(), Some("brew"));
    assert_eq!(ours.env[0].0, "KUBESESAME_ACCOUNT");
    let args = ours.plugin_args(&EntrySource::Kubesesame);
    assert_eq!(args[1].expose(), "--oidc-client-secret=hunter2");
    assert!(!format!("{entries:?}").contains("hunter2"));
    let via_kubectl = EntrySource::Kubelogin { via_kubectl: true };
    assert_eq!(exec("old").plugin_args(&via_kubectl)[0].expose(), "get-token");
}

#[test]
fn a_broken_file_hides_no_other() {
    let entries = Entries::read(["users: [", FIRST, "kind: Pod\napiVersion: v1", ""]);
    let broken: Vec<usize> = entries.broken.iter().map(|(file, _)| *file).collect();
    assert_eq!(broken, [0, 2]);
    assert_eq!(entries.users[0].file, 1);
}
