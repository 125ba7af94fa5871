//! kubectl's lock on kubeconfigs, and the removal of files that a killed process left.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::staged::remove_copy;
use super::{
    COPY_SUFFIX, TEMPORARY_SUFFIX, UserFile, UserFileError, read_open, temporary_prefix, with_suffix,
};
use crate::clock;
use crate::files::{open, platform};
use crate::process::HeldSignals;

/// kubectl's lock on some files. It is released on drop.
///
/// Signals are deferred until then, because no program removes the lock of a killed process, and kubectl cannot change the files while it
/// exists.
#[derive(Debug)]
pub(crate) struct UserFileLock {
    names: Vec<PathBuf>,
    /// Fields are dropped after the lock files are removed, so signals are delivered last.
    _signals: HeldSignals,
}

impl UserFileLock {
    /// Takes the locks of all files, or none. A lock is a file that is created exclusively, for the named path and for the canonical path.
    ///
    /// Also removes what a killed process left beside the files: temporary files, and a copy that is no longer needed.
    pub(crate) fn take(files: &[&UserFile]) -> Result<Self, UserFileError> {
        let mut lock = Self {
            names: Vec::new(),
            _signals: HeldSignals::hold(),
        };
        for file in files {
            let mut names = vec![with_suffix(&file.named, ".lock")];
            if file.is_link() {
                names.push(with_suffix(&file.canonical_path, ".lock"));
            }
            for name in names {
                match open(OpenOptions::new().write(true).create_new(true), &name) {
                    Ok(_) => lock.names.push(name),
                    Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(UserFileError::Locked {
                            path: file.named.clone(),
                            age: lock_age(&name),
                            lock: name,
                        });
                    }
                    Err(source) => return Err(UserFileError::io("make the lock", &name)(source)),
                }
            }
            file.remove_stale_files();
        }
        Ok(lock)
    }
}

impl Drop for UserFileLock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    fn drop(&mut self) {
        for name in &self.names {
            drop(fs::remove_file(name));
        }
    }
}

/// The state of a write in place, judged by its complete copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyState {
    NoCopy,
    /// The file equals the copy, so the write was completed.
    Complete,
    /// The file differs from the copy, so the write was interrupted.
    Incomplete,
}

/// Returns how long a lock has existed, or `None` if its age cannot be determined.
fn lock_age(lock: &Path) -> Option<Duration> {
    let made = fs::symlink_metadata(lock).ok()?.modified().ok()?;
    let age_secs = clock::now().secs_since(made.into());
    u64::try_from(age_secs).ok().map(Duration::from_secs)
}

impl UserFile {
    /// Removes files that a killed kubesesame left in the directory of the file. They may contain secrets. Does nothing if another process
    /// holds the lock.
    pub(crate) fn remove_stale_temporaries(&self) {
        if !self.stale_temporaries().is_empty() || self.copy_state() == CopyState::Complete {
            // Taking the lock removes them.
            drop(UserFileLock::take(&[self]));
        }
    }

    /// Removes stale files. The caller must hold the lock, so that no other process writes them.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    fn remove_stale_files(&self) {
        for path in self.stale_temporaries() {
            drop(fs::remove_file(path));
        }
        if self.copy_state() == CopyState::Complete {
            remove_copy(&with_suffix(&self.canonical_path, COPY_SUFFIX));
        }
    }

    /// Returns the path of the complete copy if a write in place was interrupted and the file is incomplete.
    pub(crate) fn interrupted_write_copy(&self) -> Option<PathBuf> {
        (self.copy_state() == CopyState::Incomplete).then(|| with_suffix(&self.canonical_path, COPY_SUFFIX))
    }

    /// Looks at the copy. A copy of another user is ignored, because kubectl runs the commands in a kubeconfig.
    fn copy_state(&self) -> CopyState {
        let path = with_suffix(&self.canonical_path, COPY_SUFFIX);
        let is_own = fs::symlink_metadata(&path)
            .is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata));
        let copy = || read_open(platform::open_to_read(&path).ok()?, &path).ok();
        match copy().filter(|_| is_own) {
            None => CopyState::NoCopy,
            Some(copy) if self.read().is_ok_and(|bytes| bytes == copy) => CopyState::Complete,
            Some(_) => CopyState::Incomplete,
        }
    }

    /// Returns the temporary files for this file that kubesesame has created for this user.
    fn stale_temporaries(&self) -> Vec<PathBuf> {
        let Some(dir) = self.canonical_path.parent() else {
            return Vec::new();
        };
        let Ok(entries) = fs::read_dir(dir) else {
            return Vec::new();
        };
        let prefix = temporary_prefix(&self.canonical_path);
        let prefix = prefix.as_encoded_bytes();
        let is_stale_temporary = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            let random = name
                .as_encoded_bytes()
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX.as_bytes()));
            // The prefix also fits another file whose name starts with the name of this one.
            random.is_some_and(|random| random.iter().all(u8::is_ascii_alphanumeric))
                && entry
                    .metadata()
                    .is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata))
        };
        entries
            .flatten()
            .filter(is_stale_temporary)
            .map(|entry| entry.path())
            .collect()
    }
}
