//! Reads a secret that a person types at the terminal, without echo.
//!
//! Owns the terminal's settings for echo and lines. They are restored in every case: at the end of the line, on an error, at the deadline,
//! on a signal that ends this process, and while Ctrl-Z has stopped it.

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

    /// The longest secret. No terminal accepts a longer line (`MAX_CANON`).
    const MAX_SECRET_BYTES: usize = 4096;

    /// Asks at the controlling terminal of this process, even if standard input is something else.
    ///
    /// # Errors
    /// Of kind `TimedOut` after the deadline, and `UnexpectedEof` after Ctrl-D.
    pub(in crate::ui) fn read(prompt: &str, deadline: Option<Instant>) -> io::Result<Secret> {
        let terminal = open_terminal()?;
        // If the watch cannot be started, a signal ends this process as usual.
        let signals = SignalWatch::begin().ok();
        let mut echo = Echo::new(&terminal)?;
        let mut wait = Wait::new(&terminal, signals.as_ref(), deadline, false);
        let line = until_line_end(MAX_SECRET_BYTES, |byte| {
            loop {
                match wait.next()? {
                    Ready::Input => match (&terminal).read(byte) {
                        // The shell has just taken the terminal.
                        Err(_) if environment::is_background_of(&terminal) => {}
                        read => return read,
                    },
                    Ready::Foreground => {
                        echo.turn_off()?;
                        (&terminal).write_all(prompt.as_bytes())?;
                    }
                    // A signal that cannot be watched may have stopped this process, so the settings were not restored yet.
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

    /// The echo of a terminal. It is turned on again when this is dropped.
    struct Echo<'a> {
        terminal: &'a File,
        before: Termios,
        hidden: Termios,
        is_off: bool,
    }

    impl<'a> Echo<'a> {
        fn new(terminal: &'a File) -> io::Result<Self> {
            let before = tcgetattr(terminal)?;
            let hidden = without_echo(&before);
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
            // Earlier input was visible and is not the secret, so it is discarded. Not by `TCSAFLUSH`, which would wait for a terminal that
            // Ctrl-S has stopped.
            Ok(tcflush(self.terminal, FlushArg::TCIFLUSH)?)
        }

        /// Also ends the line of the prompt, and discards input that was not read, since the shell would run it.
        fn turn_on(&mut self) {
            if !std::mem::take(&mut self.is_off) {
                return;
            }
            // If the shell has changed the settings meanwhile, they stay.
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

    /// Returns the settings without echo. Enter ends the line, and Ctrl-C and Ctrl-Z send their signals, even if a full-screen program has
    /// changed the settings before.
    fn without_echo(settings: &Termios) -> Termios {
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
        fn only_the_echo_is_turned_off_and_then_restored() {
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
        fn enter_and_signals_work_after_a_program_left_raw_mode() {
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
        fn settings_that_another_program_changed_are_not_restored() {
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

/// Not tested on a real machine. A library asks, and the deadline is ignored.
#[cfg(not(unix))]
mod other {
    use super::{Instant, Secret, io};

    pub(in crate::ui) fn read(prompt: &str, _: Option<Instant>) -> io::Result<Secret> {
        rpassword::prompt_password(prompt).map(Secret::new)
    }
}
