//! `setup --write` and `--kubeconfig-for-others`: what becomes of kubeconfigs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use crate::prompts::typing;
use crate::support::{Call, Sandbox, mode};

const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
clusters:
- name: prod
  cluster: {server: https://127.0.0.1:9, certificate-authority: ca.crt}
contexts:
- name: admin  # for emergencies
  context: {cluster: prod, user: admin}
current-context: admin
users:
- name: admin
  user: {token: abc}
";

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// With a kubeconfig, and with a kubectl that answers `auth whoami` in this way.
fn sandbox(kubectl: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path(".kube")).unwrap();
    fs::create_dir(sandbox.path("bin")).unwrap();
    private(&sandbox, ".kube/config", KUBECONFIG);
    private(&sandbox, ".kube/ca.crt", CERTIFICATE);
    let kubectl = format!("#!/bin/sh\necho \"$@\" >\"$HOME/kubectl.args\"\n{kubectl}\n");
    private(&sandbox, "bin/kubectl", &kubectl);
    fs::set_permissions(sandbox.path("bin/kubectl"), fs::Permissions::from_mode(0o700)).unwrap();
    sandbox
}

fn private(sandbox: &Sandbox, name: &str, text: &str) {
    fs::write(sandbox.path(name), text).unwrap();
    fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

fn kubeconfig(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path(".kube/config")).unwrap()
}

fn setup(sandbox: &Sandbox) -> Call {
    let bin = sandbox.path("bin");
    sandbox
        .setup()
        .without("--browser-command")
        .env("KUBESESAME_BROWSER_COMMAND", &sandbox.browser_command())
        .arg("--username-prefix=okta:")
        .arg("--groups-prefix=okta:")
        .env("PATH", &format!("{}:/usr/bin:/bin", bin.display()))
}

const ALICE: &str =
    r#"echo '{"status":{"userInfo":{"username":"okta:00ualice","groups":["a","system:authenticated"]}}}'"#;

