//! Secrets of entries that move to private files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::layouts::LEGACY;
use super::{config, convert, names, restore, write};
use crate::support::{Sandbox, mode};

const WITH_SECRETS: &str = "\
users:
- name: n
  user:
    exec:
      apiVersion: x
      command: kubectl
      args:
      - oidc-login
      - get-token
      - --oidc-issuer-url=https://i
      - --oidc-client-id=c
      - --oidc-client-secret # told
      - hunter2
      - '--password=hunter3'
      - --username=me
";

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
fn the_secrets_of_an_exec_entry_move_and_come_back() {
    let text = WITH_SECRETS;
    let sandbox = Sandbox::new();
    let path = config(&sandbox, text);
    let outcome = convert(&sandbox, &[]);
    for kept in [
        "the client secret of user `n` stays",
        "the password of user `n` stays",
    ] {
        assert!(outcome.stderr.contains(kept), "{outcome}");
    }
    assert_eq!(restore(&sandbox, &[]).code, Some(0));
    let outcome = convert(&sandbox, &["--secret-to-file"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!outcome.to_string().contains("hunter"), "{outcome}");
    let files = sandbox.path(".kube/kubesesame");
    assert_eq!(names(&files), ["n.password", "n.secret"]);
    for (name, secret) in [("n.secret", "hunter2"), ("n.password", "hunter3")] {
        let file = files.join(name);
        assert_eq!(
            (fs::read_to_string(&file).unwrap().as_str(), mode(&file)),
            (secret, 0o600)
        );
    }
    let files = files.display();
    let expected = text
        .replace("apiVersion: x", "apiVersion: client.authentication.k8s.io/v1")
        .replace("      - oidc-login\n", "")
        .replace("kubectl\n", "kubesesame\n      interactiveMode: IfAvailable\n")
        .replace("--oidc-client-secret #", "--oidc-client-secret-file #")
        .replace("- hunter2", &format!("- {files}/n.secret"))
        .replace(
            "--password=hunter3",
            &format!("--password-file={files}/n.password"),
        );
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    let outcome = restore(&sandbox, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    for word in ["the client secret of", "the password of"] {
        assert!(outcome.stderr.contains(word), "{outcome}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

/// The names of two users may differ after the longest name of a file only.
#[test]
fn the_secret_of_a_user_with_a_very_long_name_moves_too() {
    let sandbox = Sandbox::new();
    let users = ["1", "2"].map(|end| format!("{}{end}", "n".repeat(300)));
    let entry = |user: &String| {
        let secret = user.chars().last().unwrap();
        format!(
            "- name: {user}\n  user:\n    exec: {{apiVersion: x, command: kubelogin, args: [get-token, --oidc-issuer-url=https://i, \
             --oidc-client-id=c, --oidc-client-secret=hunter{secret}]}}\n"
        )
    };
    let text = format!("kind: Config\nusers:\n{}", users.each_ref().map(entry).concat());
    config(&sandbox, &text);
    let outcome = convert(&sandbox, &["--secret-to-file"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let files = sandbox.path(".kube/kubesesame");
    let mut secrets: Vec<_> = names(&files)
        .iter()
        .map(|name| fs::read_to_string(files.join(name)).unwrap())
        .collect();
    secrets.sort();
    assert_eq!(secrets, ["hunter1", "hunter2"]);
    assert!(names(&files).iter().all(|name| !name.contains("-2.secret")));
}
