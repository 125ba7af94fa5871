//! A person's own file that we edit, such as a kubeconfig: its links, mode and owner stay as they are.
//!
//! Owns how such a file is found, locked as kubectl locks it, replaced as a whole, and backed up beside itself.
//! Unlike our private files it may be a link and may be readable by others: that is the person's business.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{open, platform, quoted};

/// A kubeconfig of hundreds of clusters is some megabytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum UserFileError {
    #[error("there is no file `{path}`")]
    Missing { path: PathBuf },
    #[error("`{path}` is not a file")]
    NotFile { path: PathBuf },
    #[error("`{path}` is larger than {MAX_BYTES} bytes")]
    TooLarge { path: PathBuf },
    #[error("`{path}` is read-only")]
    ReadOnly { path: PathBuf },
    #[error("`{path}` has {links} names (hard links), and only one of them would change")]
    ManyNames { path: PathBuf, links: u64 },
    #[error("`{path}` is locked: `{lock}` exists")]
    Locked { path: PathBuf, lock: PathBuf },
    #[error("the owner of `{path}` could not be kept")]
    Owner { path: PathBuf, source: io::Error },
    #[error("cannot {action} `{path}`")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl UserFileError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => "look at its name, or at where the link leads".to_owned(),
            Self::NotFile { .. } | Self::TooLarge { .. } => "name another file".to_owned(),
            Self::ReadOnly { path } => format!("if it may be changed: chmod u+w {}", quoted(path)),
            Self::ManyNames { path, .. } => {
                format!(
                    "make it a file of its own: cp -p {0} {0}.new && mv {0}.new {0}",
                    quoted(path)
                )
            }
            Self::Locked { lock, .. } => format!(
                "wait for the kubectl that changes it; if there is none, the lock is stale: mv {0} {0}.old",
                quoted(lock)
            ),
            Self::Owner { .. } => "run it as the user whose file it is".to_owned(),
            Self::Io { path, source, .. } => {
                let dir = path.parent().unwrap_or(path);
                match source.kind() {
                    io::ErrorKind::StorageFull => "free some space".to_owned(),
                    _ => format!(
                        "make it and its directory `{}` readable and writable for you",
                        dir.display()
                    ),
                }
            }
        }
    }
}

/// A file by the name that the person gave it, and by the one it really has.
#[derive(Debug, Clone)]
pub(crate) struct UserFile {
    named: PathBuf,
    real: PathBuf,
}

