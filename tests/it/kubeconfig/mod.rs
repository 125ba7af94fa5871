//! `kubeconfig convert` and `kubeconfig restore` on every layout that a kubeconfig has.

mod layouts;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use self::layouts::{BLOCK, INDENTED, JSON, JSON_AFTER, LEGACY};
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
            assert_eq!(converted.contains("\r\n"), text.contains("\r\n"));
            assert!(!converted.replace("\r\n", "").contains('\r'));
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
fn a_secret_moves_to_a_private_file() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, LEGACY);
    write(&sandbox, ".kube/kubesesame/block.secret", "of another");
    for name in [".kube/kubesesame", ".kube/kubesesame/block.secret"] {
        let mode = if name.ends_with("secret") { 0o600 } else { 0o700 };
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let outcome = convert(&sandbox, &["--secret-to-file"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let secret = sandbox.path(".kube/kubesesame/block-2.secret");
    assert_eq!(
        (fs::read_to_string(&secret).unwrap().as_str(), mode(&secret)),
        ("hunter2", 0o600)
    );
    let converted = fs::read_to_string(&path).unwrap();
    assert!(
        converted.contains(&format!("- --oidc-client-secret-file={}\n", secret.display())),
        "{converted}"
    );
    assert!(!converted.contains("hunter2") && !outcome.to_string().contains("hunter2"));
    let outcome = restore(&sandbox, &[]);
    assert_eq!(fs::read_to_string(&path).unwrap(), LEGACY);
    assert!(outcome.stderr.contains("still in `"), "{outcome}");
}

#[test]
fn what_was_edited_after_is_not_lost() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    convert(&sandbox, &[]);
    let edited = format!("{}# mine\n", fs::read_to_string(&path).unwrap());
    fs::write(&path, &edited).unwrap();
    let outcome = restore(&sandbox, &[]);
    outcome.fails(1, &["was changed after its conversion", "-# mine", "--force"]);
    assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    // A new conversion would need a backup of its own.
    fs::write(&path, format!("{BLOCK}# new\n")).unwrap();
    convert(&sandbox, &[]).fails(1, &["backup of another state", "mv "]);
    assert_eq!(restore(&sandbox, &["--force"]).code, Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    restore(&sandbox, &[]).fails(1, &["there is no backup"]);
}

#[test]
fn a_link_stays_a_link() {
    let sandbox = Sandbox::new();
    let real = write(&sandbox, "dotfiles/kube", BLOCK);
    fs::create_dir_all(sandbox.path(".kube")).unwrap();
    let link = sandbox.path(".kube/config");
    symlink(&real, &link).unwrap();
    let outcome = convert(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("kubesesame") && backup(&real).exists());
    write(&sandbox, "dotfiles/kube.lock", "");
    restore(&sandbox, &[]).fails(1, &["is locked", "rm -f"]);
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

#[test]
fn what_cannot_be_read_is_refused_and_left_as_it_is() {
    let cases: [(&[u8], &[&str]); 6] = [
        (b"users:\n- name: [hunter2\n", &["is not valid YAML (line "]),
        (b"users: []\n---\nusers: []\n", &["a second document", "line 2"]),
        (b"apiVersion: v1\nkind: Pod\n", &["is no kubeconfig"]),
        (b"just text hunter2\n", &["is no kubeconfig"]),
        (b"users:\n- name: \xff\xfe\n", &["is not UTF-8 (byte 15)"]),
        (
            b"users:\n- name: a\n  user: &u\n    exec: {command: kubelogin, args: [get-token]}\n",
            &["user `a`", "anchors"],
        ),
    ];
    for (text, words) in cases {
        let sandbox = Sandbox::new();
        let path = config(&sandbox, text);
        let outcome = convert(&sandbox, &[]);
        outcome.fails(1, words);
        assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
        assert_eq!(fs::read(&path).unwrap(), text);
        assert_eq!(names(&sandbox.path(".kube")), ["config"]);
    }
    let sandbox = Sandbox::new();
    convert(&sandbox, &[]).fails(1, &["there is no kubeconfig", ".kube/config` is missing"]);
    convert(&sandbox, &["--kubeconfig=/nowhere/x"]).fails(1, &["`/nowhere/x` is missing"]);
    fs::create_dir(sandbox.path("dir")).unwrap();
    convert(
        &sandbox,
        &["--kubeconfig", &sandbox.path("dir").to_string_lossy()],
    )
    .fails(1, &["is not a file"]);
}

#[test]
fn an_entry_that_we_cannot_take_over_is_left_alone_and_told() {
    let unknown = INDENTED.replace("--oidc-client-id=b", "--oidc-made-up=b");
    let sandbox = Sandbox::new();
    let path = config(&sandbox, &unknown);
    let outcome = convert(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome.stderr.contains("warning: user `b`")
            && outcome.stderr.contains("does not take its `--oidc-made-up`"),
        "{outcome}"
    );
    assert!(fs::read_to_string(&path).unwrap().contains("kubectl-oidc_login"));
    convert(&sandbox, &["--user=b"]).fails(1, &["user `b`", "`--oidc-made-up`"]);

    let azure = "users:\n- name: az\n  user:\n    exec: {command: kubelogin, args: [get-token, --login, azurecli, --server-id, x]}\n";
    let path = config(&sandbox, azure);
    let outcome = convert(&sandbox, &[]);
    assert!(
        outcome.code == Some(0)
            && outcome.stderr.contains("Azure")
            && outcome.stderr.contains("nothing to do"),
        "{outcome}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), azure);
    convert(&sandbox, &["--user=az"]).fails(1, &["Azure"]);
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    let dir = sandbox.path(".kube");
    let unchanged = |outcome: Outcome, words: &[&str]| {
        outcome.fails(1, words);
        assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
        assert!(!backup(&path).exists());
    };
    write(&sandbox, ".kube/config.lock", "");
    unchanged(
        convert(&sandbox, &[]),
        &["is locked", "the lock is stale: rm -f", "config.lock"],
    );
    assert!(dir.join("config.lock").exists(), "another's lock stays");
    fs::remove_file(dir.join("config.lock")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    unchanged(convert(&sandbox, &[]), &["is read-only", "chmod u+w"]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(&path, sandbox.path("second")).unwrap();
    unchanged(convert(&sandbox, &[]), &["has 2 names"]);
    fs::remove_file(sandbox.path("second")).unwrap();
    assert_eq!(names(&dir), ["config"]);
    // A directory where even root cannot make a file.
    if fs::metadata(&path).unwrap().uid() == 0 && Path::new("/usr/bin/setpriv").exists() {
        fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let call = sandbox.bare(&["kubeconfig", "convert"]);
        unchanged(
            call.through(&["setpriv", "--reuid=4242", "--clear-groups"]).run(),
            &["cannot make the lock", "writable for you"],
        );
    }
}

#[test]
fn when_nobody_reads_the_difference_nothing_is_written() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    let call = sandbox
        .bare(&["kubeconfig", "convert"])
        .through(&["sh", "-c", "\"$@\" >/dev/full", "sh"]);
    call.run().fails(1, &["could not be written to standard output"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    assert_eq!(names(&sandbox.path(".kube")), ["config"]);
}
