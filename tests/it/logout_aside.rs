//! `logout` where an earlier call has put a session aside: its refresh token may be alive all the same.

use std::fs;
use std::io::{BufRead as _, Read as _};
use std::path::Path;

use crate::files::chmod;
use crate::logout::{files, logout, revocations, told};
use crate::logout_faults::provider_revokes;
use crate::support::{Sandbox, unread};

fn put_aside(sandbox: &Sandbox) {
    let file = sandbox.session_file();
    fs::rename(&file, format!("{}.quarantined", file.display())).unwrap();
}

#[test]
fn a_session_that_was_put_aside_is_revoked_too() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let first = sandbox.session()["refresh_token"].as_str().unwrap().to_owned();
    put_aside(&sandbox);
    for (with_session, count) in [(false, 1), (true, 2)] {
        if with_session {
            sandbox.get_token().run().token();
            put_aside(&sandbox);
            sandbox.get_token().run().token();
            sandbox.okta.clear_requests();
        }
        let outcome = logout(&sandbox, &[]).run();
        assert_eq!((outcome.code, files(&sandbox)), (Some(0), vec![]), "{outcome}");
        let sent = revocations(&sandbox);
        assert_eq!(sent.len(), count, "{outcome}");
        let is_first = sent[0].form.contains(&("token".to_owned(), first.clone()));
        assert_eq!(is_first, !with_session);
    }
}

#[test]
fn a_session_that_was_put_aside_waits_for_its_revocation_too() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    put_aside(&sandbox);
    provider_revokes(&sandbox, false);
    assert_eq!(logout(&sandbox, &[]).run().code, Some(1));
    assert_eq!(files(&sandbox), ["revocation.json"]);
    provider_revokes(&sandbox, true);
    sandbox.get_token().run().token();
    assert_eq!(
        revocations(&sandbox)
            .iter()
            .filter(|sent| sent.status == 200)
            .count(),
        1
    );
}

/// A newer kubesesame wrote it, and then this one was called.
#[test]
fn a_session_of_a_newer_version_that_was_put_aside_is_said_not_to_be_revoked() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    fs::write(sandbox.session_file(), r#"{"version":2}"#).unwrap();
    sandbox.get_token().run().token();
    assert_eq!(sandbox.cache_files(".quarantined").len(), 1);
    let outcome = logout(&sandbox, &[]).run();
    insta::assert_snapshot!(told(&sandbox, &outcome), @"
    logout
    stderr: removed a session at [ISSUER] from this machine
    stderr: warning: it could not be used (a newer kubesesame wrote it), so its refresh token, if it has one, was not revoked, and stays valid until the provider ends it
    stderr: ended the session of 00ualice at [ISSUER]: its refresh token is revoked
    stderr: the token that was issued last stays valid until [TIME] UTC: nothing can revoke it
    exit: 1
    ");
    assert_eq!(revocations(&sandbox).len(), 1);
    assert_eq!(files(&sandbox), [""; 0]);
}

/// A sign-in that was under way stores its session after `logout` has looked, and before it has the lock.
#[test]
fn a_session_that_comes_while_logout_waits_is_ended_too() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let session = sandbox.session_file();
    let aside = format!("{}.quarantined", session.display());
    let late = fs::read(&session).unwrap();
    fs::rename(&session, &aside).unwrap();
    let lock = fs::File::open(sandbox.cache_file(".lock")).unwrap();
    lock.lock().unwrap();
    let mut child = logout(&sandbox, &["--all"]).spawn();
    let mut told = String::new();
    let mut stderr = unread(&mut child);
    while !told.contains("waiting for another kubesesame") {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "{told}");
    }
    fs::write(&session, late).unwrap();
    chmod(&session, 0o600);
    drop(lock);
    stderr.read_to_string(&mut told).unwrap();
    assert!(child.wait().unwrap().success(), "{told}");
    assert!(!session.exists() && !Path::new(&aside).exists(), "{told}");
    assert_eq!(revocations(&sandbox).len(), 2, "{told}");
}
