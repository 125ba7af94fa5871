//! A cache that cannot be used costs a warning, and not the token.

use std::fs;

use crate::files::chmod;
use crate::support::{Call, Sandbox, as_user_or_skip, mode};
use okta::AuthorizeError;

#[test]
fn a_cache_that_cannot_be_made_costs_a_warning_and_not_the_token() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("file"), "").unwrap();
    let dir = format!("--token-cache-dir={}/below", sandbox.path("file").display());
    let outcome = sandbox.get_token().arg(&dir).run();
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: sessions cannot be kept")
            && outcome
                .stderr
                .contains("choose another place with --token-cache-dir"),
        "{outcome}"
    );
}

/// A home that cannot be written: kubectl's five tries, and the next command, need one sign-in.
#[test]
fn a_home_that_cannot_be_written_has_its_sessions_in_the_runtime_directory() {
    let sandbox = Sandbox::new();
    let call = sandbox.without_a_place();
    let first = call.run();
    let told = sandbox.filtered(&first);
    assert!(
        told.contains("the session is kept in `[HOME]/run/kubesesame` until you log out, since `[HOME]/file/below` cannot be used"),
        "{told}"
    );
    let second = call.run();
    assert_eq!((second.token(), second.stderr.as_str()), (first.token(), ""));
    assert_eq!(mode(&sandbox.path("run/kubesesame")), 0o700);
    sandbox.okta.end_sessions();
    let session = fs::read_dir(sandbox.path("run/kubesesame"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for path in session.filter(|path| path.to_string_lossy().ends_with(".session.json")) {
        fs::remove_file(path).unwrap();
    }
    sandbox.okta.behave(|behaviour| {
        behaviour.authorize_error = Some(access_denied());
    });
    let outcome = call.repeated(5).run();
    outcome.fails(1, &["access_denied", "the sessions of kubectl oidc-login in `"]);
    assert_eq!(sandbox.tabs(), 2, "the failure is remembered there too");
}

/// kubectl runs a failing plugin five times.
#[cfg(target_os = "linux")]
#[test]
fn without_a_store_a_failing_sign_in_opens_one_tab_and_prints_one_error() {
    let no_storage = |sandbox: &Sandbox| sandbox.get_token().arg("--token-cache-storage=none");
    let no_directory = |sandbox: &Sandbox| {
        fs::write(sandbox.path("file"), "").unwrap();
        let dir = sandbox.path("file/below");
        sandbox
            .get_token()
            .with("--token-cache-dir", &dir.to_string_lossy())
    };
    for (call, words) in [
        (no_storage as fn(&Sandbox) -> Call, &["access_denied"][..]),
        (no_directory, &["access_denied", "sessions cannot be kept"]),
    ] {
        let sandbox = Sandbox::new();
        sandbox
            .okta
            .behave(|behaviour| behaviour.authorize_error = Some(access_denied()));
        sandbox.set_clock(0);
        let outcome = call(&sandbox).by_clock_of(&sandbox).repeated(5).run();
        outcome.fails(1, words);
        assert_eq!(
            (sandbox.tabs(), outcome.stderr.matches("error:").count()),
            (1, 1),
            "{outcome}"
        );
        assert!(
            outcome.stderr.matches("sessions cannot be kept").count() <= 1,
            "{outcome}"
        );
        sandbox.okta.behave(|behaviour| behaviour.authorize_error = None);
        call(&sandbox).in_new_command().at_terminal().run().token();
    }
}

fn access_denied() -> AuthorizeError {
    AuthorizeError {
        error: "access_denied".to_owned(),
        description: String::new(),
    }
}

impl Sandbox {
    /// A call that can read the cache and not change it. None, and the test is skipped, where root cannot give its rights away.
    fn with_read_only_cache_or_skip(&self) -> Option<Call> {
        for lock in self.cache_files(".lock") {
            fs::remove_file(lock).unwrap();
        }
        self.with_nothing_new_in_cache_or_skip()
    }

    /// No file can be made in the cache, as on a full disk. None, and the test is skipped, where root cannot give its rights away.
    pub(crate) fn with_nothing_new_in_cache_or_skip(&self) -> Option<Call> {
        chmod(&self.cache_dir(), 0o500);
        self.get_token().without_rights_of_root_or_skip()
    }

    /// A call whose directory cannot be written, with a runtime directory.
    fn without_a_place(&self) -> Call {
        fs::write(self.path("file"), "").unwrap();
        fs::create_dir(self.path("run")).unwrap();
        chmod(&self.path("run"), 0o700);
        self.get_token()
            .arg(&format!(
                "--token-cache-dir={}/below",
                self.path("file").display()
            ))
            .env("XDG_RUNTIME_DIR", &self.path("run").to_string_lossy())
    }
}

#[test]
fn clean_knows_the_runtime_directory_too() {
    let sandbox = Sandbox::new();
    sandbox.without_a_place().run().token();
    let run = sandbox.path("run").to_string_lossy().into_owned();
    let cleaned = sandbox.bare(&["clean"]).env("XDG_RUNTIME_DIR", &run).run();
    assert!(
        sandbox
            .filtered(&cleaned)
            .contains("removed 1 session: [HOME]/run/kubesesame"),
        "{cleaned}"
    );
    assert_eq!(sandbox.session_count("run/kubesesame"), 0);
}

#[test]
fn clean_goes_on_where_one_directory_cannot_be_looked_at() {
    for is_run_usable in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.without_a_place().run().token();
        fs::create_dir_all(sandbox.path(".kube")).unwrap();
        fs::write(sandbox.path(".kube/cache"), "").unwrap();
        let run = sandbox.path("run").to_string_lossy().into_owned();
        if !is_run_usable {
            chmod(&sandbox.path("run/kubesesame"), 0o777);
        }
        let cleaned = sandbox.bare(&["clean"]).env("XDG_RUNTIME_DIR", &run).run();
        let told = sandbox.filtered(&cleaned);
        let words: &[&str] = if is_run_usable {
            &["a part of the path is a file"]
        } else {
            &["a part of the path is a file", "is open to other users"]
        };
        cleaned.fails(1, words);
        assert!(
            told.contains("error: cannot open `[HOME]/.kube/cache/kubesesame`"),
            "{told}"
        );
        if is_run_usable {
            assert!(
                told.contains("removed 1 session: [HOME]/run/kubesesame"),
                "{told}"
            );
            assert_eq!(sandbox.session_count("run/kubesesame"), 0);
        } else {
            assert!(
                told.contains("warning: directory `[HOME]/run/kubesesame` is open to other users"),
                "{told}"
            );
        }
    }
}

/// No tab each time, though the failure of a sign-in could not be remembered on such a disk either.
#[test]
fn a_full_disk_is_noticed_before_anybody_signs_in() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    fs::remove_file(sandbox.session_file()).unwrap();
    let full = ["sh", "-c", "ulimit -f 8; trap '' XFSZ; exec \"$@\"", "sh"];
    let call = sandbox.get_token().through(&full);
    let outcome = call.run();
    assert!(outcome.stderr.contains("sessions cannot be kept"), "{outcome}");
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn a_full_disk_costs_a_warning_and_not_the_token() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    let before = fs::read(sandbox.session_file()).unwrap();
    // A limit on the size of files answers as a full disk does, but for the signal that it sends before.
    let full = ["sh", "-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "sh"];
    let outcome = sandbox.get_token().through(&full).run();
    outcome.token();
    assert!(
        outcome
            .stderr
            .contains("warning: the session could not be stored"),
        "{outcome}"
    );
    assert_eq!(
        fs::read(sandbox.session_file()).unwrap(),
        before,
        "the old session is whole"
    );
    assert_eq!(sandbox.cache_files(".tmp").len(), 0);
    assert!(
        outcome.stderr.contains("has replaced its refresh token"),
        "{outcome}"
    );
    // Within the leeway the old refresh token still works, so nothing was lost.
    sandbox.get_token().run().token();
    assert_eq!(sandbox.tabs(), 1);
}

/// A read-only file system, as a container that has a person's home mounted: what can be read there is refreshed, and kept elsewhere.
#[test]
fn a_session_that_can_only_be_read_is_refreshed_without_a_sign_in() {
    for storage in ["run", "file"] {
        let sandbox = Sandbox::new();
        sandbox.signed_in();
        sandbox.expire();
        let before = fs::read(sandbox.session_file()).unwrap();
        fs::create_dir(sandbox.path("run")).unwrap();
        chmod(&sandbox.path("run"), 0o700);
        fs::write(sandbox.path("file"), "").unwrap();
        let Some(call) = sandbox.with_read_only_cache_or_skip() else {
            return;
        };
        let call = call.env("XDG_RUNTIME_DIR", &sandbox.path(storage).to_string_lossy());
        let outcome = call.run();
        outcome.token();
        assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (1, 1));
        let told = sandbox.filtered(&outcome);
        let expected = if storage == "run" {
            "the session is kept in `[HOME]/run/kubesesame` until you log out, since `[HOME]/.kube/cache/kubesesame` cannot be used"
        } else {
            // A runtime directory that cannot be used leaves the temporary files.
            "the session is kept in `[HOME]/kubesesame-"
        };
        assert!(told.contains(expected), "{told}");
        assert_eq!(fs::read(sandbox.session_file()).unwrap(), before);
        let second = call.run();
        assert_eq!((second.token(), second.stderr.as_str()), (outcome.token(), ""));
    }
}

