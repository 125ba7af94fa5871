//! Why a file cannot be used, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::{MAX_BYTES, platform, quoted};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{kind} `{path}` belongs to {owner}, not to you")]
    ForeignOwner {
        kind: Kind,
        path: PathBuf,
        owner: String,
    },
    #[error("{kind} `{path}` is open to other users (mode {mode:04o})")]
    OpenToOthers { kind: Kind, path: PathBuf, mode: u32 },
    #[error("directory `{path}` lies below `{ancestor}`, which others may change (mode {mode:04o})")]
    UnsafeAncestor {
        path: PathBuf,
        ancestor: PathBuf,
        mode: u32,
    },
    #[error("`{path}` is a symbolic link, and kubesesame does not follow links to secrets")]
    Link { path: PathBuf },
    #[error("`{path}` is a symbolic link to the directory `{target}`")]
    LinkedDirectory { path: PathBuf, target: PathBuf },
    #[error("`{path}` is not a {expected}")]
    WrongType { path: PathBuf, expected: Kind },
    #[error("`{path}` has {links} names (hard links)")]
    ManyNames { path: PathBuf, links: u64 },
    #[error("`{path}` is larger than {MAX_BYTES} bytes")]
    TooLarge { path: PathBuf },
    #[error("cannot {action} `{path}`")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// What a path was expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Directory => "directory",
            Self::File => "file",
        })
    }
}

impl Error {
    /// Returns whether a cache that fails so may be done without; the other failures may be an attack.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::Io { .. } | Self::WrongType { .. } | Self::TooLarge { .. } => true,
            Self::ForeignOwner { .. }
            | Self::OpenToOthers { .. }
            | Self::UnsafeAncestor { .. }
            | Self::Link { .. }
            | Self::LinkedDirectory { .. }
            | Self::ManyNames { .. } => false,
        }
    }

    /// Whether the file may be good, and only could not be opened or read this time: it is let be. What is no file, or far too large, is
    /// no session of ours.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::ForeignOwner {
                kind: Kind::Directory,
                ..
            } => "choose another directory with --token-cache-dir, best below your home".to_owned(),
            Self::ForeignOwner { path, .. } | Self::ManyNames { path, .. } | Self::Link { path } => {
                let dir = path.parent().unwrap_or(path);
                format!(
                    "look at it (ls -l {}); to remove it with the sessions beside it: kubesesame clean --token-cache-dir={}",
                    quoted(path),
                    quoted(dir)
                )
            }
            Self::LinkedDirectory { target, .. } => format!(
                "name the directory itself, if it is yours: --token-cache-dir={}",
                quoted(target)
            ),
            Self::OpenToOthers { kind, path, .. } => {
                let mode = if *kind == Kind::Directory { "700" } else { "600" };
                format!(
                    "if nobody else had a reason to look: chmod {mode} {}; where that changes nothing (a Windows drive under WSL), keep \
                     sessions on a Linux file system with --token-cache-dir",
                    quoted(path)
                )
            }
            Self::UnsafeAncestor { ancestor, .. } => {
                format!(
                    "use a --token-cache-dir below your home, or: chmod o-w {}",
                    quoted(ancestor)
                )
            }
            Self::WrongType { path, .. } => format!("move it away: mv {0} {0}.old", quoted(path)),
            Self::TooLarge { path } => {
                format!("it is none of ours; look at it: head -c 300 {}", quoted(path))
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, or choose another place with --token-cache-dir".to_owned()
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotADirectory => {
                "a part of the path is a file: choose another place with --token-cache-dir".to_owned()
            }
            Self::Io {
                action: "read" | "open",
                path,
                source,
            } if source.kind() == io::ErrorKind::PermissionDenied => format!(
                "make it readable for you (chmod u+rwX {}), or choose another place with --token-cache-dir",
                quoted(path)
            ),
            Self::Io { source, .. } => hint_for_system_error(source.raw_os_error(), source.kind()).to_owned(),
        }
    }
}

/// What to do about an error of the system. Some have no kind of their own.
fn hint_for_system_error(code: Option<i32>, kind: io::ErrorKind) -> &'static str {
    if let Some(hint) = code.and_then(platform::hint) {
        return hint;
    }
    match kind {
        io::ErrorKind::OutOfMemory => "free some memory, and try again",
        io::ErrorKind::StaleNetworkFileHandle => {
            "try again; if it stays so, mount the network file system anew or choose another place with --token-cache-dir"
        }
        _ => "make it writable for you, or choose another with --token-cache-dir",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: io::Error) -> Error {
        Error::Io {
            action: "read",
            path: "/s".into(),
            source,
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_now_is_no_broken_one() {
        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::StaleNetworkFileHandle,
            io::ErrorKind::OutOfMemory,
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::Other,
        ] {
            assert!(of(kind.into()).may_pass() && of(kind.into()).is_unavailable());
        }
        let path = PathBuf::from("/s");
        assert!(!Error::TooLarge { path: path.clone() }.may_pass());
        let expected = Kind::File;
        assert!(!Error::WrongType { path, expected }.may_pass());
    }

    #[cfg(unix)]
    #[test]
    fn the_hint_follows_the_systems_error() {
        use nix::errno::Errno;
        for (code, words) in [
            (Errno::EACCES, "chmod u+rwX /s"),
            (Errno::EMFILE, "ulimit -n"),
            (Errno::ENFILE, "ulimit -n"),
            (Errno::ENOMEM, "free some memory"),
            (Errno::EIO, "has a fault"),
            (Errno::ESTALE, "mount"),
            (Errno::EDQUOT, "quota"),
            (Errno::ENOSPC, "free some space"),
            (Errno::EROFS, "make it writable"),
        ] {
            let hint = of(io::Error::from_raw_os_error(code as i32)).hint();
            assert!(hint.contains(words), "{code}: {hint}");
        }
    }
}
