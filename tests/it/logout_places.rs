//! `logout` finds the sessions where `get-token` keeps them, and says what it cannot read.

use std::fs;
use std::os::unix::fs::symlink;

use crate::logout::{files, logout, logout_of, revocations, told, with_kubeconfig};
use crate::support::{Call, Sandbox};

fn kept_in(sandbox: &Sandbox, dir: &str) -> Call {
    let flag = format!("--token-cache-dir={dir}");
    sandbox.get_token().without("--token-cache-dir").arg(&flag)
}

/// As where `~/.kube` is on another disk.
#[test]
fn a_session_below_a_linked_directory_ends() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("disk")).unwrap();
    symlink(sandbox.path("disk"), sandbox.path(".kube")).unwrap();
    sandbox.signed_in();
    let outcome = logout(&sandbox, &[]).run();
    assert_eq!(
        (outcome.code, revocations(&sandbox).len()),
        (Some(0), 1),
        "{outcome}"
    );
}

#[test]
fn a_directory_that_is_a_link_is_refused_once_and_as_by_get_token() {
    for args in [&[][..], &["--all"]] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("disk")).unwrap();
        symlink(sandbox.path("disk"), sandbox.path("link")).unwrap();
        let entry = kept_in(&sandbox, &sandbox.path("link").display().to_string());
        let hint = format!("--token-cache-dir={}", sandbox.path("disk").display());
        entry.run().fails(1, &["is a symbolic link", &hint]);
        let outcome = logout_of(&sandbox, &entry, args).run();
        assert_eq!(outcome.code, Some(1), "{outcome}");
        assert_eq!(
            outcome.stderr.matches("is a symbolic link").count(),
            1,
            "{outcome}"
        );
        assert!(outcome.stderr.contains(&hint), "{outcome}");
    }
}

/// It begins at the directory in which kubectl, and so `get-token`, is called.
#[test]
fn a_relative_directory_begins_where_get_token_begins() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("sub")).unwrap();
    let at = |call: Call, dir: &str| {
        let dir = sandbox.path(dir).display().to_string();
        call.through(&["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", &dir])
    };
    let entry = kept_in(&sandbox, "sessions");
    at(entry.clone(), "").run().token();
    let elsewhere = at(logout_of(&sandbox, &entry, &[]), "sub").run();
    insta::assert_snapshot!(told(&sandbox, &elsewhere), @"
    logout
    stderr: there is no session to end in sessions, which begins at the current directory, as for get-token
    exit: 0
    ");
    let outcome = at(logout_of(&sandbox, &entry, &[]), "").run();
    assert_eq!(
        (outcome.code, revocations(&sandbox).len()),
        (Some(0), 1),
        "{outcome}"
    );
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_named() {
    for (args, code) in [
        (&["--all"][..], 1),
        (&["--issuer=https://i.example"], 1),
        (&[], 0),
    ] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let kubeconfig = with_kubeconfig(&sandbox, &sandbox.get_token());
        let broken = sandbox.path("broken").display().to_string();
        fs::write(&broken, "users: [{name: a").unwrap();
        let both = format!("{kubeconfig}:{broken}");
        let call = sandbox
            .bare(&[&["logout"], args].concat())
            .env("KUBECONFIG", &both);
        let outcome = call.run();
        assert!(
            outcome
                .stderr
                .contains(&format!("warning: `{broken}` is not valid YAML")),
            "{outcome}"
        );
        assert_eq!(outcome.code, Some(code), "{outcome}");
    }
}

#[test]
fn an_empty_name_is_a_usage_error() {
    for flag in ["--issuer=", "--account=", "--context=", "--user="] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let name = flag.trim_end_matches('=');
        logout(&sandbox, &[flag]).run().fails(2, &[name]);
        assert_eq!((revocations(&sandbox).len(), files(&sandbox).len()), (0, 2));
    }
}

/// The variable of a shell that was to name another entry is not set.
#[test]
fn an_empty_name_of_an_entry_is_a_usage_error_of_the_other_commands_too() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let kubeconfig = with_kubeconfig(&sandbox, &sandbox.get_token());
    for command in ["login", "status", "doctor"] {
        for flag in ["--context", "--user"] {
            let call = sandbox.bare(&[command, &format!("{flag}=")]);
            call.env("KUBECONFIG", &kubeconfig).run().fails(2, &[flag]);
        }
    }
    assert_eq!(sandbox.tabs(), 1);
}
