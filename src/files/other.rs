//! Systems without Unix modes. The access list of the user's profile makes it private, and new files inherit that list.
//!
//! Not tested on a real machine.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use super::user_file::{BackupFault, FileType};
use super::{Action, Error, Kind, SystemFault, open};

pub(super) fn check_directory(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(Error::Link {
            path: path.to_owned(),
        }),
        Ok(metadata) if !metadata.is_dir() => Err(Error::WrongType {
            path: path.to_owned(),
            expected: Kind::Directory,
        }),
        Ok(_) => Ok(true),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Io {
            action: Action::Open,
            path: path.to_owned(),
            source,
        }),
    }
}

pub(super) fn check_ancestors_of_new(_path: &Path) -> Result<(), Error> {
    Ok(())
}

pub(super) fn check_file(file: &File, path: &Path) -> Result<u64, Error> {
    let metadata = file.metadata().map_err(|source| Error::Io {
        action: Action::Read,
        path: path.to_owned(),
        source,
    })?;
    if !metadata.is_file() {
        return Err(Error::WrongType {
            path: path.to_owned(),
            expected: Kind::File,
        });
    }
    Ok(metadata.len())
}

pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

pub(super) fn open_named(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

/// Pipes have no names among the files here.
pub(super) fn is_pipe(_metadata: &fs::Metadata) -> bool {
    false
}

pub(super) fn read_pipe(pipe: &mut File, limit: u64, _wait: Duration, bytes: &mut Vec<u8>) -> io::Result<()> {
    pipe.take(limit).read_to_end(bytes).map(drop)
}

pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    open(
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false),
        path,
    )
}

pub(super) fn create_new(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().write(true).create_new(true), path)
}

pub(super) fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

pub(super) fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

pub(super) fn open_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        action: Action::Open,
        path: path.to_owned(),
        source,
    }
}

/// A directory cannot be synced here; the file itself was.
pub(super) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn links(_metadata: &fs::Metadata) -> u64 {
    1
}

/// The new file inherits its access list from the directory, as the old one did.
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
pub(super) fn keep_owner(_file: &File, _replaced: &fs::Metadata) -> Result<(), (Option<String>, io::Error)> {
    Ok(())
}

pub(super) fn keep_access(file: &File, _replaced: &File, metadata: &fs::Metadata) -> io::Result<()> {
    file.set_permissions(metadata.permissions())
}

/// Does nothing: the inherited list makes the file private here.
pub(super) fn drop_inherited_list(_file: &File) -> bool {
    true
}

/// Unknown: the access list of the directory decides.
pub(super) fn readable_by_others(_metadata: &fs::Metadata) -> Option<u32> {
    None
}

pub(super) fn special_file_type(_metadata: &fs::Metadata) -> FileType {
    FileType::Device
}

/// The access list of the directory decides who can make files in it.
pub(super) fn is_own(_metadata: &fs::Metadata) -> bool {
    true
}

pub(super) fn backup_fault(_backup: &fs::Metadata, _original: &fs::Metadata) -> Option<BackupFault> {
    None
}

pub(super) fn directory_fault(_path: &Path, _original: &fs::Metadata) -> Option<BackupFault> {
    None
}

/// Classifies an error that the standard library has no kind for.
pub(super) fn system_fault(_code: i32) -> Option<SystemFault> {
    None
}
