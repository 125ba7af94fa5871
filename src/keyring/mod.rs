//! The keyring of the operating system: the only access point to it.
//!
//! Owns how a key or a mark (an entry that says something by being there) is stored under a name, and that a request never takes longer than three seconds: a locked keyring may wait for a
//! person who is not there. On Linux, keys that were read are cached in the kernel's keyring for ten hours, so that a cached call does not
//! use D-Bus. Never falls back to another store.

mod error;
#[cfg(target_os = "linux")]
mod kernel;
mod keys;

pub(crate) use error::Error;
pub(crate) use keys::{
    cached_key, forget_cached_key, has_cached_mark, has_mark, read, read_item, remove, set_mark, write,
};
