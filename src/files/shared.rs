//! Files that several processes have open at the same time: lock files, and files of slots.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use super::{Action, Error, platform};

/// A file of slots of one size that are read and written in place, without a lock. Of two writers at the same time, either may win, so it
/// is only for entries whose loss does no harm.
#[derive(Debug)]
pub(crate) struct SlotFile {
    pub(super) file: File,
}

impl SlotFile {
    /// Returns a slot, or zeros if it was never written.
    pub(crate) fn read<const SIZE: usize>(&self, index: u64) -> [u8; SIZE] {
        let mut slot = [0; SIZE];
        match platform::read_at(&self.file, &mut slot, index * SIZE as u64) {
            Ok(()) => slot,
            Err(_) => [0; SIZE],
        }
    }

    /// Writes a slot. A failure is not reported, since an entry may be lost anyway.
    pub(crate) fn write<const SIZE: usize>(&self, index: u64, slot: [u8; SIZE]) {
        drop(platform::write_at(&self.file, &slot, index * SIZE as u64));
    }
}

/// An advisory lock between processes. The kernel releases it when its holder ends, even by a kill.
#[derive(Debug)]
pub(crate) struct LockFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl LockFile {
    /// Tries once to take the lock, and returns whether this process holds it now.
    pub(crate) fn try_lock(&self) -> Result<bool, Error> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(Error::Io {
                action: Action::Lock,
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Writes a text that identifies the holder. A failure is not reported, since it is only for messages.
    pub(crate) fn write_holder(&mut self, text: &str) {
        if self.file.set_len(0).is_ok() {
            drop(self.file.write_all(text.as_bytes()));
        }
    }

    /// Returns the text that the holder wrote.
    pub(crate) fn holder(&self) -> Option<String> {
        let mut text = String::new();
        let file = platform::open_to_read(&self.path).ok()?;
        file.take(64).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}
