//! A directory whose content only this user can change.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::{NamedTempFile, TempPath};

use super::{Action, Error, Kind, LockFile, SlotFile, SystemFault, platform};

/// The largest file that is read or written. A token, a refresh token and a scope have at most 1 MiB each.
pub(super) const MAX_BYTES: u64 = 4 * 1024 * 1024;

const TEMPORARY_SUFFIX: &str = ".tmp";

/// Whether the process or the system has no file descriptor left.
pub(crate) fn is_file_limit(error: &io::Error) -> bool {
    let fault = error.raw_os_error().and_then(platform::system_fault);
    matches!(fault, Some(SystemFault::TooManyOpen))
}

fn temporary_prefix(name: &str) -> String {
    format!(".{name}-")
}

/// A directory whose content only this user (and root) can change.
#[derive(Debug, Clone)]
pub(crate) struct PrivateDir {
    path: PathBuf,
}

impl PrivateDir {
    /// Opens an existing directory after a check of it and its ancestors. `None` if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Error> {
        if platform::check_directory(path)? {
            Ok(Some(Self {
                path: path.to_owned(),
            }))
        } else {
            Ok(None)
        }
    }

    /// Opens the directory, and makes it with mode 0700 if it does not exist.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        if let Some(dir) = Self::open(path)? {
            return Ok(dir);
        }
        platform::check_ancestors_of_new(path)?;
        platform::create_directories(path).map_err(|source| Error::Io {
            action: Action::MakeDirectory,
            path: path.to_owned(),
            source,
        })?;
        match Self::open(path)? {
            Some(dir) => Ok(dir),
            None => Err(Error::WrongType {
                path: path.to_owned(),
                expected: Kind::Directory,
            }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path that is the same however the directory is named: absolute, and without links, `.` and `..`.
    pub(crate) fn canonical_path(&self) -> io::Result<PathBuf> {
        fs::canonicalize(&self.path)
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether an entry of this name exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path_of(name)).is_ok()
    }

    /// When the content of a file was changed last. `None` if the system does not say.
    pub(crate) fn modified(&self, name: &str) -> Option<SystemTime> {
        fs::symlink_metadata(self.path_of(name)).ok()?.modified().ok()
    }

    /// Like [`Self::has`], for a directory that may be unusable.
    ///
    /// # Errors
    /// If it cannot be determined whether the entry exists.
    pub(crate) fn has_in(dir: &Path, name: &str) -> Result<bool, Error> {
        let path = dir.join(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(source)
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(false)
            }
            Err(source) => Err(Error::Io {
                action: Action::Open,
                path,
                source,
            }),
        }
    }

    /// Returns the names in the directory. A name that is not UTF-8 is an empty text, since kubesesame makes no such file.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |source| Error::Io {
            action: Action::List,
            path: self.path.clone(),
            source,
        };
        let entries = fs::read_dir(&self.path).map_err(failed)?;
        let names =
            entries.map(|entry| entry.map(|entry| entry.file_name().into_string().unwrap_or_default()));
        names.collect::<io::Result<_>>().map_err(failed)
    }

    /// Reads the whole file. `None` if it does not exist.
    ///
    /// Reads once more if another machine replaces the file on a network file system during the read.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.read_once(name) {
            Err(Error::Io { source, .. })
                if matches!(
                    source.kind(),
                    io::ErrorKind::StaleNetworkFileHandle | io::ErrorKind::UnexpectedEof
                ) =>
            {
                self.read_once(name)
            }
            result => result,
        }
    }

    fn read_once(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path_of(name);
        let mut file = match platform::open_to_read(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(platform::open_error(&path, source)),
        };
        let size = platform::check_file(&file, &path)?;
        if size > MAX_BYTES {
            return Err(Error::TooLarge { path });
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        // A file is replaced as a whole and never grows, so its size at the check is final.
        file.read_exact(&mut bytes).map_err(|source| Error::Io {
            action: Action::Read,
            path,
            source,
        })?;
        Ok(Some(bytes))
    }

    /// Replaces the file as a whole, so that it survives a power loss.
    ///
    /// Readers see either the old file or the new one. The order is write, sync, rename, sync of the directory.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.replace_with(name, bytes, File::sync_all)?;
        platform::sync_directory(&self.path).map_err(|source| Error::Io {
            action: Action::Write,
            path: self.path_of(name),
            source,
        })
    }

    /// Replaces a file whose loss does no harm, without a wait for the disk. It may be empty after a power loss.
    pub(crate) fn replace_volatile(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.replace_with(name, bytes, |_| Ok(()))
    }

    fn replace_with(
        &self,
        name: &str,
        bytes: &[u8],
        before_rename: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<(), Error> {
        let path = self.path_of(name);
        let failed = |source| Error::Io {
            action: Action::Write,
            path: path.clone(),
            source,
        };
        self.check_size(name, bytes)?;
        let mut file = self.temporary(name).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        before_rename(file.as_file()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Refuses what the next call could not read.
    pub(super) fn check_size(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::TooLarge {
                path: self.path_of(name),
            });
        }
        Ok(())
    }

    /// Writes `size` bytes to a temporary file, to check that the directory can be written.
    pub(crate) fn try_to_write(&self, name: &str, size: usize) -> Result<(), Error> {
        let failed = |source| Error::Io {
            action: Action::Write,
            path: self.path_of(name),
            source,
        };
        let mut file = self.temporary(name).map_err(failed)?;
        file.write_all(&vec![b' '; size]).map_err(failed)
    }

    /// Makes a file that is removed when it is dropped, unless it is renamed first.
    pub(super) fn temporary(&self, name: &str) -> io::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(&temporary_prefix(name))
            .suffix(TEMPORARY_SUFFIX)
            .tempfile_in(&self.path)
    }

    /// Writes a temporary file that is removed when the value is dropped. If this process is killed before that, it is removed with those of
    /// killed writers of the file `name`.
    pub(crate) fn write_temporary(&self, name: &str, bytes: &[u8]) -> io::Result<TempPath> {
        let mut file = self.temporary(name)?;
        file.write_all(bytes)?;
        Ok(file.into_temp_path())
    }

    /// Makes a small file if it does not exist. Returns whether this call made it, which is `true` for one of several callers.
    pub(crate) fn create_new(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.path_of(name);
        let made = platform::create_new(&path).and_then(|mut file| file.write_all(bytes));
        match made {
            Ok(()) => Ok(true),
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(source) => Err(Error::Io {
                action: Action::Write,
                path,
                source,
            }),
        }
    }

    /// Opens a file of slots, and makes it if it does not exist.
    pub(crate) fn open_slot_file(&self, name: &str) -> Result<SlotFile, Error> {
        let path = self.path_of(name);
        let file = platform::open_lock(&path).map_err(|source| platform::open_error(&path, source))?;
        platform::check_file(&file, &path)?;
        Ok(SlotFile { file })
    }

    /// Removes temporary files of killed writers of this file. The caller must hold the lock for the file.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    pub(crate) fn remove_stale_temporaries(&self, name: &str) {
        let prefix = temporary_prefix(name);
        let Ok(entries) = fs::read_dir(&self.path) else {
            return;
        };
        for entry in entries.flatten() {
            let found = entry.file_name();
            let found = found.to_string_lossy();
            if found.starts_with(&prefix) && found.ends_with(TEMPORARY_SUFFIX) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// Renames a file so that it is not used. The next quarantined file of this name replaces it.
    pub(crate) fn quarantine(&self, name: &str) -> Result<(), Error> {
        self.rename(name, &format!("{name}.quarantined"))
    }

    /// Renames a file so that this survives a power loss. A file of the new name is replaced.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    pub(crate) fn rename(&self, name: &str, new_name: &str) -> Result<(), Error> {
        let path = self.path_of(name);
        fs::rename(&path, self.path_of(new_name))
            .and_then(|()| platform::sync_directory(&self.path))
            .map_err(|source| Error::Io {
                action: Action::PutAside,
                path,
                source,
            })
    }

    /// Removes the file. It is no error if it does not exist.
    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path_of(name);
        match fs::remove_file(&path) {
            Err(_) if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) => {
                Err(Error::WrongType {
                    path,
                    expected: Kind::File,
                })
            }
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Io {
                action: Action::Remove,
                path,
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Opens a lock file, and makes it if it does not exist. It is never removed, since a waiting process may have it open.
    pub(crate) fn lock_file(&self, name: &str) -> Result<LockFile, Error> {
        let path = self.path_of(name);
        let file = platform::open_lock(&path).map_err(|source| platform::open_error(&path, source))?;
        platform::check_file(&file, &path)?;
        Ok(LockFile { file, path })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the single access point to the file system"
)]
pub(super) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}
