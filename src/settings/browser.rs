//! Which browser, if any.

use super::{Error, expand_home};
use crate::cli::LoginArgs;
use crate::environment::Environment;
use crate::untrusted_text::UntrustedText;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Browser {
    /// The desktop's own.
    Desktop,
    /// A program, with arguments or with a name of several words; the URL comes last.
    Command {
        /// The text as it was given, which counts if a file has this name.
        whole: String,
        words: Vec<String>,
    },
    /// The URL is printed, and none is opened.
    Print(NoBrowser),
    /// Neither a desktop nor a person.
    Nobody,
}

/// Why no browser is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBrowser {
    /// By `--skip-open-browser`.
    Skipped,
    /// There is no desktop, as over SSH.
    NoDisplay,
}

impl Browser {
    /// Why none is opened, where one may wait for it.
    pub(crate) fn absence(&self) -> Option<NoBrowser> {
        match self {
            Self::Print(why) => Some(*why),
            Self::Nobody => Some(NoBrowser::NoDisplay),
            Self::Desktop | Self::Command { .. } => None,
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
        Ok(match (environment.has_display, environment.at_terminal) {
            (true, _) => Self::Desktop,
            (false, true) => Self::Print(NoBrowser::NoDisplay),
            (false, false) => Self::Nobody,
        })
    }

    /// Whether a file has the whole name is seen when the browser is opened, since most calls open none.
    fn command(text: &str, environment: &Environment) -> Result<Self, Error> {
        let words = shlex::split(text).filter(|words| !words.is_empty());
        let mut words = words.ok_or_else(|| Error::BrowserCommand(UntrustedText::new(text)))?;
        let program = |text: &str| {
            let path = expand_home(text.as_ref(), environment).into_os_string();
            path.into_string().unwrap_or_else(|_| text.to_owned())
        };
        words[0] = program(&words[0]);
        Ok(Self::Command {
            whole: program(text),
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_opened_where_there_is_a_desktop_or_a_command() {
        for (skips, command, has_display, at_terminal, absence) in [
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
            assert_eq!(browser.absence(), absence, "{args:?}");
        }
    }

    #[test]
    fn a_browser_command_is_words_and_never_a_shell_line() {
        let environment = Environment {
            home: Some("/h".into()),
            ..Environment::default()
        };
        for (text, program, words) in [
            (
                "firefox -P 'my work'",
                "firefox -P 'my work'",
                &["firefox", "-P", "my work"][..],
            ),
            ("~/My Browser ~", "/h/My Browser ~", &["/h/My", "Browser", "~"]),
        ] {
            let expected = Browser::Command {
                whole: program.to_owned(),
                words: words.iter().map(|&word| word.to_owned()).collect(),
            };
            assert_eq!(Browser::command(text, &environment).unwrap(), expected);
        }
        let open_quote = Browser::command("firefox 'x", &environment);
        assert!(matches!(open_quote, Err(Error::BrowserCommand(_))));
    }
}
