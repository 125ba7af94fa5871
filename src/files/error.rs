//! Why a file cannot be used.

use std::io;
use std::path::PathBuf;

use super::MAX_BYTES;

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
    HardLinked { path: PathBuf, links: u64 },
    #[error("`{path}` is larger than {MAX_BYTES} bytes")]
    TooLarge { path: PathBuf },
    #[error("cannot {action} `{path}`")]
    Io {
        action: Action,
        path: PathBuf,
        source: io::Error,
    },
}

/// What could not be done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Open,
    Read,
    List,
    Write,
    Lock,
    MakeDirectory,
    PutAside,
    Remove,
}

impl Action {
    /// Whether the path was only to be read.
    pub(super) fn is_reading(self) -> bool {
        match self {
            Self::Open | Self::Read | Self::List => true,
            Self::Write | Self::Lock | Self::MakeDirectory | Self::PutAside | Self::Remove => false,
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::List => "list",
            Self::Write => "write",
            Self::Lock => "lock",
            Self::MakeDirectory => "make the directory",
            Self::PutAside => "put aside",
            Self::Remove => "remove",
        })
    }
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
    /// Whether a caller may continue without a cache that fails with this error. The other errors may be an attack.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::Io { .. } | Self::WrongType { .. } | Self::TooLarge { .. } => true,
            Self::ForeignOwner { .. }
            | Self::OpenToOthers { .. }
            | Self::UnsafeAncestor { .. }
            | Self::Link { .. }
            | Self::LinkedDirectory { .. }
            | Self::HardLinked { .. } => false,
        }
    }

    /// Whether the file may be valid and could only not be opened or read this time. A path that is no file, or a file that is too large,
    /// is never a valid session.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: io::Error) -> Error {
        Error::Io {
            action: Action::Read,
            path: "/s".into(),
            source,
        }
    }

    #[test]
    fn an_input_error_is_temporary() {
        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::StaleNetworkFileHandle,
            io::ErrorKind::OutOfMemory,
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::Other,
        ] {
            assert!(of(kind.into()).is_temporary() && of(kind.into()).is_unavailable());
        }
        let path = PathBuf::from("/s");
        assert!(!Error::TooLarge { path: path.clone() }.is_temporary());
        let expected = Kind::File;
        assert!(!Error::WrongType { path, expected }.is_temporary());
    }
}
