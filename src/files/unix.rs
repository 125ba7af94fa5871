//! How Unix keeps a file private: owner, mode bits, no links.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt, FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Uid, User};

pub(super) use super::access::{drop_inherited_list, keep_access};
use super::unmapped::is_unmapped;
use super::user_file::{BackupFault, FileType};
use super::{Action, Error, Kind, SystemFault, open};

const STICKY: u32 = 0o1000;
const WRITE_BY_EVERYBODY: u32 = 0o002;
const WRITE_BY_GROUP: u32 = 0o020;
const READ_BY_GROUP_OR_OTHERS: u32 = 0o044;
const ANY_BY_GROUP_OR_OTHERS: u32 = 0o077;

/// Returns whether there is a directory, after checking that only we (and root) can change what is in it.
///
/// Other users may read the directory, since its files have mode 0600. But below a directory that everybody may write to (`/tmp`), another
/// user may have made it, so there it must also be closed to others.
pub(super) fn check_directory(path: &Path) -> Result<bool, Error> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => {
            return Err(Error::Io {
                action: Action::Open,
                path: path.to_owned(),
                source,
            });
        }
    };
    if metadata.is_symlink() {
        let path = path.to_owned();
        return Err(match fs::canonicalize(&path) {
            Ok(target) if target.is_dir() => Error::LinkedDirectory { path, target },
            _ => Error::WrongType {
                path,
                expected: Kind::Directory,
            },
        });
    }
    if !metadata.is_dir() {
        return Err(Error::WrongType {
            path: path.to_owned(),
            expected: Kind::Directory,
        });
    }
    check_owner(&metadata, path, Kind::Directory)?;
    let shared = check_ancestors(path, 1)?;
    let forbidden = if shared {
        ANY_BY_GROUP_OR_OTHERS
    } else {
        WRITE_BY_EVERYBODY | WRITE_BY_GROUP
    };
    if metadata.mode() & forbidden != 0 {
        return Err(Error::OpenToOthers {
            kind: Kind::Directory,
            path: path.to_owned(),
            mode: metadata.mode() & 0o7777,
        });
    }
    Ok(true)
}

/// Checks the ancestors of a directory that does not exist yet, so that none is made in another user's home.
pub(super) fn check_ancestors_of_new(path: &Path) -> Result<(), Error> {
    let existing = path
        .ancestors()
        .find(|ancestor| ancestor.symlink_metadata().is_ok());
    match existing {
        Some(existing) => check_ancestors(existing, 0).map(drop),
        None => Ok(()),
    }
}

/// Walks the real path upwards, and returns whether everybody may write to an ancestor (with the sticky bit, as `/tmp`).
///
/// The owner of an ancestor, and everybody who may write to it, can replace the directory. Write access of the group is accepted, because
/// many systems give each user a private group and a umask of 002.
fn check_ancestors(path: &Path, skip: usize) -> Result<bool, Error> {
    // A path without links is the real path, so most calls need no `canonicalize`.
    let is_plain = path.is_absolute() && !path.components().any(|part| part == Component::ParentDir);
    if is_plain && let Some(shared) = walk_up(path, path, skip)? {
        return Ok(shared);
    }
    let real = fs::canonicalize(path).map_err(|source| failed_to_open(path, source))?;
    // A link that was created in the meantime was not checked.
    walk_up(path, &real, skip)?.ok_or(Error::Link { path: real })
}

fn failed_to_open(path: &Path, source: io::Error) -> Error {
    Error::Io {
        action: Action::Open,
        path: path.to_owned(),
        source,
    }
}

/// Checks the ancestors of `from`. Returns `None` if an ancestor is a link.
fn walk_up(path: &Path, from: &Path, skip: usize) -> Result<Option<bool>, Error> {
    let mut shared = false;
    for ancestor in from.ancestors().skip(skip) {
        let metadata = fs::symlink_metadata(ancestor).map_err(|source| failed_to_open(path, source))?;
        if metadata.is_symlink() {
            return Ok(None);
        }
        let is_ours = [0, Uid::effective().as_raw()].contains(&metadata.uid());
        if !is_ours && !is_unmapped(metadata.uid()) {
            check_owner(&metadata, ancestor, Kind::Directory)?;
        }
        if metadata.mode() & WRITE_BY_EVERYBODY == 0 {
            continue;
        }
        if metadata.mode() & STICKY == 0 {
            return Err(Error::UnsafeAncestor {
                path: path.to_owned(),
                ancestor: ancestor.to_owned(),
                mode: metadata.mode() & 0o7777,
            });
        }
        shared = true;
    }
    Ok(Some(shared))
}

/// Checks the open descriptor, and returns the size. After a check of the path, the file could be replaced.
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
    check_owner(&metadata, path, Kind::File)?;
    if metadata.mode() & ANY_BY_GROUP_OR_OTHERS != 0 {
        return Err(Error::OpenToOthers {
            kind: Kind::File,
            path: path.to_owned(),
            mode: metadata.mode() & 0o7777,
        });
    }
    if metadata.nlink() > 1 {
        return Err(Error::HardLinked {
            path: path.to_owned(),
            links: metadata.nlink(),
        });
    }
    Ok(metadata.size())
}

fn check_owner(metadata: &Metadata, path: &Path, kind: Kind) -> Result<(), Error> {
    if metadata.uid() == Uid::effective().as_raw() {
        return Ok(());
    }
    Err(Error::ForeignOwner {
        kind,
        path: path.to_owned(),
        owner: owner_name(metadata.uid()),
    })
}

