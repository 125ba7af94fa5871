//! Keys in the OS keyring, and their cache in the kernel.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use keyring_core::{CredentialStore, Entry, Error as StoreError};

use super::Error;
#[cfg(target_os = "linux")]
use super::kernel;
use crate::error_chain::chain;
use crate::process;
use crate::secret::{Secret, SecretKey};
use crate::untrusted_text::UntrustedText;

/// How long a request to the keyring may take. An unlocked one responds within milliseconds.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The service name of all entries of kubesesame.
const SERVICE: &str = "kubesesame";

/// The label that the keyring's own program displays.
const LABEL: &str = "kubesesame: key of a session";

/// The content of a mark, which is no key: whoever knows it can open nothing with it.
const MARK: &str = "this session was sealed";

/// Reads the key of this name, and on Linux caches it in the kernel. `None` if there is none, or if the entry is no key.
///
/// # Errors
/// When the keyring is absent, locked, too slow, or refuses the request.
pub(crate) fn read(name: &str) -> Result<Option<SecretKey>, Error> {
    // Another program may have changed the entry.
    let key = read_entry(name)?.and_then(|text| SecretKey::parse(&HEXLOWER, &text));
    if let Some(key) = &key {
        cache(name, &key.encode(&HEXLOWER));
    }
    Ok(key)
}

/// Reads an item that is not kubesesame's, which another program has stored. `None` if there is none.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_item(service: &str, account: &str) -> Result<Option<Secret>, Error> {
    with_timeout(service, account, |entry| match entry.get_password() {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(StoreError::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

fn read_entry(name: &str) -> Result<Option<Vec<u8>>, Error> {
    with_timeout(SERVICE, name, |entry| match entry.get_secret() {
        Ok(text) => Ok(Some(text)),
        Err(StoreError::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Stores a key under this name, replaces an existing one, and on Linux caches it in the kernel.
///
/// # Errors
/// As for [`read`].
pub(crate) fn write(name: &str, key: &SecretKey) -> Result<(), Error> {
    // As text: KWallet stores nothing else.
    write_entry(name, &key.encode(&HEXLOWER))
}

fn write_entry(name: &str, text: &Secret) -> Result<(), Error> {
    let entry_text = text.clone();
    with_timeout(SERVICE, name, move |entry| {
        entry.set_secret(entry_text.expose().as_bytes())
    })?;
    cache(name, text);
    Ok(())
}

/// Sets the mark of this name: an entry that says something by being there. On Linux it is cached in the kernel.
///
/// # Errors
/// As for [`read`].
pub(crate) fn set_mark(name: &str) -> Result<(), Error> {
    write_entry(name, &Secret::new(MARK))
}

/// Whether there is an entry of this name, with any content. On Linux it is cached in the kernel that there is.
///
/// # Errors
/// As for [`read`].
pub(crate) fn has_mark(name: &str) -> Result<bool, Error> {
    let is_set = has_cached_mark(name) || read_entry(name)?.is_some();
    if is_set && !has_cached_mark(name) {
        cache(name, &Secret::new(MARK));
    }
    Ok(is_set)
}

/// Removes the key or mark of this name. It is no error if there is none. The kernel's cache still has it, see [`forget_cached_key`].
///
/// # Errors
/// As for [`read`].
pub(crate) fn remove(name: &str) -> Result<(), Error> {
    with_timeout(SERVICE, name, |entry| match entry.delete_credential() {
        Err(StoreError::NoEntry) => Ok(()),
        result => result,
    })
}

/// Removes the key or mark from the kernel's cache, without a request to the keyring.
pub(crate) fn forget_cached_key(name: &str) {
    #[cfg(target_os = "linux")]
    kernel::forget(name);
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

/// Returns the key from the kernel's cache, without a request to the keyring.
pub(crate) fn cached_key(name: &str) -> Option<SecretKey> {
    #[cfg(target_os = "linux")]
    return kernel::read(name);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = name;
        None
    }
}

/// Whether there is an entry of this name in the kernel's cache.
pub(crate) fn has_cached_mark(name: &str) -> bool {
    #[cfg(target_os = "linux")]
    return kernel::has(name);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = name;
        false
    }
}

fn cache(name: &str, text: &Secret) {
    #[cfg(target_os = "linux")]
    kernel::write(name, text);
    #[cfg(not(target_os = "linux"))]
    let _ = (name, text);
}

/// Sends a request on a thread of its own. After the timeout the thread is abandoned, since a blocked request cannot be cancelled.
fn with_timeout<T: Send + 'static>(
    service: &str,
    name: &str,
    request: impl Fn(&Entry) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = channel();
    let (service, name) = (service.to_owned(), name.to_owned());
    // `thread::spawn` panics if the system cannot start a thread.
    let started = thread::Builder::new().spawn(move || {
        process::leave_signals_to_main_thread();
        // Some services refuse one of 256 key exchanges by chance, if the number has a leading zero. So it is tried twice.
        let result = open_entry(&service, &name)
            .or_else(|_| open_entry(&service, &name))
            .map_err(|error| Error::Absent(error_text(&error)))
            .and_then(|entry| request(&entry).map_err(|error| request_error(&error)));
        drop(sender.send(result));
    });
    started.map_err(Error::NoThread)?;
    match receiver.recv_timeout(RESPONSE_TIMEOUT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(Error::NoAnswer),
        Err(RecvTimeoutError::Disconnected) => Err(Error::RequestAborted),
    }
}

fn open_entry(service: &str, name: &str) -> Result<Entry, StoreError> {
    let label = HashMap::from([("label", LABEL)]);
    let modifiers = cfg!(target_os = "linux").then_some(&label);
    store()?.build(service, name, modifiers)
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

fn request_error(error: &StoreError) -> Error {
    match error {
        StoreError::NoStorageAccess(_) => Error::Locked(error_text(error)),
        _ => Error::Failed(error_text(error)),
    }
}

/// The innermost cause of a store's error, which is the most precise. It never contains the entry.
fn error_text(error: &StoreError) -> UntrustedText {
    let innermost = chain(error).last().map(ToString::to_string);
    UntrustedText::with_limit(&innermost.unwrap_or_default(), 200)
}
