//! The backup of a user's file, and the check whether it may be restored.
//!
//! kubectl runs the commands in a restored kubeconfig. In a directory where other users can create files (such as `/tmp`), another user may
//! have created the backup. So it must belong to a user who can change the file itself.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileType, UserFile, UserFileError, file_type, read_open, sync_parent, temporary, with_suffix};
use crate::files::{platform, quoted, shown};

/// Why a backup is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BackupFault {
    ForeignOwner(String),
    OpenToOthers { mode: u32 },
    HardLinked(u64),
    NotFile(FileType),
    Directory { dir: PathBuf, mode: u32 },
}

impl fmt::Display for BackupFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignOwner(owner) => write!(f, "it belongs to {owner}, not to you"),
            Self::OpenToOthers { mode } => write!(f, "other users may write to it (mode {mode:04o})"),
            Self::HardLinked(links) => write!(f, "it has {links} names (hard links)"),
            Self::NotFile(what) => write!(f, "it is not a file but {what}"),
            Self::Directory { dir, mode } => write!(
                f,
                "other users may replace what is in `{}` (mode {mode:04o})",
                shown(dir)
            ),
        }
    }
}

impl BackupFault {
    pub(super) fn hint(&self, backup: &Path, of: &Path) -> String {
        let by_hand = format!("cp {} {}", quoted(backup), quoted(of));
        let look = format!("look at it (ls -l {})", quoted(backup));
        match self {
            Self::ForeignOwner(_) | Self::NotFile(_) => format!(
                "{look}: if you did not put it there, somebody wants you to run what it says; move it away: mv {0} {0}.old",
                quoted(backup)
            ),
            Self::HardLinked(_) => format!("{look}; if it is the backup that you made: {by_hand}"),
            Self::OpenToOthers { .. } => format!(
                "{look}; if nobody changed it: chmod go-w {}; where that changes nothing: {by_hand}",
                quoted(backup)
            ),
            Self::Directory { dir, .. } => format!(
                "{look}; if it is yours: chmod o-w {}; where that changes nothing: {by_hand}",
                quoted(dir)
            ),
        }
    }
}

impl UserFile {
    pub(crate) fn backup_path(&self) -> PathBuf {
        with_suffix(&self.canonical_path, ".kubesesame-backup")
    }

    /// Returns the backup, if there is one. Fails if another user may have created it.
    pub(crate) fn read_backup(&self) -> Result<Option<Vec<u8>>, UserFileError> {
        let path = self.backup_path();
        let refused = |fault| UserFileError::Backup {
            path: path.clone(),
            of: self.named.clone(),
            fault,
        };
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(metadata) => return Err(refused(BackupFault::NotFile(file_type(&metadata)))),
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(UserFileError::io("open", &path)(source)),
        }
        let file = platform::open_to_read(&path).map_err(UserFileError::io("open", &path))?;
        let backup = file.metadata().map_err(UserFileError::io("open", &path))?;
        let original =
            fs::metadata(&self.canonical_path).map_err(UserFileError::io("open", &self.canonical_path))?;
        platform::backup_fault(&backup, &original).map_or(Ok(()), |fault| Err(refused(fault)))?;
        read_open(file, &path).map(Some)
    }

    /// Returns the backup like [`Self::read_backup`], to restore it. Fails also if other users could replace it.
    pub(crate) fn backup_to_restore(&self) -> Result<Option<Vec<u8>>, UserFileError> {
        let Some(backup) = self.read_backup()? else {
            return Ok(None);
        };
        let original =
            fs::metadata(&self.canonical_path).map_err(UserFileError::io("open", &self.canonical_path))?;
        match platform::directory_fault(&self.canonical_path, &original) {
            Some(fault) => Err(UserFileError::Backup {
                path: self.backup_path(),
                of: self.named.clone(),
                fault,
            }),
            None => Ok(Some(backup)),
        }
    }

    /// Writes a private backup of the content. Fails if there is a backup already.
    pub(crate) fn write_backup(&self, bytes: &[u8]) -> Result<(), UserFileError> {
        let path = self.backup_path();
        let file = temporary(&self.canonical_path, bytes)?;
        file.persist_noclobber(&path)
            .map_err(|error| UserFileError::io("write", &path)(error.error))?;
        sync_parent(&path)
    }

    /// Writes a private copy of the content beside the file, and returns its path. It takes the place of an earlier copy.
    ///
    /// It is another file than the backup, which holds the only state that a conversion can be undone to.
    pub(crate) fn write_copy_before_setup(&self, bytes: &[u8]) -> Result<PathBuf, UserFileError> {
        let path = with_suffix(&self.canonical_path, ".kubesesame-before-setup");
        let file = temporary(&self.canonical_path, bytes)?;
        file.persist(&path)
            .map_err(|error| UserFileError::io("write", &path)(error.error))?;
        sync_parent(&path)?;
        Ok(path)
    }

    /// Writes a private file that does not exist yet.
    pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), UserFileError> {
        let path = std::path::absolute(path).map_err(UserFileError::io("write", path))?;
        let file = temporary(&path, bytes)?;
        file.persist_noclobber(&path)
            .map_err(|error| UserFileError::io("write", &path)(error.error))?;
        sync_parent(&path)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the single access point to the file system"
    )]
    pub(crate) fn remove_backup(&self) -> Result<(), UserFileError> {
        let path = self.backup_path();
        fs::remove_file(&path).map_err(UserFileError::io("remove", &path))
    }
}
