//! Why a user's file cannot be read or changed, with hints.
//!
//! The ids and hints are those for a kubeconfig: kubesesame changes no other file of the user.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::MAX_BYTES;
use super::backup::BackupFault;
use crate::catalogue::Id;
use crate::files::hint::{Purpose, system_hint};
use crate::files::{quoted, shown};

/// kubectl holds its lock only for a moment, so an older lock is stale.
const STALE_LOCK_AGE: Duration = Duration::from_mins(1);

#[derive(Debug, thiserror::Error)]
pub(crate) enum UserFileError {
    #[error("there is no file `{}`", shown(.path))]
    Missing { path: PathBuf },
    #[error("`{}` is not a file but {what}", shown(.path))]
    NotFile { path: PathBuf, what: FileType },
    #[error("`{}` is larger than {MAX_BYTES} bytes", shown(.path))]
    TooLarge { path: PathBuf },
    #[error("`{}` is read-only", shown(.path))]
    ReadOnly { path: PathBuf },
    #[error("`{}` has {links} names (hard links), and only one of them would change", shown(.path))]
    HardLinked { path: PathBuf, links: u64 },
    #[error("`{}` is locked: `{}` exists{}", shown(.path), shown(.lock), age_text(*.age))]
    Locked {
        path: PathBuf,
        lock: PathBuf,
        age: Option<Duration>,
    },
    #[error("the backup `{}` is not used: {fault}", shown(.path))]
    Backup {
        path: PathBuf,
        /// The file that was backed up.
        of: PathBuf,
        fault: BackupFault,
    },
    #[error("the {} of `{}` could not be kept", if .owner.is_some() { "owner" } else { "group" }, shown(.path))]
    OwnershipNotKept {
        path: PathBuf,
        /// The owner, or `None` if only the group differs.
        owner: Option<String>,
        source: io::Error,
    },
    #[error("`{}` was written in part only; all of it is in `{}`", shown(.path), shown(.copy))]
    HalfWritten {
        path: PathBuf,
        copy: PathBuf,
        source: io::Error,
    },
    #[error("cannot {action} `{}`", shown(.path))]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// What a path is that is not a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileType {
    Directory,
    Link,
    #[cfg_attr(not(unix), expect(dead_code, reason = "Unix has them"))]
    Pipe,
    #[cfg_attr(not(unix), expect(dead_code, reason = "Unix has them"))]
    Socket,
    Device,
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::Link => "a link",
            Self::Pipe => "a pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
        })
    }
}

impl UserFileError {
    pub(in crate::files) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Missing { .. } => Id::KUBECONFIG_MISSING,
            Self::HalfWritten { .. } => Id::KUBECONFIG_BROKEN,
            Self::Backup { .. } => Id::KUBECONFIG_CHANGED,
            Self::NotFile { .. }
            | Self::TooLarge { .. }
            | Self::ReadOnly { .. }
            | Self::HardLinked { .. }
            | Self::Locked { .. }
            | Self::OwnershipNotKept { .. }
            | Self::Io { .. } => Id::KUBECONFIG_NOT_USABLE,
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => "look at its name, or at where the link leads".to_owned(),
            Self::NotFile {
                what: FileType::Pipe, ..
            } => "write what it gives to a file first, and name that file with --kubeconfig".to_owned(),
            Self::NotFile { .. } | Self::TooLarge { .. } => {
                "name another file with --kubeconfig or KUBECONFIG".to_owned()
            }
            Self::ReadOnly { path } => format!("if it may be changed: chmod u+w {}", quoted(path)),
            Self::HardLinked { path, .. } => {
                format!(
                    "make it a file of its own: cp -p {0} {0}.new && mv {0}.new {0}",
                    quoted(path)
                )
            }
            Self::Locked { lock, age, .. } => lock_hint(lock, *age),
            Self::Backup { path, of, fault } => fault.hint(path, of),
            Self::OwnershipNotKept {
                owner: Some(owner), ..
            } => {
                format!("run it as {owner}, or name a copy of your own with --kubeconfig")
            }
            Self::OwnershipNotKept {
                owner: None, path, ..
            } => {
                format!(
                    "give it a group that you are in: chgrp \"$(id -gn)\" {}",
                    quoted(path)
                )
            }
            Self::HalfWritten { path, copy, .. } => {
                format!("once it can be written: cp {} {}", quoted(copy), quoted(path))
            }
            Self::Io { path, source, .. } => system_hint(Purpose::Kubeconfig, false, path, source),
        }
    }
}

/// Returns the hint for a lock. Only its age shows whether it is stale: it does not name the process that created it.
fn lock_hint(lock: &Path, age: Option<Duration>) -> String {
    let remove = format!("mv {0} {0}.old", quoted(lock));
    if age.is_some_and(|age| age >= STALE_LOCK_AGE) {
        return format!(
            "kubectl holds it for a moment only, so whoever made it has ended before its time and the lock is stale: {remove}"
        );
    }
    format!("wait for the kubectl that changes it; if there is none, the lock is stale: {remove}")
}

fn age_text(age: Option<Duration>) -> String {
    let Some(age) = age else {
        return String::new();
    };
    let (count, unit) = match age.as_secs() {
        0..60 => (age.as_secs(), "second"),
        60..3_600 => (age.as_secs() / 60, "minute"),
        3_600..86_400 => (age.as_secs() / 3_600, "hour"),
        _ => (age.as_secs() / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!(", made {count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_lock_names_its_age_and_what_to_do() {
        for (seconds, age, solution) in [
            (0, "made 0 seconds ago", "wait for the kubectl"),
            (59, "made 59 seconds ago", "wait for the kubectl"),
            (60, "made 1 minute ago", "has ended before its time"),
            (7_300, "made 2 hours ago", "has ended before its time"),
            (200_000, "made 2 days ago", "has ended before its time"),
        ] {
            let error = UserFileError::Locked {
                path: "/c".into(),
                lock: "/c d.lock".into(),
                age: Some(Duration::from_secs(seconds)),
            };
            assert!(error.to_string().ends_with(age), "{error}");
            let hint = error.hint();
            assert!(
                hint.contains(solution) && hint.ends_with("mv '/c d.lock' '/c d.lock'.old"),
                "{hint}"
            );
        }
    }
}
