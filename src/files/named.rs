//! Files that a flag names: how they are read.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use super::{Error, Kind, MAX_BYTES, platform};

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
/// What could keep a reader waiting for ever, a FIFO or a device, is refused; only a pipe that the caller has passed as a
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
