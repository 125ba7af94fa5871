//! Why a command or the OS keyring gave no secret, each with its hint.

use std::io;

use crate::keyring;
use crate::untrusted_text::UntrustedText;

/// Why a command gave no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandFault {
    #[error("`{0}` cannot be started: {1}")]
    Start(UntrustedText, io::Error),
    #[error("it did not end within {0} s")]
    Timeout(u64),
    /// What it wrote last to standard error. What it printed is not shown.
    #[error("it ended {}{}", by(*.code), after_colon(.said))]
    Exit { code: Option<i32>, said: UntrustedText },
    #[error("it printed no text")]
    NoText,
    #[error("what it printed is not text")]
    NotText,
    #[error("it printed {0} lines, and the secret is one")]
    Lines(usize),
    #[error("it printed more than {0} bytes")]
    TooLong(usize),
}

/// Why the OS keyring gave no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemFault {
    #[error("{0}")]
    Keyring(keyring::Error),
    #[error("there is no item `{}` of the account `{}`", UntrustedText::new(.service), UntrustedText::new(.account))]
    Missing { service: String, account: String },
    #[error("the item has no text")]
    NoText,
}

fn by(code: Option<i32>) -> String {
    match code {
        Some(code) => format!("with exit code {code}"),
        None => "by a signal".to_owned(),
    }
}

fn after_colon(said: &UntrustedText) -> String {
    match said.as_str() {
        "" => String::new(),
        said => format!(": {said}"),
    }
}

impl CommandFault {
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Start(..) => {
                "give a program of the PATH or its path, and its arguments; no shell runs it, so write sh -c '…' for what needs one"
            }
            Self::Timeout(_) => "run the command by hand: it may wait for you to unlock something",
            Self::Exit { .. } => {
                "run the command by hand: it has to print the secret and end with exit code 0; most often the password manager is \
                 locked or signed out"
            }
            Self::Lines(_) => {
                "have it print the secret alone; where the secret is the first line, as in an entry of pass: sh -c 'COMMAND | head -n1'"
            }
            Self::NoText | Self::NotText | Self::TooLong(_) => {
                "run the command by hand: it has to print the secret, and nothing else"
            }
        }
    }
}

impl ItemFault {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Keyring(_) => {
                "unlock the keyring and try again; where there is none, keep the secret in a file, or have a command print it".to_owned()
            }
            Self::Missing { service, account } => format!("store it: {}", store_command(service, account)),
            Self::NoText => "store the secret as text, and nothing else".to_owned(),
        }
    }
}

/// The command that stores an item, which asks for the secret.
fn store_command(service: &str, account: &str) -> String {
    let quoted = |text: &str| {
        let quoted = shlex::try_quote(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned);
        UntrustedText::new(&quoted).as_str().to_owned()
    };
    let (service, account) = (quoted(service), quoted(account));
    if cfg!(target_os = "macos") {
        format!("security add-generic-password -s {service} -a {account} -w")
    } else if cfg!(windows) {
        format!("cmdkey /generic:{account}.{service} /user:{account} /pass")
    } else {
        format!("secret-tool store --label=kubectl service {service} username {account}")
    }
}
