//! The day of the change: sessions of `kubectl oidc-login` come along, and no refresh token is ever in two places.

use std::fs::{self, File, Permissions};
use std::io::BufRead;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{Kubelogin, OTHER_RECORD, RECORD, finish, mode, now, unread, with_claims};
use okta::{Endpoint, Fault, FaultBody, FaultKind};

#[test]
fn a_live_session_comes_along_without_a_browser() {
    let kubelogin = Kubelogin::new().live();
    let outcome = kubelogin.call().run();
    assert_eq!(outcome.token(), kubelogin.token);
    let told = outcome
        .stderr
        .replace(&*kubelogin.dir().to_string_lossy(), "[KUBELOGIN]");
    let moved = format!("[KUBELOGIN]/{RECORD}.moved-to-kubesesame");
    assert_eq!(
        told,
        format!("took over the session of kubectl oidc-login; its record is now `{moved}`\n")
    );
    assert!(kubelogin.moved());
    assert_eq!(mode(&kubelogin.sandbox.session_file()), 0o600);
    // Verified before it was stored, and the refresh token is not spent yet.
    let asked: Vec<_> = kubelogin
        .sandbox
        .okta
        .requests()
        .iter()
        .map(|request| request.endpoint)
        .collect();
    assert_eq!(asked, [Endpoint::Discovery, Endpoint::Keys]);

    let again = kubelogin.call().run();
    assert_eq!(
        (again.token(), again.stderr.as_str()),
        (kubelogin.token.clone(), "")
    );
    kubelogin.sandbox.expire();
    assert_ne!(kubelogin.call().run().token(), kubelogin.token);
    assert_eq!(
        (kubelogin.tabs(), kubelogin.sandbox.grants("refresh_token")),
        (0, 1)
    );
}

#[test]
fn an_expired_session_comes_along_and_is_refreshed_once_under_strict_rotation() {
    let kubelogin = Kubelogin::new().expired();
    kubelogin
        .sandbox
        .okta
        .behave(|behaviour| behaviour.leeway_secs = 0);
    let token = kubelogin.call().run().token();
    assert_ne!(token, kubelogin.token);
    assert!(kubelogin.moved());
    // Nobody reuses the first refresh token: each later refresh works, and so does kubelogin, which has nothing to refresh.
    for _ in 0..3 {
        kubelogin.sandbox.expire();
        kubelogin.call().run().token();
    }
    assert_eq!(
        (kubelogin.tabs(), kubelogin.sandbox.grants("refresh_token")),
        (0, 4)
    );
    assert_eq!(kubelogin.sandbox.grants("authorization_code"), 0);
}

#[test]
fn of_several_sessions_the_newest_that_fits_comes_along() {
    let kubelogin = Kubelogin::new().live();
    let older = with_claims(&kubelogin.token, |claims| claims["iat"] = (now() - 1000).into());
    kubelogin.write(
        OTHER_RECORD,
        &json!({ "id_token": older, "refresh_token": "older" }),
    );
    for (name, claim, value) in [
        ("3", "aud", json!("other")),
        ("4", "iss", json!("https://other.example.com")),
    ] {
        let token = with_claims(&kubelogin.token, |claims| {
            claims[claim] = value;
            claims["iat"] = (now() + 50).into();
        });
        kubelogin.write(
            &RECORD.replace('1', name),
            &json!({ "id_token": token, "refresh_token": "x" }),
        );
    }
    assert_eq!(kubelogin.call().run().token(), kubelogin.token);
    assert!(kubelogin.moved());
    for name in ["2", "3", "4"] {
        assert!(kubelogin.has(&RECORD.replace('1', name)), "{name}");
    }
}

#[test]
fn adopt_off_leaves_kubelogin_alone() {
    let kubelogin = Kubelogin::new().live();
    kubelogin.call().arg("--adopt=off").run().token();
    assert_eq!(kubelogin.tabs(), 1);
    assert!(kubelogin.has(RECORD));
    kubelogin
        .call()
        .arg("--adopt=maybe")
        .run()
        .fails(2, &["invalid value 'maybe' for '--adopt <WHEN>'"]);
}

