//! The fast lane on Linux: the kernel keeps a key in its own memory for the user (keyrings(7)).
//!
//! It is gone after a working day and at a reboot; a logout does not end it. A container without it (seccomp, Docker's
//! default) does without. Nobody is told of a failure: the keyring behind it has the key.

use data_encoding::HEXLOWER;
use linux_keyutils::{KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};

use crate::secret::SecretKey;

/// How long a key stays, in seconds: the keyring may have been locked since.
const KEY_LIFETIME_SECS: usize = 10 * 60 * 60;

pub(super) fn read(name: &str) -> Option<SecretKey> {
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, false).ok()?;
    let text = user.search(&described(name)).ok()?.read_to_vec().ok()?;
    SecretKey::parse(&HEXLOWER, &text)
}

pub(super) fn write(name: &str, key: &SecretKey) {
    let _failed = try_write(name, key);
}

fn try_write(name: &str, key: &SecretKey) -> Result<(), KeyError> {
    // Made in the process's own keyring first: only who possesses a key may set its permissions, and processes of other
    // sessions of this user do not possess what is in the user's keyring.
    let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
    let text = key.encode(&HEXLOWER);
    let made = process.add_key(&described(name), text.expose().as_bytes())?;
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
    let _failed = KeyRing::from_special_id(KeyRingIdentifier::User, false)
        .and_then(|user| user.search(&described(name)).and_then(|key| user.unlink_key(key)));
}

fn described(name: &str) -> String {
    format!("kubesesame:{name}")
}
