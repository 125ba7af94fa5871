//! Without a command: tokens that could not be written into the kubeconfig, until the next call.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::standalone::{kubeconfig, sign_in, value, write};
use crate::standalone_writing::{change, ended, refresh_while_locked};
use crate::support::{Call, Sandbox};
use okta::Endpoint;

const PLACE: &str = ".kube/cache/kubesesame";

/// Refreshes in vain, and returns where the new tokens are kept, which live for an hour.
fn keep(sandbox: &Sandbox, file: &Path, call: &Call) -> PathBuf {
    sandbox
        .okta
        .behave(|behaviour| behaviour.id_token_lifetime_secs = 3600);
    refresh_while_locked(sandbox, file, call);
    sandbox.okta.clear_requests();
    let names = fs::read_dir(sandbox.path(PLACE)).unwrap();
    let kept = names
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".session.json"));
    kept.expect("tokens that are kept")
}

fn refresh_token_in(kept: &Path) -> String {
    let record: serde_json::Value = serde_json::from_slice(&fs::read(kept).unwrap()).unwrap();
    record["refresh_token"].as_str().unwrap().to_owned()
}

fn without_tokens(file: &Path, name: &str) {
    change(file, |text| {
        let lines = text.split_inclusive('\n');
        lines.filter(|line| !line.contains(name)).collect()
    });
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Nobody sees it happen, so it is told.
#[test]
fn kept_tokens_are_written_with_a_note() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let kept = keep(&sandbox, &file, &call);
    let token = refresh_token_in(&kept);
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let note = "the tokens that an earlier call could not write are in `";
    assert_eq!(outcome.stderr.matches(note).count(), 1, "{outcome}");
    assert_eq!(value(&file, "refresh-token"), Some(token));
    assert!(sandbox.okta.requests().is_empty() && !kept.exists());
    assert_eq!(call.run().to_string(), "exit: 0");
}

/// Whoever removes the tokens signs out, and is not signed in again by what was kept.
#[test]
fn kept_tokens_do_not_come_back_after_a_sign_out() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let kept = keep(&sandbox, &file, &call);
    let token = refresh_token_in(&kept);
    without_tokens(&file, "-token:");
    sign_in(&file, &call);
    assert_ne!(value(&file, "refresh-token"), Some(token));
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 0));
    assert!(!kept.exists());
}

/// A refresh token alone does not say when it was issued.
#[test]
fn kept_tokens_do_not_replace_the_refresh_token_of_another_sign_in() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let kept = keep(&sandbox, &file, &call);
    let token = refresh_token_in(&kept);
    let text = kubeconfig(&sandbox, &["extra-scopes: offline_access"]);
    let other = write(&sandbox, "other", &text);
    sandbox.okta.behave(|behaviour| behaviour.clock_offset_secs = 0);
    let flag = format!("--kubeconfig={}", other.display());
    sign_in(&other, &sandbox.standalone().arg(&flag));
    fs::copy(&other, &file).unwrap();
    without_tokens(&file, " id-token:");
    sandbox.okta.clear_requests();
    sign_in(&file, &call);
    assert_ne!(value(&file, "refresh-token"), Some(token));
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 1));
    assert!(!kept.exists());
}

/// The refresh token in the kubeconfig is spent: to send it once more ends the session.
#[test]
fn kept_tokens_that_cannot_be_read_now_are_told_before_anybody_is_asked() {
    type Change = fn(&Path);
    let lock = |kept: &Path| PathBuf::from(kept.to_string_lossy().replace(".session.json", ".lock"));
    let cases: [(&str, Change, Change, &str); 4] = [
        (
            "the file",
            |kept| set_mode(kept, 0),
            |kept| set_mode(kept, 0o600),
            "chmod u+rwX ",
        ),
        (
            "the directory",
            |kept| set_mode(kept.parent().unwrap(), 0),
            |kept| set_mode(kept.parent().unwrap(), 0o700),
            "chmod u+rwX ",
        ),
        (
            "the directory above",
            |kept| set_mode(kept.parent().unwrap().parent().unwrap(), 0),
            |kept| set_mode(kept.parent().unwrap().parent().unwrap(), 0o700),
            "chmod u+rwX ",
        ),
        (
            "a second name",
            |kept| fs::hard_link(kept, kept.with_extension("second")).unwrap(),
            |kept| fs::remove_file(kept.with_extension("second")).unwrap(),
            "find ~ -xdev -samefile ",
        ),
    ];
    let try_case = |what: &str, spoil: &dyn Fn(&Path), mend: &dyn Fn(&Path), cure: &str| {
        let sandbox = Sandbox::new();
        let (file, call) = ended(&sandbox);
        let kept = keep(&sandbox, &file, &call);
        let Some(call) = call.without_rights_of_root_or_skip() else {
            return;
        };
        spoil(&kept);
        let outcome = call.run();
        mend(&kept);
        outcome.fails(1, &["an earlier call kept", cure]);
        assert!(sandbox.okta.requests().is_empty(), "{what}: {outcome}");
        let outcome = call.run();
        assert_eq!(outcome.code, Some(0), "{what}: {outcome}");
        assert!(sandbox.okta.requests().is_empty(), "{what}: {outcome}");
        assert!(!kept.exists());
    };
    for (what, spoil, mend, cure) in cases {
        try_case(what, &spoil, &mend, cure);
    }
    let lock_mode = |mode| move |kept: &Path| set_mode(&lock(kept), mode);
    try_case("the lock", &lock_mode(0), &lock_mode(0o600), "chmod u+rwX ");
}

/// It is of no use to anybody, and is not removed by a program that has not read it.
#[test]
fn kept_tokens_that_are_broken_are_put_aside() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let kept = keep(&sandbox, &file, &call);
    let whole = fs::read(&kept).unwrap();
    fs::write(&kept, &whole[..100]).unwrap();
    let outcome = call.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("it is broken"), "{outcome}");
    let aside = PathBuf::from(format!("{}.quarantined", kept.display()));
    assert_eq!(fs::read(aside).unwrap(), whole[..100]);
    assert!(!kept.exists());
}

/// They are below the home wherever sessions are, and other sessions there are those of calls without that variable.
#[test]
fn clean_removes_kept_tokens_wherever_sessions_are() {
    let sandbox = Sandbox::new();
    let (file, call) = ended(&sandbox);
    let kept = keep(&sandbox, &file, &call);
    sandbox.signed_in();
    let other = sandbox.path("kube-cache");
    let clean = sandbox
        .bare(&["clean"])
        .env("KUBECACHEDIR", other.to_str().unwrap());
    let outcome = clean.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("removed 1 session"), "{outcome}");
    assert!(!kept.exists());
    assert_eq!(sandbox.session_count(PLACE), 1);
}

/// They hold the refresh token that the provider has given last.
#[test]
fn kept_tokens_are_revoked_by_a_logout_of_all() {
    for args in [&["logout", "--all"][..], &["logout", "--account=00ualice"]] {
        let sandbox = Sandbox::new();
        let (file, call) = ended(&sandbox);
        let kept = keep(&sandbox, &file, &call);
        let before = value(&file, "refresh-token");
        let outcome = sandbox.bare(args).run();
        // The kubeconfig has tokens itself, which no logout ends.
        assert_eq!(outcome.code, Some(1), "{outcome}");
        assert!(!kept.exists(), "{outcome}");
        let revoked = sandbox.okta.requests().into_iter();
        assert_eq!(
            revoked
                .filter(|request| request.endpoint == Endpoint::Revoke)
                .count(),
            1,
            "{outcome}"
        );
        assert_eq!(value(&file, "refresh-token"), before, "{outcome}");
    }
}
