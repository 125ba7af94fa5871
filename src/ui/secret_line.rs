//! A secret that a person types at the terminal, without showing it.
//!
//! Owns the terminal's echo and its lines. They are as before on every way out: the end of the line, an error, the deadline, a signal that ends this
//! process, and for as long as Ctrl-Z has stopped it.

use std::io;
use std::time::Instant;

use crate::secret::Secret;

#[cfg(not(unix))]
pub(super) use other::read;
#[cfg(unix)]
pub(super) use unix::read;

#[cfg(unix)]
mod unix {
    use std::fs::{File, OpenOptions};
    use std::io::{Read as _, Write as _};

    use nix::sys::termios::{
        FlushArg, InputFlags, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr,
    };

    use super::super::input::until_line_end;
    use super::super::terminal::{Ready, Wait};
    use super::{Instant, Secret, io};
    use crate::environment;
    use crate::process::SignalWatch;

    /// No terminal takes a longer line (`MAX_CANON`).
    const MAX_SECRET: usize = 4096;

    /// Asks at the terminal of this process, whatever its standard input is.
    ///
    /// # Errors
    /// Of kind `TimedOut` after the deadline, and `UnexpectedEof` after Ctrl-D.
    pub(in crate::ui) fn read(prompt: &str, deadline: Option<Instant>) -> io::Result<Secret> {
        let terminal = open_terminal()?;
        // Where the system has no thread to give, a signal still ends this process.
        let signals = SignalWatch::begin().ok();
        let mut echo = Echo::new(&terminal)?;
        let mut wait = Wait::new(&terminal, signals.as_ref(), deadline, false);
        let line = until_line_end(MAX_SECRET, |byte| {
            loop {
                match wait.next()? {
                    Ready::Input => match (&terminal).read(byte) {
                        // The terminal was taken a moment ago.
                        Err(_) if environment::is_background_of(&terminal) => {}
                        read => return read,
                    },
                    Ready::Foreground => {
                        echo.turn_off()?;
                        (&terminal).write_all(prompt.as_bytes())?;
                    }
                    // What had stopped this process may have left the terminal as it was.
                    Ready::Background => echo.turn_on(),
                    Ready::Signal(signal) => {
                        echo.turn_on();
                        wait.deliver(signal);
                    }
                }
            }
        });
        echo.turn_on();
        let line = line?;
        let text = str::from_utf8(&line).map_err(|_| io::Error::other("what was typed is not UTF-8"))?;
        Ok(Secret::new(text))
    }

    #[expect(clippy::disallowed_methods, reason = "the access point to the terminal")]
    fn open_terminal() -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open("/dev/tty")
    }

    /// The echo of a terminal, which is on again when this is dropped.
    struct Echo<'a> {
        terminal: &'a File,
        before: Termios,
        hidden: Termios,
        is_off: bool,
    }

    impl<'a> Echo<'a> {
        fn new(terminal: &'a File) -> io::Result<Self> {
            let before = tcgetattr(terminal)?;
            let hidden = for_a_secret(&before);
            Ok(Self {
                terminal,
                before,
                hidden,
                is_off: false,
            })
        }

        fn turn_off(&mut self) -> io::Result<()> {
            self.is_off = true;
            tcsetattr(self.terminal, SetArg::TCSANOW, &self.hidden)?;
            // What was typed before was meant for something else, and everybody could see it. Not by `TCSAFLUSH`, which would wait
            // for a terminal that Ctrl-S has stopped.
            Ok(tcflush(self.terminal, FlushArg::TCIFLUSH)?)
        }

        /// Ends the line of the prompt, too, and throws away what was typed and not read: the shell would run it.
        fn turn_on(&mut self) {
            if !std::mem::take(&mut self.is_off) {
                return;
            }
            // A shell that has set the terminal for itself meanwhile does not need it.
            let now = tcgetattr(self.terminal);
            if now.is_ok_and(|now| now.local_flags == self.hidden.local_flags) {
                let _failed = tcsetattr(self.terminal, SetArg::TCSANOW, &self.before);
            }
            if !environment::is_background_of(self.terminal) {
                let _failed = tcflush(self.terminal, FlushArg::TCIFLUSH);
                let _failed = (&mut &*self.terminal).write_all(b"\n");
            }
        }
    }

    impl Drop for Echo<'_> {
        fn drop(&mut self) {
            self.turn_on();
        }
    }

    /// Without an echo. Enter ends the line, and Ctrl-C and Ctrl-Z do what they do, also where a full-screen program has set the terminal
    /// for itself.
    fn for_a_secret(settings: &Termios) -> Termios {
        let mut hidden = settings.clone();
        hidden.local_flags -= LocalFlags::ECHO | LocalFlags::ECHONL;
        hidden.local_flags |= LocalFlags::ICANON | LocalFlags::ISIG;
        hidden.input_flags -= InputFlags::IGNCR | InputFlags::INLCR;
        hidden.input_flags |= InputFlags::ICRNL;
        hidden
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn nothing_but_the_echo_is_turned_off_and_it_comes_back() {
            let pty = nix::pty::openpty(None, None).unwrap();
            let terminal = File::from(pty.slave);
            let before = tcgetattr(&terminal).unwrap();
            let mut echo = Echo::new(&terminal).unwrap();
            echo.turn_off().unwrap();
            let off = tcgetattr(&terminal).unwrap().local_flags;
            assert_eq!(before.local_flags - off, LocalFlags::ECHO);
            assert!(off.contains(LocalFlags::ISIG | LocalFlags::ICANON));
            drop(echo);
            assert_eq!(tcgetattr(&terminal).unwrap(), before);
        }

        #[test]
        fn a_line_ends_and_signals_come_whatever_was_set_before() {
            let pty = nix::pty::openpty(None, None).unwrap();
            let terminal = File::from(pty.slave);
            let mut raw = tcgetattr(&terminal).unwrap();
            nix::sys::termios::cfmakeraw(&mut raw);
            raw.input_flags |= InputFlags::IGNCR | InputFlags::INLCR;
            tcsetattr(&terminal, SetArg::TCSANOW, &raw).unwrap();
            let mut echo = Echo::new(&terminal).unwrap();
            echo.turn_off().unwrap();
            let off = tcgetattr(&terminal).unwrap();
            assert!(off.local_flags.contains(LocalFlags::ISIG | LocalFlags::ICANON));
            assert!(!off.local_flags.contains(LocalFlags::ECHO));
            let returns = InputFlags::ICRNL | InputFlags::IGNCR | InputFlags::INLCR;
            assert_eq!(off.input_flags & returns, InputFlags::ICRNL);
            drop(echo);
            assert_eq!(tcgetattr(&terminal).unwrap(), raw);
        }

        #[test]
        fn settings_of_another_program_stay() {
            let pty = nix::pty::openpty(None, None).unwrap();
            let terminal = File::from(pty.slave);
            let mut echo = Echo::new(&terminal).unwrap();
            echo.turn_off().unwrap();
            let mut raw = tcgetattr(&terminal).unwrap();
            nix::sys::termios::cfmakeraw(&mut raw);
            tcsetattr(&terminal, SetArg::TCSANOW, &raw).unwrap();
            echo.turn_on();
            assert_eq!(tcgetattr(&terminal).unwrap().local_flags, raw.local_flags);
        }
    }
}

/// Unverified; a library asks, without a deadline.
#[cfg(not(unix))]
mod other {
    use super::{Instant, Secret, io};

    pub(in crate::ui) fn read(prompt: &str, _: Option<Instant>) -> io::Result<Secret> {
        rpassword::prompt_password(prompt).map(Secret::new)
    }
}
