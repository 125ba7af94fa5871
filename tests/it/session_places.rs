//! A session that goes on in another place while its own cannot be written: the latest record counts, wherever it is.

use std::fs;

use nix::unistd::Uid;

#[cfg(target_os = "linux")]
use crate::background_refresh::refreshers;
use crate::files::chmod;
use crate::support::{Sandbox, wait_until, with_claims};
use okta::Defect;

/// The disk of the session is full, and that of the runtime directory or of the temporary files is not. Without a leeway, so that a refresh
/// token that was spent in vain shows.
#[test]
fn a_session_that_cannot_be_written_goes_on_elsewhere_and_comes_back() {
    for with_runtime_dir in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
        sandbox.expire();
        fs::create_dir(sandbox.path("run")).unwrap();
        chmod(&sandbox.path("run"), 0o700);
        let Some(mut call) = sandbox.with_nothing_new_in_cache_or_skip() else {
            return;
        };
        if with_runtime_dir {
            call = call.env("XDG_RUNTIME_DIR", &sandbox.path("run").to_string_lossy());
        }
        let first = call.run();
        first.token();
        assert!(first.stderr.contains("the session is kept in"), "{first}");
        let again = call.run();
        assert_eq!((again.token(), again.stderr.as_str()), (first.token(), ""));
        chmod(&sandbox.cache_dir(), 0o700);
        // What is in the cache is older, and its refresh token is spent.
        let back = call.run();
        assert_eq!((back.token(), back.stderr.as_str()), (first.token(), ""));
        let refreshed = call.clone().arg("--force-refresh").run().token();
        assert_ne!(refreshed, first.token());
        assert_eq!(sandbox.session()["token"], refreshed.as_str());
        assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 2));
        assert_eq!(sandbox.okta.reuse_detected(), 0);
        let elsewhere = if with_runtime_dir {
            "run/kubesesame".to_owned()
        } else {
            format!("kubesesame-{}", Uid::effective())
        };
        assert_eq!(sandbox.session_count(&elsewhere), 0, "it is in one place only");
    }
}

#[test]
fn a_forced_refresh_takes_the_later_record_too() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let Some(call) = sandbox.with_nothing_new_in_cache_or_skip() else {
        return;
    };
    let forced = call.arg("--force-refresh");
    let first = forced.run();
    first.token();
    assert!(first.stderr.contains("the session is kept in"), "{first}");
    chmod(&sandbox.cache_dir(), 0o700);
    let back = forced.run();
    assert_ne!(back.token(), first.token());
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0), "{back}");
}

/// The provider's machines disagree about the time: what the later token says of its own age is no order.
#[test]
fn the_record_that_was_stored_last_counts_whatever_its_token_says_of_its_age() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.okta.behave(|behaviour| {
        behaviour.leeway_secs = 0;
        behaviour.refresh_defect = Defect::IatOld;
    });
    let Some(call) = sandbox.with_nothing_new_in_cache_or_skip() else {
        return;
    };
    let forced = call.arg("--force-refresh");
    // Elsewhere twice, then at home twice: each time the refresh token of the one before is spent.
    for mode in [0o500, 0o500, 0o700, 0o700] {
        chmod(&sandbox.cache_dir(), mode);
        let outcome = forced.run();
        outcome.token();
        assert_eq!(
            (sandbox.tabs(), sandbox.okta.reuse_detected()),
            (1, 0),
            "{mode:o}: {outcome}"
        );
    }
    let elsewhere = format!("kubesesame-{}", Uid::effective());
    assert_eq!(sandbox.session_count(&elsewhere), 0, "it is in one place only");
}