#[test]
fn the_user_is_added_and_proven() {
    let sandbox = sandbox(ALICE);
    let outcome = setup(&sandbox).arg("--write").arg("--yes").run();
    insta::assert_snapshot!(sandbox.filtered_stderr(&outcome), @r#"
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid offline_access
    stderr: redirect URI, to be registered at the provider: http://localhost:[PORT]
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in; the token is verified, and it can be refreshed
    stderr: --- [HOME]/.kube/config
    stderr: +++ [HOME]/.kube/config (with kubesesame)
    stderr: @@ -6,7 +6,25 @@
    stderr:  contexts:
    stderr:  - name: admin  # for emergencies
    stderr:    context: {cluster: prod, user: admin}
    stderr: -current-context: admin
    stderr: +- name: oidc@prod
    stderr: +  context:
    stderr: +    cluster: prod
    stderr: +    user: oidc
    stderr: +current-context: oidc@prod
    stderr:  users:
    stderr:  - name: admin
    stderr:    user: {token: [secret]}
    stderr: +- name: oidc
    stderr: +  user:
    stderr: +    exec:
    stderr: +      apiVersion: client.authentication.k8s.io/v1
    stderr: +      args:
    stderr: +      - get-token
    stderr: +      - --oidc-issuer-url=[ISSUER]
    stderr: +      - --oidc-client-id=0oakubesesamemock
    stderr: +      - --listen-address=127.0.0.1:0
    stderr: +      - --browser-command=[not shown]
    stderr: +      - --oidc-extra-scope=offline_access
    stderr: +      command: kubesesame
    stderr: +      installHint: "kubesesame signs you in to this cluster: install it and put it on the PATH"
    stderr: +      interactiveMode: IfAvailable
    stderr: wrote `[HOME]/.kube/config`; as it was before, it is in `[HOME]/.kube/config.kubesesame-before-setup`
    stderr: asking the cluster `prod` who you are (kubectl auth whoami; this may sign you in once more)
    stderr: the API server says that you are okta:00ualice, in 2 groups
    exit: 0
    "#);
    assert!(
        outcome.stdout.contains("3. Your kubeconfig is ready."),
        "{outcome}"
    );
    let text = kubeconfig(&sandbox);
    assert!(
        text.contains("# for emergencies") && text.contains("current-context: oidc@prod\n"),
        "{text}"
    );
    assert_eq!(mode(&sandbox.path(".kube/config")), 0o600);
    let before = sandbox.path(".kube/config.kubesesame-before-setup");
    assert_eq!(fs::read_to_string(&before).unwrap(), KUBECONFIG);
    assert_eq!(mode(&before), 0o600);
    let asked = fs::read_to_string(sandbox.path("kubectl.args")).unwrap();
    assert!(
        asked.contains("--context=oidc@prod") && asked.contains("auth whoami"),
        "{asked}"
    );
}

#[test]
fn the_same_once_more_changes_nothing() {
    let sandbox = sandbox(ALICE);
    let call = setup(&sandbox).arg("--write").arg("--yes");
    assert_eq!(call.run().code, Some(0));
    let text = kubeconfig(&sandbox);
    let again = call.run();
    assert!(again.stderr.contains("has this user already"), "{again}");
    assert_eq!(kubeconfig(&sandbox), text);
}

#[test]
fn what_the_cluster_says_is_told() {
    let other = r#"echo '{"status":{"userInfo":{"username":"bob","groups":[]}}}'"#;
    let unauthorized = "echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1";
    let down = "echo 'The connection to the server was refused' >&2; exit 1";
    for (kubectl, code, told) in [
        (
            ALICE,
            0,
            "the API server says that you are okta:00ualice, in 2 groups",
        ),
        (
            other,
            0,
            "warning: the API server says that you are bob, and not okta:00ualice",
        ),
        (down, 0, "not proven: no cluster answered, see above"),
        (unauthorized, 1, "error: the API server refused the token"),
    ] {
        let sandbox = sandbox(kubectl);
        let outcome = setup(&sandbox).arg("--write").arg("--yes").run();
        assert_eq!(outcome.code, Some(code), "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
        assert_eq!(outcome.stdout.is_empty(), code == 1, "{outcome}");
        assert!(kubeconfig(&sandbox).contains("command: kubesesame"), "{outcome}");
    }
}

#[test]
fn nothing_is_written_without_a_yes() {
    let sandbox = sandbox(ALICE);
    let call = setup(&sandbox).arg("--write");
    call.run()
        .fails(2, &["--write needs --yes where nobody can be asked"]);
    assert_eq!(sandbox.tabs(), 0);
    for (answer, written) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let (mut child, mut terminal) = typing(&call);
        let stderr = crate::support::unread(&mut child);
        let seen = until(stderr, "[y/N] ");
        terminal.write_all(answer.as_bytes()).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(i32::from(!written)), "{seen}");
        // The verdicts are there before the question.
        assert!(seen.contains("What an API server makes of it:"), "{seen}");
        assert_eq!(kubeconfig(&sandbox) == KUBECONFIG, !written, "{answer:?}");
    }
}

/// Reads up to these words, and discards the rest in the background.
fn until(mut reader: impl std::io::Read + Send + 'static, words: &str) -> String {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(words.as_bytes()) {
        assert_ne!(
            reader.read(&mut byte).unwrap(),
            0,
            "{}",
            String::from_utf8_lossy(&seen)
        );
        seen.push(byte[0]);
    }
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    String::from_utf8(seen).unwrap()
}

#[test]
fn what_cannot_be_written_is_told_before_the_sign_in() {
    let sandbox = sandbox(ALICE);
    let write = |call: Call| call.arg("--write").arg("--yes").run();
    write(setup(&sandbox).arg("--cluster=staging"))
        .fails(2, &["there is no cluster `staging`", "the clusters are: prod"]);
    write(setup(&sandbox).arg("--kubeconfig=/nowhere/config")).fails(2, &["there is no kubeconfig"]);
    write(setup(&sandbox).arg("--oidc-client-secret=x")).fails(2, &["would be written into a kubeconfig"]);
    assert_eq!(sandbox.tabs(), 0);
    write(setup(&sandbox).arg("--user=admin"))
        .fails(1, &["the user `admin` in", "signs in in another way", "--user"]);
    assert_eq!(kubeconfig(&sandbox), KUBECONFIG);
}