/// Nothing is known of what is in it, so that is one sign-in, and not one for each call.
#[test]
fn a_cache_that_cannot_be_read_costs_a_note_and_not_the_token() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    fs::create_dir(sandbox.path("run")).unwrap();
    chmod(&sandbox.path("run"), 0o700);
    let Some(call) = sandbox.get_token().without_rights_of_root_or_skip() else {
        return;
    };
    chmod(&sandbox.cache_dir(), 0o000);
    let call = call.env("XDG_RUNTIME_DIR", &sandbox.path("run").to_string_lossy());
    let outcome = call.run();
    outcome.token();
    let told = sandbox.filtered(&outcome);
    assert!(
        told.contains("since `[HOME]/.kube/cache/kubesesame` cannot be used"),
        "{told}"
    );
    assert_eq!(call.run().token(), outcome.token());
    assert_eq!(sandbox.tabs(), 2);
    chmod(&sandbox.cache_dir(), 0o700);
}

/// The provider has ended the session that can only be read: it cannot be put away there, and is not asked for again.
#[test]
fn a_session_that_can_only_be_read_and_has_ended_costs_one_sign_in() {
    let sandbox = Sandbox::new();
    sandbox.signed_in();
    sandbox.expire();
    sandbox.okta.end_sessions();
    fs::create_dir(sandbox.path("run")).unwrap();
    chmod(&sandbox.path("run"), 0o700);
    let Some(call) = sandbox.with_read_only_cache_or_skip() else {
        return;
    };
    let call = call.env("XDG_RUNTIME_DIR", &sandbox.path("run").to_string_lossy());
    let outcome = call.run();
    outcome.token();
    assert!(outcome.stderr.contains("the session has ended"), "{outcome}");
    assert_eq!(call.run().token(), outcome.token());
    assert_eq!((sandbox.tabs(), sandbox.grants("refresh_token")), (2, 1));
}

#[test]
fn a_file_in_place_of_the_cache_directory_costs_a_warning_and_not_the_token() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path(".kube/cache")).unwrap();
    fs::write(sandbox.cache_dir(), "notes").unwrap();
    let outcome = sandbox.get_token().run();
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: sessions cannot be kept")
            && outcome.stderr.contains("is not a directory"),
        "{outcome}"
    );
    assert_eq!(fs::read(sandbox.cache_dir()).unwrap(), b"notes");
}

#[test]
fn without_a_home_sessions_are_not_kept_and_a_warning_says_so() {
    // A user without an entry has no home; nor may it open this sandbox's browser.
    let Some(by_user) = as_user_or_skip(4242, 4242) else {
        return;
    };
    let sandbox = Sandbox::new();
    let call = sandbox.get_token().without_env("HOME").through(&by_user);
    let outcome = call
        .arg("--authentication-timeout-sec=1")
        .with("--browser-command", "true")
        .run();
    outcome.fails(
        1,
        &[
            "warning: sessions cannot be kept",
            "there is no home directory",
            "nobody signed in",
        ],
    );
}
