//! kubectl's lock on kubeconfigs, and what is left of those who held it.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::staged::remove_copy;
use super::{TEMPORARY_SUFFIX, UserFile, UserFileError, WHOLE_COPY, beside, read_open, temporary_prefix};
use crate::clock;
use crate::files::{open, platform};
use crate::process::HeldSignals;

/// kubectl's lock on some files, ours until this is dropped.
///
/// Signals wait meanwhile: nobody removes the lock of a process that was ended, and kubectl changes nothing as long as it is there.
#[derive(Debug)]
pub(crate) struct UserFileLock {
    names: Vec<PathBuf>,
    /// Let go last: fields are dropped after the lock is removed.
    _signals: HeldSignals,
}

impl UserFileLock {
    /// Takes the lock of each file: a file beside, made exclusively, under the given name and the real one. All or none.
    pub(crate) fn take(files: &[&UserFile]) -> Result<Self, UserFileError> {
        let mut lock = Self {
            names: Vec::new(),
            _signals: HeldSignals::hold(),
        };
        for file in files {
            let mut names = vec![beside(&file.named, ".lock")];
            if file.is_link() {
                names.push(beside(&file.real, ".lock"));
            }
            for name in names {
                match open(OpenOptions::new().write(true).create_new(true), &name) {
                    Ok(_) => lock.names.push(name),
                    Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(UserFileError::Locked {
                            path: file.named.clone(),
                            age: age(&name),
                            lock: name,
                        });
                    }
                    Err(source) => return Err(UserFileError::io("make the lock", &name)(source)),
                }
            }
            file.remove_leftovers();
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

/// What a write in place has left beside the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WholeCopy {
    None,
    /// The file holds the same.
    OfTheSame,
    OfAnother,
}

/// How long a lock has been there; a clock that was set back tells nothing.
fn age(lock: &Path) -> Option<Duration> {
    let made = fs::symlink_metadata(lock).ok()?.modified().ok()?;
    let made = made.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let now = u64::try_from(clock::now()).ok()?;
    now.checked_sub(made).map(Duration::from_secs)
}

impl UserFile {
    /// Removes what a killed process of ours left beside the file: it holds what the file holds, secrets too. Nothing is done where
    /// somebody else is at work.
    pub(crate) fn sweep(&self) {
        if !self.leftovers().is_empty() || self.whole_copy() == WholeCopy::OfTheSame {
            // Who takes the lock removes them.
            drop(UserFileLock::take(&[self]));
        }
    }

    /// Only for who holds the lock: nobody else writes then.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    fn remove_leftovers(&self) {
        for path in self.leftovers() {
            drop(fs::remove_file(path));
        }
        if self.whole_copy() == WholeCopy::OfTheSame {
            remove_copy(&beside(&self.real, WHOLE_COPY));
        }
    }

    /// The whole of what was written in place when the writer was killed or could not go on, if the file is not that now.
    pub(crate) fn unfinished(&self) -> Option<PathBuf> {
        (self.whole_copy() == WholeCopy::OfAnother).then(|| beside(&self.real, WHOLE_COPY))
    }

    /// One of another user is none: what it says would be run.
    fn whole_copy(&self) -> WholeCopy {
        let path = beside(&self.real, WHOLE_COPY);
        let is_ours = fs::symlink_metadata(&path)
            .is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata));
        let copy = || read_open(platform::open_to_read(&path).ok()?, &path).ok();
        match copy().filter(|_| is_ours) {
            None => WholeCopy::None,
            Some(copy) if self.read().is_ok_and(|bytes| bytes == copy) => WholeCopy::OfTheSame,
            Some(_) => WholeCopy::OfAnother,
        }
    }

    /// Temporary files for this file, which are ours by their name and by their owner.
    fn leftovers(&self) -> Vec<PathBuf> {
        let Some(dir) = self.real.parent() else {
            return Vec::new();
        };
        let Ok(entries) = fs::read_dir(dir) else {
            return Vec::new();
        };
        let prefix = temporary_prefix(&self.real);
        let prefix = prefix.as_encoded_bytes();
        let is_leftover = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            let random = name
                .as_encoded_bytes()
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX.as_bytes()));
            // Another file's name may begin with this one's.
            random.is_some_and(|random| random.iter().all(u8::is_ascii_alphanumeric))
                && entry
                    .metadata()
                    .is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata))
        };
        entries
            .flatten()
            .filter(is_leftover)
            .map(|entry| entry.path())
            .collect()
    }
}
