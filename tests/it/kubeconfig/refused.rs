//! What `kubeconfig convert` refuses, and that nothing is lost then.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::layouts::{BLOCK, INDENTED, SECRET_STAYS};
use super::{backup, config, convert, names, write};
use crate::support::{Outcome, Sandbox, as_user_or_skip};

#[test]
fn a_kubeconfig_that_cannot_be_read_is_refused_and_left_as_it_is() {
    let cases: [(&[u8], &[&str]); 6] = [
        (b"users:\n- name: [hunter2\n", &["is not valid YAML (line "]),
        (
            b"users: []\n---\nusers: []\n",
            &[
                "a second document",
                "line 2",
                "kubectl never looks at what follows the `---`",
            ],
        ),
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
    convert(&sandbox, &["--kubeconfig=/nowhere/x"])
        .fails(2, &["`/nowhere/x` is missing", "leave the flag out"]);
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

/// It would fail on every call, with the words that the person reads now.
#[test]
fn an_entry_whose_values_cannot_be_used_is_left_alone_and_told() {
    for (args, reason) in [
        (
            "--oidc-issuer-url=http://issuer.example.com, --oidc-client-id=c",
            "--oidc-issuer-url `http://issuer.example.com` is not https",
        ),
        ("--oidc-client-id=c", "--oidc-issuer-url is missing"),
        ("--oidc-issuer-url=https://i", "--oidc-client-id is missing"),
        (
            "--oidc-issuer-url=https://i, --oidc-client-id=c, --grant-type=implicit",
            "invalid value 'implicit' for '--grant-type <GRANT>' [possible values: auto, ",
        ),
        (
            "--oidc-issuer-url=https://i, --oidc-client-id=c, --oidc-redirect-url=https://localhost:8000",
            "--oidc-redirect-url `https://localhost:8000` cannot be listened on",
        ),
        (
            "--oidc-issuer-url=https://i, --oidc-client-id=c, --token-cache-storage=cloud",
            "invalid value 'cloud' for '--token-cache-storage <STORAGE>'",
        ),
        (
            "--oidc-issuer-url=https://i, --oidc-client-id=c, --grant-type=client-credentials, --account=a",
            "--account is there",
        ),
        (
            "--oidc-issuer-url=https://i, --oidc-client-id=c, '--oidc-request-header=Authorization: hunter2'",
            "a value of --oidc-request-header is not NAME=VALUE",
        ),
        (
            "--oidc-issuer-url=https://i, --oidc-client-id=c, --oidc-request-header=hunter2",
            "a value of --oidc-request-header is not NAME=VALUE",
        ),
        (
            "'--oidc-issuer-url=https://me:hunter2@i', --oidc-client-id=c",
            "--oidc-issuer-url `https://[secret]@i` has a user name or password",
        ),
    ] {
        let sandbox = Sandbox::new();
        let text = format!(
            "kind: Config\nusers:\n- name: n\n  user:\n    exec: {{apiVersion: x, command: kubelogin, args: \
             [get-token, {args}]}}\n"
        );
        let path = config(&sandbox, &text);
        let outcome = convert(&sandbox, &["--dry-run"]);
        outcome.fails(1, &["user `n`", reason]);
        assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
        convert(&sandbox, &[]).fails(1, &[reason]);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(names(&sandbox.path(".kube")), ["config"]);
    }
}

#[test]
fn a_kubeconfig_that_cannot_be_written_is_refused_before_anything_changes() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    let dir = sandbox.path(".kube");
    let unchanged = |outcome: Outcome, words: &[&str]| {
        outcome.fails(1, &[words, &[SECRET_STAYS]].concat());
        assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
        assert!(!backup(&path).exists());
    };
    write(&sandbox, ".kube/config.lock", "");
    unchanged(
        convert(&sandbox, &[]),
        &["is locked", "the lock is stale: mv ", "config.lock"],
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
}

#[test]
fn a_kubeconfig_in_a_directory_that_cannot_be_written_is_told_with_the_cure() {
    let Some(by_user) = as_user_or_skip(4242, 4242) else {
        return;
    };
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let call = sandbox.bare(&["kubeconfig", "convert"]).through(&by_user);
    call.run()
        .fails(1, &["cannot make the lock", "writable for you", SECRET_STAYS]);
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    assert_eq!(names(&sandbox.path(".kube")), ["config"]);
}

/// Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn when_nobody_reads_the_difference_nothing_is_written() {
    let sandbox = Sandbox::new();
    let path = config(&sandbox, BLOCK);
    let call = sandbox
        .bare(&["kubeconfig", "convert"])
        .through(&["sh", "-c", "\"$@\" >/dev/full", "sh"]);
    call.run()
        .fails(1, &["could not be written to standard output", SECRET_STAYS]);
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    assert_eq!(names(&sandbox.path(".kube")), ["config"]);
}
