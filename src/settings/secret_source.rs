//! Where a secret comes from: the command line or a variable, or a file, a command or the OS keyring, which is asked when the secret is needed.

use std::path::PathBuf;

use super::{Error, expand_home};
use crate::environment::Environment;
use crate::secret::Secret;
use crate::untrusted_text::UntrustedText;

/// The source of a secret. A flag is without dashes, for error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// On the command line or in a variable.
    Inline {
        secret: Secret,
        flag: &'static str,
    },
    File {
        path: PathBuf,
        flag: &'static str,
    },
    /// A program that prints it.
    Command {
        /// The program and its arguments, split as a shell does. No shell runs them.
        args: Vec<String>,
        flag: &'static str,
    },
    /// An item of the OS keyring.
    Keyring {
        service: String,
        account: String,
        flag: &'static str,
    },
}

impl SecretSource {
    /// Returns the flag that names the source.
    pub(crate) fn flag(&self) -> &'static str {
        match self {
            Self::Inline { flag, .. }
            | Self::File { flag, .. }
            | Self::Command { flag, .. }
            | Self::Keyring { flag, .. } => flag,
        }
    }

    /// Whether another program is asked, which may ask a person.
    pub(crate) fn asks_program(&self) -> bool {
        match self {
            Self::Command { .. } | Self::Keyring { .. } => true,
            Self::Inline { .. } | Self::File { .. } => false,
        }
    }

    /// Empty values count as absent, here and below.
    pub(super) fn inline(flag: &'static str, text: Option<&str>) -> Option<Self> {
        given(text).map(|text| Self::Inline {
            secret: Secret::new(text),
            flag,
        })
    }

    /// `~` is replaced in the name of the file.
    pub(super) fn file(flag: &'static str, path: Option<&str>, environment: &Environment) -> Option<Self> {
        given(path).map(|path| Self::File {
            path: expand_home(path.as_ref(), environment),
            flag,
        })
    }

    /// `~` is replaced in the name of the program.
    ///
    /// # Errors
    /// If the text has no words, or its quotes do not pair up.
    pub(super) fn command(
        flag: &'static str,
        text: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<Self>, Error> {
        let Some(text) = given(text) else {
            return Ok(None);
        };
        let args = shlex::split(text).filter(|args| !args.is_empty());
        let mut args = args.ok_or(Error::SecretCommand(flag))?;
        if let Ok(program) = expand_home(args[0].as_ref(), environment)
            .into_os_string()
            .into_string()
        {
            args[0] = program;
        }
        Ok(Some(Self::Command { args, flag }))
    }

    /// # Errors
    /// If the text is not SERVICE/ACCOUNT.
    pub(super) fn keyring(flag: &'static str, text: Option<&str>) -> Result<Option<Self>, Error> {
        let Some(text) = given(text) else {
            return Ok(None);
        };
        match text.rsplit_once('/') {
            Some((service, account)) if !service.is_empty() && !account.is_empty() => {
                Ok(Some(Self::Keyring {
                    service: service.to_owned(),
                    account: account.to_owned(),
                    flag,
                }))
            }
            _ => Err(Error::SecretKeyring(flag, UntrustedText::new(text))),
        }
    }

    /// Returns the only source.
    ///
    /// # Errors
    /// If there are several.
    pub(super) fn only(sources: impl IntoIterator<Item = Option<Self>>) -> Result<Option<Self>, Error> {
        let mut sources = sources.into_iter().flatten();
        match (sources.next(), sources.next()) {
            (Some(one), Some(other)) => Err(Error::SecretAndFile([one.flag(), other.flag()])),
            (source, _) => Ok(source),
        }
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_does() {
        let environment = Environment {
            home: Some("/h".into()),
            ..Environment::default()
        };
        let args = |text| match SecretSource::command("f", Some(text), &environment) {
            Ok(Some(SecretSource::Command { args, .. })) => Ok(args),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(
            args("~/bin/x 'a b' ~ $HOME").unwrap(),
            ["/h/bin/x", "a b", "~", "$HOME"]
        );
        assert_eq!(args("x 'a").unwrap_err(), "--f cannot be split into words");
        assert_eq!(args(" ").unwrap_err(), "--f cannot be split into words");
        assert!(
            SecretSource::command("f", Some(""), &environment)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn an_item_of_the_keyring_has_a_service_and_an_account() {
        let names = |text| match SecretSource::keyring("f", Some(text)) {
            Ok(Some(SecretSource::Keyring { service, account, .. })) => Ok((service, account)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        };
        let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
        assert_eq!(names("okta/kubectl").unwrap(), pair("okta", "kubectl"));
        assert_eq!(
            names("https://okta/kubectl").unwrap(),
            pair("https://okta", "kubectl")
        );
        for text in ["okta", "/a", "okta/"] {
            assert_eq!(
                names(text).unwrap_err(),
                format!("--f `{text}` is not SERVICE/ACCOUNT")
            );
        }
    }
}
