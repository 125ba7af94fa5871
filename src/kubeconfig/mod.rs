//! What kubectl has to be told: the `exec` entry of a kubeconfig user, written anew or converted.
//!
//! Writes `command: kubesesame`, never kubectl as a wrapper, which costs a process per command and cannot be
//! allow-listed. Pure.

mod advice;
mod auth_provider;
mod convert;
#[cfg(test)]
mod counted;
mod diff;
mod edit;
mod entry;
mod entry_terms;
mod error;
mod legacy;
mod mask;
mod secret_flag;
mod tree;
mod users;

use std::borrow::Cow;
use std::fmt;

pub(crate) use advice::{Advice, Drops};
pub(crate) use auth_provider::{
    AuthProvider, auth_provider, contexts, user_names, users_of_contexts, with_tokens,
};
pub(crate) use convert::{ConvertOptions, Fault, Plan, UserOutcome, converted_users, is_conversion_of, plan};
pub(crate) use diff::unified;
pub(crate) use entry_terms::{hint_in_cluster_terms, hint_in_entry_terms, in_entry_terms};
pub(crate) use error::{Error, unfinished_hint};
pub(crate) use mask::masked_reason;
pub(crate) use secret_flag::SecretFlag;

/// The `kubectl config` lines that make a user whose tokens come from kubesesame with these arguments, and let a context use it.
#[derive(Debug)]
pub(crate) struct SetCredentials {
    /// What `get-token` gets.
    pub(crate) arguments: Vec<String>,
    /// A client secret belongs to them and is not repeated here.
    pub(crate) has_secret: bool,
}

impl fmt::Display for SetCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Tell kubectl (1.30 or newer). The first command adds the user `oidc`, whose tokens come from kubesesame:\n"
        )?;
        write!(f, "  kubectl config set-credentials oidc")?;
        for option in [
            "api-version=client.authentication.k8s.io/v1",
            "interactive-mode=IfAvailable",
            "command=kubesesame",
        ] {
            write!(f, " \\\n    --exec-{option}")?;
        }
        for argument in ["get-token"]
            .into_iter()
            .chain(self.arguments.iter().map(String::as_str))
        {
            let argument = format!("--exec-arg={}", csv(argument));
            write!(f, " \\\n    {}", for_shell(&argument))?;
        }
        if self.has_secret {
            write!(f, " \\\n    \"--exec-arg=--oidc-client-secret=$CLIENT_SECRET\"")?;
        }
        writeln!(f)?;
        if self.has_secret {
            writeln!(
                f,
                "\nPut the secret into CLIENT_SECRET first: read -rs CLIENT_SECRET\nA secret in a kubeconfig is no secret: a native \
                 app with PKCE needs none."
            )?;
        }
        writeln!(
            f,
            "\nThe second makes the current context use this user (for another context, put its name in place of --current):\n\n  \
             kubectl config set-context --current --user=oidc"
        )
    }
}

/// Quotes only what a shell would change.
fn for_shell(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=:/.@%+".contains(c);
    if argument.chars().all(plain) {
        return Cow::Borrowed(argument);
    }
    shlex::try_quote(argument).unwrap_or(Cow::Borrowed(argument))
}

/// A cell of CSV: `--exec-arg` and our own lists split their values at commas.
pub(crate) fn csv(argument: &str) -> String {
    if argument.contains([',', '"', '\n']) {
        format!("\"{}\"", argument.replace('"', "\"\""))
    } else {
        argument.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(arguments: &[&str], has_secret: bool) -> String {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        SetCredentials {
            arguments,
            has_secret,
        }
        .to_string()
    }

    #[test]
    fn the_line_survives_shell_and_csv() {
        let line = line(
            &[
                "--oidc-issuer-url=https://i",
                "--browser-command=firefox -P 'a,b'",
            ],
            false,
        );
        assert!(line.contains("--exec-arg=get-token \\\n"), "{line}");
        assert!(
            line.contains("--exec-arg=--oidc-issuer-url=https://i \\\n"),
            "{line}"
        );
        assert!(
            line.contains(r#""--exec-arg=\"--browser-command=firefox -P 'a,b'\"""#),
            "{line}"
        );
    }

    #[test]
    fn a_secret_is_left_to_the_shell() {
        assert!(line(&[], true).contains("$CLIENT_SECRET"));
    }
}