#[test]
fn the_directory_that_the_kubeconfig_names_is_looked_at() {
    let kubelogin = Kubelogin::new().live();
    let elsewhere = kubelogin.sandbox.path("elsewhere");
    fs::rename(kubelogin.dir(), &elsewhere).unwrap();
    let call = kubelogin.call().arg("--token-cache-dir=~/elsewhere");
    assert_eq!(call.run().token(), kubelogin.token);
    assert!(elsewhere.join(format!("{RECORD}.moved-to-kubesesame")).exists());
    // Ours are removed, what was kubelogin's stays, and is not taken over a second time.
    let cleaned = kubelogin
        .sandbox
        .bare(&["clean", "--token-cache-dir=~/elsewhere"])
        .run();
    assert!(cleaned.stderr.contains("removed 1 session"), "{cleaned}");
    call.run().token();
    assert_eq!(kubelogin.tabs(), 1);
}

#[test]
fn below_kubectls_own_cache_the_peer_is_found_too() {
    let kubelogin = Kubelogin::new().live();
    let cache = kubelogin.sandbox.path("kubectl-cache");
    fs::create_dir(&cache).unwrap();
    fs::rename(kubelogin.dir(), cache.join("oidc-login")).unwrap();
    let call = kubelogin.call().env("KUBECACHEDIR", &cache.to_string_lossy());
    assert_eq!(call.run().token(), kubelogin.token);
    assert_eq!(kubelogin.tabs(), 0);
}

/// A refresh token in two places would end the session for both.
#[test]
fn a_session_that_cannot_be_moved_is_left_and_told() {
    let kubelogin = Kubelogin::new().live();
    let in_the_way = format!("{RECORD}.moving-to-kubesesame/x");
    fs::create_dir_all(kubelogin.dir().join(in_the_way)).unwrap();
    let outcome = kubelogin.call().run();
    assert_ne!(outcome.token(), kubelogin.token);
    assert!(outcome.stderr.contains("are left alone: "), "{outcome}");
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
}

#[test]
fn a_peer_at_work_is_waited_for() {
    let kubelogin = Kubelogin::new().expired();
    let lock = File::open(kubelogin.dir().join(format!("{RECORD}.lock"))).unwrap();
    lock.lock().unwrap();
    let mut child = kubelogin.call().spawn();
    let mut told = String::new();
    let mut stderr = unread(&mut child);
    stderr.read_line(&mut told).unwrap();
    assert_eq!(
        told,
        "waiting for kubectl oidc-login, which is refreshing its session or signing in\n"
    );
    child.stderr = Some(stderr.into_inner());
    // What it brings is what counts.
    let kubelogin = kubelogin.live();
    drop(lock);
    assert_eq!(finish(child).token(), kubelogin.token);
    assert!(kubelogin.moved());
}

#[test]
fn a_forged_token_is_not_handed_out() {
    let kubelogin = Kubelogin::new();
    let forged = with_claims(&kubelogin.token, |claims| claims["sub"] = "00umallory".into());
    kubelogin.write(RECORD, &json!({ "id_token": forged }));
    let token = kubelogin.call().run().token();
    assert_eq!((kubelogin.tabs(), token != forged), (1, true));
    assert!(kubelogin.has(RECORD), "nothing was to be had of it");

    let kubelogin = Kubelogin::new();
    let forged = with_claims(&kubelogin.token, |claims| claims["exp"] = (now() + 9000).into());
    kubelogin.write(
        RECORD,
        &json!({ "id_token": forged, "refresh_token": kubelogin.refresh_token }),
    );
    let token = kubelogin.call().run().token();
    assert_eq!(
        (kubelogin.tabs(), token != forged),
        (0, true),
        "the refresh token is a good one"
    );
}

#[test]
fn what_is_no_session_is_left_alone() {
    let kubelogin = Kubelogin::new();
    kubelogin.write(RECORD, &json!({ "id_token": "opaque", "refresh_token": "x" }));
    kubelogin.write(
        OTHER_RECORD,
        &json!({ "id_token": "", "refresh_token": kubelogin.refresh_token }),
    );
    for (name, text) in [("3", "{broken"), ("4", ""), ("5", "[]"), ("notes", "{}")] {
        kubelogin.write(&RECORD.replace('1', name), &Value::Null);
        fs::write(kubelogin.dir().join(RECORD.replace('1', name)), text).unwrap();
    }
    let ended = with_claims(&kubelogin.token, |claims| claims["exp"] = (now() - 1).into());
    kubelogin.write(&RECORD.replace('1', "6"), &json!({ "id_token": ended }));
    let outcome = kubelogin.call().run();
    outcome.token();
    assert_eq!(kubelogin.tabs(), 1);
    assert!(!outcome.stderr.contains("oidc-login"), "{outcome}");
    assert_eq!(fs::read_dir(kubelogin.dir()).unwrap().count(), 14);
}

