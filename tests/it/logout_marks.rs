//! The mark that a logout leaves beside sessions of `kubectl oidc-login`: where it is, for which entries, and that it wins over a call that is
//! taking a session over.

use std::fs;

use crate::files::chmod;
use crate::logout::{logout, with_kubeconfig};
use crate::support::{Kubelogin, OTHER_RECORD, RECORD, Sandbox};
use okta::{Endpoint, Fault, FaultKind};

/// Another entry of the same client takes the same session over, and another client's does not.
#[test]
fn the_mark_holds_for_each_entry_of_the_same_client() {
    let kubelogin = Kubelogin::new().live();
    let other = kubelogin.call().arg("--oidc-extra-scope=email");
    let kubeconfig = with_kubeconfig(&kubelogin.sandbox, &kubelogin.call());
    let text = fs::read_to_string(&kubeconfig).unwrap();
    let first = format!(
        "users: [{{name: a, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, \
         command: kubesesame, args: [{}]}}}}}}, ",
        other.entry_args()
    );
    fs::write(&kubeconfig, text.replace("users: [", &first)).unwrap();
    let call = kubelogin.sandbox.bare(&["logout"]).env("KUBECONFIG", &kubeconfig);
    assert_eq!(call.run().code, Some(0));
    assert_eq!(kubelogin.sandbox.cache_files(".signed-out.json").len(), 2);
    other.run().token();
    assert!(kubelogin.has(RECORD));
    assert_eq!(kubelogin.tabs(), 1);
}

#[test]
fn a_record_that_cannot_be_read_leaves_a_mark_too() {
    let kubelogin = Kubelogin::new().live();
    chmod(&kubelogin.dir().join(RECORD), 0o640);
    assert_eq!(logout(&kubelogin.sandbox, &[]).run().code, Some(0));
    chmod(&kubelogin.dir().join(RECORD), 0o600);
    kubelogin.call().run().token();
    assert!(kubelogin.has(RECORD));
}

/// Where the home directory cannot be written, a call keeps its session in the directory of the login.
#[test]
fn the_mark_is_also_where_sessions_are_kept_meanwhile() {
    let sandbox = Sandbox::new();
    let runtime = sandbox.path("run");
    fs::create_dir(&runtime).unwrap();
    chmod(&runtime, 0o700);
    let kubelogin = Kubelogin::signed_in(sandbox, &[]).live();
    let entry = kubelogin.call().without("--token-cache-dir");
    let outcome = crate::logout::logout_of(&kubelogin.sandbox, &entry, &[])
        .env("XDG_RUNTIME_DIR", runtime.to_str().unwrap())
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let has_mark = |dir: &std::path::Path| {
        let mut names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
        names.any(|name| name.to_str().unwrap().ends_with(".signed-out.json"))
    };
    assert!(has_mark(&kubelogin.sandbox.cache_dir()));
    assert!(has_mark(&runtime.join("kubesesame")));
}

#[test]
fn a_logout_wins_over_a_call_that_is_taking_a_session_over() {
    let kubelogin = Kubelogin::new().live();
    let slow = Fault::always(Endpoint::Keys, FaultKind::Held);
    kubelogin
        .sandbox
        .okta
        .behave(|behaviour| behaviour.faults = vec![slow]);
    let call = kubelogin.call().spawn();
    let is_asked = || {
        let requests = kubelogin.sandbox.okta.requests();
        requests.iter().any(|request| request.endpoint == Endpoint::Keys)
    };
    crate::support::wait_until("the keys are asked for", is_asked);
    let outcome = logout(&kubelogin.sandbox, &[]).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    kubelogin
        .sandbox
        .okta
        .behave(|behaviour| behaviour.faults = Vec::new());
    let outcome = crate::support::finish(call);
    outcome.token();
    assert!(kubelogin.has(RECORD) && !kubelogin.moved());
    assert_eq!(kubelogin.tabs(), 1);
}

/// Without an entry nobody knows for which calls a mark would be.
#[test]
fn a_session_of_kubelogin_that_no_entry_names_is_told_of() {
    let kubelogin = Kubelogin::new().live();
    let other = crate::support::with_claims(&kubelogin.token, |claims| {
        claims["iss"] = "https://other.example".into();
    });
    kubelogin.write(
        OTHER_RECORD,
        &serde_json::json!({ "id_token": other, "refresh_token": "x" }),
    );
    let issuer = format!("--issuer={}", kubelogin.sandbox.okta.issuer());
    for (flag, others) in [("--all", 1), (issuer.as_str(), 0), ("--account=bob", 0)] {
        let outcome = kubelogin.sandbox.bare(&["logout", flag]).run();
        let named = |name: &str| {
            let file = kubelogin.dir().join(name);
            outcome.stderr.matches(&format!("rm {}", file.display())).count()
        };
        let own = usize::from(flag != "--account=bob");
        assert_eq!(
            (named(RECORD), named(OTHER_RECORD)),
            (own, others),
            "{flag} {outcome}"
        );
    }
}

/// The command of the hint is for a shell.
#[test]
fn the_path_of_a_session_of_kubelogin_is_quoted() {
    let kubelogin = Kubelogin::new().live();
    let cache = kubelogin.sandbox.path("a b");
    fs::create_dir(&cache).unwrap();
    fs::rename(kubelogin.dir(), cache.join("oidc-login")).unwrap();
    let outcome = kubelogin
        .sandbox
        .bare(&["logout", "--all"])
        .env("KUBECACHEDIR", cache.to_str().unwrap())
        .run();
    let named = format!("rm '{}'", cache.join("oidc-login").join(RECORD).display());
    assert!(outcome.stderr.contains(&named), "{outcome}");
}
