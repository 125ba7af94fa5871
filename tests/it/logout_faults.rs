//! `logout` where something is in the way: a passing fault costs no session, one session keeps no other from being ended, and no refresh
//! token is forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use nix::unistd::Uid;

use crate::files::chmod;
use crate::logout::{files, logout, revocations, told, with_kubeconfig};
use crate::support::{Call, Sandbox};
use okta::{Endpoint, Fault, FaultBody, FaultKind, Recorded};

pub(crate) fn provider_revokes(sandbox: &Sandbox, revokes: bool) {
    let fault = Fault::always(Endpoint::Revoke, FaultKind::status(503, FaultBody::Empty));
    let faults = if revokes { Vec::new() } else { vec![fault] };
    sandbox.okta.behave(|behaviour| behaviour.faults = faults);
}

fn revoked_tokens(sandbox: &Sandbox) -> BTreeSet<String> {
    let sent = revocations(sandbox).into_iter().filter(|sent| sent.status == 200);
    let tokens = sent.map(|sent| {
        let token = sent.form.into_iter().find(|(name, _)| name == "token");
        token.unwrap().1
    });
    tokens.collect()
}

fn refresh_token(sandbox: &Sandbox) -> String {
    sandbox.session()["refresh_token"].as_str().unwrap().to_owned()
}

/// The path of a sealed session, which no key opens, in place of the sandbox's own.
fn sealed_in_place(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.session_file().with_extension("sealed");
    fs::remove_file(sandbox.session_file()).unwrap();
    fs::write(&path, [b"kubesesame sealed 1\n".as_slice(), &[7; 60]].concat()).unwrap();
    chmod(&path, 0o600);
    path
}

/// What the person sees, with one name for the session's file.
fn told_without_key(sandbox: &Sandbox, outcome: &crate::support::Outcome) -> String {
    let lock = sandbox.cache_file(".lock");
    let key = lock.file_stem().unwrap().to_str().unwrap();
    told(sandbox, outcome).replace(key, "[KEY]")
}

#[test]
fn a_session_that_cannot_be_read_at_the_moment_stays() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let before = fs::read(sandbox.session_file()).unwrap();
    let Some(call) = logout(&sandbox, &[]).without_rights_of_root_or_skip() else {
        return;
    };
    chmod(&sandbox.session_file(), 0o000);
    insta::assert_snapshot!(told_without_key(&sandbox, &call.run()), @"
    logout
    stderr: error: the session `[HOME]/.kube/cache/kubesesame/[KEY].session.json` was not ended
    stderr: caused by: cannot open `[HOME]/.kube/cache/kubesesame/[KEY].session.json`
    stderr: caused by: Permission denied (os error 13)
    stderr: hint: make it readable for you (chmod u+rwX [HOME]/.kube/cache/kubesesame/[KEY].session.json), or choose another place with --token-cache-dir
    stderr: hint: to remove all sessions of that directory and of the fallback directories here, and revoke nothing: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1
    ");
    chmod(&sandbox.session_file(), 0o600);
    assert_eq!(fs::read(sandbox.session_file()).unwrap(), before);
    assert_eq!(revocations(&sandbox).len(), 0);
    assert_eq!(call.run().code, Some(0));
    assert_eq!(revocations(&sandbox).len(), 1);
}

#[test]
fn a_session_that_others_can_read_stays() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    chmod(&sandbox.session_file(), 0o644);
    let outcome = logout(&sandbox, &["--all"]).run();
    outcome.fails(1, &["was not ended", "open to other users", "chmod 600"]);
    assert_eq!(files(&sandbox), ["issued", "session.json"]);
}

#[test]
fn a_sealed_session_stays_where_no_keyring_gives_its_key() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sealed_in_place(&sandbox);
    let outcome = logout(&sandbox, &[]).run();
    outcome.fails(
        1,
        &["was not ended", "keyring", "kubesesame clean --token-cache-dir="],
    );
    assert!(!outcome.stderr.contains("--token-cache-storage"), "{outcome}");
    assert_eq!(files(&sandbox), ["issued", "session.sealed"]);
}

