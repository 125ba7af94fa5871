//! Where sessions are kept, on a machine without a keyring. (With one: `tests/real`.)

use crate::support::{Call, Sandbox};

impl Call {
    /// On a session bus that is not there; a machine that is slow to find that out is not taken for a keyring that is locked.
    pub(crate) fn without_bus(self, sandbox: &Sandbox) -> Self {
        self.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
            .by_timers_of(sandbox)
    }
}

#[test]
fn without_a_keyring_nobody_is_asked_to_sign_in_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .arg("--token-cache-storage=keyring")
        .without_bus(&sandbox);
    call.run()
        .fails(1, &["there is no OS keyring here", "--token-cache-storage=disk"]);
    assert_eq!(sandbox.tabs(), 0);
    assert_eq!(
        (
            sandbox.cache_files(".session.json").len(),
            sandbox.cache_files(".sealed").len()
        ),
        (0, 0)
    );
}

#[test]
fn auto_tells_once_that_there_is_no_keyring() {
    let sandbox = Sandbox::new();
    let call = sandbox
        .get_token()
        .arg("--token-cache-storage=auto")
        .without_bus(&sandbox);
    let first = call.run();
    assert!(
        first.stderr.contains(
            "the session is kept in a file that only you can read, since there is no OS keyring here"
        ),
        "{first}"
    );
    let second = call.run();
    assert_eq!((second.token(), second.stderr.as_str()), (first.token(), ""));
    sandbox.expire();
    let refreshed = call.run();
    assert_eq!(refreshed.stderr, "", "a refresh stays where the session is");
    assert_ne!(refreshed.token(), first.token());
}

#[test]
fn a_sealed_file_that_is_none_is_a_warning_and_a_login() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let sealed = sandbox
        .session_file()
        .to_string_lossy()
        .replace(".session.json", ".session.sealed");
    for (text, reason) in [
        ("", "it is empty"),
        ("nonsense", "it is broken"),
        ("kubesesame sealed 9\n", "a newer kubesesame wrote it"),
    ] {
        std::fs::write(&sealed, text).unwrap();
        std::fs::set_permissions(&sealed, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let call = sandbox
            .get_token()
            .arg("--token-cache-storage=keyring")
            .without_bus(&sandbox);
        // Told why, and then that there is no keyring to seal a new one with.
        call.run().fails(1, &[reason, "there is no OS keyring here"]);
    }
    assert_eq!(sandbox.tabs(), 1);
}

/// Both have one lock.
#[test]
fn a_plain_and_a_sealed_session_are_cleaned_without_a_wait() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let sealed = sandbox
        .session_file()
        .to_string_lossy()
        .replace(".session.json", ".session.sealed");
    std::fs::copy(sandbox.session_file(), sealed).unwrap();
    let cleaned = sandbox.bare(&["clean"]).without_bus(&sandbox).run();
    assert!(
        cleaned.stderr.contains("removed 2 sessions") && !cleaned.stderr.contains("waiting for another"),
        "{cleaned}"
    );
}

/// Two entries that differ in their storage have a session each.
#[test]
fn the_end_of_a_plain_session_leaves_the_sealed_one_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    let sealed = sandbox.session_file().with_extension("sealed");
    std::fs::copy(sandbox.session_file(), &sealed).unwrap();
    let before = std::fs::read(&sealed).unwrap();
    sandbox.expire();
    sandbox.okta.end_sessions();
    let outcome = sandbox.get_token().run();
    outcome.token();
    assert!(outcome.stderr.contains("the session has ended"), "{outcome}");
    assert_eq!(std::fs::read(&sealed).unwrap(), before);
    assert_eq!(sandbox.cache_files(".sealed.quarantined").len(), 0);
}
