//! Files that several processes hold open at the same time: locks, and slots that are written without one.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use super::{Error, platform};

/// A file of slots that are read and written in place, without a lock: whoever comes at the same moment may win. For notes whose
/// loss costs nothing.
#[derive(Debug)]
pub(crate) struct Slots {
    pub(super) file: File,
}

impl Slots {
    /// Returns a slot; zeros where nothing was written yet.
    pub(crate) fn read<const SIZE: usize>(&self, index: u64) -> [u8; SIZE] {
        let mut slot = [0; SIZE];
        match platform::read_at(&self.file, &mut slot, index * SIZE as u64) {
            Ok(()) => slot,
            Err(_) => [0; SIZE],
        }
    }

    /// Writes a slot. Nobody relies on it, so a failure is not told.
    pub(crate) fn write<const SIZE: usize>(&self, index: u64, slot: [u8; SIZE]) {
        drop(platform::write_at(&self.file, &slot, index * SIZE as u64));
    }
}

/// An advisory lock between processes; the kernel lets go of it when its holder ends, however it ends.
#[derive(Debug)]
pub(crate) struct LockFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl LockFile {
    /// Tries once, and returns whether the lock is ours now.
    pub(crate) fn try_lock(&self) -> Result<bool, Error> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(Error::Io {
                action: "lock",
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Leaves a word for those who wait. Nobody relies on it, so a failure is not told.
    pub(crate) fn note(&mut self, text: &str) {
        if self.file.set_len(0).is_ok() {
            drop(self.file.write_all(text.as_bytes()));
        }
    }

    /// Returns the word that the holder left.
    pub(crate) fn holder(&self) -> Option<String> {
        let mut text = String::new();
        let file = platform::open_to_read(&self.path).ok()?;
        file.take(64).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}
