//! Files that a flag names: how they are read, and what to do where that fails.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use super::{Error, Kind, MAX_BYTES, platform, quoted};

/// How long the writer of a pipe may take, from the first byte to the end.
const PIPE_WAIT: Duration = Duration::from_secs(10);

/// Reads a secret that the person has put into a file: it has to be theirs and closed to others.
pub(crate) fn read_secret(path: &Path) -> Result<Vec<u8>, Error> {
    let file = platform::open_to_read(path).map_err(|source| platform::explain_open(path, source))?;
    platform::check_file(&file, path)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|source| Error::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    Ok(bytes)
}

/// Reads a file that the person named, such as a CA certificate. Its owner and mode are the person's business.
///
/// What could keep a reader waiting for ever, a FIFO or a device, is refused; only a pipe that the caller has handed over as a
/// descriptor, as a shell does for `<(…)`, is read, and not waited for without end.
pub(crate) fn read_named(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    // Opened only then: to open a device can do something.
    let metadata = fs::metadata(path).map_err(failed)?;
    let check = |metadata: &fs::Metadata| match source_of(metadata, path) {
        Source::Other => Err(Error::WrongType {
            path: path.to_owned(),
            expected: Kind::File,
        }),
        source => Ok(source),
    };
    check(&metadata)?;
    let mut file = platform::open_named(path).map_err(failed)?;
    let mut bytes = Vec::new();
    match check(&file.metadata().map_err(failed)?)? {
        Source::Pipe => platform::read_pipe(&mut file, MAX_BYTES + 1, PIPE_WAIT, &mut bytes),
        _ => file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map(drop),
    }
    .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// What there is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    File,
    Pipe,
    Other,
}

fn source_of(metadata: &fs::Metadata, path: &Path) -> Source {
    let is_handed = path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|dir| path.starts_with(dir));
    if metadata.is_file() {
        Source::File
    } else if is_handed && platform::is_pipe(metadata) {
        Source::Pipe
    } else {
        Source::Other
    }
}

impl Error {
    /// As [`Error::hint`], which is about the directory for sessions.
    pub(crate) fn hint_for(&self, flag: &str) -> String {
        match self {
            Self::OpenToOthers { path, .. } => {
                format!("close it to other users: chmod 600 {}", quoted(path))
            }
            Self::ForeignOwner { .. } | Self::UnsafeAncestor { .. } | Self::ManyNames { .. } => {
                format!("make a copy that belongs to you alone, and name it with --{flag}")
            }
            Self::Link { .. } | Self::LinkedDirectory { .. } => {
                format!("name the file that the link leads to with --{flag}")
            }
            Self::WrongType { .. } | Self::TooLarge { .. } => format!("name another file with --{flag}"),
            Self::Io { path, source, .. } => match source.kind() {
                io::ErrorKind::NotFound if path.is_relative() => format!(
                    "correct the path that --{flag} has: a relative one begins in the directory in which kubectl was called"
                ),
                io::ErrorKind::NotFound => format!("correct the path that --{flag} has, or make the file"),
                io::ErrorKind::PermissionDenied => {
                    format!("make it readable for you: chmod u+r {}", quoted(path))
                }
                _ => format!("name another file with --{flag}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_no_matter_of_the_cache_directory() {
        let hint = |kind: io::ErrorKind, path: &str| {
            let error = Error::Io {
                action: "read",
                path: path.into(),
                source: kind.into(),
            };
            error.hint_for("password-file")
        };
        for (kind, path, words) in [
            (
                io::ErrorKind::NotFound,
                "/s",
                "correct the path that --password-file has",
            ),
            (io::ErrorKind::NotFound, "s", "in which kubectl was called"),
            (io::ErrorKind::PermissionDenied, "/a b", "chmod u+r '/a b'"),
            (
                io::ErrorKind::IsADirectory,
                "/s",
                "another file with --password-file",
            ),
        ] {
            let hint = hint(kind, path);
            assert!(hint.contains(words) && !hint.contains("cache"), "{hint}");
        }
    }
}
