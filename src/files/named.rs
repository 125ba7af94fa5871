//! Reads and writes files that the user named, and temporary files.
//!
//! Also judges whether a library that reads such a file comes to an end.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempPath;

use super::{Action, Error, Kind, MAX_BYTES, platform};

/// How long the writer of a pipe may take in total.
const PIPE_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How deep the directories of manifests are.
const MAX_DIR_DEPTH: usize = 32;

/// The largest bundle of certificates that a library may read. That of a system has some 250 KiB.
const MAX_BUNDLE_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a secret from a file that must belong to this user and be closed to others.
pub(crate) fn read_secret(path: &Path) -> Result<Vec<u8>, Error> {
    let file = platform::open_to_read(path).map_err(|source| platform::open_error(path, source))?;
    platform::check_file(&file, path)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| Error::Io {
        action: Action::Read,
        path: path.to_owned(),
        source,
    })?;
    check_size(&bytes, path)?;
    Ok(bytes)
}

/// Reads a file that the user named, such as a CA certificate. Its owner and mode are not checked.
///
/// A FIFO or a device is an error, since a read from it may never end. A pipe that the caller passed as a descriptor, as a shell does for
/// `<(…)`, is read within [`PIPE_READ_TIMEOUT`].
pub(crate) fn read_named(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = read_up_to(path, MAX_BYTES + 1)?;
    check_size(&bytes, path)?;
    Ok(bytes)
}

/// As [`read_named`], for a file that may be large, such as what `kubectl get` wrote of a cluster, up to a limit of its own.
pub(crate) fn read_large(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    let bytes = read_up_to(path, max_bytes + 1)?;
    if bytes.len() as u64 > max_bytes {
        return Err(Error::Io {
            action: Action::Read,
            path: path.to_owned(),
            source: io::ErrorKind::FileTooLarge.into(),
        });
    }
    Ok(bytes)
}

/// Returns the files of a directory, and of those in it, whose names end in one of the endings, in the order of their names. Hidden ones
/// are left out. A path that is no directory is returned as it is.
pub(crate) fn files_below(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(files);
    }
    add_files(path, endings, MAX_DIR_DEPTH, &mut files).map_err(|source| Error::Io {
        action: Action::List,
        path: path.to_owned(),
        source,
    })?;
    Ok(files)
}

fn add_files(dir: &Path, endings: &[&str], depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        // A link to a directory is not followed, so there is no circle.
        let is_dir = fs::symlink_metadata(&path)?.is_dir();
        if is_dir && depth > 0 {
            add_files(&path, endings, depth - 1, files)?;
        } else if !is_dir && endings.iter().any(|ending| name.ends_with(ending)) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io {
        action: Action::Read,
        path: path.to_owned(),
        source,
    };
    // The check is before the open, since opening a device can have an effect.
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
        Source::Pipe => platform::read_pipe(&mut file, limit, PIPE_READ_TIMEOUT, &mut bytes),
        Source::File | Source::Other => file.take(limit).read_to_end(&mut bytes).map(drop),
    }
    .map_err(failed)?;
    Ok(bytes)
}

fn check_size(bytes: &[u8], path: &Path) -> Result<(), Error> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Writes a file that the user named and that does not exist yet. Only its owner can read it.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = platform::create_new(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| Error::Io {
        action: Action::Write,
        path: path.to_owned(),
        source,
    })
}

/// Makes a directory that the user named, and those above it, if it is not there.
pub(crate) fn make_dir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|source| Error::Io {
        action: Action::MakeDirectory,
        path: path.to_owned(),
        source,
    })
}

/// Writes a file that only its owner can read, in the system's directory for temporary files. It is removed when the value is dropped.
pub(crate) fn write_temporary(bytes: &[u8]) -> io::Result<TempPath> {
    let mut file = tempfile::Builder::new().prefix("kubesesame-").tempfile()?;
    file.write_all(bytes)?;
    Ok(file.into_temp_path())
}

/// Whether a library that reads this file, without a limit and a timeout, comes to an end soon.
///
/// A file that is missing or a directory is an error of the library at once. A pipe that the caller passed as a descriptor is the caller's own.
pub(crate) fn ends_soon(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else {
        return true;
    };
    match source_of(&metadata, path) {
        Source::File => metadata.len() <= MAX_BUNDLE_BYTES,
        Source::Pipe => true,
        Source::Other => metadata.is_dir() || path == Path::new("/dev/null"),
    }
}

/// As [`ends_soon`], of the files of a directory. Anything else in it is passed over.
pub(crate) fn all_end_soon(dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return true;
    };
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.all(|path| !path.is_file() || ends_soon(&path))
}

/// What a path names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    File,
    Pipe,
    Other,
}

fn source_of(metadata: &fs::Metadata, path: &Path) -> Source {
    let is_passed_descriptor = path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|dir| path.starts_with(dir));
    if metadata.is_file() {
        Source::File
    } else if is_passed_descriptor && platform::is_pipe(metadata) {
        Source::Pipe
    } else {
        Source::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A secret that is cut off would be sent, and be refused without a reason.
    #[test]
    fn a_secret_in_a_file_that_is_too_large_is_refused() {
        let limit = usize::try_from(MAX_BYTES).unwrap();
        for (size, is_accepted) in [(limit, true), (limit + 1, false)] {
            let file = write_temporary(&vec![b'x'; size]).unwrap();
            match read_secret(&file) {
                Ok(bytes) => assert!(is_accepted && bytes.len() == size, "{size}"),
                Err(error) => assert!(!is_accepted && matches!(error, Error::TooLarge { .. }), "{error}"),
            }
        }
    }
}
