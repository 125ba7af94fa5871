//! Another program in the place of this one.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Command;

/// Lets another program go on in this process, so that the terminal, signals and the exit code are that program's own.
///
/// # Errors
/// If it cannot be started. On success it does not return.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn replace_by(program: &Path, args: &[OsString]) -> io::Result<u8> {
    use std::os::unix::process::CommandExt as _;

    Err(Command::new(program).args(args).exec())
}

/// Runs another program to its end, and returns its exit code: these systems cannot replace a process.
///
/// # Errors
/// If it cannot be started.
#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "the single access point to processes")]
pub(crate) fn replace_by(program: &Path, args: &[OsString]) -> io::Result<u8> {
    let status = Command::new(program).args(args).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(1))
}
