//! A client secret in a real Secret Service, stored as the pages say: `secret-tool store`.

use nix::sys::signal::Signal;

use crate::{
    keeper::{Someone, rotating_okta},
    person::token,
    process::Outcome,
    secret_service::Bus,
};

const FLAG: &str = "--oidc-client-secret-keyring=okta/kubectl";

/// Someone at a confidential app, whose secret is in the keyring under this name.
fn someone(bus: &Bus) -> Someone {
    let okta = rotating_okta();
    let client = vec![
        format!("--oidc-client-id={}", okta.web_client_id()),
        FLAG.to_owned(),
    ];
    Someone::with_client(okta, client, bus, "disk")
}

#[track_caller]
fn fails(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    assert_ne!(outcome.code, Some(0), "{outcome:?}");
    for word in words.iter().chain(&["error: ", "hint: "]) {
        assert!(outcome.stderr.contains(word), "`{word}` is missing: {outcome:?}");
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn it_is_read_at_a_sign_in_and_at_each_refresh_and_never_for_a_cached_token() {
    let bus = Bus::unlocked();
    let someone = someone(&bus);
    bus.store("okta", "kubectl", &someone.okta.web_client_secret());
    let first = someone.token();
    // Nobody answers at the keyring, and nobody is asked.
    bus.send(Signal::SIGSTOP);
    assert_eq!(someone.token(), first);
    bus.send(Signal::SIGCONT);
    // The secret was replaced at the provider and in the keyring.
    let other = "another-web-secret-0123456789";
    someone
        .okta
        .behave(|behaviour| other.clone_into(&mut behaviour.web_client_secret));
    bus.store("okta", "kubectl", other);
    let refreshed = someone.person.run(&["--force-refresh"]);
    assert_ne!(token(&refreshed), first);
    assert_eq!((refreshed.stderr.as_str(), someone.logins()), ("", 1));
    assert_eq!(bus.entries(), 0, "kubesesame stores nothing of its own");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn where_it_cannot_be_read_the_flag_is_told_and_the_session_is_kept() {
    let bus = Bus::unlocked();
    let someone = someone(&bus);
    let absent = someone.person.run(&[]);
    let words = [
        "--oidc-client-secret-keyring",
        "there is no item `okta` of the account `kubectl`",
        "secret-tool store --label=kubectl service okta username kubectl",
    ];
    fails(&absent, &words);
    bus.store("okta", "other", &someone.okta.web_client_secret());
    fails(&someone.person.run(&[]), &words);
    assert_eq!(someone.logins(), 0);
    bus.store("okta", "kubectl", &someone.okta.web_client_secret());
    someone.token();
    bus.lock();
    fails(
        &someone.person.run(&["--force-refresh"]),
        &["the OS keyring is locked"],
    );
    assert_eq!((someone.plain().len(), someone.logins()), (1, 1));
}
