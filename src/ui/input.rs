//! Lines that a person types.
//!
//! Owns the wait for them: until when, only in the foreground, and what is shown again after a stop.

use std::io::{self, Read};
use std::time::Instant;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// Longest line that is read; an authorization code takes at most a few KB.
const MAX_LINE: usize = 64 * 1024;

/// What the kernel keeps of a line that is typed at a terminal (Linux, `N_TTY_BUF_SIZE` less its end); the rest is dropped.
#[cfg(unix)]
const TERMINAL_LINE: usize = 4095;

/// Reads one line of standard input and not a byte more: what follows is kubectl's. `show` writes the prompt, and is
/// called again where the shell wrote meanwhile. A line that the terminal has cut is `InvalidData`.
pub(super) fn write_line(deadline: Option<Instant>, show: impl FnMut()) -> io::Result<Secret> {
    let bytes = collect(deadline, show)?;
    Ok(Secret::new(String::from_utf8_lossy(&bytes).trim()))
}

/// `std` reads ahead, and what it had read would be lost for whoever reads next.
#[cfg(unix)]
fn collect(deadline: Option<Instant>, mut show: impl FnMut()) -> io::Result<Zeroizing<Vec<u8>>> {
    use std::fs::File;
    use std::io::IsTerminal as _;
    use std::os::fd::AsFd as _;

    use super::terminal::{Ready, Wait};
    use crate::process::SignalWatch;

    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !input.is_terminal() {
        show();
        return until_line_end(MAX_LINE, |byte| (&input).read(byte));
    }
    // With a deadline this is the main thread; without one, the main thread waits for a browser, sees the signals, and draws.
    let signals = deadline.and_then(|_| SignalWatch::begin().ok());
    // Only now: whoever sees the prompt may press Ctrl-Z.
    show();
    let mut wait = Wait::new(&input, signals.as_ref(), deadline, true);
    let line = until_line_end(MAX_LINE, |byte| {
        loop {
            match wait.next()? {
                Ready::Input => {
                    let length = (&input).read(byte)?;
                    // What Enter sends in raw mode, in which a full-screen program may have left the terminal.
                    if *byte == *b"\r" {
                        *byte = *b"\n";
                    }
                    return Ok(length);
                }
                Ready::Foreground if deadline.is_some() => show(),
                Ready::Foreground | Ready::Background => {}
                Ready::Signal(signal) => wait.deliver(signal),
            }
        }
    })?;
    if line.len() == TERMINAL_LINE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(line)
}

/// Only `std` knows how to read Unicode from a Windows console. Unverified, and without a deadline.
#[cfg(not(unix))]
fn collect(_: Option<Instant>, mut show: impl FnMut()) -> io::Result<Zeroizing<Vec<u8>>> {
    show();
    let mut input = io::stdin().lock();
    until_line_end(MAX_LINE, |byte| input.read(byte))
}

/// Collects bytes up to the end of a line, which is left out. Ctrl-D after some text is an end, too.
pub(super) fn until_line_end(
    limit: usize,
    mut read: impl FnMut(&mut [u8; 1]) -> io::Result<usize>,
) -> io::Result<Zeroizing<Vec<u8>>> {
    // A vector that grows would leave copies that nobody wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let mut byte = Zeroizing::new([0]);
    loop {
        match read(&mut byte) {
            Ok(0) if bytes.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(0) => return Ok(bytes),
            Ok(_) if *byte == *b"\n" => return Ok(bytes),
            Ok(_) if bytes.len() < limit => bytes.push(byte[0]),
            Ok(_) => return Err(io::Error::other("the line is too long")),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Throws away what waits at the terminal to be read; what a pipe holds is not a person's.
#[cfg(unix)]
pub(super) fn discard() {
    use std::io::IsTerminal as _;

    use nix::sys::termios::{FlushArg, tcflush};

    // In the background this too would stop us (SIGTTOU).
    if io::stdin().is_terminal() && !crate::environment::is_background_job() {
        // What cannot be thrown away is nothing to fail for.
        tcflush(io::stdin(), FlushArg::TCIFLUSH).ok();
    }
}

#[cfg(not(unix))]
pub(super) fn discard() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], limit: usize) -> Result<(Vec<u8>, usize), io::ErrorKind> {
        let mut input = text;
        let line = until_line_end(limit, |byte| input.read(byte));
        line.map(|line| (line.to_vec(), input.len()))
            .map_err(|error| error.kind())
    }

    #[test]
    fn a_line_ends_at_its_end_or_that_of_the_input_and_not_a_byte_later() {
        for (text, line, left) in [
            (&b"word\nrest"[..], &b"word"[..], 4),
            (b"\nrest", b"", 4),
            (b"word", b"word", 0),
            (b" a b \r\n", b" a b \r", 0),
        ] {
            assert_eq!(read(text, 10), Ok((line.to_vec(), left)), "{text:?}");
        }
        assert_eq!(read(b"", 10), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(read(b"1234\n", 3), Err(io::ErrorKind::Other));
    }
}
