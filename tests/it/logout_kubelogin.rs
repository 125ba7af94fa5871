//! `logout` beside sessions of `kubectl oidc-login`: what a person has signed out of does not come back from them.

use std::fs;

use serde_json::json;

use crate::files::chmod;
use crate::logout::{files, logout, revocations, with_kubeconfig};
use crate::support::{Kubelogin, RECORD, Sandbox};

fn told(kubelogin: &Kubelogin, outcome: &crate::support::Outcome) -> String {
    crate::logout::told(&kubelogin.sandbox, outcome)
}

#[test]
fn after_a_logout_the_next_call_opens_a_browser_though_kubelogin_has_a_session() {
    for had_session in [false, true] {
        let mut kubelogin = Kubelogin::new();
        if had_session {
            kubelogin.call().arg("--adopt=off").run().token();
        }
        let tabs = kubelogin.tabs();
        kubelogin = kubelogin.live();
        let outcome = logout(&kubelogin.sandbox, &[]).run();
        if !had_session {
            insta::assert_snapshot!(told(&kubelogin, &outcome), @"
            logout
            stderr: there is no session to end
            stderr: kubectl oidc-login still has a session at [ISSUER], which no entry of the kubeconfig takes over; to remove it from this machine, and revoke nothing: rm [HOME]/.kube/cache/oidc-login/0000000000000000000000000000000000000000000000000000000000000001
            exit: 0
            ");
        }
        assert_eq!(
            (outcome.code, revocations(&kubelogin.sandbox).len()),
            (Some(0), usize::from(had_session)),
            "{outcome}"
        );
        assert!(
            outcome
                .stderr
                .contains(&format!("rm {}", kubelogin.dir().join(RECORD).display()))
        );
        assert_eq!(files(&kubelogin.sandbox), ["signed-out.json"]);
        let mark = fs::read_to_string(kubelogin.sandbox.cache_file(".signed-out.json")).unwrap();
        let mark: serde_json::Value = serde_json::from_str(&mark).unwrap();
        assert_eq!(
            mark.as_object().unwrap().len(),
            2,
            "no more than version and time: {mark}"
        );
        for _ in 0..2 {
            kubelogin.call().run().token();
            assert_eq!(kubelogin.tabs(), tabs + 1);
            assert!(kubelogin.has(RECORD) && !kubelogin.moved());
        }
        // The mark outlives the session that came after it.
        fs::remove_file(kubelogin.sandbox.session_file()).unwrap();
        kubelogin.call().run().token();
        assert_eq!(kubelogin.tabs(), tabs + 2);
        assert!(kubelogin.has(RECORD));
    }
}

#[test]
fn a_session_that_kubelogin_has_got_since_is_taken_over() {
    let kubelogin = Kubelogin::new().live();
    kubelogin.sandbox.set_clock_of_machine(-3600);
    let outcome = logout(&kubelogin.sandbox, &[])
        .by_clock_of(&kubelogin.sandbox)
        .run();
    assert!(outcome.stderr.contains("kubectl oidc-login"), "{outcome}");
    assert_eq!(kubelogin.call().run().token(), kubelogin.token);
    assert!(kubelogin.moved());
    assert_eq!(kubelogin.tabs(), 0);
}

#[test]
fn all_entries_and_those_of_the_account_or_issuer_that_is_meant_keep_off_kubelogins_session() {
    for (args, is_meant) in [
        (&["--all"][..], true),
        (&["--issuer=ISSUER"], true),
        (&["--account=00ualice"], true),
        (&["--issuer=https://other.example"], false),
        (&["--account=bob"], false),
    ] {
        let kubelogin = Kubelogin::new().live();
        let issuer = kubelogin.sandbox.okta.issuer();
        let args: Vec<String> = args.iter().map(|arg| arg.replace("ISSUER", &issuer)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let outcome = logout(&kubelogin.sandbox, &args).run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!(
            outcome.stderr.contains("kubectl oidc-login"),
            is_meant,
            "{args:?} {outcome}"
        );
        kubelogin.call().run().token();
        assert_eq!(kubelogin.moved(), !is_meant, "{args:?}");
    }
}

#[test]
fn a_session_of_no_entry_is_not_replaced_by_one_of_kubelogin() {
    let kubelogin = Kubelogin::new();
    kubelogin.call().run().token();
    let kubelogin = kubelogin.live();
    let outcome = kubelogin.sandbox.bare(&["logout", "--all"]).run();
    assert!(outcome.stderr.contains("kubectl oidc-login"), "{outcome}");
    kubelogin.call().run().token();
    assert!(kubelogin.has(RECORD));
}

#[test]
fn sessions_of_kubelogin_that_are_not_taken_over_leave_no_mark() {
    // Another client's, one that can bring no token any more, and an entry that leaves kubelogin alone.
    let kubelogin = Kubelogin::new();
    let other = crate::support::with_claims(&kubelogin.token, |claims| claims["aud"] = json!("other"));
    kubelogin.write(RECORD, &json!({ "id_token": other, "refresh_token": "x" }));
    let outcome = logout(&kubelogin.sandbox, &[]).run();
    assert_eq!(outcome.stderr, "there is no session to end\n");
    assert!(!kubelogin.sandbox.cache_dir().exists());
    let ended = crate::support::with_claims(&kubelogin.token, |claims| claims["exp"] = json!(1));
    kubelogin.write(RECORD, &json!({ "id_token": ended }));
    assert_eq!(
        logout(&kubelogin.sandbox, &[]).run().stderr,
        "there is no session to end\n"
    );
    let kubelogin = kubelogin.live();
    let off = kubelogin.call().arg("--adopt=off");
    let outcome = crate::logout::logout_of(&kubelogin.sandbox, &off, &[]).run();
    assert_eq!(outcome.stderr, "there is no session to end\n");
    assert!(!kubelogin.sandbox.cache_dir().exists());
}

#[test]
fn clean_forgets_that_somebody_signed_out() {
    let kubelogin = Kubelogin::new().live();
    assert_eq!(logout(&kubelogin.sandbox, &[]).run().code, Some(0));
    assert_eq!(kubelogin.sandbox.bare(&["clean"]).run().code, Some(0));
    assert_eq!(files(&kubelogin.sandbox), [""; 0]);
    kubelogin.call().run().token();
    assert!(kubelogin.moved());
}

/// What cannot be read costs a sign-in, and not the logout.
#[test]
fn a_broken_mark_counts_and_a_mark_that_cannot_be_written_is_a_failure() {
    let kubelogin = Kubelogin::new().live();
    assert_eq!(logout(&kubelogin.sandbox, &[]).run().code, Some(0));
    fs::write(kubelogin.sandbox.cache_file(".signed-out.json"), "{").unwrap();
    kubelogin.call().run().token();
    assert!(kubelogin.has(RECORD));

    let sandbox = Sandbox::new();
    let kubelogin = Kubelogin::signed_in(sandbox, &[]).live();
    let kubeconfig = with_kubeconfig(&kubelogin.sandbox, &kubelogin.call());
    let call = kubelogin.sandbox.bare(&["logout"]).env("KUBECONFIG", &kubeconfig);
    let Some(call) = call.without_rights_of_root_or_skip() else {
        return;
    };
    fs::create_dir(kubelogin.sandbox.cache_dir()).unwrap();
    chmod(&kubelogin.sandbox.cache_dir(), 0o500);
    let outcome = call.run();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    let warning =
        "warning: the next call may take over a session of kubectl oidc-login, unless --adopt=off is set";
    assert!(outcome.stderr.contains(warning), "{outcome}");
    chmod(&kubelogin.sandbox.cache_dir(), 0o700);
}
