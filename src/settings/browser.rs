//! Which browser to open for a sign-in, if any.

use super::{Error, expand_home};
use crate::cli::LoginArgs;
use crate::environment::Environment;
use crate::untrusted_text::UntrustedText;

/// How to open the sign-in page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Browser {
    /// The default browser of the desktop.
    Desktop,
    /// A program. The text is either its path, which may contain spaces, or its name and arguments. The URL is the last argument.
    Command {
        /// The whole text as a path. It counts if such a file exists.
        path: String,
        /// The program and its arguments, split as a shell does.
        args: Vec<String>,
    },
    /// No browser is opened; the URL is printed.
    Print(NoBrowser),
    /// There is neither a desktop nor a terminal, so nobody could open the URL.
    Unavailable,
}

/// Why no browser is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBrowser {
    /// `--skip-open-browser` is given.
    Skipped,
    /// There is no desktop, for example over SSH.
    NoDisplay,
}

impl Browser {
    /// Returns why no browser is opened, if none is.
    pub(crate) fn not_opened_reason(&self) -> Option<NoBrowser> {
        match self {
            Self::Print(why) => Some(*why),
            Self::Unavailable => Some(NoBrowser::NoDisplay),
            Self::Desktop | Self::Command { .. } => None,
        }
    }

    /// The browser where no flag names one.
    pub(crate) fn of_machine(environment: &Environment) -> Self {
        match (environment.has_display, environment.at_terminal) {
            (true, _) => Self::Desktop,
            (false, true) => Self::Print(NoBrowser::NoDisplay),
            (false, false) => Self::Unavailable,
        }
    }

    pub(super) fn new(args: &LoginArgs, environment: &Environment) -> Result<Self, Error> {
        if args.skip_open_browser == Some(true) {
            return Ok(Self::Print(NoBrowser::Skipped));
        }
        if let Some(command) = args
            .browser_command
            .as_deref()
            .filter(|text| !text.trim().is_empty())
        {
            return Self::command(command, environment);
        }
        Ok(Self::of_machine(environment))
    }

    /// Keeps both readings of the text. Whether a file has this path is checked when the browser is opened, because most calls open none.
    fn command(text: &str, environment: &Environment) -> Result<Self, Error> {
        let args = shlex::split(text).filter(|args| !args.is_empty());
        let mut args = args.ok_or_else(|| Error::BrowserCommand(UntrustedText::new(text)))?;
        let expand = |text: &str| {
            let path = expand_home(text.as_ref(), environment).into_os_string();
            path.into_string().unwrap_or_else(|_| text.to_owned())
        };
        args[0] = expand(&args[0]);
        Ok(Self::Command {
            path: expand(text),
            args,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_opened_if_there_is_a_desktop_or_a_command() {
        for (skips, command, has_display, at_terminal, reason) in [
            (None, None, true, true, None),
            (None, None, true, false, None),
            (None, Some("firefox"), false, false, None),
            (None, None, false, true, Some(NoBrowser::NoDisplay)),
            (None, None, false, false, Some(NoBrowser::NoDisplay)),
            (None, Some(" "), false, true, Some(NoBrowser::NoDisplay)),
            (Some(false), None, true, true, None),
            (Some(true), None, true, true, Some(NoBrowser::Skipped)),
            (Some(true), Some("firefox"), false, true, Some(NoBrowser::Skipped)),
        ] {
            let args = LoginArgs {
                skip_open_browser: skips,
                browser_command: command.map(str::to_owned),
                ..LoginArgs::sample()
            };
            let environment = Environment {
                at_terminal,
                has_display,
                ..Environment::default()
            };
            let browser = Browser::new(&args, &environment).unwrap();
            assert_eq!(browser.not_opened_reason(), reason, "{args:?}");
        }
    }

    #[test]
    fn a_browser_command_is_split_and_no_shell_runs_it() {
        let environment = Environment {
            home: Some("/h".into()),
            ..Environment::default()
        };
        for (text, path, args) in [
            (
                "firefox -P 'my work'",
                "firefox -P 'my work'",
                &["firefox", "-P", "my work"][..],
            ),
            ("~/My Browser ~", "/h/My Browser ~", &["/h/My", "Browser", "~"]),
        ] {
            let expected = Browser::Command {
                path: path.to_owned(),
                args: args.iter().map(|&arg| arg.to_owned()).collect(),
            };
            assert_eq!(Browser::command(text, &environment).unwrap(), expected);
        }
        let open_quote = Browser::command("firefox 'x", &environment);
        assert!(matches!(open_quote, Err(Error::BrowserCommand(_))));
    }
}
