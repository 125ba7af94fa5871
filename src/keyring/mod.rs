//! The keyring of the operating system: the only access point to it.
//!
//! Owns how a small secret is kept under a name, and that asking never takes longer than [`ANSWER_TIMEOUT`]: a keyring that is locked
//! may wait for a person who is not there. On Linux what was read is kept in the kernel's keyring for a working day, so that a
//! cached call does not go over D-Bus. Never falls back to anything else.

#[cfg(target_os = "linux")]
mod kernel;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use keyring_core::{CredentialStore, Entry, Error as StoreError};

use crate::process;
use crate::secret::SecretKey;
use crate::untrusted_text::UntrustedText;

/// How long a keyring may take to answer. One that is unlocked takes some milliseconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Under this name our entries stand beside those of other programs.
const SERVICE: &str = "kubesesame";

/// What a person reads in their keyring's own program.
const LABEL: &str = "kubesesame: key of a session";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the OS keyring did not answer within {} s: it is locked, or waits for somebody", ANSWER_TIMEOUT.as_secs())]
    NoAnswer,
    #[error("the OS keyring is locked: {0}")]
    Locked(UntrustedText),
    #[error("there is no OS keyring here: {0}")]
    Absent(UntrustedText),
    #[error("the OS keyring refused: {0}")]
    Refused(UntrustedText),
    #[error("the system starts no thread to ask the OS keyring with: {0}")]
    NoThread(std::io::Error),
}

impl Error {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoAnswer | Self::Locked(_) => {
                "unlock the keyring and try again, or keep sessions on disk with --token-cache-storage=disk".to_owned()
            }
            Self::NoThread(_) => {
                "close programs, or raise the limit (ulimit -u, or pids.max of the container), and try again".to_owned()
            }
            Self::Absent(_) => {
                "sign in at the desktop, or use --token-cache-storage=disk where there is none".to_owned()
            }
            Self::Refused(_) => {
                "look at the entries of kubesesame in the keyring's own program, or use --token-cache-storage=disk"
                    .to_owned()
            }
        }
    }
}

/// Returns the key of this name, if there is one.
pub(crate) fn read(name: &str) -> Result<Option<SecretKey>, Error> {
    let key = in_time(name, |entry| match entry.get_secret() {
        Ok(text) => Ok(Some(text)),
        Err(StoreError::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })?;
    // What somebody else has put there is no key of ours.
    let key = key.and_then(|text| SecretKey::parse(&HEXLOWER, &text));
    if let Some(key) = &key {
        remember(name, key);
    }
    Ok(key)
}

/// Keeps a key under this name; what was there is replaced.
pub(crate) fn write(name: &str, key: &SecretKey) -> Result<(), Error> {
    // As text: KWallet stores nothing else.
    let text = key.encode(&HEXLOWER);
    in_time(name, move |entry| entry.set_secret(text.expose().as_bytes()))?;
    remember(name, key);
    Ok(())
}

/// Removes the key of this name; that there is none is fine.
pub(crate) fn remove(name: &str) -> Result<(), Error> {
    in_time(name, |entry| match entry.delete_credential() {
        Err(StoreError::NoEntry) => Ok(()),
        result => result,
    })
}

/// Forgets the key that is at hand without asking the keyring.
pub(crate) fn forget_cached(name: &str) {
    #[cfg(target_os = "linux")]
    kernel::forget(name);
    #[cfg(not(target_os = "linux"))]
    let _none_is = name;
}

/// Returns the key if it is at hand without asking the keyring.
pub(crate) fn cached_key(name: &str) -> Option<SecretKey> {
    #[cfg(target_os = "linux")]
    return kernel::read(name);
    #[cfg(not(target_os = "linux"))]
    {
        let _none_is = name;
        None
    }
}

fn remember(name: &str, key: &SecretKey) {
    #[cfg(target_os = "linux")]
    kernel::write(name, key);
    #[cfg(not(target_os = "linux"))]
    let _not_needed = (name, key);
}

/// Asks on a thread that is left alone when it takes too long: nothing can call it back.
fn in_time<T: Send + 'static>(
    name: &str,
    ask: impl Fn(&Entry) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Error> {
    let (answer, answered) = channel();
    let name = name.to_owned();
    // The plain `thread::spawn` panics where the system has no thread to give.
    let asking = thread::Builder::new().spawn(move || {
        process::leave_signals_to_main_thread();
        // The first try may fail by chance: some services refuse a key exchange in 256 whose number has a leading zero.
        let result = connected(&name)
            .or_else(|_| connected(&name))
            .map_err(|error| Error::Absent(shown(&error)))
            .and_then(|entry| ask(&entry).map_err(|error| explained(&error)));
        drop(answer.send(result));
    });
    asking.map_err(Error::NoThread)?;
    match answered.recv_timeout(ANSWER_TIMEOUT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Error::NoAnswer),
    }
}

fn connected(name: &str) -> Result<Entry, StoreError> {
    let label = HashMap::from([("label", LABEL)]);
    let modifiers = cfg!(target_os = "linux").then_some(&label);
    store()?.build(SERVICE, name, modifiers)
}

#[cfg(target_os = "linux")]
fn store() -> Result<Arc<CredentialStore>, StoreError> {
    Ok(dbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<CredentialStore>, StoreError> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> Result<Arc<CredentialStore>, StoreError> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn store() -> Result<Arc<CredentialStore>, StoreError> {
    Err(StoreError::NoDefaultStore)
}

fn explained(error: &StoreError) -> Error {
    match error {
        StoreError::NoStorageAccess(_) => Error::Locked(shown(error)),
        _ => Error::Refused(shown(error)),
    }
}

/// A store's error with its innermost cause, which says more; never the entry.
fn shown(error: &StoreError) -> UntrustedText {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    UntrustedText::with_limit(&cause.to_string(), 200)
}
