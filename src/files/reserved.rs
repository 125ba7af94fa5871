//! Room for a file that will be written later: whether a disk takes it, and whether as many files can be open, is known before what it
//! is for is begun.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use tempfile::NamedTempFile;

use super::{Error, PrivateDir, platform};

/// A temporary file that has the blocks which its final content needs; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    name: String,
    file: NamedTempFile,
    /// Holds the one more open file that the replacement needs.
    descriptor: Option<File>,
}

impl Reserved {
    /// Lets the next file be opened, however many are open by now.
    pub(crate) fn free_descriptor(&mut self) {
        self.descriptor = None;
    }
}

impl PrivateDir {
    /// Writes `bytes` and as much more, durably, beside the file of this name. They are no secret that is not there already: a copy of
    /// what is replaced later, since a file system that compresses takes blanks where it takes nothing else.
    pub(crate) fn reserve(&self, name: &str, bytes: &[u8], more: usize) -> Result<Reserved, Error> {
        let failed = |source| self.not_written(name, source);
        let mut file = self.temporary(name).map_err(failed)?;
        let filler = bytes.iter().copied().cycle().take(bytes.len() + more);
        file.write_all(&filler.collect::<Vec<u8>>())
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        let descriptor = file.as_file().try_clone().map_err(failed)?;
        Ok(Reserved {
            name: name.to_owned(),
            file,
            descriptor: Some(descriptor),
        })
    }

    /// As [`PrivateDir::replace`], in the blocks that were reserved.
    pub(crate) fn replace_reserved(&self, reserved: Reserved, bytes: &[u8]) -> Result<(), Error> {
        let Reserved {
            name,
            mut file,
            descriptor,
        } = reserved;
        drop(descriptor);
        let failed = |source| self.not_written(&name, source);
        fill(file.as_file_mut(), bytes).map_err(failed)?;
        file.persist(self.path_of(&name))
            .map_err(|error| failed(error.error))?;
        platform::sync_directory(self.path()).map_err(failed)
    }

    fn not_written(&self, name: &str, source: io::Error) -> Error {
        Error::Io {
            action: "write",
            path: self.path_of(name),
            source,
        }
    }
}

/// Replaces what is in an open file.
pub(super) fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reserved_becomes_the_file_or_leaves_nothing() {
        let home = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let dir = PrivateDir::create(&home.path().join("private")).unwrap();
        drop(dir.reserve("a", b"old", 10).unwrap());
        assert!(dir.names().unwrap().is_empty());
        for (content, more) in [(&b"new"[..], 0), (b"n", 4096), (b"longer than reserved", 1)] {
            let reserved = dir.reserve("a", b"old", more).unwrap();
            dir.replace_reserved(reserved, content).unwrap();
            assert_eq!(dir.read("a").unwrap().unwrap(), content);
            assert_eq!(dir.names().unwrap(), ["a"]);
        }
    }
}
