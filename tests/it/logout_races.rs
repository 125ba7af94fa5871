//! `logout` while another process is using the session: what that one stores or moves meanwhile is ended too, or is said to be alive.

use std::fs;
use std::io::{BufRead as _, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::files::chmod;
use crate::logout::{files, logout, revocations};
use crate::logout_faults::provider_revokes;
use crate::support::{Call, Sandbox, unread};

/// Runs `logout` while another process has the lock of the session, which does this before it lets go. Returns what was told, and the exit
/// code.
fn while_locked(sandbox: &Sandbox, logout: &Call, change: impl FnOnce()) -> (String, Option<i32>) {
    let lock = fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let mut child = logout.spawn();
    let mut told = String::new();
    let mut stderr = unread(&mut child);
    while !told.contains("waiting for another kubesesame") {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "{told}");
    }
    change();
    drop(lock);
    stderr.read_to_string(&mut told).unwrap();
    (told, child.wait().unwrap().code())
}

fn store(path: &Path, session: &[u8]) {
    fs::write(path, session).unwrap();
    chmod(path, 0o600);
}

/// A directory among the temporary files, in which a session goes on while its own cannot be written.
fn temporary_dir(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
    fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
    dir
}

#[test]
fn what_another_logout_could_not_revoke_is_no_session_that_has_ended() {
    for args in [&[][..], &["--all"]] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        provider_revokes(&sandbox, false);
        let session = sandbox.session_file();
        let (told, code) = while_locked(&sandbox, &logout(&sandbox, args), || {
            let waiting = session.with_file_name(
                session
                    .file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace(".session.", ".revocation."),
            );
            fs::rename(&session, waiting).unwrap();
        });
        assert_eq!(code, Some(1), "{told}");
        assert!(!told.contains("no session to end"), "{told}");
        assert_eq!(files(&sandbox), ["revocation.json"], "{told}");
    }
}

#[test]
fn the_session_of_another_account_that_comes_meanwhile_stays() {
    let sandbox = Sandbox::new();
    sandbox.okta.behave(|behaviour| {
        behaviour.user.sub = "00ubob".to_owned();
    });
    sandbox.signed_in();
    let session = sandbox.session_file();
    let of_bob = fs::read(&session).unwrap();
    fs::remove_file(&session).unwrap();
    sandbox.okta.behave(|behaviour| {
        behaviour.user.sub = "00ualice".to_owned();
    });
    sandbox.get_token().run().token();
    sandbox.okta.clear_requests();
    let call = logout(&sandbox, &["--account=00ualice"]);
    let (told, _) = while_locked(&sandbox, &call, || store(&session, &of_bob));
    assert_eq!(fs::read(&session).unwrap(), of_bob, "{told}");
    assert!(revocations(&sandbox).is_empty(), "{told}");
}

#[test]
fn a_refresh_that_stores_the_session_in_another_directory_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let session = sandbox.session_file();
    let name = session.file_name().unwrap().to_owned();
    let stored = fs::read(&session).unwrap();
    let dir = temporary_dir(&sandbox);
    // It goes on among the temporary files, and the refresh that has begun brings it home.
    fs::rename(&session, dir.join(&name)).unwrap();
    let (told, code) = while_locked(&sandbox, &logout(&sandbox, &[]), || store(&session, &stored));
    assert_eq!(code, Some(0), "{told}");
    assert!(!session.exists() && !dir.join(&name).exists(), "{told}");
    assert_eq!(revocations(&sandbox).len(), 2, "{told}");
    // And the other way round.
    sandbox.get_token().run().token();
    sandbox.okta.clear_requests();
    let stored = fs::read(&session).unwrap();
    let (told, code) = while_locked(&sandbox, &logout(&sandbox, &[]), || {
        store(&dir.join(&name), &stored);
    });
    assert_eq!(code, Some(0), "{told}");
    assert!(!session.exists() && !dir.join(&name).exists(), "{told}");
    assert_eq!(revocations(&sandbox).len(), 2, "{told}");
}

/// It was killed after it had got the refresh token, and before the file had its name.
#[test]
fn the_session_of_a_killed_writer_is_revoked_too() {
    for (args, is_alone) in [
        (&[][..], true),
        (&[], false),
        (&["--all"], true),
        (&["--account=00ualice"], false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        let session = sandbox.session_file();
        let name = session.file_name().unwrap().to_str().unwrap();
        let left = session.with_file_name(format!(".{name}-x1y2.tmp"));
        fs::rename(&session, &left).unwrap();
        if !is_alone {
            sandbox.get_token().run().token();
            fs::copy(&session, &left).unwrap();
            sandbox.okta.clear_requests();
        }
        let outcome = logout(&sandbox, args).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(!left.exists() && !session.exists(), "{outcome}");
        assert_eq!(
            revocations(&sandbox).len(),
            1 + usize::from(!is_alone),
            "{outcome}"
        );
    }
}
