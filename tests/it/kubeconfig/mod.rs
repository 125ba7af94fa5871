//! `kubeconfig convert` and `kubeconfig restore` on every layout that a kubeconfig has.

#[cfg(target_os = "linux")]
mod access;
mod conversion_notices;
mod faults;
mod hostile;
mod layouts;
mod refused;
mod secrets;
mod unusual;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use self::layouts::{BLOCK, INDENTED, JSON, JSON_AFTER, LEGACY, SECRET_STAYS};
use crate::support::{Outcome, Sandbox, mode};

fn write(sandbox: &Sandbox, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = sandbox.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn config(sandbox: &Sandbox, text: impl AsRef<[u8]>) -> PathBuf {
    write(sandbox, ".kube/config", text)
}

fn convert(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.bare(&[&["kubeconfig", "convert"], args].concat()).run()
}

fn restore(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.bare(&[&["kubeconfig", "restore"], args].concat()).run()
}

fn backup(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.kubesesame-backup", path.display()))
}

/// Names of all files of a directory, so that nothing is left behind.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn convert_then_restore_gives_back_every_byte_of_every_layout() {
    for (name, text) in [
        ("block", BLOCK),
        ("indented", INDENTED),
        ("json", JSON),
        ("legacy", LEGACY),
    ] {
        for text in [
            text.to_owned(),
            text.replace('\n', "\r\n"),
            format!("\u{feff}{text}"),
            text.trim_end().to_owned(),
        ] {
            let sandbox = Sandbox::new();
            let path = config(&sandbox, &text);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let outcome = convert(&sandbox, &[]);
            assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
            for secret in ["hunter2", "very-secret-token"] {
                assert!(!outcome.to_string().contains(secret), "{name}: {outcome}");
            }
            let converted = fs::read_to_string(&path).unwrap();
            assert!(
                converted.contains("kubesesame") && converted != text,
                "{name}: {converted}"
            );
            let (ends, crlf) = (converted.matches('\n').count(), converted.matches("\r\n").count());
            assert_eq!(
                crlf,
                if text.contains('\r') { ends } else { 0 },
                "{name}: {converted:?}"
            );
            assert_eq!((mode(&path), mode(&backup(&path))), (0o640, 0o600));
            assert_eq!(fs::read_to_string(backup(&path)).unwrap(), text);
            let again = convert(&sandbox, &[]);
            assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""), "{again}");
            assert!(again.stderr.contains("nothing to do"), "{again}");
            let outcome = restore(&sandbox, &[]);
            assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "{name}");
            assert_eq!(
                (names(&sandbox.path(".kube")), mode(&path)),
                (vec!["config".to_owned()], 0o640)
            );
        }
    }
}

/// The printed command, as a shell runs it.
#[test]
fn the_way_back_names_the_file_that_was_named() {
    let sandbox = Sandbox::new();
    let path = write(&sandbox, "my clusters/it's one", BLOCK);
    let flag = format!("--kubeconfig={}", path.display());
    let outcome = convert(&sandbox, &[&flag]);
    assert_ne!(fs::read_to_string(&path).unwrap(), BLOCK, "{outcome}");
    let (_, way_back) = outcome.stderr.split_once("to go back: kubesesame ").unwrap();
    let script = format!("\"$0\" {}", way_back.trim());
    let outcome = sandbox.bare(&[]).through(&["sh", "-c", &script]).run();
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK, "{outcome}");
}

#[test]
fn only_what_differs_is_changed_in_a_block() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    let outcome = convert(&sandbox, &[]);
    let expected = BLOCK
        .replace("k8s.io/v1beta1", "k8s.io/v1")
        .replace("      - oidc-login # wrapper\n", "")
        .replace(
            "command: kubectl # one hop less\n",
            "command: kubesesame # one hop less\n      interactiveMode: IfAvailable\n",
        );
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    insta::assert_snapshot!(sandbox.filtered(&outcome), @r#"
--- [HOME]/.kube/config
+++ [HOME]/.kube/config (converted)
@@ -12,15 +12,15 @@
   user:
     # before
     exec: # here
-      apiVersion: client.authentication.k8s.io/v1beta1 # old
+      apiVersion: client.authentication.k8s.io/v1 # old
       args:
-      - oidc-login # wrapper
       # the flags
       - get-token
       - '--oidc-issuer-url=https://issuer.example/ü' # who
       - --oidc-client-id=app
       - --oidc-client-secret=[secret] # told
-      command: kubectl # one hop less
+      command: kubesesame # one hop less
+      interactiveMode: IfAvailable
       env: null
       provideClusterInfo: false
     # after
stderr: warning: the client secret of user `jürgen@ünïcode` stays in `[HOME]/.kube/config`; --secret-to-file moves it to a private file
stderr: converted `[HOME]/.kube/config`; its backup is `[HOME]/.kube/config.kubesesame-backup`
stderr: to go back: kubesesame kubeconfig restore
exit: 0
"#);
}

