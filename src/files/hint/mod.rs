//! The hint for a file that cannot be used, by its purpose and the kind of error. Pure.

use std::io;
use std::path::Path;

use super::{Error, Kind, platform, quoted};
use crate::catalogue::Id;

/// The purpose of a file, which decides what the user can use instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A file in the directory of sessions.
    Sessions,
    /// Tokens of the standalone mode that are still to be written into a kubeconfig.
    PendingTokens,
    /// A secret that `convert` moves out of a kubeconfig.
    MovedSecret,
    /// A file that this flag names, which may be in a kubeconfig.
    Flag(&'static str),
    /// A file that this flag names, which a person types. `dir` names the directory of the file.
    Typed(&'static str),
    /// A kubeconfig, its backup or its lock.
    Kubeconfig,
}

/// A system error that the standard library has no kind for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "the codes are those of Unix"))]
pub(super) enum SystemFault {
    TooManyOpen,
    Device,
    LinkLoop,
}

impl Purpose {
    /// Returns what to use instead of this file.
    fn alternative(self) -> String {
        match self {
            Self::Sessions => "choose another place with --token-cache-dir".to_owned(),
            Self::PendingTokens => "give those tokens up, and sign in anew: kubesesame clean".to_owned(),
            Self::MovedSecret => "leave --secret-to-file out: the secrets stay in the kubeconfig".to_owned(),
            Self::Typed("dir") => "name another directory with --dir".to_owned(),
            Self::Flag(flag) | Self::Typed(flag) => format!("name another file with --{flag}"),
            Self::Kubeconfig => "name a copy in another place with --kubeconfig".to_owned(),
        }
    }
}

impl Error {
    pub(crate) fn hint(&self, purpose: Purpose) -> String {
        match (self, purpose) {
            (Self::Io { action, path, source }, _) => system_hint(purpose, action.is_reading(), path, source),
            (Self::OpenToOthers { kind, path, .. }, Purpose::PendingTokens) => {
                format!("if no other user has read it: {}", chmod_command(*kind, path))
            }
            (_, Purpose::Sessions | Purpose::PendingTokens) => self.hint_for_session(),
            (_, Purpose::MovedSecret) => self.hint_for_moved_secret(),
            (_, Purpose::Flag(_) | Purpose::Typed(_) | Purpose::Kubeconfig) => self.hint_for_named(purpose),
        }
    }

    /// Returns the id by which the error is explained.
    pub(crate) fn id(&self, purpose: Purpose) -> Id {
        match (self, purpose) {
            (Self::Io { source, .. }, _) if is_limit(source) => Id::SYSTEM_LIMITS,
            (_, Purpose::PendingTokens) => Id::PENDING_TOKENS_UNREADABLE,
            (_, Purpose::Flag(_) | Purpose::Typed(_)) => Id::FLAG_FILE_UNUSABLE,
            (_, Purpose::Kubeconfig) => Id::KUBECONFIG_NOT_USABLE,
            (
                Self::ForeignOwner { .. }
                | Self::OpenToOthers { .. }
                | Self::UnsafeAncestor { .. }
                | Self::Link { .. }
                | Self::LinkedDirectory { .. }
                | Self::HardLinked { .. },
                Purpose::Sessions | Purpose::MovedSecret,
            ) => Id::STORAGE_NOT_PRIVATE,
            (
                Self::WrongType { .. } | Self::TooLarge { .. } | Self::Io { .. },
                Purpose::Sessions | Purpose::MovedSecret,
            ) => Id::STORAGE_UNUSABLE,
        }
    }

    /// Returns the mode of a file that is open to others, and the command that closes it.
    pub(crate) fn openness(&self) -> Option<(u32, String)> {
        match self {
            Self::OpenToOthers { kind, path, mode } => Some((*mode, chmod_command(*kind, path))),
            Self::ForeignOwner { .. }
            | Self::UnsafeAncestor { .. }
            | Self::Link { .. }
            | Self::LinkedDirectory { .. }
            | Self::WrongType { .. }
            | Self::HardLinked { .. }
            | Self::TooLarge { .. }
            | Self::Io { .. } => None,
        }
    }

    fn hint_for_session(&self) -> String {
        let alternative = Purpose::Sessions.alternative();
        match self {
            Self::ForeignOwner {
                kind: Kind::Directory,
                ..
            } => "choose another directory with --token-cache-dir, best below your home".to_owned(),
            Self::ForeignOwner { path, .. } | Self::Link { path } => {
                format!("look at it (ls -l {}); {}", quoted(path), clean_command(path))
            }
            Self::HardLinked { path, .. } => format!(
                "find its other names (find ~ -xdev -samefile {} -print, or in another directory on the same file system) and remove those \
                 (rm), and the session goes on; {}",
                quoted(path),
                clean_command(path)
            ),
            Self::LinkedDirectory { target, .. } => format!(
                "name the directory itself, if it is yours: --token-cache-dir={}",
                quoted(target)
            ),
            Self::OpenToOthers { kind, path, .. } => format!(
                "if no other user has read it: {}; where that changes nothing (a Windows drive under WSL), keep sessions on a \
                 Linux file system with --token-cache-dir",
                chmod_command(*kind, path)
            ),
            Self::UnsafeAncestor { ancestor, .. } => format!(
                "use a --token-cache-dir below your home, or: chmod o-w {}",
                quoted(ancestor)
            ),
            Self::WrongType { path, .. } if path.starts_with("/dev") => alternative,
            Self::WrongType { path, .. } => format!("{}, or {alternative}", move_command(path)),
            Self::TooLarge { path } => {
                format!(
                    "kubesesame did not make this file; look at it: head -c 300 {}",
                    quoted(path)
                )
            }
            Self::Io { .. } => alternative,
        }
    }

    fn hint_for_moved_secret(&self) -> String {
        let alternative = Purpose::MovedSecret.alternative();
        let solution = match self {
            Self::OpenToOthers { kind, path, .. } => {
                format!("if no other user has read it: {}", chmod_command(*kind, path))
            }
            Self::UnsafeAncestor { ancestor, .. } => format!("close it: chmod o-w {}", quoted(ancestor)),
            Self::LinkedDirectory { path, target } => format!(
                "put a directory of your own in the place of the link {} (it leads to {})",
                quoted(path),
                quoted(target)
            ),
            Self::ForeignOwner { path, .. }
            | Self::HardLinked { path, .. }
            | Self::Link { path }
            | Self::WrongType { path, .. }
            | Self::TooLarge { path } => {
                format!("look at it (ls -ld {}); {}", quoted(path), move_command(path))
            }
            Self::Io { .. } => return alternative,
        };
        format!("{solution}; or {alternative}")
    }

    fn hint_for_named(&self, purpose: Purpose) -> String {
        match (self, purpose) {
            (Self::OpenToOthers { kind, path, .. }, _) => {
                format!("close it to other users: {}", chmod_command(*kind, path))
            }
            (
                Self::ForeignOwner { .. } | Self::UnsafeAncestor { .. } | Self::HardLinked { .. },
                Purpose::Flag(flag) | Purpose::Typed(flag),
            ) => format!("make a copy that belongs to you alone, and name it with --{flag}"),
            (
                Self::Link { .. } | Self::LinkedDirectory { .. },
                Purpose::Flag(flag) | Purpose::Typed(flag),
            ) => {
                format!("name the file that the link leads to with --{flag}")
            }
            (
                Self::ForeignOwner { .. }
                | Self::UnsafeAncestor { .. }
                | Self::HardLinked { .. }
                | Self::Link { .. }
                | Self::LinkedDirectory { .. }
                | Self::WrongType { .. }
                | Self::TooLarge { .. }
                | Self::Io { .. },
                _,
            ) => purpose.alternative(),
        }
    }
}

/// Whether the process or the machine has reached a limit, so that no other file would be better.
fn is_limit(source: &io::Error) -> bool {
    source.raw_os_error().and_then(platform::system_fault) == Some(SystemFault::TooManyOpen)
        || source.kind() == io::ErrorKind::OutOfMemory
}

/// Returns the command that removes the access of other users.
fn chmod_command(kind: Kind, path: &Path) -> String {
    let mode = if kind == Kind::Directory { "700" } else { "600" };
    format!("chmod {mode} {}", quoted(path))
}

/// Returns the command that removes a session's file that cannot be repaired.
fn clean_command(path: &Path) -> String {
    let dir = path.parent().unwrap_or(path);
    format!(
        "to remove it with the sessions beside it: kubesesame clean --token-cache-dir={}",
        quoted(dir)
    )
}

fn move_command(path: &Path) -> String {
    format!("move it away: mv {0} {0}.old", quoted(path))
}

/// Returns the hint for a system error. `is_read` says whether the file was to be read, not written.
pub(super) fn system_hint(purpose: Purpose, is_read: bool, path: &Path, source: &io::Error) -> String {
    let alternative = purpose.alternative();
    match source.raw_os_error().and_then(platform::system_fault) {
        Some(SystemFault::TooManyOpen) => {
            return "too many files are open: close programs, or raise the limit (ulimit -n), and try again"
                .to_owned();
        }
        Some(SystemFault::Device) => {
            return format!(
                "the disk or its server has a fault (dmesg may say which); until it is fixed, {alternative}"
            );
        }
        Some(SystemFault::LinkLoop) => {
            return format!("a link on the way to it is one that cannot be followed; {alternative}");
        }
        None => {}
    }
    match source.kind() {
        io::ErrorKind::PermissionDenied => permission_hint(purpose, is_read, path),
        io::ErrorKind::NotFound => missing_hint(purpose, path),
        io::ErrorKind::StorageFull => format!("free some space, or {alternative}"),
        io::ErrorKind::QuotaExceeded => {
            format!("your quota is used up: free some space, or {alternative}")
        }
        io::ErrorKind::FileTooLarge => {
            "the file would exceed the size limit: raise the limit (ulimit -f), and try again".to_owned()
        }
        io::ErrorKind::OutOfMemory => "free some memory, and try again".to_owned(),
        io::ErrorKind::StaleNetworkFileHandle => {
            format!("try again; if it stays so, mount the network file system anew, or {alternative}")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("its file system is read-only: make it writable, or {alternative}")
        }
        io::ErrorKind::NotADirectory => format!("a part of the path is a file: {alternative}"),
        io::ErrorKind::TimedOut => format!("the program that writes it has not ended: {alternative}"),
        _ => alternative,
    }
}

fn permission_hint(purpose: Purpose, is_read: bool, path: &Path) -> String {
    let dir = quoted(path.parent().unwrap_or(path));
    match purpose {
        Purpose::Flag(_) | Purpose::Typed(_) if is_read => {
            format!("make it readable for you: chmod u+r {}", quoted(path))
        }
        Purpose::Flag(_) | Purpose::Typed(_) => {
            format!(
                "make its directory {dir} writable for you, or {}",
                purpose.alternative()
            )
        }
        Purpose::Kubeconfig => format!("make it and its directory {dir} readable and writable for you"),
        Purpose::PendingTokens => format!(
            "make it and its directory readable for you (chmod u+rwX {dir} {}), or {}",
            quoted(path),
            purpose.alternative()
        ),
        Purpose::Sessions | Purpose::MovedSecret if is_read => format!(
            "make it readable for you (chmod u+rwX {}), or {}",
            quoted(path),
            purpose.alternative()
        ),
        Purpose::Sessions | Purpose::MovedSecret => format!(
            "make its directory {dir} writable for you, or {}",
            purpose.alternative()
        ),
    }
}

fn missing_hint(purpose: Purpose, path: &Path) -> String {
    match purpose {
        Purpose::Flag(flag) if path.is_relative() => format!(
            "correct the path that --{flag} has: a relative one begins in the directory in which kubectl was called"
        ),
        Purpose::Typed("dir") => {
            "correct the path that --dir has: a relative one begins in the current directory".to_owned()
        }
        Purpose::Typed(flag) if path.is_relative() => format!(
            "correct the path that --{flag} has, or make the file: a relative path begins in the current directory"
        ),
        Purpose::Flag(flag) | Purpose::Typed(flag) => {
            format!("correct the path that --{flag} has, or make the file")
        }
        Purpose::Sessions | Purpose::PendingTokens | Purpose::MovedSecret | Purpose::Kubeconfig => format!(
            "something on the way to it was removed just now: try again, or {}",
            purpose.alternative()
        ),
    }
}

#[cfg(test)]
mod tests;
