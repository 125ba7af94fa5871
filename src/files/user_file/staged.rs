//! Replaces the content of a user's file.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{COPY_SUFFIX, UserFileError, sync_parent, with_suffix};
use crate::files::open;
use crate::files::reserved::fill;

/// The new content in a temporary file, which is removed if it is dropped without a commit.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(super) file: NamedTempFile,
    pub(super) path: PathBuf,
}

impl Staged {
    /// Replaces the file, durably.
    pub(crate) fn commit(self) -> Result<(), UserFileError> {
        let path = self.path;
        match self.file.persist(&path) {
            Ok(_) => sync_parent(&path),
            // The file is a mount point, such as a single file of the host in a container. kubectl always writes in place.
            Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy => {
                write_in_place(error.file, &path)
            }
            Err(error) => Err(UserFileError::io("write", &path)(error.error)),
        }
    }
}

/// Overwrites the file with the new content. During the write, a complete copy is in the same directory, because a killed process leaves
/// the file incomplete. If the write fails, the old content is written back, if possible.
fn write_in_place(mut new: NamedTempFile, path: &Path) -> Result<(), UserFileError> {
    let failed = UserFileError::io("write", path);
    let (mut old_bytes, mut new_bytes) = (Vec::new(), Vec::new());
    let opened = (|| {
        new.as_file_mut().rewind()?;
        new.as_file_mut().read_to_end(&mut new_bytes)?;
        let mut file = open(OpenOptions::new().read(true).write(true), path)?;
        file.read_to_end(&mut old_bytes)?;
        Ok(file)
    })();
    let mut file = match opened {
        Ok(file) => file,
        Err(error) => return Err(failed(error)),
    };
    let copy = with_suffix(path, COPY_SUFFIX);
    new.persist(&copy)
        .map_err(|error| UserFileError::io("write", &copy)(error.error))?;
    // A failed sync is ignored: it only means that the copy may not survive a power loss.
    drop(sync_parent(&copy));
    let Err(source) = fill(&mut file, &new_bytes) else {
        remove_copy(&copy);
        return Ok(());
    };
    if fill(&mut file, &old_bytes).is_ok() {
        remove_copy(&copy);
        return Err(failed(source));
    }
    Err(UserFileError::HalfWritten {
        path: path.to_owned(),
        copy,
        source,
    })
}

/// Removes the copy. An error is ignored: a copy that equals the file is removed later.
#[expect(
    clippy::disallowed_methods,
    reason = "the single access point to the file system"
)]
pub(super) fn remove_copy(copy: &Path) {
    drop(fs::remove_file(copy));
}
