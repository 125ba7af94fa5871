//! The `kubectl config` commands that make kubectl use kubesesame.

use std::borrow::Cow;
use std::fmt;

/// The `kubectl config` commands that add a user with kubesesame's `exec` entry and make a context use it. `Display` writes them.
#[derive(Debug)]
pub(crate) struct SetCredentials {
    /// The arguments of `get-token`, without a client secret and request headers.
    pub(crate) arguments: Vec<String>,
    /// A client secret is one of the arguments. The commands then read it from a shell variable, so that it is not printed.
    pub(crate) has_secret: bool,
    /// Request headers are among the arguments. They are left out, since most of them contain a secret.
    pub(crate) has_headers: bool,
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
            let argument = format!("--exec-arg={}", csv_cell(argument));
            write!(f, " \\\n    {}", shell_quoted(&argument))?;
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
        if self.has_headers {
            writeln!(
                f,
                "\nThe request headers are left out, since they may be secrets: set KUBESESAME_OIDC_REQUEST_HEADER (NAME=VALUE) where \
                 kubectl runs."
            )?;
        }
        writeln!(
            f,
            "\nThe second makes the current context use this user (for another context, put its name in place of --current):\n\n  \
             kubectl config set-context --current --user=oidc"
        )
    }
}

/// Quotes an argument for a shell, if it needs quotes.
fn shell_quoted(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=:/.@%+".contains(c);
    if argument.chars().all(plain) {
        return Cow::Borrowed(argument);
    }
    shlex::try_quote(argument).unwrap_or(Cow::Borrowed(argument))
}

/// Writes a value as a CSV cell, because `--exec-arg` and kubesesame's own list flags split their values at commas.
pub(crate) fn csv_cell(argument: &str) -> String {
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
            has_headers: false,
        }
        .to_string()
    }

    #[test]
    fn arguments_are_quoted_for_csv_and_the_shell() {
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
    fn a_secret_is_read_from_a_shell_variable() {
        assert!(line(&[], true).contains("$CLIENT_SECRET"));
    }
}