#[test]
fn a_kubeconfig_for_others_has_no_secret_and_no_path_of_this_machine() {
    let sandbox = sandbox(ALICE);
    let call = setup(&sandbox)
        .arg("--account=alice@example.com")
        .without("--listen-address");
    let call = call.arg("--listen-address=127.0.0.1:0");
    let outcome = call.clone().arg("--kubeconfig-for-others=-").run();
    insta::assert_snapshot!(sandbox.filtered(&outcome), @r#"
    apiVersion: v1
    kind: Config
    clusters:
    - name: prod
      cluster:
        certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=
        server: https://127.0.0.1:[PORT]
    contexts:
    - name: oidc@prod
      context:
        cluster: prod
        user: oidc
    current-context: oidc@prod
    users:
    - name: oidc
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          args:
          - get-token
          - --oidc-issuer-url=[ISSUER]
          - --oidc-client-id=0oakubesesamemock
          - --listen-address=127.0.0.1:0
          - --oidc-extra-scope=offline_access
          command: kubesesame
          installHint: "kubesesame signs you in to this cluster: install it and put it on the PATH"
          interactiveMode: IfAvailable
    stderr: discovery document of [ISSUER]: ok
    stderr: scopes: openid offline_access
    stderr: redirect URI, to be registered at the provider: http://localhost:[PORT]
    stderr: signing in at [ISSUER] in your browser
    stderr: signed in; the token is verified, and it can be refreshed
    exit: 0
    "#);
    assert_eq!(kubeconfig(&sandbox), KUBECONFIG);
    // As a file, which is new.
    let file = sandbox.path("others");
    let call = call.arg(&format!("--kubeconfig-for-others={}", file.display()));
    let written = call.run();
    assert_eq!(written.code, Some(0), "{written}");
    assert_eq!(fs::read_to_string(&file).unwrap(), outcome.stdout);
    call.run()
        .fails(1, &["others` is there already", "name a new file"]);
    let secret = setup(&sandbox).by_web_app(&sandbox.okta);
    secret
        .arg("--kubeconfig-for-others=-")
        .run()
        .fails(2, &["where it is no secret"]);
}

/// The context of that name in an earlier file would be kubectl's choice, whatever cluster it names.
#[test]
fn a_context_of_the_same_name_in_another_file_is_an_error_before_the_sign_in() {
    let sandbox = sandbox(ALICE);
    private(
        &sandbox,
        "stranger",
        "contexts: [{name: oidc@prod, context: {cluster: evil, user: oidc}}]\n",
    );
    let files = format!(
        "{}:{}",
        sandbox.path("stranger").display(),
        sandbox.path(".kube/config").display()
    );
    let outcome = setup(&sandbox)
        .arg("--write")
        .arg("--yes")
        .arg("--cluster=prod")
        .env("KUBECONFIG", &files)
        .run();
    outcome.fails(1, &["there is a context `oidc@prod` in", "--user"]);
    assert_eq!((sandbox.tabs(), kubeconfig(&sandbox)), (0, KUBECONFIG.to_owned()));
}

/// The file that a cluster's entry names may be any file of this machine's, and may have a key beside its certificate.
#[test]
fn a_kubeconfig_for_others_passes_on_certificates_alone() {
    let sandbox = sandbox(ALICE);
    let others = |sandbox: &Sandbox| setup(sandbox).arg("--kubeconfig-for-others=-").run();
    let key = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
    private(&sandbox, ".kube/ca.crt", &format!("{key}{CERTIFICATE}"));
    let outcome = others(&sandbox);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let certificate = data_encoding::BASE64.encode(CERTIFICATE.as_bytes());
    assert!(
        outcome
            .stdout
            .contains(&format!("certificate-authority-data: {certificate}")),
        "{outcome}"
    );
    private(&sandbox, ".kube/ca.crt", key);
    others(&sandbox).fails(1, &["no certificate in the form of PEM"]);
    for address in ["https://me:secret@127.0.0.1:9", "me:secret@127.0.0.1:9"] {
        private(
            &sandbox,
            ".kube/config",
            &KUBECONFIG.replace("https://127.0.0.1:9", address),
        );
        let outcome = others(&sandbox);
        outcome.fails(1, &["`server` has a user name or password in it"]);
        assert!(!outcome.to_string().contains("secret"), "{outcome}");
    }
}
