//! Reads standard input: a line that a person types, or all of it; and discards what was typed and not read.
//!
//! Never reads more than the line. At a terminal, `terminal` owns the wait for it.

use std::io::{self, Read};
use std::time::Instant;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// The longest line that is read. An authorization code has at most a few KB.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// The longest line that the kernel accepts at a terminal (Linux, `N_TTY_BUF_SIZE` less the line end). It drops the rest.
#[cfg(unix)]
const MAX_TERMINAL_LINE_BYTES: usize = 4095;

/// Who reads a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// The main thread, which also handles signals and shows the prompt again.
    MainThread { deadline: Instant },
    /// A thread beside the main thread, which waits for a browser, handles the signals, and draws the prompt.
    PromptThread,
}

impl Reader {
    fn deadline(self) -> Option<Instant> {
        match self {
            Self::MainThread { deadline } => Some(deadline),
            Self::PromptThread => None,
        }
    }
}

/// Reads one line of standard input and not a byte more, since the following input is for kubectl. `show` writes the prompt. It is called
/// again after the shell wrote to the terminal.
///
/// # Errors
/// Of kind `TimedOut` after the deadline, `UnexpectedEof` at the end of the input, and `InvalidData` if the terminal has cut the line.
pub(super) fn read_line(reader: Reader, show: impl FnMut()) -> io::Result<Secret> {
    let bytes = read_bytes(reader, show)?;
    Ok(Secret::new(String::from_utf8_lossy(&bytes).trim()))
}

/// Not by `std::io::Stdin`, which reads ahead: the next reader would miss that input.
#[cfg(unix)]
fn read_bytes(reader: Reader, mut show: impl FnMut()) -> io::Result<Zeroizing<Vec<u8>>> {
    use std::fs::File;
    use std::io::IsTerminal as _;
    use std::os::fd::AsFd as _;

    use super::terminal::{Ready, Wait};
    use crate::process::SignalWatch;

    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !input.is_terminal() {
        show();
        return until_line_end(MAX_LINE_BYTES, |byte| (&input).read(byte));
    }
    let deadline = reader.deadline();
    let signals = match reader {
        Reader::MainThread { .. } => SignalWatch::begin().ok(),
        Reader::PromptThread => None,
    };
    // After the watch has begun, since a person who sees the prompt may press Ctrl-Z.
    show();
    let mut wait = Wait::new(&input, signals.as_ref(), deadline, true);
    let line = until_line_end(MAX_LINE_BYTES, |byte| {
        loop {
            match wait.next()? {
                Ready::Input => {
                    let length = (&input).read(byte)?;
                    // Enter sends `\r` in raw mode. A full-screen program may have left the terminal in that mode.
                    if *byte == *b"\r" {
                        *byte = *b"\n";
                    }
                    return Ok(length);
                }
                Ready::Foreground => {
                    if let Reader::MainThread { .. } = reader {
                        show();
                    }
                }
                Ready::Background => {}
                Ready::Signal(signal) => wait.deliver(signal),
            }
        }
    })?;
    if line.len() == MAX_TERMINAL_LINE_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(line)
}

/// By `std`, which reads Unicode from a Windows console. Not tested on a real machine. The deadline is ignored.
#[cfg(not(unix))]
fn read_bytes(_: Reader, mut show: impl FnMut()) -> io::Result<Zeroizing<Vec<u8>>> {
    show();
    let mut input = io::stdin().lock();
    until_line_end(MAX_LINE_BYTES, |byte| input.read(byte))
}

/// Reads bytes up to the end of a line, which is not returned. Ctrl-D after some text ends the line, too.
pub(super) fn until_line_end(
    limit: usize,
    mut read: impl FnMut(&mut [u8; 1]) -> io::Result<usize>,
) -> io::Result<Zeroizing<Vec<u8>>> {
    // A vector that grows would leave copies in memory that are not wiped.
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

/// What is on standard input.
pub(crate) enum StdinText {
    Whole(Zeroizing<Vec<u8>>),
    /// More than was to be read.
    TooLong,
}

/// Reads standard input to its end.
pub(super) fn read_all(limit: usize) -> io::Result<StdinText> {
    let mut bytes = Zeroizing::new(Vec::new());
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    Ok(if bytes.len() > limit {
        StdinText::TooLong
    } else {
        StdinText::Whole(bytes)
    })
}

/// Discards input at the terminal that was not read yet. Input in a pipe stays, since no person typed it.
#[cfg(unix)]
pub(super) fn discard() {
    use std::io::IsTerminal as _;

    use nix::sys::termios::{FlushArg, tcflush};

    // In the background, this would stop the process (SIGTTOU).
    if io::stdin().is_terminal() && !crate::environment::is_background_job() {
        // A failure to discard is ignored.
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
    fn a_line_is_read_up_to_its_end_or_the_end_of_the_input_and_not_further() {
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
