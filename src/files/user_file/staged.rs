//! New contents for a person's file, and how they take its place.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{UserFileError, WHOLE_COPY, beside, sync_parent};
use crate::files::open;
use crate::files::reserved::fill;

/// New contents that wait to take their place; dropped, they are gone.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(super) file: NamedTempFile,
    pub(super) path: PathBuf,
}

impl Staged {
    pub(crate) fn commit(self) -> Result<(), UserFileError> {
        let path = self.path;
        match self.file.persist(&path) {
            Ok(_) => sync_parent(&path),
            // A mount point: a container has this one file from its host. kubectl writes in place everywhere.
            Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy => {
                write_in_place(error.file, &path)
            }
            Err(error) => Err(UserFileError::io("write", &path)(error.error)),
        }
    }
}

/// Writes the new contents over the old ones. Until that is done the whole of them is beside the file under a name that nobody sweeps: who is
/// killed leaves the file half written. What fails leaves the old ones, if the file can be written at all.
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
    let copy = beside(path, WHOLE_COPY);
    new.persist(&copy)
        .map_err(|error| UserFileError::io("write", &copy)(error.error))?;
    // A power loss is no reason to write nothing.
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

/// Best effort: one that is no more than the file is swept later.
#[expect(
    clippy::disallowed_methods,
    reason = "the single access point to the file system"
)]
pub(super) fn remove_copy(copy: &Path) {
    drop(fs::remove_file(copy));
}