#[test]
fn the_conversion_of_another_layout_is_exact_in_every_line_ending() {
    let expected = INDENTED
        .replace("command: /usr/local/bin/kubelogin", "command: kubesesame")
        .replace("\"Never\"", "\"IfAvailable\"")
        .replace(
            "client.authentication.k8s.io/v1beta1, command: kubectl-oidc_login,",
            "client.authentication.k8s.io/v1, command: kubesesame, interactiveMode: IfAvailable,",
        );
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let bom = |text: &str| format!("\u{feff}{text}");
    for (text, expected) in [
        (INDENTED.to_owned(), expected.clone()),
        (crlf(INDENTED), crlf(&expected)),
        (bom(INDENTED), bom(&expected)),
        (bom(&crlf(INDENTED)), bom(&crlf(&expected))),
    ] {
        let sandbox = Sandbox::new();
        let path = config(&sandbox, &text);
        convert(&sandbox, &[]);
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }
}

#[test]
fn a_legacy_entry_is_written_anew_in_its_style() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, LEGACY);
    convert(&sandbox, &[]);
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap(), @r#"
apiVersion: v1
kind: Config
users:
- name: block
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - get-token
      - --oidc-issuer-url=https://i
      - --oidc-client-id=app
      - --oidc-client-secret=hunter2
      - --oidc-extra-scope=email
      - --oidc-extra-scope=groups
      - "--certificate-authority=/ca file.pem"
      command: kubesesame
      interactiveMode: IfAvailable # kept
- {name: flow, user: {exec: {"apiVersion": "client.authentication.k8s.io/v1", "args": ["get-token", "--oidc-issuer-url=https://i", "--oidc-client-id=b"], "command": "kubesesame", "interactiveMode": "IfAvailable"}}}
- name: last
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - get-token
      - --oidc-client-id=c
      - --oidc-issuer-url=https://i
      command: kubesesame
      interactiveMode: IfAvailable
"#);
    let path = config(&sandbox, JSON);
    fs::remove_file(backup(&path)).unwrap();
    convert(&sandbox, &[]);
    assert_eq!(fs::read_to_string(&path).unwrap(), JSON_AFTER);
    serde_json::from_slice::<serde_json::Value>(&fs::read(&path).unwrap()).expect("still JSON");
}

#[test]
fn the_files_of_kubeconfig_are_converted_and_named_users_only() {
    let sandbox = Sandbox::new();
    let (one, two) = (write(&sandbox, "one", BLOCK), write(&sandbox, "two", INDENTED));
    let list = format!(
        "{}:{}::{}",
        one.display(),
        sandbox.path("missing").display(),
        two.display()
    );
    let call = sandbox.bare(&["kubeconfig", "convert"]).env("KUBECONFIG", &list);
    let dry = call.clone().arg("--dry-run").run();
    assert!(
        dry.stdout.contains("+          command: kubesesame") && dry.stderr.contains("dry run"),
        "{dry}"
    );
    assert_eq!(fs::read_to_string(&two).unwrap(), INDENTED);
    let outcome = call.clone().arg("--user=b").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(fs::read_to_string(&one).unwrap(), BLOCK);
    assert!(!fs::read_to_string(&two).unwrap().contains("kubectl-oidc_login"));
    // A second conversion keeps the first backup, which leads back all the way.
    assert_eq!(call.run().code, Some(0));
    let outcome = sandbox
        .bare(&["kubeconfig", "restore"])
        .env("KUBECONFIG", &list)
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(
        (
            fs::read_to_string(&one).unwrap().as_str(),
            fs::read_to_string(&two).unwrap().as_str()
        ),
        (BLOCK, INDENTED)
    );
    call.arg("--user=nobody").run().fails(
        2,
        &["no user `nobody`", "the users are: jürgen@ünïcode, other, a, b"],
    );
}