impl UserFile {
    /// Follows links; `None` when there is nothing of this name.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>, UserFileError> {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            // A link that leads nowhere is not nothing.
            Err(source)
                if source.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() =>
            {
                return Ok(None);
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(UserFileError::Missing {
                    path: path.to_owned(),
                });
            }
            Err(source) => return Err(UserFileError::io("open", path)(source)),
        };
        let metadata = fs::metadata(&real).map_err(UserFileError::io("open", path))?;
        if !metadata.is_file() {
            return Err(UserFileError::NotFile {
                path: path.to_owned(),
            });
        }
        Ok(Some(Self {
            named: path.to_owned(),
            real,
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.named
    }

    /// Where the file really is: two names of one file have the same.
    pub(crate) fn real(&self) -> &Path {
        &self.real
    }

    /// Whether the given name stands elsewhere than the file: its directory may be written in many ways.
    fn is_link(&self) -> bool {
        let dir = match self.named.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let dir = fs::canonicalize(dir).ok();
        dir.as_deref() != self.real.parent() || self.named.file_name() != self.real.file_name()
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, UserFileError> {
        read(&self.real)
    }

    /// Takes kubectl's lock: a file beside, made exclusively, under the given name and the real one.
    pub(crate) fn lock(&self) -> Result<UserFileLock, UserFileError> {
        let mut lock = UserFileLock { files: Vec::new() };
        let mut names = vec![beside(&self.named, ".lock")];
        if self.is_link() {
            names.push(beside(&self.real, ".lock"));
        }
        for name in names {
            match open(OpenOptions::new().write(true).create_new(true), &name) {
                Ok(_) => lock.files.push(name),
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(UserFileError::Locked {
                        path: self.named.clone(),
                        lock: name,
                    });
                }
                Err(source) => return Err(UserFileError::io("make the lock", &name)(source)),
            }
        }
        Ok(lock)
    }

    /// Writes the new contents beside the file, ready to take its place. The caller holds the lock.
    pub(crate) fn stage(&self, bytes: &[u8], _lock: &UserFileLock) -> Result<Staged, UserFileError> {
        let path = &self.real;
        let metadata = fs::metadata(path).map_err(UserFileError::io("open", path))?;
        if metadata.permissions().readonly() || open(OpenOptions::new().append(true), path).is_err() {
            return Err(UserFileError::ReadOnly {
                path: self.named.clone(),
            });
        }
        let links = platform::links(&metadata);
        if links > 1 {
            return Err(UserFileError::ManyNames {
                path: self.named.clone(),
                links,
            });
        }
        let file = temporary(path, bytes)?;
        platform::keep_owner(file.as_file(), &metadata).map_err(|source| UserFileError::Owner {
            path: self.named.clone(),
            source,
        })?;
        // The owner first: changing it may clear bits of the mode.
        file.as_file()
            .set_permissions(metadata.permissions())
            .map_err(UserFileError::io("write", path))?;
        Ok(Staged {
            file,
            path: path.clone(),
        })
    }

    pub(crate) fn backup_path(&self) -> PathBuf {
        beside(&self.real, ".kubesesame-backup")
    }

    pub(crate) fn read_backup(&self) -> Result<Option<Vec<u8>>, UserFileError> {
        let path = self.backup_path();
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => read(&path).map(Some),
            Ok(_) => Err(UserFileError::NotFile { path }),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(UserFileError::io("open", &path)(source)),
        }
    }

    /// Keeps a private copy of the contents; never replaces one.
    pub(crate) fn write_backup(&self, bytes: &[u8]) -> Result<(), UserFileError> {
        let path = self.backup_path();
        let file = temporary(&path, bytes)?;
        file.persist_noclobber(&path)
            .map_err(|error| UserFileError::io("write", &path)(error.error))?;
        sync_parent(&path)
    }

    #[expect(clippy::disallowed_methods, reason = "the door to the file system")]
    pub(crate) fn remove_backup(&self) -> Result<(), UserFileError> {
        let path = self.backup_path();
        fs::remove_file(&path).map_err(UserFileError::io("remove", &path))
    }
}

/// New contents that wait to take their place; dropped, they are gone.
#[derive(Debug)]
pub(crate) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    pub(crate) fn commit(self) -> Result<(), UserFileError> {
        let path = self.path;
        self.file
            .persist(&path)
            .map_err(|error| UserFileError::io("write", &path)(error.error))?;
        sync_parent(&path)
    }
}

/// kubectl's lock, ours until this is dropped.
#[derive(Debug)]
pub(crate) struct UserFileLock {
    files: Vec<PathBuf>,
}

impl Drop for UserFileLock {
    #[expect(clippy::disallowed_methods, reason = "the door to the file system")]
    fn drop(&mut self) {
        for file in &self.files {
            drop(fs::remove_file(file));
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn read(path: &Path) -> Result<Vec<u8>, UserFileError> {
    let mut bytes = Vec::new();
    open(OpenOptions::new().read(true), path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(UserFileError::io("read", path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UserFileError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Writes a private file in the same directory, synced.
fn temporary(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, UserFileError> {
    let dir = path.parent().unwrap_or(path);
    let mut file = tempfile::Builder::new()
        .prefix(".kubesesame-")
        .suffix(".tmp")
        .tempfile_in(dir)
        .map_err(UserFileError::io("write to", dir))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(UserFileError::io("write", path))?;
    Ok(file)
}

fn sync_parent(path: &Path) -> Result<(), UserFileError> {
    let dir = path.parent().unwrap_or(path);
    platform::sync_directory(dir).map_err(UserFileError::io("write to", dir))
}