/// The record at home is older, and its token still good.
#[cfg(target_os = "linux")]
#[test]
fn a_background_refresh_takes_the_later_record_too() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.okta.behave(|behaviour| behaviour.leeway_secs = 0);
    let Some(call) = sandbox.with_nothing_new_in_cache_or_skip() else {
        return;
    };
    call.arg("--force-refresh").run().token();
    chmod(&sandbox.cache_dir(), 0o700);
    sandbox.come_near_the_end();
    let old = sandbox.token();
    assert_eq!(sandbox.get_token().run().token(), old);
    wait_until("it is refreshed in the background", || {
        sandbox.grants("refresh_token") == 2 && refreshers(&sandbox).is_empty()
    });
    assert_eq!((sandbox.tabs(), sandbox.okta.reuse_detected()), (1, 0));
}

/// Anybody can make it: it is passed over, as if it were not there.
#[test]
fn a_last_place_that_cannot_be_trusted_costs_no_token() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let planted = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
    fs::create_dir(&planted).unwrap();
    chmod(&planted, 0o777);
    let Some(call) = sandbox.with_nothing_new_in_cache_or_skip() else {
        return;
    };
    let outcome = call.run();
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: sessions cannot be kept"),
        "{outcome}"
    );
    assert_eq!((fs::read_dir(&planted).unwrap().count(), sandbox.tabs()), (0, 1));
}

/// An archive that somebody unpacks among the temporary files brings files with the right owner and modes.
#[test]
fn a_session_of_another_person_among_the_temporary_files_is_not_used() {
    for with_own in [true, false] {
        let sandbox = Sandbox::new();
        let own = sandbox.signed_in();
        let mut planted = sandbox.session();
        planted["token"] = with_claims(&own, |claims| claims["sub"] = "00umallory".into()).into();
        planted["generation"] = 9.into();
        let dir = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
        fs::create_dir(&dir).unwrap();
        chmod(&dir, 0o700);
        let name = sandbox.session_file().file_name().unwrap().to_owned();
        fs::write(dir.join(&name), planted.to_string()).unwrap();
        chmod(&dir.join(&name), 0o600);
        if with_own {
            sandbox.expire();
        } else {
            fs::remove_file(sandbox.session_file()).unwrap();
        }
        let outcome = sandbox.get_token().arg("-v2").run();
        assert_ne!(
            Some(outcome.token().as_str()),
            planted["token"].as_str(),
            "{outcome}"
        );
        assert_eq!(sandbox.tabs(), if with_own { 1 } else { 2 }, "{outcome}");
    }
}

/// Also if its token has no subject to compare, and if it brings documents of a provider's with it.
#[test]
fn nothing_among_the_temporary_files_counts_without_a_proof_that_it_continues_the_session() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let dir = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
    fs::create_dir(&dir).unwrap();
    chmod(&dir, 0o700);
    let plant = |name: &str, text: String| {
        fs::write(dir.join(name), text).unwrap();
        chmod(&dir.join(name), 0o600);
    };
    let file_name = |path: std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut forged = sandbox.session();
    forged["token"] = "forged".into();
    forged["expires_at"] = 4_000_000_000_i64.into();
    // No sign-in is later.
    forged["signed_in_at"] = i64::MAX.into();
    forged["generation"] = u64::MAX.into();
    plant(&file_name(sandbox.session_file()), forged.to_string());
    let [documents] = &sandbox.cache_files(".provider.json")[..] else {
        panic!("one provider")
    };
    let endpoint = format!("{}/v1/token", sandbox.okta.issuer());
    let elsewhere = fs::read_to_string(documents)
        .unwrap()
        .replace(&endpoint, "http://127.0.0.1:1/steal");
    assert!(elsewhere.contains("steal"));
    plant(&file_name(documents.clone()), elsewhere);
    sandbox.expire();
    let outcome = sandbox.get_token().arg("-v2").run();
    assert_ne!(outcome.token(), "forged", "{outcome}");
    assert!(!outcome.stderr.contains("steal"), "{outcome}");
    assert_eq!(sandbox.tabs(), 1, "{outcome}");
}

