//! `logout` where it cannot know all: an entry that says wrong things, and files of which nobody can say whose they are.

use std::fs;

use crate::files::chmod;
use crate::logout::{files, logout, logout_of, revocations, told, with_kubeconfig};
use crate::support::{Outcome, Sandbox};

/// What the person sees, with one name for the session's file.
fn told_of_file(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let lock = sandbox.cache_file(".lock");
    let key = lock.file_stem().unwrap().to_str().unwrap();
    told(sandbox, outcome).replace(key, "[KEY]")
}

/// It is negative, and a warning says why.
fn warns(outcome: &Outcome, words: &[&str]) {
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{outcome}"
    );
    let mut warnings = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning: "));
    let has_all = |line: &str| words.iter().all(|word| line.contains(word));
    assert!(warnings.any(has_all), "{words:?} {outcome}");
}

#[test]
fn an_entry_that_cannot_be_read_is_named_and_other_sessions_end() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let dir = format!("--token-cache-dir={}", sandbox.path("own").display());
    let own = sandbox.get_token().without("--token-cache-dir").arg(&dir);
    own.run().token();
    let broken = own.arg("--no-such-flag");
    let outcome = logout_of(&sandbox, &broken, &["--all"]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: warning: the entry of the user `okta` cannot be used (kubesesame does not take its `--no-such-flag`), so sessions of it may be left in a directory that it names; correct its `args` in the kubeconfig; the flags: kubesesame get-token --help
    stderr: ended the session of 00ualice at [ISSUER]: its refresh token is revoked
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    exit: 1
    ");
    assert_eq!((files(&sandbox), revocations(&sandbox).len()), (vec![], 1));
    assert_eq!(sandbox.session_count("own"), 1);
    for args in [
        ["--all".to_owned()],
        [format!("--issuer={}", sandbox.okta.issuer())],
        ["--account=00ualice".to_owned()],
    ] {
        let outcome = logout_of(&sandbox, &broken, &[&args[0]]).run();
        assert_eq!(outcome.code, Some(1), "{args:?} {outcome}");
        assert_eq!(outcome.stderr.matches("`--no-such-flag`").count(), 1, "{outcome}");
        assert!(
            !outcome.stderr.contains("there is no session to end"),
            "{outcome}"
        );
    }
}

/// The cluster of a context says what the entry does not.
#[test]
fn an_entry_that_is_whole_only_in_its_contexts_is_no_broken_one() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let kubeconfig = with_kubeconfig(&sandbox, &sandbox.get_token());
    let text = fs::read_to_string(&kubeconfig).unwrap();
    let issuer = format!("'--oidc-issuer-url={}', ", sandbox.okta.issuer());
    assert!(text.contains(&issuer), "{text}");
    let text = text
        .replace(&issuer, "")
        .replace("command: kubesesame", "command: kubesesame, provideClusterInfo: true")
        .replace(
            "server: 'https://127.0.0.1:1'",
            &format!(
                "server: 'https://127.0.0.1:1', extensions: [{{name: client.authentication.k8s.io/exec, extension: \
                 {{oidc-issuer-url: '{}', oidc-client-id: '{}'}}}}]",
                sandbox.okta.issuer(),
                sandbox.okta.client_id()
            ),
        );
    fs::write(&kubeconfig, text).unwrap();
    let outcome = sandbox
        .bare(&["logout", "--all"])
        .env("KUBECONFIG", &kubeconfig)
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
}

