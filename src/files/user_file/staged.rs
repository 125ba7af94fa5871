//! New contents for a person's file, and how they take its place.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{UserFileError, beside, sync_parent};
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

/// Writes the new contents over the old ones. The temporary file stays until that is done; what fails leaves the old ones, if the file can be
/// written at all, else a copy of the new ones beside it.
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
    let Err(source) = fill(&mut file, &new_bytes) else {
        return Ok(());
    };
    if fill(&mut file, &old_bytes).is_ok() {
        return Err(failed(source));
    }
    let copy = beside(path, ".kubesesame-new");
    match new.persist(&copy) {
        Ok(_) => Err(UserFileError::HalfWritten {
            path: path.to_owned(),
            copy,
            source,
        }),
        Err(_) => Err(failed(source)),
    }
}