#[test]
fn a_record_that_others_can_read_is_not_used() {
    let kubelogin = Kubelogin::new().live();
    fs::set_permissions(kubelogin.dir().join(RECORD), Permissions::from_mode(0o644)).unwrap();
    kubelogin.call().run().token();
    assert_eq!(kubelogin.tabs(), 1);

    let kubelogin = Kubelogin::new().live();
    fs::set_permissions(kubelogin.dir(), Permissions::from_mode(0o777)).unwrap();
    let outcome = kubelogin.call().run();
    outcome.token();
    assert_eq!(kubelogin.tabs(), 1);
    assert!(outcome.stderr.contains("are left alone: directory"), "{outcome}");
}

#[test]
fn a_provider_that_is_down_costs_neither_the_session_nor_a_tab() {
    let down = |endpoint| Fault::once(endpoint, FaultKind::status(503, FaultBody::Html));
    // Who asks for another token is not given the one that is there.
    let kubelogin = Kubelogin::new().live();
    let always = Fault::always(Endpoint::Discovery, FaultKind::status(503, FaultBody::Html));
    kubelogin
        .sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![always]);
    kubelogin.call().arg("--force-refresh").run().fails(1, &["503"]);
    assert!(kubelogin.has(RECORD));
    // A live token is borrowed, as kubelogin would use it.
    let kubelogin = Kubelogin::new().live();
    kubelogin
        .sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![down(Endpoint::Discovery)]);
    assert_eq!(kubelogin.call().run().token(), kubelogin.token);
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.call().run().token(), kubelogin.token);
    assert!(kubelogin.moved());
    // An expired one is ours, and refreshed when the provider is back.
    let kubelogin = Kubelogin::new().expired();
    kubelogin
        .sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![down(Endpoint::Token)]);
    kubelogin
        .call()
        .run()
        .fails(1, &["could not be refreshed", "the session is kept"]);
    kubelogin.call().run().token();
    assert_eq!(
        (kubelogin.tabs(), kubelogin.sandbox.grants("refresh_token")),
        (0, 2)
    );
}

#[test]
fn a_session_that_is_over_is_a_sign_in() {
    let kubelogin = Kubelogin::new();
    let token = with_claims(&kubelogin.token, |claims| claims["exp"] = (now() - 60).into());
    kubelogin.write(RECORD, &json!({ "id_token": token, "refresh_token": "revoked" }));
    kubelogin.call().run().token();
    assert_eq!(kubelogin.tabs(), 1);
}

/// A kill between the two steps of the move.
#[test]
fn a_session_on_its_way_is_found_again() {
    let kubelogin = Kubelogin::new().expired();
    let moving = format!("{RECORD}.moving-to-kubesesame");
    fs::rename(kubelogin.dir().join(RECORD), kubelogin.dir().join(&moving)).unwrap();
    kubelogin.call().run().token();
    assert_eq!(kubelogin.tabs(), 0);
    assert!(kubelogin.moved() && !kubelogin.has(&moving));
}

#[test]
fn scopes_that_were_never_granted_are_not_asked_for_twice() {
    let kubelogin = Kubelogin::new().expired();
    // The kubeconfig has one more than the session of kubelogin was granted.
    let call = kubelogin.call().arg("--oidc-extra-scope=email");
    call.run().token();
    kubelogin.sandbox.expire();
    call.run().token();
    assert_eq!(
        (kubelogin.tabs(), kubelogin.sandbox.grants("refresh_token")),
        (0, 3)
    );
}

#[test]
fn without_storage_there_is_nothing_to_take_over() {
    let kubelogin = Kubelogin::new().live();
    kubelogin.call().arg("--token-cache-storage=none").run().token();
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
}