#[test]
fn an_edit_after_a_conversion_is_not_lost_by_a_restore() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    convert(&sandbox, &[]);
    let edited = format!("{}# mine\n", fs::read_to_string(&path).unwrap());
    fs::write(&path, &edited).unwrap();
    let outcome = restore(&sandbox, &[]);
    outcome.fails(
        1,
        &[
            "was changed after its conversion",
            "-# mine",
            "the lines with - would be lost; --force",
        ],
    );
    assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    // A new conversion would need a backup of its own.
    fs::write(&path, format!("{BLOCK}# new\n")).unwrap();
    convert(&sandbox, &[]).fails(1, &["backup of another state", "mv ", SECRET_STAYS]);
    assert_eq!(restore(&sandbox, &["--force"]).code, Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    restore(&sandbox, &[]).fails(1, &["there is no backup"]);
}

#[test]
fn a_link_stays_a_link() {
    let sandbox = Sandbox::new();
    let real = write(&sandbox, "dotfiles/kube", BLOCK);
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    if fs::metadata(&real).unwrap().uid() == 0 {
        std::os::unix::fs::chown(&real, Some(4242), Some(4343)).unwrap();
    }
    let owner = |path: &Path| {
        fs::metadata(path)
            .map(|there| (there.uid(), there.gid()))
            .unwrap()
    };
    let before = owner(&real);
    let link = sandbox.path(".kube/config");
    symlink(&real, &link).unwrap();
    let outcome = convert(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("kubesesame") && backup(&real).exists());
    assert_eq!(owner(&real), before);
    write(&sandbox, "dotfiles/kube.lock", "");
    restore(&sandbox, &[]).fails(1, &["is locked", "mv "]);
    fs::remove_file(sandbox.path("dotfiles/kube.lock")).unwrap();
    assert_eq!(restore(&sandbox, &[]).code, Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), BLOCK);
    fs::remove_file(&real).unwrap();
    convert(&sandbox, &[]).fails(1, &["there is no file"]);
}

#[test]
fn a_file_may_be_named_from_where_one_stands() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    let script = format!("cd '{}' && \"$@\"", sandbox.path(".kube").display());
    for name in ["config", "./config", "../.kube/config"] {
        let call = sandbox.bare(&["kubeconfig", "convert", "--kubeconfig", name]);
        let outcome = call.through(&["sh", "-c", &script, "sh"]).run();
        assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
        assert_eq!(restore(&sandbox, &[]).code, Some(0));
        assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    }
}

/// Every flag of kubelogin, in the spellings that live in kubeconfigs.
#[test]
fn entries_with_any_flag_of_the_peer_are_converted() {
    for args in [
        "-v1",
        "-v=1",
        "-v, '1'",
        "--v=4, --logtostderr",
        "--vmodule=x=1, --log_file, f, --skip_headers=true",
        "--oidc-use-pkce, --listen-port=8000, --oidc-redirect-url-hostname=127.0.0.1",
        "--tls-renegotiation-freely, --token-cache-storage=auto, --local-server-cert=c, --local-server-key=k",
        "--grant-type, device-code, --authentication-timeout-sec=60, --oidc-request-header=Origin=x",
        "--oidc-extra-scope=\"email\", '--oidc-extra-scope=\"groups\",profile', --listen-address=\"127.0.0.1:8000\"",
    ] {
        let sandbox = Sandbox::new();
        let text = format!(
            "kind: Config\nusers:\n- name: n\n  user:\n    exec: {{apiVersion: x, command: kubelogin, args: \
             [get-token, --oidc-issuer-url=https://i, --oidc-client-id=c, {args}]}}\n"
        );
        let path = config(&sandbox, &text);
        let outcome = convert(&sandbox, &[]);
        assert_eq!(outcome.code, Some(0), "{args}: {outcome}");
        assert!(outcome.stderr.contains("converted `"), "{args}: {outcome}");
        assert!(fs::read_to_string(path).unwrap().contains(args), "{args}");
    }
}
