//! `auto` where a session was sealed and is gone, and the keyring is gone too: the kernel still knows that it was sealed.

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use linux_keyutils::{KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use serde_json::json;

use crate::support::{Call, Sandbox, skip};

/// The mark of the sandbox's session, as the kernel knows it for some hours after the session was sealed. Gone with the value.
struct MarkAtHand {
    name: String,
}

impl MarkAtHand {
    fn user() -> Option<KeyRing> {
        KeyRing::from_special_id(KeyRingIdentifier::User, true).ok()
    }

    /// None where the kernel keeps no keys, as in a container.
    fn new(sandbox: &Sandbox) -> Option<Self> {
        let dir = fs::canonicalize(sandbox.cache_dir()).ok()?;
        Self::of(sandbox, dir.to_str()?)
    }

    /// By this name of the directory.
    fn of(sandbox: &Sandbox, dir: &str) -> Option<Self> {
        let lock = sandbox.cache_file(".lock");
        let key = lock.file_stem()?.to_str()?;
        let text = json!(["kubesesame sealed", dir, key]).to_string();
        let mark = HEXLOWER.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16]);
        let name = format!("kubesesame:{mark}");
        let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).ok()?;
        let key = process.add_key(&name, "00".repeat(32).as_bytes()).ok()?;
        let permissions = KeyPermissionsBuilder::builder()
            .posessor(Permission::ALL)
            .user(Permission::ALL)
            .build();
        key.set_perms(permissions).ok()?;
        Self::user()?.link_key(key).ok()?;
        let mark = Self { name };
        mark.is_there().then_some(mark)
    }

    fn is_there(&self) -> bool {
        Self::user().is_some_and(|user| user.search(&self.name).is_ok())
    }
}

impl Drop for MarkAtHand {
    fn drop(&mut self) {
        if let Some(user) = Self::user()
            && let Ok(key) = user.search(&self.name)
        {
            let _failed = user.unlink_key(key);
        }
    }
}

impl Sandbox {
    /// A session of `auto` that was sealed and is gone, on a machine whose keyring is gone too. None, and the test is skipped, where the
    /// kernel keeps no keys.
    fn with_sealed_session_gone_or_skip(&self) -> Option<(MarkAtHand, Call)> {
        self.signed_in();
        let Some(mark) = MarkAtHand::new(self) else {
            skip("needs a kernel that keeps keys, which it does not do in a container");
            return None;
        };
        fs::remove_file(self.session_file()).unwrap();
        let call = self.get_token().arg("--token-cache-storage=auto");
        Some((mark, call.without_bus(self)))
    }
}

/// Sealed at the desktop, the cache removed, and then by SSH.
#[test]
fn auto_goes_on_in_a_file_where_the_sealed_session_and_the_keyring_are_gone() {
    let sandbox = Sandbox::new();
    let Some((mark, call)) = sandbox.with_sealed_session_gone_or_skip() else {
        return;
    };
    let first = call.run();
    let told = "warning: the session is sealed no longer, but kept in a file that only you can read, since there is no OS keyring here";
    assert_eq!(first.stderr.matches(told).count(), 1, "{first}");
    assert!(!mark.is_there(), "the file is not taken for somebody else's");
    let second = call.run();
    assert_eq!((second.token(), second.stderr.as_str()), (first.token(), ""));
    sandbox.expire();
    let refreshed = call.run();
    assert_eq!(refreshed.stderr, "");
    assert_ne!(refreshed.token(), first.token());
    assert_eq!(sandbox.tabs(), 2);
}

/// Whoever can write there could have made it.
#[test]
fn auto_refuses_a_plain_file_in_place_of_a_sealed_one_where_the_keyring_is_gone() {
    let sandbox = Sandbox::new();
    let Some((mark, call)) = sandbox.with_sealed_session_gone_or_skip() else {
        return;
    };
    sandbox.get_token().run().token();
    let before = fs::read(sandbox.session_file()).unwrap();
    let plain = sandbox.session_file();
    let cure = format!("mv {0} {0}.old", plain.display());
    call.run().fails(
        1,
        &[
            "a plain file is in its place",
            "there is no OS keyring here",
            &cure,
        ],
    );
    assert!(mark.is_there());
    assert_eq!(fs::read(&plain).unwrap(), before);
    fs::rename(&plain, sandbox.path("old")).unwrap();
    let outcome = call.run();
    outcome.token();
    assert!(outcome.stderr.contains("warning: "), "{outcome}");
}

/// The mark is of the directory, however that is named.
#[test]
fn a_plain_file_in_place_of_a_sealed_one_is_refused_however_the_directory_is_named() {
    let sandbox = Sandbox::new();
    let Some((mark, call)) = sandbox.with_sealed_session_gone_or_skip() else {
        return;
    };
    sandbox.get_token().run().token();
    let dir = sandbox.cache_dir().display().to_string();
    let parent = sandbox.path(".kube/cache").display().to_string();
    for name in [
        dir.clone(),
        format!("{dir}/"),
        format!("{dir}/."),
        format!("{parent}//kubesesame"),
        format!("{parent}/../cache/kubesesame"),
        "~/.kube/./cache/kubesesame".to_owned(),
        ".kube/cache/kubesesame".to_owned(),
    ] {
        let home = sandbox.path("").display().to_string();
        let call = call.clone().arg(&format!("--token-cache-dir={name}"));
        let call = call.through(&["sh", "-c", "cd \"$0\" && exec \"$@\"", &home]);
        let outcome = call.run();
        outcome.fails(1, &["a plain file is in its place"]);
        assert!(mark.is_there(), "{name}");
    }
}

/// Earlier versions named the mark by the directory as it was spelled.
#[test]
fn a_mark_of_an_earlier_version_counts_and_is_forgotten_by_clean() {
    let sandbox = Sandbox::new();
    let dir = format!("{}/", sandbox.cache_dir().display());
    sandbox.signed_in();
    let Some(mark) = MarkAtHand::of(&sandbox, &dir) else {
        return skip("the kernel keeps no keys");
    };
    let flag = format!("--token-cache-dir={dir}");
    let call = sandbox
        .get_token()
        .arg(&flag)
        .arg("--token-cache-storage=auto")
        .without_bus(&sandbox);
    call.run().fails(1, &["a plain file is in its place"]);
    let cleaned = sandbox.bare(&["clean", &flag]).without_bus(&sandbox).run();
    assert_eq!(cleaned.code, Some(0), "{cleaned}");
    assert!(!mark.is_there());
}

/// What is left of it is its lock.
#[test]
fn clean_forgets_that_a_session_was_sealed_which_is_gone() {
    let sandbox = Sandbox::new();
    let Some((mark, call)) = sandbox.with_sealed_session_gone_or_skip() else {
        return;
    };
    let cleaned = sandbox.bare(&["clean"]).without_bus(&sandbox).run();
    assert_eq!(cleaned.code, Some(0), "{cleaned}");
    assert!(!mark.is_there());
    let outcome = call.run();
    outcome.token();
    assert!(!outcome.stderr.contains("sealed"), "{outcome}");
}