#[test]
fn a_session_that_cannot_be_read_may_be_of_the_account_or_at_the_issuer() {
    for (content, mode, reason) in [
        (None, 0o644, "open to other users"),
        (Some("{"), 0o600, "it is broken"),
        (Some(r#"{"version":9}"#), 0o600, "a newer kubesesame wrote it"),
    ] {
        for with_entry in [true, false] {
            let sandbox = Sandbox::new();
            sandbox.signed_in();
            if let Some(content) = content {
                fs::write(sandbox.session_file(), content).unwrap();
            }
            chmod(&sandbox.session_file(), mode);
            let issuer = format!("--issuer={}", sandbox.okta.issuer());
            let flags = [
                (issuer.as_str(), "at this issuer"),
                ("--account=00ualice", "of this account"),
            ];
            for (flag, whose) in flags {
                // The entry says the issuer, and so what to do is as without the flag.
                if with_entry && flag == issuer {
                    continue;
                }
                let outcome = if with_entry {
                    logout(&sandbox, &[flag]).run()
                } else {
                    sandbox.bare(&["logout", flag]).run()
                };
                warns(&outcome, &[".session.json", "may be", whose, reason]);
                assert!(!outcome.stderr.contains("no session to end"), "{outcome}");
                assert_eq!(files(&sandbox), ["issued", "session.json"], "{outcome}");
            }
        }
    }
}

#[test]
fn a_sealed_session_may_be_of_the_account() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let path = sandbox.session_file().with_extension("sealed");
    fs::remove_file(sandbox.session_file()).unwrap();
    fs::write(&path, [b"kubesesame sealed 1\n".as_slice(), &[7; 60]].concat()).unwrap();
    chmod(&path, 0o600);
    let outcome = sandbox.bare(&["logout", "--account=00ualice"]).run();
    insta::assert_snapshot!(told_of_file(&sandbox, &outcome), @"
    logout
    stderr: warning: the session in [HOME]/.kube/cache/kubesesame/[KEY].session.sealed may be of this account, and was not ended: `[HOME]/.kube/cache/kubesesame/[KEY].session.sealed` is sealed, and no entry of the kubeconfig says whose session it is; name the kubeconfig whose entry uses the session: --kubeconfig=FILE; to remove all sessions of that directory and of the fallback directories here, and revoke nothing: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1
    ");
    let outcome = logout(&sandbox, &["--account=bob"]).run();
    warns(&outcome, &["may be", "of this account", "keyring"]);
    assert_eq!(files(&sandbox), ["issued", "session.sealed"]);
}

#[test]
fn a_session_whose_token_names_nobody_may_be_of_the_account() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.change_session(|session| session["token"] = "opaque".into());
    let outcome = logout(&sandbox, &["--account=bob"]).run();
    warns(
        &outcome,
        &["may be", "of this account", "its token does not say whose it is"],
    );
    assert_eq!(revocations(&sandbox).len(), 0);
}

#[test]
fn an_issuer_in_another_spelling_is_told_which_ones_there_are() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let issuer = format!("--issuer={}/", sandbox.okta.issuer());
    let outcome = logout(&sandbox, &[&issuer]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: there is no session to end at this issuer; there are sessions at [ISSUER]
    exit: 0
    ");
}

/// The files that can be read may name directories with sessions.
#[cfg(unix)]
#[test]
fn an_odd_member_of_the_list_of_kubeconfigs_is_named_and_sessions_of_the_others_end() {
    for kind in ["link", "directory", "broken", "not text"] {
        let sandbox = Sandbox::new();
        let flag = format!("--token-cache-dir={}", sandbox.path("own").display());
        let entry = sandbox.get_token().without("--token-cache-dir").arg(&flag);
        let good = with_kubeconfig(&sandbox, &entry);
        let odd = sandbox.path("odd");
        match kind {
            "link" => std::os::unix::fs::symlink(&odd, &odd).unwrap(),
            "directory" => fs::create_dir(&odd).unwrap(),
            "broken" => fs::write(&odd, "users: [").unwrap(),
            _ => fs::write(&odd, [0xff, 0xfe]).unwrap(),
        }
        let missing = sandbox.path("missing");
        let list = format!("{}:{}:{good}", missing.display(), odd.display());
        let call = |args: &[&str]| sandbox.bare(args).env("KUBECONFIG", &list).run();
        let issuer = format!("--issuer={}", sandbox.okta.issuer());
        for flag in ["--all", "--account=00ualice", &issuer] {
            entry.run().token();
            let status = call(&["status"]);
            assert_eq!(status.code, Some(0), "{kind} {status}");
            assert!(
                status.stdout.contains("00ualice") && status.stderr.contains("/odd"),
                "{kind} {status}"
            );
            let clean = call(&["clean"]);
            assert!(
                clean.stderr.contains("left in") && clean.stderr.contains("/odd"),
                "{kind} {clean}"
            );
            warns(&call(&["logout", flag]), &["/odd"]);
            assert_eq!(sandbox.session_count("own"), 0, "{kind} {flag}");
        }
        assert_eq!(revocations(&sandbox).len(), 3, "{kind}");
    }
}

/// kubectl itself may be using them.
#[test]
fn tokens_in_a_kubeconfig_are_named() {
    let sandbox = Sandbox::new();
    let (file, call) = crate::standalone::standalone(&sandbox, &["extra-scopes: offline_access"]);
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let kubeconfig = file.to_str().unwrap();
    let told_of = |flag: &str| {
        let call = sandbox.bare(&["logout", flag]).env("KUBECONFIG", kubeconfig);
        call.run()
    };
    insta::assert_snapshot!(told(&sandbox, &told_of("--all")), @"
    logout
    stderr: there is no session to end
    stderr: warning: the user `alice` has tokens in [HOME]/.kube/config itself (`auth-provider`), which no logout ends: the refresh token stays valid until the provider ends it, which its pages or its administrator can do; remove `id-token` and `refresh-token` from the file
    exit: 1
    ");
    let issuer = format!("--issuer={}", sandbox.okta.issuer());
    for (flag, code) in [
        (issuer.as_str(), 1),
        ("--account=00ualice", 1),
        ("--issuer=https://other.example", 0),
        ("--account=bob", 0),
    ] {
        let outcome = told_of(flag);
        assert_eq!(outcome.code, Some(code), "{flag} {outcome}");
        assert_eq!(outcome.stderr.contains("`alice`"), code == 1, "{flag} {outcome}");
    }
    told_of("--user=alice").fails(1, &["auth-provider", "hint: remove its `id-token`"]);
}

#[test]
fn clean_says_that_it_removes_sessions_that_were_put_aside() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let file = sandbox.session_file();
    fs::rename(&file, format!("{}.quarantined", file.display())).unwrap();
    let outcome = sandbox.bare(&["clean"]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: no session was there: [HOME]/.kube/cache/kubesesame
    stderr: 1 session that an earlier call had put aside was removed too; a refresh token of such a session may still be valid (kubesesame logout, before clean, revokes it)
    exit: 0
    ");
}