fn owner_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => format!("`{}` (uid {uid})", user.name),
        _ => format!("uid {uid}"),
    }
}

/// Makes the directory and its missing ancestors, with mode 0700 from their creation on.
pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    // `O_NONBLOCK`: if another user created a FIFO with this name, the open must not wait for its writer.
    open(
        OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()),
        path,
    )
}

/// Follows links, and does not wait: a FIFO may have replaced the file since its check.
pub(super) fn open_named(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    open(OpenOptions::new().read(true).custom_flags(flags), path)
}

pub(super) fn is_pipe(metadata: &Metadata) -> bool {
    metadata.file_type().is_fifo()
}

/// Reads a pipe to its end, `limit` bytes at most.
///
/// # Errors
/// Of kind `TimedOut` after `wait`.
pub(super) fn read_pipe(pipe: &mut File, limit: u64, wait: Duration, bytes: &mut Vec<u8>) -> io::Result<()> {
    let end = Instant::now() + wait;
    let mut part = [0; 4096];
    while (bytes.len() as u64) < limit {
        let left = end.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        // Polls before each read, because a read of a passed descriptor may block (Darwin opens it by duplicating it).
        match poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], left) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => {}
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match pipe.read(&mut part) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    open(
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags),
        path,
    )
}

pub(super) fn create_new(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    open(
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(flags),
        path,
    )
}

pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(bytes, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

/// Converts an error of opening a file. A link has its own error.
pub(super) fn open_error(path: &Path, source: io::Error) -> Error {
    if source.raw_os_error() == Some(Errno::ELOOP as i32) {
        return Error::Link {
            path: path.to_owned(),
        };
    }
    Error::Io {
        action: Action::Open,
        path: path.to_owned(),
        source,
    }
}

/// Some file systems (FUSE, SMB) report that they cannot sync a directory. The rename itself was done, so that is no error.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    match open(OpenOptions::new().read(true), path)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// Returns the number of hard links.
pub(super) fn links(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Returns the mode of a file that its group or everybody can read.
pub(super) fn readable_by_others(metadata: &Metadata) -> Option<u32> {
    let mode = metadata.mode() & 0o7777;
    (mode & READ_BY_GROUP_OR_OTHERS != 0).then_some(mode)
}

/// Gives a new file the owner and group of the file that it replaces. The error names the owner, unless only the group differs.
pub(super) fn keep_owner(file: &File, replaced: &Metadata) -> Result<(), (Option<String>, io::Error)> {
    let new = file.metadata().map_err(|source| (None, source))?;
    let uid = (new.uid() != replaced.uid()).then(|| replaced.uid());
    let gid = (new.gid() != replaced.gid()).then(|| replaced.gid());
    if uid.is_none() && gid.is_none() {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, uid, gid).map_err(|source| (uid.map(owner_name), source))
}

/// Returns the type of an entry that is no file, no directory and no link.
pub(super) fn special_file_type(metadata: &Metadata) -> FileType {
    let found = metadata.file_type();
    if found.is_fifo() {
        FileType::Pipe
    } else if found.is_socket() {
        FileType::Socket
    } else {
        FileType::Device
    }
}

pub(super) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == Uid::effective().as_raw()
}

/// Returns why a user who cannot change the original may have made or changed the backup.
///
/// The owner of the original, root, and everybody with write access by its mode can change the original anyway.
pub(super) fn backup_fault(backup: &Metadata, original: &Metadata) -> Option<BackupFault> {
    if !backup.is_file() {
        return Some(BackupFault::NotFile(special_file_type(backup)));
    }
    let trusted = [Uid::effective().as_raw(), 0, original.uid()];
    if !trusted.contains(&backup.uid()) {
        return Some(BackupFault::ForeignOwner(owner_name(backup.uid())));
    }
    if backup.mode() & !original.mode() & (WRITE_BY_EVERYBODY | WRITE_BY_GROUP) != 0 {
        let mode = backup.mode() & 0o7777;
        return Some(BackupFault::OpenToOthers { mode });
    }
    (backup.nlink() > 1).then(|| BackupFault::HardLinked(backup.nlink()))
}

/// Returns the ancestor directory in which other users could exchange the backup.
///
/// `None` if they may write to the original itself (a Windows drive under WSL), since then there is nothing to protect.
pub(super) fn directory_fault(path: &Path, original: &Metadata) -> Option<BackupFault> {
    if original.mode() & WRITE_BY_EVERYBODY != 0 {
        return None;
    }
    path.ancestors().skip(1).find_map(|dir| {
        let mode = fs::symlink_metadata(dir).ok()?.mode() & 0o7777;
        let open = mode & WRITE_BY_EVERYBODY != 0 && mode & STICKY == 0;
        open.then(|| BackupFault::Directory {
            dir: dir.to_owned(),
            mode,
        })
    })
}

/// Classifies an error that the standard library has no kind for.
pub(super) fn system_fault(code: i32) -> Option<SystemFault> {
    Some(match Errno::from_raw(code) {
        Errno::EMFILE | Errno::ENFILE => SystemFault::TooManyOpen,
        Errno::EIO => SystemFault::Device,
        Errno::ELOOP => SystemFault::LinkLoop,
        _ => return None,
    })
}
