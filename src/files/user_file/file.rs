//! Finds and reads the file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{FileType, Staged, UserFileError, UserFileLock};
use crate::files::{open, platform};

/// The largest file that is read. A kubeconfig with hundreds of clusters has a few MB.
pub(super) const MAX_BYTES: u64 = 16 * 1024 * 1024;
pub(super) const TEMPORARY_SUFFIX: &str = ".tmp";
/// The suffix of the complete copy that exists while a file is written in place.
pub(super) const COPY_SUFFIX: &str = ".kubesesame-new";

/// A file: the path that the user named, and the canonical path.
#[derive(Debug, Clone)]
pub(crate) struct UserFile {
    pub(super) named: PathBuf,
    pub(super) canonical_path: PathBuf,
}

impl UserFile {
    /// Finds a file, and follows links. Returns `None` if nothing has this name.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>, UserFileError> {
        let canonical_path = match fs::canonicalize(path) {
            Ok(path) => path,
            // A broken link is an error, and not `None`.
            Err(source)
                if source.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() =>
            {
                return Ok(None);
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                // A pipe of the shell (`<(…)`) exists, but has no canonical path.
                check_type(&fs::metadata(path), path)?;
                return Err(UserFileError::Missing {
                    path: path.to_owned(),
                });
            }
            Err(source) => return Err(UserFileError::io("open", path)(source)),
        };
        check_type(&fs::metadata(&canonical_path), path)?;
        Ok(Some(Self {
            named: path.to_owned(),
            canonical_path,
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.named
    }

    /// Returns the canonical path, which is the same for all names of the file.
    pub(crate) fn canonical_path(&self) -> &Path {
        &self.canonical_path
    }

    /// Whether the named path is in another directory than the file, or has another file name. The same directory may be written in several
    /// ways.
    pub(super) fn is_link(&self) -> bool {
        let dir = match self.named.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let dir = fs::canonicalize(dir).ok();
        dir.as_deref() != self.canonical_path.parent()
            || self.named.file_name() != self.canonical_path.file_name()
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, UserFileError> {
        let file =
            platform::open_to_read(&self.canonical_path).map_err(UserFileError::io("read", &self.named))?;
        read_open(file, &self.named)
    }

    /// Returns the mode if the group or all users can read the file.
    pub(crate) fn readable_by_others(&self) -> Option<u32> {
        platform::readable_by_others(&fs::metadata(&self.canonical_path).ok()?)
    }

    pub(crate) fn lock(&self) -> Result<UserFileLock, UserFileError> {
        UserFileLock::take(&[self])
    }

    /// Writes the new content to a temporary file in the same directory, which can then replace the file. The caller holds the lock.
    pub(crate) fn stage(&self, bytes: &[u8], _lock: &UserFileLock) -> Result<Staged, UserFileError> {
        let path = &self.canonical_path;
        let metadata = fs::metadata(path).map_err(UserFileError::io("open", path))?;
        let original = open(OpenOptions::new().append(true), path);
        let (false, Ok(original)) = (metadata.permissions().readonly(), original) else {
            return Err(UserFileError::ReadOnly {
                path: self.named.clone(),
            });
        };
        let links = platform::links(&metadata);
        if links > 1 {
            return Err(UserFileError::HardLinked {
                path: self.named.clone(),
                links,
            });
        }
        let file = temporary(path, bytes)?;
        platform::keep_owner(file.as_file(), &metadata).map_err(|(owner, source)| {
            UserFileError::OwnershipNotKept {
                path: self.named.clone(),
                owner,
                source,
            }
        })?;
        // The owner is changed before the mode, because a change of the owner may clear bits of the mode.
        platform::keep_access(file.as_file(), &original, &metadata)
            .map_err(UserFileError::io("write", path))?;
        Ok(Staged {
            file,
            path: path.clone(),
        })
    }
}

/// Adds a suffix to the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Returns the type of an entry that is no file.
pub(super) fn file_type(metadata: &fs::Metadata) -> FileType {
    if metadata.is_dir() {
        FileType::Directory
    } else if metadata.is_symlink() {
        FileType::Link
    } else {
        platform::special_file_type(metadata)
    }
}

/// Fails if the entry is no file. It must be called before the open, because opening or reading a device or a pipe may block for ever.
fn check_type(metadata: &io::Result<fs::Metadata>, path: &Path) -> Result<(), UserFileError> {
    match metadata {
        Ok(metadata) if !metadata.is_file() => Err(UserFileError::NotFile {
            path: path.to_owned(),
            what: file_type(metadata),
        }),
        _ => Ok(()),
    }
}

/// Reads an open file, after a check that it is still a file.
pub(super) fn read_open(file: File, path: &Path) -> Result<Vec<u8>, UserFileError> {
    check_type(&file.metadata(), path)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(UserFileError::io("read", path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UserFileError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Returns the start of the names of temporary files for this file.
pub(super) fn temporary_prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".kubesesame-");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
}

/// Writes a private temporary file in the same directory, durably.
pub(super) fn temporary(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, UserFileError> {
    let dir = path.parent().unwrap_or(path);
    let mut file = tempfile::Builder::new()
        .prefix(&temporary_prefix(path))
        .suffix(TEMPORARY_SUFFIX)
        .tempfile_in(dir)
        .map_err(UserFileError::io("write to", dir))?;
    // The inherited list is removed before anything is written, and so that a later change of the mode does not give access to the users in
    // it.
    platform::drop_inherited_list(file.as_file());
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(UserFileError::io("write", path))?;
    Ok(file)
}

pub(super) fn sync_parent(path: &Path) -> Result<(), UserFileError> {
    let dir = path.parent().unwrap_or(path);
    platform::sync_directory(dir).map_err(UserFileError::io("write to", dir))
}