#[test]
fn a_sealed_session_of_no_entry_stays() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sealed_in_place(&sandbox);
    let outcome = sandbox.bare(&["logout", "--all"]).run();
    insta::assert_snapshot!(told_without_key(&sandbox, &outcome), @"
    logout
    stderr: error: the session `[HOME]/.kube/cache/kubesesame/[KEY].session.sealed` was not ended
    stderr: caused by: `[HOME]/.kube/cache/kubesesame/[KEY].session.sealed` is sealed, and no entry of the kubeconfig says whose session it is
    stderr: hint: name the kubeconfig whose entry uses the session: --kubeconfig=FILE
    stderr: hint: to remove all sessions of that directory and of the fallback directories here, and revoke nothing: kubesesame clean --token-cache-dir=[HOME]/.kube/cache/kubesesame
    exit: 1
    ");
    assert_eq!(files(&sandbox), ["issued", "session.sealed"]);
}

#[test]
fn a_broken_session_is_removed_and_said_not_to_be_revoked() {
    for (content, reason) in [
        ("{", "it is broken"),
        (r#"{"version":2}"#, "a newer kubesesame wrote it"),
        ("", "it is empty"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        fs::write(sandbox.session_file(), content).unwrap();
        let outcome = logout(&sandbox, &[]).run();
        assert!(outcome.stderr.contains(reason), "{outcome}");
        if content == "{" {
            insta::assert_snapshot!(told(&sandbox, &outcome), @"
            logout
            stderr: removed a session at [ISSUER] from this machine
            stderr: warning: it could not be used (it is broken), so its refresh token, if it has one, was not revoked, and stays valid until the provider ends it
            exit: 1
            ");
        }
        assert_eq!((outcome.code, files(&sandbox)), (Some(1), vec![]), "{outcome}");
        assert_eq!(revocations(&sandbox).len(), 0);
    }
}

/// A session of the sandbox in each of these directories.
fn signed_in_at(sandbox: &Sandbox, dirs: &[&str]) -> String {
    let mut users = Vec::new();
    for dir in dirs {
        let flag = format!("--token-cache-dir={}", sandbox.path(dir).display());
        let call = sandbox.get_token().without("--token-cache-dir").arg(&flag);
        call.run().token();
        users.push(format!(
            "{{name: '{dir}', user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, \
             command: kubesesame, args: [{}]}}}}}}",
            call.entry_args()
        ));
    }
    let path = sandbox.path("kubeconfig");
    let text = format!("apiVersion: v1\nkind: Config\nusers: [{}]\n", users.join(", "));
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn one_session_that_cannot_be_ended_keeps_no_other_from_it() {
    let sandbox = Sandbox::new();
    let kubeconfig = signed_in_at(&sandbox, &["a", "b", "c", "d"]);
    let session_of = |dir: &str| {
        let mut entries = fs::read_dir(sandbox.path(dir))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries.find(|path| path.to_str().unwrap().ends_with(".session.json"))
    };
    chmod(&session_of("a").unwrap(), 0o644);
    chmod(
        &session_of("c").unwrap().with_extension("").with_extension("lock"),
        0o644,
    );
    let outcome = sandbox
        .bare(&["logout", "--all"])
        .env("KUBECONFIG", &kubeconfig)
        .run();
    outcome.fails(1, &["open to other users"]);
    let failed: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(failed.len(), 2, "{outcome}");
    assert!(
        failed.iter().all(|line| line.contains("was not ended")),
        "{outcome}"
    );
    let left = ["a", "b", "c", "d"].map(|dir| session_of(dir).is_some());
    assert_eq!(left, [true, false, true, false], "{outcome}");
    assert_eq!(revocations(&sandbox).len(), 2);
}

#[test]
fn each_refresh_token_that_could_not_be_revoked_is_revoked_later() {
    for again in ["get-token", "logout"] {
        let sandbox = Sandbox::new();
        provider_revokes(&sandbox, false);
        let mut ended = BTreeSet::new();
        for _ in 0..3 {
            sandbox.get_token().run().token();
            ended.insert(refresh_token(&sandbox));
            assert_eq!(logout(&sandbox, &[]).run().code, Some(1));
        }
        let kinds = ["revocation-2.json", "revocation-3.json", "revocation.json"];
        assert_eq!(files(&sandbox), kinds);
        provider_revokes(&sandbox, true);
        sandbox.okta.clear_requests();
        match again {
            "get-token" => drop(sandbox.get_token().run().token()),
            _ => assert_eq!(logout(&sandbox, &[]).run().code, Some(0)),
        }
        assert_eq!(revoked_tokens(&sandbox), ended, "{again}");
        assert!(!files(&sandbox).iter().any(|kind| kind.starts_with("revocation")));
    }
}

#[test]
fn clean_says_how_many_refresh_tokens_of_earlier_logouts_stay_valid() {
    for (logouts, signed_in) in [(2, false), (1, true)] {
        let sandbox = Sandbox::new();
        provider_revokes(&sandbox, false);
        for _ in 0..logouts {
            sandbox.get_token().run().token();
            assert_eq!(logout(&sandbox, &[]).run().code, Some(1));
        }
        if signed_in {
            sandbox.get_token().run().token();
        }
        let outcome = sandbox.bare(&["clean"]).run();
        if signed_in {
            insta::assert_snapshot!(told(&sandbox, &outcome), @"
            logout
            stderr: removed 1 session: [HOME]/.kube/cache/kubesesame
            stderr: nothing was revoked: the provider still knows the sessions, and tokens that were already issued stay valid until they expire (kubesesame logout revokes)
            stderr: warning: 1 refresh token that an earlier logout could not revoke was removed too, and stays valid until the provider ends it; kubesesame logout, before clean, tries to revoke such tokens
            exit: 0
            ");
        } else {
            insta::assert_snapshot!(told(&sandbox, &outcome), @"
            logout
            stderr: no session was there: [HOME]/.kube/cache/kubesesame
            stderr: warning: 2 refresh tokens that earlier logouts could not revoke were removed too, and stay valid until the provider ends them; kubesesame logout, before clean, tries to revoke such tokens
            exit: 0
            ");
        }
        assert_eq!(files(&sandbox), [""; 0]);
    }
}

/// A provider that does not answer a revocation.
#[test]
fn a_revocation_without_an_answer_does_not_hold_back_a_token() {
    let sandbox = Sandbox::new();
    provider_revokes(&sandbox, false);
    sandbox.get_token().run().token();
    assert_eq!(logout(&sandbox, &[]).run().code, Some(1));
    let fault = Fault::always(Endpoint::Revoke, FaultKind::Hang);
    sandbox.okta.behave(|behaviour| behaviour.faults = vec![fault]);
    let begin = std::time::Instant::now();
    sandbox.get_token().run().token();
    assert!(begin.elapsed() < std::time::Duration::from_secs(8));
    assert!(files(&sandbox).contains(&"revocation.json".to_owned()));
}

#[test]
fn of_more_refresh_tokens_than_are_kept_the_oldest_is_given_up() {
    let sandbox = Sandbox::new();
    provider_revokes(&sandbox, false);
    let mut ended = Vec::new();
    for _ in 0..9 {
        sandbox.get_token().run().token();
        ended.push(refresh_token(&sandbox));
        let outcome = logout(&sandbox, &[]).run();
        assert_eq!(
            outcome.stderr.contains("the oldest is given up"),
            ended.len() == 9,
            "{outcome}"
        );
    }
    assert_eq!(files(&sandbox).len(), 8);
    provider_revokes(&sandbox, true);
    assert_eq!(logout(&sandbox, &[]).run().code, Some(0));
    assert_eq!(revoked_tokens(&sandbox), ended[1..].iter().cloned().collect());
}

/// Refreshes the session while its directory cannot be written, so that it goes on among the temporary files. Returns their directory.
fn continued_among_temporary_files(sandbox: &Sandbox) -> Option<PathBuf> {
    let call: Call = sandbox.with_nothing_new_in_cache_or_skip()?;
    let outcome = call.arg("--force-refresh").run();
    assert!(outcome.stderr.contains("the session is kept in"), "{outcome}");
    chmod(&sandbox.cache_dir(), 0o700);
    Some(sandbox.path(&format!("kubesesame-{}", Uid::effective())))
}

fn sessions_in(dir: &PathBuf) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names
        .filter(|name| name.contains(".session.") || name.contains(".revocation"))
        .count()
}

#[test]
fn a_session_that_goes_on_among_the_temporary_files_ends_there_too() {
    for with_entry in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let Some(dir) = continued_among_temporary_files(&sandbox) else {
            return;
        };
        assert_eq!(sessions_in(&dir), 1);
        let outcome = if with_entry {
            logout(&sandbox, &[]).run()
        } else {
            sandbox.bare(&["logout", "--all"]).run()
        };
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!((sessions_in(&dir), files(&sandbox).len()), (0, 0), "{outcome}");
        assert_eq!(revoked_tokens(&sandbox).len(), 2, "{outcome}");
        sandbox.get_token().run().token();
        assert_eq!(sandbox.tabs(), 2);
    }
}

/// Its issuer would get the token, and its name would be shown.
#[test]
fn a_planted_session_among_the_temporary_files_is_left_alone_without_an_entry() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let dir = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
    fs::create_dir(&dir).unwrap();
    chmod(&dir, 0o700);
    let name = "ab".repeat(32) + ".session.json";
    fs::copy(sandbox.session_file(), dir.join(&name)).unwrap();
    let kubeconfig = with_kubeconfig(&sandbox, &sandbox.get_token());
    let outcome = sandbox
        .bare(&["logout", "--all"])
        .env("KUBECONFIG", &kubeconfig)
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(
        (sessions_in(&dir), revocations(&sandbox).len()),
        (1, 1),
        "{outcome}"
    );
}

/// A copy under the name of another session would otherwise bring its refresh token to that session's provider.
#[test]
fn a_refresh_token_goes_only_to_the_issuer_that_its_record_names() {
    for kind in ["session.json", "revocation.json"] {
        let (own, other) = (Sandbox::new(), Sandbox::new());
        own.signed_in();
        other.signed_in();
        let session_file = own.session_file();
        let key = session_file.file_name().unwrap().to_str().unwrap();
        let key = key.strip_suffix(".session.json").unwrap();
        fs::remove_file(&session_file).unwrap();
        let planted = session_file.with_file_name(format!("{key}.{kind}"));
        fs::copy(other.session_file(), &planted).unwrap();
        if kind == "revocation.json" {
            own.get_token().run().token();
            assert!(
                planted.exists(),
                "a sign-in at another issuer can do nothing about it"
            );
            assert_eq!(revocations(&own).len(), 0, "{kind}");
        }
        let outcome = logout(&own, &[]).run();
        assert_eq!(outcome.code, Some(0), "{kind} {outcome}");
        let foreign = other.session()["refresh_token"].as_str().unwrap().to_owned();
        let has_foreign = |request: &Recorded| request.form.contains(&("token".to_owned(), foreign.clone()));
        assert!(!revocations(&own).iter().any(has_foreign), "{kind}");
        assert!(revocations(&other).iter().any(has_foreign), "{kind}");
        assert!(!planted.exists(), "{kind}");
    }
}