/// Whoever can change the cached documents must not get the refresh token, of a sealed session above all.
#[test]
fn a_refresh_token_goes_to_the_endpoint_that_issued_it_or_to_one_that_the_network_names() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    let [documents] = &sandbox.cache_files(".provider.json")[..] else {
        panic!("one provider")
    };
    let endpoint = format!("{}/v1/token", sandbox.okta.issuer());
    let text = fs::read_to_string(documents).unwrap();
    fs::write(documents, text.replace(&endpoint, "http://127.0.0.1:1/steal")).unwrap();
    let outcome = sandbox.get_token().arg("--force-refresh").arg("-v2").run();
    assert_ne!(outcome.token(), token, "{outcome}");
    assert!(
        !outcome.stderr.contains("steal") && outcome.stderr.contains("openid-configuration"),
        "{outcome}"
    );
    assert_eq!(sandbox.tabs(), 1);
}

/// The file that maps a command line to its session is not sealed.
#[test]
fn a_changed_map_of_the_cached_path_leads_to_no_other_session() {
    let sandbox = Sandbox::new();
    let token = sandbox.signed_in();
    sandbox.get_token().run().token();
    let [map] = &sandbox.cache_files(".fast-path.json")[..] else {
        panic!("one map")
    };
    let text = fs::read_to_string(map).unwrap();
    let other = r#""issuer":"https://other.example""#;
    let own = format!(r#""issuer":"{}""#, sandbox.okta.issuer());
    let mut session = sandbox.session();
    session["token"] = "forged".into();
    for (own, other) in [(&*own, other), (r#""storage":"Disk""#, r#""storage":"Auto""#)] {
        assert!(text.contains(own), "{text}");
        fs::write(map, text.replace(own, other)).unwrap();
        session["issuer"] = "https://other.example".into();
        let stored = fs::read(sandbox.session_file()).unwrap();
        if own.contains("issuer") {
            fs::write(sandbox.session_file(), session.to_string()).unwrap();
        }
        let outcome = sandbox.get_token().run();
        assert_ne!(outcome.token(), "forged", "{outcome}");
        fs::write(sandbox.session_file(), stored).unwrap();
        assert_eq!(sandbox.get_token().run().token(), token);
    }
}

/// The later record has no refresh token, so that of the earlier one is all that there is.
#[cfg(target_os = "linux")]
#[test]
fn a_later_record_without_a_refresh_token_keeps_nobody_from_a_refresh() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let Some(call) = sandbox.with_nothing_new_in_cache_or_skip() else {
        return;
    };
    call.arg("--force-refresh").run().token();
    chmod(&sandbox.cache_dir(), 0o700);
    let elsewhere = sandbox.path(&format!("kubesesame-{}", Uid::effective()));
    let files = fs::read_dir(elsewhere)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.to_string_lossy().ends_with(".session.json")) {
        let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(record.as_object_mut().unwrap().remove("refresh_token").is_some());
        fs::write(&path, record.to_string()).unwrap();
    }
    sandbox.come_near_the_end();
    let old = sandbox.token();
    assert_eq!(sandbox.get_token().run().token(), old);
    wait_until("it is refreshed in the background", || sandbox.token() != old);
    wait_until("and all is done", || refreshers(&sandbox).is_empty());
    assert_eq!(sandbox.tabs(), 1);
}

/// It belongs to an entry with another storage.
#[test]
fn a_session_that_comes_back_leaves_the_sealed_one_elsewhere_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let Some(call) = sandbox.with_nothing_new_in_cache_or_skip() else {
        return;
    };
    call.arg("--force-refresh").run().token();
    let elsewhere = format!("kubesesame-{}", Uid::effective());
    assert_eq!(sandbox.session_count(&elsewhere), 1);
    let name = sandbox.session_file().with_extension("sealed");
    let sealed = sandbox.path(&elsewhere).join(name.file_name().unwrap());
    fs::write(&sealed, "sealed").unwrap();
    chmod(&sealed, 0o600);
    chmod(&sandbox.cache_dir(), 0o700);
    sandbox.get_token().arg("--force-refresh").run().token();
    assert_eq!(sandbox.session_count(&elsewhere), 0);
    assert_eq!(fs::read_to_string(&sealed).unwrap(), "sealed");
}
