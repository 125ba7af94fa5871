//! The day of the change: sessions of `kubectl oidc-login` come along, and no refresh token is ever in two places.

use std::fs::{self, File, Permissions};
use std::io::BufRead;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::okta::{Endpoint, Fault, FaultBody, FaultKind};
use crate::support::{OTHER_RECORD, Peer, RECORD, finish, mode, now, unread, with_claims};

#[test]
fn a_live_session_comes_along_without_a_browser() {
    let peer = Peer::new().live();
    let outcome = peer.call().run();
    assert_eq!(outcome.token(), peer.token);
    let told = outcome.stderr.replace(&*peer.dir().to_string_lossy(), "[PEER]");
    let moved = format!("[PEER]/{RECORD}.moved-to-kubesesame");
    assert_eq!(
        told,
        format!("took over the session of kubectl oidc-login; its record is now `{moved}`\n")
    );
    assert!(peer.moved());
    assert_eq!(mode(&peer.sandbox.session_file()), 0o600);
    // Verified before it was stored, and the refresh token is not spent yet.
    let asked: Vec<_> = peer
        .sandbox
        .okta
        .requests()
        .iter()
        .map(|request| request.endpoint)
        .collect();
    assert_eq!(asked, [Endpoint::Discovery, Endpoint::Keys]);

    let again = peer.call().run();
    assert_eq!((again.token(), again.stderr.as_str()), (peer.token.clone(), ""));
    peer.sandbox.expire();
    assert_ne!(peer.call().run().token(), peer.token);
    assert_eq!((peer.tabs(), peer.sandbox.grants("refresh_token")), (0, 1));
}

#[test]
fn an_expired_session_comes_along_and_is_renewed_once_under_strict_rotation() {
    let peer = Peer::new().expired();
    peer.sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let token = peer.call().run().token();
    assert_ne!(token, peer.token);
    assert!(peer.moved());
    // Nobody reuses the first refresh token: each later renewal works, and so does the peer, which has nothing to renew.
    for _ in 0..3 {
        peer.sandbox.expire();
        peer.call().run().token();
    }
    assert_eq!((peer.tabs(), peer.sandbox.grants("refresh_token")), (0, 4));
    assert_eq!(peer.sandbox.grants("authorization_code"), 0);
}

#[test]
fn of_several_sessions_the_newest_that_fits_comes_along() {
    let peer = Peer::new().live();
    let older = with_claims(&peer.token, |claims| claims["iat"] = (now() - 1000).into());
    peer.write(
        OTHER_RECORD,
        &json!({ "id_token": older, "refresh_token": "older" }),
    );
    for (name, claim, value) in [
        ("3", "aud", json!("other")),
        ("4", "iss", json!("https://other.example.com")),
    ] {
        let token = with_claims(&peer.token, |claims| {
            claims[claim] = value;
            claims["iat"] = (now() + 50).into();
        });
        peer.write(
            &RECORD.replace('1', name),
            &json!({ "id_token": token, "refresh_token": "x" }),
        );
    }
    assert_eq!(peer.call().run().token(), peer.token);
    assert!(peer.moved());
    for name in ["2", "3", "4"] {
        assert!(peer.has(&RECORD.replace('1', name)), "{name}");
    }
}

#[test]
fn adopt_off_leaves_the_peer_alone() {
    let peer = Peer::new().live();
    peer.call().arg("--adopt=off").run().token();
    assert_eq!(peer.tabs(), 1);
    assert!(peer.has(RECORD));
    peer.call()
        .arg("--adopt=maybe")
        .run()
        .fails(2, &["--adopt `maybe` is none of `auto`, `off`"]);
}

#[test]
fn the_directory_that_the_kubeconfig_names_is_looked_at() {
    let peer = Peer::new().live();
    let elsewhere = peer.sandbox.path("elsewhere");
    fs::rename(peer.dir(), &elsewhere).unwrap();
    let call = peer.call().arg("--token-cache-dir=~/elsewhere");
    assert_eq!(call.run().token(), peer.token);
    assert!(elsewhere.join(format!("{RECORD}.moved-to-kubesesame")).exists());
    // Ours are removed, what was the peer's stays, and is not taken over a second time.
    let cleaned = peer
        .sandbox
        .bare(&["clean", "--token-cache-dir=~/elsewhere"])
        .run();
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned}");
    call.run().token();
    assert_eq!(peer.tabs(), 1);
}

#[test]
fn below_kubectls_own_cache_the_peer_is_found_too() {
    let peer = Peer::new().live();
    let cache = peer.sandbox.path("kubectl-cache");
    fs::create_dir(&cache).unwrap();
    fs::rename(peer.dir(), cache.join("oidc-login")).unwrap();
    let call = peer.call().env("KUBECACHEDIR", &cache.to_string_lossy());
    assert_eq!(call.run().token(), peer.token);
    assert_eq!(peer.tabs(), 0);
}

/// A refresh token in two places would end the session for both.
#[test]
fn a_session_that_cannot_be_moved_is_left_and_told() {
    let peer = Peer::new().live();
    let in_the_way = format!("{RECORD}.moving-to-kubesesame/x");
    fs::create_dir_all(peer.dir().join(in_the_way)).unwrap();
    let outcome = peer.call().run();
    assert_ne!(outcome.token(), peer.token);
    assert!(outcome.stderr.contains("are left alone: "), "{outcome}");
    assert!(peer.has(RECORD));
    assert_eq!(peer.tabs(), 1);
}

