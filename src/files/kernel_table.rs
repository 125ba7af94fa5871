//! Tables of the kernel, such as `/proc/net/tcp`. They have any length, and the kernel produces them during the read.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::time::Instant;

use super::open;

/// Returns the lines for which `is_wanted` is true. Other lines are not stored, since the table has one for each connection of the machine.
///
/// # Errors
/// When the table cannot be read, and of kind `TimedOut` after the deadline.
pub(crate) fn table_lines(
    path: &Path,
    is_wanted: impl Fn(&str) -> bool,
    deadline: Instant,
) -> io::Result<String> {
    let mut table = BufReader::with_capacity(64 * 1024, open(OpenOptions::new().read(true), path)?);
    let (mut wanted, mut line) = (String::new(), String::new());
    while table.read_line(&mut line)? > 0 {
        if is_wanted(&line) {
            wanted.push_str(&line);
        }
        line.clear();
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(wanted)
}
