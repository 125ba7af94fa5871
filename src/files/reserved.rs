//! Reserves the disk space and the file descriptor for a later write, so that a full disk or a limit of open files is an error before
//! the work that needs the write.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use tempfile::NamedTempFile;

use super::{Action, Error, PrivateDir, platform};

/// A temporary file with the disk blocks for its final content. It is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    name: String,
    file: NamedTempFile,
    /// Reserves the second descriptor that the replacement needs.
    descriptor: Option<File>,
}

impl Reserved {
    /// Frees the reserved descriptor, so that one more file can be opened at the limit.
    pub(crate) fn free_descriptor(&mut self) {
        self.descriptor = None;
    }
}

impl PrivateDir {
    /// Reserves the size of `bytes` and `more` bytes beside the file of this name, durably.
    ///
    /// It writes copies of `bytes`, the content that is replaced later, because a file system that compresses would need no space for
    /// blanks. That reveals no secret that the directory does not contain already.
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

    /// As [`PrivateDir::replace`], in the reserved blocks.
    pub(crate) fn replace_reserved(&self, reserved: Reserved, bytes: &[u8]) -> Result<(), Error> {
        let Reserved {
            name,
            mut file,
            descriptor,
        } = reserved;
        drop(descriptor);
        self.check_size(&name, bytes)?;
        let failed = |source| self.not_written(&name, source);
        fill(file.as_file_mut(), bytes).map_err(failed)?;
        file.persist(self.path_of(&name))
            .map_err(|error| failed(error.error))?;
        platform::sync_directory(self.path()).map_err(failed)
    }

    fn not_written(&self, name: &str, source: io::Error) -> Error {
        Error::Io {
            action: Action::Write,
            path: self.path_of(name),
            source,
        }
    }
}

/// Replaces the content of an open file, durably.
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
    fn a_reserved_file_becomes_the_file_or_is_removed() {
        let home = tempfile::tempdir().unwrap();
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

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(&home.path().join("private")).unwrap();
        let largest = vec![b' '; 4 * 1024 * 1024];
        let too_large = [&largest[..], b" "].concat();
        dir.replace("a", &largest).unwrap();
        let reserved = dir.reserve("a", b"old", 0).unwrap();
        for refused in [
            dir.replace("a", &too_large),
            dir.replace_volatile("a", &too_large),
            dir.replace_reserved(reserved, &too_large),
        ] {
            assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
        }
        assert_eq!(dir.read("a").unwrap().unwrap(), largest);
        assert_eq!(dir.names().unwrap(), ["a"]);
    }
}
