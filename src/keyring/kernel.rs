//! The cache on Linux: the kernel stores a key in its own memory for the user (keyrings(7)).
//!
//! A key is removed after ten hours and at a reboot, but not at a logout. A container may forbid it (seccomp, Docker's default). Failures
//! are not reported, since the OS keyring has the key.

use data_encoding::HEXLOWER;
use linux_keyutils::{KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};

use crate::secret::{Secret, SecretKey};

/// How long a key is cached. The limit exists because the user may lock the OS keyring in the meantime.
const KEY_LIFETIME_SECS: usize = 10 * 60 * 60;

pub(super) fn read(name: &str) -> Option<SecretKey> {
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, false).ok()?;
    let text = user.search(&description(name)).ok()?.read_to_vec().ok()?;
    SecretKey::parse(&HEXLOWER, &text)
}

pub(super) fn has(name: &str) -> bool {
    KeyRing::from_special_id(KeyRingIdentifier::User, false)
        .and_then(|user| user.search(&description(name)))
        .is_ok()
}

pub(super) fn write(name: &str, text: &Secret) {
    let _failed = try_write(name, text);
}

fn try_write(name: &str, text: &Secret) -> Result<(), KeyError> {
    // The key is added to the process keyring first. Only a possessor may set a key's permissions, and a process of another session
    // does not possess the keys in the user keyring.
    let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
    let made = process.add_key(&description(name), text.expose().as_bytes())?;
    let of_user =
        Permission::VIEW | Permission::READ | Permission::SEARCH | Permission::WRITE | Permission::LINK;
    let permissions = KeyPermissionsBuilder::builder()
        .posessor(Permission::ALL)
        .user(of_user)
        .build();
    made.set_perms(permissions)?;
    made.set_timeout(KEY_LIFETIME_SECS)?;
    KeyRing::from_special_id(KeyRingIdentifier::User, true)?.link_key(made)
}

pub(super) fn forget(name: &str) {
    let _failed = KeyRing::from_special_id(KeyRingIdentifier::User, false).and_then(|user| {
        user.search(&description(name))
            .and_then(|key| user.unlink_key(key))
    });
}

fn description(name: &str) -> String {
    format!("kubesesame:{name}")
}