#[test]
fn a_peer_at_work_is_waited_for() {
    let peer = Peer::new().expired();
    let lock = File::open(peer.dir().join(format!("{RECORD}.lock"))).unwrap();
    lock.lock().unwrap();
    let mut child = peer.call().spawn();
    let mut told = String::new();
    let mut stderr = unread(&mut child);
    stderr.read_line(&mut told).unwrap();
    assert_eq!(
        told,
        "waiting for kubectl oidc-login, which is refreshing its session or signing in\n"
    );
    child.stderr = Some(stderr.into_inner());
    // What it brings is what counts.
    let peer = peer.live();
    drop(lock);
    assert_eq!(finish(child).token(), peer.token);
    assert!(peer.moved());
}

#[test]
fn a_forged_token_is_not_handed_out() {
    let peer = Peer::new();
    let forged = with_claims(&peer.token, |claims| claims["sub"] = "00umallory".into());
    peer.write(RECORD, &json!({ "id_token": forged }));
    let token = peer.call().run().token();
    assert_eq!((peer.tabs(), token != forged), (1, true));
    assert!(peer.has(RECORD), "nothing was to be had of it");

    let peer = Peer::new();
    let forged = with_claims(&peer.token, |claims| claims["exp"] = (now() + 9000).into());
    peer.write(
        RECORD,
        &json!({ "id_token": forged, "refresh_token": peer.refresh_token }),
    );
    let token = peer.call().run().token();
    assert_eq!(
        (peer.tabs(), token != forged),
        (0, true),
        "the refresh token is a good one"
    );
}

#[test]
fn what_is_no_session_is_left_alone() {
    let peer = Peer::new();
    peer.write(RECORD, &json!({ "id_token": "opaque", "refresh_token": "x" }));
    peer.write(
        OTHER_RECORD,
        &json!({ "id_token": "", "refresh_token": peer.refresh_token }),
    );
    for (name, text) in [("3", "{broken"), ("4", ""), ("5", "[]"), ("notes", "{}")] {
        peer.write(&RECORD.replace('1', name), &Value::Null);
        fs::write(peer.dir().join(RECORD.replace('1', name)), text).unwrap();
    }
    let ended = with_claims(&peer.token, |claims| claims["exp"] = (now() - 1).into());
    peer.write(&RECORD.replace('1', "6"), &json!({ "id_token": ended }));
    let outcome = peer.call().run();
    outcome.token();
    assert_eq!(peer.tabs(), 1);
    assert!(!outcome.stderr.contains("oidc-login"), "{outcome}");
    assert_eq!(fs::read_dir(peer.dir()).unwrap().count(), 14);
}

#[test]
fn a_record_that_others_can_read_is_not_used() {
    let peer = Peer::new().live();
    fs::set_permissions(peer.dir().join(RECORD), Permissions::from_mode(0o644)).unwrap();
    peer.call().run().token();
    assert_eq!(peer.tabs(), 1);

    let peer = Peer::new().live();
    fs::set_permissions(peer.dir(), Permissions::from_mode(0o777)).unwrap();
    let outcome = peer.call().run();
    outcome.token();
    assert_eq!(peer.tabs(), 1);
    assert!(outcome.stderr.contains("are left alone: directory"), "{outcome}");
}

#[test]
fn a_provider_that_is_down_costs_neither_the_session_nor_a_tab() {
    let down = |endpoint| Fault::once(endpoint, FaultKind::status(503, FaultBody::Html));
    // Who asks for another token is not given the one that is there.
    let peer = Peer::new().live();
    let always = Fault::always(Endpoint::Discovery, FaultKind::status(503, FaultBody::Html));
    peer.sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![always]);
    peer.call().arg("--force-refresh").run().fails(1, &["503"]);
    assert!(peer.has(RECORD));
    // A live token is borrowed, as the peer would use it.
    let peer = Peer::new().live();
    peer.sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![down(Endpoint::Discovery)]);
    assert_eq!(peer.call().run().token(), peer.token);
    assert!(peer.has(RECORD));
    assert_eq!(peer.call().run().token(), peer.token);
    assert!(peer.moved());
    // An expired one is ours, and renewed when the provider is back.
    let peer = Peer::new().expired();
    peer.sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![down(Endpoint::Token)]);
    peer.call()
        .run()
        .fails(1, &["could not be refreshed", "the session is kept"]);
    peer.call().run().token();
    assert_eq!((peer.tabs(), peer.sandbox.grants("refresh_token")), (0, 2));
}

#[test]
fn a_session_that_is_over_is_a_sign_in() {
    let peer = Peer::new();
    let token = with_claims(&peer.token, |claims| claims["exp"] = (now() - 60).into());
    peer.write(RECORD, &json!({ "id_token": token, "refresh_token": "revoked" }));
    peer.call().run().token();
    assert_eq!(peer.tabs(), 1);
}

/// A kill between the two steps of the move.
#[test]
fn a_session_on_its_way_is_found_again() {
    let peer = Peer::new().expired();
    let moving = format!("{RECORD}.moving-to-kubesesame");
    fs::rename(peer.dir().join(RECORD), peer.dir().join(&moving)).unwrap();
    peer.call().run().token();
    assert_eq!(peer.tabs(), 0);
    assert!(peer.moved() && !peer.has(&moving));
}

#[test]
fn scopes_that_were_never_granted_are_not_asked_for_twice() {
    let peer = Peer::new().expired();
    // The kubeconfig has one more than the session of the peer was granted.
    let call = peer.call().arg("--oidc-extra-scope=email");
    call.run().token();
    peer.sandbox.expire();
    call.run().token();
    assert_eq!((peer.tabs(), peer.sandbox.grants("refresh_token")), (0, 3));
}

#[test]
fn without_storage_there_is_nothing_to_take_over() {
    let peer = Peer::new().live();
    peer.call().arg("--token-cache-storage=none").run().token();
    assert!(peer.has(RECORD));
    assert_eq!(peer.tabs(), 1);
}
